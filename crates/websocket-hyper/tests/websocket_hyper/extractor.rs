//! The extractor for axum: what axum's own extractor has, and what it lacks.

use std::{net::SocketAddr, time::Duration};

use axum::{Router, response::Response, routing::any};
use futures_util::{SinkExt, StreamExt};
use http::HeaderValue;
use testkit::{
    frames::{
        client_frame,
        first_byte::{BINARY, CLOSE, PING, PONG, TEXT},
    },
    http_head::{HeadBuilder, SAMPLE_REQUEST},
    raw_peer::{read_frame, read_head},
    tasks::with_timeout,
};
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    sync::mpsc::{self, UnboundedReceiver, UnboundedSender},
};
use websocket_hyper::{
    axum::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code, rejection::WebSocketUpgradeRejection},
    websocket::{
        self, AcceptError, CloseCode, Connector, DeflateOptions, Error, Event, HandshakeViolation, KeepAlive,
        MemoryBudget, PreparedMessage, ServerConfig, UsageError, Violation,
    },
};

use crate::support::{response_to, send_raw, serve_axum, serve_axum_without_upgrades};

/// Starts an application with one handler, which can send values to the test.
async fn serve<T: Send + 'static>(
    handler: impl Fn(WebSocketUpgrade, UnboundedSender<T>) -> Response + Clone + Send + Sync + 'static,
) -> (SocketAddr, UnboundedReceiver<T>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let app = Router::new().route(
        "/chat",
        any(move |upgrade: WebSocketUpgrade| {
            let response = handler(upgrade, sender.clone());
            async { response }
        }),
    );
    (serve_axum(app).await, receiver)
}

/// Starts an application that applies `configure` to each request and accepts it, and that passes
/// its connections to the test.
async fn open(
    configure: impl Fn(WebSocketUpgrade) -> WebSocketUpgrade + Clone + Send + Sync + 'static,
) -> (SocketAddr, UnboundedReceiver<WebSocket>) {
    serve(move |upgrade, opened| configure(upgrade).on_upgrade(async move |socket| drop(opened.send(socket)))).await
}

/// Connects a client that exchanges plain bytes. Returns the client, the head of the response, and
/// the server's end.
async fn connect(
    (address, sockets): &mut (SocketAddr, UnboundedReceiver<WebSocket>),
    request: HeadBuilder,
) -> (TcpStream, String, WebSocket) {
    let mut client = send_raw(*address, request.bytes()).await;
    let head = read_head(&mut client).await;
    let socket = sockets.recv().await.unwrap_or_else(|| panic!("not accepted: {head}"));
    (client, head, socket)
}

/// Returns this library's error from inside an axum error.
fn inner(error: axum::Error) -> Error {
    *error.into_inner().downcast().expect("an error of this library")
}

// ---- Accepting and rejecting --------------------------------------------------------------------

