//! `/break/RULE`, and the same rules when a client of the server breaks them.

use std::io::{Read, Write};

use crate::support::{
    PATIENCE, Server,
    http::{Request, exchange, exchange_from, open},
};
use laboratory::{Expectation, Fault, Probe, Role, Verdict, faults};
use protocol::{
    HandshakeViolation, Violation,
    handshake::{ClientRequest, HandshakeError},
};
use testkit::fault_bytes::{self, FaultSender, check_frames, check_response, check_valid_response};
use tokio::time::timeout;
use websocket::{ConnectError, Error, WebSocket, connect};

#[tokio::test]
async fn each_rule_that_a_client_breaks_is_answered_as_the_rfc_requires_on_every_path() {
    let server = Server::start(&["--interval", "5ms"]);
    for path in ["/echo", "/", "/chat"] {
        let uri = format!("ws://{}{path}", server.address()).parse().expect("a URI");
        let mut request = ClientRequest::new(uri);
        if path == "/chat" {
            request = request.subprotocol("chat").expect("a token");
        }
        let probe = Probe::new(request).reaction_timeout(PATIENCE);
        for fault in faults::sent_by(Role::Client) {
            let evaluation = probe.run(fault).await.expect("a connection");
            let (name, seen) = (fault.name, evaluation.observations());
            assert_eq!(evaluation.verdict(), Verdict::AsExpected, "{name} on {path}: {seen:?}");
        }
    }
}

/// The reaction of our client to a rule that the server breaks.
#[derive(Debug)]
enum ClientReaction {
    /// The response broke a rule.
    Handshake(HandshakeViolation),
    /// A frame broke a rule.
    Frame(Violation),
    Rejected(u16),
    /// The client noticed nothing. The code comes from the Close that it received.
    Closed(u16),
}

async fn reaction(url: &str) -> ClientReaction {
    let connection = match connect(url).await {
        Ok(connection) => connection,
        Err(ConnectError::Answer(HandshakeError::Violation(violation))) => return ClientReaction::Handshake(violation),
        Err(ConnectError::Answer(HandshakeError::Rejected(response))) => {
            return ClientReaction::Rejected(response.status().as_u16());
        }
        Err(error) => panic!("{url}: {error}"),
    };
    read_to_the_end(connection).await
}

async fn read_to_the_end(mut connection: WebSocket<websocket::MaybeTlsStream>) -> ClientReaction {
    let mut violation = None;
    while let Some(message) = connection.next().await {
        match message {
            Ok(message) => panic!("a message was delivered: {message:?}"),
            Err(Error::Violation(broken)) => violation = Some(broken),
            Err(error) => panic!("{error}"),
        }
    }
    violation.map_or_else(|| ClientReaction::Closed(connection.close_info().code.0), ClientReaction::Frame)
}

