//! A hyper server whose service upgrades requests.

use std::{io, net::SocketAddr, sync::Arc};

use futures_util::{SinkExt, StreamExt};
use http_body_util::Full;
use hyper::{Request, Response, StatusCode};
use testkit::{
    frames::{
        client_frame,
        first_byte::{BINARY, TEXT},
    },
    http_head::{HeadBuilder, SAMPLE_REQUEST, SAMPLE_RESPONSE},
    raw_peer::{read_frame, read_head, read_to_eof},
    tasks::with_timeout,
};
use tokio::{
    io::AsyncWriteExt,
    sync::mpsc::{self, UnboundedReceiver},
};
use tokio_tungstenite::tungstenite;
use websocket_hyper::{
    Rejection, WebSocket, is_upgrade_request, upgrade, upgrade_with,
    websocket::{
        AcceptError, CloseCode, Config, Connector, DeflateOptions, Limits, MemoryBudget, Message, ServerConfig,
        UpgradeOptions, UsageError,
    },
};

use crate::support::{Answer, Upgrades, response_to, send_raw, serve_hyper};

type Opened = Result<WebSocket, AcceptError>;

/// Starts a server that accepts each request with these options. Returns its address, and the
/// connections that it opens.
async fn server(options: UpgradeOptions, config: ServerConfig) -> (SocketAddr, UnboundedReceiver<Opened>) {
    let (opened, connections) = mpsc::unbounded_channel();
    let address = serve_hyper(Upgrades::On, move |mut request| {
        Ok(match upgrade(&mut request, options.clone(), &config) {
            Ok((response, opening)) => {
                let opened = opened.clone();
                tokio::spawn(async move { opened.send(opening.await) });
                response
            }
            Err(rejection) => rejection.into_response(),
        })
    })
    .await;
    (address, connections)
}

async fn default_server() -> (SocketAddr, UnboundedReceiver<Opened>) {
    server(UpgradeOptions::default(), ServerConfig::default()).await
}

async fn next(connections: &mut UnboundedReceiver<Opened>) -> WebSocket {
    connections.recv().await.expect("the server runs").expect("the request is valid")
}

#[tokio::test]
async fn a_request_becomes_a_connection_that_is_closed_cleanly() {
    with_timeout(async {
        let (address, mut connections) = default_server().await;
        let client = Connector::new(format!("ws://{address}/")).unwrap().connect();
        let (client, mut server) = tokio::join!(client, next(&mut connections));
        let mut client = client.expect("the server accepts");
        client.send("hello").await.unwrap();
        assert_eq!(server.next().await.unwrap().unwrap(), Message::text("hello"));
        server.send(vec![7; 100_000]).await.unwrap();
        assert_eq!(client.next().await.unwrap().unwrap().len(), 100_000);
        let client = tokio::spawn(async move {
            while client.next().await.is_some() {}
            client.close_info()
        });
        let info = server.close(CloseCode::GOING_AWAY, "for today").await.unwrap();
        assert!(info.was_clean, "{info}");
        let info = client.await.unwrap();
        assert!(info.was_clean, "{info}");
        assert_eq!((info.code, &*info.reason), (CloseCode::GOING_AWAY, "for today"));
    })
    .await;
}

#[tokio::test]
async fn a_client_of_tungstenite_is_served() {
    with_timeout(async {
        let (address, mut connections) = default_server().await;
        let (client, mut server) =
            tokio::join!(tokio_tungstenite::connect_async(format!("ws://{address}/")), next(&mut connections));
        let (mut client, _) = client.expect("the server accepts");
        tokio::spawn(async move { server.serve(|message, outbound| Ok(outbound.send_back(message)?)).await });
        let message = tungstenite::Message::text("hello");
        client.send(message.clone()).await.unwrap();
        assert_eq!(client.next().await.unwrap().unwrap(), message);
        client.close(None).await.unwrap();
        assert!(client.next().await.unwrap().unwrap().is_close());
    })
    .await;
}

#[tokio::test]
async fn frames_in_the_same_packet_as_the_request_are_delivered() {
    with_timeout(async {
        let (address, mut connections) = default_server().await;
        let second = client_frame(BINARY, vec![7; 1000]);
        let bytes = [SAMPLE_REQUEST.as_bytes(), &client_frame(TEXT, "early"), &second[..500]].concat();
        let mut client = send_raw(address, bytes).await;
        let mut server = next(&mut connections).await;
        assert_eq!(server.next().await.unwrap().unwrap(), Message::text("early"));
        client.write_all(&second[500..]).await.unwrap();
        assert_eq!(server.next().await.unwrap().unwrap(), Message::binary(vec![7; 1000]));
    })
    .await;
}

