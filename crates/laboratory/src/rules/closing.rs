//! Wrong Closes (sections 5.5.1, 7.4 and 8.1), and what must not come behind one.

use protocol::frame::Opcode;

use super::PROTOCOL_ERROR;
use crate::{
    experiment::{Act, Asks, By, Demand, Experiment},
    wire::{HELLO, STILL_THERE, Wire},
};

/// A Close with a code that may not be sent.
const fn code<const CODE: u16>(name: &'static str, demand: Demand, [broken, reason]: [&'static str; 2]) -> Experiment {
    let act = Act::Frames(|wire| wire.close(CODE, b""));
    Experiment { name, by: By::Either, section: "7.4", broken, reason, demand, asks: PROTOCOL_ERROR, act }
}

/// Something behind a Close.
const fn after_close(name: &'static str, demand: Demand, broken: &'static str, act: fn(&mut Wire<'_>)) -> Experiment {
    Experiment {
        name,
        by: By::Either,
        section: "5.5.1",
        broken,
        reason: "A Close is the last word: whoever reads it knows that nothing is missing and that nothing will follow.",
        demand,
        asks: Asks::AnswerClose,
        act: Act::Frames(act),
    }
}

const NOT_A_CODE: &str = "Codes begin at 1000 and end at 4999: what lies outside is most likely a mistake in counting.";
const RESERVED: &str = "A number that has no meaning yet says nothing; the registry may give it one.";
const REPORTED: &str = "Programs are told this number by their own end, for what was never said. If it could be sent, a \
                        peer could make somebody believe that the connection broke.";

pub(super) static RULES: &[Experiment] = &[
    Experiment {
        name: "one-byte-close",
        by: By::Either,
        section: "5.5.1",
        broken: "The body of a Close is a single byte.",
        reason: "It is half a code, and whoever completes it makes something up.",
        demand: Demand::Should,
        asks: PROTOCOL_ERROR,
        act: Act::Frames(|wire| {
            wire.note_close(None);
            wire.frame(Opcode::Close, &[0x03]);
        }),
    },
    Experiment {
        name: "close-reason-not-utf8",
        by: By::Either,
        section: "8.1",
        broken: "The reason in a Close has the byte FF in it, which no character has.",
        reason: "The reason is a text as any other; it ends up in logs and on screens.",
        demand: Demand::Must,
        // A reason is no message, which 1007 speaks of, so that 1002 fits as well.
        asks: Asks::Fail(&[1007, 1002]),
        act: Act::Frames(|wire| wire.close(1000, b"Hel\xfflo")),
    },
    code::<0>("close-code-0", Demand::Should, ["The code of a Close is 0.", NOT_A_CODE]),
    code::<999>(
        "close-code-999",
        Demand::Should,
        ["The code of a Close is 999, the last one below those in use.", NOT_A_CODE],
    ),
    code::<1004>("close-code-1004", Demand::May, ["The code of a Close is 1004, which is reserved.", RESERVED]),
    code::<1005>("close-code-1005", Demand::Should, ["The code of a Close is 1005: 'there was no code'.", REPORTED]),
    code::<1006>("close-code-1006", Demand::Should, ["The code of a Close is 1006: 'there was no Close'.", REPORTED]),
    code::<1015>("close-code-1015", Demand::Should, ["The code of a Close is 1015: 'TLS failed'.", REPORTED]),
    code::<1016>(
        "close-code-1016",
        Demand::May,
        ["The code of a Close is 1016, the first without a meaning.", RESERVED],
    ),
    code::<2999>(
        "close-code-2999",
        Demand::May,
        ["The code of a Close is 2999, the last of the RFC's own range.", RESERVED],
    ),
    code::<5000>(
        "close-code-5000",
        Demand::Should,
        ["The code of a Close is 5000, the first past those in use.", NOT_A_CODE],
    ),
    code::<65535>("close-code-65535", Demand::Should, ["The code of a Close is 65535, all bits set.", NOT_A_CODE]),
    after_close("data-after-close", Demand::Must, "A text follows the Close.", |wire| {
        wire.close(1000, b"");
        wire.frame(Opcode::Text, HELLO);
    }),
    after_close("ping-after-close", Demand::Should, "A Ping follows the Close.", |wire| {
        wire.close(1000, b"");
        wire.frame(Opcode::Ping, STILL_THERE);
    }),
    after_close("close-after-close", Demand::Should, "A second Close follows the first, with another code.", |wire| {
        wire.close(1000, b"");
        wire.close(1001, b"");
    }),
];
