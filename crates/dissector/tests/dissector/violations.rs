//! Every rule that bytes can break: it is reported at the bytes that break it, and they are
//! dissected all the same.

use std::ops::Range;

use dissector::{
    BrokenRule, Conversation,
    Direction::{ToClient, ToServer},
    Options, Record, RecordKind,
};
use protocol::{
    CloseCode, HandshakeViolation, Limits, RfcSection, Violation,
    frame::{LengthForm, Opcode},
};

use crate::common::{
    KEY, REQUEST, RESPONSE, after_handshake, dissect, dissect_with, field, frame_with_form, from_client, from_server,
    handshake_violation, masked, number, replaced, rules, unmasked, violations, with_line,
};

/// Asserts that only the last record breaks a rule, and the bytes that break it.
#[track_caller]
fn assert_broken(records: &[Record], rule: &BrokenRule, range: Range<u64>) {
    let (last, others) = records.split_last().expect("there is a record");
    let found: Vec<_> = last.findings.iter().map(|finding| (&finding.rule, finding.range.clone())).collect();
    assert_eq!(found, [(rule, range)], "{}", last.summary);
    for record in others {
        assert_eq!(record.findings, [], "{}", record.summary);
    }
}

#[test]
fn rules_of_every_frame() {
    let code = |code| Violation::CloseCodeInvalid(CloseCode(code));
    let five_in = |form| frame_with_form(0x82, b"Hello", Some(KEY), form);
    for (name, frame, violation, range) in [
        ("RSV1", masked(0xC1, b"x"), Violation::ReservedBitsSet(0x40), 0..1),
        ("RSV2 and RSV3", masked(0xB2, b"x"), Violation::ReservedBitsSet(0x30), 0..1),
        ("opcode 3", masked(0x83, b"x"), Violation::ReservedOpcode(0x3), 0..1),
        ("opcode B", masked(0x8B, b"x"), Violation::ReservedOpcode(0xB), 0..1),
        ("5 in 16 bits", five_in(LengthForm::Sixteen), Violation::LengthNotShortest(5), 1..4),
        ("5 in 64 bits", five_in(LengthForm::SixtyFour), Violation::LengthNotShortest(5), 1..10),
        ("a Ping without FIN", masked(0x09, b"x"), Violation::FragmentedControl(Opcode::Ping), 0..1),
        ("a Ping of 126 bytes", masked(0x89, &[0; 126]), Violation::ControlTooLong(Opcode::Ping), 1..4),
        ("no mask", unmasked(0x81, b"x"), Violation::UnmaskedFrame, 1..2),
        ("continuation", masked(0x80, b"x"), Violation::ContinuationOfNothing, 0..1),
        ("half a code", masked(0x88, b"\x03"), Violation::CloseBodyOneByte, 6..7),
        ("code 1005", masked(0x88, b"\x03\xED"), code(1005), 6..8),
        ("code 0", masked(0x88, b"\x00\x00why"), code(0), 6..8),
        ("a reason in Latin-1", masked(0x88, b"\x03\xE8gr\xFC\xDFe"), Violation::CloseReasonNotUtf8, 8..13),
        ("FF in a text", masked(0x81, b"ab\xFFcd"), Violation::TextNotUtf8, 8..9),
        ("half a character", masked(0x81, b"ab\xE2\x82"), Violation::TextNotUtf8, 9..10),
    ] {
        let record = from_client(frame.clone());
        assert_eq!((record.complete, record.length), (true, frame.len() as u64), "{name}");
        assert_broken(&[record], &BrokenRule::Violation(violation), range);
    }
    let record = from_server(masked(0x81, b"x"));
    assert_broken(&[record], &BrokenRule::Violation(Violation::MaskedFrame), 1..2);
}

