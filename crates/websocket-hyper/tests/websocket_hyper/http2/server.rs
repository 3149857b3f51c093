//! A hyper server, and a client that sends plain HTTP/2 frames.

use std::{future::Future, net::SocketAddr, sync::Arc};

use axum::{Router, routing::any};
use http_body_util::Full;
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    server::conn::http2,
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    service::TowerToHyperService,
};
use testkit::{
    frames::{
        client_frame,
        first_byte::{BINARY, TEXT},
        server_frame,
    },
    tasks::with_timeout,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc::{self, UnboundedReceiver},
};
use websocket_hyper::{
    WebSocket, is_upgrade_request, upgrade,
    websocket::{CloseCode, Error, Message, ServerConfig, UpgradeOptions},
};

use super::raw_http2::{
    CANCEL, DATA, ENABLE_CONNECT_PROTOCOL, END_STREAM, HEADERS, INTERNAL_ERROR, NO_ERROR, PROTOCOL_ERROR, REQUEST,
    RawHttp2, SETTINGS, STATUS_200, WINDOW_UPDATE,
};

type Answer = Response<Full<Bytes>>;
type Raw = RawHttp2<TcpStream>;

/// Whether the server allows extended CONNECT.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ExtendedConnect {
    On,
    Off,
}

/// Starts an HTTP/2 server that answers each request with `answer`.
pub(super) async fn serve<F>(
    allowed: ExtendedConnect,
    answer: impl Fn(Request<Incoming>) -> F + Send + Sync + 'static,
) -> SocketAddr
where
    F: Future<Output = Answer> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            let answer = Arc::clone(&answer);
            let service = service_fn(move |request| {
                let answering = answer(request);
                async { Ok::<_, hyper::Error>(answering.await) }
            });
            let mut http = http2::Builder::new(TokioExecutor::new());
            if allowed == ExtendedConnect::On {
                http.enable_connect_protocol();
            }
            tokio::spawn(http.serve_connection(TokioIo::new(stream), service));
        }
    });
    address
}

/// Starts a server that accepts every WebSocket request, and answers other requests with a page.
/// Returns the connections that it opens.
pub(super) async fn server() -> (SocketAddr, UnboundedReceiver<WebSocket>) {
    let (opened, connections) = mpsc::unbounded_channel();
    let address = serve(ExtendedConnect::On, move |mut request| {
        let answer = if is_upgrade_request(&request) {
            match upgrade(&mut request, UpgradeOptions::default(), &ServerConfig::default()) {
                Ok((response, opening)) => {
                    let opened = opened.clone();
                    tokio::spawn(async move { opened.send(opening.await.expect("the response is returned")) });
                    response
                }
                Err(rejection) => rejection.into_response(),
            }
        } else {
            Response::new("a page".into())
        };
        async { answer }
    })
    .await;
    (address, connections)
}

async fn connect(address: SocketAddr) -> (Raw, Vec<u8>) {
    RawHttp2::client(TcpStream::connect(address).await.expect("a connection")).await
}

/// Opens a WebSocket connection on a stream. Returns the server's end.
async fn open(raw: &mut Raw, stream: u32, connections: &mut UnboundedReceiver<WebSocket>) -> WebSocket {
    raw.send_headers(stream, &REQUEST).await;
    let response = raw.receive_on(stream).await;
    assert_eq!((response.kind, response.payload[0]), (HEADERS, STATUS_200), "{response:?}");
    with_timeout(connections.recv()).await.expect("the server runs")
}

/// Starts a server, connects, and opens a WebSocket connection on stream 1.
async fn opened() -> (Raw, WebSocket, UnboundedReceiver<WebSocket>) {
    let (address, mut connections) = server().await;
    let (mut raw, _) = connect(address).await;
    let websocket = open(&mut raw, 1, &mut connections).await;
    (raw, websocket, connections)
}

//= docs/src/rfc8441.md#section-3
//= type=test
//# The value of `SETTINGS_ENABLE_CONNECT_PROTOCOL` MUST be 0 or 1.
//= docs/src/rfc8441.md#section-3
//= type=test
//# An endpoint that has sent the value 1 MUST NOT send the value 0 later.
#[tokio::test]
async fn the_server_announces_extended_connect_once() {
    let (address, mut connections) = server().await;
    let (mut raw, settings) = connect(address).await;
    assert!(settings.chunks(6).any(|parameter| parameter == ENABLE_CONNECT_PROTOCOL), "{settings:?}");
    let _websocket = open(&mut raw, 1, &mut connections).await;
    raw.send(DATA, 0, 1, &client_frame(0x88, "")).await;
    raw.reset(1, CANCEL).await;
    raw.send_headers(3, &REQUEST).await;
    loop {
        let frame = raw.receive().await;
        assert!(frame.kind != SETTINGS || frame.payload.is_empty(), "{frame:?}");
        if frame.stream == 3 {
            break;
        }
    }
}

