//! The client's opening request (section 4.1).

use protocol::handshake::Extension;
use testkit::{
    frames::first_byte::TEXT,
    http_head::{header_value, response_for},
    raw_peer::{accept_raw, listen, read_frame, read_head, read_to_eof},
    stream::scripted_stream,
    tasks::{is_pending, ready, with_timeout},
};
use tokio::io::AsyncWriteExt;
use websocket::{ConnectError, Connector, connect};

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# To establish a connection, a client MUST open a transport connection, send an opening request,
//# and read the response.
//= docs/src/rfc6455.md#section-4-1
//= type=test
//# A client without a proxy SHOULD open a TCP connection to the host and port itself.
//= docs/src/rfc6455.md#section-4-1
//= type=test
//# Once the transport connection is open, the client MUST send an opening request.
#[tokio::test]
async fn the_request_is_these_bytes() {
    let (listener, uri) = listen().await;
    let authority = listener.local_addr().unwrap();
    let uri = format!("{uri}chat?room=7");
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = read_head(&mut stream).await;
        stream.write_all(response_for(&request).as_bytes()).await.unwrap();
        request
    };
    let (client, request) = with_timeout(async { tokio::join!(connect(&uri), server) }).await;
    client.expect("the response is valid");
    let key = header_value(&request, "Sec-WebSocket-Key").unwrap();
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
        let response = response_for(&request).replace(
            "Upgrade: websocket\r\n",
            "Upgrade: websocket\r\nSec-WebSocket-Protocol: superchat\r\nSec-WebSocket-Extensions: x-test\r\n",
        );
        stream.write_all(response.as_bytes()).await.unwrap();
        request
    };
    let (client, request) = with_timeout(async { tokio::join!(connector.connect(), server) }).await;
    let client = client.expect("the response is valid");
    assert_eq!(header_value(&request, "Sec-WebSocket-Protocol"), Some("chat, superchat"));
    assert_eq!(header_value(&request, "Sec-WebSocket-Extensions"), Some("x-test; level=9"));
    assert_eq!(header_value(&request, "Origin"), Some("https://example.org"));
    assert_eq!(header_value(&request, "Cookie"), Some("a=b"));
    assert_eq!(header_value(&request, "X-Request-Id"), Some("7"));
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
            header_value(&read_head(&mut stream).await, "Sec-WebSocket-Key").map(str::to_owned)
        };
        let (_, key) = with_timeout(async { tokio::join!(connect(&uri), server) }).await;
        keys.push(key.unwrap());
    }
    assert_ne!(keys[0], keys[1]);
}

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# After its request, the client MUST wait for the response before it sends anything else.
#[tokio::test]
async fn the_client_sends_nothing_before_the_response() {
    let (stream, script) = scripted_stream();
    let mut handshake = Box::pin(Connector::new("ws://example.org/").unwrap().handshake(stream));
    assert!(is_pending(handshake.as_mut()));
    let request = String::from_utf8(script.written()).unwrap();
    assert!(request.ends_with("\r\n\r\n"));
    let response = response_for(&request);
    for byte in response.as_bytes() {
        assert!(is_pending(handshake.as_mut()));
        assert_eq!(script.written(), request.as_bytes());
        script.push_read(&[*byte]);
    }
    let mut client = ready(handshake.as_mut()).expect("the response is valid");
    assert_eq!(script.written(), request.as_bytes());
    ready(client.send("now")).expect("the connection is open");
    assert!(script.written().len() > request.len());
}

//= docs/src/rfc6455.md#section-9-1
//= type=test
//# A client MUST NOT use an extension unless the server has accepted it.
#[tokio::test]
async fn an_extension_that_was_not_accepted_is_not_used() {
    let (listener, uri) = listen().await;
    let connector = Connector::new(&uri).unwrap().extension(Extension::new("x-test").unwrap());
    // The client also offers compression. If the server accepted, the client would compress every
    // message.
    #[cfg(feature = "deflate")]
    let connector = connector.deflate(protocol::DeflateOptions::DEFAULT.threshold(0));
    let (client, mut server) = with_timeout(async { tokio::join!(connector.connect(), accept_raw(&listener)) }).await;
    let mut client = client.expect("a server may decline an extension");
    assert!(client.extensions().is_empty());
    with_timeout(async {
        client.send("Hello").await.unwrap();
        // The whole first byte is compared, so no reserved bit is set.
        assert_eq!(read_frame(&mut server).await, (TEXT, b"Hello".to_vec()));
    })
    .await;
}

/// The stream may be plain TCP, and the request may contain credentials.
#[tokio::test]
async fn a_request_for_a_secure_uri_is_not_sent_over_a_stream_that_may_be_plain() {
    let connector = Connector::new("wss://example.org/").unwrap().header("Authorization", "Bearer secret").unwrap();
    let (stream, mut peer) = tokio::io::duplex(1024);
    let error = with_timeout(connector.handshake(stream)).await.expect_err("the stream may not be encrypted");
    assert!(matches!(error, ConnectError::NotOverTls), "{error:?}");
    assert!(error.to_string().contains("handshake_over_tls"), "{error}");
    assert_eq!(read_to_eof(&mut peer).await, b"", "something was sent");
}

/// A tunnel may be encrypted even if the URI does not require it.
#[tokio::test]
async fn a_stream_that_the_caller_vouches_for_takes_any_uri() {
    for uri in ["wss://example.org/", "ws://example.org/"] {
        let (stream, mut peer) = tokio::io::duplex(1024);
        let answering = async {
            let request = read_head(&mut peer).await;
            peer.write_all(response_for(&request).as_bytes()).await.unwrap();
        };
        let connecting = Connector::new(uri).unwrap().handshake_over_tls(stream);
        let (client, ()) = with_timeout(async { tokio::join!(connecting, answering) }).await;
        client.expect("the response is valid");
    }
}
