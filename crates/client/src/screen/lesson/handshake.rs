//! A lesson about the opening handshake.

use dissector::{BrokenRule, RecordKind};

use super::Lesson;

pub(super) static BROKEN_HANDSHAKE: Lesson = Lesson {
    title: "A broken handshake",
    task: "Our server can break rules too. /reconnect /break/accept-wrong, and select its response on the wire (Ctrl-P). \
           Which header is wrong, and how does your client know?",
    hint: "! marks the response. The rule that it breaks is below the fields; Shift-Tab and F2 show all of it.",
    lines: &["/reconnect /break/accept-wrong"],
    observe: |wire| {
        let response = wire.received().filter(|record| record.kind == RecordKind::Response)?;
        response.findings.iter().any(|finding| matches!(finding.rule, BrokenRule::Handshake(_))).then(|| {
            "The client computes the accept value from the key that it has sent. A server or a cache that does not know \
             WebSocket cannot guess it. So the client ended TCP. /reconnect / leads back."
                .to_owned()
        })
    },
};
