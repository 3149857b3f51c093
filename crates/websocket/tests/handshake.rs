//! The opening handshake over real sockets, against peers that are written byte by byte (sections 4.1 and 4.2).

mod common;

use std::{io, time::Duration};

use futures_util::FutureExt;
use http::{HeaderValue, StatusCode, header::SET_COOKIE};
use protocol::{
    DeflateOptions, Message, UsageError, Violation,
    handshake::{Extension, HandshakeError, UpgradeOptions},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    time::{Instant, timeout},
};
use websocket::{AcceptError, ConnectError, Connector, ServerConfig, accept, accept_with, connect, read_request};

use common::{
    BINARY, REQUEST, SWITCHING, TEXT, from_client, from_server, guarded, guarded_with_stopped_clock, header,
    let_others_run, listen, not_found, raw_client, raw_server, read_frame, read_head, read_rest, scripted, switching,
};

// ---- The client's request ---------------------------------------------------------------------------------------------

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# To establish a connection, a client MUST open a transport, send an opening request and read the response.
//= docs/src/rfc6455.md#section-4-1
//= type=test
//# A client without a proxy SHOULD open a TCP connection to the host and port itself.
//= docs/src/rfc6455.md#section-4-1
//= type=test
//# Once the transport is open, the client MUST send an opening request.
#[tokio::test]
async fn the_request_is_these_bytes() {
    let (listener, uri) = listen().await;
    let authority = listener.local_addr().unwrap();
    let uri = format!("{uri}chat?room=7");
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = read_head(&mut stream).await;
        stream.write_all(switching(&request).as_bytes()).await.unwrap();
        request
    };
    let (client, request) = guarded(async { tokio::join!(connect(&uri), server) }).await;
    client.expect("the answer was right");
    let key = header(&request, "Sec-WebSocket-Key").unwrap();
    assert_eq!(key.len(), 24, "the Base64 of 16 bytes");
    assert_eq!(
        request,
        format!(
            "GET /chat?room=7 HTTP/1.1\r\n\
             Host: {authority}\r\n\
             Upgrade: websocket\r\n\
             Connection: Upgrade\r\n\
             Sec-WebSocket-Key: {key}\r\n\
             Sec-WebSocket-Version: 13\r\n\
             \r\n"
        )
    );
}

//= docs/src/rfc6455.md#section-9-2
//= type=test
//# An implementation MAY use extensions that are defined elsewhere.
#[tokio::test]
async fn options_of_the_connector_reach_the_wire() {
    let (listener, uri) = listen().await;
    let connector = Connector::new(&uri)
        .and_then(|connector| connector.subprotocol("chat"))
        .and_then(|connector| connector.subprotocol("superchat"))
        .and_then(|connector| connector.origin("https://example.org"))
        .and_then(|connector| connector.header("Cookie", "a=b"))
        .and_then(|connector| connector.header("X-Request-Id", "7"))
        .unwrap()
        .extension(Extension::new("x-test").unwrap().with("level", Some("9")).unwrap());
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = read_head(&mut stream).await;
        let answer = switching(&request).replace(
            "Upgrade: websocket\r\n",
            "Upgrade: websocket\r\nSec-WebSocket-Protocol: superchat\r\nSec-WebSocket-Extensions: x-test\r\n",
        );
        stream.write_all(answer.as_bytes()).await.unwrap();
        request
    };
    let (client, request) = guarded(async { tokio::join!(connector.connect(), server) }).await;
    let client = client.expect("the answer was right");
    assert_eq!(header(&request, "Sec-WebSocket-Protocol"), Some("chat, superchat"));
    assert_eq!(header(&request, "Sec-WebSocket-Extensions"), Some("x-test; level=9"));
    assert_eq!(header(&request, "Origin"), Some("https://example.org"));
    assert_eq!(header(&request, "Cookie"), Some("a=b"));
    assert_eq!(header(&request, "X-Request-Id"), Some("7"));
    assert_eq!(client.subprotocol(), Some("superchat"));
    assert_eq!(client.extensions().iter().map(Extension::name).collect::<Vec<_>>(), ["x-test"]);
}

