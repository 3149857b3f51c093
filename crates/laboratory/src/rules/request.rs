//! Wrong requests: what a client can get wrong before there is a connection (sections 4.2.1 and 4.2.2).

use crate::{
    experiment::{Act, Asks, By, Demand, Experiment, Refusal},
    head::Head,
};

/// The length of a long header line, in bytes: more than Node and we (16 KiB) or tungstenite (64 KiB) take for a whole
/// head. Chromium takes more.
pub(super) const LONG_LINE: usize = 128 << 10;

/// Ten times as many header lines as our own limit. Node takes 2000 and drops those behind.
pub(super) const MANY_LINES: usize = 1000;

/// A mistake in a request.
const fn mistake(
    name: &'static str,
    section: &'static str,
    rejection: Refusal,
    demand: Demand,
    [broken, reason]: [&'static str; 2],
    act: fn(&mut Head),
) -> Experiment {
    let asks = Asks::Refuse(rejection);
    Experiment { name, by: By::Client, section, broken, reason, demand, asks, act: Act::Head(act) }
}

pub(super) static RULES: &[Experiment] = &[
    mistake(
        "method-post",
        "4.2.1",
        Refusal::Error,
        Demand::Must,
        [
            "The request is a POST.",
            "A GET has no effect and no body, so nothing is lost or done twice if nobody here speaks WebSocket.",
        ],
        |head| head.first = head.first.replacen("GET ", "POST ", 1),
    ),
    mistake(
        "http-1.0",
        "4.2.1",
        Refusal::Error,
        Demand::Must,
        [
            "The request is of HTTP/1.0.",
            "HTTP/1.0 has no upgrade: a proxy of that age would pass the headers on without obeying them.",
        ],
        |head| head.first = head.first.replace("HTTP/1.1", "HTTP/1.0"),
    ),
    mistake(
        "target-without-slash",
        "4.2.1",
        Refusal::Error,
        Demand::Must,
        [
            "The request target is the word 'nowhere', without a slash before it.",
            "A target that each machine on the way completes in its own way leads to places that nobody checked.",
        ],
        |head| head.first = "GET nowhere HTTP/1.1".to_owned(),
    ),
    mistake(
        "malformed-head",
        "4.2.1",
        Refusal::Error,
        Demand::Must,
        [
            "One header line has no colon.",
            "Two programs that repair the same garbage differently see two different requests.",
        ],
        |head| head.lines.push("this is no header line".to_owned()),
    ),
    mistake(
        "request-with-body",
        "4.2.1",
        Refusal::Error,
        Demand::May,
        [
            "The request announces a body of five bytes, and sends it.",
            "The body stands where the frames begin; two readers can disagree about which it is.",
        ],
        |head| {
            head.add("Content-Length", "5");
            head.body = crate::wire::HELLO.to_vec();
        },
    ),
    mistake(
        "upgrade-missing",
        "4.2.1",
        Refusal::AnyStatus,
        Demand::Must,
        [
            "There is no Upgrade header.",
            "Upgrade says which protocol is wanted; without it this is a request for a page.",
        ],
        |head| head.remove("Upgrade"),
    ),
    mistake(
        "upgrade-to-something-else",
        "4.2.1",
        Refusal::AnyStatus,
        Demand::Must,
        [
            "Upgrade asks for 'h2c', which is HTTP/2.",
            "Whoever answers with WebSocket to a request for another protocol speaks to somebody who does not know it.",
        ],
        |head| head.set("Upgrade", "h2c"),
    ),
    mistake(
        "connection-missing",
        "4.2.1",
        Refusal::AnyStatus,
        Demand::Must,
        [
            "There is no Connection header.",
            "Connection says that Upgrade is meant for the next machine only. Without it, a proxy that knows nothing of \
             WebSocket may have passed the header on.",
        ],
        |head| head.remove("Connection"),
    ),
    mistake(
        "connection-without-upgrade",
        "4.2.1",
        Refusal::AnyStatus,
        Demand::Must,
        [
            "Connection is 'keep-alive' and does not list Upgrade.",
            "A proxy that rewrites Connection and keeps Upgrade does not know what it passes on.",
        ],
        |head| head.set("Connection", "keep-alive"),
    ),
    mistake(
        "host-missing",
        "4.2.1",
        Refusal::Error,
        Demand::Must,
        [
            "There is no Host header.",
            "One address may serve many names, and the check of Origin compares it with Host.",
        ],
        |head| head.remove("Host"),
    ),
    mistake(
        "host-twice",
        "4.2.1",
        Refusal::Error,
        Demand::Must,
        [
            "There are two Host headers.",
            "A proxy that takes the first and a server that takes the second serve two different sites.",
        ],
        |head| head.repeat("Host"),
    ),
    mistake(
        "version-missing",
        "4.2.2",
        Refusal::Error,
        Demand::Must,
        [
            "There is no Sec-WebSocket-Version header.",
            "The drafts before the RFC had other frames; who names no version may mean one of them.",
        ],
        |head| head.remove("Sec-WebSocket-Version"),
    ),
    mistake(
        "version-unknown",
        "4.2.2",
        Refusal::ErrorNamingVersion,
        Demand::Must,
        [
            "Sec-WebSocket-Version is 12, a number that was never used.",
            "The client learns from the rejection which versions are spoken here, and can come again with one of them.",
        ],
        |head| head.set("Sec-WebSocket-Version", "12"),
    ),
    mistake(
        "version-twice",
        "11.3.5",
        Refusal::Error,
        Demand::Must,
        [
            "There are two Sec-WebSocket-Version headers, 13 and 8.",
            "In a request the header says what is spoken from here on, and that can be only one thing.",
        ],
        |head| head.add("Sec-WebSocket-Version", "8"),
    ),
    mistake(
        "key-missing",
        "11.3.1",
        Refusal::Error,
        Demand::Must,
        [
            "There is no Sec-WebSocket-Key header.",
            "A script in a page cannot set this header, so it tells a WebSocket client from a forged request.",
        ],
        |head| head.remove("Sec-WebSocket-Key"),
    ),
    mistake(
        "key-twice",
        "11.3.1",
        Refusal::Error,
        Demand::Must,
        [
            "There are two Sec-WebSocket-Key headers.",
            "There is one answer to one key; with two, each side may think of another one.",
        ],
        |head| head.repeat("Sec-WebSocket-Key"),
    ),
    mistake(
        "key-too-short",
        "4.2.1",
        Refusal::Error,
        Demand::Must,
        [
            "The key is the Base64 of 15 bytes.",
            "A key that is too short, or not random, could be answered out of a cache.",
        ],
        |head| head.set("Sec-WebSocket-Key", "AQIDBAUGBwgJCgsMDQ4P"),
    ),
    mistake(
        "key-not-base64",
        "4.2.1",
        Refusal::Error,
        Demand::Must,
        [
            "The key has 24 characters, and some of them do not belong to Base64.",
            "What does not look like a key was not written by somebody who knows what it is for.",
        ],
        |head| head.set("Sec-WebSocket-Key", "this is not a real key=="),
    ),
    mistake(
        "subprotocol-malformed",
        "4.3",
        Refusal::Error,
        Demand::Must,
        [
            "Sec-WebSocket-Protocol names 'not a token', with spaces in it.",
            "A name that has to be repaired before it can be compared may be repaired in two ways.",
        ],
        |head| head.set("Sec-WebSocket-Protocol", "not a token"),
    ),
    mistake(
        "subprotocol-twice",
        "4.1",
        Refusal::Error,
        Demand::Should,
        [
            "Sec-WebSocket-Protocol names 'chat' twice.",
            "The list is in the order of preference, and one name cannot have two places in it.",
        ],
        |head| head.set("Sec-WebSocket-Protocol", "chat, chat"),
    ),
    mistake(
        "extensions-malformed",
        "9.1",
        Refusal::Error,
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
        Refusal::Error,
        Demand::May,
        [
            "One header line is 128 KiB long.",
            "A head is kept until it is complete: without a limit, a client fills the memory before it has said a word.",
        ],
        |head| head.add("X-Long", &"x".repeat(LONG_LINE)),
    ),
    mistake(
        "header-lines-too-many",
        "10.4",
        Refusal::Error,
        Demand::May,
        ["The head has 1000 lines more than it needs.", "Each line costs more memory than it has bytes."],
        |head| (0..MANY_LINES).for_each(|number| head.add("X-Line", &number.to_string())),
    ),
];
