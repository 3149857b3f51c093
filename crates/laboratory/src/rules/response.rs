//! Wrong responses: what a server can get wrong when it says yes (section 4.1).

use super::request::{LONG_LINE, MANY_LINES};
use crate::{
    experiment::{Act, Asks, By, Demand, Experiment},
    head::Head,
};

/// A mistake in a response.
const fn mistake(
    name: &'static str,
    section: &'static str,
    demand: Demand,
    [broken, reason]: [&'static str; 2],
    act: fn(&mut Head),
) -> Experiment {
    let asks = Asks::DropHandshake;
    Experiment { name, by: By::Server, section, broken, reason, demand, asks, act: Act::Head(act) }
}

pub(super) static RULES: &[Experiment] = &[
    mistake(
        "status-200",
        "4.1",
        Demand::Must,
        [
            "The status is 200, with all the headers of a yes.",
            "Only 101 ends HTTP on this connection; after any other status it goes on.",
        ],
        |head| {
            head.first = "HTTP/1.1 200 OK".to_owned();
            head.add("Content-Length", "0");
        },
    ),
    mistake(
        "http-1.0",
        "4.1",
        Demand::Must,
        [
            "The response is of HTTP/1.0.",
            "HTTP/1.0 has no upgrade: whoever answers so has not understood the question.",
        ],
        |head| head.first = head.first.replace("HTTP/1.1", "HTTP/1.0"),
    ),
    mistake(
        "malformed-head",
        "4.1",
        Demand::Must,
        [
            "One header line has no colon.",
            "Two programs that repair the same garbage differently see two different responses.",
        ],
        |head| head.lines.push("this is no header line".to_owned()),
    ),
    mistake(
        "upgrade-missing",
        "4.1",
        Demand::Must,
        ["There is no Upgrade header.", "A 101 that does not say what it switches to may switch to anything."],
        |head| head.remove("Upgrade"),
    ),
    mistake(
        "upgrade-to-something-else",
        "4.1",
        Demand::Must,
        ["Upgrade is 'h2c', which is HTTP/2.", "What follows would be frames too, but of another protocol."],
        |head| head.set("Upgrade", "h2c"),
    ),
    mistake(
        "connection-missing",
        "4.1",
        Demand::Must,
        [
            "There is no Connection header.",
            "Connection shows that Upgrade comes from the machine at the other end of this very TCP connection.",
        ],
        |head| head.remove("Connection"),
    ),
    mistake(
        "connection-without-upgrade",
        "4.1",
        Demand::Must,
        ["Connection is 'keep-alive' and does not list Upgrade.", "Whoever wants to keep HTTP alive has not left it."],
        |head| head.set("Connection", "keep-alive"),
    ),
    mistake(
        "accept-missing",
        "11.3.3",
        Demand::Must,
        [
            "There is no Sec-WebSocket-Accept header.",
            "It is the proof that the server has read the key and knows what to do with it.",
        ],
        |head| head.remove("Sec-WebSocket-Accept"),
    ),
    mistake(
        "accept-twice",
        "11.3.3",
        Demand::Must,
        ["There are two Sec-WebSocket-Accept headers.", "A server that sends all answers at once has proved nothing."],
        |head| head.repeat("Sec-WebSocket-Accept"),
    ),
    mistake(
        "accept-wrong",
        "4.1",
        Demand::Must,
        [
            "Sec-WebSocket-Accept is the answer to another key, the one of the RFC's example.",
            "A web server that repeats what it is sent, or a cache with an old answer, cannot give the right one.",
        ],
        |head| head.set("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
    ),
    mistake(
        "subprotocol-malformed",
        "4.3",
        Demand::Must,
        [
            "Sec-WebSocket-Protocol is 'not a token', with spaces in it.",
            "It has to be one of the names that were offered, letter by letter.",
        ],
        |head| head.set("Sec-WebSocket-Protocol", "not a token"),
    ),
    mistake(
        "subprotocol-not-offered",
        "4.1",
        Demand::Must,
        [
            "The server chooses the subprotocol 'unasked', which nobody offered.",
            "The two sides would speak two languages in the same frames.",
        ],
        |head| head.set("Sec-WebSocket-Protocol", "unasked"),
    ),
    mistake(
        "extension-not-offered",
        "4.1",
        Demand::Must,
        [
            "The server uses the extension 'unasked', which nobody offered.",
            "An extension may change the meaning of every bit that follows.",
        ],
        |head| head.set("Sec-WebSocket-Extensions", "unasked"),
    ),
    mistake(
        "extensions-malformed",
        "9.1",
        Demand::Must,
        [
            "Sec-WebSocket-Extensions is 'a;': a parameter is announced and missing.",
            "An extension changes what the bytes mean; half-understood parameters are worse than none.",
        ],
        |head| head.set("Sec-WebSocket-Extensions", "a;"),
    ),
    mistake(
        "head-too-long",
        "10.4",
        Demand::May,
        [
            "One header line is 128 KiB long.",
            "A head is kept until it is complete: without a limit, a server fills the memory of its clients.",
        ],
        |head| head.add("X-Long", &"x".repeat(LONG_LINE)),
    ),
    mistake(
        "header-lines-too-many",
        "10.4",
        Demand::May,
        ["The head has 1000 lines more than it needs.", "Each line costs more memory than it has bytes."],
        |head| (0..MANY_LINES).for_each(|number| head.add("X-Line", &number.to_string())),
    ),
];