#[tokio::test]
async fn two_connections_have_two_keys() {
    let (listener, uri) = listen().await;
    let mut keys = Vec::new();
    for _ in 0..2 {
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            header(&read_head(&mut stream).await, "Sec-WebSocket-Key").map(str::to_owned)
        };
        let (_, key) = guarded(async { tokio::join!(connect(&uri), server) }).await;
        keys.push(key.unwrap());
    }
    assert_ne!(keys[0], keys[1]);
}

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# After its request, the client MUST wait for the response before it sends anything else.
#[tokio::test]
async fn the_client_sends_nothing_before_the_answer() {
    let (stream, wire) = scripted();
    let mut handshake = Box::pin(Connector::new("ws://example.org/").unwrap().handshake(stream));
    assert!(handshake.as_mut().now_or_never().is_none());
    let request = String::from_utf8(wire.written()).unwrap();
    assert!(request.ends_with("\r\n\r\n"));
    let answer = switching(&request);
    for byte in answer.as_bytes() {
        assert!(handshake.as_mut().now_or_never().is_none());
        assert_eq!(wire.written(), request.as_bytes());
        wire.give(&[*byte]);
    }
    let mut client = handshake.as_mut().now_or_never().expect("the answer is complete").expect("and right");
    assert_eq!(wire.written(), request.as_bytes());
    client.send("now").now_or_never().expect("there is room").expect("it is open");
    assert!(wire.written().len() > request.len());
}

//= docs/src/rfc6455.md#section-9-1
//= type=test
//# A client MUST NOT use an extension until the server has said that it will.
#[tokio::test]
async fn an_extension_that_was_not_accepted_is_not_used() {
    let (listener, uri) = listen().await;
    // Compression is offered too, for every message: the client can do that, so it could use it.
    let compression = DeflateOptions { threshold: 0, ..DeflateOptions::DEFAULT };
    let connector = Connector::new(&uri).unwrap().extension(Extension::new("x-test").unwrap()).deflate(compression);
    let (client, mut server) = guarded(async { tokio::join!(connector.connect(), raw_server(&listener)) }).await;
    let mut client = client.expect("a server may leave out what it was offered");
    assert!(client.extensions().is_empty());
    guarded(async {
        client.send("Hello").await.unwrap();
        // The whole first byte: no reserved bit is set.
        assert_eq!(read_frame(&mut server).await, (TEXT, b"Hello".to_vec()));
    })
    .await;
}

// ---- The server's answer, seen by the client --------------------------------------------------------------------------

#[tokio::test]
async fn frames_glued_behind_the_101_are_delivered() {
    let (listener, uri) = listen().await;
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = read_head(&mut stream).await;
        // Two frames and the beginning of a third.
        let mut bytes = switching(&request).into_bytes();
        bytes.extend([0x81, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F]); // "Hello"
        bytes.extend(from_server(BINARY, vec![7; 1000]));
        bytes.extend([0x81, 0x03, b'e']);
        stream.write_all(&bytes).await.unwrap();
        stream
    };
    guarded(async {
        let (client, mut server) = tokio::join!(connect(&uri), server);
        let mut client = client.expect("the answer was right");
        assert_eq!(client.next().await.unwrap().unwrap(), Message::text("Hello"));
        assert_eq!(client.next().await.unwrap().unwrap(), Message::binary(vec![7; 1000]));
        server.write_all(b"nd").await.unwrap();
        assert_eq!(client.next().await.unwrap().unwrap(), Message::text("end"));
    })
    .await;
}

#[tokio::test]
async fn a_refused_client_gets_status_headers_and_body() {
    let (listener, uri) = listen().await;
    let body = "you are not on the list ".repeat(5);
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_head(&mut stream).await;
        let answer =
            format!("HTTP/1.1 403 Forbidden\r\nX-Reason: list\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        // In one packet, so that all of it has arrived when the client judges the head.
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream
    };
    let (client, _stream) = guarded(async { tokio::join!(connect(&uri), server) }).await;
    let Err(ConnectError::Answer(HandshakeError::Rejected(response))) = client else {
        panic!("the server refused: {client:?}")
    };
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert_eq!(response.headers()["x-reason"], "list");
    // The body lay behind the head in the same packet: all of it "has arrived".
    assert_eq!(String::from_utf8_lossy(response.body()), body);
}