#[test]
fn a_frame_whose_length_has_the_top_bit_set_is_dissected_as_far_as_it_has_arrived() {
    let wire = [0x82, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, b'a', b'b'];
    let record = from_server(wire.to_vec());
    assert_eq!((record.complete, record.length), (false, 12));
    assert_eq!(field(&record, "websocket.payload_length_ext_64").value, number(u64::MAX));
    let too_big = Violation::FrameTooBig { length: u64::MAX, limit: Limits::DEFAULT.max_frame_bytes };
    assert_eq!(violations(&record), [Violation::LengthTopBitSet(u64::MAX), too_big]);
}

#[test]
fn all_rules_that_one_header_breaks_are_reported() {
    // FIN missing, all reserved bits set, opcode A, no mask, and a length of 5 in 64 bits.
    let record = from_client(frame_with_form(0x7A, b"Hello", None, LengthForm::SixtyFour));
    assert_eq!(
        violations(&record),
        [
            Violation::ReservedBitsSet(0x70),
            Violation::FragmentedControl(Opcode::Pong),
            Violation::ControlTooLong(Opcode::Pong),
            Violation::LengthNotShortest(5),
            Violation::UnmaskedFrame,
        ]
    );
}

#[test]
fn rules_between_frames() {
    let violation = BrokenRule::Violation;
    for (rule, frames, range) in [
        (violation(Violation::MessageInsideMessage), [masked(0x01, b"a"), masked(0x81, b"b")], 0..1),
        (violation(Violation::MessageInsideMessage), [masked(0x02, b"a"), masked(0x01, b"b")], 0..1),
        (violation(Violation::ContinuationOfNothing), [masked(0x81, b"a"), masked(0x80, b"b")], 0..1),
        (violation(Violation::TextNotUtf8), [masked(0x01, b"\xE2\x82"), masked(0x80, b"(")], 6..7),
        (violation(Violation::TextNotUtf8), [masked(0x01, b"\xE2"), masked(0x80, b"")], 5..6),
        (BrokenRule::AfterClose, [masked(0x88, b""), masked(0x81, b"b")], 0..6),
        (BrokenRule::AfterClose, [masked(0x88, b"\x03\xE8"), masked(0x88, b"\x03\xE8")], 0..6),
    ] {
        assert_broken(&after_handshake(&frames.map(|frame| (ToServer, frame))), &rule, range);
    }
}

#[test]
fn an_invalid_text_is_reported_once_and_the_next_one_is_validated_again() {
    let frames = [masked(0x01, b"\xFF"), masked(0x00, b"\xFF"), masked(0x80, b"\xFF"), masked(0x81, b"\xFF")];
    let records = after_handshake(&[(ToServer, frames.concat())]);
    let found: Vec<_> = records.iter().map(violations).collect();
    assert_eq!(found, [vec![Violation::TextNotUtf8], vec![], vec![], vec![Violation::TextNotUtf8]]);
}

#[test]
fn the_limits_are_those_of_the_options() {
    let limits = Limits::DEFAULT.max_frame_bytes(10).max_message_bytes(15).max_fragments(2);
    let options = Options { limits, ..Options::default() };
    for (violation, frames, range) in [
        (Violation::FrameTooBig { length: 11, limit: 10 }, vec![masked(0x82, &[0; 11])], 1..2),
        (Violation::MessageTooBig { limit: 15 }, vec![masked(0x02, &[0; 10]), masked(0x80, &[0; 6])], 1..2),
        (Violation::TooManyFragments { limit: 2 }, vec![masked(0x02, b""), masked(0x00, b""), masked(0x80, b"")], 0..1),
    ] {
        let pieces: Vec<_> = frames.into_iter().map(|frame| (ToServer, frame)).collect();
        let records = dissect_with(Conversation::after_handshake(options.clone()), &pieces);
        assert_broken(&records, &BrokenRule::Violation(violation), range);
    }
}

