//! Wrong control frames: in pieces, or too long (section 5.5).

use protocol::frame::{FrameHeader, Opcode};

use super::PROTOCOL_ERROR;
use crate::{
    experiment::{Act, By, Demand, Experiment},
    wire::{HELLO, Wire},
};

/// One byte more than a control frame may have.
const TOO_LONG: usize = 126;

const fn fragmented(name: &'static str, broken: &'static str, act: fn(&mut Wire<'_>)) -> Experiment {
    Experiment {
        name,
        by: By::Either,
        section: "5.5",
        broken,
        reason: "Control frames come in the middle of messages: pieces of both kinds could not be told apart.",
        demand: Demand::Should,
        asks: PROTOCOL_ERROR,
        act: Act::Frames(act),
    }
}

const fn long(name: &'static str, broken: &'static str, act: fn(&mut Wire<'_>)) -> Experiment {
    Experiment {
        name,
        by: By::Either,
        section: "5.5",
        broken,
        reason: "A control frame has to be cheap enough to be handled at once, whatever else is going on.",
        demand: Demand::Should,
        asks: PROTOCOL_ERROR,
        act: Act::Frames(act),
    }
}

pub(super) static RULES: &[Experiment] = &[
    fragmented("fragmented-ping", "A Ping comes without FIN.", |wire| wire.frame_without_fin(Opcode::Ping, HELLO)),
    fragmented("fragmented-pong", "A Pong comes without FIN.", |wire| wire.frame_without_fin(Opcode::Pong, HELLO)),
    fragmented("fragmented-close", "A Close comes without FIN.", |wire| {
        let body = wire.close_body(1000, b"");
        let header = FrameHeader { fin: false, ..wire.header(Opcode::Close, &body) };
        wire.put(&header, &body);
    }),
    long("long-ping", "A Ping has 126 bytes.", |wire| wire.frame(Opcode::Ping, &[b'x'; TOO_LONG])),
    long("long-pong", "A Pong has 126 bytes.", |wire| wire.frame(Opcode::Pong, &[b'x'; TOO_LONG])),
    long("long-close", "A Close has 126 bytes: a code, and a reason of 124.", |wire| {
        wire.close(1000, &[b'x'; TOO_LONG - 2]);
    }),
];
