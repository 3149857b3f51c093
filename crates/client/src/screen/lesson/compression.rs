//! A lesson about compressed messages.

use dissector::FieldValue;

use super::{Lesson, Verdict};
use crate::screen::frame_fields::{flag, payload_length};

pub(super) static COMPRESSED_MESSAGE: Lesson = Lesson {
    title: "A compressed message",
    task: "/reconnect --deflate / offers compression. Then send a text that repeats itself in two fragments: /fragment \
           2, a space, and the text. (This client compresses fragmented messages, and others from 1 KiB.)",
    idea: "The status line must show permessage-deflate. If not, start the server with --deflate.",
    hint: "Compression for the new connection, then the text:",
    lines: &["/reconnect --deflate /", "/fragment 2 again and again and again and again and again"],
    field: Some("websocket.pmc"),
    observe: |wire| {
        let message = wire.sent_message()?;
        if !flag(message.frames[0], "websocket.pmc") {
            return Verdict::not_yet("this message is not compressed");
        }
        let compressed: u64 = message.fragments().map(payload_length).sum();
        let last = message.frames.last()?;
        let plain = last.field("websocket.payload.text").or_else(|| last.field("data.data"))?;
        let plain = match &plain.value {
            FieldValue::Text { text, left_out } => text.len() as u64 + left_out,
            FieldValue::Bytes { bytes, left_out } => bytes.len() as u64 + left_out,
            _ => return None,
        };
        if compressed >= plain {
            return Verdict::not_yet(format!("{plain} bytes became {compressed}. Repeat more in the text"));
        }
        Verdict::done(format!(
            "{plain} bytes travelled as {compressed}: {} % saved. The first reserved bit of the first frame says so. The \
             frame pane shows the text in brackets, because it is not on the wire.",
            (plain - compressed) * 100 / plain
        ))
    },
};
