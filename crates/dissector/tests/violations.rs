//! Every rule that bytes can break: it is named, at its place, and what is there is shown all the same.

mod common;

use std::ops::Range;

use common::{
    KEY, REQUEST, RESPONSE, after_handshake, but, dissect, dissect_with, frame_as, from_client, from_server, masked,
    plain, rules, with,
};
use dissector::{
    Conversation,
    Direction::{ToClient, ToServer},
    Options, Record, RecordKind,
};
use protocol::Limits;

/// The rule that the last of the records breaks, and the bytes that show it.
#[track_caller]
fn assert_broken(records: &[Record], rule: &str, range: Range<u64>) {
    let last = records.last().expect("a record");
    let found: Vec<_> = last.findings.iter().map(|finding| (finding.fault.name(), finding.range.clone())).collect();
    assert_eq!(found, [(rule.to_owned(), range)], "{}", last.summary);
    for record in &records[..records.len() - 1] {
        assert_eq!(rules(record), [""; 0], "{}", record.summary);
    }
}

#[test]
fn rules_of_every_frame() {
    for (name, frame, rule, range) in [
        ("RSV1", masked(0xC1, b"x"), "ReservedBitsSet", 0..1),
        ("RSV2 and RSV3", masked(0xB2, b"x"), "ReservedBitsSet", 0..1),
        ("opcode 3", masked(0x83, b"x"), "ReservedOpcode", 0..1),
        ("opcode B", masked(0x8B, b"x"), "ReservedOpcode", 0..1),
        ("5 in 16 bits", frame_as(0x82, b"Hello", Some(KEY), 16), "LengthNotShortest", 1..4),
        ("5 in 64 bits", frame_as(0x82, b"Hello", Some(KEY), 64), "LengthNotShortest", 1..10),
        ("no FIN", masked(0x09, b"x"), "FragmentedControl", 0..1),
        ("126 bytes", masked(0x89, &[0; 126]), "ControlTooLong", 1..4),
        ("no mask", plain(0x81, b"x"), "UnmaskedFrame", 1..2),
        ("continuation", masked(0x80, b"x"), "ContinuationOfNothing", 0..1),
        ("half a code", masked(0x88, b"\x03"), "CloseBodyOneByte", 6..7),
        ("1005", masked(0x88, b"\x03\xED"), "CloseCodeInvalid", 6..8),
        ("0", masked(0x88, b"\x00\x00why"), "CloseCodeInvalid", 6..8),
        ("a reason in Latin-1", masked(0x88, b"\x03\xE8gr\xFC\xDFe"), "CloseReasonNotUtf8", 8..13),
        ("FF in text", masked(0x81, b"ab\xFFcd"), "TextNotUtf8", 8..9),
        ("half a character", masked(0x81, b"ab\xE2\x82"), "TextNotUtf8", 9..10),
    ] {
        let record = from_client(frame.clone());
        assert_eq!((record.complete, record.length), (true, frame.len() as u64), "{name}");
        assert_broken(&[record], rule, range);
    }
    assert_broken(&[from_server(masked(0x81, b"x"))], "MaskedFrame", 1..2);
}

#[test]
fn a_length_with_the_top_bit_set_is_shown_as_far_as_it_goes() {
    let wire = [0x82, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, b'a', b'b'];
    let record = from_server(wire.to_vec());
    assert_eq!((record.complete, record.length), (false, 12));
    assert_eq!(common::field(&record, "websocket.payload_length_ext_64").value, common::number(u64::MAX));
    assert_eq!(rules(&record), ["LengthTopBitSet", "FrameTooBig"]);
}

#[test]
fn each_rule_that_one_header_breaks_is_named() {
    // FIN missing, all reserved bits, opcode A, no mask, 5 bytes in 64 bits.
    let record = from_client(frame_as(0x7A, b"Hello", None, 64));
    let expected = ["ReservedBitsSet", "FragmentedControl", "ControlTooLong", "LengthNotShortest", "UnmaskedFrame"];
    assert_eq!(rules(&record), expected);
}

#[test]
fn rules_between_frames() {
    for (rule, frames, range) in [
        ("MessageInsideMessage", vec![masked(0x01, b"a"), masked(0x81, b"b")], 0..1),
        ("MessageInsideMessage", vec![masked(0x02, b"a"), masked(0x01, b"b")], 0..1),
        ("ContinuationOfNothing", vec![masked(0x81, b"a"), masked(0x80, b"b")], 0..1),
        ("TextNotUtf8", vec![masked(0x01, b"\xE2\x82"), masked(0x80, b"(")], 6..7),
        ("TextNotUtf8", vec![masked(0x01, b"\xE2"), masked(0x80, b"")], 5..6),
        ("AfterClose", vec![masked(0x88, b""), masked(0x81, b"b")], 0..6),
        ("AfterClose", vec![masked(0x88, b"\x03\xE8"), masked(0x88, b"\x03\xE8")], 0..6),
    ] {
        let pieces: Vec<_> = frames.into_iter().map(|frame| (ToServer, frame)).collect();
        assert_broken(&after_handshake(&pieces), rule, range);
    }
}

