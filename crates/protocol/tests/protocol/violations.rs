//! Every rule that a peer can break, broken: by bytes, with the section, the answer and the sentence that follow.

use std::collections::BTreeSet;

use http::StatusCode;
use protocol::{
    Answer, CloseCode, Config, DeflateOptions, KeepAlive, Limits, Role, Violation,
    frame::Opcode,
    handshake::{HandshakeError, encode_response, rejection},
};
use testkit::{
    deflate::negotiate,
    duration::secs,
    endpoint::{TestEndpoint, config_with_limits},
    handshake::{check_request, check_response, client_request, read_request_within, read_response},
    hex::hex,
    http_head::HeadBuilder,
    observed::Observed,
};

// ---- How to break each of them --------------------------------------------------------------------------------------

/// What a server says to a request.
fn request(head: &HeadBuilder) -> Violation {
    check_request(head).map(|_| "accepted").unwrap_err()
}

/// What a server with other limits says to a request.
fn long_request(change: impl FnOnce(&mut Limits), head: &HeadBuilder) -> Violation {
    let mut limits = Limits::DEFAULT;
    change(&mut limits);
    read_request_within(limits, &head.bytes()).map(|_| "taken").unwrap_err()
}

/// What a client says to a response.
fn response(head: &HeadBuilder) -> Violation {
    let request = client_request().subprotocol("chat").unwrap();
    check_response(request, head).map(|_| "opened").unwrap_err()
}

/// What an end says to bytes.
fn bytes(role: Role, bytes: &str) -> Violation {
    bytes_within(Config::default(), role, bytes)
}

fn bytes_within(config: Config, role: Role, bytes: &str) -> Violation {
    let mut observed = TestEndpoint::new(role, config).receive_bytes(&hex(bytes));
    match observed.pop() {
        Some(Observed::Violation(violation)) => violation,
        other => panic!("{bytes} breaks no rule: {other:?}"),
    }
}

/// What a client that has offered compression says to a response.
fn compressed_response(extensions: &str) -> Violation {
    let head = HeadBuilder::response().with(format!("Sec-WebSocket-Extensions: {extensions}"));
    check_response(client_request().deflate(DeflateOptions::DEFAULT), &head).map(|_| "opened").unwrap_err()
}

/// What a client that has agreed on compression says to bytes.
fn compressed_bytes(config: Config, bytes: &str) -> Violation {
    let compression = negotiate(&DeflateOptions::DEFAULT, &DeflateOptions::DEFAULT).client;
    let mut observed = TestEndpoint::new(Role::Client, config).with_deflate(&compression).receive_bytes(&hex(bytes));
    match observed.pop() {
        Some(Observed::Violation(violation)) => violation,
        other => panic!("{bytes} breaks no rule: {other:?}"),
    }
}

/// What an end says to silence.
fn silence() -> Violation {
    let config = Config { keep_alive: Some(KeepAlive { interval: secs(1), timeout: secs(1) }), ..Config::default() };
    match &TestEndpoint::new(Role::Server, config).advance(secs(2))[..] {
        [Observed::Violation(violation)] => violation.clone(),
        other => panic!("silence breaks no rule: {other:?}"),
    }
}

/// Returns the name of a violation's variant.
fn name_of(violation: &Violation) -> String {
    let debug = format!("{violation:?}");
    debug.split(['(', ' ']).next().unwrap_or_default().to_owned()
}

/// What the one who broke a rule is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    /// By a server, during the opening handshake; a client just goes away.
    Http(u16),
    /// By either, afterwards.
    Close(u16),
}

use Told::{Close, Http};

struct Row {
    violation: Violation,
    name: &'static str,
    section: &'static str,
    told: Told,
    sentence: &'static str,
}

