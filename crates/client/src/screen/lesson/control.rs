//! A lesson about control frames.

use dissector::printable;

use super::Lesson;
use crate::screen::frame_fields::{PING, PONG, opcode, payload};

pub(super) static PING_WITH_A_NAME: Lesson = Lesson {
    title: "A Ping with your name",
    task: "Send a Ping that carries your name: /ping, a space, and the name. Then look for the server's answer, marked \
           <, and for the round-trip time in the status line (RTT).",
    hint: "For example:",
    lines: &["/ping Ada"],
    observe: |wire| {
        let pong = wire.received().filter(|frame| opcode(frame) == Some(PONG))?;
        let name = payload(pong);
        let answers = |ping: &dissector::Record| opcode(ping) == Some(PING) && payload(ping) == name;
        (!name.is_empty() && wire.sent_earlier().any(answers)).then(|| {
            format!(
                "The Pong returned \"{}\". A Pong repeats the payload of its Ping, so that the sender knows which Ping \
                 it answers. A library answers by itself; the application need not.",
                printable(&String::from_utf8_lossy(&name))
            )
        })
    },
};
