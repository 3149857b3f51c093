//! Faults in the client's request (sections 4.2.1 and 4.2.2).

use super::oversize::{LONG_LINE, MANY_LINES};
use crate::{
    fault::{Expectation, Fault, FaultySide, Injection, RejectionStatus, RequirementLevel},
    head_editor::HeadEditor,
    payloads::SAMPLE,
    stages::Stages,
};

const fn request(
    name: &'static str,
    section: &'static str,
    status: RejectionStatus,
    level: RequirementLevel,
    [description, reason]: [&'static str; 2],
    inject: fn(&mut HeadEditor),
) -> Fault {
    Fault {
        name,
        side: FaultySide::Client,
        section,
        description,
        reason,
        level,
        expected: Expectation::RejectRequest(status),
        stages: Stages::NONE,
        injection: Injection::Head(inject),
    }
}

pub(super) static FAULTS: &[Fault] = &[
    request(
        "method-post",
        "4.2.1",
        RejectionStatus::Error,
        RequirementLevel::Must,
        [
            "The method is POST.",
            "A GET has no body and changes nothing on the server, so it does no harm if the server does not support WebSocket.",
        ],
        |head| head.first = head.first.replacen("GET ", "POST ", 1),
    )
    .in_stages(Stages::server(10)),
    request(
        "http-1.0",
        "4.2.1",
        RejectionStatus::Error,
        RequirementLevel::Must,
        [
            "The HTTP version of the request is 1.0.",
            "HTTP/1.0 has no upgrade. A proxy for that version would forward the headers without acting on them.",
        ],
        |head| head.first = head.first.replace("HTTP/1.1", "HTTP/1.0"),
    )
    .in_stages(Stages::server(10)),
    request(
        "target-without-slash",
        "4.2.1",
        RejectionStatus::Error,
        RequirementLevel::Must,
        [
            "The request target is 'nowhere', without a leading slash.",
            "If every server on the way completes the target differently, the request may reach a resource that nobody checked.",
        ],
        |head| head.first = "GET nowhere HTTP/1.1".to_owned(),
    ),
    request(
        "malformed-head",
        "4.2.1",
        RejectionStatus::Error,
        RequirementLevel::Must,
        [
            "One header line has no colon.",
            "Two programs that repair the same malformed line differently see two different requests.",
        ],
        |head| head.lines.push("this is not a header line".to_owned()),
    ),
    request(
        "request-with-body",
        "4.2.1",
        RejectionStatus::Error,
        RequirementLevel::May,
        [
            "The request announces a body of five bytes, and sends them.",
            "The body is where the first frame should be, and two programs can disagree about which of the two it is.",
        ],
        |head| {
            head.add("Content-Length", "5");
            head.body = SAMPLE.to_vec();
        },
    ),
    request(
        "upgrade-missing",
        "4.2.1",
        RejectionStatus::AnyExcept101,
        RequirementLevel::Must,
        [
            "There is no Upgrade header.",
            "Upgrade names the requested protocol. Without it, this is an ordinary request for a page.",
        ],
        |head| head.remove("Upgrade"),
    )
    .in_stages(Stages::server(10)),
    request(
        "upgrade-to-something-else",
        "4.2.1",
        RejectionStatus::AnyExcept101,
        RequirementLevel::Must,
        [
            "Upgrade requests 'h2c', which is HTTP/2.",
            "A client that requested another protocol would not understand WebSocket frames.",
        ],
        |head| head.set("Upgrade", "h2c"),
    )
    .in_stages(Stages::server(10)),
    request(
        "connection-missing",
        "4.2.1",
        RejectionStatus::AnyExcept101,
        RequirementLevel::Must,
        [
            "There is no Connection header.",
            "Connection declares that Upgrade is for the next hop only. Without it, a proxy that does not support \
             WebSocket may have forwarded the header.",
        ],
        |head| head.remove("Connection"),
    )
    .in_stages(Stages::server(10)),
    request(
        "connection-without-upgrade",
        "4.2.1",
        RejectionStatus::AnyExcept101,
        RequirementLevel::Must,
        [
            "Connection is 'keep-alive' and does not list Upgrade.",
            "A proxy that rewrites Connection but keeps Upgrade does not understand what it forwards.",
        ],
        |head| head.set("Connection", "keep-alive"),
    )
    .in_stages(Stages::server(10)),
    request(
        "host-missing",
        "4.2.1",
        RejectionStatus::Error,
        RequirementLevel::Must,
        ["There is no Host header.", "One address can serve several sites, and a server compares Origin with Host."],
        |head| head.remove("Host"),
    )
    .in_stages(Stages::server(10)),
    request(
        "host-twice",
        "4.2.1",
        RejectionStatus::Error,
        RequirementLevel::Must,
        [
            "There are two Host headers.",
            "If a proxy uses the first and the server the second, they serve two different sites.",
        ],
        |head| head.repeat("Host"),
    )
    .in_stages(Stages::server(10)),
    request(
        "version-missing",
        "4.2.2",
        RejectionStatus::Error,
        RequirementLevel::Must,
        [
            "There is no Sec-WebSocket-Version header.",
            "Drafts before the RFC had other frame formats, and a client without a version may use one of them.",
        ],
        |head| head.remove("Sec-WebSocket-Version"),
    )
    .in_stages(Stages::server(10)),
    request(
        "version-unknown",
        "4.2.2",
        RejectionStatus::ErrorListingVersion,
        RequirementLevel::Must,
        [
            "Sec-WebSocket-Version is 12, a number that was never used.",
            "The rejection lists the supported versions, so that the client can try again with one of them.",
        ],
        |head| head.set("Sec-WebSocket-Version", "12"),
    )
    .in_stages(Stages::server(10)),
    request(
        "version-twice",
        "11.3.5",
        RejectionStatus::Error,
        RequirementLevel::Must,
        [
            "There are two Sec-WebSocket-Version headers, 13 and 8.",
            "The header selects the version of this connection, and there can be only one.",
        ],
        |head| head.add("Sec-WebSocket-Version", "8"),
    ),
    request(
        "key-missing",
        "11.3.1",
        RejectionStatus::Error,
        RequirementLevel::Must,
        [
            "There is no Sec-WebSocket-Key header.",
            "A script in a page cannot set this header, so it distinguishes a WebSocket client from a forged request.",
        ],
        |head| head.remove("Sec-WebSocket-Key"),
    )
    .in_stages(Stages::server(10)),
    request(
        "key-twice",
        "11.3.1",
        RejectionStatus::Error,
        RequirementLevel::Must,
        [
            "There are two Sec-WebSocket-Key headers.",
            "Each key has its own answer. With two keys, the two sides may use different ones.",
        ],
        |head| head.repeat("Sec-WebSocket-Key"),
    )
    .in_stages(Stages::server(10)),
    request(
        "key-too-short",
        "4.2.1",
        RejectionStatus::Error,
        RequirementLevel::Must,
        [
            "The key is the Base64 of 15 bytes.",
            "If keys were short or predictable, a cache could hold the right answer.",
        ],
        |head| head.set("Sec-WebSocket-Key", "AQIDBAUGBwgJCgsMDQ4P"),
    )
    .in_stages(Stages::server(10)),
    request(
        "key-not-base64",
        "4.2.1",
        RejectionStatus::Error,
        RequirementLevel::Must,
        [
            "The key has 24 characters, and some of them are not Base64.",
            "A client that sends an invalid key does not implement the handshake.",
        ],
        |head| head.set("Sec-WebSocket-Key", "this is not a real key=="),
    )
    .in_stages(Stages::server(10)),
    request(
        "subprotocol-malformed",
        "4.3",
        RejectionStatus::Error,
        RequirementLevel::Must,
        [
            "Sec-WebSocket-Protocol contains 'not a token', and a name must not contain spaces.",
            "Two programs may repair the same invalid name differently, and then compare different names.",
        ],
        |head| head.set("Sec-WebSocket-Protocol", "not a token"),
    ),
    request(
        "subprotocol-twice",
        "4.1",
        RejectionStatus::Error,
        RequirementLevel::Should,
        [
            "Sec-WebSocket-Protocol lists 'chat' twice.",
            "The list is in order of preference, and one name cannot have two positions in it.",
        ],
        |head| head.set("Sec-WebSocket-Protocol", "chat, chat"),
    ),
    request(
        "extensions-malformed",
        "9.1",
        RejectionStatus::Error,
        RequirementLevel::Must,
        [
            "Sec-WebSocket-Extensions is 'a;': the parameter after the semicolon is missing.",
            "An extension changes the meaning of the bytes, so its parameters must not be guessed.",
        ],
        |head| head.set("Sec-WebSocket-Extensions", "a;"),
    ),
    request(
        "head-too-long",
        "10.4",
        RejectionStatus::Error,
        RequirementLevel::May,
        [
            "One header line is 128 KiB long.",
            "A server buffers a head until it is complete. Without a limit, a client could exhaust its memory with one request.",
        ],
        |head| head.add("X-Long", &"x".repeat(LONG_LINE)),
    ),
    request(
        "header-lines-too-many",
        "10.4",
        RejectionStatus::Error,
        RequirementLevel::May,
        ["The head has 1000 additional lines.", "Each line needs more memory than it has bytes."],
        |head| (0..MANY_LINES).for_each(|number| head.add("X-Line", &number.to_string())),
    ),
];
