//! Wrong messages: fragments in the wrong places (section 5.4), and texts that are none (section 8.1).

use protocol::frame::Opcode;

use super::PROTOCOL_ERROR;
use crate::{
    experiment::{Act, Asks, By, Demand, Experiment},
    wire::Wire,
};

/// A text that is not UTF-8.
const fn not_utf8(name: &'static str, broken: &'static str, act: fn(&mut Wire<'_>)) -> Experiment {
    Experiment {
        name,
        by: By::Either,
        section: "8.1",
        broken,
        reason: "A text that one program repairs and the next one refuses means different things to the two.",
        demand: Demand::Must,
        asks: Asks::Fail(&[1007]),
        act: Act::Frames(act),
    }
}

pub(super) static RULES: &[Experiment] = &[
    Experiment {
        name: "orphan-continuation",
        by: By::Either,
        section: "5.4",
        broken: "A frame goes on with a message, and no message is open.",
        reason: "Its beginning is missing, and with it whether it is text; somebody has lost count of the frames.",
        demand: Demand::Should,
        asks: PROTOCOL_ERROR,
        act: Act::Frames(|wire| wire.frame(Opcode::Continuation, b"Hello")),
    },
    Experiment {
        name: "interleaved-message",
        by: By::Either,
        section: "5.4",
        broken: "A second message begins before the first one has ended.",
        reason: "Continuation frames carry no name: nobody could tell which of two open messages they belong to.",
        demand: Demand::Should,
        asks: PROTOCOL_ERROR,
        act: Act::Frames(|wire| {
            wire.frame_without_fin(Opcode::Text, b"Hel");
            wire.frame(Opcode::Text, b"Hello");
            wire.frame(Opcode::Continuation, b"lo");
        }),
    },
    not_utf8("invalid-utf8", "A text has the byte FF in it, which no character has.", |wire| {
        wire.frame(Opcode::Text, b"Hel\xfflo");
    }),
    not_utf8("invalid-utf8-overlong", "A text has a slash in two bytes, C0 AF, where one is enough.", |wire| {
        wire.frame(Opcode::Text, b"Hel\xc0\xaflo");
    }),
    not_utf8("invalid-utf8-surrogate", "A text has half a UTF-16 pair in it, ED A0 80.", |wire| {
        wire.frame(Opcode::Text, b"Hel\xed\xa0\x80lo");
    }),
    not_utf8("invalid-utf8-beyond", "A text has the number 110000 in it, F4 90 80 80: one past the last.", |wire| {
        wire.frame(Opcode::Text, b"Hel\xf4\x90\x80\x80lo");
    }),
    not_utf8(
        "invalid-utf8-fragments",
        "One fragment ends inside a character, and the next does not go on with it.",
        |wire| {
            wire.frame_without_fin(Opcode::Text, b"Hel\xe2\x82");
            wire.frame(Opcode::Continuation, b"lo");
        },
    ),
    not_utf8("invalid-utf8-cut", "A text ends inside a character.", |wire| {
        wire.frame(Opcode::Text, b"Hello \xe2\x82");
    }),
    not_utf8("invalid-utf8-cut-fragment", "The last fragment of a text ends inside a character.", |wire| {
        wire.frame_without_fin(Opcode::Text, b"Hel");
        wire.frame(Opcode::Continuation, b"lo \xe2\x82");
    }),
];