//= docs/src/rfc8441.md#section-5
//= type=test
//# After the response, both ends SHOULD speak WebSocket on the stream as they would on a TCP
//# connection.
#[tokio::test]
async fn frames_are_exchanged_in_data_frames() {
    let (mut raw, mut websocket, _connections) = opened().await;
    let message = client_frame(TEXT, "hello");
    raw.send(DATA, 0, 1, &message[..3]).await;
    raw.send(DATA, 0, 1, &message[3..]).await;
    assert_eq!(with_timeout(websocket.next()).await.unwrap().unwrap(), Message::text("hello"));
    websocket.send("hello").await.unwrap();
    assert_eq!(raw.receive_on(1).await.payload, server_frame(TEXT, "hello"));
}

#[tokio::test]
async fn a_client_still_has_to_mask_its_frames() {
    let (mut raw, mut websocket, _connections) = opened().await;
    let reading = tokio::spawn(async move { websocket.next().await });
    raw.send(DATA, 0, 1, &server_frame(TEXT, "hello")).await;
    let close = raw.receive_on(1).await;
    assert_eq!((close.kind, close.payload[0], &close.payload[2..4]), (DATA, 0x88, &1002_u16.to_be_bytes()[..]));
    raw.send(DATA, END_STREAM, 1, &[]).await;
    assert!(matches!(with_timeout(reading).await.unwrap(), Some(Err(Error::Violation(_)))));
}

//= docs/src/rfc8441.md#section-5
//= type=test
//# Where RFC 6455 ends one direction of the TCP connection, an endpoint MUST send the flag
//# `END_STREAM`.
#[tokio::test]
async fn a_clean_close_ends_the_stream_and_leaves_the_others_alone() {
    let (mut raw, mut first, mut connections) = opened().await;
    let mut second = open(&mut raw, 3, &mut connections).await;
    let closing = tokio::spawn(async move { first.close(CloseCode::NORMAL, "").await });
    assert_eq!(raw.receive_on(1).await.payload, server_frame(0x88, [0x03, 0xe8]));
    raw.send(DATA, 0, 1, &client_frame(0x88, [0x03, 0xe8])).await;
    let end = raw.receive_on(1).await;
    assert_eq!((end.kind, end.flags & END_STREAM, end.payload.len()), (DATA, END_STREAM, 0));
    raw.send(DATA, END_STREAM, 1, &[]).await;
    let info = with_timeout(closing).await.unwrap().unwrap();
    assert!(info.was_clean, "{info}");
    raw.send(DATA, 0, 3, &client_frame(TEXT, "still here")).await;
    assert_eq!(with_timeout(second.next()).await.unwrap().unwrap(), Message::text("still here"));
}

#[tokio::test]
async fn the_end_of_the_stream_without_a_close_is_told_as_such() {
    let (mut raw, mut websocket, _connections) = opened().await;
    raw.send(DATA, END_STREAM, 1, &[]).await;
    let received = with_timeout(websocket.next()).await;
    assert!(matches!(received, Some(Err(Error::EndedWithoutClose))), "{received:?}");
}

#[tokio::test]
async fn a_cancelled_stream_is_an_end_without_a_close() {
    let (mut raw, mut websocket, _connections) = opened().await;
    raw.reset(1, CANCEL).await;
    let received = with_timeout(websocket.next()).await;
    assert!(matches!(received, Some(Err(Error::EndedWithoutClose))), "{received:?}");
}

#[tokio::test]
async fn a_stream_that_is_reset_with_an_error_is_an_error_that_names_it() {
    let (mut raw, mut websocket, mut connections) = opened().await;
    let mut other = open(&mut raw, 3, &mut connections).await;
    raw.reset(1, INTERNAL_ERROR).await;
    match with_timeout(websocket.next()).await {
        Some(Err(Error::Io(error))) => assert!(error.to_string().contains("internal error"), "{error}"),
        other => panic!("{other:?}"),
    }
    raw.send(DATA, 0, 3, &client_frame(TEXT, "still here")).await;
    assert_eq!(with_timeout(other.next()).await.unwrap().unwrap(), Message::text("still here"));
}

