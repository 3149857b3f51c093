//! Every rule that a peer can break, broken as a peer would break it. Each violation has a
//! sentence, and the status or close code that answers it. It also names a section, unless the rule
//! is a limit.

use std::collections::BTreeSet;

use http::StatusCode;
use protocol::{
    CloseCode, Config, DeflateOptions, HandshakeViolation, KeepAlive, Limits, Role, Violation,
    frame::Opcode,
    handshake::{HandshakeError, ReceivedRequest, encode_response, rejection},
};
use testkit::{
    deflate::negotiate,
    duration::secs,
    endpoint::TestEndpoint,
    handshake::{check_request, check_response, client_request, read_request_within, read_response},
    hex::hex,
    http_head::HeadBuilder,
    observed::Observed,
};

// ---- How each rule is broken --------------------------------------------------------------------

/// Returns the violation that a server finds in a request.
#[track_caller]
fn in_request(head: &HeadBuilder) -> HandshakeViolation {
    check_request(head).map(|_| "accepted").unwrap_err()
}

/// Returns the violation that a server with these limits finds in a request head.
#[track_caller]
fn in_request_within(limits: Limits, head: &HeadBuilder) -> HandshakeViolation {
    read_request_within(limits, &head.bytes()).map(|_| "read").unwrap_err()
}

/// Returns the violation that a server finds in an HTTP/2 request with this `:protocol`, method and
/// target, and with one more header field if `header` is not empty.
#[track_caller]
fn in_http2(protocol: Option<&str>, method: &str, target: &str, header: &str) -> HandshakeViolation {
    let mut request = http::Request::builder().version(http::Version::HTTP_2).method(method).uri(target);
    if !header.is_empty() {
        request = request.header(header, "x");
    }
    let mut received = ReceivedRequest::from_head(&request.body(()).unwrap());
    if let Some(protocol) = protocol {
        received = received.with_protocol(protocol);
    }
    received.check_upgrade().map(|_| "accepted").unwrap_err()
}

/// Returns the violation that a client that offered the subprotocol `chat` finds in a response.
#[track_caller]
fn in_response(head: &HeadBuilder) -> HandshakeViolation {
    let request = client_request().subprotocol("chat").unwrap();
    check_response(request, head).map(|_| "accepted").unwrap_err()
}

/// Returns the violation that a client that offered permessage-deflate finds in a server's answer.
#[track_caller]
fn in_extensions(extensions: &str) -> HandshakeViolation {
    let head = HeadBuilder::response().with(format!("Sec-WebSocket-Extensions: {extensions}"));
    check_response(client_request().deflate(DeflateOptions::DEFAULT), &head).map(|_| "accepted").unwrap_err()
}

/// Returns the violation that this endpoint finds in these bytes.
#[track_caller]
fn found_by(mut endpoint: TestEndpoint, bytes: &str) -> Violation {
    match endpoint.receive_bytes(&hex(bytes)).pop() {
        Some(Observed::Violation(violation)) => violation,
        other => panic!("{bytes} breaks no rule: {other:?}"),
    }
}

/// Returns the violation that a client with the default configuration finds in these bytes.
#[track_caller]
fn in_frames(bytes: &str) -> Violation {
    found_by(TestEndpoint::client(), bytes)
}

/// Returns the violation that a client with these limits finds in these bytes.
#[track_caller]
fn in_frames_within(limits: Limits, bytes: &str) -> Violation {
    found_by(TestEndpoint::new(Role::Client, Config::DEFAULT.limits(limits)), bytes)
}

/// Returns the violation that a client that negotiated compression finds in these bytes.
#[track_caller]
fn in_compressed_frames(bytes: &str) -> Violation {
    let negotiated = negotiate(&DeflateOptions::DEFAULT, &DeflateOptions::DEFAULT).client;
    found_by(TestEndpoint::client().with_deflate(&negotiated), bytes)
}

