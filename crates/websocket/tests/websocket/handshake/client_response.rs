//! The server's response, as the client reads it (section 4.1).

use std::{io, time::Duration};

use http::StatusCode;
use protocol::{HandshakeViolation, Message, handshake::HandshakeError};
use testkit::{
    frames::{first_byte::BINARY, server_frame},
    http_head::{SAMPLE_RESPONSE, response_for},
    raw_peer::{listen, read_head, read_to_eof},
    stream::scripted_stream,
    tasks::{ready, with_paused_timeout, with_timeout, yield_to_other_tasks},
};
use tokio::{io::AsyncWriteExt, time::Instant};
use websocket::{ConnectError, Connector, connect};

#[tokio::test]
async fn frames_in_the_same_packet_as_the_response_are_delivered() {
    let (listener, uri) = listen().await;
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = read_head(&mut stream).await;
        // Send two frames and the first bytes of a third frame.
        let mut bytes = response_for(&request).into_bytes();
        bytes.extend([0x81, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F]); // "Hello"
        bytes.extend(server_frame(BINARY, vec![7; 1000]));
        bytes.extend([0x81, 0x03, b'e']);
        stream.write_all(&bytes).await.unwrap();
        stream
    };
    with_timeout(async {
        let (client, mut server) = tokio::join!(connect(&uri), server);
        let mut client = client.expect("the response is valid");
        assert_eq!(client.next().await.unwrap().unwrap(), Message::text("Hello"));
        assert_eq!(client.next().await.unwrap().unwrap(), Message::binary(vec![7; 1000]));
        server.write_all(b"nd").await.unwrap();
        assert_eq!(client.next().await.unwrap().unwrap(), Message::text("end"));
    })
    .await;
}

#[tokio::test]
async fn a_rejected_client_gets_status_headers_and_body() {
    let (listener, uri) = listen().await;
    let body = "you are not on the list ".repeat(5);
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_head(&mut stream).await;
        let response =
            format!("HTTP/1.1 403 Forbidden\r\nX-Reason: list\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        // Send everything in one packet, so that the body has already arrived when the client
        // parses the head.
        stream.write_all(response.as_bytes()).await.unwrap();
        stream
    };
    let (client, _stream) = with_timeout(async { tokio::join!(connect(&uri), server) }).await;
    let Err(ConnectError::Answer(HandshakeError::Rejected(response))) = client else {
        panic!("not rejected: {client:?}")
    };
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert_eq!(response.headers()["x-reason"], "list");
    // The body was in the same packet as the head, so it is complete.
    assert_eq!(String::from_utf8_lossy(response.body()), body);
}

#[tokio::test(start_paused = true)]
async fn the_body_of_a_rejection_may_arrive_after_its_head() {
    let (local, mut remote) = tokio::io::duplex(1 << 10);
    let handshake = Connector::new("ws://example.org/").unwrap().handshake(local);
    let server = async {
        read_head(&mut remote).await;
        remote.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 14\r\n\r\n").await.unwrap();
        for piece in [&b"not to"[..], b"day, s", b"ir"] {
            yield_to_other_tasks().await;
            remote.write_all(piece).await.unwrap();
        }
        // The server stays connected, so only Content-Length shows where the body ends.
        remote
    };
    let (client, _remote) = with_paused_timeout(async { tokio::join!(handshake, server) }).await;
    let Err(ConnectError::Answer(HandshakeError::Rejected(response))) = client else { panic!("{client:?}") };
    assert_eq!(String::from_utf8_lossy(response.body()), "not today, sir");
}

/// Makes a client read a rejection. After the last piece, the server sends no more and keeps the
/// connection open, unless `ends` is set. Returns the response, and the time that the client took.
async fn rejection(pieces: &[&[u8]], ends: bool) -> (http::Response<bytes::Bytes>, Duration) {
    let (local, mut remote) = tokio::io::duplex(1 << 20);
    let began = Instant::now();
    let connector = Connector::new("ws://example.org/").unwrap().handshake_timeout(Duration::from_millis(300));
    let server = async {
        read_head(&mut remote).await;
        for piece in pieces {
            // A client leaves once it has found the end of the body.
            let _ = remote.write_all(piece).await;
            yield_to_other_tasks().await;
        }
        (!ends).then_some(remote)
    };
    let (client, _remote) = with_paused_timeout(async { tokio::join!(connector.handshake(local), server) }).await;
    let Err(ConnectError::Answer(HandshakeError::Rejected(response))) = client else { panic!("{client:?}") };
    (*response, began.elapsed())
}