#[test]
fn a_bad_text_is_reported_once_and_the_next_one_is_checked_again() {
    let frames = [masked(0x01, b"\xFF"), masked(0x00, b"\xFF"), masked(0x80, b"\xFF"), masked(0x81, b"\xFF")];
    let records = after_handshake(&[(ToServer, frames.concat())]);
    let found: Vec<_> = records.iter().map(|record| rules(record).len()).collect();
    assert_eq!(found, [1, 0, 0, 1]);
}

#[test]
fn limits_are_those_of_the_options() {
    let limits = Limits { max_frame_bytes: 10, max_message_bytes: 15, fragments: 2, ..Limits::DEFAULT };
    let options = Options { limits, ..Options::default() };
    for (rule, frames, range) in [
        ("FrameTooBig", vec![masked(0x82, &[0; 11])], 1..2),
        ("MessageTooBig", vec![masked(0x02, &[0; 10]), masked(0x80, &[0; 6])], 1..2),
        ("TooManyFragments", vec![masked(0x02, b""), masked(0x00, b""), masked(0x80, b"")], 0..1),
    ] {
        let pieces: Vec<_> = frames.into_iter().map(|frame| (ToServer, frame)).collect();
        assert_broken(&dissect_with(Conversation::after_handshake(options.clone()), &pieces), rule, range);
    }
}

/// Where a line stands in a head.
#[track_caller]
fn line(head: &str, begins: &str) -> Range<u64> {
    let start = head.find(begins).unwrap_or_else(|| panic!("no line begins with {begins}"));
    let end = start + head[start..].find('\n').expect("a line ends") + 1;
    start as u64..end as u64
}

