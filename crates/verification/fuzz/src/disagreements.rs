//! Where our engine and tungstenite 0.30 do not agree about the same bytes, and who is right.
//!
//! Each entry of [`DISAGREEMENTS`] says how to recognise it, what the RFC says, and gives bytes that show it; a test makes
//! sure that they still do. What is not in the list is a finding.

use protocol::{CloseCode, Limits, Role, Violation};

use crate::{
    engine::{self, Heard},
    theirs::{self, End, LARGEST},
};

/// What became of the same bytes in both engines.
#[derive(Debug)]
pub struct Both {
    role: Role,
    bytes: Vec<u8>,
    ours: engine::Outcome,
    theirs: theirs::Outcome,
}

impl Both {
    /// Gives `bytes` to both.
    pub fn feed(role: Role, bytes: &[u8]) -> Self {
        let limits = Limits {
            max_frame_bytes: LARGEST,
            max_message_bytes: LARGEST,
            // tungstenite has no such limits.
            fragments: u32::MAX,
            max_control_frames_per_second: u32::MAX,
            ..Limits::DEFAULT
        };
        let ours = engine::feed(engine::connection(role, &limits), [bytes]);
        Self { role, bytes: bytes.to_vec(), ours, theirs: theirs::feed(role, bytes) }
    }

    /// Whether both heard the same, and found the same rule broken or none.
    pub fn agree(&self) -> bool {
        let ours = match &self.ours.violation {
            None => End::Ended,
            Some(violation) => End::Rejected(violation.close_code().unwrap_or(CloseCode::PROTOCOL_ERROR)),
        };
        self.ours.heard == self.theirs.heard && ours == self.theirs.end
    }

    /// What tungstenite hears beyond what we do; `None` if it hears something else or less.
    fn theirs_beyond(&self) -> Option<&[Heard]> {
        self.theirs.heard.strip_prefix(&self.ours.heard[..])
    }

    fn same_heard(&self) -> bool {
        self.ours.heard == self.theirs.heard
    }

    /// What tungstenite would make of it if the last frame were complete: zeros take the place of what is missing.
    fn theirs_completed(&self) -> theirs::Outcome {
        let rest = vec![0; LARGEST + 14];
        theirs::feed(self.role, &[&self.bytes[..], &rest].concat())
    }

    /// Whether tungstenite only waits for the rest of the frame that we have refused already: with the rest, it hears no
    /// more than before and refuses too.
    fn theirs_waits_for_payload(&self) -> bool {
        let completed = self.theirs_completed();
        self.theirs.end == End::Ended && completed.heard == self.theirs.heard && completed.end != End::Ended
    }

    /// Whether tungstenite hears a control frame where we have refused one.
    fn theirs_takes_control_frame(&self) -> bool {
        let completed = self.theirs_completed().heard;
        let next = completed.strip_prefix(&self.ours.heard[..]).and_then(<[Heard]>::first);
        matches!(next, Some(Heard::Ping(_) | Heard::Pong(_) | Heard::Close(_)))
    }
}