#[tokio::test(start_paused = true)]
async fn the_body_of_a_refusal_may_come_behind_its_head() {
    let (ours, mut theirs) = tokio::io::duplex(1 << 10);
    let handshake = Connector::new("ws://example.org/").unwrap().handshake(ours);
    let server = async {
        read_head(&mut theirs).await;
        theirs.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 14\r\n\r\n").await.unwrap();
        for piece in [&b"not to"[..], b"day, s", b"ir"] {
            let_others_run().await;
            theirs.write_all(piece).await.unwrap();
        }
        // And stays: the length alone says where the body ends.
        theirs
    };
    let (client, _theirs) = guarded_with_stopped_clock(async { tokio::join!(handshake, server) }).await;
    let Err(ConnectError::Answer(HandshakeError::Rejected(response))) = client else { panic!("{client:?}") };
    assert_eq!(String::from_utf8_lossy(response.body()), "not today, sir");
}

/// Answers a client's request with `answer` and leaves; gives what the client says and what it sent after its request.
async fn answered(answer: impl Fn(&str) -> String) -> (ConnectError, Vec<u8>) {
    let (listener, uri) = listen().await;
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = read_head(&mut stream).await;
        stream.write_all(answer(&request).as_bytes()).await.unwrap();
        read_rest(&mut stream).await
    };
    let (client, rest) = guarded(async { tokio::join!(connect(&uri), server) }).await;
    (client.expect_err("the answer was wrong"), rest)
}

#[tokio::test]
async fn an_http_server_is_no_websocket() {
    let (error, rest) = answered(|_| "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi".to_owned()).await;
    let ConnectError::Answer(HandshakeError::Rejected(response)) = error else { panic!("{error:?}") };
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(rest, b"", "the client leaves without a word");
}

#[tokio::test]
async fn a_server_of_another_protocol_is_noticed_at_once() {
    // No empty line, and the server keeps the connection open: only looking at the bytes helps.
    let (error, rest) = answered(|_| "SSH-2.0-OpenSSH_9.9\r\n".to_owned()).await;
    assert!(
        matches!(&error, ConnectError::Answer(HandshakeError::Violation(Violation::MalformedHead(_)))),
        "{error:?}"
    );
    assert_eq!(rest, b"");
}

//= docs/src/rfc6455.md#section-10-7
//= type=test
//# An endpoint that does not understand what it gets, or finds it dangerous, or sees a handshake that it did not expect,
//# MAY drop TCP.
//= docs/src/rfc6455.md#section-7-2-1
//= type=test
//# Where the opening handshake tells a client to fail the connection, it MUST do so as section 7.1.7 says.
#[tokio::test]
async fn an_accept_value_for_another_key_fails_the_handshake() {
    let (error, rest) = answered(|_| SWITCHING.to_owned()).await;
    let ConnectError::Answer(HandshakeError::Violation(Violation::AcceptWrong { expected, received })) = error else {
        panic!("{error:?}")
    };
    assert_eq!(received, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_ne!(expected, received);
    assert_eq!(rest, b"", "no Close: there is no connection yet");
}

#[tokio::test]
async fn a_subprotocol_that_was_not_offered_fails_the_handshake() {
    let choose = |request: &str| {
        switching(request).replace("Connection: Upgrade\r\n", "Connection: Upgrade\r\nSec-WebSocket-Protocol: x\r\n")
    };
    let (error, _) = answered(choose).await;
    let ConnectError::Answer(HandshakeError::Violation(violation)) = error else { panic!("{error:?}") };
    assert_eq!(violation, Violation::SubprotocolNotOffered("x".to_owned()));
}

#[tokio::test]
async fn a_server_that_leaves_without_an_answer_is_an_unexpected_end() {
    let (listener, uri) = listen().await;
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_head(&mut stream).await;
        stream.write_all(b"HTTP/1.1 101 Switching Pro").await.unwrap();
    };
    let (client, ()) = guarded(async { tokio::join!(connect(&uri), server) }).await;
    let Err(ConnectError::Handshake(error)) = client else { panic!("{client:?}") };
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
}

