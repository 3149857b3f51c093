//! Checks of limits, deadlines and `Origin`.

use std::time::Duration;

use protocol::frame::Opcode;

use crate::{
    grade::{
        check::{Check, Exercise, Hint, hint},
        script::{Act, PIECE_PAUSE, Script},
        symptom::Symptom,
    },
    head_editor::HeadEditor,
    payloads::SAMPLE,
    stages::Stages,
};

/// The longest message that a program must accept, and therefore the smallest useful limit.
const MESSAGE: usize = 1 << 20;

/// The number of bytes after which the judge stops sending an endless message. By then, the program
/// must have failed the connection. Most implementations set their limit between 1 MiB and 100 MiB.
const ENDLESS_MESSAGE: usize = 128 << 20;

/// The payload length, in bytes, of each fragment in the endless message.
const FRAGMENT: usize = 64 << 10;

/// The number of bytes of an endless request after which the server must have rejected it or ended
/// the TCP connection.
const ENDLESS_HEAD: usize = 1 << 20;

/// The pause between bytes that are sent one at a time: short enough to restart every time-out on a
/// single read before it expires, and long enough that sending costs almost nothing.
const TRICKLE: Duration = Duration::from_millis(250);

/// The beginning of a request.
const HALF_A_REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: ";

/// Expects the server to accept another connection after this one has ended. A server that wrongly
/// exits when a connection ends needs a moment to do that, so the judge pauses first.
fn goes_on(script: &mut Script<'_>) {
    script.then(Act::Pause(PIECE_PAUSE));
    script.then(Act::Another { label: "the next connection" });
}

const LIST: &[Hint] = &[hint(
    &[],
    "Connection and Upgrade are lists whose case does not matter, and some browsers send keep-alive, Upgrade. Split the \
     value at the commas, and look for the word in any case.",
)];

const FOREIGN: &[Hint] = &[
    hint(
        &[Symptom::Tolerated],
        "Compare the whole host and port of Origin with Host. Otherwise, any page that a user visits can connect in the \
         user's name.",
    ),
    hint(
        &[Symptom::Handshake],
        "The request is well-formed, but this page may not connect. The status for that is 403 Forbidden.",
    ),
];

/// Returns the value of the request's `Host` header field.
fn own_host(head: &HeadEditor) -> String {
    head.lines.iter().find_map(|line| line.strip_prefix("Host: ")).unwrap_or_default().to_owned()
}

