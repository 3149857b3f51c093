//! The rules of the opening handshake.

use std::ops::Range;

use dissector::{
    BrokenRule, Conversation,
    Direction::{ToClient, ToServer},
    Options, Record, RecordKind,
};
use protocol::{HandshakeViolation, Limits};

use super::support::assert_broken;
use crate::common::{REQUEST, RESPONSE, dissect, dissect_with, handshake_violation, replaced, with_line};

/// The part of a head that breaks a rule.
#[derive(Debug, Clone, Copy)]
enum At {
    /// A part of the first line.
    FirstLine(&'static str),
    /// The line that begins with this text.
    Line(&'static str),
    /// The empty line at the end, because a line is missing.
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

/// A function that returns whether a violation is the expected one. Some violations contain text,
/// which is not compared.
type Expected = fn(&HandshakeViolation) -> bool;

/// Returns a closure that recognises a violation by a pattern.
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