#[tokio::test(start_paused = true)]
async fn a_chunked_body_of_a_rejection_is_decoded_and_its_end_is_found() {
    let head = b"HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n";
    let whole = [&head[..], b"12\r\nyou are not on the\r\n6\r\n list.\r\n0\r\n\r\n"].concat();
    let bytewise: Vec<&[u8]> = whole.chunks(1).collect();
    for pieces in [&[&whole[..]][..], &[&whole[..70], &whole[70..]], &bytewise] {
        let (response, took) = rejection(pieces, false).await;
        assert_eq!(response.status(), StatusCode::FORBIDDEN);
        assert_eq!(String::from_utf8_lossy(response.body()), "you are not on the list.");
        assert_eq!(took, Duration::ZERO, "the end of the body was not noticed");
    }
}

#[tokio::test(start_paused = true)]
async fn the_body_of_a_rejection_ends_where_its_head_says() {
    for (head, body) in [
        ("HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\n\r\nnot today", "not today"),
        ("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", ""),
        ("HTTP/1.1 204 No Content\r\n\r\n", ""),
        ("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", ""),
        ("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno", "no"),
    ] {
        let (response, took) = rejection(&[head.as_bytes()], false).await;
        assert_eq!((String::from_utf8_lossy(response.body()).as_ref(), took), (body, Duration::ZERO), "{head}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_rejection_is_reported_with_its_status_whatever_becomes_of_its_body() {
    let cut = |head: &str| [b"HTTP/1.1 503 Service Unavailable\r\n", head.as_bytes()].concat();
    for head in [
        "\r\nbusy",
        "Content-Length: 1000\r\n\r\nbusy",
        "Transfer-Encoding: chunked\r\n\r\n4\r\nbusy",
        "Transfer-Encoding: chunked\r\n\r\n4\r\nbusy\r\nnonsense\r\n",
    ] {
        // The server closes the connection before the end of the body, or stops sending. The time
        // for the body is part of the time for the whole handshake.
        for ends in [true, false] {
            let (response, took) = rejection(&[&cut(head)], ends).await;
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(String::from_utf8_lossy(response.body()), "busy", "{head}");
            assert!(took <= Duration::from_millis(300), "{head}: {took:?}");
        }
    }
    let (stream, script) = scripted_stream();
    script.push_read(&cut("Content-Length: 1000\r\n\r\nbusy"));
    script.fail_reads(io::ErrorKind::ConnectionReset);
    let error = ready(Connector::new("ws://example.org/").unwrap().handshake(stream)).expect_err("rejected");
    let ConnectError::Answer(HandshakeError::Rejected(response)) = error else { panic!("{error:?}") };
    assert_eq!((response.status(), &response.body()[..]), (StatusCode::SERVICE_UNAVAILABLE, &b"busy"[..]));
}

#[tokio::test(start_paused = true)]
async fn a_huge_body_of_a_rejection_is_not_downloaded() {
    let huge = "x".repeat(100_000);
    for head in ["Content-Length: 100000\r\n\r\n", "\r\n", "Transfer-Encoding: chunked\r\n\r\n186A0\r\n"] {
        let bytes = format!("HTTP/1.1 404 Not Found\r\n{head}{huge}");
        let (response, took) = rejection(&[bytes.as_bytes()], false).await;
        assert_eq!((response.body().len(), took), (4 << 10, Duration::ZERO), "{head}");
    }
}

#[tokio::test]
async fn a_response_with_folded_lines_opens_the_connection() {
    let (listener, uri) = listen().await;
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = read_head(&mut stream).await;
        let response = response_for(&request).replace("Accept: ", "Accept:\r\n\t").replace("\r\n\r\n", "\r\n \r\n\r\n");
        stream.write_all(response.as_bytes()).await.unwrap();
        stream
    };
    let (client, _stream) = with_timeout(async { tokio::join!(connect(&uri), server) }).await;
    client.expect("the response is valid");
}

/// Answers a client's request with an invalid response. Returns the client's error, and the bytes
/// that it sent after its request.
async fn connect_error(response: impl Fn(&str) -> String) -> (ConnectError, Vec<u8>) {
    let (listener, uri) = listen().await;
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = read_head(&mut stream).await;
        stream.write_all(response(&request).as_bytes()).await.unwrap();
        read_to_eof(&mut stream).await
    };
    let (client, rest) = with_timeout(async { tokio::join!(connect(&uri), server) }).await;
    (client.expect_err("the response is invalid"), rest)
}