#[tokio::test]
async fn an_invalid_request_is_rejected_with_its_status_and_sentence() {
    let (address, _connections) = default_server().await;
    let request = || HeadBuilder::request().with("Connection: close");
    let cases = [
        (request().first_line("POST / HTTP/1.1"), "405 Method Not Allowed", "allow: GET", "the method must be GET"),
        (request().without("Upgrade"), "426 Upgrade Required", "sec-websocket-version: 13", "'Upgrade: websocket'"),
        (request().set("Sec-WebSocket-Version", "8"), "426 Upgrade Required", "upgrade: websocket", "version '8'"),
        (request().without("Sec-WebSocket-Key"), "400 Bad Request", "", "exactly one Sec-WebSocket-Key"),
        (request().set("Sec-WebSocket-Key", "short"), "400 Bad Request", "", "the Base64 of 16 bytes"),
        (request().without("Host"), "400 Bad Request", "", "exactly one Host"),
        (request().with("Content-Length: 1"), "400 Bad Request", "", "announces a body"),
    ];
    for (request, status, header, sentence) in cases {
        let response = with_timeout(response_to(address, request.bytes())).await;
        assert!(response.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{response}");
        assert!(response.contains(header) && response.contains(sentence), "{response}");
    }
}

#[tokio::test]
async fn the_application_can_reject_a_request_with_a_response() {
    let address = serve_hyper(Upgrades::On, |mut request| {
        let result = upgrade_with(&mut request, &ServerConfig::default(), |upgrade| {
            let body = format!("{} needs a ticket\n", upgrade.request().path());
            Err(Response::builder().status(403).header("Connection", "close").body(body).unwrap())
        });
        let rejection: Rejection = result.map(|_: (Answer, _)| ()).expect_err("it is rejected");
        assert_eq!(rejection.to_string(), "rejected with 403 Forbidden");
        Ok(rejection.into_response())
    })
    .await;
    let response = with_timeout(response_to(address, SAMPLE_REQUEST)).await;
    assert!(response.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{response}");
    assert!(response.ends_with("\r\n\r\n/chat needs a ticket\n"), "{response}");
}

#[test]
fn a_mistake_of_the_application_is_status_500_and_is_not_told_to_the_client() {
    let request = || {
        let head = testkit::handshake::valid_request(&HeadBuilder::request());
        head.head().clone()
    };
    let config = ServerConfig::default();
    let not_offered = upgrade::<_, Full<hyper::body::Bytes>>(
        &mut request(),
        UpgradeOptions::default().subprotocol("secret-chat"),
        &config,
    );
    let not_upgradable = upgrade::<_, Full<hyper::body::Bytes>>(&mut request(), UpgradeOptions::default(), &config);
    let rejections = [not_offered.expect_err("it is wrong"), not_upgradable.expect_err("hyper has not parsed it")];
    assert!(
        matches!(&rejections[0], Rejection::Usage(UsageError::SubprotocolNotOffered(name)) if name == "secret-chat")
    );
    assert!(matches!(rejections[1], Rejection::NotUpgradable));
    for rejection in rejections {
        let response: Response<String> = rejection.into_response();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.body(), "the server made a mistake\n");
    }
}

#[tokio::test]
async fn ordinary_requests_are_left_alone() {
    let address = serve_hyper(Upgrades::On, |request: Request<_>| {
        assert!(!is_upgrade_request(&request));
        Ok(Response::builder().header("Connection", "close").body("a page".into()).unwrap())
    })
    .await;
    let response = with_timeout(response_to(address, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")).await;
    assert!(response.ends_with("\r\n\r\na page"), "{response}");
}

/// Makes a server upgrade a request, change the response with `respond`, and return it. Returns the
/// result of the future that opens the connection.
async fn opening(upgrades: Upgrades, respond: fn(Answer) -> io::Result<Answer>) -> Opened {
    let (opened, mut connections) = mpsc::unbounded_channel();
    let address = serve_hyper(upgrades, move |mut request| {
        let accepted = upgrade(&mut request, UpgradeOptions::default(), &ServerConfig::default());
        let (response, opening) = accepted.expect("the request is valid");
        let opened = opened.clone();
        tokio::spawn(async move { opened.send(opening.await) });
        respond(response)
    })
    .await;
    let _client = send_raw(address, SAMPLE_REQUEST).await;
    with_timeout(connections.recv()).await.expect("the future is ready")
}

#[tokio::test]
async fn a_service_that_fails_instead_of_responding_opens_no_connection() {
    let fail = |_| Err(io::ErrorKind::Other.into());
    let error = opening(Upgrades::On, fail).await.expect_err("hyper has closed the connection");
    assert!(matches!(error, AcceptError::Io(_)), "{error}");
}

/// If this test fails, hyper has begun to look at the response. The warnings at `upgrade`, at
/// `on_upgrade` and in the chapter on hyper can then be removed.
#[tokio::test]
async fn hyper_hands_over_the_stream_after_any_response() {
    let other = |_| Ok(Response::builder().status(403).header("Connection", "close").body("no".into()).unwrap());
    assert!(opening(Upgrades::On, other).await.is_ok());
}

#[tokio::test]
async fn a_server_without_upgrades_opens_no_connection() {
    let error = opening(Upgrades::Off, Ok).await.expect_err("hyper keeps the connection");
    assert!(matches!(error, AcceptError::Io(_)), "{error}");
}

#[tokio::test]
async fn dropping_the_future_closes_the_connection_after_the_response() {
    let address = serve_hyper(Upgrades::On, |mut request| {
        Ok(upgrade(&mut request, UpgradeOptions::default(), &ServerConfig::default()).expect("the request is valid").0)
    })
    .await;
    with_timeout(async {
        let mut client = send_raw(address, SAMPLE_REQUEST).await;
        assert!(read_head(&mut client).await.starts_with("HTTP/1.1 101 "));
        assert_eq!(read_to_eof(&mut client).await, b"");
    })
    .await;
}

#[tokio::test]
async fn a_client_that_leaves_early_ends_the_connection() {
    with_timeout(async {
        let (address, mut connections) = default_server().await;
        drop(send_raw(address, SAMPLE_REQUEST).await);
        // hyper may write the response before or after it notices that the client has left.
        if let Ok(mut server) = connections.recv().await.expect("the server runs") {
            assert!(server.next().await.is_none_or(|received| received.is_err()));
        }
    })
    .await;
}

#[tokio::test]
async fn the_response_has_the_headers_of_the_handshake() {
    with_timeout(async {
        let options = UpgradeOptions::default().subprotocol("chat").header("Set-Cookie", "a=b").unwrap();
        let (address, _connections) = server(options, ServerConfig::default()).await;
        let request = HeadBuilder::request().with("Sec-WebSocket-Protocol: superchat, chat");
        let mut client = send_raw(address, request.bytes()).await;
        let response = read_head(&mut client).await.to_ascii_lowercase();
        let expected = SAMPLE_RESPONSE.trim_end().to_ascii_lowercase();
        for line in expected.lines().chain(["sec-websocket-protocol: chat", "set-cookie: a=b"]) {
            assert!(response.lines().any(|other| other == line), "{line} is missing: {response}");
        }
        assert!(!response.contains("content-length") && !response.contains("transfer-encoding"), "{response}");
    })
    .await;
}

#[tokio::test]
async fn compression_is_negotiated_and_used() {
    with_timeout(async {
        let config = ServerConfig::default().deflate(DeflateOptions::default());
        let (address, mut connections) = server(UpgradeOptions::default(), config).await;
        let request = HeadBuilder::request().with("Sec-WebSocket-Extensions: permessage-deflate");
        let mut client = send_raw(address, request.bytes()).await;
        let response = read_head(&mut client).await;
        assert!(response.contains("permessage-deflate"), "{response}");
        let mut server = next(&mut connections).await;
        assert_eq!(server.extensions()[0].name(), "permessage-deflate");
        server.send("all work and no play ".repeat(100)).await.unwrap();
        let (first, payload) = read_frame(&mut client).await;
        assert_eq!(first, TEXT | 0x40, "the frame is marked as compressed");
        assert!(payload.len() < 200, "{} bytes", payload.len());
    })
    .await;
}

#[tokio::test]
async fn limits_and_the_memory_budget_apply() {
    with_timeout(async {
        let budget = MemoryBudget::new(1 << 20);
        let limits = Limits::DEFAULT.max_message_bytes(200_000);
        let config = ServerConfig::default().memory_budget(budget.clone()).config(Config::DEFAULT.limits(limits));
        let (address, mut connections) = server(UpgradeOptions::default(), config).await;
        let mut client = send_raw(address, SAMPLE_REQUEST).await;
        read_head(&mut client).await;
        let server = Arc::new(tokio::sync::Mutex::new(next(&mut connections).await));
        let frame = client_frame(BINARY, vec![7; 200_000]);
        client.write_all(&frame[..150_000]).await.unwrap();
        let reading = Arc::clone(&server);
        let reading = tokio::spawn(async move { reading.lock().await.next().await });
        while budget.available() == budget.total() {
            tokio::task::yield_now().await;
        }
        client.write_all(&frame[150_000..]).await.unwrap();
        assert_eq!(reading.await.unwrap().unwrap().unwrap().len(), 200_000);
        client.write_all(&client_frame(BINARY, vec![7; 200_001])[..20]).await.unwrap();
        // The error is returned when the connection has ended.
        drop(client);
        assert!(server.lock().await.next().await.unwrap().is_err());
    })
    .await;
}