/// The part of a head that breaks a rule.
#[derive(Debug, Clone, Copy)]
enum At {
    /// A part of the first line.
    FirstLine(&'static str),
    /// The line that begins with this text.
    Line(&'static str),
    /// The empty line: a line is missing.
    EndOfHead,
}

impl At {
    #[track_caller]
    fn range(self, head: &str) -> Range<u64> {
        let find = |text: &str| head.find(text).unwrap_or_else(|| panic!("the head does not contain {text}"));
        let range = match self {
            Self::FirstLine(part) => find(part)..find(part) + part.len(),
            Self::Line(beginning) => {
                let start = find(beginning);
                start..start + head[start..].find('\n').expect("every line ends") + 1
            }
            Self::EndOfHead => head.len() - 2..head.len(),
        };
        range.start as u64..range.end as u64
    }
}

/// A test whether a violation is the expected one. Some hold a text, which is not compared.
type Expected = fn(&HandshakeViolation) -> bool;

/// Returns a closure that recognizes a violation by a pattern.
macro_rules! violation {
    ($pattern:pat $(if $guard:expr)?) => {
        (|violation| matches!(violation, $pattern $(if $guard)?)) as Expected
    };
}

/// Asserts that the last record breaks one rule, in this part of `head`.
#[track_caller]
fn assert_broken_head(records: &[Record], is_expected: Expected, head: &str, at: At) {
    let last = records.last().expect("there is a record");
    let violation = handshake_violation(last);
    assert!(is_expected(&violation), "{at:?}: {violation:?}");
    assert_broken(records, &BrokenRule::Handshake(violation), at.range(head));
}

#[test]
fn rules_of_the_request() {
    use At::{EndOfHead, FirstLine, Line};
    let without = |line: &str| replaced(REQUEST, line, "");
    for (is_expected, head, at) in [
        (
            violation!(HandshakeViolation::HttpVersionTooOld),
            replaced(REQUEST, "HTTP/1.1", "HTTP/1.0"),
            FirstLine("HTTP/1.0"),
        ),
        (
            violation!(HandshakeViolation::MethodNotGet(method) if method == "POST"),
            replaced(REQUEST, "GET", "POST"),
            FirstLine("POST"),
        ),
        (violation!(HandshakeViolation::TargetMalformed), replaced(REQUEST, "/chat", "/chat#x"), FirstLine("/chat#x")),
        (violation!(HandshakeViolation::UpgradeMissing), without("Upgrade: websocket\r\n"), EndOfHead),
        (violation!(HandshakeViolation::UpgradeMissing), replaced(REQUEST, "websocket", "h2c"), Line("Upgrade: h2c")),
        (
            violation!(HandshakeViolation::ConnectionWithoutUpgrade),
            replaced(REQUEST, "Connection: Upgrade", "Connection: close"),
            Line("Connection"),
        ),
        (violation!(HandshakeViolation::HostNotOnce), without("Host: server.example.com\r\n"), EndOfHead),
        (
            violation!(HandshakeViolation::KeyNotOnce),
            without("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"),
            EndOfHead,
        ),
        (
            violation!(HandshakeViolation::KeyMalformed),
            replaced(REQUEST, "dGhlIHNhbXBsZSBub25jZQ==", "short"),
            Line("Sec-WebSocket-Key"),
        ),
        (
            violation!(HandshakeViolation::VersionUnsupported(Some(version)) if version == "8"),
            replaced(REQUEST, "13", "8"),
            Line("Sec-WebSocket-Version"),
        ),
        (
            violation!(HandshakeViolation::VersionRepeated),
            with_line(REQUEST, "sec-websocket-version: 13"),
            Line("sec-websocket-version"),
        ),
        (
            violation!(HandshakeViolation::RequestWithBody),
            with_line(REQUEST, "Content-Length: 5"),
            Line("Content-Length"),
        ),
        (
            violation!(HandshakeViolation::ExtensionsMalformed),
            with_line(REQUEST, "Sec-WebSocket-Extensions: ;"),
            Line("Sec-WebSocket-Extensions"),
        ),
        (
            violation!(HandshakeViolation::SubprotocolMalformed),
            with_line(REQUEST, "Sec-WebSocket-Protocol: a b"),
            Line("Sec-WebSocket-Protocol"),
        ),
        (
            violation!(HandshakeViolation::SubprotocolRepeated(name) if name == "a"),
            with_line(REQUEST, "Sec-WebSocket-Protocol: a, a"),
            Line("Sec-WebSocket-Protocol"),
        ),
        (violation!(HandshakeViolation::MalformedHead(_)), with_line(REQUEST, "no header"), Line("no header")),
    ] {
        let records = dissect(&[(ToServer, head.clone().into_bytes())]);
        assert_eq!((records[0].kind, records[0].bytes.as_slice()), (RecordKind::Request, head.as_bytes()), "{at:?}");
        assert_broken_head(&records[..1], is_expected, &head, at);
    }
}

#[test]
fn rules_of_the_response() {
    use At::{EndOfHead, FirstLine, Line};
    let without = |line: &str| replaced(RESPONSE, line, "");
    for (is_expected, head, at) in [
        (
            violation!(HandshakeViolation::HttpVersionTooOld),
            replaced(RESPONSE, "HTTP/1.1", "HTTP/1.0"),
            FirstLine("HTTP/1.0"),
        ),
        (violation!(HandshakeViolation::UpgradeMissing), without("Upgrade: websocket\r\n"), EndOfHead),
        (
            violation!(HandshakeViolation::UpgradeToSomethingElse),
            replaced(RESPONSE, "websocket", "h2c"),
            Line("Upgrade: h2c"),
        ),
        (
            violation!(HandshakeViolation::ConnectionWithoutUpgrade),
            replaced(RESPONSE, "Connection: Upgrade", "Connection: close"),
            Line("Connection"),
        ),
        (
            violation!(HandshakeViolation::AcceptNotOnce),
            without("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"),
            EndOfHead,
        ),
        (
            violation!(HandshakeViolation::AcceptWrong { expected, received }
                if expected == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" && received == "S3PPLMBiTxaQ9kYGzzhZRbK+xOo="),
            replaced(RESPONSE, "s3p", "S3P"),
            Line("Sec-WebSocket-Accept"),
        ),
        (
            violation!(HandshakeViolation::SubprotocolNotOffered(name) if name == "c"),
            with_line(RESPONSE, "Sec-WebSocket-Protocol: c"),
            Line("Sec-WebSocket-Protocol"),
        ),
        (
            violation!(HandshakeViolation::SubprotocolMalformed),
            with_line(RESPONSE, "Sec-WebSocket-Protocol: a, b"),
            Line("Sec-WebSocket-Protocol"),
        ),
        (
            violation!(HandshakeViolation::ExtensionNotOffered(name) if name == "x"),
            with_line(RESPONSE, "Sec-WebSocket-Extensions: x"),
            Line("Sec-WebSocket-Extensions"),
        ),
        (
            violation!(HandshakeViolation::ExtensionsMalformed),
            with_line(RESPONSE, "Sec-WebSocket-Extensions: ;"),
            Line("Sec-WebSocket-Extensions"),
        ),
        (violation!(HandshakeViolation::MalformedHead(_)), with_line(RESPONSE, "no header"), Line("no header")),
    ] {
        let request = with_line(REQUEST, "Sec-WebSocket-Protocol: a, b");
        let records = dissect(&[(ToServer, request.into_bytes()), (ToClient, head.clone().into_bytes())]);
        assert_eq!((records[1].kind, records[1].bytes.as_slice()), (RecordKind::Response, head.as_bytes()), "{at:?}");
        assert_broken_head(&records[..2], is_expected, &head, at);
    }
}

#[test]
fn an_offered_subprotocol_and_extension_may_be_accepted() {
    let offer = "Sec-WebSocket-Protocol: a, b\r\nSec-WebSocket-Extensions: x, y; z=1";
    let accepted = "Sec-WebSocket-Protocol: b\r\nSec-WebSocket-Extensions: y";
    let records = dissect(&[
        (ToServer, with_line(REQUEST, offer).into_bytes()),
        (ToClient, with_line(RESPONSE, accepted).into_bytes()),
    ]);
    assert!(records.iter().all(|record| record.findings.is_empty()), "{records:?}");
}

#[test]
fn a_head_has_a_limit() {
    let limits = Limits::DEFAULT.max_head_bytes(200).max_headers(8);
    let options = Options { limits, ..Options::default() };
    for (direction, head) in [(ToServer, REQUEST), (ToClient, RESPONSE)] {
        let conversation = || Conversation::new(options.clone());
        let long = with_line(head, &format!("X: {}", "y".repeat(1000)));
        let records = dissect_with(conversation(), &[(direction, long.into_bytes())]);
        assert_eq!(
            (records[0].length, handshake_violation(&records[0])),
            (200, HandshakeViolation::HeadTooLong { limit: 200 })
        );
        assert_eq!(records[1].kind, RecordKind::Unknown, "the end of the head is not known");

        let many = with_line(head, "X: y\r\n".repeat(8).trim_end());
        let records = dissect_with(conversation(), &[(direction, many.into_bytes())]);
        assert_eq!(handshake_violation(&records[0]), HandshakeViolation::TooManyHeaders { limit: 8 });
    }
}

#[test]
fn after_bytes_that_are_not_a_head_nothing_can_be_dissected() {
    // The beginning of a TLS handshake: a browser sends it if the user types https instead of http.
    let hello = [b"\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03".as_slice(), b"\n\n", &[0; 100]].concat();
    let records = dissect(&[(ToServer, hello)]);
    let violation = handshake_violation(&records[0]);
    assert!(matches!(violation, HandshakeViolation::MalformedHead(_)), "{violation:?}");
    assert_eq!((records[1].kind, records[1].length), (RecordKind::Unknown, 100));
}

#[test]
fn a_client_that_does_not_wait_for_the_response_breaks_a_rule() {
    let early = [REQUEST.as_bytes(), &masked(0x81, b"early"), &masked(0x81, b"too")].concat();
    let records =
        dissect(&[(ToServer, early), (ToClient, RESPONSE.as_bytes().to_vec()), (ToServer, masked(0x81, b"late"))]);
    let kinds: Vec<_> = records.iter().map(|record| (record.kind, rules(record))).collect();
    assert_eq!(
        kinds,
        [
            (RecordKind::Request, vec![]),
            (RecordKind::Response, vec![]),
            (RecordKind::Frame, vec![BrokenRule::BeforeResponse]),
            (RecordKind::Frame, vec![]),
            (RecordKind::Frame, vec![]),
        ]
    );
}

#[test]
fn each_finding_names_the_section_of_its_rule() {
    let record = from_client(unmasked(0x81, b"x"));
    let rule = &record.findings[0].rule;
    assert_eq!(rule.to_string(), "a client's frames must be masked (RFC 6455, section 5.1)");
    assert_eq!(rule.section(), Some(RfcSection { rfc: 6455, section: "5.1" }));
    let records = after_handshake(&[(ToServer, masked(0x88, b"")), (ToServer, masked(0x89, b""))]);
    let rule = &records[1].findings[0].rule;
    assert_eq!(rule.to_string(), "nothing may follow a Close frame (RFC 6455, section 5.5.1)");
    assert_eq!(rule.section(), Some(RfcSection { rfc: 6455, section: "5.5.1" }));
}

#[test]
fn each_broken_rule_has_a_name_in_one_word() {
    let named = |violation| BrokenRule::Violation(violation).name();
    assert_eq!(named(Violation::UnmaskedFrame), "UnmaskedFrame");
    assert_eq!(named(Violation::ReservedBitsSet(0x40)), "ReservedBitsSet");
    assert_eq!(named(Violation::MessageTooBig { limit: 1 }), "MessageTooBig");
    assert_eq!(BrokenRule::Handshake(HandshakeViolation::HostNotOnce).name(), "HostNotOnce");
    assert_eq!(BrokenRule::AfterClose.name(), "AfterClose");
}

#[test]
fn the_receiver_of_a_direction_is_the_other_end() {
    assert_eq!(ToServer.receiver(), protocol::Role::Server);
    assert_eq!(ToClient.receiver(), protocol::Role::Client);
}
