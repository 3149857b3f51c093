//! Faults in messages: misplaced fragments (section 5.4), and text that is not UTF-8 (section 8.1).

use protocol::frame::Opcode;

use crate::{
    fault::{Expectation, Fault, FaultySide, Injection, RequirementLevel},
    frame_builder::FrameBuilder,
    stages::Stages,
};

/// Creates a fault that sends a text message that is not valid UTF-8.
pub(crate) const fn not_utf8(
    name: &'static str,
    description: &'static str,
    inject: fn(&mut FrameBuilder<'_>),
) -> Fault {
    Fault {
        name,
        side: FaultySide::Either,
        section: "8.1",
        description,
        reason: "If one program repairs such a text and the next one rejects it, the text means different things to \
                 them.",
        level: RequirementLevel::Must,
        expected: Expectation::FailConnection(&[1007]),
        stages: Stages::both(8, 8),
        injection: Injection::Frames(inject),
    }
}

pub(super) static FAULTS: &[Fault] = &[
    Fault {
        name: "orphan-continuation",
        side: FaultySide::Either,
        section: "5.4",
        description: "A continuation frame arrives, but no message has begun.",
        reason: "The first frame of the message is missing, and only that one says whether the message is text.",
        level: RequirementLevel::Should,
        expected: Expectation::PROTOCOL_ERROR,
        stages: Stages::both(7, 7),
        injection: Injection::Frames(|frames| frames.frame(Opcode::Continuation, b"Hello")),
    },
    Fault {
        name: "interleaved-message",
        side: FaultySide::Either,
        section: "5.4",
        description: "A second message begins before the first one has ended.",
        reason: "Continuation frames have no identifier. With two unfinished messages, nobody could tell to which of \
                 them a continuation frame belongs.",
        level: RequirementLevel::Should,
        expected: Expectation::PROTOCOL_ERROR,
        stages: Stages::both(7, 7),
        injection: Injection::Frames(|frames| {
            frames.frame_without_fin(Opcode::Text, b"Hel");
            frames.frame(Opcode::Text, b"Hello");
            frames.frame(Opcode::Continuation, b"lo");
        }),
    },
    not_utf8("invalid-utf8", "A text contains the byte FF, which never occurs in UTF-8.", |frames| {
        frames.frame(Opcode::Text, b"Hel\xfflo");
    }),
    not_utf8("invalid-utf8-overlong", "A text contains a slash in two bytes, C0 AF, but one is enough.", |frames| {
        frames.frame(Opcode::Text, b"Hel\xc0\xaflo");
    }),
    not_utf8("invalid-utf8-surrogate", "A text contains half of a UTF-16 surrogate pair, ED A0 80.", |frames| {
        frames.frame(Opcode::Text, b"Hel\xed\xa0\x80lo");
    }),
    not_utf8(
        "invalid-utf8-beyond",
        "A text contains F4 90 80 80, which encodes 110000, one above the last code point.",
        |frames| frames.frame(Opcode::Text, b"Hel\xf4\x90\x80\x80lo"),
    ),
    not_utf8(
        "invalid-utf8-fragments",
        "One fragment ends within a character, and the next one does not complete it.",
        |frames| {
            frames.frame_without_fin(Opcode::Text, b"Hel\xe2\x82");
            frames.frame(Opcode::Continuation, b"lo");
        },
    ),
    not_utf8("invalid-utf8-cut", "A text ends within a character.", |frames| {
        frames.frame(Opcode::Text, b"Hello \xe2\x82");
    }),
    not_utf8("invalid-utf8-cut-fragment", "The last fragment of a text ends within a character.", |frames| {
        frames.frame_without_fin(Opcode::Text, b"Hel");
        frames.frame(Opcode::Continuation, b"lo \xe2\x82");
    }),
];
