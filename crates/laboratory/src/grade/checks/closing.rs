//! Checks of the closing handshake.

use std::time::Duration;

use protocol::frame::Opcode;

use crate::{
    grade::{
        check::{Check, Exercise, Hint, hint},
        script::{Act, PIECE_PAUSE},
        symptom::Symptom,
    },
    payloads::SAMPLE,
    stages::Stages,
};

/// The time within which a peer must end the TCP connection after the closing handshake. It should
/// do so at once, because there is nothing left to wait for.
const END: Duration = Duration::from_secs(1);

/// The time within which a server must notice that the client's stream has ended. TCP reports this
/// at once.
const GONE: Duration = Duration::from_secs(2);

/// How long a client on a slow network may take to answer a Close.
const LATE: Duration = Duration::from_secs(1);

/// How long a client must keep the TCP connection open after the closing handshake, while it waits
/// for the server to end the connection.
const WAITS: Duration = Duration::from_millis(200);

/// The number of bytes to send after a violation: enough to make TCP reset the connection if the
/// server has closed the socket too early.
const MORE: usize = 64 << 10;

/// The reason in the judge's own Close.
const REASON: &[u8] = b"goodbye";

const ANSWER: &[Hint] = &[
    hint(
        &[Symptom::NoAnswer],
        "Answer a Close, 8, with a Close that has the same code, before you end the TCP connection.",
    ),
    hint(
        &[Symptom::Ended],
        "Send your Close before you end the TCP connection. Without it, the client reports the code 1006.",
    ),
    hint(
        &[Symptom::OtherCode],
        "Answer with the same code. If there was none, send none, or 1000. Codes such as 1005 and 1006 are never sent: \
         they stand for what did not arrive.",
    ),
    hint(&[Symptom::LeftOpen], "After both Closes, the server ends the TCP connection first."),
];

/// Creates a check that closes with a valid code.
const fn valid_code(name: &'static str, title: &'static str, exercise: Exercise) -> Check {
    Check { name, title, stages: Stages::both(9, 9), exercise, hints: VALID_CODE }
}

/// Returns the conversation of a check that closes with this code.
const fn closes_with<const CODE: u16>() -> Exercise {
    Exercise::Conversation(|script| {
        script.write(|frames| frames.close(CODE, b""));
        script.close("a Close with the same code", &[Some(CODE)]);
    })
}

const VALID_CODE: &[Hint] = &[
    hint(
        &[Symptom::OtherCode],
        "Answer a Close with the code that it has. Valid codes are 1000 to 1003, 1007 to 1014 and 3000 to 4999.",
    ),
    hint(&[], "Answer a Close, 8, with a Close that has the same code, before you end the TCP connection."),
];