pub(super) static CHECKS: &[Check] = &[
    Check {
        name: "message-of-1-mib",
        title: "A message of 1 MiB",
        stages: Stages::both(10, 10),
        exercise: Exercise::Conversation(|script| script.echo("the echo of 1 MiB", Opcode::Binary, &[b'm'; MESSAGE])),
        hints: &[hint(&[], "A limit must leave room for useful messages. 1 MiB is a good limit.")],
    },
    Check {
        name: "two-messages-of-1-mib",
        title: "Two messages of 1 MiB on one connection",
        stages: Stages::both(10, 10),
        exercise: Exercise::Conversation(|script| {
            script.echo("the first echo of 1 MiB", Opcode::Binary, &[b'm'; MESSAGE]);
            script.echo("the second echo of 1 MiB", Opcode::Binary, &[b'm'; MESSAGE]);
        }),
        hints: &[hint(
            &[],
            "The limit is for one message, and not for the whole connection. Begin to count again after each message.",
        )],
    },
    Check {
        name: "endless-fragments",
        title: "A message whose fragments never end",
        stages: Stages::both(10, 10),
        exercise: Exercise::Conversation(|script| {
            script.write(|frames| frames.frame_without_fin(Opcode::Binary, b""));
            let unit = script.build(|frames| frames.frame_without_fin(Opcode::Continuation, &[0; FRAGMENT]));
            script.then(Act::FloodUntilClose { unit, total: ENDLESS_MESSAGE, code: 1009 });
        }),
        hints: &[hint(
            &[],
            "Add up the fragments of a message, and close with 1009 as soon as they exceed your limit. Otherwise, one \
             client can fill your memory.",
        )],
    },
    Check {
        name: "endless-text",
        title: "A text whose fragments never end, each with a length in two bytes",
        stages: Stages::both(10, 10),
        exercise: Exercise::Conversation(|script| {
            script.write(|frames| frames.frame_without_fin(Opcode::Text, b""));
            let unit = script.build(|frames| frames.frame_without_fin(Opcode::Continuation, &[b'x'; FRAGMENT - 1]));
            script.then(Act::FloodUntilClose { unit, total: ENDLESS_MESSAGE, code: 1009 });
        }),
        hints: &[hint(&[], "The limit applies to text and to binary messages, and to fragments of every length.")],
    },
    Check {
        name: "endless-request",
        title: "A request that never ends",
        stages: Stages::server(10),
        exercise: Exercise::Opening(|script| {
            script.then(Act::Write(b"GET / HTTP/1.1\r\n".to_vec()));
            let unit = b"X-Filler: of no use at all\r\n".to_vec();
            script.then(Act::FloodUntilRejected { unit, total: ENDLESS_HEAD });
            goes_on(script);
        }),
        hints: &[hint(&[], "Limit the length of a request. Browsers send less than 16 KiB.")],
    },
    Check {
        name: "connection-is-a-list",
        title: "A request with Connection: keep-alive, Upgrade",
        stages: Stages::server(10),
        exercise: Exercise::Opening(|script| {
            script.request(|head| head.set("Connection", "keep-alive, Upgrade"));
            script.then(Act::Accepted);
        }),
        hints: LIST,
    },
    Check {
        name: "upgrade-in-another-case",
        title: "A request with Connection: upgrade and Upgrade: WebSocket",
        stages: Stages::server(10),
        exercise: Exercise::Opening(|script| {
            script.request(|head| {
                head.set("Connection", "upgrade");
                head.set("Upgrade", "WebSocket");
            });
            script.then(Act::Accepted);
        }),
        hints: LIST,
    },
    Check {
        name: "foreign-origin",
        title: "A request from a page of another site",
        stages: Stages::server(10),
        exercise: Exercise::Opening(|script| {
            script.request(|head| head.set("Origin", "http://other.example"));
            script.then(Act::Rejected { statuses: &[403] });
        }),
        hints: FOREIGN,
    },
    Check {
        name: "origin-of-another-port",
        title: "A request from a page of the same host and another port",
        stages: Stages::server(10),
        exercise: Exercise::Opening(|script| {
            script.request(|head| {
                let host = own_host(head);
                let (name, port) = host.rsplit_once(':').unwrap_or((&host, "80"));
                let other = if port == "9" { "10" } else { "9" };
                head.set("Origin", &format!("http://{name}:{other}"));
            });
            script.then(Act::Rejected { statuses: &[403] });
        }),
        hints: FOREIGN,
    },
    Check {
        name: "origin-that-ends-like-host",
        title: "A request from a page of another site whose name ends like Host",
        stages: Stages::server(10),
        exercise: Exercise::Opening(|script| {
            script.request(|head| head.set("Origin", &format!("http://evil{}", own_host(head))));
            script.then(Act::Rejected { statuses: &[403] });
        }),
        hints: FOREIGN,
    },
    Check {
        name: "origin-that-begins-like-host",
        title: "A request from a page of another site whose name begins like Host",
        stages: Stages::server(10),
        exercise: Exercise::Opening(|script| {
            script.request(|head| head.set("Origin", &format!("http://{}.evil.example", own_host(head))));
            script.then(Act::Rejected { statuses: &[403] });
        }),
        hints: FOREIGN,
    },
    Check {
        name: "origin-null",
        title: "A request from a page without a site, whose Origin is null",
        stages: Stages::server(10),
        exercise: Exercise::Opening(|script| {
            script.request(|head| head.set("Origin", "null"));
            script.then(Act::Rejected { statuses: &[403] });
        }),
        hints: FOREIGN,
    },
    Check {
        name: "own-origin",
        title: "A request from a page of the same site",
        stages: Stages::server(10),
        exercise: Exercise::Opening(|script| {
            script.request(|head| head.set("Origin", &format!("http://{}", own_host(head))));
            script.then(Act::Accepted);
        }),
        hints: &[hint(
            &[],
            "The page comes from the same host and port as Host says, so accept it. The value of a header may contain a \
             colon: if you split a line at each colon, Host loses its port.",
        )],
    },
    Check {
        name: "no-origin",
        title: "A request without Origin",
        stages: Stages::server(10),
        exercise: Exercise::Opening(|script| {
            script.request(|head| head.remove("Origin"));
            script.then(Act::Accepted);
        }),
        hints: &[hint(&[], "Only browsers send an Origin. Accept requests without one.")],
    },
    Check {
        name: "half-a-request",
        title: "Half a request, and then silence",
        stages: Stages::server(10),
        exercise: Exercise::SlowOpening(|script| {
            script.then(Act::Write(HALF_A_REQUEST.to_vec()));
            script.then(Act::EndsInTime);
            goes_on(script);
        }),
        hints: &[hint(&[], "Set a time-out for the request. Otherwise, silent clients use up your connections.")],
    },
    Check {
        name: "silence",
        title: "A text after a silence that is longer than the server waits for a request",
        stages: Stages::server(10),
        exercise: Exercise::SlowConversation(|script| {
            script.then(Act::OutlastRequest { begun: HALF_A_REQUEST });
            script.echo("the echo after the silence", Opcode::Text, SAMPLE);
        }),
        hints: &[hint(
            &[],
            "The time-out of the request ends with the 101: clear it there. An open connection may be silent for minutes, \
             so a time-out for that is much longer.",
        )],
    },
    Check {
        name: "trickling-request",
        title: "A request that trickles in, one byte after the other",
        stages: Stages::server(11),
        exercise: Exercise::SlowOpening(|script| {
            script.then(Act::Write(b"GET / HTTP/1.1\r\nX-Slow: ".to_vec()));
            script.then(Act::Trickle { byte: b'x', interval: TRICKLE, both_directions: false });
            goes_on(script);
        }),
        hints: &[hint(
            &[],
            "A time-out for each read begins again with each byte. Give the whole request one deadline.",
        )],
    },
    Check {
        name: "trickle-after-close",
        title: "Bytes that trickle in after the server's Close",
        stages: Stages::server(11),
        exercise: Exercise::SlowConversation(|script| {
            // The frame is not masked.
            script.then(Act::Write(vec![0x81, 0x00]));
            script.close("a Close 1002", &[Some(1002)]);
            script.then(Act::Trickle { byte: 0, interval: TRICKLE, both_directions: true });
            goes_on(script);
        }),
        hints: &[hint(
            &[],
            "After your Close, give the client one deadline to end the TCP connection, which bytes do not extend. Then close the \
             socket.",
        )],
    },
];
