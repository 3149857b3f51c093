//! The client's request as the server reads it, and the server's response (section 4.2).

use std::{io, time::Duration};

use http::StatusCode;
use protocol::{
    HandshakeViolation, Message, UsageError,
    handshake::{UpgradeOptions, UpgradeRequest},
};
use testkit::{
    frames::{
        client_frame,
        first_byte::{BINARY, TEXT},
    },
    http_head::{SAMPLE_REQUEST, SAMPLE_RESPONSE},
    raw_peer::{connect_raw, listen, read_head, read_to_eof},
    stream::scripted_stream,
    tasks::{is_pending, ready, with_paused_timeout, with_timeout},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, timeout},
};
use websocket::{AcceptError, ServerConfig, accept, accept_with, connect, read_request};

use crate::support::not_found;

/// Makes a server read an invalid request. Returns the server's error, and everything that the
/// client receives.
async fn accept_error(request: &str) -> (AcceptError, String) {
    let (local, mut remote) = tokio::io::duplex(1 << 20);
    let client = async move {
        remote.write_all(request.as_bytes()).await.unwrap();
        String::from_utf8(read_to_eof(&mut remote).await).unwrap()
        // The client then disconnects, so the server need not linger.
    };
    let decide = |_: &UpgradeRequest<'_>| panic!("an invalid request reached the application");
    let server = async { accept_with(local, &ServerConfig::default(), decide).await };
    let (server, response) = with_paused_timeout(async { tokio::join!(server, client) }).await;
    (server.expect_err("the request is invalid"), response)
}

#[tokio::test]
async fn frames_in_the_same_packet_as_the_request_are_delivered() {
    let (listener, _) = listen().await;
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let mut bytes = SAMPLE_REQUEST.as_bytes().to_vec();
    bytes.extend([0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58]); // "Hello" of section 5.7
    bytes.extend(client_frame(BINARY, vec![7; 1000]));
    let third = client_frame(TEXT, "end");
    bytes.extend(&third[..4]);
    client.write_all(&bytes).await.unwrap();
    with_timeout(async {
        let mut server = accept(listener.accept().await.unwrap().0).await.expect("the request is valid");
        assert_eq!(server.next().await.unwrap().unwrap(), Message::text("Hello"));
        assert_eq!(server.next().await.unwrap().unwrap(), Message::binary(vec![7; 1000]));
        client.write_all(&third[4..]).await.unwrap();
        assert_eq!(server.next().await.unwrap().unwrap(), Message::text("end"));
        assert_eq!(read_head(&mut client).await, SAMPLE_RESPONSE);
    })
    .await;
}

#[tokio::test]
async fn a_request_may_arrive_byte_by_byte() {
    let (stream, script) = scripted_stream();
    let mut handshake = Box::pin(accept(stream));
    for byte in SAMPLE_REQUEST.as_bytes() {
        assert!(is_pending(handshake.as_mut()));
        assert_eq!(script.written(), b"", "a response before the end of the request");
        script.push_read(&[*byte]);
    }
    ready(handshake.as_mut()).expect("the request is valid");
    assert_eq!(String::from_utf8(script.written()).unwrap(), SAMPLE_RESPONSE);
}

#[tokio::test]
async fn the_options_of_the_application_are_in_the_response() {
    let (local, mut remote) = tokio::io::duplex(1 << 10);
    let request = SAMPLE_REQUEST.replace("\r\n\r\n", "\r\nSec-WebSocket-Protocol: chat, superchat\r\n\r\n");
    remote.write_all(request.as_bytes()).await.unwrap();
    let server = with_timeout(accept_with(local, &ServerConfig::default(), |upgrade| {
        assert_eq!((upgrade.request().path(), upgrade.request().host()), ("/chat", Some("server.example.com")));
        assert_eq!(upgrade.subprotocols(), ["chat", "superchat"]);
        Ok(UpgradeOptions::default().subprotocol("superchat").header("Set-Cookie", "a=b").unwrap())
    }))
    .await
    .expect("the request is valid");
    assert_eq!(server.subprotocol(), Some("superchat"));
    assert_eq!(
        read_head(&mut remote).await,
        SAMPLE_RESPONSE.replace("\r\n\r\n", "\r\nSec-WebSocket-Protocol: superchat\r\nSet-Cookie: a=b\r\n\r\n")
    );
}

