//! Checks of the opening handshake.

use std::time::Duration;

use crate::{
    grade::{
        check::{Check, Exercise, hint},
        script::Act,
        symptom::Symptom,
    },
    stages::Stages,
};

/// How long the connection must stay open after the handshake. A program that wrongly ends it does
/// so at once.
const OPEN: Duration = Duration::from_millis(200);

pub(super) static CHECKS: &[Check] = &[
    Check {
        name: "valid-request",
        title: "A valid request",
        stages: Stages::server(1),
        exercise: Exercise::Opening(|script| {
            script.request(|_| {});
            script.then(Act::Accepted);
            script.then(Act::StaysOpen(OPEN));
        }),
        hints: &[
            hint(
                &[Symptom::Handshake],
                "Answer with the status line HTTP/1.1 101 Switching Protocols and the headers Upgrade: websocket, \
                 Connection: Upgrade and Sec-WebSocket-Accept. The value of the last is the SHA-1 of the key and \
                 258EAFA5-E914-47DA-95CA-C5AB0DC85B11, in Base64. Each line ends with CR LF, and an empty line ends the \
                 response.",
            ),
            hint(
                &[Symptom::NoAnswer],
                "An empty line, CR LF CR LF, ends the request. The client sends nothing more before your response, so \
                 do not wait for the end of the connection. Flush what you write, and end the response with an empty line.",
            ),
            hint(&[Symptom::Ended], "After the 101, keep the connection open until the client ends it."),
        ],
    },
    Check {
        name: "lower-case-and-spaces",
        title: "Header names in lower case, and spaces around the values",
        stages: Stages::server(1),
        exercise: Exercise::Opening(|script| {
            script.request(|head| {
                for line in &mut head.lines {
                    if let Some((name, value)) = line.split_once(':') {
                        *line = format!("{}:   {} ", name.to_ascii_lowercase(), value.trim());
                    }
                }
            });
            script.then(Act::Accepted);
        }),
        hints: &[hint(&[], "Names of headers may have any case. Remove the spaces around a value before you use it.")],
    },
    Check {
        name: "request-in-three-pieces",
        title: "The request arrives in three pieces",
        stages: Stages::server(1),
        exercise: Exercise::Opening(|script| {
            script.then(Act::Request { edit: |_| {}, pieces: 3 });
            script.then(Act::Accepted);
        }),
        hints: &[hint(
            &[],
            "TCP may deliver the request in any number of pieces. Collect them until the empty line has arrived.",
        )],
    },
    Check {
        name: "second-connection",
        title: "A second connection while the first one is open",
        stages: Stages::server(1),
        exercise: Exercise::Opening(|script| {
            script.request(|_| {});
            script.then(Act::Accepted);
            script.then(Act::Another { label: "the second connection" });
        }),
        hints: &[hint(
            &[],
            "Accept the next connection while you serve the first, for example with a thread for each connection.",
        )],
    },
    Check {
        name: "interleaved-requests",
        title: "Two requests at the same time, in alternating halves",
        stages: Stages::server(1),
        exercise: Exercise::InterleavedRequests,
        hints: &[hint(
            &[],
            "Each connection needs a buffer of its own. If the connections share one, the bytes of different clients mix.",
        )],
    },
    Check {
        name: "request-of-client",
        title: "The request",
        stages: Stages::client(1),
        exercise: Exercise::ValidRequest,
        hints: &[hint(
            &[],
            "A request is a GET of HTTP/1.1 with the headers Host, Upgrade: websocket, Connection: Upgrade, \
             Sec-WebSocket-Key (16 random bytes in Base64) and Sec-WebSocket-Version: 13, and ends with an empty line.",
        )],
    },
    Check {
        name: "fresh-nonce",
        title: "The key of the second request",
        stages: Stages::client(1),
        exercise: Exercise::FreshNonce,
        hints: &[hint(
            &[],
            "Each request needs 16 new random bytes as its key. Otherwise, an old response from a cache would fit.",
        )],
    },
];