/// Returns the beginning of the `Debug` form of the violation that a fault must cause.
fn expected(name: &str) -> Option<&'static str> {
    Some(match name {
        "http-1.0" => "HttpVersionTooOld",
        "malformed-head" => "MalformedHead",
        "head-too-long" => "HeadTooLong",
        "header-lines-too-many" => "TooManyHeaders",
        "upgrade-missing" => "UpgradeMissing",
        "upgrade-to-something-else" => "UpgradeToSomethingElse",
        "connection-missing" | "connection-without-upgrade" => "ConnectionWithoutUpgrade",
        "accept-missing" | "accept-twice" => "AcceptNotOnce",
        "accept-wrong" => "AcceptWrong",
        "subprotocol-malformed" => "SubprotocolMalformed",
        "subprotocol-not-offered" => "SubprotocolNotOffered(\"unasked\")",
        "extension-not-offered" => "ExtensionNotOffered(\"unasked\")",
        "extensions-malformed" => "ExtensionsMalformed",
        "masked-frame" => "MaskedFrame",
        "reserved-bit-1" => "ReservedBitsSet(64)",
        "reserved-bit-2" => "ReservedBitsSet(32)",
        "reserved-bit-3" => "ReservedBitsSet(16)",
        "reserved-opcode-3" => "ReservedOpcode(3)",
        "reserved-opcode-4" => "ReservedOpcode(4)",
        "reserved-opcode-5" => "ReservedOpcode(5)",
        "reserved-opcode-6" => "ReservedOpcode(6)",
        "reserved-opcode-7" => "ReservedOpcode(7)",
        "reserved-opcode-b" => "ReservedOpcode(11)",
        "reserved-opcode-c" => "ReservedOpcode(12)",
        "reserved-opcode-d" => "ReservedOpcode(13)",
        "reserved-opcode-e" => "ReservedOpcode(14)",
        "reserved-opcode-f" => "ReservedOpcode(15)",
        "overlong-length-16" | "overlong-length-64" => "LengthNotShortest(5)",
        "length-top-bit" => "LengthTopBitSet(9223372036854775813)",
        "frame-too-big" => "FrameTooBig { length: 9223372036854775807",
        "orphan-continuation" => "ContinuationOfNothing",
        "interleaved-message" => "MessageInsideMessage",
        "fragmented-ping" => "FragmentedControl(Ping)",
        "fragmented-pong" => "FragmentedControl(Pong)",
        "fragmented-close" => "FragmentedControl(Close)",
        "long-ping" => "ControlTooLong(Ping)",
        "long-pong" => "ControlTooLong(Pong)",
        "long-close" => "ControlTooLong(Close)",
        "one-byte-close" => "CloseBodyOneByte",
        "close-reason-not-utf8" => "CloseReasonNotUtf8",
        "close-code-0" => "CloseCodeInvalid(CloseCode(0))",
        "close-code-999" => "CloseCodeInvalid(CloseCode(999))",
        "close-code-1004" => "CloseCodeInvalid(CloseCode(1004))",
        "close-code-1005" => "CloseCodeInvalid(CloseCode(1005))",
        "close-code-1006" => "CloseCodeInvalid(CloseCode(1006))",
        "close-code-1015" => "CloseCodeInvalid(CloseCode(1015))",
        "close-code-1016" => "CloseCodeInvalid(CloseCode(1016))",
        "close-code-2999" => "CloseCodeInvalid(CloseCode(2999))",
        "close-code-5000" => "CloseCodeInvalid(CloseCode(5000))",
        "close-code-65535" => "CloseCodeInvalid(CloseCode(65535))",
        name if name.starts_with("invalid-utf8") => "TextNotUtf8",
        _ => return None,
    })
}

#[tokio::test]
async fn our_client_refuses_each_rule_that_the_server_breaks_by_its_name() {
    let server = Server::start(&[]);
    let check = |name, rule, violation: &str| assert!(violation.starts_with(rule), "{name}: {violation}");
    for fault in faults::sent_by(Role::Server) {
        let Fault { name, section, .. } = fault;
        let url = format!("ws://{}/break/{name}", server.address());
        let reaction = timeout(PATIENCE, reaction(&url)).await.unwrap_or_else(|_| panic!("{name} does not end"));
        match (expected(name), &reaction) {
            (Some(rule), ClientReaction::Handshake(violation)) => check(name, rule, &format!("{violation:?}")),
            (Some(rule), ClientReaction::Frame(violation)) => check(name, rule, &format!("{violation:?}")),
            (None, ClientReaction::Rejected(200)) => assert_eq!(*name, "status-200"),
            (None, ClientReaction::Closed(1000)) => assert_eq!(fault.expected, Expectation::AnswerClose, "{name}"),
            _ => panic!("{name}: {reaction:?}"),
        }
        server.wait_for_log(&[&format!("gets /break/{name}: {}", fault.description)]);
        let line = server.wait_for_log(&[&format!("on /break/{name}: ")]);
        assert!(line.contains("as expected (") && line.contains(&format!("section {section})")), "{line}");
    }
}

/// The client sends nothing after its request, and records every byte.
#[test]
fn each_fault_sends_exactly_the_documented_bytes() {
    let server = Server::start(&["--close-timeout", "1s"]);
    std::thread::scope(|scope| {
        for Fault { name, .. } in faults::sent_by(Role::Server) {
            let server = &server;
            scope.spawn(move || {
                let mut stream = open(server);
                let request =
                    Request::upgrade(server, &format!("/break/{name}")).with("Sec-WebSocket-Key", fault_bytes::KEY);
                stream.write_all(&request.bytes()).expect("the server reads the request");
                let mut bytes = Vec::new();
                stream.read_to_end(&mut bytes).expect("the server closes the TCP connection");
                let rest = if faults::find(Role::Server, name).expect("the rule exists").is_in_handshake() {
                    check_response(name, &bytes)
                } else {
                    check_frames(name, FaultSender::Server, check_valid_response(&bytes)).0
                };
                assert!(rest.is_empty(), "{name} is followed by {rest:02x?}");
                server.wait_for_log(&[&format!("on /break/{name}: no answer (nothing)")]);
            });
        }
    });
}

