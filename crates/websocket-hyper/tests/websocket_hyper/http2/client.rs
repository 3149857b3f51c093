//! Our client over hyper, and a server that sends plain HTTP/2 frames.

use std::time::Duration;

use http_body_util::Empty;
use hyper::body::Bytes;
use testkit::{
    frames::{first_byte::TEXT, server_frame},
    tasks::with_timeout,
};
use tokio::{
    io::{AsyncReadExt, DuplexStream, duplex},
    task::JoinHandle,
    time::sleep,
};
use websocket_hyper::{
    WebSocket,
    client::http2::{Http2Client, handshake},
    websocket::{ConnectError, Connector, Error, Message},
};

use super::raw_http2::{
    ACK, CANCEL, DATA, ENABLE_CONNECT_PROTOCOL, END_HEADERS, END_STREAM, HEADERS, INTERNAL_ERROR, RawHttp2, SETTINGS,
    STATUS_200,
};

type Connecting = JoinHandle<Result<WebSocket, ConnectError>>;

/// Connects a client to a server that sends plain frames, up to the client's SETTINGS.
async fn connected() -> (Http2Client<Empty<Bytes>>, RawHttp2<DuplexStream>) {
    let (near, far) = duplex(1 << 20);
    let (client, http) = handshake(near).await.expect("the stream is open");
    tokio::spawn(http);
    (client, RawHttp2::server(far).await)
}

fn connect(client: &Http2Client<Empty<Bytes>>) -> Connecting {
    let mut client = client.clone();
    tokio::spawn(async move { client.connect(Connector::new("ws://example.org/chat").unwrap()).await })
}

/// Opens a WebSocket connection on stream 1.
async fn opened() -> (WebSocket, RawHttp2<DuplexStream>) {
    let (client, mut raw) = connected().await;
    let connecting = connect(&client);
    raw.send(SETTINGS, 0, 0, &ENABLE_CONNECT_PROTOCOL).await;
    assert_eq!(raw.receive_on(1).await.kind, HEADERS);
    raw.send(HEADERS, END_HEADERS, 1, &[STATUS_200]).await;
    (with_timeout(connecting).await.unwrap().expect("the server accepts"), raw)
}

/// This test's clock stands still, and advances only when no task can do anything.
//= docs/src/rfc8441.md#section-3
//= type=test
//# A client MUST NOT send an extended CONNECT request before it has received the value 1.
//= docs/src/rfc8441.md#section-3
//= type=test
//# A client that has received the value 1 MAY send extended CONNECT requests.
#[tokio::test(start_paused = true)]
async fn no_request_is_sent_before_the_settings_allow_it() {
    let (client, mut raw) = connected().await;
    let connecting = connect(&client);
    sleep(Duration::from_secs(1)).await;
    raw.send(SETTINGS, 0, 0, &ENABLE_CONNECT_PROTOCOL).await;
    // Every frame that was sent before the acknowledgement belongs to the connection, and not to a
    // stream.
    loop {
        let frame = raw.receive().await;
        assert_eq!(frame.stream, 0, "{frame:?}");
        if (frame.kind, frame.flags) == (SETTINGS, ACK) {
            break;
        }
    }
    assert_eq!(raw.receive_on(1).await.kind, HEADERS);
    assert!(!connecting.is_finished());
}

#[tokio::test]
async fn a_server_that_does_not_allow_it_is_told_as_such() {
    for settings in [&[][..], &[0, 8, 0, 0, 0, 0], &[0, 3, 0, 0, 0, 100]] {
        let (client, mut raw) = connected().await;
        raw.send(SETTINGS, 0, 0, settings).await;
        match with_timeout(connect(&client)).await.unwrap() {
            Err(error @ ConnectError::Http2NotSupported) => {
                assert!(error.to_string().contains("RFC 8441, section 3"), "{error}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_server_that_disconnects_before_its_settings_is_an_error_of_the_handshake() {
    let (client, raw) = connected().await;
    drop(raw);
    let error = with_timeout(connect(&client)).await.unwrap();
    assert!(matches!(error, Err(ConnectError::Handshake(_))), "{error:?}");
}

#[tokio::test]
async fn the_client_masks_its_frames() {
    let (mut websocket, mut raw) = opened().await;
    websocket.send("hello").await.unwrap();
    let frame = raw.receive_on(1).await;
    assert_eq!((frame.kind, frame.payload[1]), (DATA, 0x80 | 5));
    raw.send(DATA, 0, 1, &server_frame(TEXT, "hello")).await;
    assert_eq!(with_timeout(websocket.next()).await.unwrap().unwrap(), Message::text("hello"));
}

#[tokio::test]
async fn the_end_of_the_stream_without_a_close_is_told_as_such() {
    let (mut websocket, mut raw) = opened().await;
    raw.send(DATA, END_STREAM, 1, &server_frame(TEXT, "last")).await;
    assert_eq!(with_timeout(websocket.next()).await.unwrap().unwrap(), Message::text("last"));
    let received = with_timeout(websocket.next()).await;
    assert!(matches!(received, Some(Err(Error::EndedWithoutClose))), "{received:?}");
}

#[tokio::test]
async fn a_stream_that_is_reset_is_told_as_such() {
    let (mut websocket, mut raw) = opened().await;
    raw.reset(1, CANCEL).await;
    let received = with_timeout(websocket.next()).await;
    assert!(matches!(received, Some(Err(Error::EndedWithoutClose))), "{received:?}");

    let (mut websocket, mut raw) = opened().await;
    raw.reset(1, INTERNAL_ERROR).await;
    match with_timeout(websocket.next()).await {
        Some(Err(Error::Io(error))) => assert!(error.to_string().contains("internal error"), "{error}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_dropped_connection_cancels_its_stream() {
    let (websocket, mut raw) = opened().await;
    drop(websocket);
    let mut frame = raw.receive_on(1).await;
    if frame.kind == DATA {
        frame = raw.receive_on(1).await;
    }
    assert_eq!(frame.error_code(), CANCEL);
}

#[tokio::test]
async fn a_violation_in_the_response_opens_no_connection() {
    let (near, mut far) = duplex(1 << 20);
    let (mut client, http) = handshake::<_, Empty<Bytes>>(near).await.unwrap();
    drop(http);
    let error = client.connect(Connector::new("ws://example.org/").unwrap()).await;
    assert!(matches!(error, Err(ConnectError::Handshake(_))), "{error:?}");
    let mut sent = Vec::new();
    with_timeout(far.read_to_end(&mut sent)).await.unwrap();
}
