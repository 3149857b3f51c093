//! Tests what the judge reports about the bytes that a peer sends. The tests run in virtual time.

use protocol::{
    Limits,
    handshake::{ClientRequest, Nonce},
};
use tokio::{
    io::{DuplexStream, duplex},
    time::sleep,
};

use super::{head::MAX_HEAD, *};
use crate::grade::words::mebibytes;

const SECOND: Duration = Duration::from_secs(1);

/// Returns both ends of an open connection on which the peer has already sent `bytes`: first the
/// judge's end, then the peer's.
async fn open(judge: Role, bytes: &[u8]) -> (Peer<DuplexStream>, DuplexStream) {
    let (mut peer, far) = unopened(bytes).await;
    peer.role = judge;
    peer.open(b"");
    (peer, far)
}

/// Returns both ends of a connection before the handshake, first the judge's, then the peer's. The
/// peer has sent `bytes`, and the judge is a client.
async fn unopened(bytes: &[u8]) -> (Peer<DuplexStream>, DuplexStream) {
    let (near, mut far) = duplex(1 << 20);
    far.write_all(bytes).await.expect("there is room");
    (Peer::new(near, Role::Client, SECOND), far)
}

#[track_caller]
fn assert_says(result: Result<(), Failure>, symptom: Symptom, sentence: &str) {
    let failure = result.expect_err("a failure");
    assert_eq!((failure.symptom, &*failure.sentence), (symptom, sentence));
}

/// Returns the failure of a server that sends `bytes` instead of the text "Hello".
async fn instead_of_hello(bytes: &[u8]) -> Failure {
    let (mut peer, _far) = open(Role::Client, bytes).await;
    peer.message("the echo", Opcode::Text, b"Hello", &[]).await.expect_err("a failure")
}