#[tokio::test]
async fn a_silent_server_runs_into_the_time_limit() {
    // The kernel takes the connection; nobody ever answers.
    let (_listener, uri) = listen().await;
    let connector = Connector::new(&uri).unwrap().handshake_timeout(Duration::from_millis(50));
    let error = guarded(connector.connect()).await.expect_err("there was no answer");
    assert!(matches!(error, ConnectError::TimedOut), "{error:?}");
}

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# If the transport cannot be opened, or a proxy answers with an error, the client MUST fail the connection and give
//# up.
#[tokio::test]
async fn a_port_where_nobody_listens_refuses_tcp() {
    // Bound, so that nobody else can have it, and not listening.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    let error = guarded(connect(&format!("ws://{address}/"))).await.expect_err("nobody listens");
    let ConnectError::Tcp { authority, error } = error else { panic!("{error:?}") };
    assert_eq!(authority, address.to_string());
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn a_name_without_an_address_is_an_error_of_its_own() {
    // RFC 6761, 6.4: names under .invalid never resolve.
    let error = guarded(connect("ws://websonkets.invalid/")).await.expect_err("there is no such host");
    let ConnectError::Resolve { host, .. } = error else { panic!("{error:?}") };
    assert_eq!(host, "websonkets.invalid");
}

#[tokio::test]
async fn a_uri_that_is_none_is_a_misuse() {
    let error = guarded(connect("http://example.org/")).await.expect_err("not a WebSocket URI");
    assert!(matches!(error, ConnectError::Usage(UsageError::Uri(_))), "{error:?}");
}

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# If the URI is not valid, the client MUST fail the connection and do nothing else.
#[tokio::test]
async fn an_invalid_uri_fails_before_anybody_is_called() {
    let (listener, uri) = listen().await;
    for rest in ["a b", "\r\nX: y", "#top", "%"] {
        let error = guarded(connect(&format!("{uri}{rest}"))).await.expect_err("not a WebSocket URI");
        assert!(matches!(error, ConnectError::Usage(UsageError::Uri(_))), "{error:?}");
    }
    assert!(nobody_else_calls(&listener).await);
}

#[tokio::test]
async fn an_ipv6_address_can_be_connected_to() {
    let Ok(listener) = TcpListener::bind("[::1]:0").await else {
        return; // Not every container has IPv6.
    };
    let uri = format!("ws://{}/", listener.local_addr().unwrap());
    let (client, _server) = guarded(async { tokio::join!(connect(&uri), raw_server(&listener)) }).await;
    client.expect("the answer was right");
}

// ---- 4.1: one handshake at a time with each address -------------------------------------------------------------------

/// Whether no further client is there, although all that want to have had their chance.
async fn nobody_else_calls(listener: &TcpListener) -> bool {
    tokio::select! {
        biased;
        _ = listener.accept() => false,
        () = let_others_run() => true,
    }
}

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# There MUST NOT be more than one connection to the same IP address and port in the state CONNECTING.
#[tokio::test]
async fn two_handshakes_with_one_address_follow_each_other() {
    let (listener, uri) = listen().await;
    let server = async {
        let (mut first, _) = listener.accept().await.unwrap();
        let request = read_head(&mut first).await;
        assert!(nobody_else_calls(&listener).await, "the second client has to wait until the first has its answer");
        first.write_all(switching(&request).as_bytes()).await.unwrap();
        (first, raw_server(&listener).await)
    };
    let (one, two, _streams) = guarded(async { tokio::join!(connect(&uri), connect(&uri), server) }).await;
    one.expect("the answer was right");
    two.expect("the answer was right");
}

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# While another connection to the same IP address and port is being opened, the client MUST wait until that is done or
//# has failed.
//= docs/src/rfc6455.md#section-4-1
//= type=test
//# Attempts at the same IP address and port that are made together MUST be carried out one after the other.
#[tokio::test]
async fn many_handshakes_with_one_address_form_a_queue_under_whatever_name() {
    let (listener, uri) = listen().await;
    let by_name = uri.replace("127.0.0.1", "localhost");
    let server = async {
        let mut streams = Vec::new();
        for _ in 0..4 {
            let (mut stream, _) = listener.accept().await.unwrap();
            let request = read_head(&mut stream).await;
            assert!(nobody_else_calls(&listener).await, "two clients wait for an answer");
            stream.write_all(switching(&request).as_bytes()).await.unwrap();
            streams.push(stream);
        }
        streams
    };
    let clients = async {
        let (a, b, c, d) = tokio::join!(connect(&uri), connect(&by_name), connect(&uri), connect(&by_name));
        [a, b, c, d].map(|opened| opened.expect("the answer was right"))
    };
    guarded(async { tokio::join!(clients, server) }).await;
}

#[tokio::test]
async fn a_handshake_that_failed_lets_the_next_one_begin() {
    let (listener, uri) = listen().await;
    let server = async {
        let (first, _) = listener.accept().await.unwrap();
        drop(first);
        raw_server(&listener).await
    };
    let (one, two, _stream) = guarded(async { tokio::join!(connect(&uri), connect(&uri), server) }).await;
    assert_eq!([one.is_ok(), two.is_ok()].into_iter().filter(|opened| *opened).count(), 1);
}

#[tokio::test]
async fn a_handshake_that_was_dropped_lets_the_next_one_begin() {
    let (listener, uri) = listen().await;
    guarded(async {
        let mut dropped = Box::pin(connect(&uri));
        let (first, _) = tokio::select! {
            opened = &mut dropped => panic!("nobody has answered: {opened:?}"),
            accepted = listener.accept() => accepted.unwrap(),
        };
        drop(dropped);
        let (client, _server) = tokio::join!(connect(&uri), raw_server(&listener));
        client.expect("the answer was right");
        drop(first);
    })
    .await;
}

#[tokio::test]
async fn handshakes_with_two_ports_run_side_by_side() {
    let (one, uri_of_one) = listen().await;
    let (two, uri_of_two) = listen().await;
    let servers = async {
        let (mut first, _) = one.accept().await.unwrap();
        let (mut second, _) = two.accept().await.unwrap();
        // Both requests are here before either is answered.
        let requests = (read_head(&mut first).await, read_head(&mut second).await);
        second.write_all(switching(&requests.1).as_bytes()).await.unwrap();
        first.write_all(switching(&requests.0).as_bytes()).await.unwrap();
        (first, second)
    };
    let (first, second, _streams) =
        guarded(async { tokio::join!(connect(&uri_of_one), connect(&uri_of_two), servers) }).await;
    first.expect("the answer was right");
    second.expect("the answer was right");
}

// ---- The client's request, seen by the server -------------------------------------------------------------------------

/// Our server, on what `client` writes in one go; gives the bytes that the client gets, up to the end.
async fn refused(request: &str) -> (AcceptError, String) {
    let (ours, mut theirs) = tokio::io::duplex(1 << 20);
    let client = async move {
        theirs.write_all(request.as_bytes()).await.unwrap();
        String::from_utf8(read_rest(&mut theirs).await).unwrap()
        // And leaves, so that the server need not linger.
    };
    let decide = |_: &_, _: &_| panic!("a wrong request is not the application's business");
    let server = async { accept_with(ours, &ServerConfig::default(), decide).await };
    let (server, answer) = guarded_with_stopped_clock(async { tokio::join!(server, client) }).await;
    (server.expect_err("the request is wrong"), answer)
}

#[tokio::test]
async fn frames_glued_behind_the_request_are_delivered() {
    let (listener, _) = listen().await;
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let mut bytes = REQUEST.as_bytes().to_vec();
    bytes.extend([0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58]); // "Hello" of section 5.7
    bytes.extend(from_client(BINARY, vec![7; 1000]));
    let third = from_client(TEXT, "end");
    bytes.extend(&third[..4]);
    client.write_all(&bytes).await.unwrap();
    guarded(async {
        let mut server = accept(listener.accept().await.unwrap().0).await.expect("the request is right");
        assert_eq!(server.next().await.unwrap().unwrap(), Message::text("Hello"));
        assert_eq!(server.next().await.unwrap().unwrap(), Message::binary(vec![7; 1000]));
        client.write_all(&third[4..]).await.unwrap();
        assert_eq!(server.next().await.unwrap().unwrap(), Message::text("end"));
        assert_eq!(read_head(&mut client).await, SWITCHING);
    })
    .await;
}

#[test]
fn a_request_may_come_byte_by_byte() {
    let (stream, wire) = scripted();
    let mut handshake = Box::pin(accept(stream));
    // Without a runtime there is no timer; the timer's first poll would notice.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _guard = runtime.enter();
    for byte in REQUEST.as_bytes() {
        assert!(handshake.as_mut().now_or_never().is_none());
        assert_eq!(wire.written(), b"", "no answer before the end of the request");
        wire.give(&[*byte]);
    }
    handshake.as_mut().now_or_never().expect("the request is complete").expect("and right");
    assert_eq!(String::from_utf8(wire.written()).unwrap(), SWITCHING);
}

#[tokio::test]
async fn what_the_application_chooses_is_in_the_101() {
    let (ours, mut theirs) = tokio::io::duplex(1 << 10);
    let request = REQUEST.replace("\r\n\r\n", "\r\nSec-WebSocket-Protocol: chat, superchat\r\n\r\n");
    theirs.write_all(request.as_bytes()).await.unwrap();
    let server = guarded(accept_with(ours, &ServerConfig::default(), |request, upgrade| {
        assert_eq!((request.path(), request.host()), ("/chat", Some("server.example.com")));
        assert_eq!(upgrade.subprotocols(), ["chat", "superchat"]);
        let mut acceptance = UpgradeOptions { subprotocol: Some("superchat".to_owned()), ..UpgradeOptions::default() };
        acceptance.headers.insert(SET_COOKIE, HeaderValue::from_static("a=b"));
        Ok(acceptance)
    }))
    .await
    .expect("the request is right");
    assert_eq!(server.subprotocol(), Some("superchat"));
    assert_eq!(
        read_head(&mut theirs).await,
        SWITCHING.replace("\r\n\r\n", "\r\nSec-WebSocket-Protocol: superchat\r\nSet-Cookie: a=b\r\n\r\n")
    );
}

#[tokio::test(start_paused = true)]
async fn an_application_that_chooses_what_was_not_offered_is_the_servers_fault() {
    let (ours, mut theirs) = tokio::io::duplex(1 << 10);
    theirs.write_all(REQUEST.as_bytes()).await.unwrap();
    let options = ServerConfig::default();
    let server = accept_with(ours, &options, |_, _| {
        Ok(UpgradeOptions { subprotocol: Some("chat".to_owned()), ..UpgradeOptions::default() })
    });
    let client = async {
        let head = read_head(&mut theirs).await;
        drop(theirs);
        head
    };
    let (server, answer) = guarded_with_stopped_clock(async { tokio::join!(server, client) }).await;
    let Err(AcceptError::Usage(usage_error)) = server else { panic!("{server:?}") };
    assert_eq!(usage_error, UsageError::SubprotocolNotOffered("chat".to_owned()));
    assert!(answer.starts_with("HTTP/1.1 500 Internal Server Error\r\n"), "{answer}");
}

//= docs/src/rfc6455.md#section-4-2-2
//= type=test
//# A server that does not want a connection MUST answer with an HTTP error, such as 403, and end the handshake.
#[tokio::test]
async fn a_refusal_of_the_application_is_these_bytes() {
    let (listener, _) = listen().await;
    let client = async {
        let mut client = raw_client(&listener).await;
        read_rest(&mut client).await
    };
    let server = async {
        let (stream, _) = listener.accept().await.unwrap();
        accept_with(stream, &ServerConfig::default(), not_found("there is only /talk here\n")).await
    };
    let (server, answer) = guarded(async { tokio::join!(server, client) }).await;
    let error = server.expect_err("the application refused");
    assert!(matches!(error, AcceptError::Rejected(StatusCode::NOT_FOUND)), "{error:?}");
    assert_eq!(
        String::from_utf8(answer).unwrap(),
        "HTTP/1.1 404 Not Found\r\n\
         Content-Length: 25\r\n\
         Connection: close\r\n\
         \r\n\
         there is only /talk here\n"
    );
}

/// Closing a socket with unread bytes makes the kernel send a reset, and a reset overtakes the answer.
#[tokio::test]
async fn a_refusal_is_not_lost_to_a_reset_when_the_client_has_sent_more() {
    let (listener, _) = listen().await;
    let client = async {
        let mut client = raw_client(&listener).await;
        client.write_all(&vec![b'x'; 100 << 10]).await.expect("no reset while sending");
        read_rest(&mut client).await // and none while reading
    };
    let server = async {
        let (stream, _) = listener.accept().await.unwrap();
        let _ = accept_with(stream, &ServerConfig::default(), not_found("no")).await;
    };
    let ((), answer) = guarded(async { tokio::join!(server, client) }).await;
    assert!(answer.starts_with(b"HTTP/1.1 404 "));
    assert!(answer.ends_with(b"\r\n\r\nno"));
}

#[test]
fn a_client_that_leaves_rudely_after_its_answer_was_refused_all_the_same() {
    let (stream, wire) = scripted();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _guard = runtime.enter();
    wire.give(REQUEST.as_bytes());
    wire.fail_reads(io::ErrorKind::ConnectionReset);
    let options = ServerConfig::default();
    let result = accept_with(stream, &options, not_found("no")).now_or_never().expect("nobody lingers");
    assert!(wire.written().ends_with(b"\r\n\r\nno"));
    let error = result.expect_err("the application refused");
    assert!(matches!(error, AcceptError::Rejected(StatusCode::NOT_FOUND)), "{error:?}");
}

#[tokio::test]
async fn a_request_without_upgrade_is_told_what_to_upgrade_to() {
    let (error, answer) = refused("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n").await;
    assert!(matches!(error, AcceptError::Violation(Violation::UpgradeMissing)), "{error:?}");
    let body = format!("{}\n", Violation::UpgradeMissing);
    assert_eq!(
        answer,
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
//# A request that is not as described here, be it only in its grammar, MUST be answered with an HTTP error, 400 for
//# example.
//= docs/src/rfc6455.md#section-7-2-2
//= type=test
//# A server that aborts the connection during the opening handshake MUST simply close it.
#[tokio::test]
async fn each_wrong_request_gets_a_status_that_fits() {
    let with = |old: &str, new: &str| REQUEST.replace(old, new);
    let long = format!("X-Long: {}\r\nHost: server", "x".repeat(20_000));
    let many = format!("{}Host: server", "X: y\r\n".repeat(200));
    let cases = [
        (with("GET", "POST"), "405 Method Not Allowed", "Allow: GET"),
        (with("HTTP/1.1", "HTTP/1.0"), "400 Bad Request", ""),
        (with("Version: 13", "Version: 8"), "426 Upgrade Required", "Sec-WebSocket-Version: 13"),
        (with("Sec-WebSocket-Version: 13\r\n", ""), "426 Upgrade Required", "Sec-WebSocket-Version: 13"),
        (with("Upgrade: websocket", "Upgrade: h2c"), "426 Upgrade Required", "Upgrade: websocket"),
        (with("Connection: Upgrade", "Connection: close"), "400 Bad Request", ""),
        (with("dGhlIHNhbXBsZSBub25jZQ==", "short"), "400 Bad Request", ""),
        (with("Host: server.example.com\r\n", ""), "400 Bad Request", ""),
        (with("Host: server", "Content-Length: 5\r\nHost: server"), "400 Bad Request", ""),
        (with("Host: server", &long), "431 Request Header Fields Too Large", ""),
        (with("Host: server", &many), "431 Request Header Fields Too Large", ""),
        (with("Host: server", " folded\r\nHost: server"), "400 Bad Request", ""),
        // What TLS begins with, sent to a port that speaks plain HTTP.
        ("\u{16}\u{3}\u{1}".repeat(30), "400 Bad Request", ""),
    ];
    for (request, status, line) in cases {
        let (error, answer) = refused(&request).await;
        assert!(matches!(error, AcceptError::Violation(_)), "{request} -> {error:?}");
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{request} -> {answer}");
        assert!(answer.contains(&format!("{line}\r\n")), "{request} -> {answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_too_long_gets_a_408() {
    let (ours, mut theirs) = tokio::io::duplex(1 << 10);
    let began = Instant::now();
    let client = async {
        // A byte now and then does not help: the limit is for the whole request.
        for byte in REQUEST.bytes() {
            theirs.write_all(&[byte]).await.unwrap();
            if timeout(Duration::from_millis(900), theirs.read_u8()).await.is_ok() {
                break;
            }
        }
        (began.elapsed(), read_rest(&mut theirs).await)
    };
    let (server, (waited, rest)) = guarded_with_stopped_clock(async { tokio::join!(accept(ours), client) }).await;
    let error = server.expect_err("the request never came to its end");
    assert!(matches!(error, AcceptError::TimedOut), "{error:?}");
    assert_eq!(waited, Duration::from_secs(10));
    assert_eq!(
        String::from_utf8(rest).unwrap(), // the client has read the H
        "TTP/1.1 408 Request Timeout\r\n\
         Content-Length: 26\r\n\
         Connection: close\r\n\
         \r\n\
         the request took too long\n"
    );
}

#[tokio::test(start_paused = true)]
async fn the_time_limit_for_requests_is_an_option() {
    let (ours, _theirs) = tokio::io::duplex(1 << 10);
    let options = ServerConfig { handshake_timeout: Duration::from_millis(1500), ..ServerConfig::default() };
    let began = Instant::now();
    let error = guarded_with_stopped_clock(read_request(ours, &options)).await.expect_err("nothing came");
    assert!(matches!(error, AcceptError::TimedOut), "{error:?}");
    // And two seconds in which the client could take its answer, but did not leave.
    assert_eq!(began.elapsed(), Duration::from_millis(3500));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_take_the_101_runs_into_the_time_limit() {
    let (stream, wire) = scripted();
    wire.give(REQUEST.as_bytes());
    wire.block();
    let error = guarded_with_stopped_clock(accept(stream)).await.expect_err("the answer never left");
    assert!(matches!(error, AcceptError::TimedOut), "{error:?}");
}

#[tokio::test]
async fn a_client_that_leaves_within_its_request_is_an_unexpected_end() {
    let (ours, mut theirs) = tokio::io::duplex(1 << 10);
    theirs.write_all(&REQUEST.as_bytes()[..60]).await.unwrap();
    drop(theirs);
    let Err(AcceptError::Io(error)) = guarded(accept(ours)).await else { panic!("the request is incomplete") };
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
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
                let upgrade = incoming.request().check_upgrade().unwrap();
                break incoming.accept(upgrade, UpgradeOptions::default(), &options).await.unwrap();
            }
            incoming.respond(&http::Response::new("<h1>hello</h1>")).await.unwrap();
        }
    };
    let client = async {
        let mut browser = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        browser.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        let page = String::from_utf8(read_rest(&mut browser).await).unwrap();
        drop(browser);
        (page, connect(&uri).await.unwrap())
    };
    let (mut server, (page, mut client)) = guarded(async { tokio::join!(server, client) }).await;
    assert_eq!(page, "HTTP/1.1 200 OK\r\nContent-Length: 14\r\nConnection: close\r\n\r\n<h1>hello</h1>");
    guarded(async {
        client.send("hello").await.unwrap();
        assert_eq!(server.next().await.unwrap().unwrap(), Message::text("hello"));
    })
    .await;
}

#[tokio::test]
async fn a_name_is_resolved_and_its_addresses_are_tried() {
    let (listener, _) = listen().await;
    let uri = format!("ws://localhost:{}/", listener.local_addr().unwrap().port());
    let (client, mut server) = guarded(async { tokio::join!(connect(&uri), raw_server(&listener)) }).await;
    let mut client = client.expect("localhost has the address 127.0.0.1, be it not the first");
    guarded(async {
        client.send("hi").await.unwrap();
        assert_eq!(read_frame(&mut server).await, (TEXT, b"hi".to_vec()));
    })
    .await;
}