/// Every variant of [`Violation`] as a peer causes it, and the section, answer and sentence that it is to have.
#[rustfmt::skip]
fn table() -> Vec<Row> {
    use Role::{Client, Server};
    let row = |violation, name, section, told, sentence| Row { violation, name, section, told, sentence };
    let (q, r) = (HeadBuilder::request, HeadBuilder::response);
    vec![
        // Both heads.
        row(request(&q().first_line("GET / HTTP/3")), "MalformedHead", "4.2.1", Http(400),
            "this is not an HTTP/1.1 head: invalid HTTP version"),
        row(long_request(|limits| limits.max_head_bytes = 100, &q()), "HeadTooLong", "10.4", Http(431),
            "the HTTP head is longer than 100 bytes"),
        row(long_request(|limits| limits.max_headers = 4, &q()), "TooManyHeaders", "10.4", Http(431),
            "the HTTP head has more than 4 header lines"),
        row(request(&q().first_line("GET / HTTP/1.0")), "HttpVersionTooOld", "4.2.1", Http(400),
            "the handshake needs HTTP/1.1 or later"),
        row(request(&q().without("Upgrade")), "UpgradeMissing", "4.2.1", Http(426),
            "there is no header 'Upgrade: websocket'"),
        row(request(&q().without("Connection")), "ConnectionWithoutUpgrade", "4.2.1", Http(400),
            "the header Connection does not list 'Upgrade'"),
        row(request(&q().with("Sec-WebSocket-Extensions: a;")), "ExtensionsMalformed", "9.1", Http(400),
            "Sec-WebSocket-Extensions is malformed"),
        row(request(&q().with("Sec-WebSocket-Protocol: a b")), "SubprotocolMalformed", "4.3", Http(400),
            "Sec-WebSocket-Protocol is malformed"),
        // The request.
        row(request(&q().first_line("POST / HTTP/1.1")), "MethodNotGet", "4.2.1", Http(405),
            "the method must be GET, not POST"),
        row(request(&q().first_line("GET * HTTP/1.1")), "TargetMalformed", "4.2.1", Http(400),
            "the request target is no path"),
        row(request(&q().with("Content-Length: 1")), "RequestWithBody", "4.2.1", Http(400),
            "the request announces a body, which an upgrade cannot have"),
        row(request(&q().without("Host")), "HostNotOnce", "4.2.1", Http(400),
            "there must be exactly one Host header"),
        row(request(&q().without("Sec-WebSocket-Key")), "KeyNotOnce", "11.3.1", Http(400),
            "there must be exactly one Sec-WebSocket-Key header"),
        row(request(&q().set("Sec-WebSocket-Key", "x")), "KeyMalformed", "4.2.1", Http(400),
            "Sec-WebSocket-Key must be the Base64 of 16 bytes"),
        row(request(&q().with("Sec-WebSocket-Version: 13")), "VersionRepeated", "11.3.5", Http(400),
            "there must be only one Sec-WebSocket-Version header"),
        row(request(&q().without("Sec-WebSocket-Version")), "VersionUnsupported", "4.2.2", Http(426),
            "Sec-WebSocket-Version is missing; 13 is supported"),
        row(request(&q().set("Sec-WebSocket-Version", "8")), "VersionUnsupported", "4.2.2", Http(426),
            "version '8' is not supported; 13 is"),
        row(request(&q().with("Sec-WebSocket-Protocol: a, a")), "SubprotocolRepeated", "4.1", Http(400),
            "the subprotocol 'a' is named twice"),
        // The response.
        row(response(&r().set("Upgrade", "h2c")), "UpgradeToSomethingElse", "4.1", Http(400),
            "the header Upgrade must be 'websocket' and nothing else"),
        row(response(&r().without("Sec-WebSocket-Accept")), "AcceptNotOnce", "11.3.3", Http(400),
            "there must be exactly one Sec-WebSocket-Accept header"),
        row(response(&r().set("Sec-WebSocket-Accept", "x")), "AcceptWrong", "4.1", Http(400),
            "Sec-WebSocket-Accept is 'x' instead of 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='"),
        row(response(&r().with("Sec-WebSocket-Protocol: x")), "SubprotocolNotOffered", "4.1", Http(400),
            "the server chose the subprotocol 'x', which was not offered"),
        row(response(&r().with("Sec-WebSocket-Extensions: x")), "ExtensionNotOffered", "4.1", Http(400),
            "the server accepted the extension 'x', which was not offered"),
        row(compressed_response("permessage-deflate, permessage-deflate"), "ExtensionConflict", "5", Http(400),
            "the server accepted the extension 'permessage-deflate' beside another one that uses RSV1"),
        row(compressed_response("permessage-deflate; x"), "DeflateAnswerWrong", "7", Http(400),
            "the server's answer on permessage-deflate is wrong: the parameter 'x' is unknown"),
        // Frames.
        row(bytes(Server, "81 05 48656c6c6f"), "UnmaskedFrame", "5.1", Close(1002),
            "a client's frames must be masked"),
        row(bytes(Client, "81 85 37fa213d 7f9f4d5158"), "MaskedFrame", "5.1", Close(1002),
            "a server's frames must not be masked"),
        row(bytes(Client, "c1 00"), "ReservedBitsSet", "5.2", Close(1002),
            "reserved bits are set that no extension uses: RSV1"),
        row(compressed_bytes(Config::default(), "c9 00"), "CompressedBitMisplaced", "6.1", Close(1002),
            "RSV1 marks the first frame of a compressed message and is set on a Ping frame"),
        row(bytes(Client, "8b 00"), "ReservedOpcode", "5.2", Close(1002),
            "opcode 0xB is reserved"),
        row(bytes(Client, "82 7e0005"), "LengthNotShortest", "5.2", Close(1002),
            "payload length 5 is not in its shortest form"),
        row(bytes(Client, "82 7f8000000000000000"), "LengthTopBitSet", "5.2", Close(1002),
            "the top bit of a 64-bit payload length must be 0"),
        row(bytes(Client, "80 00"), "ContinuationOfNothing", "5.4", Close(1002),
            "a continuation frame came while no message was open"),
        row(bytes(Client, "01 00   81 00"), "MessageInsideMessage", "5.4", Close(1002),
            "a new message began before the open one had ended"),
        row(bytes(Client, "09 00"), "FragmentedControl", "5.5", Close(1002),
            "a Ping frame must not be fragmented"),
        row(bytes(Client, "8a 7e"), "ControlTooLong", "5.5", Close(1002),
            "a Pong frame holds at most 125 bytes"),
        row(bytes(Client, "88 01 03"), "CloseBodyOneByte", "5.5.1", Close(1002),
            "a Close body is empty or has at least the two bytes of a code"),
        row(bytes(Client, "88 02 03ee"), "CloseCodeInvalid", "7.4", Close(1002),
            "close code 1006 must not be sent"),
        row(bytes(Client, "88 03 03e8 ff"), "CloseReasonNotUtf8", "8.1", Close(1007),
            "the reason in a Close frame must be UTF-8"),
        row(silence(), "PongOverdue", "5.5.2", Close(1008),
            "a Ping was not answered in time"),
        // Content and size.
        row(bytes(Client, "81 01 ff"), "TextNotUtf8", "8.1", Close(1007),
            "a text message must be UTF-8"),
        row(compressed_bytes(Config::default(), "c2 01 07"), "DeflateInvalid", "7.2.2", Close(1007),
            "a compressed message is not valid DEFLATE"),
        row(bytes_within(config_with_limits(|limits| limits.max_frame_bytes = 4), Client, "82 05"), "FrameTooBig", "10.4", Close(1009),
            "a frame of 5 bytes is larger than the limit of 4"),
        row(bytes_within(config_with_limits(|limits| limits.max_message_bytes = 4), Client, "82 05"), "MessageTooBig", "10.4",
            Close(1009), "a message is larger than the limit of 4 bytes"),
        row(bytes_within(config_with_limits(|limits| limits.fragments = 1), Client, "01 00 00 00"), "TooManyFragments", "10.4",
            Close(1008), "a message has more than 1 fragments"),
        row(bytes_within(config_with_limits(|limits| limits.max_control_frames_per_second = 0), Client, "8a 00"),
            "TooManyControlFrames", "10.4", Close(1008), "more than 0 control frames within a second"),
    ]
}