/// Returns the violation that a server reports when its Ping is not answered.
#[track_caller]
fn in_silence() -> Violation {
    let config = Config::DEFAULT.keep_alive(KeepAlive { interval: secs(1), timeout: secs(1) });
    match &TestEndpoint::new(Role::Server, config).advance(secs(2))[..] {
        [Observed::Violation(violation)] => violation.clone(),
        other => panic!("the silence breaks no rule: {other:?}"),
    }
}

/// Returns the violation that a server reports when a message does not end.
#[track_caller]
fn in_slowness() -> Violation {
    let mut endpoint = TestEndpoint::server();
    assert_eq!(endpoint.receive(&["01 01 61"]), []);
    match &endpoint.advance(secs(60))[..] {
        [Observed::Violation(violation)] => violation.clone(),
        other => panic!("the slowness breaks no rule: {other:?}"),
    }
}

// ---- The tables ---------------------------------------------------------------------------------

/// The section that a violation names, as the numbers of the RFC and of the section, or `None` for
/// a limit.
type ExpectedSection = Option<(u16, &'static str)>;

struct HandshakeRow {
    violation: HandshakeViolation,
    name: &'static str,
    section: ExpectedSection,
    status: u16,
    sentence: &'static str,
}

struct FrameRow {
    violation: Violation,
    name: &'static str,
    section: ExpectedSection,
    close_code: u16,
    sentence: &'static str,
}

const fn rfc6455(section: &'static str) -> ExpectedSection {
    Some((6455, section))
}

const fn rfc7692(section: &'static str) -> ExpectedSection {
    Some((7692, section))
}

const fn rfc8441(section: &'static str) -> ExpectedSection {
    Some((8441, section))
}

const LIMIT: ExpectedSection = None;

/// Every variant of [`HandshakeViolation`], caused as a peer would cause it, with the section,
/// status and sentence that it must have.
#[rustfmt::skip]
fn handshake_table() -> Vec<HandshakeRow> {
    let row = |violation, name, section, status, sentence| HandshakeRow { violation, name, section, status, sentence };
    let (q, r) = (HeadBuilder::request, HeadBuilder::response);
    vec![
        // Both heads.
        row(in_request(&q().first_line("GET / HTTP/3")), "MalformedHead", rfc6455("4.2.1"), 400,
            "this is not an HTTP/1.1 head: invalid HTTP version"),
        row(in_request_within(Limits::DEFAULT.max_head_bytes(100), &q()), "HeadTooLong", LIMIT, 431,
            "the HTTP head is longer than 100 bytes"),
        row(in_request_within(Limits::DEFAULT.max_headers(4), &q()), "TooManyHeaders", LIMIT, 431,
            "the HTTP head has more than 4 header lines"),
        row(in_request(&q().first_line("GET / HTTP/1.0")), "HttpVersionTooOld", Some((9110, "7.8")), 400,
            "the handshake needs HTTP/1.1 or later"),
        row(in_request(&q().without("Upgrade")), "UpgradeMissing", rfc6455("4.2.1"), 426,
            "the header 'Upgrade: websocket' is missing"),
        row(in_request(&q().without("Connection")), "ConnectionWithoutUpgrade", rfc6455("4.2.1"), 400,
            "the header Connection does not list 'Upgrade'"),
        row(in_request(&q().with("Sec-WebSocket-Extensions: a;")), "ExtensionsMalformed", rfc6455("9.1"), 400,
            "Sec-WebSocket-Extensions is malformed"),
        row(in_request(&q().with("Sec-WebSocket-Protocol: a b")), "SubprotocolMalformed", rfc6455("4.3"), 400,
            "Sec-WebSocket-Protocol is malformed"),
        // The request.
        row(in_request(&q().first_line("POST / HTTP/1.1")), "MethodNotGet", rfc6455("4.2.1"), 405,
            "the method must be GET, not POST"),
        row(in_request(&q().first_line("GET * HTTP/1.1")), "TargetMalformed", rfc6455("4.2.1"), 400,
            "the request target is neither a path nor an http or https URI, or it has a fragment"),
        row(in_request(&q().with("Content-Length: 1")), "RequestWithBody", LIMIT, 400,
            "the request announces a body, which an upgrade cannot have"),
        row(in_request(&q().without("Host")), "HostNotOnce", rfc6455("4.2.1"), 400,
            "exactly one Host header is required"),
        row(in_request(&q().set("Host", "a b")), "HostMalformed", Some((9112, "3.2")), 400,
            "Host must be a host, or a host and a port, and not 'a b'"),
        row(in_request(&q().without("Sec-WebSocket-Key")), "KeyNotOnce", rfc6455("11.3.1"), 400,
            "exactly one Sec-WebSocket-Key header is required"),
        row(in_request(&q().set("Sec-WebSocket-Key", "x")), "KeyMalformed", rfc6455("4.2.1"), 400,
            "Sec-WebSocket-Key must be the Base64 of 16 bytes"),
        row(in_request(&q().with("Sec-WebSocket-Version: 13")), "VersionRepeated", rfc6455("11.3.5"), 400,
            "only one Sec-WebSocket-Version header is allowed"),
        row(in_request(&q().without("Sec-WebSocket-Version")), "VersionUnsupported", rfc6455("4.2.2"), 426,
            "Sec-WebSocket-Version is missing; 13 is supported"),
        row(in_request(&q().set("Sec-WebSocket-Version", "8")), "VersionUnsupported", rfc6455("4.2.2"), 426,
            "version '8' is not supported; 13 is"),
        row(in_request(&q().with("Sec-WebSocket-Protocol: a, a")), "SubprotocolRepeated", rfc6455("4.1"), 400,
            "the subprotocol 'a' is named twice"),
        // The request in HTTP/2.
        row(in_http2(None, "CONNECT", "http://a/", ""), "ProtocolMissing", rfc8441("5"), 400,
            "a WebSocket in HTTP/2 needs a CONNECT request with ':protocol' = 'websocket'"),
        row(in_http2(Some("x"), "CONNECT", "http://a/", ""), "ProtocolNotWebsocket", rfc8441("5"), 501,
            ":protocol must be 'websocket', not 'x'"),
        row(in_http2(Some("websocket"), "GET", "http://a/", ""), "MethodNotConnect", rfc8441("4"), 400,
            "a request with :protocol must be CONNECT, not GET"),
        row(in_http2(Some("websocket"), "CONNECT", "/", ""), "PseudoHeaderMissing", rfc8441("4"), 400,
            "a request with :protocol needs :scheme"),
        row(in_http2(Some("websocket"), "CONNECT", "http://a/", "upgrade"), "HeaderOfHttp1", rfc8441("5"), 400,
            "HTTP/2 has no header 'upgrade'"),
        // The response.
        row(in_response(&r().set("Upgrade", "h2c")), "UpgradeToSomethingElse", rfc6455("4.1"), 400,
            "the header Upgrade must be 'websocket' and nothing else"),
        row(in_response(&r().without("Sec-WebSocket-Accept")), "AcceptNotOnce", rfc6455("11.3.3"), 400,
            "exactly one Sec-WebSocket-Accept header is required"),
        row(in_response(&r().set("Sec-WebSocket-Accept", "x")), "AcceptWrong", rfc6455("4.1"), 400,
            "Sec-WebSocket-Accept is 'x' instead of 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='"),
        row(in_response(&r().with("Sec-WebSocket-Protocol: x")), "SubprotocolNotOffered", rfc6455("4.1"), 400,
            "the server chose the subprotocol 'x', which was not offered"),
        row(in_response(&r().with("Sec-WebSocket-Extensions: x")), "ExtensionNotOffered", rfc6455("4.1"), 400,
            "the server accepted the extension 'x', which was not offered"),
        row(in_extensions("permessage-deflate, permessage-deflate"), "ExtensionConflict", rfc7692("5"), 400,
            "the server accepted the extension 'permessage-deflate' in addition to another one that uses RSV1"),
        row(in_extensions("permessage-deflate; x"), "DeflateAnswerWrong", rfc7692("7"), 400,
            "the server's answer on permessage-deflate is wrong: the parameter 'x' is unknown"),
    ]
}

/// Every variant of [`Violation`], caused as a peer would cause it, with the section, close code
/// and sentence that it must have.
#[rustfmt::skip]
fn frame_table() -> Vec<FrameRow> {
    let row = |violation, name, section, close_code, sentence| {
        FrameRow { violation, name, section, close_code, sentence }
    };
    let limits = || Limits::DEFAULT;
    vec![
        // Frames.
        row(found_by(TestEndpoint::server(), "81 05 48656c6c6f"), "UnmaskedFrame", rfc6455("5.1"), 1002,
            "a client's frames must be masked"),
        row(in_frames("81 85 37fa213d 7f9f4d5158"), "MaskedFrame", rfc6455("5.1"), 1002,
            "a server's frames must not be masked"),
        row(in_frames("c1 00"), "ReservedBitsSet", rfc6455("5.2"), 1002,
            "reserved bits are set that no extension uses: RSV1"),
        row(in_compressed_frames("c9 00"), "CompressedBitMisplaced", rfc7692("6.1"), 1002,
            "RSV1 marks the first frame of a compressed message and is set on a Ping frame"),
        row(in_frames("8b 00"), "ReservedOpcode", rfc6455("5.2"), 1002,
            "opcode 0xB is reserved"),
        row(in_frames("82 7e0005"), "LengthNotShortest", rfc6455("5.2"), 1002,
            "payload length 5 is not in its shortest form"),
        row(in_frames("82 7f8000000000000000"), "LengthTopBitSet", rfc6455("5.2"), 1002,
            "the top bit of a 64-bit payload length must be 0"),
        row(in_frames("80 00"), "ContinuationOfNothing", rfc6455("5.4"), 1002,
            "a continuation frame came while no message was open"),
        row(in_frames("01 00   81 00"), "MessageInsideMessage", rfc6455("5.4"), 1002,
            "a new message began before the open one had ended"),
        row(in_frames("09 00"), "FragmentedControl", rfc6455("5.5"), 1002,
            "a Ping frame must not be fragmented"),
        row(in_frames("8a 7e"), "ControlTooLong", rfc6455("5.5"), 1002,
            "a Pong frame holds at most 125 bytes"),
        row(in_frames("88 01 03"), "CloseBodyOneByte", rfc6455("5.5.1"), 1002,
            "a Close body is empty or has at least the two bytes of a code"),
        row(in_frames("88 02 03ee"), "CloseCodeInvalid", rfc6455("7.4"), 1002,
            "close code 1006 must not be sent"),
        row(in_frames("88 03 03e8 ff"), "CloseReasonNotUtf8", rfc6455("8.1"), 1007,
            "the reason in a Close frame must be UTF-8"),
        row(in_silence(), "PongOverdue", LIMIT, 1008,
            "a Ping was not answered in time"),
        // Content and size.
        row(in_frames("81 01 ff"), "TextNotUtf8", rfc6455("8.1"), 1007,
            "a text message must be UTF-8"),
        row(in_compressed_frames("c2 01 07"), "DeflateInvalid", rfc7692("7.2.2"), 1007,
            "a compressed message is not valid DEFLATE"),
        row(in_frames_within(limits().max_frame_bytes(4), "82 05"), "FrameTooBig", rfc6455("10.4"), 1009,
            "a frame of 5 bytes is larger than the limit of 4"),
        row(in_frames_within(limits().max_message_bytes(4), "82 05"), "MessageTooBig", rfc6455("10.4"), 1009,
            "a message is larger than the limit of 4 bytes"),
        row(in_frames_within(limits().max_fragments(1), "01 00 00 00"), "TooManyFragments", LIMIT, 1008,
            "a message has more than 1 fragments"),
        row(in_frames_within(limits().max_control_frames_per_second(0), "8a 00"), "TooManyControlFrames", LIMIT, 1008,
            "more than 0 control frames within a second"),
        row(in_slowness(), "MessageTooSlow", LIMIT, 1008,
            "a message arrives too slowly: 1 bytes of it in 60.0 s"),
    ]
}

// ---- The tables are complete --------------------------------------------------------------------

/// Returns the name of an enum's variant.
fn variant_name(violation: &impl std::fmt::Debug) -> String {
    let debug = format!("{violation:?}");
    debug.split(['(', ' ']).next().unwrap_or_default().to_owned()
}

/// Returns the names of an enum's variants, read from its source. This includes any new variant
/// that is still missing from the table.
fn variants_in<'a>(source: &'a str, declaration: &str) -> BTreeSet<&'a str> {
    let (_, body) = source.split_once(declaration).unwrap();
    let (body, _) = body.split_once("\n}").unwrap();
    body.lines()
        .filter_map(|line| line.strip_prefix("    "))
        .filter(|line| line.starts_with(|first: char| first.is_ascii_uppercase()))
        .filter_map(|line| line.split(|character: char| !character.is_ascii_alphanumeric()).next())
        .collect()
}

