//! The head that a request comes in, as HTTP has it (sections 4.2.1 and 10.4): its lines, the pieces it arrives in, and
//! how long it may be.

use crate::common::{
    End,
    head::{Head, server_reads, server_reads_within},
    hex, limits, name_of, text,
};
use http::StatusCode;
use protocol::{
    Limits, Violation,
    handshake::{ServerHandshake, Status, UpgradeOptions},
};

// ---- The shape of the head ------------------------------------------------------------------------------------------

#[test]
fn what_is_no_http_is_refused_at_once() {
    for first_bytes in [
        hex("16 0301 0200 01"),           // TLS: a client that was given wss: for a port without
        hex("81 85 37fa213d 7f9f4d5158"), // frames without a handshake
        hex("00"),
        hex("05 01 00"), // SOCKS
        b"\x00\x00\x00\x10\xffSMB".to_vec(),
        hex("ff"),
        b"{\"hello\":1}".to_vec(),
        b"GET\x00/ HTTP/1.1".to_vec(),
        b"<html>".to_vec(),
    ] {
        let violation = server_reads(&first_bytes).map(|_| "waits for more").unwrap_err();
        assert_eq!(name_of(&violation), "MalformedHead", "{first_bytes:02x?}");
        assert_eq!(violation.status(), Some(StatusCode::BAD_REQUEST));
    }
}

#[test]
fn tls_is_told_by_its_first_byte() {
    let mut handshake = ServerHandshake::new(Limits::DEFAULT);
    handshake.input().extend_from_slice(&[0x16]);
    assert!(handshake.poll().is_err());
}

#[test]
fn a_malformed_head_is_refused() {
    let r = Head::request;
    for head in [
        r().with("Host : again"),  // white space before the colon hides a header from a proxy
        r().with(" folded: line"), // as does a folded line
        r().with("\tfolded"),
        r().with("no colon"),
        r().with(": no name"),
        r().with("na me: x"),
        r().with("na\u{e9}: x"),
        r().with(b"X: a\0b"),
        r().with(b"X: a\rb"),
        r().with(b"X: \x7f"),
    ] {
        let violation = server_reads(&head.bytes()).map(|_| "taken").unwrap_err();
        assert_eq!(name_of(&violation), "MalformedHead", "{:?}", String::from_utf8_lossy(&head.bytes()));
    }
}

#[test]
fn lines_that_end_without_a_carriage_return_are_understood() {
    let request = String::from_utf8(Head::request().bytes()).unwrap().replace("\r\n", "\n");
    assert!(server_reads(request.as_bytes()).unwrap().unwrap().check_upgrade().is_ok());
}

#[test]
fn empty_lines_before_the_request_are_skipped() {
    let request = [b"\r\n\r\n".to_vec(), Head::request().bytes()].concat();
    assert!(server_reads(&request).unwrap().unwrap().check_upgrade().is_ok());
}

#[test]
fn a_short_read_is_not_an_error() {
    let bytes = Head::request().bytes();
    for cut in 0..bytes.len() {
        assert!(server_reads(&bytes[..cut]).unwrap().is_none(), "cut at {cut}");
    }
    assert!(server_reads(&bytes).unwrap().is_some());
}

#[test]
fn a_head_may_come_in_two_reads_cut_anywhere() {
    let bytes = Head::request().bytes();
    for cut in 0..bytes.len() {
        let mut handshake = ServerHandshake::new(Limits::DEFAULT);
        handshake.input().extend_from_slice(&bytes[..cut]);
        let Status::Partial(mut handshake) = handshake.poll().unwrap() else { panic!("too early at {cut}") };
        handshake.input().extend_from_slice(&bytes[cut..]);
        let Status::Complete(request) = handshake.poll().unwrap() else { panic!("not complete at {cut}") };
        assert!(request.check_upgrade().is_ok());
    }
}

#[test]
fn a_head_may_trickle_in_byte_by_byte() {
    let bytes = [Head::request().bytes(), hex("81 85 37fa213d 7f9f4d5158")].concat();
    let end_of_head = bytes.len() - 11;
    let mut handshake = ServerHandshake::new(Limits::DEFAULT);
    for (at, byte) in bytes.iter().enumerate() {
        handshake.input().extend_from_slice(&[*byte]);
        handshake = match handshake.poll().unwrap() {
            Status::Partial(handshake) => handshake,
            Status::Complete(request) => {
                assert_eq!(at + 1, end_of_head, "complete with its last byte, not before and not after");
                assert!(request.check_upgrade().is_ok());
                return;
            }
        };
    }
    panic!("never complete");
}

