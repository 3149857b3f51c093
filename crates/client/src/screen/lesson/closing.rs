//! Lessons about the closing handshake.

use dissector::{FieldValue, Record, printable};

use super::{Lesson, Verdict};
use crate::screen::frame_fields::{CLOSE, masking_key, number, opcode, payload_length};

/// The name of the field that contains the close code.
pub(super) const CODE: &str = "websocket.payload.close.status_code";

/// The close code that the task asks for.
const FREE_CODE: u64 = 4000;

pub(super) static CLOSE_WITH_A_REASON: Lesson = Lesson {
    title: "Close with a reason",
    task: "End the connection with the code 4000 and a reason of your own: /close 4000, a space, and the reason. The \
           codes from 4000 are free for applications. Look at both Closes on the wire.",
    idea: "The text after the code is the reason. It may contain spaces.",
    hint: "For example:",
    lines: &["/close 4000 lunch"],
    field: Some(CODE),
    observe: |wire| {
        let answer = wire.received().filter(|frame| opcode(frame) == Some(CLOSE))?;
        let sent = wire.sent_close()?;
        if masking_key(sent).is_none() {
            return not_masked(answer);
        }
        let again = "/reconnect, and try again";
        let code = match number(sent, CODE) {
            Some(FREE_CODE) => FREE_CODE,
            Some(other) => return Verdict::not_yet(format!("you sent {other}, and the task is {FREE_CODE}. {again}")),
            None => return Verdict::not_yet(format!("your Close has no code. {again}")),
        };
        let Some(reason) = reason(sent) else {
            return Verdict::not_yet(format!("your Close has no reason. {again}"));
        };
        if number(answer, CODE) != Some(code) {
            return other_answer(answer);
        }
        Verdict::done(format!(
            "You sent {code} and \"{}\", and the server returned the code. After the two Closes no frame may follow, \
             and the server ends the TCP connection. The state was OPEN, then CLOSING, and is CLOSED.",
            printable(&reason)
        ))
    },
};

pub(super) static CODE_THAT_NOBODY_SENDS: Lesson = Lesson {
    title: "What 1005 is",
    task: "/reconnect opens a new connection. Then try /close 1005. The client rejects it, so use /raw to send a Close \
           that has no body at all. Look at the code that the conversation shows.",
    idea: "Write the two bytes of the header, and then the key. A payload of no bytes needs no length beyond 0.",
    hint: "88 is Fin and the opcode 8, 80 means masked and no payload, and four zeros are the key:",
    lines: &["/reconnect", "/raw 8880 00000000"],
    field: Some(CODE),
    observe: |wire| {
        let answer = wire.received().filter(|frame| opcode(frame) == Some(CLOSE))?;
        let sent = wire.sent_close()?;
        if masking_key(sent).is_none() {
            return not_masked(answer);
        }
        if let Some(code) = number(sent, CODE) {
            return Verdict::not_yet(format!("your Close has the code {code}, and it must have no body. /reconnect"));
        }
        if payload_length(answer) > 0 {
            return other_answer(answer);
        }
        Verdict::done(
            "1005: no code arrived. A program reports it to its user, and never sends it. (The engine did \
             not know that /raw had sent a Close. So it answered with the Close marked !, and the conversation says \
             \"by the server\".)",
        )
    },
};

/// Says that the user's Close was not masked and that the server therefore closed with the code in
/// `answer`.
fn not_masked(answer: &Record) -> Option<Verdict> {
    let code = number(answer, CODE)?;
    Verdict::not_yet(format!("your Close was not masked, so the server closed with {code}. /reconnect"))
}

/// Says that the server did not answer the user's Close, but closed with a different code.
fn other_answer(answer: &Record) -> Option<Verdict> {
    let code = number(answer, CODE)?;
    Verdict::not_yet(format!("the server closed with {code} instead of answering your Close. /reconnect"))
}

/// Returns the reason of a Close, if it has one.
pub(super) fn reason(close: &Record) -> Option<String> {
    match &close.field("websocket.payload.close.reason")?.value {
        FieldValue::Text { text, .. } => Some(text.clone()),
        _ => None,
    }
}
