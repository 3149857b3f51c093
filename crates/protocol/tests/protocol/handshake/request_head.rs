//! The HTTP head of a request (sections 4.2.1 and 10.4): its syntax, the reads in which it arrives,
//! and the limits on its size.

use http::StatusCode;
use protocol::{
    HandshakeViolation, Limits,
    handshake::{ServerHandshake, Status, UpgradeOptions},
    observer,
};
use testkit::{
    endpoint::TestEndpoint,
    handshake::{read_request, read_request_within},
    hex::hex,
    http_head::HeadBuilder,
    observed::text,
};

// ---- Syntax -------------------------------------------------------------------------------------

#[test]
fn bytes_that_are_not_http_are_rejected_at_once() {
    for first_bytes in [
        hex("16 0301 0200 01"),           // TLS, from a client with a wss: URI for a port without TLS
        hex("81 85 37fa213d 7f9f4d5158"), // frames without a handshake
        hex("00"),
        hex("05 01 00"), // SOCKS
        b"\x00\x00\x00\x10\xffSMB".to_vec(),
        hex("ff"),
        b"{\"hello\":1}".to_vec(),
        b"GET\x00/ HTTP/1.1".to_vec(),
        b"<html>".to_vec(),
    ] {
        let violation = read_request(&first_bytes).map(|_| "not rejected").unwrap_err();
        assert!(matches!(violation, HandshakeViolation::MalformedHead(_)), "{first_bytes:02x?}: {violation}");
        assert_eq!(violation.status(), StatusCode::BAD_REQUEST);
    }
}

#[test]
fn tls_is_rejected_at_its_first_byte() {
    let mut handshake = ServerHandshake::new(Limits::DEFAULT);
    handshake.input().extend_from_slice(&[0x16]);
    let Err(violation) = handshake.poll() else { panic!("not rejected") };
    let expected = "it begins with TLS, and this end expects none".to_owned();
    assert_eq!(violation, HandshakeViolation::MalformedHead(expected));
}

#[test]
fn a_malformed_head_is_rejected() {
    let r = HeadBuilder::request;
    for head in [
        r().with("Host : again"),  // white space before the colon can hide a header from a proxy
        r().with(" folded: line"), // and so can a folded line
        r().with("\tfolded"),
        r().with("no colon"),
        r().with(": no name"),
        r().with("na me: x"),
        r().with("na\u{e9}: x"),
        r().with(b"X: a\0b"),
        r().with(b"X: a\rb"),
        r().with(b"X: \x7f"),
    ] {
        let violation = read_request(&head.bytes()).map(|_| "not rejected").unwrap_err();
        let shown = String::from_utf8_lossy(&head.bytes()).into_owned();
        assert!(matches!(violation, HandshakeViolation::MalformedHead(_)), "{shown:?}: {violation}");
    }
}

#[test]
fn lines_without_a_carriage_return_are_accepted() {
    let request = String::from_utf8(HeadBuilder::request().bytes()).unwrap().replace("\r\n", "\n");
    assert!(read_request(request.as_bytes()).unwrap().unwrap().check_upgrade().is_ok());
}

#[test]
fn empty_lines_before_the_request_are_skipped() {
    let request = [b"\r\n\r\n".to_vec(), HeadBuilder::request().bytes()].concat();
    assert!(read_request(&request).unwrap().unwrap().check_upgrade().is_ok());
}

#[test]
fn a_short_read_is_not_an_error() {
    let bytes = HeadBuilder::request().bytes();
    for cut in 0..bytes.len() {
        assert!(read_request(&bytes[..cut]).unwrap().is_none(), "cut at {cut}");
    }
    assert!(read_request(&bytes).unwrap().is_some());
}

#[test]
fn a_head_may_arrive_in_two_reads_cut_anywhere() {
    let bytes = HeadBuilder::request().bytes();
    for cut in 0..bytes.len() {
        let mut handshake = ServerHandshake::new(Limits::DEFAULT);
        handshake.input().extend_from_slice(&bytes[..cut]);
        let Status::Partial(mut handshake) = handshake.poll().unwrap() else { panic!("complete at {cut}") };
        handshake.input().extend_from_slice(&bytes[cut..]);
        let Status::Complete(request) = handshake.poll().unwrap() else { panic!("not complete at {cut}") };
        assert!(request.check_upgrade().is_ok());
    }
}

#[test]
fn a_head_may_arrive_byte_by_byte() {
    let bytes = [HeadBuilder::request().bytes(), hex("81 85 37fa213d 7f9f4d5158")].concat();
    let end_of_head = bytes.len() - 11;
    let mut handshake = ServerHandshake::new(Limits::DEFAULT);
    for (at, byte) in bytes.iter().enumerate() {
        handshake.input().extend_from_slice(&[*byte]);
        handshake = match handshake.poll().unwrap() {
            Status::Partial(handshake) => handshake,
            Status::Complete(request) => {
                assert_eq!(at + 1, end_of_head, "not complete with its last byte");
                assert!(request.check_upgrade().is_ok());
                return;
            }
        };
    }
    panic!("the handshake is never complete");
}