//= docs/src/rfc6455.md#section-10-7
//= type=test
//# Clients and servers MUST always validate incoming data.
#[test]
fn every_violation_has_bytes_that_cause_it() {
    let (handshake, frames) = (handshake_table(), frame_table());
    for row in &handshake {
        assert_eq!(variant_name(&row.violation), row.name);
    }
    for row in &frames {
        assert_eq!(variant_name(&row.violation), row.name);
    }
    assert_eq!(
        handshake.iter().map(|row| row.name).collect::<BTreeSet<_>>(),
        variants_in(include_str!("../../src/handshake/violation.rs"), "pub enum HandshakeViolation {")
    );
    assert_eq!(
        frames.iter().map(|row| row.name).collect::<BTreeSet<_>>(),
        variants_in(include_str!("../../src/violation.rs"), "pub enum Violation {")
    );
}

// ---- Sections and sentences ---------------------------------------------------------------------

#[test]
fn every_violation_has_its_section() {
    for HandshakeRow { violation, name, section, .. } in handshake_table() {
        assert_eq!(violation.section().map(|found| (found.rfc, found.section)), section, "{name}");
    }
    for FrameRow { violation, name, section, .. } in frame_table() {
        assert_eq!(violation.section().map(|found| (found.rfc, found.section)), section, "{name}");
    }
}

