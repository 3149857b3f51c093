//! Wrong frames: mask, reserved bits, opcodes and lengths (sections 5.1 and 5.2).

use protocol::frame::{FrameHeader, Opcode, ReservedBits};

use super::PROTOCOL_ERROR;
use crate::{
    experiment::{Act, Asks, By, Demand, Experiment},
    wire::{HELLO, Wire},
};

/// A text frame that carries a reserved bit.
const fn reserved_bit(name: &'static str, broken: &'static str, act: fn(&mut Wire<'_>)) -> Experiment {
    Experiment {
        name,
        by: By::Either,
        section: "5.2",
        broken,
        reason: "Extensions use these bits, and whoever sets one believes that it changes what the payload means.",
        demand: Demand::Must,
        asks: PROTOCOL_ERROR,
        act: Act::Frames(act),
    }
}

fn text_with(wire: &mut Wire<'_>, reserved: ReservedBits) {
    let header = FrameHeader { reserved, ..wire.header(Opcode::Text, HELLO) };
    wire.put(&header, HELLO);
}

/// A whole frame of opcode `BITS`. The upper ones count as control frames, and this one would be right in that too.
const fn reserved_opcode<const BITS: u8>(name: &'static str) -> Experiment {
    Experiment {
        name,
        by: By::Either,
        section: "5.2",
        broken: "The opcode is one that nobody has given a meaning.",
        reason: "If the receiver skipped the frame, its sender would believe itself understood.",
        demand: Demand::Must,
        asks: PROTOCOL_ERROR,
        act: Act::Frames(|wire| {
            let header = wire.header(Opcode::Continuation, HELLO);
            // A continuation's opcode is 0, so nothing has to be taken away.
            wire.put_patched(&header, HELLO, |head| head[0] |= BITS);
        }),
    }
}

/// A length of five in a longer form than it needs.
const fn overlong(name: &'static str, broken: &'static str, act: fn(&mut Wire<'_>)) -> Experiment {
    Experiment {
        name,
        by: By::Either,
        section: "5.2",
        broken,
        reason: "With one spelling for each length, a filter that knows that spelling has seen them all.",
        demand: Demand::Should,
        asks: PROTOCOL_ERROR,
        act: Act::Frames(act),
    }
}

/// The seven bits of the length in a frame's second byte.
const SEVEN_BITS: u8 = 0x7f;

pub(super) static RULES: &[Experiment] = &[
    Experiment {
        name: "unmasked-frame",
        by: By::Client,
        section: "5.1",
        broken: "The frame of a client is not masked.",
        reason: "Without the mask a script in a page chooses the bytes on the wire, and can make them look like a \
                 request to a proxy that caches the answer.",
        demand: Demand::Must,
        asks: PROTOCOL_ERROR,
        act: Act::Frames(|wire| {
            let header = wire.header_masked_wrongly(Opcode::Text, HELLO);
            wire.put(&header, HELLO);
        }),
    },
    Experiment {
        name: "masked-frame",
        by: By::Server,
        section: "5.1",
        broken: "The frame of a server is masked.",
        reason: "A server runs no strangers' scripts, so its mask protects nobody; and with one way to write a frame there \
                 is one way to read it.",
        demand: Demand::Must,
        asks: PROTOCOL_ERROR,
        act: Act::Frames(|wire| {
            let header = wire.header_masked_wrongly(Opcode::Text, HELLO);
            wire.put(&header, HELLO);
        }),
    },
    reserved_bit("reserved-bit-1", "RSV1 is set, and no extension was agreed on.", |wire| {
        text_with(wire, ReservedBits::RSV1);
    }),
    reserved_bit("reserved-bit-2", "RSV2 is set, and no extension was agreed on.", |wire| {
        text_with(wire, ReservedBits::RSV2);
    }),
    reserved_bit("reserved-bit-3", "RSV3 is set, and no extension was agreed on.", |wire| {
        text_with(wire, ReservedBits::RSV3);
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
    overlong("overlong-length-16", "The length 5 is written in sixteen bits, where seven are enough.", |wire| {
        let header = wire.header(Opcode::Text, HELLO);
        wire.put_patched(&header, HELLO, |head| {
            let length = head[1] & SEVEN_BITS;
            head[1] ^= length ^ 126;
            head.splice(2..2, [0, length]);
        });
    }),
    overlong("overlong-length-64", "The length 5 is written in sixty-four bits, where seven are enough.", |wire| {
        let header = wire.header(Opcode::Text, HELLO);
        wire.put_patched(&header, HELLO, |head| {
            let length = head[1] & SEVEN_BITS;
            head[1] ^= length ^ 127;
            head.splice(2..2, u64::from(length).to_be_bytes());
        });
    }),
    Experiment {
        name: "length-top-bit",
        by: By::Either,
        section: "5.2",
        broken: "The top bit of a 64-bit length is set; the rest of it says 5.",
        reason: "In languages whose largest integers have a sign the length would be negative.",
        demand: Demand::Should,
        asks: PROTOCOL_ERROR,
        act: Act::Frames(|wire| {
            let header =
                FrameHeader { payload_length: 1 << 63 | HELLO.len() as u64, ..wire.header(Opcode::Text, HELLO) };
            wire.put(&header, HELLO);
        }),
    },
    Experiment {
        name: "frame-too-big",
        by: By::Either,
        section: "10.4",
        broken: "A frame announces 2^63 - 1 bytes, the most that a length can say, and sends five of them.",
        reason: "Whoever sets memory aside for what is announced has none left after fourteen bytes.",
        demand: Demand::May,
        asks: Asks::Fail(&[1009]),
        act: Act::Frames(|wire| {
            let header = FrameHeader { payload_length: u64::MAX >> 1, ..wire.header(Opcode::Binary, HELLO) };
            wire.put(&header, HELLO);
        }),
    },
];