//= docs/src/rfc8441.md#section-5
//= type=test
//# Where RFC 6455 resets the TCP connection, an endpoint MUST send the frame `RST_STREAM` with the
//# error code `CANCEL`.
#[tokio::test]
async fn a_dropped_connection_resets_its_stream() {
    let (mut raw, websocket, _connections) = opened().await;
    drop(websocket);
    let mut frame = raw.receive_on(1).await;
    if frame.kind == DATA {
        assert_eq!((frame.flags, frame.payload.len()), (END_STREAM, 0));
        frame = raw.receive_on(1).await;
    }
    // h2 sends NO_ERROR if it has already ended its own direction.
    assert!([CANCEL, NO_ERROR].contains(&frame.error_code()), "{frame:?}");
}

/// Each stream has a separate window, so a client that stops reading one stream can still read the
/// others.
#[tokio::test]
async fn a_stream_that_nobody_reads_makes_its_sender_wait_and_no_other() {
    /// The default window of HTTP/2, in bytes.
    const WINDOW: usize = 65_535;
    const MESSAGES: usize = 10;
    let (mut raw, mut slow, mut connections) = opened().await;
    let mut other = open(&mut raw, 3, &mut connections).await;
    // Enlarge the window of the whole connection, so that only the window of the stream fills up.
    raw.send(WINDOW_UPDATE, 0, 0, &1_000_000_u32.to_be_bytes()).await;
    // hyper itself holds a few writes, so one message is not enough to make the sender wait.
    let sending = tokio::spawn(async move {
        for _ in 0..MESSAGES {
            slow.send(vec![7; 100_000]).await.expect("the client is there");
        }
        slow
    });
    let mut received = 0;
    while received < WINDOW {
        received += raw.receive_on(1).await.payload.len();
    }
    assert_eq!(received, WINDOW);
    // The next frame belongs to the other stream, because the first has no window left.
    other.send("hello").await.unwrap();
    let frame = raw.receive_on(3).await;
    assert_eq!(frame.payload, server_frame(TEXT, "hello"));
    assert!(!sending.is_finished());
    raw.send(WINDOW_UPDATE, 0, 1, &10_000_000_u32.to_be_bytes()).await;
    raw.send(WINDOW_UPDATE, 0, 0, &10_000_000_u32.to_be_bytes()).await;
    let total = MESSAGES * server_frame(BINARY, vec![7; 100_000]).len();
    while received < total {
        received += raw.receive_on(1).await.payload.len();
    }
    assert_eq!(received, total);
    with_timeout(sending).await.unwrap();
}

#[tokio::test]
async fn requests_that_are_malformed_in_http_2_are_reset() {
    let (address, _connections) = server().await;
    let (mut raw, _) = connect(address).await;
    let without = |name: &str| REQUEST.into_iter().filter(|(other, _)| *other != name).collect::<Vec<_>>();
    let with = |name, value| REQUEST.into_iter().chain([(name, value)]).collect::<Vec<_>>();
    let mut get = REQUEST;
    get[0].1 = "GET";
    let cases = [
        (1, without(":scheme")),
        (3, without(":path")),
        (5, with("connection", "upgrade")),
        (7, with("upgrade", "websocket")),
        (9, get.to_vec()),
    ];
    for (stream, headers) in cases {
        raw.send_headers(stream, &headers).await;
        assert_eq!(raw.receive_on(stream).await.error_code(), PROTOCOL_ERROR, "{headers:?}");
    }
}

/// This application's route is `any`, which axum's own extractor needs too.
#[tokio::test]
async fn the_extractor_of_axum_accepts_an_extended_connect() {
    async fn echo(upgrade: websocket_hyper::axum::WebSocketUpgrade) -> axum::response::Response {
        upgrade.on_upgrade(|mut socket| async move {
            while let Some(Ok(message)) = socket.recv().await {
                if socket.send(message).await.is_err() {
                    return;
                }
            }
        })
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let app = TowerToHyperService::new(Router::new().route("/chat", any(echo)));
        http2::Builder::new(TokioExecutor::new())
            .enable_connect_protocol()
            .serve_connection(TokioIo::new(stream), app)
            .await
    });
    let (mut raw, _) = connect(address).await;
    raw.send_headers(1, &REQUEST).await;
    assert_eq!(raw.receive_on(1).await.payload[0], STATUS_200);
    raw.send(DATA, 0, 1, &client_frame(TEXT, "hello")).await;
    assert_eq!(raw.receive_on(1).await.payload, server_frame(TEXT, "hello"));
}
