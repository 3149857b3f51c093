//! The known cases in which our engine and tungstenite 0.30 treat the same bytes differently.
//!
//! Each entry of [`DISAGREEMENTS`] has a function that recognises it, an explanation that cites the
//! RFC, and an example. A test checks the examples. A disagreement that no entry recognises is a
//! finding of the fuzzer.

use protocol::{CloseCode, Limits, Role, Violation};

use crate::{
    engine::{self, EngineRecord, ReceivedEvent},
    tungstenite_engine::{self, MAX_BYTES, TungsteniteEnd, TungsteniteRecord},
};

/// What each of the two engines reported for the same bytes.
#[derive(Debug)]
pub struct Comparison {
    role: Role,
    bytes: Vec<u8>,
    ours: EngineRecord,
    theirs: TungsteniteRecord,
}

impl Comparison {
    /// Passes `bytes` to both engines, and records the results.
    pub fn new(role: Role, bytes: &[u8]) -> Self {
        let limits = Limits::DEFAULT
            .max_frame_bytes(MAX_BYTES)
            .max_message_bytes(MAX_BYTES)
            // tungstenite does not have the next two limits. Disable them in our engine, which
            // would otherwise reject bytes that tungstenite accepts.
            .max_fragments(u32::MAX)
            .max_control_frames_per_second(u32::MAX);
        let ours = engine::feed(engine::connection(role, &limits), [bytes]);
        Self { role, bytes: bytes.to_vec(), ours, theirs: tungstenite_engine::feed(role, bytes) }
    }

    /// Returns `true` if both engines returned the same events, and either both accepted the bytes
    /// or both rejected them with the same close code.
    pub fn agree(&self) -> bool {
        let end = match &self.ours.violation {
            None => TungsteniteEnd::Closed,
            Some(violation) => TungsteniteEnd::Rejected(violation.close_code()),
        };
        self.same_events() && end == self.theirs.end
    }

    /// If tungstenite's events begin with all of our engine's events, returns the events that
    /// follow them. Returns `None` otherwise.
    fn their_further_events(&self) -> Option<&[ReceivedEvent]> {
        self.theirs.events.strip_prefix(&self.ours.events[..])
    }

    fn same_events(&self) -> bool {
        self.ours.events == self.theirs.events
    }

    /// Passes the same bytes to tungstenite, followed by enough zeros to complete the last frame.
    fn theirs_with_complete_frame(&self) -> TungsteniteRecord {
        let rest = vec![0; MAX_BYTES + 14];
        tungstenite_engine::feed(self.role, &[&self.bytes[..], &rest].concat())
    }

    /// Returns `true` if tungstenite is still waiting for the rest of a frame that our engine has
    /// rejected. This is the case if tungstenite also rejects the frame once the frame is complete,
    /// without returning another event first.
    fn theirs_waits_for_payload(&self) -> bool {
        let complete = self.theirs_with_complete_frame();
        self.theirs.end == TungsteniteEnd::Closed
            && complete.events == self.theirs.events
            && complete.end != TungsteniteEnd::Closed
    }

    /// Returns `true` if tungstenite accepts a control frame that our engine has rejected.
    fn theirs_accepts_control_frame(&self) -> bool {
        let events = self.theirs_with_complete_frame().events;
        let next = events.strip_prefix(&self.ours.events[..]).and_then(<[ReceivedEvent]>::first);
        matches!(next, Some(ReceivedEvent::Ping(_) | ReceivedEvent::Pong(_) | ReceivedEvent::Close(_)))
    }
}

