//! Clients over hyper connections and reqwest connections.

use std::net::SocketAddr;

use http_body_util::{BodyExt, Empty};
use hyper::{
    Response,
    body::Bytes,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use testkit::{
    frames::{first_byte::TEXT, server_frame},
    http_head::{SAMPLE_ACCEPT, SAMPLE_RESPONSE, response_for},
    raw_peer::read_head,
    tasks::with_timeout,
};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use websocket_hyper::{
    client, upgrade,
    websocket::{
        CloseCode, ConnectError, Connector, DeflateOptions, HandshakeError, HandshakeViolation, Message, ServerConfig,
        UpgradeOptions,
    },
};

use crate::support::{Upgrades, serve_hyper};

type Sender = SendRequest<Empty<Bytes>>;

async fn http_connection(address: SocketAddr) -> Sender {
    let stream = TcpStream::connect(address).await.expect("a connection");
    let (sender, http) = http1::handshake(TokioIo::new(stream)).await.expect("a handshake of HTTP/1.1 sends nothing");
    tokio::spawn(http.with_upgrades());
    sender
}

fn connector(address: SocketAddr) -> Connector {
    Connector::new(format!("ws://{address}/chat?room=7")).expect("a valid URI")
}

/// Starts a server that exchanges plain bytes and answers one request with the bytes that `respond`
/// returns for it. Returns the server's address, and a task that returns the request and the
/// connection.
async fn raw_server(
    respond: impl FnOnce(&str) -> Vec<u8> + Send + 'static,
) -> (SocketAddr, JoinHandle<(String, TcpStream)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let request = read_head(&mut stream).await;
        stream.write_all(&respond(&request)).await.expect("the client reads");
        (request, stream)
    });
    (address, serving)
}

/// Starts a hyper server that compresses messages, and sends every message back.
async fn echo_server() -> SocketAddr {
    serve_hyper(Upgrades::On, |mut request| {
        let options = UpgradeOptions::default().subprotocol("echo");
        let config = ServerConfig::default().deflate(DeflateOptions::default());
        let (response, opening) = upgrade(&mut request, options, &config).expect("the request is valid");
        tokio::spawn(async move {
            let mut connection = opening.await.expect("the response is returned");
            connection.serve(|message, outbound| Ok(outbound.send_back(message)?)).await
        });
        Ok(response)
    })
    .await
}

#[tokio::test]
async fn a_connection_opens_over_hyper_and_closes_cleanly() {
    with_timeout(async {
        let address = echo_server().await;
        let connector = connector(address).subprotocol("echo").unwrap().deflate(DeflateOptions::default());
        let mut connection = client::connect(connector, &mut http_connection(address).await).await.unwrap();
        assert_eq!(connection.subprotocol(), Some("echo"));
        assert_eq!(connection.extensions()[0].name(), "permessage-deflate");
        assert_eq!(connection.response().unwrap().status(), 101);
        connection.send("hello").await.unwrap();
        assert_eq!(connection.next().await.unwrap().unwrap(), Message::text("hello"));
        assert!(connection.close(CloseCode::NORMAL, "done").await.unwrap().was_clean);
    })
    .await;
}

#[tokio::test]
async fn a_connection_opens_over_the_response_of_reqwest() {
    with_timeout(async {
        let address = echo_server().await;
        let upgrade = connector(address).subprotocol("echo").unwrap().start();
        let request = reqwest::Client::new().get(format!("http://{address}/chat?room=7"));
        let response = request.headers(upgrade.request().unwrap().headers().clone()).send().await.unwrap();
        let mut response: Response<reqwest::Body> = response.into();
        let mut connection = client::open(upgrade, &mut response).await.unwrap();
        assert_eq!(connection.subprotocol(), Some("echo"));
        connection.send("hello").await.unwrap();
        assert_eq!(connection.next().await.unwrap().unwrap(), Message::text("hello"));
    })
    .await;
}

#[tokio::test]
async fn the_request_is_the_one_that_we_would_send() {
    with_timeout(async {
        let (address, serving) =
            raw_server(|request| response_for(&request.replace("sec-websocket-key", "Sec-WebSocket-Key")).into()).await;
        let connector = connector(address).header("Cookie", "a=b").unwrap();
        client::connect(connector, &mut http_connection(address).await).await.unwrap();
        let (request, _) = serving.await.unwrap();
        assert!(request.starts_with("GET /chat?room=7 HTTP/1.1\r\n"), "{request}");
        let lines = [
            &format!("host: {address}"),
            "upgrade: websocket",
            "connection: Upgrade",
            "sec-websocket-version: 13",
            "cookie: a=b",
        ];
        for line in lines {
            assert!(request.lines().any(|other| other == line), "{line} is missing: {request}");
        }
    })
    .await;
}

#[tokio::test]
async fn frames_in_the_same_packet_as_the_response_are_delivered() {
    with_timeout(async {
        let (address, serving) = raw_server(|request| {
            let response = response_for(&request.replace("sec-websocket-key", "Sec-WebSocket-Key"));
            [response.as_bytes(), &server_frame(TEXT, "early")].concat()
        })
        .await;
        let mut connection = client::connect(connector(address), &mut http_connection(address).await).await.unwrap();
        assert_eq!(connection.next().await.unwrap().unwrap(), Message::text("early"));
        drop(serving);
    })
    .await;
}

#[tokio::test]
async fn a_wrong_accept_value_is_a_violation() {
    with_timeout(async {
        let (address, _serving) = raw_server(|_| SAMPLE_RESPONSE.into()).await;
        let error = client::connect(connector(address), &mut http_connection(address).await).await;
        match error.expect_err("the response answers another request") {
            ConnectError::Answer(HandshakeError::Violation(HandshakeViolation::AcceptWrong { received, .. })) => {
                assert_eq!(received, SAMPLE_ACCEPT);
            }
            other => panic!("{other}"),
        }
    })
    .await;
}

#[tokio::test]
async fn a_rejection_leaves_its_body_to_the_caller() {
    with_timeout(async {
        let (address, _serving) =
            raw_server(|_| b"HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\n\r\nnot today".to_vec()).await;
        let mut sender = http_connection(address).await;
        let upgrade = connector(address).start();
        let request = upgrade.request().unwrap().map(|()| Empty::<Bytes>::new());
        let mut response = sender.send_request(request).await.unwrap();
        match client::open(upgrade, &mut response).await.expect_err("it is rejected") {
            ConnectError::Answer(HandshakeError::Rejected(rejection)) => assert_eq!(rejection.status(), 403),
            other => panic!("{other}"),
        }
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "not today");
    })
    .await;
}

#[tokio::test]
async fn a_server_that_disconnects_is_an_error_of_the_handshake() {
    with_timeout(async {
        let (address, serving) = raw_server(|_| Vec::new()).await;
        tokio::spawn(async move { drop(serving.await) });
        let error = client::connect(connector(address), &mut http_connection(address).await).await;
        assert!(matches!(error, Err(ConnectError::Handshake(_))), "{error:?}");
    })
    .await;
}