#[test]
fn rules_of_the_request() {
    let end = "\r\n\r\n";
    for (rule, head, at) in [
        ("HttpVersionTooOld", but(REQUEST, "HTTP/1.1", "HTTP/1.0"), "HTTP/1.0"),
        ("MethodNotGet", but(REQUEST, "GET", "POST"), "POST"),
        ("TargetMalformed", but(REQUEST, "/chat", "/chat#x"), "/chat#x"),
        ("UpgradeMissing", but(REQUEST, "Upgrade: websocket\r\n", ""), end),
        ("UpgradeMissing", but(REQUEST, "websocket", "h2c"), "Upgrade: h2c"),
        ("ConnectionWithoutUpgrade", but(REQUEST, "Connection: Upgrade", "Connection: close"), "Connection"),
        ("HostNotOnce", but(REQUEST, "Host: server.example.com\r\n", ""), end),
        ("KeyNotOnce", but(REQUEST, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", ""), end),
        ("KeyMalformed", but(REQUEST, "dGhlIHNhbXBsZSBub25jZQ==", "short"), "Sec-WebSocket-Key"),
        ("VersionUnsupported", but(REQUEST, "13", "8"), "Sec-WebSocket-Version"),
        ("VersionRepeated", with(REQUEST, "sec-websocket-version: 13"), "sec-websocket-version"),
        ("RequestWithBody", with(REQUEST, "Content-Length: 5"), "Content-Length"),
        ("ExtensionsMalformed", with(REQUEST, "Sec-WebSocket-Extensions: ;"), "Sec-WebSocket-Extensions"),
        ("SubprotocolMalformed", with(REQUEST, "Sec-WebSocket-Protocol: a b"), "Sec-WebSocket-Protocol"),
        ("SubprotocolRepeated", with(REQUEST, "Sec-WebSocket-Protocol: a, a"), "Sec-WebSocket-Protocol"),
        ("MalformedHead", with(REQUEST, "no header"), "no header"),
    ] {
        let range = match at {
            _ if at == end => head.len() as u64 - 2..head.len() as u64,
            "HTTP/1.0" | "POST" | "/chat#x" => {
                let start = head.find(at).expect("a part of the first line") as u64;
                start..start + at.len() as u64
            }
            at => line(&head, at),
        };
        let records = dissect(&[(ToServer, head.clone().into_bytes())]);
        assert_eq!((records[0].kind, records[0].bytes.as_slice()), (RecordKind::Request, head.as_bytes()), "{rule}");
        assert_broken(&records[..1], rule, range);
    }
}

#[test]
fn rules_of_the_response() {
    let end = "\r\n\r\n";
    for (rule, head, at) in [
        ("HttpVersionTooOld", but(RESPONSE, "HTTP/1.1", "HTTP/1.0"), "HTTP/1.0"),
        ("UpgradeMissing", but(RESPONSE, "Upgrade: websocket\r\n", ""), end),
        ("UpgradeToSomethingElse", but(RESPONSE, "websocket", "h2c"), "Upgrade: h2c"),
        ("ConnectionWithoutUpgrade", but(RESPONSE, "Connection: Upgrade", "Connection: close"), "Connection"),
        ("AcceptNotOnce", but(RESPONSE, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", ""), end),
        ("AcceptWrong", but(RESPONSE, "s3p", "S3P"), "Sec-WebSocket-Accept"),
        ("SubprotocolNotOffered", with(RESPONSE, "Sec-WebSocket-Protocol: c"), "Sec-WebSocket-Protocol"),
        ("SubprotocolMalformed", with(RESPONSE, "Sec-WebSocket-Protocol: a, b"), "Sec-WebSocket-Protocol"),
        ("ExtensionNotOffered", with(RESPONSE, "Sec-WebSocket-Extensions: x"), "Sec-WebSocket-Extensions"),
        ("ExtensionsMalformed", with(RESPONSE, "Sec-WebSocket-Extensions: ;"), "Sec-WebSocket-Extensions"),
        ("MalformedHead", with(RESPONSE, "no header"), "no header"),
    ] {
        let range = match at {
            _ if at == end => head.len() as u64 - 2..head.len() as u64,
            "HTTP/1.0" => 0..8,
            at => line(&head, at),
        };
        let request = with(REQUEST, "Sec-WebSocket-Protocol: a, b");
        let records = dissect(&[(ToServer, request.into_bytes()), (ToClient, head.clone().into_bytes())]);
        assert_eq!((records[1].kind, records[1].bytes.as_slice()), (RecordKind::Response, head.as_bytes()), "{rule}");
        assert_broken(&records[..2], rule, range);
    }
}

#[test]
fn what_was_offered_may_be_accepted() {
    let offer = "Sec-WebSocket-Protocol: a, b\r\nSec-WebSocket-Extensions: x, y; z=1";
    let answer = "Sec-WebSocket-Protocol: b\r\nSec-WebSocket-Extensions: y";
    let records =
        dissect(&[(ToServer, with(REQUEST, offer).into_bytes()), (ToClient, with(RESPONSE, answer).into_bytes())]);
    assert!(records.iter().all(|record| record.findings.is_empty()), "{records:?}");
}

#[test]
fn a_head_has_a_limit() {
    let limits = Limits { max_head_bytes: 200, max_headers: 8, ..Limits::DEFAULT };
    let options = Options { limits, ..Options::default() };
    for (direction, head) in [(ToServer, REQUEST), (ToClient, RESPONSE)] {
        let conversation = || Conversation::new(options.clone());
        let long = with(head, &format!("X: {}", "y".repeat(1000)));
        let records = dissect_with(conversation(), &[(direction, long.into_bytes())]);
        assert_eq!((records[0].length, rules(&records[0])), (200, vec!["HeadTooLong".to_owned()]));
        assert_eq!(records[1].kind, RecordKind::Unknown, "where the head ends cannot be known");

        let many = with(head, "X: y\r\n".repeat(8).trim_end());
        let records = dissect_with(conversation(), &[(direction, many.into_bytes())]);
        assert_eq!(rules(&records[0]), ["TooManyHeaders"]);
    }
}

#[test]
fn after_a_head_that_is_none_nothing_can_be_told() {
    // What a browser sends when it was told https for http.
    let hello = [b"\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03".as_slice(), b"\n\n", &[0; 100]].concat();
    let records = dissect(&[(ToServer, hello)]);
    assert_eq!(rules(&records[0]), ["MalformedHead"]);
    assert_eq!((records[1].kind, records[1].length), (RecordKind::Unknown, 100));
}

#[test]
fn a_client_that_does_not_wait_for_the_answer_breaks_a_rule() {
    let early = [REQUEST.as_bytes(), &masked(0x81, b"early"), &masked(0x81, b"too")].concat();
    let records =
        dissect(&[(ToServer, early), (ToClient, RESPONSE.as_bytes().to_vec()), (ToServer, masked(0x81, b"late"))]);
    let kinds: Vec<_> = records.iter().map(|record| (record.kind, rules(record).join(" "))).collect();
    assert_eq!(
        kinds,
        [
            (RecordKind::Request, String::new()),
            (RecordKind::Response, String::new()),
            (RecordKind::Frame, "BeforeAnswer".to_owned()),
            (RecordKind::Frame, String::new()),
            (RecordKind::Frame, String::new()),
        ]
    );
}

#[test]
fn each_finding_says_where_the_rule_stands() {
    let record = from_client(plain(0x81, b"x"));
    let fault = &record.findings[0].fault;
    assert_eq!(fault.to_string(), "a client's frames must be masked (RFC 6455, section 5.1)");
    assert_eq!(fault.reference().to_string(), "RFC 6455, section 5.1");
    let records = after_handshake(&[(ToServer, masked(0x88, b"")), (ToServer, masked(0x89, b""))]);
    let fault = &records[1].findings[0].fault;
    assert_eq!(fault.to_string(), "nothing may follow a Close frame (RFC 6455, section 5.5.1)");
    assert_eq!(ToServer.receiver(), protocol::Role::Server);
}