pub(super) static CHECKS: &[Check] = &[
    Check {
        name: "close-with-reason",
        title: "A Close 1000 with a reason",
        stages: Stages::server(9),
        exercise: Exercise::Conversation(|script| {
            script.write(|frames| frames.close(1000, REASON));
            script.close("a Close 1000", &[Some(1000)]);
            script.then(Act::End(END));
        }),
        hints: ANSWER,
    },
    Check {
        name: "close-without-code",
        title: "A Close without a code",
        stages: Stages::server(9),
        exercise: Exercise::Conversation(|script| {
            script.write(|frames| frames.frame(Opcode::Close, b""));
            script.close("a Close without a code or with 1000", &[None, Some(1000)]);
            script.then(Act::End(END));
        }),
        hints: ANSWER,
    },
    Check {
        name: "close-with-own-code",
        title: "A Close 4999, the last of the codes that applications may choose",
        stages: Stages::both(9, 9),
        exercise: Exercise::Conversation(|script| {
            script.write(|frames| frames.close(4999, b""));
            script.close("a Close 4999", &[Some(4999)]);
        }),
        hints: VALID_CODE,
    },
    valid_code("close-with-1001", "A Close 1001, of a page that the user leaves", closes_with::<1001>()),
    valid_code("close-with-1003", "A Close 1003, for a kind of data that is not accepted", closes_with::<1003>()),
    valid_code("close-with-1007", "A Close 1007, for text that is not UTF-8", closes_with::<1007>()),
    valid_code("close-with-1011", "A Close 1011, for an error of the program", closes_with::<1011>()),
    valid_code("close-with-1013", "A Close 1013, registered after the RFC", closes_with::<1013>()),
    valid_code("close-with-1014", "A Close 1014, the last one that is registered", closes_with::<1014>()),
    valid_code(
        "close-with-3000",
        "A Close 3000, the first of the registered codes of applications",
        closes_with::<3000>(),
    ),
    valid_code(
        "close-with-3999",
        "A Close 3999, the last of the registered codes of applications",
        closes_with::<3999>(),
    ),
    Check {
        name: "close-between-fragments",
        title: "A Close after the first fragment of a text",
        stages: Stages::both(9, 9),
        exercise: Exercise::Conversation(|script| {
            script.write(|frames| {
                frames.frame_without_fin(Opcode::Text, b"Hel");
                frames.close(1000, b"");
            });
            script.close("a Close 1000", &[Some(1000)]);
        }),
        hints: &[hint(
            &[],
            "A Close may arrive between two fragments, like every control frame. Answer it, and forget the message.",
        )],
    },
    Check {
        name: "text-and-close-in-one-write",
        title: "A text and a Close in one write",
        stages: Stages::both(9, 9),
        exercise: Exercise::Conversation(|script| {
            script.write(|frames| {
                frames.frame(Opcode::Text, SAMPLE);
                frames.close(1000, b"");
            });
            script.text("the echo before the Close", SAMPLE);
            script.close("a Close 1000", &[Some(1000)]);
        }),
        hints: &[hint(&[], "Send back every message that arrived before the Close, and only then your Close.")],
    },
    Check {
        name: "close-of-server",
        title: "A Close 1000 with a reason",
        stages: Stages::client(9),
        exercise: Exercise::Conversation(|script| {
            script.write(|frames| frames.close(1000, REASON));
            script.close("a Close 1000", &[Some(1000)]);
            script.then(Act::StaysOpen(WAITS));
            script.then(Act::HalfClose);
            script.then(Act::End(END));
        }),
        hints: &[
            hint(
                &[Symptom::Ended],
                "After both Closes, the client waits until the server has ended the TCP connection.",
            ),
            hint(&[], "Answer a Close with a Close that has the same code, masked like every frame of a client."),
        ],
    },
    Check {
        name: "close-of-server-without-code",
        title: "A Close without a code",
        stages: Stages::client(9),
        exercise: Exercise::Conversation(|script| {
            script.write(|frames| frames.frame(Opcode::Close, b""));
            script.close("a Close without a code or with 1000", &[None, Some(1000)]);
        }),
        hints: ANSWER,
    },
    Check {
        name: "faults-of-earlier-stages",
        title: "Every broken rule of the stages before is answered with its Close",
        stages: Stages::both(9, 9),
        exercise: Exercise::FaultsOfEarlierStages,
        hints: &[hint(
            &[],
            "Send a Close that names the broken rule before you end the TCP connection: 1007 for text that is not UTF-8, and otherwise \
             1002.",
        )],
    },
    Check {
        name: "close-survives",
        title: "A broken rule, and 64 KiB after it",
        stages: Stages::server(9),
        exercise: Exercise::Conversation(|script| {
            // The frame is not masked.
            script.then(Act::Write([&[0x81, 0x05], SAMPLE].concat()));
            script.then(Act::Pause(PIECE_PAUSE));
            for _ in 0..4 {
                script.write(|frames| frames.frame(Opcode::Binary, &[0; MORE / 4]));
                script.then(Act::Pause(PIECE_PAUSE));
            }
            script.close("a Close 1002", &[Some(1002)]);
            script.write(|frames| frames.close(1002, b""));
            script.then(Act::HalfClose);
            script.then(Act::End(END));
        }),
        hints: &[hint(
            &[],
            "If bytes arrive at a socket that is closed, TCP resets the connection, and the peer may lose your Close. End \
             your direction of TCP after your Close, and read until the client ends the other one.",
        )],
    },
    Check {
        name: "close-survives-a-second",
        title: "A broken rule, and a Close one second later",
        stages: Stages::server(9),
        exercise: Exercise::SlowConversation(|script| {
            // The frame is not masked.
            script.then(Act::Write([&[0x81, 0x05], SAMPLE].concat()));
            script.close("a Close 1002", &[Some(1002)]);
            script.then(Act::Pause(LATE));
            // If the server has already closed its socket, the first bytes cause a reset, and
            // writing the next ones fails.
            script.write_cut(&[1, 2], |frames| frames.close(1002, b""));
            script.then(Act::HalfClose);
            script.then(Act::End(END));
        }),
        hints: &[hint(
            &[],
            "After your Close, read until the client ends its direction of TCP, however long that takes, up to a deadline \
             of some seconds. A short pause is not enough.",
        )],
    },
    Check {
        name: "tcp-ends-without-close",
        title: "TCP ends without a Close",
        stages: Stages::server(9),
        exercise: Exercise::Conversation(|script| {
            // The stream ends in the middle of a frame.
            let frame = script.build(|frames| frames.frame(Opcode::Text, SAMPLE));
            script.then(Act::Write(frame[..8].to_vec()));
            script.then(Act::HalfClose);
            script.then(Act::Pause(PIECE_PAUSE));
            script.then(Act::Another { label: "the next connection" });
            script.then(Act::EndsWithin(GONE));
        }),
        hints: &[
            hint(
                &[Symptom::LeftOpen],
                "The client is gone, and nothing more can arrive. Close the socket too, or each client that leaves costs \
                 you one.",
            ),
            hint(&[], "A client that is gone must not end your program. Go on serving the others."),
        ],
    },
    Check {
        name: "tcp-is-reset",
        title: "TCP is reset in the middle of a frame, beside another connection",
        stages: Stages::server(9),
        exercise: Exercise::Conversation(|script| {
            script.then(Act::ResetAnother);
            script.then(Act::Pause(PIECE_PAUSE));
            script.then(Act::Another { label: "the next connection" });
            script.echo("the echo on the other connection", Opcode::Text, SAMPLE);
        }),
        hints: &[hint(
            &[],
            "An error of one connection ends that connection, and not your program. In a language with events, handle the \
             error event of each socket.",
        )],
    },
];