#[test]
fn an_incomplete_head_is_parsed_when_it_has_doubled_and_not_at_every_byte() {
    // Parsing the head again for every byte would take time proportional to the square of its
    // length. This head never ends, and contains one byte that is not allowed in a target. The
    // server reports that byte when it parses the head.
    let mut bytes = b"GET /".to_vec();
    bytes.resize(200, b'a');
    for (fault_at, reported_at) in [(5, 8), (7, 8), (8, 16), (20, 32), (63, 64), (64, 128), (100, 128)] {
        let mut bytes = bytes.clone();
        bytes[fault_at] = 0;
        let mut handshake = Some(ServerHandshake::new(Limits::DEFAULT));
        let reported = bytes.iter().position(|byte| {
            let mut partial = handshake.take().expect("no fault so far");
            partial.input().extend_from_slice(&[*byte]);
            match partial.poll() {
                Ok(Status::Partial(partial)) => handshake = Some(partial),
                Ok(Status::Complete(_)) => panic!("the head has no end"),
                Err(violation) => assert!(matches!(violation, HandshakeViolation::MalformedHead(_)), "{violation}"),
            }
            handshake.is_none()
        });
        assert_eq!(reported.map(|at| at + 1), Some(reported_at), "a fault at {fault_at}");
    }
}

#[test]
fn bytes_after_the_head_are_frames() {
    let bytes = [HeadBuilder::request().bytes(), hex("81 85 37fa213d 7f9f4d5158   81 82")].concat();
    let request = read_request(&bytes).unwrap().unwrap();
    request.check_upgrade().unwrap().accept(UpgradeOptions::default()).unwrap();
    assert_eq!(observer::received_bytes(&request), bytes, "the head as it arrived");
    let mut server = TestEndpoint::server();
    assert_eq!(server.receive_bytes(&request.into_rest()), [text("Hello")]);
    assert_eq!(server.receive_bytes(&hex("00000000 6f6b")), [text("ok")], "the second frame was cut in two");
}

// ---- 10.4: limits -------------------------------------------------------------------------------

#[test]
fn a_head_may_be_as_long_as_the_limit_and_no_longer() {
    let bytes = HeadBuilder::request().bytes();
    let length = bytes.len();
    let is_complete = |max_head_bytes, bytes| {
        let limits = Limits::DEFAULT.max_head_bytes(max_head_bytes);
        read_request_within(limits, bytes).map(|request| request.is_some())
    };
    let too_long = HandshakeViolation::HeadTooLong { limit: length - 1 };
    assert_eq!(too_long.status(), StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    assert_eq!(is_complete(length, &bytes[..]), Ok(true));
    assert_eq!(is_complete(length - 1, &bytes[..]), Err(too_long.clone()));
    // A head that has reached the limit without ending is already too long.
    assert_eq!(is_complete(length, &bytes[..length - 1]), Ok(false));
    assert_eq!(is_complete(length - 1, &bytes[..length - 1]), Err(too_long));
}

#[test]
fn a_head_without_end_is_rejected_at_the_limit() {
    let mut handshake = ServerHandshake::new(Limits::DEFAULT);
    handshake.input().extend_from_slice(b"GET / HTTP/1.1\r\nX: ");
    let mut sent = 0;
    loop {
        handshake.input().extend_from_slice(&[b'a'; 100]);
        sent += 100;
        assert!(sent < 20_000, "the limit was ignored");
        match handshake.poll() {
            Ok(Status::Partial(partial)) => handshake = partial,
            Ok(Status::Complete(_)) => panic!("the head has no end"),
            Err(violation) => {
                assert_eq!(violation, HandshakeViolation::HeadTooLong { limit: 16_384 });
                assert!((16_300..=16_500).contains(&sent), "after {sent} bytes");
                return;
            }
        }
    }
}

#[test]
fn frames_after_the_head_do_not_count_towards_its_limit() {
    let head = HeadBuilder::request().bytes();
    let limits = Limits::DEFAULT.max_head_bytes(head.len());
    let bytes = [head, vec![0; 1000]].concat();
    let request = read_request_within(limits, &bytes).unwrap().unwrap();
    assert_eq!(request.into_rest().len(), 1000);
}

#[test]
fn a_head_may_have_as_many_lines_as_the_limit_and_no_more() {
    // The smallest request has five.
    let with_lines = |count| (5..count).fold(HeadBuilder::request(), |head, _| head.with("X: y")).bytes();
    assert!(read_request(&with_lines(100)).unwrap().unwrap().check_upgrade().is_ok());
    let violation = read_request(&with_lines(101)).unwrap_err();
    assert_eq!(violation, HandshakeViolation::TooManyHeaders { limit: 100 });
    assert_eq!(violation.status(), StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
}

#[test]
fn large_limits_do_not_let_a_peer_cause_a_panic() {
    let generous = Limits::DEFAULT.max_head_bytes(1 << 20).max_headers(40_000);
    let mut bytes = b"GET / HTTP/1.1\r\n".to_vec();
    for line in 0..33_000 {
        bytes.extend_from_slice(format!("x-{line}: y\r\n").as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    // Accepting the head and rejecting it are both correct.
    let _ = read_request_within(generous, &bytes).map(|_| ());
}