#[tokio::test(start_paused = true)]
async fn a_message_has_its_opcode_its_payload_and_one_frame() {
    let (mut peer, _far) = open(Role::Client, b"\x89\x00\x81\x05Hello\x82\x02ab").await;
    assert_eq!(peer.message("the echo", Opcode::Text, b"Hello", &[]).await, Ok(()));
    assert_eq!(peer.message("the echo", Opcode::Binary, b"ab", &[]).await, Ok(()));
    for (bytes, symptom, sentence) in [
        (&b"\x82\x05Hello"[..], Symptom::OtherOpcode, "the echo has the opcode 2 (Binary) instead of 1 (Text)"),
        (b"\x80\x05Hello", Symptom::OtherOpcode, "the echo has the opcode 0 (Continuation) instead of 1 (Text)"),
        (b"\x80\x02ab", Symptom::Fragment, "a fragment with \"ab\" arrived instead of the echo"),
        (b"\x01\x05Hello", Symptom::Fragment, "a fragment with \"Hello\" arrived instead of the echo"),
        (b"\x00\x05Hello", Symptom::Fragment, "a fragment with \"Hello\" arrived instead of the echo"),
        (b"\x8a\x05Hello", Symptom::OtherOpcode, "instead of the echo, the server sent a Pong with the same payload"),
        (b"\x8a\x02ab", Symptom::NoAnswer, "the echo did not arrive within 1 s"),
        (
            b"\x81\x05Hallo",
            Symptom::OtherPayload,
            "the echo has another payload: \"Hallo\" instead of \"Hello\", different from byte 1 on",
        ),
        (b"\x81\x05World", Symptom::OtherPayload, "the echo has another payload: \"World\" instead of \"Hello\""),
        (
            b"\x81\x02He",
            Symptom::CutShort,
            "the echo has another payload: \"He\" instead of \"Hello\" (2 bytes instead of 5)",
        ),
        (b"\x88\x02\x03\xe8", Symptom::Closed, "a Close 1000 arrived instead of the echo"),
        (b"", Symptom::NoAnswer, "the echo did not arrive within 1 s"),
    ] {
        assert_says(Err(instead_of_hello(bytes).await), symptom, sentence);
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_judge_writes_arrives() {
    let (mut peer, mut far) = unopened(b"").await;
    peer.write(b"first, ").await;
    peer.write_without_limit(b"second").await;
    peer.shutdown().await;
    let mut bytes = Vec::new();
    far.read_to_end(&mut bytes).await.expect("it ends");
    assert_eq!(bytes, b"first, second");
    assert!(!peer.write_failed);
    // A peer that reads nothing holds up a write for only one second, and the write does not count
    // as failed.
    let (mut peer, _far) = unopened(b"").await;
    let begun = Instant::now();
    peer.write(&vec![0; 2 << 20]).await;
    assert_eq!((begun.elapsed(), peer.write_failed), (SECOND, false));
}

#[tokio::test(start_paused = true)]
async fn the_end_of_tcp_ends_the_wait() {
    let (mut peer, far) = open(Role::Client, b"").await;
    drop(far);
    let begun = Instant::now();
    let result = peer.message("the echo", Opcode::Text, b"Hello", &[]).await;
    assert_says(result, Symptom::Ended, "the server ended the TCP connection instead of sending the echo");
    peer.tcp_end = Some(TcpEnd::Reset);
    let result = peer.message("the echo", Opcode::Text, b"Hello", &[]).await;
    assert_says(result, Symptom::Ended, "the server reset the TCP connection instead of sending the echo");
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn bytes_that_are_no_frame_are_diagnosed_with_all_that_follow_soon() {
    let reserved = instead_of_hello(b"\xc1\x05Hello").await;
    assert_eq!(reserved.symptom, Symptom::Garbage);
    assert!(reserved.sentence.starts_with("instead of the echo, the server sent a frame that breaks a rule"));

    // The header proves invalid before the payload has arrived. The judge waits for the rest of the
    // frame, so that the diagnosis covers all of it.
    let (mut peer, mut far) = open(Role::Client, b"\x83").await;
    let late = async {
        sleep(REST / 2).await;
        far.write_all(b"\x05Hel").await.expect("there is room");
        sleep(REST / 2).await;
        far.write_all(b"lo").await.expect("there is room");
        sleep(SECOND).await;
    };
    let (result, ()) = tokio::join!(peer.message("the echo", Opcode::Text, b"Hello", &[]), late);
    assert_eq!(result.expect_err("a failure").symptom, Symptom::Garbage);
    assert_eq!(&peer.input[..], b"\x83\x05Hello");
}

#[tokio::test(start_paused = true)]
async fn a_server_must_not_mask_and_a_client_must() {
    let masked = b"\x81\x82\x01\x01\x01\x01`c";
    let (mut peer, _far) = open(Role::Client, masked).await;
    let result = peer.message("the echo", Opcode::Text, b"ab", &[]).await;
    assert_says(result, Symptom::Masking, "the echo is masked, but a server must not mask its frames");

    let (mut peer, _far) = open(Role::Server, &[&masked[..], b"\x81\x02ab"].concat()).await;
    assert_eq!(peer.message("the echo", Opcode::Text, b"ab", &[]).await, Ok(()));
    let result = peer.message("the echo", Opcode::Text, b"ab", &[]).await;
    assert_says(result, Symptom::Masking, "the echo is not masked, but a client must mask its frames");
}

#[tokio::test(start_paused = true)]
async fn the_frame_before_is_recognised_when_it_comes_again() {
    const SENTENCE: &str = "the server sent the same frame twice: Text \"Hello\"";
    let twice = b"\x81\x05Hello\x81\x05Hello";
    let (mut peer, _far) = open(Role::Client, twice).await;
    peer.message("the echo", Opcode::Text, b"Hello", &[]).await.expect("the echo");
    let result = peer.message("the next echo", Opcode::Text, b"World", &[]).await;
    assert_eq!(result.clone().expect_err("a failure").advice, Some("Send each message back once."));
    assert_says(result, Symptom::Unexpected, SENTENCE);

    let (mut peer, _far) = open(Role::Client, b"\x81\x05Hello\x81\x05Hallo").await;
    peer.message("the echo", Opcode::Text, b"Hello", &[]).await.expect("the echo");
    let failure = peer.message("the next echo", Opcode::Text, b"World", &[]).await.expect_err("a failure");
    assert_eq!(failure.symptom, Symptom::OtherPayload);

    // A repeated message is not a failure if the judge expects the same message twice.
    let (mut peer, _far) = open(Role::Client, twice).await;
    for _ in 0..2 {
        peer.message("the echo", Opcode::Text, b"Hello", &[]).await.expect("the echo");
    }

    let (mut peer, _far) = open(Role::Client, twice).await;
    peer.message("the echo", Opcode::Text, b"Hello", &[]).await.expect("the echo");
    assert_says(peer.part().await, Symptom::Unexpected, SENTENCE);

    let (mut peer, _far) = open(Role::Client, b"\x8a\x01a\x8a\x01a").await;
    peer.pong("the Pong", b"a", &[]).await.expect("the Pong");
    let result = peer.part().await;
    assert_eq!(result.clone().expect_err("a failure").advice, Some("Answer each Ping with one Pong."));
    assert_says(result, Symptom::Unexpected, "the server sent the same frame twice: Pong \"a\"");
}

#[tokio::test(start_paused = true)]
async fn nothing_more_may_be_left_but_a_heartbeat() {
    for (bytes, sentence) in [
        (&b"\x8a\x00\x89\x04ping"[..], None),
        (b"\x8a\x04pong", Some("the server also sent a frame that nobody has asked for: Pong \"pong\"")),
        (b"\x81\x02Hi", Some("the server also sent a frame that nobody has asked for: Text \"Hi\"")),
        (b"\x88\x00\x89\x00\x81\x00", Some("the server sent a Ping after its Close")),
        (b"\n", Some("the server also sent bytes that are not a frame: 0a")),
        (b"\x88\x00\n", None),
    ] {
        let (mut peer, _far) = open(Role::Client, bytes).await;
        let found = peer.part().await.err().map(|failure| failure.sentence);
        assert_eq!(found.as_deref(), sentence, "{bytes:02x?}");

        let (mut peer, _far) = open(Role::Client, bytes).await;
        peer.ignore_frames();
        assert_eq!(peer.part().await, Ok(()), "{bytes:02x?}");
    }
    let (mut peer, _far) = unopened(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    assert_eq!(peer.part().await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn only_a_message_that_nobody_has_asked_for_has_advice_of_its_own() {
    for (bytes, has_advice) in [(&b"\x81\x02Hi"[..], true), (b"\x8a\x04pong", false)] {
        let (mut peer, _far) = open(Role::Client, bytes).await;
        let failure = peer.part().await.expect_err("a failure");
        assert_eq!(failure.advice.is_some(), has_advice, "{failure:?}");
    }
}

/// A peer that never stops sending must not fill the memory while the judge waits for the end of
/// the TCP connection.
#[tokio::test(start_paused = true)]
async fn bytes_that_are_no_frames_are_forgotten_until_the_end_of_tcp() {
    for (mut peer, _far) in [unopened(b"HTTP/1.1 200 OK").await, open(Role::Client, b"\x83\x00").await] {
        peer.is_garbage = peer.is_open;
        assert_eq!(peer.tcp_end_within(SECOND).await, None);
        assert!(peer.input.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_rejection_of_a_valid_request_is_quoted_with_its_first_line_of_text() {
    async fn accepted(body: &str) -> Result<(), Failure> {
        let request = ClientRequest::new("ws://example.org/".parse().expect("a URI"));
        let length = body.len();
        let response = format!("HTTP/1.1 403 Forbidden\r\nContent-Length: {length}\r\n\r\n{body}");
        let (mut peer, _far) = unopened(response.as_bytes()).await;
        peer.accepted(request.handshake(Nonce([0x55; 16]), Limits::DEFAULT)).await
    }
    for (body, quoted) in [("not you\nnor anybody", " (not you)"), ("", ""), ("\nlate", ""), ("<!DOCTYPE html>", "")] {
        let sentence = format!("the server answered HTTP 403 Forbidden{quoted} instead of 101");
        assert_says(accepted(body).await, Symptom::Handshake, &sentence);
    }
}

#[tokio::test(start_paused = true)]
async fn a_close_has_one_of_the_codes_and_a_text_as_its_reason() {
    async fn close(bytes: &[u8]) -> Result<(), Failure> {
        let (mut peer, _far) = open(Role::Client, bytes).await;
        peer.close("a Close 1000", &[Some(1000), None]).await
    }
    assert_eq!(close(b"\x81\x02Hi\x88\x02\x03\xe8").await, Ok(()));
    assert_eq!(close(b"\x88\x05\x03\xe8bye").await, Ok(()));
    assert_eq!(close(b"\x88\x00").await, Ok(()));
    for (bytes, symptom, sentence) in [
        (&b"\x88\x01\x03"[..], Symptom::OtherCode, "a Close with a body of one byte arrived instead of a Close 1000"),
        (b"\x88\x05\x03\xe9bye", Symptom::OtherCode, "a Close 1001 (bye) arrived instead of a Close 1000"),
        (b"\x88\x03\x03\xe8\xff", Symptom::OtherPayload, "the reason in a Close 1000 is not UTF-8: ff"),
        (
            b"\x88\x82\0\0\0\0\x03\xe8",
            Symptom::Masking,
            "a Close 1000 is masked, but a server must not mask its frames",
        ),
        (b"", Symptom::NoAnswer, "a Close 1000 did not arrive within 1 s"),
    ] {
        assert_says(close(bytes).await, symptom, sentence);
    }
    let advice = |result: Result<(), Failure>| result.expect_err("a failure").advice;
    assert_eq!(advice(close(b"\x88\x02\xe8\x03").await), Some(SWAPPED_CODE));
    assert_eq!(advice(close(b"\x88\x02\x03\xe9").await), None);
}

#[tokio::test(start_paused = true)]
async fn tcp_ends_in_time_and_without_a_reset() {
    let (mut peer, far) = open(Role::Client, b"\x81\x02Hi").await;
    let begun = Instant::now();
    assert_says(peer.end(SECOND).await, Symptom::LeftOpen, "the server did not end the TCP connection within 1 s");
    let sentence = "the server still keeps the connection after 500 ms";
    assert_says(peer.ends_in_time(SECOND / 2).await, Symptom::LeftOpen, sentence);
    assert_eq!(begun.elapsed(), SECOND * 3 / 2);
    // The frame that the peer sent first was kept, and can still be read.
    assert_eq!(peer.message("the echo", Opcode::Text, b"Hi", &[]).await, Ok(()));
    let begun = Instant::now();
    assert_eq!(peer.stays_open(SECOND).await, Ok(()));
    assert_eq!(begun.elapsed(), SECOND);
    drop(far);
    let sentence = "the server ended the TCP connection, which must stay open";
    assert_says(peer.stays_open(SECOND).await, Symptom::Ended, sentence);
    assert_eq!(peer.end(SECOND).await, Ok(()));
    assert_eq!(peer.ends_in_time(SECOND).await, Ok(()));
    // A failed write shows that the TCP connection was reset.
    peer.write(b"\x89\x00").await;
    let sentence = "the server reset the TCP connection, which can destroy what it has sent before";
    assert_says(peer.end(SECOND).await, Symptom::Reset, sentence);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_tls_without_its_alert_is_an_end_and_no_reset() {
    let (mut peer, _far) = open(Role::Client, b"").await;
    for (kind, end) in [(io::ErrorKind::UnexpectedEof, TcpEnd::Eof), (io::ErrorKind::ConnectionReset, TcpEnd::Reset)] {
        peer.record(Err(kind.into()));
        assert_eq!(peer.tcp_end, Some(end));
    }
}

#[tokio::test(start_paused = true)]
async fn a_head_is_whole_up_to_64_kib() {
    let head = b"GET / HTTP/1.1\r\nHost: a\r\n\r\nrest";
    let (mut peer, _far) = unopened(head).await;
    assert_eq!(peer.head().await.expect("a head"), &head[..]);
    for (bytes, symptom, sentence) in [
        (&b""[..], Symptom::NoAnswer, "a whole request did not arrive within 1 s"),
        (
            b"GET / HTTP/1.1\r\n",
            Symptom::Incomplete,
            "the empty line at the end of the request did not arrive within 1 s",
        ),
        (
            b"GET / HTTP/1.1\n\r\n",
            Symptom::Handshake,
            "in the request, the line \"GET / HTTP/1.1\" ends with LF alone (0a) instead of CR LF (0d 0a)",
        ),
    ] {
        let (mut peer, _far) = unopened(bytes).await;
        assert_says(peer.head().await.map(drop), symptom, sentence);
    }
    for (length, symptom) in [(MAX_HEAD, Symptom::Incomplete), (MAX_HEAD + 1, Symptom::Garbage)] {
        let (mut peer, _far) = unopened(&vec![b'a'; length]).await;
        assert_eq!(peer.head().await.expect_err("a failure").symptom, symptom, "{length} bytes");
    }
}

#[tokio::test(start_paused = true)]
async fn a_rejection_has_one_of_the_statuses() {
    async fn rejected(bytes: &[u8]) -> Result<(), Failure> {
        let (mut peer, _far) = unopened(bytes).await;
        peer.rejected(&[400, 426]).await
    }
    assert_eq!(rejected(b"HTTP/1.1 426 Upgrade Required\r\n\r\n").await, Ok(()));
    for (bytes, symptom, sentence) in [
        (
            &b"HTTP/1.1 101 Switching Protocols\r\n\r\n"[..],
            Symptom::Tolerated,
            "the server answered HTTP 101 instead of 400 or 426",
        ),
        (b"HTTP/1.1 200 OK\r\n\r\n", Symptom::Handshake, "the server answered HTTP 200 instead of 400 or 426"),
        (b"", Symptom::NoAnswer, "a response 400 or 426 did not arrive within 1 s"),
        (
            b"HTTP/1.1 400 Bad Request\r\n",
            Symptom::Incomplete,
            "the empty line at the end of the response did not arrive within 1 s",
        ),
    ] {
        assert_says(rejected(bytes).await, symptom, sentence);
    }
}

#[tokio::test(start_paused = true)]
async fn a_flood_ends_with_the_answer_or_when_nobody_reads() {
    let unit = [b'x'; 1000];
    // Nothing reads the stream, so the flood fills its buffer, which holds 1 MiB.
    let (mut peer, _far) = unopened(b"").await;
    let begun = Instant::now();
    let sentence = "the server still waits for the end of the request after 1 MiB";
    assert_says(peer.flood_until_rejected(&unit, 2 << 20).await, Symptom::LeftOpen, sentence);
    // The flood stalls for one second, and the TCP connection does not end within another second.
    assert_eq!(begun.elapsed(), SECOND * 2);

    let (mut peer, mut far) = unopened(b"").await;
    let reading = async {
        let mut flood = vec![0; 3000];
        far.read_exact(&mut flood).await.expect("the judge writes");
        flood
    };
    let (result, flood) = tokio::join!(peer.flood_until_rejected(b"abc", 3000), reading);
    assert!(result.is_err() && flood == b"abc".repeat(1000));

    for (status, sentence) in
        [("431", None), ("400", None), ("500", Some("the server answered HTTP 500 instead of 400 or 431"))]
    {
        let response = format!("HTTP/1.1 {status} Whatever\r\n\r\n");
        let (mut peer, _far) = unopened(response.as_bytes()).await;
        let result = peer.flood_until_rejected(&unit, 2 << 20).await;
        assert_eq!(result.err().map(|failure| failure.sentence).as_deref(), sentence);
    }
    let (mut peer, far) = unopened(b"").await;
    drop(far);
    assert_eq!(peer.flood_until_rejected(&unit, 2 << 20).await, Ok(()));

    // The Close ends the flood before the writes stall.
    let (mut peer, _far) = open(Role::Client, b"\x88\x02\x03\xf1").await;
    let begun = Instant::now();
    assert_eq!(peer.flood_until_close(&unit, 2 << 20, 1009).await, Ok(()));
    assert_eq!(begun.elapsed(), Duration::ZERO);
    let (mut peer, _far) = open(Role::Client, b"").await;
    let sentence = "a Close 1009 after 9 KiB of fragments did not arrive within 1 s";
    assert_says(peer.flood_until_close(&unit, 10_000, 1009).await, Symptom::NoAnswer, sentence);
}

#[tokio::test(start_paused = true)]
async fn a_trickle_has_its_interval_and_ends_with_tcp() {
    let (mut peer, mut far) = unopened(b"").await;
    let begun = Instant::now();
    let sentence = "the server still keeps the connection after 10 s";
    let result = peer.trickle(b'a', SECOND, false, SECOND * 10).await;
    assert_says(result, Symptom::LeftOpen, sentence);
    assert_eq!(begun.elapsed(), SECOND * 10);
    let mut bytes = [0; 10];
    far.read_exact(&mut bytes).await.expect("ten bytes");
    assert_eq!(&bytes, b"aaaaaaaaaa");
    assert!(timeout(SECOND, far.read_u8()).await.is_err(), "there was one more");

    // If `both_directions` is false, the end of one direction is enough.
    far.shutdown().await.expect("it is open");
    assert_eq!(peer.trickle(b'a', SECOND, false, SECOND * 10).await, Ok(()));
    assert!(peer.trickle(b'a', SECOND, true, SECOND * 10).await.is_err());
    drop(far);
    assert_eq!(peer.trickle(b'a', SECOND, true, SECOND * 10).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn masking_keys_differ_and_are_not_zero() {
    for (keys, sentence) in [
        (&[*b"abcd", *b"efgh"][..], None),
        (&[*b"abcd", [0; 4]], Some("a masking key is 00 00 00 00, which masks nothing")),
        (&[*b"abcd", *b"abcd"], Some("two frames have the same masking key, but each needs a new random one")),
    ] {
        let frames: Vec<u8> = keys.iter().flat_map(|key| [b"\x89\x80", &key[..]].concat()).collect();
        let (mut peer, _far) = open(Role::Server, &frames).await;
        assert_eq!(peer.stays_open(SECOND).await, Ok(()));
        assert_eq!(peer.fresh_keys().err().map(|failure| failure.sentence).as_deref(), sentence);
    }
}

#[test]
fn payloads_sizes_and_times_are_written_in_short() {
    assert_eq!(quote(b"Hello"), "\"Hello\"");
    assert_eq!(quote(&[b'x'; 24]), format!("\"{}\"", "x".repeat(24)));
    assert_eq!(quote(&[b'x'; 25]), format!("\"{}...\"", "x".repeat(24)));
    assert_eq!(quote(b"a\n"), "61 0a");
    assert_eq!(quote(&[0xff; 25]), format!("{}...", "ff ".repeat(24).trim_end()));
    assert_eq!(shorten("a\tb"), "ab");
    assert_eq!(shorten(&"x".repeat(81)), "x".repeat(80));
    assert_eq!((mebibytes(1 << 20), mebibytes((1 << 20) - 1)), ("1 MiB".to_owned(), "1023 KiB".to_owned()));
    assert_eq!((seconds(SECOND), seconds(SECOND / 4)), ("1 s".to_owned(), "250 ms".to_owned()));
    assert_eq!(describe_close(b""), "a Close without a code");
    assert_eq!(describe_close(b"\x03\xe8"), "a Close 1000");
}