#[test]
fn a_client_that_accepts_a_broken_rule_is_logged_as_such() {
    let server = Server::start(&[]);
    let mut stream = open(&server);
    let request = Request::upgrade(&server, "/break/masked-frame").with("Sec-WebSocket-Key", fault_bytes::KEY);
    stream.write_all(&request.bytes()).expect("the server reads the request");
    // The Pong shows that the client read past the faulty frame. Its masking key is 0, so that the
    // payload is readable here.
    stream.write_all(b"\x8a\x8c\0\0\0\0still there?").expect("the server reads it");
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("the server closes the TCP connection");
    let (rest, _) = check_frames("masked-frame", FaultSender::Server, check_valid_response(&bytes));
    assert_eq!(&rest[..4], [0x88, u8::try_from(rest.len() - 2).expect("short"), 0x03, 0xe8], "{rest:02x?}");
    server.wait_for_log(&["on /break/masked-frame: tolerated (Pong); expected: Close 1002 (MUST, section 5.1)"]);
}

#[test]
fn the_log_contains_the_reason_that_the_client_gave() {
    let server = Server::start(&[]);
    let mut stream = open(&server);
    let request = Request::upgrade(&server, "/break/invalid-utf8").with("Sec-WebSocket-Key", fault_bytes::KEY);
    stream.write_all(&request.bytes()).expect("the server reads the request");
    stream.write_all(b"\x88\x89\0\0\0\0\x03\xefno\ttext").expect("the server reads it");
    let _ = stream.read_to_end(&mut Vec::new());
    drop(stream);
    server.wait_for_log(&[r#"on /break/invalid-utf8: as expected (Close 1007, TCP closed: "no\ttext")"#]);

    let mut stream = open(&server);
    stream.write_all(&request.bytes()).expect("the server reads the request");
    stream.write_all(b"\x88\x82\0\0\0\0\x03\xef").expect("the server reads it");
    let _ = stream.read_to_end(&mut Vec::new());
    drop(stream);
    server.wait_for_log(&["on /break/invalid-utf8: as expected (Close 1007, TCP closed)"]);
}

#[test]
fn an_unknown_rule_gets_the_list() {
    let server = Server::start(&[]);
    for path in ["/break/", "/break/no-such-rule", "/break/unmasked-frame", "/break/masked-frame/"] {
        for request in [Request::get(&server, path), Request::upgrade(&server, path)] {
            let response = exchange(&server, &request.bytes());
            assert_eq!(response.status, 404, "{path}");
            for Fault { name, description, .. } in faults::sent_by(Role::Server) {
                let has = |line: &str| line.starts_with(&format!("/break/{name} ")) && line.ends_with(description);
                assert!(response.body.lines().any(has), "{name} is not in the list");
            }
        }
    }
    let response = exchange(&server, &Request::get(&server, "/brake").bytes());
    assert_eq!((response.status, response.body.contains("/break/")), (404, true), "{}", response.body);
}

/// The server breaks a rule only for a client whose request is correct and allowed.
#[test]
fn break_paths_check_requests_like_any_other_path() {
    let server = Server::start(&[]);
    let right = Request::upgrade(&server, "/break/masked-frame");
    for (request, status) in [
        (Request::get(&server, "/break/masked-frame"), 426),
        (right.clone().without("Sec-WebSocket-Key"), 400),
        (right.clone().and("Origin", "https://example.org"), 403),
        (right.line("POST /break/masked-frame HTTP/1.1"), 405),
    ] {
        let (response, address) = exchange_from(&server, &request.bytes());
        assert_eq!(response.status, status, "{request}");
        server.wait_for_log(&[&address.to_string(), "rejected on /break/masked-frame with"]);
    }
}

#[cfg(unix)]
#[test]
fn stopping_the_server_does_not_wait_for_a_fault() {
    let mut server = Server::start(&["--close-timeout", "20s"]);
    let mut stream = open(&server);
    stream.write_all(&Request::upgrade(&server, "/break/masked-frame").bytes()).expect("the server reads the request");
    server.wait_for_log(&["gets /break/masked-frame"]);
    server.signal("TERM");
    assert_eq!(server.exit_code(), 0);
}
