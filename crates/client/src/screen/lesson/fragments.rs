//! Lessons about messages in several frames.

use super::{Lesson, Verdict, messages::hex};
use crate::screen::frame_fields::{PING, TEXT, is_data, opcode};

/// The sentence that is shown when a frame of the message breaks a rule.
const BROKEN: &str = "the frame with ! breaks a rule. /reconnect, and start again from the first frame";

pub(super) static CHARACTER_CUT_IN_TWO: Lesson = Lesson {
    title: "A character cut in two",
    task: "In UTF-8, ä is two bytes: c3 a4. Send it as a message of two frames with one byte in each: /fragment 2 ä. \
           Compare Fin and Opcode of the two frames (Ctrl-P, Ctrl-N).",
    idea: "/fragment N cuts the bytes of a text into N parts of about the same length.",
    hint: "Any character outside ASCII will do. If your keyboard has none, write the frames yourself:",
    lines: &["/raw 0181 00000000 c3", "/raw 8081 00000000 a4"],
    field: Some("websocket.fin"),
    observe: |wire| {
        if wire.is_broken_data() {
            return Verdict::not_yet(BROKEN);
        }
        let message = wire.sent_message()?;
        if opcode(message.frames[0]) != Some(TEXT) {
            return Verdict::not_yet("this message is binary");
        }
        let payloads = message.payloads();
        let text = String::from_utf8(payloads.concat()).ok()?;
        // The message as a whole is valid UTF-8, so if one fragment is not, a character was cut in
        // two.
        let Some(cut) = payloads.iter().position(|part| std::str::from_utf8(part).is_err()) else {
            return Verdict::not_yet(match payloads.len() {
                1 => "this message has only one frame",
                _ if text.is_ascii() => "each character of this text is one byte",
                _ => "the cut is between two characters",
            });
        };
        let (before, after) = (payloads.get(cut)?, payloads.get(cut + 1)?);
        Verdict::done(format!(
            "One frame ended with {}, and the next one began with {}. That is allowed: the message must be UTF-8, not \
             each fragment. The first frame says Text, the others Continuation.",
            hex(before.last_chunk::<1>()?),
            hex(after.first_chunk::<1>()?)
        ))
    },
};

pub(super) static PING_BETWEEN_FRAGMENTS: Lesson = Lesson {
    title: "A Ping between fragments",
    task: "Send a message in three frames, with a Ping between the second and the third. Write them with /raw: 01 \
           (Text), 00 (Continuation) or 80 (Continuation, Fin), then 81 (masked, one byte), four bytes of key, and \
           the byte.",
    idea: "Send each frame on its own line, and /ping on a line between them. A key of zeros leaves the byte as it \
           is.",
    hint: "With a key of zeros, 41 stays 41, which is A:",
    lines: &["/raw 0181 00000000 41", "/raw 0081 00000000 42", "/ping", "/raw 8081 00000000 43"],
    field: Some("websocket.fin"),
    observe: |wire| {
        if wire.is_broken_data() {
            return Verdict::not_yet(BROKEN);
        }
        let message = wire.sent_message()?;
        let count = message.fragments().count();
        if count != 3 {
            let s = if count == 1 { "" } else { "s" };
            return Verdict::not_yet(format!("this message has {count} frame{s}, and three are needed"));
        }
        let mut fragments = 0;
        let mut second_gap = message.frames.iter().skip_while(|frame| {
            fragments += usize::from(is_data(frame));
            fragments < 2
        });
        if !second_gap.any(|frame| opcode(frame) == Some(PING)) {
            return Verdict::not_yet("no Ping came between the second and the third frame");
        }
        Verdict::done(
            "A control frame may come between two fragments, so the server could answer before it had the whole \
             message. A frame of another message may not: messages come one at a time.",
        )
    },
};