#[test]
fn an_incomplete_head_is_parsed_each_time_it_has_doubled_and_not_with_each_byte() {
    // Parsing from the start with every byte would cost the square of a head's length. What can be seen of it is when a
    // fault is noticed: a character that no target has, in a head that never ends.
    let mut bytes = b"GET /".to_vec();
    bytes.resize(200, b'a');
    for (fault_at, noticed_at) in [(5, 8), (7, 8), (8, 16), (20, 32), (63, 64), (64, 128), (100, 128)] {
        let mut bytes = bytes.clone();
        bytes[fault_at] = 0;
        let mut handshake = Some(ServerHandshake::new(Limits::DEFAULT));
        let noticed = bytes.iter().position(|byte| {
            let mut waiting = handshake.take().expect("it goes on");
            waiting.input().extend_from_slice(&[*byte]);
            match waiting.poll() {
                Ok(Status::Partial(waiting)) => handshake = Some(waiting),
                Ok(Status::Complete(_)) => panic!("no head at all"),
                Err(_) => {}
            }
            handshake.is_none()
        });
        assert_eq!(noticed.map(|at| at + 1), Some(noticed_at), "a fault at {fault_at}");
    }
}

#[test]
fn bytes_behind_the_head_are_frames() {
    let bytes = [Head::request().bytes(), hex("81 85 37fa213d 7f9f4d5158   81 82")].concat();
    let request = server_reads(&bytes).unwrap().unwrap();
    request.check_upgrade().unwrap().accept(UpgradeOptions::default()).unwrap();
    assert_eq!(request.received(), bytes, "the head is still there to be shown, as it came");
    let mut server = End::server();
    assert_eq!(server.hears_bytes(&request.into_rest()), [text("Hello")]);
    assert_eq!(server.hears_bytes(&hex("00000000 6f6b")), [text("ok")], "the rest goes on where it was cut");
}

// ---- 10.4: limits ---------------------------------------------------------------------------------------------------

#[test]
fn a_head_may_be_as_long_as_the_limit_and_no_longer() {
    let bytes = Head::request().bytes();
    let (max_head_bytes, too_long) = (bytes.len(), Violation::HeadTooLong { limit: bytes.len() - 1 });
    assert!(
        server_reads_within(limits(|limits| limits.max_head_bytes = max_head_bytes).limits, &bytes).unwrap().is_some()
    );
    let violation =
        server_reads_within(limits(|limits| limits.max_head_bytes = max_head_bytes - 1).limits, &bytes).unwrap_err();
    assert_eq!(violation, too_long);
    assert_eq!(violation.status(), Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE));
    // That it will be too long is clear before its last byte: there is no room for that.
    let most = &bytes[..max_head_bytes - 1];
    assert_eq!(
        server_reads_within(limits(|limits| limits.max_head_bytes = most.len()).limits, most).unwrap_err(),
        too_long
    );
    assert!(
        server_reads_within(limits(|limits| limits.max_head_bytes = max_head_bytes).limits, most).unwrap().is_none()
    );
}

#[test]
fn a_head_without_end_is_refused_at_the_limit() {
    let mut handshake = ServerHandshake::new(Limits::DEFAULT);
    handshake.input().extend_from_slice(b"GET / HTTP/1.1\r\nX: ");
    let mut sent = 0;
    loop {
        handshake.input().extend_from_slice(&[b'a'; 100]);
        sent += 100;
        assert!(sent < 20_000, "nothing is refused");
        match handshake.poll() {
            Ok(Status::Partial(waiting)) => handshake = waiting,
            Ok(Status::Complete(_)) => panic!("no head at all"),
            Err(violation) => {
                assert_eq!(violation, Violation::HeadTooLong { limit: 16_384 });
                assert!((16_300..=16_500).contains(&sent), "after {sent} bytes");
                return;
            }
        }
    }
}

#[test]
fn frames_behind_the_head_do_not_count_as_head() {
    let head = Head::request().bytes();
    let max_head_bytes = head.len();
    let bytes = [head, vec![0; 1000]].concat();
    let request =
        server_reads_within(limits(|limits| limits.max_head_bytes = max_head_bytes).limits, &bytes).unwrap().unwrap();
    assert_eq!(request.into_rest().len(), 1000);
}

#[test]
fn there_may_be_as_many_header_lines_as_the_limit_and_no_more() {
    // The smallest request has five.
    let with_lines = |count| (5..count).fold(Head::request(), |head, _| head.with("X: y")).bytes();
    assert!(server_reads(&with_lines(100)).unwrap().unwrap().check_upgrade().is_ok());
    let violation = server_reads(&with_lines(101)).unwrap_err();
    assert_eq!(violation, Violation::TooManyHeaders { limit: 100 });
    assert_eq!(violation.status(), Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE));
}

#[test]
fn generous_limits_do_not_let_a_peer_cause_a_panic() {
    let generous = limits(|limits| {
        limits.max_head_bytes = 1 << 20;
        limits.max_headers = 40_000;
    })
    .limits;
    let mut bytes = b"GET / HTTP/1.1\r\n".to_vec();
    for line in 0..33_000 {
        bytes.extend_from_slice(format!("x-{line}: y\r\n").as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    // Taken or refused, both are right.
    let _ = server_reads_within(generous, &bytes).map(|_| ());
}
