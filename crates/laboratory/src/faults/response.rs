//! Faults in the response of a server that accepts the handshake (section 4.1).

use super::oversize::{LONG_LINE, MANY_LINES};
use crate::{
    fault::{Expectation, Fault, FaultySide, Injection, RequirementLevel},
    head_editor::HeadEditor,
    stages::Stages,
};

const fn response(
    name: &'static str,
    section: &'static str,
    level: RequirementLevel,
    [description, reason]: [&'static str; 2],
    inject: fn(&mut HeadEditor),
) -> Fault {
    Fault {
        name,
        side: FaultySide::Server,
        section,
        description,
        reason,
        level,
        expected: Expectation::AbortHandshake,
        stages: Stages::NONE,
        injection: Injection::Head(inject),
    }
}

pub(super) static FAULTS: &[Fault] = &[
    response(
        "status-200",
        "4.1",
        RequirementLevel::Must,
        [
            "The status is 200, but the headers are those of an accepted handshake.",
            "Only 101 ends HTTP on this connection. After any other status, HTTP continues.",
        ],
        |head| {
            head.first = "HTTP/1.1 200 OK".to_owned();
            head.add("Content-Length", "0");
        },
    )
    .in_stages(Stages::client(2)),
    response(
        "http-1.0",
        "4.1",
        RequirementLevel::Must,
        [
            "The HTTP version of the response is 1.0.",
            "HTTP/1.0 has no upgrade, so the server has not understood the request.",
        ],
        |head| head.first = head.first.replace("HTTP/1.1", "HTTP/1.0"),
    ),
    response(
        "malformed-head",
        "4.1",
        RequirementLevel::Must,
        [
            "One header line has no colon.",
            "Two programs that repair the same malformed line differently see two different responses.",
        ],
        |head| head.lines.push("this is not a header line".to_owned()),
    ),
    response(
        "upgrade-missing",
        "4.1",
        RequirementLevel::Must,
        ["There is no Upgrade header.", "A 101 without Upgrade does not say to which protocol the server switches."],
        |head| head.remove("Upgrade"),
    )
    .in_stages(Stages::client(2)),
    response(
        "upgrade-to-something-else",
        "4.1",
        RequirementLevel::Must,
        ["Upgrade is 'h2c', which is HTTP/2.", "The frames that follow would be those of another protocol."],
        |head| head.set("Upgrade", "h2c"),
    ),
    response(
        "connection-missing",
        "4.1",
        RequirementLevel::Must,
        [
            "There is no Connection header.",
            "Connection shows that Upgrade comes from the other end of this TCP connection, and not from a server beyond it.",
        ],
        |head| head.remove("Connection"),
    )
    .in_stages(Stages::client(2)),
    response(
        "connection-without-upgrade",
        "4.1",
        RequirementLevel::Must,
        [
            "Connection is 'keep-alive' and does not list Upgrade.",
            "A server that keeps HTTP alive has not switched to another protocol.",
        ],
        |head| head.set("Connection", "keep-alive"),
    ),
    response(
        "accept-missing",
        "11.3.3",
        RequirementLevel::Must,
        [
            "There is no Sec-WebSocket-Accept header.",
            "This header proves that the server has read the key and implements WebSocket.",
        ],
        |head| head.remove("Sec-WebSocket-Accept"),
    )
    .in_stages(Stages::client(2)),
    response(
        "accept-twice",
        "11.3.3",
        RequirementLevel::Must,
        [
            "There are two Sec-WebSocket-Accept headers.",
            "A server that may send several answers proves nothing with them.",
        ],
        |head| head.repeat("Sec-WebSocket-Accept"),
    ),
    response(
        "accept-wrong",
        "4.1",
        RequirementLevel::Must,
        [
            "Sec-WebSocket-Accept is the answer to another key: the one in the RFC's example.",
            "A web server that echoes its input, or a cache with an old answer, cannot compute the right value.",
        ],
        |head| head.set("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
    )
    .in_stages(Stages::client(2)),
    response(
        "subprotocol-malformed",
        "4.3",
        RequirementLevel::Must,
        [
            "Sec-WebSocket-Protocol is 'not a token', and a name must not contain spaces.",
            "The value must be exactly one of the offered names.",
        ],
        |head| head.set("Sec-WebSocket-Protocol", "not a token"),
    ),
    response(
        "subprotocol-not-offered",
        "4.1",
        RequirementLevel::Must,
        [
            "The server chooses the subprotocol 'unasked', which the client did not offer.",
            "The two sides would exchange messages that the other one does not understand.",
        ],
        |head| head.set("Sec-WebSocket-Protocol", "unasked"),
    ),
    response(
        "extension-not-offered",
        "4.1",
        RequirementLevel::Must,
        [
            "The server uses the extension 'unasked', which the client did not offer.",
            "An extension may change the meaning of every bit that follows.",
        ],
        |head| head.set("Sec-WebSocket-Extensions", "unasked"),
    ),
    response(
        "extensions-malformed",
        "9.1",
        RequirementLevel::Must,
        [
            "Sec-WebSocket-Extensions is 'a;': the parameter after the semicolon is missing.",
            "An extension changes the meaning of the bytes, so its parameters must not be guessed.",
        ],
        |head| head.set("Sec-WebSocket-Extensions", "a;"),
    ),
    response(
        "head-too-long",
        "10.4",
        RequirementLevel::May,
        [
            "One header line is 128 KiB long.",
            "A client buffers a head until it is complete. Without a limit, a server could exhaust its memory with one response.",
        ],
        |head| head.add("X-Long", &"x".repeat(LONG_LINE)),
    ),
    response(
        "header-lines-too-many",
        "10.4",
        RequirementLevel::May,
        ["The head has 1000 additional lines.", "Each line needs more memory than it has bytes."],
        |head| (0..MANY_LINES).for_each(|number| head.add("X-Line", &number.to_string())),
    ),
];
