//! Mistakes in the closing handshake. The exploration, which tries every interleaving of two
//! engines, must find each of them.

use crate::mistake::Mistake;

/// The mistakes. For each transition in `closing.rs`, there is a mistake of the same name: in the
/// transition itself, in the code that calls it, or in the code that uses its result. The argument
/// of each mistake is a number of causes large enough for the exploration to find it.
pub const MISTAKES: [Mistake; 14] = [
    Mistake {
        name: "close-sent",
        description: "a Close is queued although one was queued before",
        file: "crates/protocol/src/connection/mod.rs",
        original: "        if self.closing.is_close_sent() {\n            return;\n        }\n",
        mistaken: "",
        arguments: &["2"],
    },
    Mistake {
        name: "close-received",
        description: "the peer counts as the initiator even if its Close came second",
        file: "crates/protocol/src/connection/closing.rs",
        original: "self.initiator.get_or_insert(Endpoint::Remote);",
        mistaken: "self.initiator = Some(Endpoint::Remote);",
        arguments: &["2"],
    },
    Mistake {
        name: "violation",
        description: "a broken rule is answered with a Close and not recorded",
        file: "crates/protocol/src/connection/mod.rs",
        original: "        self.closing.on_violation(violation.clone());\n",
        mistaken: "",
        arguments: &["2"],
    },
    Mistake {
        name: "abandoned",
        description: "an abandoned connection goes on processing input",
        file: "crates/protocol/src/connection/closing.rs",
        original: "self.received.is_some() || self.abandoned || self.disconnected",
        mistaken: "self.received.is_some() || self.disconnected",
        arguments: &["2"],
    },
    Mistake {
        name: "abandoned-in-time",
        description: "abandoning a connection does not renew the deadline that its Close has started",
        file: "crates/protocol/src/connection/mod.rs",
        original: "        self.start_close_timer(now);\n        self.closing.on_abandoned();\n",
        mistaken: "        self.closing.on_abandoned();\n",
        arguments: &["3"],
    },
    Mistake {
        name: "eof-read",
        description: "TCP is dropped at the end of the stream, before the bytes that arrived before it are processed",
        file: "crates/protocol/src/connection/closing.rs",
        original: "if self.peer_stream == PeerStream::EofReached || self.timed_out {",
        mistaken: "if self.peer_stream != PeerStream::Open || self.timed_out {",
        arguments: &["2"],
    },
    Mistake {
        name: "more-input-needed",
        description: "a peer that has ended its stream gets no deadline for reading what is queued",
        file: "crates/protocol/src/connection/mod.rs",
        original: "        if self.closing.on_more_input_needed() {",
        mistaken: "        if self.closing.on_more_input_needed() && self.state() != State::Open {",
        arguments: &["2"],
    },
    Mistake {
        name: "write-error",
        description: "after a failed write, the peer has no deadline for ending its stream",
        file: "crates/protocol/src/connection/mod.rs",
        original: "        self.discard_output();\n        self.start_close_timer_unless_running(now);\n",
        mistaken: "        self.discard_output();\n        let _ = now;\n",
        arguments: &["2"],
    },
    Mistake {
        name: "read-error",
        description: "after a failed read, the end of the stream is still awaited",
        file: "crates/protocol/src/connection/closing.rs",
        original: "        self.on_eof_read();\n        self.write_failed = true;",
        mistaken: "        self.write_failed = true;",
        arguments: &["2"],
    },
    Mistake {
        name: "output-discarded",
        description: "a Close that was discarded counts as sent",
        file: "crates/protocol/src/connection/closing.rs",
        original: "self.close_discarded |= with_close;",
        mistaken: "let _ = with_close;",
        arguments: &["2"],
    },
    Mistake {
        name: "pong-discarded",
        description: "the end counts as unclean if any frame was discarded, even a Pong after the Close",
        file: "crates/protocol/src/connection/closing.rs",
        original: "&& !self.close_discarded,",
        mistaken: "&& !self.output_discarded,",
        arguments: &["2"],
    },
    Mistake {
        name: "discarded-twice",
        description: "after a discard, a Close that was sent counts as queued",
        file: "crates/protocol/src/connection/sender.rs",
        original: "        self.close_end = 0;\n",
        mistaken: "",
        arguments: &["3"],
    },
    Mistake {
        name: "timeout",
        description: "after the deadline, the queue must still be written before TCP is dropped",
        file: "crates/protocol/src/connection/mod.rs",
        original: "if !self.sender.queue().is_empty() && !self.closing.has_timed_out() {",
        mistaken: "if !self.sender.queue().is_empty() {",
        arguments: &["2"],
    },
    Mistake {
        name: "tcp-step",
        description: "a client ends the TCP connection as soon as both Closes are through, as a server does",
        file: "crates/protocol/src/connection/closing.rs",
        original: "Role::Client => false,",
        mistaken: "Role::Client => done,",
        arguments: &["2"],
    },
];