#[test]
fn rules_of_compression_and_of_http_2_are_in_their_rfcs_and_two_rules_are_in_those_of_http() {
    let handshake = handshake_table().into_iter().map(|row| (row.violation.section(), row.name));
    let frames = frame_table().into_iter().map(|row| (row.violation.section(), row.name));
    let (mut of_rfc7692, mut of_rfc8441) = (Vec::new(), Vec::new());
    for (section, name) in handshake.chain(frames) {
        match section.map(|section| section.rfc) {
            None | Some(6455) => {}
            Some(7692) => of_rfc7692.push(name),
            Some(8441) => of_rfc8441.push(name),
            Some(9110) => assert_eq!(name, "HttpVersionTooOld"),
            Some(9112) => assert_eq!(name, "HostMalformed"),
            Some(other) => panic!("{name} is a rule of RFC {other}"),
        }
    }
    assert_eq!(of_rfc7692, ["ExtensionConflict", "DeflateAnswerWrong", "CompressedBitMisplaced", "DeflateInvalid"]);
    let expected =
        ["ProtocolMissing", "ProtocolNotWebsocket", "MethodNotConnect", "PseudoHeaderMissing", "HeaderOfHttp1"];
    assert_eq!(of_rfc8441, expected);
}

/// Returns `sentence`, followed by the rule's section or by a note that the rule is a limit.
fn with_reference(sentence: &str, section: ExpectedSection) -> String {
    match section {
        Some((rfc, section)) => format!("{sentence} (RFC {rfc}, section {section})"),
        None => format!("{sentence} (a limit of this endpoint)"),
    }
}

