//! HTTP/2 inside TLS: the page, and several WebSocket connections in one connection. This client
//! uses rustls for TLS and hyper for HTTP/2, as the server does. The tests with `curl` and with
//! Chromium use other implementations.

use std::{process::Command, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use testkit::tasks::with_timeout;
use tokio::{net::TcpStream, task::JoinHandle};
use websocket::{
    CloseCode, ConnectError, Connector, Message,
    protocol::handshake::HandshakeError,
    tls::{self, ClientTlsStream},
};
use websocket_hyper::{
    WebSocket,
    client::http2::{Http2Client, handshake},
};

use crate::{
    support::Server,
    tls::{Certificate, trusting},
};

type Client = Http2Client<Empty<Bytes>>;

/// Performs the TLS handshake, offering these protocols.
async fn tls(certificate: &Certificate, server: &Server, protocols: &[&str]) -> ClientTlsStream<TcpStream> {
    let mut config = trusting(certificate.certificate());
    Arc::make_mut(&mut config).alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
    let tcp = TcpStream::connect(server.address()).await.expect("a connection");
    tls::connect(tcp, "127.0.0.1", config).await.expect("a connection over TLS")
}

/// Connects over HTTP/2. The task ends when the connection does.
async fn connect(certificate: &Certificate, server: &Server) -> (Client, JoinHandle<()>) {
    let stream = tls(certificate, server, &["h2", "http/1.1"]).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (client, http) = handshake(stream).await.expect("the connection is open");
    let driving = tokio::spawn(async {
        // The server may end the connection in any way.
        let _ = http.await;
    });
    (client, driving)
}

fn connector(server: &Server, path: &str) -> Connector {
    Connector::new(format!("wss://127.0.0.1:{}{path}", server.address().port())).expect("a URI")
}

async fn open(client: &mut Client, server: &Server, path: &str) -> WebSocket {
    client.connect(connector(server, path)).await.expect("the server accepts")
}

#[track_caller]
fn status(result: Result<WebSocket, ConnectError>) -> u16 {
    match result {
        Err(ConnectError::Answer(HandshakeError::Rejected(response))) => response.status().as_u16(),
        other => panic!("no rejection: {other:?}"),
    }
}

async fn next_text(connection: &mut WebSocket) -> Message {
    connection.next().await.expect("a message").expect("no error")
}

#[tokio::test]
async fn the_page_and_several_connections_share_one_connection() {
    with_timeout(async {
        let certificate = Certificate::new();
        let server = certificate.start(&["--interval", "100ms"]);
        let (mut client, _driving) = connect(&certificate, &server).await;
        let mut echo = open(&mut client, &server, "/echo").await;
        let mut stats = open(&mut client, &server, "/").await;
        let mut chat = client.connect(connector(&server, "/chat").subprotocol("chat").unwrap()).await.unwrap();
        assert_eq!(chat.subprotocol(), Some("chat"));
        echo.send("hello").await.unwrap();
        assert_eq!(next_text(&mut echo).await, Message::text("hello"));
        assert!(next_text(&mut stats).await.as_text().is_some_and(|text| text.contains("sequence")));

        let page = http::Request::get(format!("https://{}/", server.address())).body(Empty::new()).unwrap();
        let page = client.sender().send_request(page).await.unwrap();
        assert_eq!(page.status(), 200);
        assert!(page.headers().contains_key("content-security-policy"));
        let body = page.into_body().collect().await.unwrap().to_bytes();
        assert!(String::from_utf8_lossy(&body).contains("<html"));

        assert!(stats.close(CloseCode::NORMAL, "").await.unwrap().was_clean);
        drop(chat.start_close(CloseCode::NORMAL, ""));
        echo.send(vec![7; 1_000_000]).await.unwrap();
        assert_eq!(next_text(&mut echo).await.len(), 1_000_000);
        server.wait_for_log(&["connected to /echo"]);
    })
    .await;
}

#[tokio::test]
async fn requests_are_rejected_as_in_http_1_1() {
    with_timeout(async {
        let certificate = Certificate::new();
        let server = certificate.start(&[]);
        let (mut client, _driving) = connect(&certificate, &server).await;
        assert_eq!(status(client.connect(connector(&server, "/nothing")).await), 404);
        assert_eq!(status(client.connect(connector(&server, "/chat")).await), 400);
        let foreign = connector(&server, "/echo").origin("https://example.org").unwrap();
        assert_eq!(status(client.connect(foreign).await), 403);
        let own = connector(&server, "/echo").origin(&format!("https://{}", server.address())).unwrap();
        assert!(client.connect(own).await.is_ok());
        let foreign_host = Connector::new("wss://example.org/echo").unwrap();
        assert_eq!(status(client.connect(foreign_host).await), 421);
    })
    .await;
}

/// `/break` breaks rules of HTTP/1.1, so the client must use that version.
#[tokio::test]
async fn what_only_http_1_1_can_show_is_reset_with_the_error_code_for_it() {
    with_timeout(async {
        let certificate = Certificate::new();
        let server = certificate.start(&[]);
        let (mut client, _driving) = connect(&certificate, &server).await;
        match client.connect(connector(&server, "/break/wrong-accept")).await {
            Err(ConnectError::Handshake(error)) => {
                let error = format!("{:?}", error.get_ref().expect("an error of hyper"));
                assert!(error.contains("HTTP_1_1_REQUIRED"), "{error}");
            }
            other => panic!("{other:?}"),
        }
        assert!(client.connect(connector(&server, "/echo")).await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn the_wire_view_shows_the_frames_of_a_stream() {
    with_timeout(async {
        let certificate = Certificate::new();
        let server = certificate.start(&[]);
        let (mut client, _driving) = connect(&certificate, &server).await;
        let mut viewer = open(&mut client, &server, "/wire").await;
        let token: serde_json::Value =
            serde_json::from_str(next_text(&mut viewer).await.as_text().expect("JSON")).expect("JSON");
        let path = format!("/echo?wire={}", token["token"].as_str().expect("a token"));
        let mut echo = open(&mut client, &server, &path).await;
        echo.send("hello").await.unwrap();
        let records = next_text(&mut viewer).await;
        let records = records.as_text().expect("JSON");
        assert!(records.contains("hello"), "{records}");
        assert_eq!(next_text(&mut echo).await, Message::text("hello"));
    })
    .await;
}

#[tokio::test]
async fn each_websocket_takes_a_connection_of_the_limit() {
    with_timeout(async {
        let certificate = Certificate::new();
        let server = certificate.start(&["--max-connections", "2"]);
        let (mut client, _driving) = connect(&certificate, &server).await;
        let mut first = open(&mut client, &server, "/echo").await;
        assert_eq!(status(client.connect(connector(&server, "/echo")).await), 503);
        assert!(first.close(CloseCode::NORMAL, "").await.unwrap().was_clean);
        // The server's task ends a moment after the client has seen the end.
        while client.connect(connector(&server, "/echo")).await.is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// A client that has negotiated HTTP/2 understands no other version, so the rejection must use
/// HTTP/2 too.
#[tokio::test]
async fn a_client_beyond_the_limit_reads_503_in_http_2() {
    with_timeout(async {
        let certificate = Certificate::new();
        let server = certificate.start(&["--max-connections", "1"]);
        let _first = connect(&certificate, &server).await;
        let (mut second, driving) = connect(&certificate, &server).await;
        assert_eq!(status(second.connect(connector(&server, "/echo")).await), 503);
        // The server does not keep the connection.
        driving.await.unwrap();

        let (mut third, driving) = connect(&certificate, &server).await;
        let page = http::Request::get(format!("https://{}/", server.address())).body(Empty::new()).unwrap();
        let page = third.sender().send_request(page).await.unwrap();
        assert_eq!(page.status(), 503);
        assert_eq!(page.headers()["retry-after"], "5");
        let body = page.into_body().collect().await.unwrap().to_bytes();
        assert!(String::from_utf8_lossy(&body).contains("connection limit"), "{body:?}");
        driving.await.unwrap();
    })
    .await;
}

/// Only a few connections can be rejected at the same time, so each rejection must end.
#[tokio::test]
async fn a_client_beyond_the_limit_that_sends_nothing_is_disconnected() {
    with_timeout(async {
        let certificate = Certificate::new();
        let server = certificate.start(&["--max-connections", "2", "--handshake-timeout", "300ms"]);
        let (mut first, _driving) = connect(&certificate, &server).await;
        let _echo = open(&mut first, &server, "/echo").await;
        let (_silent, driving) = connect(&certificate, &server).await;
        driving.await.unwrap();
    })
    .await;
}

/// Connects a client that prefers HTTP/2. Returns the protocol that the server chooses, and the
/// stream.
async fn chosen(certificate: &Certificate, server: &Server) -> (String, ClientTlsStream<TcpStream>) {
    let stream = tls(certificate, server, &["h2", "http/1.1"]).await;
    let chosen = stream.get_ref().1.alpn_protocol().expect("a protocol").to_vec();
    (String::from_utf8(chosen).expect("a name"), stream)
}

/// The window of each HTTP/2 connection, 256 KiB, is taken from `--max-memory`. All windows
/// together may take half of that memory, and the other half is left for messages.
#[tokio::test]
async fn without_memory_for_its_window_a_connection_speaks_http_1_1() {
    with_timeout(async {
        let certificate = Certificate::new();
        let server = certificate.start(&["--max-memory", "1M"]);
        let (mut first, driving) = connect(&certificate, &server).await;
        let mut echo = open(&mut first, &server, "/echo").await;
        let (mut second, _second_driving) = connect(&certificate, &server).await;
        let _echo = open(&mut second, &server, "/echo").await;
        let (protocol, _third) = chosen(&certificate, &server).await;
        assert_eq!(protocol, "http/1.1");

        // When one of the connections ends, there is room for another.
        assert!(echo.close(CloseCode::NORMAL, "").await.unwrap().was_clean);
        driving.abort();
        drop((echo, first));
        while chosen(&certificate, &server).await.0 != "h2" {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_connection_without_a_stream_is_closed_after_the_time_of_a_handshake() {
    with_timeout(async {
        let certificate = Certificate::new();
        let server = certificate.start(&["--handshake-timeout", "300ms"]);
        let (_silent, driving) = connect(&certificate, &server).await;
        driving.await.unwrap();
        // An open WebSocket keeps its connection.
        let (mut client, driving) = connect(&certificate, &server).await;
        let mut echo = open(&mut client, &server, "/echo").await;
        let (_silent, other) = connect(&certificate, &server).await;
        other.await.unwrap();
        assert!(!driving.is_finished());
        echo.send("hello").await.unwrap();
        assert_eq!(next_text(&mut echo).await, Message::text("hello"));
    })
    .await;
}

#[tokio::test]
async fn a_server_that_stops_closes_every_stream_with_1001() {
    with_timeout(async {
        let certificate = Certificate::new();
        let server = certificate.start(&[]);
        let (mut client, driving) = connect(&certificate, &server).await;
        let mut first = open(&mut client, &server, "/echo").await;
        let mut second = open(&mut client, &server, "/echo").await;
        server.signal("TERM");
        for connection in [&mut first, &mut second] {
            assert!(connection.next().await.is_none());
            let info = connection.close_info();
            assert_eq!((info.code, info.was_clean), (CloseCode::GOING_AWAY, true), "{info}");
        }
        driving.await.unwrap();
    })
    .await;
}

/// A trace can show only the bytes of HTTP/1.1.
#[tokio::test]
async fn with_a_trace_the_server_offers_only_http_1_1() {
    let certificate = Certificate::new();
    let server = certificate.start(&["--trace"]);
    let stream = with_timeout(tls(&certificate, &server, &["h2", "http/1.1"])).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
}

/// In HTTP/1.1, this time-out limits how long a client without a WebSocket connection holds a slot.
/// In HTTP/2, a client without a stream is such a client.
#[tokio::test]
async fn a_connection_without_a_stream_ends_after_the_handshake_timeout_and_no_other() {
    with_timeout(async {
        let certificate = Certificate::new();
        let server = certificate.start(&["--handshake-timeout", "300ms"]);
        let (mut client, driving) = connect(&certificate, &server).await;
        let mut first = open(&mut client, &server, "/echo").await;
        tokio::time::sleep(Duration::from_millis(900)).await;
        // The server would allow no further stream if the time-out had passed.
        let mut second = open(&mut client, &server, "/echo").await;
        for echo in [&mut first, &mut second] {
            echo.send("hello").await.unwrap();
            assert_eq!(next_text(echo).await, Message::text("hello"));
            assert!(echo.close(CloseCode::NORMAL, "").await.unwrap().was_clean);
        }
        drop((first, second));
        driving.await.unwrap();
    })
    .await;
}

#[test]
fn curl_gets_the_page_over_http_2() {
    let has_http2 = Command::new("curl").arg("--version").output();
    if !has_http2.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("HTTP2")) {
        eprintln!("skipped: there is no curl with HTTP/2");
        return;
    }
    let certificate = Certificate::new();
    let server = certificate.start(&[]);
    for (method, has_body) in [("GET", true), ("HEAD", false)] {
        let output = Command::new("curl")
            .args(["--silent", "--show-error", "--include", "--noproxy", "*", "--http2"])
            .args(if has_body { &["--get"] } else { &["--head"] })
            .args(["--cacert", &certificate.certificate(), &format!("https://{}/", server.address())])
            .output()
            .expect("curl runs");
        let response = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(response.starts_with("HTTP/2 200"), "{method}: {response}");
        assert_eq!(response.contains("<html"), has_body, "{method}: {response}");
    }
}
