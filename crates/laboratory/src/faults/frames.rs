//! Faults in frame headers: mask, reserved bits, opcodes and lengths (sections 5.1 and 5.2).

use protocol::frame::{FrameHeader, Opcode, ReservedBits};

use crate::{
    fault::{Expectation, Fault, FaultySide, Injection, RequirementLevel},
    frame_builder::FrameBuilder,
    payloads::SAMPLE,
    stages::Stages,
};

/// Creates a fault that sends a text frame in which a reserved bit is set.
const fn reserved_bit(name: &'static str, description: &'static str, inject: fn(&mut FrameBuilder<'_>)) -> Fault {
    Fault {
        name,
        side: FaultySide::Either,
        section: "5.2",
        description,
        reason: "These bits belong to extensions. A sender that sets one expects the receiver to interpret the payload \
                 differently.",
        level: RequirementLevel::Must,
        expected: Expectation::PROTOCOL_ERROR,
        stages: Stages::both(2, 10),
        injection: Injection::Frames(inject),
    }
}

fn text_with(frames: &mut FrameBuilder<'_>, reserved: ReservedBits) {
    let header = FrameHeader { reserved, ..frames.header(Opcode::Text, SAMPLE) };
    frames.put(&header, SAMPLE);
}

/// Creates a fault that sends a complete frame with the reserved opcode `BITS`. The opcodes from 8
/// upward are reserved for control frames, so the frame also obeys the rules for control frames.
/// The opcode is therefore its only mistake.
const fn reserved_opcode<const BITS: u8>(name: &'static str) -> Fault {
    Fault {
        name,
        side: FaultySide::Either,
        section: "5.2",
        description: "The opcode is a reserved one, which has no meaning.",
        reason: "If the receiver skipped the frame, its sender would assume that it was understood.",
        level: RequirementLevel::Must,
        expected: Expectation::PROTOCOL_ERROR,
        stages: Stages::both(2, 10),
        injection: Injection::Frames(|frames| {
            let header = frames.header(Opcode::Continuation, SAMPLE);
            // The opcode of a continuation frame is 0, so setting the bits of the reserved opcode
            // is enough: no bit needs to be cleared.
            frames.put_patched(&header, SAMPLE, |encoded| encoded[0] |= BITS);
        }),
    }
}

/// Creates a fault that encodes the length 5 in a longer form than necessary.
const fn overlong(name: &'static str, description: &'static str, inject: fn(&mut FrameBuilder<'_>)) -> Fault {
    Fault {
        name,
        side: FaultySide::Either,
        section: "5.2",
        description,
        reason: "If each length has only one form, a filter that knows this form cannot be bypassed with another.",
        level: RequirementLevel::Should,
        expected: Expectation::PROTOCOL_ERROR,
        stages: Stages::both(4, 4),
        injection: Injection::Frames(inject),
    }
}

fn text_with_wrong_masking(frames: &mut FrameBuilder<'_>) {
    let header = frames.header_with_wrong_masking(Opcode::Text, SAMPLE);
    frames.put(&header, SAMPLE);
}

/// The mask for the seven length bits in the second byte of a frame.
const SEVEN_BITS: u8 = 0x7f;

pub(super) static FAULTS: &[Fault] = &[
    Fault {
        name: "unmasked-frame",
        side: FaultySide::Client,
        section: "5.1",
        description: "A client sends an unmasked frame.",
        reason: "Without the mask, a script in a page could choose the bytes that the browser sends. It could make them \
                 look like an HTTP request, and a caching proxy would store the response.",
        level: RequirementLevel::Must,
        expected: Expectation::PROTOCOL_ERROR,
        stages: Stages::server(2),
        injection: Injection::Frames(text_with_wrong_masking),
    },
    Fault {
        name: "masked-frame",
        side: FaultySide::Server,
        section: "5.1",
        description: "A server sends a masked frame.",
        reason: "A server does not run other people's scripts, so a mask protects nobody. With only one form to write, \
                 there is only one form to read.",
        level: RequirementLevel::Must,
        expected: Expectation::PROTOCOL_ERROR,
        stages: Stages::client(10),
        injection: Injection::Frames(text_with_wrong_masking),
    },
    reserved_bit("reserved-bit-1", "RSV1 is set, but no extension was negotiated.", |frames| {
        text_with(frames, ReservedBits::RSV1);
    }),
    reserved_bit("reserved-bit-2", "RSV2 is set, but no extension was negotiated.", |frames| {
        text_with(frames, ReservedBits::RSV2);
    }),
    reserved_bit("reserved-bit-3", "RSV3 is set, but no extension was negotiated.", |frames| {
        text_with(frames, ReservedBits::RSV3);
    }),
    reserved_opcode::<0x3>("reserved-opcode-3"),
    reserved_opcode::<0x4>("reserved-opcode-4"),
    reserved_opcode::<0x5>("reserved-opcode-5"),
    reserved_opcode::<0x6>("reserved-opcode-6"),
    reserved_opcode::<0x7>("reserved-opcode-7"),
    reserved_opcode::<0xb>("reserved-opcode-b"),
    reserved_opcode::<0xc>("reserved-opcode-c"),
    reserved_opcode::<0xd>("reserved-opcode-d"),
    reserved_opcode::<0xe>("reserved-opcode-e"),
    reserved_opcode::<0xf>("reserved-opcode-f"),
    overlong("overlong-length-16", "The length 5 is written in 16 bits, but 7 are enough.", |frames| {
        let header = frames.header(Opcode::Text, SAMPLE);
        frames.put_patched(&header, SAMPLE, |encoded| {
            let length = encoded[1] & SEVEN_BITS;
            encoded[1] ^= length ^ 126;
            encoded.splice(2..2, [0, length]);
        });
    }),
    overlong("overlong-length-64", "The length 5 is written in 64 bits, but 7 are enough.", |frames| {
        let header = frames.header(Opcode::Text, SAMPLE);
        frames.put_patched(&header, SAMPLE, |encoded| {
            let length = encoded[1] & SEVEN_BITS;
            encoded[1] ^= length ^ 127;
            encoded.splice(2..2, u64::from(length).to_be_bytes());
        });
    }),
    Fault {
        name: "length-top-bit",
        side: FaultySide::Either,
        section: "5.2",
        description: "The most significant bit of a 64-bit length is set; without it, the length is 5.",
        reason: "The length would be negative in languages whose largest integer type is signed.",
        level: RequirementLevel::Should,
        expected: Expectation::PROTOCOL_ERROR,
        stages: Stages::both(4, 4),
        injection: Injection::Frames(|frames| {
            let payload_length = 1 << 63 | SAMPLE.len() as u64;
            let header = FrameHeader { payload_length, ..frames.header(Opcode::Text, SAMPLE) };
            frames.put(&header, SAMPLE);
        }),
    },
    Fault {
        name: "frame-too-big",
        side: FaultySide::Either,
        section: "10.4",
        description: "A frame announces 2^63 - 1 bytes, the maximum, and contains five of them.",
        reason: "A receiver that allocated the announced size would run out of memory after a header of fourteen bytes.",
        level: RequirementLevel::May,
        expected: Expectation::FailConnection(&[1009]),
        stages: Stages::both(10, 10),
        injection: Injection::Frames(|frames| {
            let header = FrameHeader { payload_length: u64::MAX >> 1, ..frames.header(Opcode::Binary, SAMPLE) };
            frames.put(&header, SAMPLE);
        }),
    },
];
