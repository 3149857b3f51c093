//! A lesson about the opening handshake.

use dissector::{BrokenRule, RecordKind};

use super::{Lesson, Verdict};

pub(super) static BROKEN_HANDSHAKE: Lesson = Lesson {
    title: "A broken handshake",
    task: "Our server can break rules too. /reconnect /break/accept-wrong, and select its response on the wire (Ctrl-P). \
           Find the header that is wrong.",
    idea: "! marks the response. The rule that it breaks is below the fields; Shift-Tab and F2 show all of it.",
    hint: "This path answers with another accept value:",
    lines: &["/reconnect /break/accept-wrong"],
    field: None,
    observe: |wire| {
        let response = wire.received().filter(|record| record.kind == RecordKind::Response)?;
        if !response.findings.iter().any(|finding| matches!(finding.rule, BrokenRule::Handshake(_))) {
            // The program's first connection does not count as an attempt.
            return wire.is_reconnected().then(|| Verdict::NotYet("this response breaks no rule".to_owned()));
        }
        Verdict::done(
            "The client computes the accept value from the key that it has sent. A server or a cache that does not know \
             WebSocket cannot guess it. So the client ended the TCP connection. /reconnect / leads back.",
        )
    },
};