#[test]
fn every_violation_is_printed_as_one_sentence_with_its_section() {
    for HandshakeRow { violation, section, sentence, name, .. } in handshake_table() {
        assert_eq!(violation.to_string(), with_reference(sentence, section), "{name}");
    }
    for FrameRow { violation, section, sentence, name, .. } in frame_table() {
        assert_eq!(violation.to_string(), with_reference(sentence, section), "{name}");
    }
}

#[test]
fn a_peers_control_characters_are_escaped_in_the_sentence() {
    let sentences = [
        HandshakeViolation::VersionUnsupported(Some("8\r\nX: y\u{1b}[2J".to_owned())).to_string(),
        HandshakeViolation::AcceptWrong { expected: "a".to_owned(), received: "b\r\n\u{1b}[2J".to_owned() }.to_string(),
        HandshakeViolation::SubprotocolNotOffered("c\r\n\u{1b}[2J".to_owned()).to_string(),
        in_extensions("permessage-deflate; server_max_window_bits=\"9\\\u{1b}\"").to_string(),
    ];
    for sentence in sentences {
        assert!(!sentence.contains(['\r', '\n', '\u{1b}']), "{sentence:?}");
    }
}

// ---- The answers --------------------------------------------------------------------------------

//= docs/src/rfc6455.md#section-7-1-7
//= type=test
//# If the connection is established, an endpoint that fails it SHOULD first send a Close frame with
//# an appropriate status code.
#[test]
fn every_violation_has_a_status_or_a_close_code() {
    for HandshakeRow { violation, name, status, .. } in handshake_table() {
        assert_eq!(violation.status(), StatusCode::from_u16(status).unwrap(), "{name}");
    }
    for FrameRow { violation, name, close_code, .. } in frame_table() {
        assert_eq!(violation.close_code(), CloseCode(close_code), "{name}");
    }
}