// ---- What follows ---------------------------------------------------------------------------------------------------

//= docs/src/rfc6455.md#section-10-7
//= type=test
//# What comes in MUST always be checked, by clients and by servers.
#[test]
fn every_violation_has_bytes_that_cause_it() {
    for row in table() {
        assert_eq!(name_of(&row.violation), row.name);
    }
    // No variant is forgotten: the list is compared with the source, where a new one would be added first.
    let source = include_str!("../../src/violation.rs");
    let (_, body) = source.split_once("pub enum Violation {").unwrap();
    let (body, _) = body.split_once("\n}").unwrap();
    let variants: BTreeSet<&str> = body
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .filter(|line| line.starts_with(|first: char| first.is_ascii_uppercase()))
        .filter_map(|line| line.split(|character: char| !character.is_ascii_alphanumeric()).next())
        .collect();
    let caused: BTreeSet<&str> = table().iter().map(|row| row.name).collect();
    assert_eq!(caused, variants);
}

#[test]
fn every_violation_has_its_section() {
    for row in table() {
        assert_eq!(row.violation.section(), row.section, "{}", row.name);
    }
}

//= docs/src/rfc6455.md#section-7-1-7
//= type=test
//# If the connection was established, an endpoint SHOULD send a Close with a fitting code before it closes.
#[test]
fn every_violation_has_its_answer() {
    for Row { violation, name, told, .. } in table() {
        match told {
            Http(status) => {
                let status = StatusCode::from_u16(status).unwrap();
                assert_eq!(violation.answer(Role::Server), Answer::Refuse(status), "{name}");
                assert_eq!(violation.answer(Role::Client), Answer::Disconnect, "{name}");
                assert_eq!((violation.status(), violation.close_code()), (Some(status), None), "{name}");
            }
            Close(code) => {
                let code = CloseCode(code);
                assert_eq!(violation.answer(Role::Server), Answer::Close(code), "{name}");
                assert_eq!(violation.answer(Role::Client), Answer::Close(code), "{name}");
                assert_eq!((violation.status(), violation.close_code()), (None, Some(code)), "{name}");
            }
        }
    }
}

