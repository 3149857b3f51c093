//! Our client and our server over HTTP/2.

use std::net::SocketAddr;

use http_body_util::{BodyExt, Empty, Full};
use hyper::{Request, Response, body::Bytes};
use testkit::tasks::with_timeout;
use tokio::net::TcpStream;
use websocket_hyper::{
    client::{
        self,
        http2::{Http2Client, handshake},
    },
    is_upgrade_request, upgrade,
    websocket::{
        CloseCode, ConnectError, Connector, DeflateOptions, HandshakeError, Message, ServerConfig, UpgradeOptions,
    },
};

use super::server::{ExtendedConnect, serve};

/// Starts a server that compresses messages and sends each of them back on `/echo`. It rejects
/// handshakes on other paths with 404, and answers ordinary requests with a page.
async fn echo_server(allowed: ExtendedConnect) -> SocketAddr {
    serve(allowed, |mut request| {
        let answer = if !is_upgrade_request(&request) {
            Response::new(Full::from("a page"))
        } else if request.uri().path() != "/echo" {
            Response::builder().status(404).body("nothing here".into()).unwrap()
        } else {
            let options = UpgradeOptions::default();
            let config = ServerConfig::default().deflate(DeflateOptions::default());
            match upgrade(&mut request, options, &config) {
                Ok((response, opening)) => {
                    tokio::spawn(async move {
                        let mut connection = opening.await.expect("the response is returned");
                        connection.serve(|message, outbound| Ok(outbound.send_back(message)?)).await
                    });
                    response
                }
                Err(rejection) => rejection.into_response(),
            }
        };
        async { answer }
    })
    .await
}

async fn http2(address: SocketAddr) -> Http2Client<Empty<Bytes>> {
    let stream = TcpStream::connect(address).await.expect("a connection");
    let (client, http) = handshake(stream).await.expect("the stream is open");
    tokio::spawn(http);
    client
}

fn connector(address: SocketAddr, path: &str) -> Connector {
    Connector::new(format!("ws://{address}{path}")).expect("a valid URI").deflate(DeflateOptions::default())
}

#[tokio::test]
async fn several_connections_and_requests_share_one_http_2_connection() {
    with_timeout(async {
        let address = echo_server(ExtendedConnect::On).await;
        let mut client = http2(address).await;
        let mut connections = Vec::new();
        for _ in 0..3 {
            connections.push(client.connect(connector(address, "/echo")).await.unwrap());
        }
        assert_eq!(connections[0].response().unwrap().status(), 200);
        assert_eq!(connections[0].extensions()[0].name(), "permessage-deflate");
        for (index, connection) in connections.iter_mut().enumerate() {
            connection.send(format!("hello {index}")).await.unwrap();
        }
        for (index, connection) in connections.iter_mut().enumerate() {
            assert_eq!(connection.next().await.unwrap().unwrap(), Message::text(format!("hello {index}")));
        }
        assert!(connections.remove(0).close(CloseCode::NORMAL, "done").await.unwrap().was_clean);
        drop(connections.remove(0));
        let page = Request::get(format!("http://{address}/")).body(Empty::new()).unwrap();
        let page = client.sender().send_request(page).await.unwrap();
        assert_eq!(page.into_body().collect().await.unwrap().to_bytes(), "a page");
        connections[0].send(vec![7; 1_000_000]).await.unwrap();
        assert_eq!(connections[0].next().await.unwrap().unwrap().len(), 1_000_000);
    })
    .await;
}

#[tokio::test]
async fn a_rejection_leaves_its_body_to_the_caller_and_the_connection_to_others() {
    with_timeout(async {
        let address = echo_server(ExtendedConnect::On).await;
        let mut client = http2(address).await;
        // A successful connection on another path shows that the SETTINGS have arrived.
        client.connect(connector(address, "/echo")).await.unwrap();
        let upgrade = connector(address, "/nothing").start_http2();
        let request = client::http2::request(&upgrade).unwrap().map(|()| Empty::new());
        let mut response = client.sender().send_request(request).await.unwrap();
        match client::open(upgrade, &mut response).await.expect_err("it is rejected") {
            ConnectError::Answer(HandshakeError::Rejected(rejection)) => assert_eq!(rejection.status(), 404),
            other => panic!("{other}"),
        }
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "nothing here");
        assert!(client.connect(connector(address, "/echo")).await.is_ok());
    })
    .await;
}

/// Sends our client's request with one change. Returns the status, the supported version and the
/// body of the response.
async fn rejection(change: fn(&mut Request<Empty<Bytes>>)) -> (u16, Option<String>, String) {
    let address = echo_server(ExtendedConnect::On).await;
    let mut client = http2(address).await;
    client.connect(connector(address, "/echo")).await.unwrap();
    let upgrade = connector(address, "/echo").start_http2();
    let mut request = client::http2::request(&upgrade).unwrap().map(|()| Empty::new());
    change(&mut request);
    let response = client.sender().send_request(request).await.unwrap();
    let version = response.headers().get("sec-websocket-version").map(|value| value.to_str().unwrap().to_owned());
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, version, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn invalid_requests_are_rejected_with_their_status_and_sentence() {
    with_timeout(async {
        let (status, version, sentence) =
            rejection(|request| drop(request.headers_mut().insert("sec-websocket-version", 8.into()))).await;
        assert_eq!((status, version.as_deref()), (426, Some("13")), "{sentence}");
        assert!(sentence.contains("version '8'"), "{sentence}");
        let (status, _, sentence) =
            rejection(|request| drop(request.headers_mut().insert("sec-websocket-protocol", "a b".parse().unwrap())))
                .await;
        assert_eq!(status, 400, "{sentence}");
        assert!(sentence.contains("Sec-WebSocket-Protocol"), "{sentence}");
    })
    .await;
}

#[tokio::test]
async fn a_server_of_hyper_without_extended_connect_is_told_as_such() {
    with_timeout(async {
        let address = echo_server(ExtendedConnect::Off).await;
        let error = http2(address).await.connect(connector(address, "/echo")).await;
        assert!(matches!(error, Err(ConnectError::Http2NotSupported)), "{error:?}");
    })
    .await;
}
