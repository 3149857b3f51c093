//! A lesson about control frames.

use dissector::printable;

use super::{Lesson, Verdict};
use crate::screen::frame_fields::{PING, PONG, opcode, payload, payload_length};

pub(super) static PING_WITH_A_NAME: Lesson = Lesson {
    title: "A Ping with your name",
    task: "Send a Ping that carries your name: /ping, a space, and the name. Then look for the server's answer, marked \
           <, and for the round-trip time in the status line (RTT).",
    idea: "A Ping may carry up to 125 bytes. /ping alone carries none.",
    hint: "For example:",
    lines: &["/ping Ada"],
    field: None,
    observe: |wire| {
        if wire.sent_data().is_some() {
            return Verdict::not_yet("this is a message. A Ping begins with /ping");
        }
        if wire.sent().is_some_and(|frame| opcode(frame) == Some(PING) && payload_length(frame) == 0) {
            return Verdict::not_yet("this Ping carries nothing");
        }
        let pong = wire.received().filter(|frame| opcode(frame) == Some(PONG))?;
        let name = payload(pong);
        let answers = |ping: &dissector::Record| opcode(ping) == Some(PING) && payload(ping) == name;
        if name.is_empty() || !wire.sent_earlier().any(answers) {
            return None;
        }
        Verdict::done(format!(
            "The Pong returned \"{}\". A Pong repeats the payload of its Ping, so that the sender knows which Ping it \
             answers. A library answers by itself; the application need not.",
            printable(&String::from_utf8_lossy(&name))
        ))
    },
};
