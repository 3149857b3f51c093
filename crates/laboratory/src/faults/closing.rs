//! Faults in Close frames (sections 5.5.1, 7.4 and 8.1), and frames after a Close.

use protocol::frame::Opcode;

use crate::{
    fault::{Expectation, Fault, FaultySide, Injection, RequirementLevel},
    frame_builder::FrameBuilder,
    payloads::{FOLLOW_UP_PING, SAMPLE},
    stages::Stages,
};

/// Creates a fault that sends a Close with a code that must not be sent.
const fn code<const CODE: u16>(
    name: &'static str,
    level: RequirementLevel,
    [description, reason]: [&'static str; 2],
) -> Fault {
    Fault {
        name,
        side: FaultySide::Either,
        section: "7.4",
        description,
        reason,
        level,
        expected: Expectation::PROTOCOL_ERROR,
        stages: Stages::both(9, 9),
        injection: Injection::Frames(|frames| frames.close(CODE, b"")),
    }
}

/// Creates a fault that sends a frame after a Close.
const fn after_close(
    name: &'static str,
    level: RequirementLevel,
    description: &'static str,
    inject: fn(&mut FrameBuilder<'_>),
) -> Fault {
    Fault {
        name,
        side: FaultySide::Either,
        section: "5.5.1",
        description,
        reason: "A Close tells the receiver that it has everything, and that nothing more will come.",
        level,
        expected: Expectation::AnswerClose,
        stages: Stages::both(9, 9),
        injection: Injection::Frames(inject),
    }
}

const NOT_A_CODE: &str =
    "Codes are between 1000 and 4999. A number outside this range is probably a programming error.";
const RESERVED: &str = "A reserved number has no meaning yet, so it tells the receiver nothing.";
const LOCAL_ONLY: &str = "A library reports this code to its own program when no code was received. If a peer could \
                          send it, it could pretend that the connection had failed.";

pub(super) static FAULTS: &[Fault] = &[
    Fault {
        name: "one-byte-close",
        side: FaultySide::Either,
        section: "5.5.1",
        description: "The body of a Close is a single byte.",
        reason: "One byte is half a code, and the receiver would have to guess the other half.",
        level: RequirementLevel::Should,
        expected: Expectation::PROTOCOL_ERROR,
        stages: Stages::both(9, 9),
        injection: Injection::Frames(|frames| {
            frames.record_close(None);
            frames.frame(Opcode::Close, &[0x03]);
        }),
    },
    Fault {
        name: "close-reason-not-utf8",
        side: FaultySide::Either,
        section: "8.1",
        description: "The reason in a Close contains the byte FF, which never occurs in UTF-8.",
        reason: "The reason is text like any other, and programs write it to logs and screens.",
        level: RequirementLevel::Must,
        // Code 1007 is defined for invalid data in a message. A reason is not a message, so a peer
        // may also send the general code 1002.
        expected: Expectation::FailConnection(&[1007, 1002]),
        stages: Stages::both(9, 9),
        injection: Injection::Frames(|frames| frames.close(1000, b"Hel\xfflo")),
    },
    code::<0>("close-code-0", RequirementLevel::Should, ["The code of a Close is 0.", NOT_A_CODE]),
    code::<999>(
        "close-code-999",
        RequirementLevel::Should,
        ["The code of a Close is 999, one below the first valid code.", NOT_A_CODE],
    ),
    code::<1004>(
        "close-code-1004",
        RequirementLevel::May,
        ["The code of a Close is 1004, which is reserved.", RESERVED],
    ),
    code::<1005>(
        "close-code-1005",
        RequirementLevel::Should,
        ["The code of a Close is 1005, which means that no code was received.", LOCAL_ONLY],
    ),
    code::<1006>(
        "close-code-1006",
        RequirementLevel::Should,
        ["The code of a Close is 1006, which means that no Close was received.", LOCAL_ONLY],
    ),
    code::<1015>(
        "close-code-1015",
        RequirementLevel::Should,
        ["The code of a Close is 1015, which means that the TLS handshake failed.", LOCAL_ONLY],
    ),
    code::<1016>(
        "close-code-1016",
        RequirementLevel::May,
        ["The code of a Close is 1016, the first code without a meaning.", RESERVED],
    ),
    code::<2999>(
        "close-code-2999",
        RequirementLevel::May,
        ["The code of a Close is 2999, the last code that is reserved for the RFC.", RESERVED],
    ),
    code::<5000>(
        "close-code-5000",
        RequirementLevel::Should,
        ["The code of a Close is 5000, one above the last valid code.", NOT_A_CODE],
    ),
    code::<65535>(
        "close-code-65535",
        RequirementLevel::Should,
        ["The code of a Close is 65535: all its bits are set.", NOT_A_CODE],
    ),
    after_close("data-after-close", RequirementLevel::Must, "A text message follows the Close.", |frames| {
        frames.close(1000, b"");
        frames.frame(Opcode::Text, SAMPLE);
    }),
    after_close("ping-after-close", RequirementLevel::Should, "A Ping follows the Close.", |frames| {
        frames.close(1000, b"");
        frames.frame(Opcode::Ping, FOLLOW_UP_PING);
    }),
    after_close(
        "close-after-close",
        RequirementLevel::Should,
        "A second Close with another code follows the first.",
        |frames| {
            frames.close(1000, b"");
            frames.close(1001, b"");
        },
    ),
];
