//! Faults in control frames: fragments, and payloads that are too long (section 5.5).

use protocol::frame::{FrameHeader, Opcode};

use crate::{
    fault::{Expectation, Fault, FaultySide, Injection, RequirementLevel},
    frame_builder::FrameBuilder,
    payloads::SAMPLE,
    stages::Stages,
};

/// One byte more than the maximum payload of a control frame.
const TOO_LONG: usize = 126;

const fn fragmented(name: &'static str, description: &'static str, inject: fn(&mut FrameBuilder<'_>)) -> Fault {
    Fault {
        name,
        side: FaultySide::Either,
        section: "5.5",
        description,
        reason: "Control frames arrive between the fragments of a message. If they had fragments as well, the receiver \
                 could not tell the two apart.",
        level: RequirementLevel::Should,
        expected: Expectation::PROTOCOL_ERROR,
        stages: Stages::both(6, 6),
        injection: Injection::Frames(inject),
    }
}

const fn too_long(name: &'static str, description: &'static str, inject: fn(&mut FrameBuilder<'_>)) -> Fault {
    Fault {
        name,
        side: FaultySide::Either,
        section: "5.5",
        description,
        reason: "A control frame must be small enough to be processed at once, even during other work.",
        level: RequirementLevel::Should,
        expected: Expectation::PROTOCOL_ERROR,
        stages: Stages::both(6, 6),
        injection: Injection::Frames(inject),
    }
}

pub(super) static FAULTS: &[Fault] = &[
    fragmented("fragmented-ping", "The FIN bit of a Ping is not set.", |frames| {
        frames.frame_without_fin(Opcode::Ping, SAMPLE);
    }),
    fragmented("fragmented-pong", "The FIN bit of a Pong is not set.", |frames| {
        frames.frame_without_fin(Opcode::Pong, SAMPLE);
    }),
    fragmented("fragmented-close", "The FIN bit of a Close is not set.", |frames| {
        let body = frames.close_body(1000, b"");
        let header = FrameHeader { fin: false, ..frames.header(Opcode::Close, &body) };
        frames.put(&header, &body);
    }),
    too_long("long-ping", "The payload of a Ping has 126 bytes.", |frames| {
        frames.frame(Opcode::Ping, &[b'x'; TOO_LONG]);
    }),
    too_long("long-pong", "The payload of a Pong has 126 bytes.", |frames| {
        frames.frame(Opcode::Pong, &[b'x'; TOO_LONG]);
    }),
    too_long("long-close", "The body of a Close has 126 bytes: a code, and a reason of 124 bytes.", |frames| {
        frames.close(1000, &[b'x'; TOO_LONG - 2]);
    }),
];