#[test]
fn every_violation_is_one_sentence_with_its_section() {
    for Row { violation, section, sentence, name, .. } in table() {
        let rfc = violation.rfc();
        assert_eq!(violation.to_string(), format!("{sentence} (RFC {rfc}, section {section})"), "{name}");
    }
}

#[test]
fn rules_about_compression_are_in_another_rfc() {
    let names: Vec<&str> = table().iter().filter(|row| row.violation.rfc() == 7692).map(|row| row.name).collect();
    assert_eq!(names, ["ExtensionConflict", "DeflateAnswerWrong", "CompressedBitMisplaced", "DeflateInvalid"]);
    assert!(table().iter().all(|row| [6455, 7692].contains(&row.violation.rfc())));
}

#[test]
fn every_sentence_about_a_frame_fits_into_a_close() {
    for Row { violation, name, told, .. } in table() {
        if matches!(told, Close(_)) {
            assert!(violation.to_string().len() <= 123, "{name} would be cut");
        }
    }
    // The longest that numbers can make it.
    let longest = [
        Violation::FrameTooBig { length: u64::MAX >> 1, limit: usize::MAX },
        Violation::ReservedBitsSet(0x70),
        Violation::CompressedBitMisplaced(Opcode::Continuation),
        Violation::LengthNotShortest(65_535),
    ];
    for violation in longest {
        assert!(violation.to_string().len() <= 123, "{violation}");
    }
}

//= docs/src/rfc6455.md#section-10-7
//= type=test
//# During the handshake, a server SHOULD answer with a fitting HTTP status.
#[test]
fn a_refusal_can_be_made_of_every_violation() {
    for Row { violation, name, told, .. } in table() {
        let response = rejection(&violation);
        let status = match told {
            Http(status) => status,
            Close(_) => 400, // not of the handshake; if it is asked for all the same, here it is
        };
        assert_eq!(response.status(), status, "{name}");
        let bytes = encode_response(&response);
        assert!(bytes.starts_with(format!("HTTP/1.1 {status} ").as_bytes()), "{name}");
        assert!(bytes.ends_with(format!("\r\n\r\n{violation}\n").as_bytes()), "{name}");
    }
}

#[test]
fn a_client_breaks_off_where_a_server_refuses() {
    // The head's shape is judged by both.
    for bytes in ["HTTP/1.1 101\0\r\n", "HTTP/1.1 101 x\r\nno colon\r\n\r\n"] {
        let Err(HandshakeError::Violation(violation)) = read_response(client_request(), bytes.as_bytes()) else {
            panic!("{bytes:?} is taken")
        };
        assert_eq!(violation.answer(Role::Client), Answer::Disconnect);
    }
}

#[test]
fn what_a_peer_wrote_is_printed_harmlessly() {
    let sentences = [
        Violation::VersionUnsupported(Some("8\r\nX: y\u{1b}[2J".to_owned())).to_string(),
        Violation::AcceptWrong { expected: "a".to_owned(), received: "b\r\n\u{1b}[2J".to_owned() }.to_string(),
        Violation::SubprotocolNotOffered("c\r\n\u{1b}[2J".to_owned()).to_string(),
        compressed_response("permessage-deflate; server_max_window_bits=\"9\\\u{1b}\"").to_string(),
    ];
    for sentence in sentences {
        assert!(!sentence.contains(['\r', '\n', '\u{1b}']), "{sentence:?}");
    }
}
