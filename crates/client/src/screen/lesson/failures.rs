//! Lessons that make the server fail the connection, each with a different code.

use super::{Lesson, Verdict, closing::CODE, wire::Wire};
use crate::screen::frame_fields::{BINARY, CLOSE, masking_key, number, opcode};

pub(super) static PROTOCOL_ERROR: Lesson = Lesson {
    title: "1002, protocol error",
    task: "Make the server close with 1002: break a rule of the frames. A client must mask every frame. Send one that is \
           not masked. (/reconnect first, here and after each Close.)",
    idea: "The second byte of a frame is 80 plus the length if the frame is masked. Without the 80 no key follows.",
    hint: "81 is Fin and Text, and 05 means not masked, five bytes:",
    lines: &["/reconnect", "/raw 81 05 48656c6c6f"],
    field: Some(CODE),
    observe: |wire| {
        let verdict = judge(
            wire,
            1002,
            "this message breaks no rule",
            "The frame had no mask, so the server failed the connection: it sent a Close that names the rule, and reads \
             nothing that follows. ! on the wire marks the frame that broke the rule.",
        );
        match verdict {
            Some(Verdict::Done(_)) if wire.last_frame().is_some_and(|frame| masking_key(frame).is_some()) => {
                Verdict::not_yet("1002, but your frame was masked and broke another rule. /reconnect")
            }
            verdict => verdict,
        }
    },
};

pub(super) static NOT_UTF8: Lesson = Lesson {
    title: "1007, not UTF-8",
    task: "Make the server close with 1007: send a text message that is not UTF-8. The byte ff occurs in no UTF-8 text, \
           and you can send it with /raw.",
    idea: "A frame of one byte is enough. If you take a key of zeros, the byte stays as you write it.",
    hint: "81 is Fin and Text, and 81 means masked, one byte. Then come the key and the byte:",
    lines: &["/reconnect", "/raw 8181 00000000 ff"],
    field: Some(CODE),
    observe: |wire| {
        judge(
            wire,
            1007,
            "this message is valid, so it is UTF-8 or binary",
            "A text that is not UTF-8 must not reach the application, because every program would read something else \
             in it. Bytes that are not text belong in a binary message.",
        )
    },
};

pub(super) static TOO_BIG: Lesson = Lesson {
    title: "1009, too big",
    task: "Make the server close with 1009, message too big, with only 14 bytes: announce 1 GiB, and send none of it. If \
           the short length is 127, the next eight bytes hold the length.",
    idea: "The first two bytes are those of a masked binary frame with the short length 127. Eight bytes of length \
           and the key follow.",
    hint: "82 is Fin and Binary, and ff means masked and 127. Then come the length and the key:",
    lines: &["/reconnect", "/raw 82ff 0000000040000000 00000000"],
    field: Some(CODE),
    observe: |wire| {
        judge(
            wire,
            1009,
            "this message is small and complete",
            "The header was enough. A server must not reserve memory for a length that a client has only announced: a \
             thousand clients could announce 1 GiB each.",
        )
    },
};

pub(super) static WRONG_KIND: Lesson = Lesson {
    title: "1003, wrong kind",
    task: "Make the server close with 1003: an application does not accept this kind of data. Our server's chat takes \
           only text: /reconnect -s chat /chat, and then send a binary message.",
    idea: "-s offers a subprotocol, which the chat requires. One byte is enough for the message.",
    hint: "The chat, and then a message of one byte:",
    lines: &["/reconnect -s chat /chat", "/binary 00"],
    field: Some(CODE),
    observe: |wire| {
        if wire.sent_data().is_some_and(|frame| opcode(frame) == Some(BINARY)) {
            return None;
        }
        judge(
            wire,
            1003,
            "the chat takes this text. Send a binary message",
            "Your frame broke no rule of WebSocket. The protocol sends 1002, 1007 and 1009 itself; 1003 was the \
             application's decision.",
        )
    },
};

/// Judges whether the newest record is a Close with this code, and whether the server closed first.
/// If the user closed first, the server's answer merely repeats the user's code, which proves
/// nothing. A message that breaks no rule counts as a failed attempt, and `accepted` says what is
/// missing from it.
fn judge(wire: &Wire<'_>, code: u64, accepted: &str, report: &str) -> Option<Verdict> {
    if wire.sent_message().is_some() {
        return Verdict::not_yet(accepted);
    }
    let close = wire.received().filter(|frame| opcode(frame) == Some(CLOSE))?;
    if wire.sent_close().is_some() {
        return Verdict::not_yet("you closed first. /reconnect, and let the server close");
    }
    match number(close, CODE)? {
        sent if sent == code => Verdict::done(report),
        other => Verdict::not_yet(format!("the server closed with {other}, not {code}. /reconnect")),
    }
}