#[test]
fn every_sentence_about_a_frame_fits_into_a_close() {
    for FrameRow { violation, name, .. } in frame_table() {
        assert!(violation.to_string().len() <= 123, "{name} would be truncated");
    }
    // The largest numbers make the longest sentences.
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
//# During the handshake, a server SHOULD respond with an appropriate HTTP status.
#[test]
fn a_rejection_carries_the_status_and_the_sentence_of_its_violation() {
    for HandshakeRow { violation, name, status, .. } in handshake_table() {
        let response = rejection(&violation);
        assert_eq!(response.status(), status, "{name}");
        let bytes = encode_response(&response);
        assert!(bytes.starts_with(format!("HTTP/1.1 {status} ").as_bytes()), "{name}");
        assert!(bytes.ends_with(format!("\r\n\r\n{violation}\n").as_bytes()), "{name}");
    }
}

#[test]
fn a_malformed_response_ends_a_clients_handshake() {
    // The client and the server parse heads by the same rules. A client cannot answer with a
    // status, so it drops the connection instead.
    for bytes in ["HTTP/1.1 101\0\r\n", "HTTP/1.1 101 x\r\nno colon\r\n\r\n"] {
        let Err(HandshakeError::Violation(violation)) = read_response(client_request(), bytes.as_bytes()) else {
            panic!("{bytes:?} is accepted")
        };
        assert!(matches!(violation, HandshakeViolation::MalformedHead(_)), "{violation}");
    }
}