#[tokio::test(start_paused = true)]
async fn an_application_that_chooses_what_was_not_offered_causes_a_500() {
    let (local, mut remote) = tokio::io::duplex(1 << 10);
    remote.write_all(SAMPLE_REQUEST.as_bytes()).await.unwrap();
    let options = ServerConfig::default();
    let server = accept_with(local, &options, |_| Ok(UpgradeOptions::default().subprotocol("chat")));
    let client = async {
        let head = read_head(&mut remote).await;
        drop(remote);
        head
    };
    let (server, response) = with_paused_timeout(async { tokio::join!(server, client) }).await;
    let Err(AcceptError::Usage(usage_error)) = server else { panic!("{server:?}") };
    assert_eq!(usage_error, UsageError::SubprotocolNotOffered("chat".to_owned()));
    assert!(response.starts_with("HTTP/1.1 500 Internal Server Error\r\n"), "{response}");
}

//= docs/src/rfc6455.md#section-4-2-2
//= type=test
//# A server that does not want a connection MUST return an HTTP error, such as 403, and abort the
//# handshake.
#[tokio::test]
async fn a_rejection_of_the_application_is_these_bytes() {
    let (listener, _) = listen().await;
    let client = async {
        let mut client = connect_raw(&listener).await;
        read_to_eof(&mut client).await
    };
    let server = async {
        let (stream, _) = listener.accept().await.unwrap();
        accept_with(stream, &ServerConfig::default(), not_found("there is only /talk here\n")).await
    };
    let (server, response) = with_timeout(async { tokio::join!(server, client) }).await;
    let error = server.expect_err("the application rejected the request");
    assert!(matches!(error, AcceptError::Rejected(StatusCode::NOT_FOUND)), "{error:?}");
    assert_eq!(
        String::from_utf8(response).unwrap(),
        "HTTP/1.1 404 Not Found\r\n\
         Content-Length: 25\r\n\
         Connection: close\r\n\
         \r\n\
         there is only /talk here\n"
    );
}

/// When a socket with unread bytes is closed, the kernel sends a reset. The reset can destroy a
/// response that the client has not read yet.
#[tokio::test]
async fn a_rejection_is_not_lost_to_a_reset_when_the_client_has_sent_more() {
    let (listener, _) = listen().await;
    let client = async {
        let mut client = connect_raw(&listener).await;
        client.write_all(&vec![b'x'; 100 << 10]).await.expect("no reset while the client sends");
        read_to_eof(&mut client).await // A reset would be an error here.
    };
    let server = async {
        let (stream, _) = listener.accept().await.unwrap();
        let _ = accept_with(stream, &ServerConfig::default(), not_found("no")).await;
    };
    let ((), response) = with_timeout(async { tokio::join!(server, client) }).await;
    assert!(response.starts_with(b"HTTP/1.1 404 "));
    assert!(response.ends_with(b"\r\n\r\nno"));
}

/// The larger body does not fit into the kernel's buffers, so the client would certainly notice a
/// reset.
#[tokio::test]
async fn a_rejection_is_not_lost_to_a_reset_when_an_upload_follows_the_request() {
    for size in [1_000_000, 7_000_000] {
        let (listener, _) = listen().await;
        let client = async {
            let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let head = format!("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\n");
            client.write_all(head.as_bytes()).await.unwrap();
            // The client sends its whole body before it starts to read, as most clients do.
            client.write_all(&vec![b'x'; size]).await.expect("no reset while the client sends");
            read_to_eof(&mut client).await
        };
        let server = async {
            let (stream, _) = listener.accept().await.unwrap();
            accept(stream).await.expect_err("POST")
        };
        let (_, response) = with_timeout(async { tokio::join!(server, client) }).await;
        assert!(response.starts_with(b"HTTP/1.1 405 "), "{}", response.escape_ascii());
    }
}