#[tokio::test]
async fn a_response_other_than_101_rejects_the_handshake() {
    let (error, rest) = connect_error(|_| "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi".to_owned()).await;
    let ConnectError::Answer(HandshakeError::Rejected(response)) = error else { panic!("{error:?}") };
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(rest, b"", "bytes after the request");
}

#[tokio::test]
async fn a_server_of_another_protocol_fails_the_handshake_at_once() {
    // No empty line arrives, and the server keeps the connection open. The client must detect the
    // other protocol in the first bytes.
    let (error, rest) = connect_error(|_| "SSH-2.0-OpenSSH_9.9\r\n".to_owned()).await;
    assert!(
        matches!(&error, ConnectError::Answer(HandshakeError::Violation(HandshakeViolation::MalformedHead(_)))),
        "{error:?}"
    );
    assert_eq!(rest, b"");
}

//= docs/src/rfc6455.md#section-10-7
//= type=test
//# An endpoint that receives data that it does not understand or considers dangerous, or a
//# handshake that it did not expect, MAY drop the TCP connection.
//= docs/src/rfc6455.md#section-7-2-1
//= type=test
//# When a step of the opening handshake requires the client to fail the connection, the client MUST
//# do so as described in section 7.1.7.
#[tokio::test]
async fn an_accept_value_for_another_key_fails_the_handshake() {
    let (error, rest) = connect_error(|_| SAMPLE_RESPONSE.to_owned()).await;
    let ConnectError::Answer(HandshakeError::Violation(HandshakeViolation::AcceptWrong { expected, received })) = error
    else {
        panic!("{error:?}")
    };
    assert_eq!(received, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_ne!(expected, received);
    assert_eq!(rest, b"", "a Close, although no connection was open");
}

#[tokio::test]
async fn a_subprotocol_that_was_not_offered_fails_the_handshake() {
    let choose = |request: &str| {
        response_for(request).replace("Connection: Upgrade\r\n", "Connection: Upgrade\r\nSec-WebSocket-Protocol: x\r\n")
    };
    let (error, _) = connect_error(choose).await;
    let ConnectError::Answer(HandshakeError::Violation(violation)) = error else { panic!("{error:?}") };
    assert_eq!(violation, HandshakeViolation::SubprotocolNotOffered("x".to_owned()));
}

#[tokio::test]
async fn a_server_that_disconnects_within_its_response_is_an_unexpected_eof() {
    let (listener, uri) = listen().await;
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_head(&mut stream).await;
        stream.write_all(b"HTTP/1.1 101 Switching Pro").await.unwrap();
    };
    let (client, ()) = with_timeout(async { tokio::join!(connect(&uri), server) }).await;
    let Err(ConnectError::Handshake(error)) = client else { panic!("{client:?}") };
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
}

#[tokio::test]
async fn a_silent_server_fails_the_handshake_at_the_deadline() {
    // The kernel accepts the connection, but nothing ever answers.
    let (_listener, uri) = listen().await;
    let connector = Connector::new(&uri).unwrap().handshake_timeout(Duration::from_millis(50));
    let error = with_timeout(connector.connect()).await.expect_err("there is no response");
    assert!(matches!(error, ConnectError::TimedOut), "{error:?}");
}