#[tokio::test]
async fn an_invalid_request_is_rejected_with_its_status_and_sentence() {
    let (address, _sockets) = open(|upgrade| upgrade).await;
    let request = || HeadBuilder::request().with("Connection: close");
    let cases = [
        (request().first_line("POST /chat HTTP/1.1"), "405 Method Not Allowed", "allow: GET", "must be GET"),
        (request().without("Upgrade"), "426 Upgrade Required", "sec-websocket-version: 13", "'Upgrade: websocket'"),
        (request().set("Sec-WebSocket-Version", "8"), "426 Upgrade Required", "upgrade: websocket", "version '8'"),
        (request().without("Sec-WebSocket-Key"), "400 Bad Request", "text/plain", "exactly one Sec-WebSocket-Key"),
    ];
    for (request, status, header, sentence) in cases {
        let response = with_timeout(response_to(address, request.bytes())).await;
        assert!(response.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{response}");
        assert!(response.contains(header) && response.contains(sentence), "{response}");
    }
}

#[tokio::test]
async fn a_handler_can_answer_requests_that_are_not_for_a_websocket() {
    let page = any(async |upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>| match upgrade {
        Ok(upgrade) => upgrade.on_upgrade(async |_| {}),
        Err(WebSocketUpgradeRejection::Violation(HandshakeViolation::UpgradeMissing)) => Response::new("a page".into()),
        Err(other) => panic!("{other}"),
    });
    let address = serve_axum(Router::new().route("/chat", page)).await;
    let request = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let response = with_timeout(response_to(address, request)).await;
    assert!(response.ends_with("\r\n\r\na page"), "{response}");
}

#[tokio::test]
async fn the_first_subprotocol_of_the_server_that_the_client_offers_is_chosen() {
    with_timeout(async {
        for (names, expected) in [(&["c", "b", "a"][..], Some("b")), (&["c"], None), (&[], None)] {
            let mut server = open(move |upgrade| {
                assert_eq!(upgrade.requested_protocols().collect::<Vec<_>>(), ["a", "b"]);
                let upgrade = upgrade.protocols(names.iter().copied());
                assert_eq!(upgrade.selected_protocol().is_some(), !names.is_empty() && names != ["c"]);
                upgrade
            })
            .await;
            let request = HeadBuilder::request().with("Sec-WebSocket-Protocol: a, b");
            let (_, head, socket) = connect(&mut server, request).await;
            assert_eq!(socket.protocol(), expected.map(HeaderValue::from_static).as_ref());
            assert_eq!(socket.get_ref().subprotocol(), expected);
            assert_eq!(head.contains("sec-websocket-protocol: b"), expected.is_some(), "{head}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_subprotocol_that_was_not_offered_is_a_mistake_of_the_application() {
    with_timeout(async {
        let (address, mut failures) = serve(|mut upgrade, failures| {
            upgrade.set_selected_protocol(HeaderValue::from_static("chat"));
            upgrade
                .on_failed_upgrade(move |error| drop(failures.send(error)))
                .on_upgrade(async |_| panic!("the connection opened"))
        })
        .await;
        let mut client = send_raw(address, SAMPLE_REQUEST).await;
        let head = read_head(&mut client).await;
        assert!(head.starts_with("HTTP/1.1 500 "), "{head}");
        let error = failures.recv().await.unwrap().into_inner().downcast::<UsageError>().unwrap();
        assert_eq!(*error, UsageError::SubprotocolNotOffered("chat".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn a_server_without_upgrades_is_a_failed_upgrade() {
    with_timeout(async {
        let (sender, mut failures) = mpsc::unbounded_channel();
        let app = Router::new().route(
            "/chat",
            any(async move |upgrade: WebSocketUpgrade| {
                let upgrade = upgrade.on_failed_upgrade(move |error| drop(sender.send(error)));
                upgrade.on_upgrade(async |_| panic!("the connection opened"))
            }),
        );
        let address = serve_axum_without_upgrades(app).await;
        let _client = send_raw(address, SAMPLE_REQUEST).await;
        let error = failures.recv().await.unwrap().into_inner().downcast::<AcceptError>().unwrap();
        assert!(matches!(*error, AcceptError::Io(_)), "{error}");
    })
    .await;
}

#[tokio::test]
async fn the_response_can_have_further_headers() {
    with_timeout(async {
        let mut server = open(|upgrade| upgrade.header("Set-Cookie", "a=b").expect("a valid header")).await;
        let (_, head, _) = connect(&mut server, HeadBuilder::request()).await;
        assert!(head.contains("set-cookie: a=b"), "{head}");
    })
    .await;
}

#[tokio::test]
async fn the_handler_sees_the_request() {
    with_timeout(async {
        let mut server = open(|upgrade| {
            assert_eq!((upgrade.request().path(), upgrade.request().origin()), ("/chat", Some("https://a.example")));
            upgrade
        })
        .await;
        connect(&mut server, HeadBuilder::request().with("Origin: https://a.example")).await;
    })
    .await;
}

// ---- The connection -----------------------------------------------------------------------------

#[tokio::test]
async fn frames_in_the_same_packet_as_the_request_are_delivered() {
    with_timeout(async {
        let (address, mut sockets) = open(|upgrade| upgrade).await;
        let _client = send_raw(address, [SAMPLE_REQUEST.as_bytes(), &client_frame(TEXT, "early")].concat()).await;
        let mut socket = sockets.recv().await.unwrap();
        assert_eq!(socket.recv().await.unwrap().unwrap(), Message::text("early"));
    })
    .await;
}

#[tokio::test]
async fn messages_and_control_frames_are_received_and_sent() {
    with_timeout(async {
        let mut server = open(|upgrade| upgrade).await;
        let (mut client, _, mut socket) = connect(&mut server, HeadBuilder::request()).await;
        for (first, payload) in [(TEXT, "text"), (BINARY, "bytes"), (PING, "ping"), (PONG, "pong")] {
            client.write_all(&client_frame(first, payload)).await.unwrap();
        }
        client.write_all(&client_frame(CLOSE, [&[0x03, 0xE8], &b"ok"[..]].concat())).await.unwrap();
        let expected = [
            Message::text("text"),
            Message::binary("bytes"),
            Message::Ping("ping".into()),
            Message::Pong("pong".into()),
            Message::Close(Some(CloseFrame { code: close_code::NORMAL, reason: "ok".into() })),
        ];
        for message in expected {
            assert_eq!(socket.recv().await.unwrap().unwrap(), message);
        }
        assert_eq!(read_frame(&mut client).await, (PONG, b"ping".to_vec()), "the Ping is answered");
        assert_eq!(read_frame(&mut client).await.0, CLOSE, "the Close is answered");
        drop(client);
        assert!(socket.recv().await.is_none());

        let (mut client, _, mut socket) = connect(&mut server, HeadBuilder::request()).await;
        let close = Message::Close(Some(CloseFrame { code: close_code::AWAY, reason: "bye".into() }));
        for message in [Message::text("a"), Message::binary("b"), Message::Ping("c".into()), close] {
            socket.send(message).await.unwrap();
        }
        for (first, payload) in [(TEXT, &b"a"[..]), (BINARY, b"b"), (PING, b"c"), (CLOSE, b"\x03\xE9bye")] {
            assert_eq!(read_frame(&mut client).await, (first, payload.to_vec()));
        }
        let error = inner(socket.send(Message::text("too late")).await.expect_err("a Close was sent"));
        assert!(matches!(error, Error::Usage(_)), "{error}");
    })
    .await;
}

#[tokio::test]
async fn a_close_that_cannot_be_sent_is_a_usage_error() {
    with_timeout(async {
        let mut server = open(|upgrade| upgrade).await;
        let (mut client, _, mut socket) = connect(&mut server, HeadBuilder::request()).await;
        let close = |code, reason: String| Message::Close(Some(CloseFrame { code, reason: reason.into() }));
        for message in [close(close_code::ABNORMAL, String::new()), close(close_code::NORMAL, "a".repeat(124))] {
            let error = inner(socket.send(message).await.expect_err("it cannot be sent"));
            assert!(matches!(error, Error::Usage(_)), "{error}");
        }
        socket.send(Message::text("still open")).await.unwrap();
        assert_eq!(read_frame(&mut client).await, (TEXT, b"still open".to_vec()));
    })
    .await;
}

#[tokio::test]
async fn a_connection_can_be_split_into_a_sink_and_a_stream() {
    with_timeout(async {
        let mut server = open(|upgrade| upgrade).await;
        let (mut client, _, socket) = connect(&mut server, HeadBuilder::request()).await;
        let (mut sink, mut stream) = socket.split();
        client.write_all(&client_frame(TEXT, "hello")).await.unwrap();
        let message = stream.next().await.unwrap().unwrap();
        sink.send(message).await.unwrap();
        assert_eq!(read_frame(&mut client).await, (TEXT, b"hello".to_vec()));
        sink.close().await.unwrap();
        assert_eq!(read_frame(&mut client).await, (CLOSE, vec![0x03, 0xE8]));
    })
    .await;
}

#[tokio::test]
async fn a_message_or_frame_above_its_limit_closes_the_connection() {
    with_timeout(async {
        let mut message_limit = open(|upgrade| upgrade.max_message_size(1000)).await;
        let mut frame_limit = open(|upgrade| upgrade.max_frame_size(1000)).await;
        for server in [&mut message_limit, &mut frame_limit] {
            let (mut client, _, mut socket) = connect(server, HeadBuilder::request()).await;
            client.write_all(&client_frame(BINARY, vec![0; 1000])).await.unwrap();
            assert_eq!(socket.recv().await.unwrap().unwrap().into_data().len(), 1000);
            let reading = tokio::spawn(async move { socket.recv().await });
            client.write_all(&client_frame(BINARY, vec![0; 1001])).await.unwrap();
            let (first, payload) = read_frame(&mut client).await;
            assert_eq!((first, &payload[..2]), (CLOSE, &1009_u16.to_be_bytes()[..]));
            // The error is returned when the connection has ended.
            drop(client);
            let error = inner(reading.await.unwrap().unwrap().expect_err("the message is too long"));
            let is_expected = |violation: &Violation| {
                matches!(violation, Violation::FrameTooBig { .. } | Violation::MessageTooBig { .. })
            };
            assert!(matches!(&error, Error::Violation(violation) if is_expected(violation)), "{error:?}");
        }
    })
    .await;
}

// ---- What axum's own extractor lacks ------------------------------------------------------------

#[tokio::test]
async fn messages_are_compressed_if_the_client_offers_it() {
    with_timeout(async {
        let mut server = open(|upgrade| upgrade.deflate(DeflateOptions::default())).await;
        let offer = "Sec-WebSocket-Extensions: permessage-deflate";
        for (request, expected) in [(HeadBuilder::request(), TEXT), (HeadBuilder::request().with(offer), TEXT | 0x40)] {
            let (mut client, _, mut socket) = connect(&mut server, request).await;
            socket.send(Message::text("all work and no play ".repeat(100))).await.unwrap();
            assert_eq!(read_frame(&mut client).await.0, expected);
        }
    })
    .await;
}

#[tokio::test]
async fn keep_alive_sends_pings_and_closes_a_dead_connection() {
    with_timeout(async {
        let keep_alive = KeepAlive { interval: Duration::from_millis(20), timeout: Duration::from_millis(50) };
        let mut server = open(move |upgrade| upgrade.keep_alive(keep_alive)).await;
        let (mut client, _, mut socket) = connect(&mut server, HeadBuilder::request()).await;
        let reading = tokio::spawn(async move { socket.recv().await });
        assert_eq!(read_frame(&mut client).await.0, PING);
        let end = reading.await.unwrap();
        assert!(end.is_none_or(|received| received.is_err()), "the client has not answered");
    })
    .await;
}

#[tokio::test]
async fn a_close_waits_for_the_client() {
    with_timeout(async {
        let (address, mut sockets) = open(|upgrade| upgrade).await;
        let client = Connector::new(format!("ws://{address}/chat")).unwrap().connect();
        let (client, socket) = tokio::join!(client, sockets.recv());
        let (mut client, mut socket) = (client.unwrap(), socket.unwrap());
        let client = tokio::spawn(async move {
            while client.next().await.is_some() {}
            client.close_info()
        });
        let info = socket.close_and_wait(CloseCode(4000), "done").await.unwrap();
        assert!(info.was_clean, "{info}");
        assert_eq!(client.await.unwrap().code, CloseCode(4000));
    })
    .await;
}

#[tokio::test]
async fn a_message_for_many_clients_is_encoded_once() {
    with_timeout(async {
        let mut server = open(|upgrade| upgrade).await;
        let news = PreparedMessage::new(&websocket::Message::text("news"));
        for _ in 0..2 {
            let (mut client, _, mut socket) = connect(&mut server, HeadBuilder::request()).await;
            socket.send_prepared(&news).await.unwrap();
            assert_eq!(read_frame(&mut client).await, (TEXT, b"news".to_vec()));
        }
    })
    .await;
}

#[tokio::test]
async fn connections_share_a_memory_budget() {
    with_timeout(async {
        let budget = MemoryBudget::new(1 << 20);
        let config = ServerConfig::default().memory_budget(budget.clone());
        let shared = budget.clone();
        let mut whole = open(move |upgrade| upgrade.server_config(config.clone())).await;
        let mut single = open(move |upgrade| upgrade.memory_budget(shared.clone())).await;
        for server in [&mut whole, &mut single] {
            let (mut client, _, mut socket) = connect(server, HeadBuilder::request()).await;
            let frame = client_frame(BINARY, vec![0; 300_000]);
            client.write_all(&frame[..200_000]).await.unwrap();
            let reading = tokio::spawn(async move { socket.recv().await });
            while budget.available() == budget.total() {
                tokio::task::yield_now().await;
            }
            client.write_all(&frame[200_000..]).await.unwrap();
            assert_eq!(reading.await.unwrap().unwrap().unwrap().into_data().len(), 300_000);
            assert_eq!(budget.available(), budget.total(), "the connection is gone");
        }
    })
    .await;
}

#[tokio::test]
async fn the_connection_of_the_crate_websocket_is_inside() {
    with_timeout(async {
        let mut server = open(|upgrade| upgrade).await;
        let (mut client, _, socket) = connect(&mut server, HeadBuilder::request()).await;
        let (mut reader, mut writer) = socket.into_inner().into_split();
        client.write_all(&client_frame(TEXT, "hello")).await.unwrap();
        let message = reader.next().await.unwrap().unwrap();
        writer.send(message).await.unwrap();
        assert_eq!(read_frame(&mut client).await, (TEXT, b"hello".to_vec()));
    })
    .await;
}

// ---- Messages -----------------------------------------------------------------------------------

#[test]
fn messages_convert_like_those_of_axum() {
    use axum::extract::ws;

    assert_eq!(Message::from("a"), Message::Text("a".into()));
    assert_eq!(Message::from("a".to_owned()), Message::text("a"));
    assert_eq!(Message::from(vec![1]), Message::Binary(vec![1].into()));
    assert_eq!(Message::from(&[1_u8][..]), Message::binary(vec![1]));
    assert_eq!(Vec::from(Message::text("a")), b"a");
    assert_eq!(Message::from(Event::Message(websocket::Message::text("a"))), Message::text("a"));
    let of = |code, reason: &'static str| Message::Close(Some(CloseFrame { code, reason: reason.into() }));
    let of_axum = |code, reason: &'static str| ws::Message::Close(Some(ws::CloseFrame { code, reason: reason.into() }));
    let pairs = [
        (Message::text("a"), ws::Message::text("a")),
        (Message::binary("b"), ws::Message::binary("b")),
        (Message::binary(vec![0xFF]), ws::Message::binary(vec![0xFF])),
        (Message::Ping("c".into()), ws::Message::Ping("c".into())),
        (Message::Pong("d".into()), ws::Message::Pong("d".into())),
        (Message::Close(None), ws::Message::Close(None)),
        (of(1000, "e"), of_axum(1000, "e")),
    ];
    for (ours, theirs) in pairs {
        assert_eq!(ours.to_text().ok(), theirs.to_text().ok());
        assert_eq!(
            ours.clone().into_text().ok().map(|text| text.to_string()),
            theirs.clone().into_text().ok().map(|text| text.to_string())
        );
        assert_eq!(ours.into_data(), theirs.into_data());
    }
    assert_eq!(
        [close_code::NORMAL, close_code::AWAY, close_code::PROTOCOL, close_code::UNSUPPORTED, close_code::STATUS],
        [
            ws::close_code::NORMAL,
            ws::close_code::AWAY,
            ws::close_code::PROTOCOL,
            ws::close_code::UNSUPPORTED,
            ws::close_code::STATUS
        ]
    );
    assert_eq!(
        [close_code::ABNORMAL, close_code::INVALID, close_code::POLICY, close_code::SIZE, close_code::EXTENSION],
        [
            ws::close_code::ABNORMAL,
            ws::close_code::INVALID,
            ws::close_code::POLICY,
            ws::close_code::SIZE,
            ws::close_code::EXTENSION
        ]
    );
    assert_eq!(
        [close_code::ERROR, close_code::RESTART, close_code::AGAIN],
        [ws::close_code::ERROR, ws::close_code::RESTART, ws::close_code::AGAIN]
    );
}