/// Without these bounds, a client could occupy a connection forever with useless input.
#[tokio::test(start_paused = true)]
async fn the_input_after_a_rejection_is_bounded_in_bytes_and_in_time() {
    // This client never stops sending, and sends as fast as the server reads.
    let (local, mut remote) = tokio::io::duplex(64 << 10);
    let flood = async {
        remote.write_all(b"GET /\0").await.unwrap();
        let mut sent = 0;
        while remote.write_all(&[0; 4096]).await.is_ok() {
            sent += 4096;
        }
        sent
    };
    let (error, sent) = with_paused_timeout(async { tokio::join!(accept(local), flood) }).await;
    assert!(matches!(error, Err(AcceptError::Violation(_))), "{error:?}");
    assert!((8 << 20..9 << 20).contains(&sent), "{sent} bytes");

    // This client sends one byte per second.
    let (local, mut remote) = tokio::io::duplex(64 << 10);
    let began = Instant::now();
    let trickle = async {
        remote.write_all(b"GET /\0").await.unwrap();
        while remote.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        began.elapsed().as_secs()
    };
    let (error, seconds) = with_paused_timeout(async { tokio::join!(accept(local), trickle) }).await;
    assert!(matches!(error, Err(AcceptError::Violation(_))), "{error:?}");
    assert!((10..12).contains(&seconds), "{seconds} s");
}

