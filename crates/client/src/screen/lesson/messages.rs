//! Lessons about a message in a single frame.

use std::fmt::Write;

use dissector::Record;

use super::{Lesson, Verdict};
use crate::screen::frame_fields::{BINARY, TEXT, is_fin, masking_key, number, opcode, payload, payload_length};

pub(super) static FIRST_FRAME: Lesson = Lesson {
    title: "The first frame",
    task: "Type Hello and press Enter. The wire pane shows a line for each frame; > marks what you send. Beside it are \
           the bytes of your frame, and below the bytes its fields.",
    idea: "A line that does not begin with / is sent as a text message.",
    hint: "Type this:",
    lines: &["Hello"],
    field: None,
    observe: |wire| {
        let message = wire.sent_message()?;
        let &[frame] = message.frames.as_slice() else {
            return Verdict::not_yet("this message has several frames");
        };
        let (length, start) = (payload_length(frame), frame.field("websocket.masking_key")?.range.start);
        if opcode(frame) != Some(TEXT) {
            return Verdict::not_yet("this message is binary. Type a text without / before it");
        }
        if length == 0 {
            return Verdict::not_yet("this message is empty");
        }
        Verdict::done(format!(
            "A message of {length} bytes took {} on the wire: {start} that hold the opcode and the length, 4 of masking \
             key, then the text.",
            frame.length
        ))
    },
};

pub(super) static MASKING_KEY: Lesson = Lesson {
    title: "The masking key",
    task: "A client masks every frame with a new key of four bytes. Find the Masking-Key of the last frame you \
           sent, and send these four bytes: /binary, a space, and the key as you see it.",
    idea: "The key is byte 3 to 6 of a short frame. Shift-Tab moves to the frame pane, and the arrows through its \
           fields.",
    hint: "You can also choose the key yourself:",
    lines: &["/mask 01020304", "Hello", "/binary 01020304"],
    field: Some("websocket.masking_key"),
    observe: |wire| {
        let message = wire.sent_message()?;
        let &[frame] = message.frames.as_slice() else {
            return Verdict::not_yet("this message has several frames");
        };
        let sent = payload(frame);
        if opcode(frame) != Some(BINARY) {
            // Usually, a text does not count as an attempt, because the user may have sent it
            // merely to see a masking key. But a text of hexadecimal digits is meant as an answer,
            // so it does count.
            let is_digits = |byte: &u8| byte.is_ascii_hexdigit() || byte.is_ascii_whitespace();
            let is_key = !sent.is_empty() && sent.iter().all(is_digits);
            return is_key.then(|| Verdict::NotYet("these are characters. /binary sends the bytes".to_owned()));
        }
        let Ok(key) = <[u8; 4]>::try_from(sent) else {
            return Verdict::not_yet(format!("{} bytes, and a key has 4", payload_length(frame)));
        };
        let has_key = |earlier: &Record| masking_key(earlier) == Some(key);
        if wire.last_frame().is_some_and(|last| !has_key(last)) && wire.sent_earlier().any(has_key) {
            return Verdict::not_yet(format!(
                "{} is the key of an older frame. This frame has a new key: send that one",
                hex(&key)
            ));
        }
        if !wire.sent_earlier().any(has_key) {
            return Verdict::not_yet(format!(
                "{} is not the key of an earlier frame. This frame has a new key: send that one",
                hex(&key)
            ));
        }
        Verdict::done(format!(
            "{}: right. Each byte of the payload is combined with a byte of the key by XOR. The key travels in the same \
             frame, so it keeps nothing secret.",
            hex(&key)
        ))
    },
};

pub(super) static EMPTY_MESSAGE: Lesson = Lesson {
    title: "The empty message",
    task: "Send a message that contains nothing: press Enter on an empty line. Count the bytes of its frame.",
    idea: "Nothing but Enter: there must be no character in the line.",
    hint: "Ctrl-U empties the line. Then press Enter:",
    lines: &[""],
    field: Some("websocket.payload_length"),
    observe: |wire| {
        let message = wire.sent_message()?;
        let &[frame] = message.frames.as_slice() else {
            return Verdict::not_yet("this message has several frames");
        };
        match payload_length(frame) {
            0 => Verdict::done(
                "Six: two with the opcode and the length, and four of masking key. A server does not mask, so it needs \
                 only two. An empty message is a message, and the other side receives it.",
            ),
            bytes => Verdict::not_yet(format!("the payload length of this message is {bytes}")),
        }
    },
};

pub(super) static LONGER_LENGTH: Lesson = Lesson {
    title: "A longer length",
    task: "Seven bits hold the payload length, but only up to 125. Send a message of 126 bytes or more, and look at the \
           length again. Hold down a key, or send a file with /binary @FILE.",
    idea: "A line may be longer than the terminal is wide. 126 would fit into seven bits too, but there it means: the length is in the next two bytes.",
    hint: "If you started the client in the folder of the repository:",
    lines: &["/binary @Cargo.toml"],
    field: Some("websocket.payload_length"),
    observe: |wire| {
        let frame = wire.sent_data()?;
        let short = number(frame, "websocket.payload_length")?;
        let bytes = match short {
            126 => 2,
            127 => 8,
            // Only the last frame of a message counts as an attempt.
            _ if !is_fin(frame) => return None,
            _ => return Verdict::not_yet(format!("{short} bytes, and the seven bits are enough up to 125")),
        };
        Verdict::done(format!(
            "{} bytes: the seven bits say {short}, and the next {bytes} bytes hold the length, {}. Two bytes are enough \
             up to 65,535. A longer length takes eight.",
            payload_length(frame),
            hex(frame.bytes.get(2..2 + bytes)?)
        ))
    },
};

/// Writes bytes as pairs of hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        let gap = if text.is_empty() { "" } else { " " };
        let _ = write!(text, "{gap}{byte:02x}");
    }
    text
}