/// A known disagreement between the two engines.
#[derive(Debug)]
pub struct Disagreement {
    /// A short description.
    pub name: &'static str,
    /// A function that returns `true` if a comparison shows this disagreement.
    pub matches: fn(&Comparison) -> bool,
    /// The rule of the RFC, and what the two engines do.
    pub explanation: &'static str,
    /// An example: the role of the receiver, and the bytes in hexadecimal digits.
    pub example: (Role, &'static str),
}

/// The known disagreements.
pub const DISAGREEMENTS: [Disagreement; 9] = [
    Disagreement {
        name: "a length that is not in its shortest form",
        matches: |records| {
            matches!(records.ours.violation, Some(Violation::LengthNotShortest(_)))
                && records.their_further_events().is_some()
        },
        explanation: "5.2: the shortest form MUST be used. tungstenite accepts any form; we close \
                    with 1002.",
        example: (Role::Client, "81 7e 00 02 68 69"),
    },
    Disagreement {
        name: "a short control frame whose length is in a long form",
        matches: |records| {
            matches!(records.ours.violation, Some(Violation::ControlTooLong(_)))
                && records.theirs_accepts_control_frame()
        },
        explanation: "5.2, 5.5: a control frame has at most 125 bytes, so the shortest form of its \
                    length is always the seven-bit one. We reject the longer forms before we read \
                    the number; tungstenite accepts them.",
        example: (Role::Client, "89 7e 00 02 68 69"),
    },
    Disagreement {
        name: "a length with its highest bit set",
        matches: |records| {
            matches!(records.ours.violation, Some(Violation::LengthTopBitSet(_)))
                && records.same_events()
                && records.theirs.end == TungsteniteEnd::Rejected(CloseCode::MESSAGE_TOO_BIG)
        },
        explanation: "5.2: the highest bit MUST be 0. Both reject it: tungstenite because the frame \
                    is too big, we because no such length exists.",
        example: (Role::Client, "82 7f 80 00 00 00 00 00 00 00"),
    },
    Disagreement {
        name: "invalid UTF-8 in a frame that is not complete",
        matches: |records| {
            let is_control =
                |event: &ReceivedEvent| !matches!(event, ReceivedEvent::Text(_) | ReceivedEvent::Binary(_));
            records.ours.violation == Some(Violation::TextNotUtf8)
                && records.their_further_events().is_some_and(|further| further.iter().all(is_control))
        },
        explanation: "8.1: invalid text MUST fail the connection, but the RFC does not say when. \
                    tungstenite checks complete frames; we check every byte as it arrives. The \
                    Autobahn testsuite calls the former NON-STRICT.",
        example: (Role::Client, "81 05 68 ff"),
    },
    Disagreement {
        name: "an invalid header whose payload has not arrived",
        matches: |records| {
            records.ours.violation.is_some() && records.same_events() && records.theirs_waits_for_payload()
        },
        explanation: "5.1, 5.2, 5.4, 5.5: the connection MUST be failed, but the RFC does not say \
                    when. tungstenite checks most of a header once the payload has arrived; we \
                    check it before.",
        example: (Role::Client, "c1 05 68"),
    },
    Disagreement {
        name: "several rules broken by one frame",
        matches: |records| {
            records.ours.violation.is_some()
                && records.same_events()
                && matches!(records.theirs.end, TungsteniteEnd::Rejected(_))
        },
        explanation: "The RFC does not specify an order for the checks. Both reject the same frame, \
                    for different reasons.",
        example: (Role::Client, "c2 7f 00 00 00 00 00 10 00 00"),
    },
    Disagreement {
        name: "a close code that must not be sent",
        matches: |records| {
            let rejected = ReceivedEvent::Close(Some((1002, "Protocol violation".to_owned())));
            matches!(records.ours.violation, Some(Violation::CloseCodeInvalid(_)))
                && records.their_further_events() == Some(&[rejected])
        },
        explanation: "7.4: such a code breaks the protocol. Both answer with 1002. tungstenite \
                    reports to the application that the peer sent 1002; we report the rule that \
                    the peer broke.",
        example: (Role::Client, "88 02 03 ec"),
    },
    Disagreement {
        name: "close code 1014",
        matches: |records| {
            let (ours, theirs) = (records.ours.events.split_last(), records.theirs.events.split_last());
            let (
                Some((ReceivedEvent::Close(Some((1014, _))), ours)),
                Some((ReceivedEvent::Close(Some((1002, _))), theirs)),
            ) = (ours, theirs)
            else {
                return false;
            };
            ours == theirs && records.ours.violation.is_none()
        },
        explanation: "7.4.1, 11.7: codes are registered with IANA, and 1014 (bad gateway) was \
                    registered later. tungstenite treats it as a code that must not be sent.",
        example: (Role::Client, "88 02 03 f6"),
    },
    Disagreement {
        name: "bytes after a Close",
        matches: |records| {
            records.ours.violation.is_none()
                && records.same_events()
                && records.theirs.end == TungsteniteEnd::AfterClose
        },
        explanation: "1.4, 5.5.1: bytes after a Close must be ignored. tungstenite's client returns \
                    an error for them; we do not look at them.",
        example: (Role::Client, "88 02 03 e8 89 00"),
    },
];

/// Returns the first known disagreement that a comparison shows.
pub fn known(comparison: &Comparison) -> Option<&'static Disagreement> {
    DISAGREEMENTS.iter().find(|disagreement| (disagreement.matches)(comparison))
}