/// RFC 9112, section 3.2: the rule applies to every request, so the application never sees a
/// request that breaks it.
#[tokio::test]
async fn a_page_that_is_requested_without_one_valid_host_gets_400() {
    for (lines, expected) in [
        ("", HandshakeViolation::HostNotOnce),
        ("Host: a\r\nHost: a\r\n", HandshakeViolation::HostNotOnce),
        ("Host: a b\r\n", HandshakeViolation::HostMalformed("a b".to_owned())),
    ] {
        for method in ["GET", "HEAD", "POST"] {
            let (stream, script) = scripted_stream();
            script.push_read(format!("{method} / HTTP/1.1\r\n{lines}\r\n").as_bytes());
            script.push_eof();
            let error = ready(read_request(stream, &ServerConfig::default())).expect_err("no valid Host");
            let AcceptError::Violation(violation) = error else { panic!("{error:?}") };
            assert_eq!(violation, expected, "{method} {lines}");
            let response = String::from_utf8(script.written()).unwrap();
            assert!(response.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{response}");
            assert_eq!(response.ends_with("\r\n\r\n"), method == "HEAD", "only HEAD gets no body: {response}");
        }
    }
}

#[tokio::test]
async fn a_response_without_content_is_only_a_head() {
    for (method, status) in
        [("GET", StatusCode::NO_CONTENT), ("HEAD", StatusCode::NO_CONTENT), ("HEAD", StatusCode::OK)]
    {
        let (stream, script) = scripted_stream();
        script.push_read(format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes());
        script.push_eof();
        let incoming = ready(read_request(stream, &ServerConfig::default())).expect("the request is valid HTTP");
        let mut response = http::Response::new("a body");
        *response.status_mut() = status;
        ready(incoming.respond(&response)).expect("the response is written");
        let written = String::from_utf8(script.written()).unwrap();
        let length = if status == StatusCode::OK { "Content-Length: 6\r\n" } else { "" };
        assert_eq!(written, format!("HTTP/1.1 {status}\r\n{length}Connection: close\r\n\r\n"));
    }
}

#[tokio::test]
async fn a_client_that_resets_tcp_after_its_rejection_is_reported_as_rejected() {
    let (stream, script) = scripted_stream();
    script.push_read(SAMPLE_REQUEST.as_bytes());
    script.fail_reads(io::ErrorKind::ConnectionReset);
    let options = ServerConfig::default();
    let result = ready(accept_with(stream, &options, not_found("no")));
    assert!(script.written().ends_with(b"\r\n\r\nno"));
    let error = result.expect_err("the application rejected the request");
    assert!(matches!(error, AcceptError::Rejected(StatusCode::NOT_FOUND)), "{error:?}");
}

#[tokio::test]
async fn a_request_without_upgrade_gets_a_426_that_names_websocket() {
    let (error, response) = accept_error("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n").await;
    assert!(matches!(error, AcceptError::Violation(HandshakeViolation::UpgradeMissing)), "{error:?}");
    let body = format!("{}\n", HandshakeViolation::UpgradeMissing);
    assert_eq!(
        response,
        format!(
            "HTTP/1.1 426 Upgrade Required\r\n\
             Content-Type: text/plain; charset=utf-8\r\n\
             Sec-WebSocket-Version: 13\r\n\
             Upgrade: websocket\r\n\
             Connection: Upgrade, close\r\n\
             Content-Length: {}\r\n\
             \r\n\
             {body}",
            body.len()
        )
    );
}

//= docs/src/rfc6455.md#section-4-2-1
//= type=test
//# If a request does not match the description in this section, including the grammar, the server
//# MUST stop the handshake and respond with an HTTP error, such as 400.
//= docs/src/rfc6455.md#section-7-2-2
//= type=test
//# A server that aborts the connection during the opening handshake MUST simply close it.
#[tokio::test]
async fn each_invalid_request_is_rejected_with_its_status() {
    use HandshakeViolation::*;
    let with = |old: &str, new: &str| SAMPLE_REQUEST.replace(old, new);
    let long = format!("X-Long: {}\r\nHost: server", "x".repeat(20_000));
    let many = format!("{}Host: server", "X: y\r\n".repeat(200));
    let malformed = |what: &str| MalformedHead(what.to_owned());
    let upgrade_required = "HTTP/1.1 426 Upgrade Required\r\n";
    let bad_request = "HTTP/1.1 400 Bad Request\r\n";
    let too_large = "HTTP/1.1 431 Request Header Fields Too Large\r\n";
    let version_13 = "\r\nSec-WebSocket-Version: 13\r\n";
    let cases = [
        (
            with("GET", "POST"),
            MethodNotGet("POST".to_owned()),
            "HTTP/1.1 405 Method Not Allowed\r\n",
            "\r\nAllow: GET\r\n",
        ),
        (with("HTTP/1.1", "HTTP/1.0"), HttpVersionTooOld, bad_request, ""),
        (with("Version: 13", "Version: 8"), VersionUnsupported(Some("8".to_owned())), upgrade_required, version_13),
        (with("Sec-WebSocket-Version: 13\r\n", ""), VersionUnsupported(None), upgrade_required, version_13),
        (with("Upgrade: websocket", "Upgrade: h2c"), UpgradeMissing, upgrade_required, "\r\nUpgrade: websocket\r\n"),
        (with("Connection: Upgrade", "Connection: close"), ConnectionWithoutUpgrade, bad_request, ""),
        (with("dGhlIHNhbXBsZSBub25jZQ==", "short"), KeyMalformed, bad_request, ""),
        (with("Host: server.example.com\r\n", ""), HostNotOnce, bad_request, ""),
        (with("Host: server", "Host: other.example.com\r\nHost: server"), HostNotOnce, bad_request, ""),
        (with("server.example.com", "a b"), HostMalformed("a b".to_owned()), bad_request, ""),
        (with("Host: server", "Content-Length: 5\r\nHost: server"), RequestWithBody, bad_request, ""),
        (with("Host: server", &long), HeadTooLong { limit: 16 << 10 }, too_large, ""),
        (with("Host: server", &many), TooManyHeaders { limit: 100 }, too_large, ""),
        (with("Host: server", " folded\r\nHost: server"), malformed("invalid header name"), bad_request, ""),
        // The first bytes of TLS, sent to a port for plain HTTP.
        ("\u{16}\u{3}\u{1}".repeat(30), malformed("it begins with TLS, and this end expects none"), bad_request, ""),
    ];
    for (request, expected, status_line, header_line) in cases {
        let (error, response) = accept_error(&request).await;
        let AcceptError::Violation(violation) = error else { panic!("{request} -> {error:?}") };
        assert_eq!(violation, expected, "{request}");
        assert!(response.starts_with(status_line), "{request} -> {response}");
        assert!(response.contains(header_line), "{request} -> {response}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_too_long_gets_a_408() {
    let (local, mut remote) = tokio::io::duplex(1 << 10);
    let began = Instant::now();
    let client = async {
        // The time limit applies to the whole request. A client cannot extend it by sending a byte
        // now and then.
        for byte in SAMPLE_REQUEST.bytes() {
            remote.write_all(&[byte]).await.unwrap();
            if timeout(Duration::from_millis(900), remote.read_u8()).await.is_ok() {
                break;
            }
        }
        (began.elapsed(), read_to_eof(&mut remote).await)
    };
    let (server, (waited, rest)) = with_paused_timeout(async { tokio::join!(accept(local), client) }).await;
    let error = server.expect_err("the request is incomplete");
    assert!(matches!(error, AcceptError::TimedOut), "{error:?}");
    assert_eq!(waited, Duration::from_secs(10));
    assert_eq!(
        String::from_utf8(rest).unwrap(), // The loop has read the "H".
        "TTP/1.1 408 Request Timeout\r\n\
         Content-Length: 26\r\n\
         Connection: close\r\n\
         \r\n\
         the request took too long\n"
    );
}

#[tokio::test(start_paused = true)]
async fn the_time_limit_for_requests_is_configurable() {
    let (local, _remote) = tokio::io::duplex(1 << 10);
    let options = ServerConfig::default().handshake_timeout(Duration::from_millis(1500));
    let began = Instant::now();
    let error = with_paused_timeout(read_request(local, &options)).await.expect_err("no request");
    assert!(matches!(error, AcceptError::TimedOut), "{error:?}");
    // The server lingers for two more seconds, because the client is still connected.
    assert_eq!(began.elapsed(), Duration::from_millis(3500));
}

#[tokio::test(start_paused = true)]
async fn a_time_limit_for_requests_that_the_clock_cannot_represent_is_a_day() {
    let (local, _remote) = tokio::io::duplex(1 << 10);
    let options = ServerConfig::default().handshake_timeout(Duration::MAX);
    let began = Instant::now();
    let error = read_request(local, &options).await.expect_err("no request");
    assert!(matches!(error, AcceptError::TimedOut), "{error:?}");
    // The server lingers for two more seconds, as above.
    assert_eq!(began.elapsed(), Duration::from_secs(24 * 3600 + 2));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_the_response_times_out() {
    let (stream, script) = scripted_stream();
    script.push_read(SAMPLE_REQUEST.as_bytes());
    script.block_writes();
    let error = with_paused_timeout(accept(stream)).await.expect_err("the response was never written");
    assert!(matches!(error, AcceptError::TimedOut), "{error:?}");
}

#[tokio::test]
async fn a_client_that_disconnects_within_its_request_is_an_unexpected_eof() {
    let (local, mut remote) = tokio::io::duplex(1 << 10);
    remote.write_all(&SAMPLE_REQUEST.as_bytes()[..60]).await.unwrap();
    drop(remote);
    let Err(AcceptError::Io(error)) = with_timeout(accept(local)).await else { panic!("the request is incomplete") };
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
}

#[tokio::test]
async fn accepting_an_invalid_request_after_read_request_rejects_it_with_its_status() {
    let (stream, script) = scripted_stream();
    script.push_read(b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n");
    script.push_eof();
    let config = ServerConfig::default();
    let incoming = ready(read_request(stream, &config)).expect("the request is valid HTTP");
    let error = ready(incoming.accept(UpgradeOptions::default(), &config)).expect_err("it asks for no upgrade");
    assert!(matches!(error, AcceptError::Violation(HandshakeViolation::UpgradeMissing)), "{error:?}");
    assert!(script.written().starts_with(b"HTTP/1.1 426 Upgrade Required\r\n"));
}

#[tokio::test]
async fn plain_http_and_websocket_can_share_a_port() {
    let (listener, uri) = listen().await;
    let server = async {
        let options = ServerConfig::default();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let incoming = read_request(stream, &options).await.unwrap();
            if incoming.request().wants_websocket() {
                break incoming.accept(UpgradeOptions::default(), &options).await.unwrap();
            }
            incoming.respond(&http::Response::new("<h1>hello</h1>")).await.unwrap();
        }
    };
    let client = async {
        let mut browser = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        browser.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        let page = String::from_utf8(read_to_eof(&mut browser).await).unwrap();
        drop(browser);
        (page, connect(&uri).await.unwrap())
    };
    let (mut server, (page, mut client)) = with_timeout(async { tokio::join!(server, client) }).await;
    assert_eq!(page, "HTTP/1.1 200 OK\r\nContent-Length: 14\r\nConnection: close\r\n\r\n<h1>hello</h1>");
    with_timeout(async {
        client.send("hello").await.unwrap();
        assert_eq!(server.next().await.unwrap().unwrap(), Message::text("hello"));
    })
    .await;
}