/// A way in which the two disagree.
#[derive(Debug)]
pub struct Disagreement {
    /// A few words.
    pub name: &'static str,
    /// Whether this is what is seen.
    pub seen: fn(&Both) -> bool,
    /// What the RFC says, and who obeys it.
    pub judgement: &'static str,
    /// Bytes that show it, in hexadecimal digits, and who has to get them.
    pub example: (Role, &'static str),
}

/// All that are known.
pub const DISAGREEMENTS: [Disagreement; 9] = [
    Disagreement {
        name: "a length that is not in its shortest form",
        seen: |both| {
            matches!(both.ours.violation, Some(Violation::LengthNotShortest(_))) && both.theirs_beyond().is_some()
        },
        judgement: "5.2: the shortest form MUST be used. tungstenite accepts any form; we close \
                    with 1002.",
        example: (Role::Client, "81 7e 00 02 68 69"),
    },
    Disagreement {
        name: "a short control frame whose length is in a long form",
        seen: |both| {
            matches!(both.ours.violation, Some(Violation::ControlTooLong(_))) && both.theirs_takes_control_frame()
        },
        judgement: "5.2, 5.5: a control frame has at most 125 bytes, so the shortest form of its \
                    length is always the seven-bit one. We reject the longer forms before we read \
                    the number; tungstenite accepts them.",
        example: (Role::Client, "89 7e 00 02 68 69"),
    },
    Disagreement {
        name: "a length with its highest bit set",
        seen: |both| {
            matches!(both.ours.violation, Some(Violation::LengthTopBitSet(_)))
                && both.same_heard()
                && both.theirs.end == End::Rejected(CloseCode::MESSAGE_TOO_BIG)
        },
        judgement: "5.2: the highest bit MUST be 0. Both reject it: tungstenite because the frame \
                    is too big, we because no such length exists.",
        example: (Role::Client, "82 7f 80 00 00 00 00 00 00 00"),
    },
    Disagreement {
        name: "invalid UTF-8 in a frame that is not complete",
        seen: |both| {
            let control = |heard: &Heard| !matches!(heard, Heard::Text(_) | Heard::Binary(_));
            both.ours.violation == Some(Violation::TextNotUtf8)
                && both.theirs_beyond().is_some_and(|beyond| beyond.iter().all(control))
        },
        judgement: "8.1: invalid text MUST fail the connection, but the RFC does not say when. \
                    tungstenite checks complete frames; we check every byte as it arrives. The \
                    Autobahn testsuite calls the former NON-STRICT.",
        example: (Role::Client, "81 05 68 ff"),
    },
    Disagreement {
        name: "an invalid header whose payload has not arrived",
        seen: |both| both.ours.violation.is_some() && both.same_heard() && both.theirs_waits_for_payload(),
        judgement: "5.1, 5.2, 5.4, 5.5: the connection MUST be failed, but the RFC does not say \
                    when. tungstenite checks most of a header once the payload has arrived; we \
                    check it before.",
        example: (Role::Client, "c1 05 68"),
    },
    Disagreement {
        name: "several rules broken by one frame",
        seen: |both| both.ours.violation.is_some() && both.same_heard() && matches!(both.theirs.end, End::Rejected(_)),
        judgement: "The RFC does not specify an order for the checks. Both reject the same frame, \
                    for different reasons.",
        example: (Role::Client, "c2 7f 00 00 00 00 00 10 00 00"),
    },
    Disagreement {
        name: "a close code that must not be sent",
        seen: |both| {
            let refused = Heard::Close(Some((1002, "Protocol violation".to_owned())));
            matches!(both.ours.violation, Some(Violation::CloseCodeInvalid(_)))
                && both.theirs_beyond() == Some(&[refused])
        },
        judgement: "7.4: such a code breaks the protocol. Both answer with 1002. tungstenite \
                    reports to the application that the peer sent 1002; we report the rule that \
                    the peer broke.",
        example: (Role::Client, "88 02 03 ec"),
    },
    Disagreement {
        name: "close code 1014",
        seen: |both| {
            let (ours, theirs) = (both.ours.heard.split_last(), both.theirs.heard.split_last());
            let (Some((Heard::Close(Some((1014, _))), ours)), Some((Heard::Close(Some((1002, _))), theirs))) =
                (ours, theirs)
            else {
                return false;
            };
            ours == theirs && both.ours.violation.is_none()
        },
        judgement: "7.4.1, 11.7: codes are registered with IANA, and 1014 (bad gateway) was \
                    registered later. tungstenite treats it as a code that must not be sent.",
        example: (Role::Client, "88 02 03 f6"),
    },
    Disagreement {
        name: "bytes after a Close",
        seen: |both| both.ours.violation.is_none() && both.same_heard() && both.theirs.end == End::AfterClose,
        judgement: "1.4, 5.5.1: bytes after a Close must be ignored. tungstenite's client returns \
                    an error for them; we do not look at them.",
        example: (Role::Client, "88 02 03 e8 89 00"),
    },
];

/// The first of the known disagreements that this is.
pub fn known(both: &Both) -> Option<&'static Disagreement> {
    DISAGREEMENTS.iter().find(|disagreement| (disagreement.seen)(both))
}
