//! The bridge between HTTP/1.1 and HTTP/2: the opening handshake, and how the end of one side
//! reaches the other.

use bytes::Bytes;
use conformance::bridge::{to_http1, to_http2};
use h2::{Reason, RecvStream, SendStream};
use hyper::{Method, Request, Response, StatusCode, Version};
use testkit::tasks::with_timeout;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

const UPGRADE: &str = "GET /echo?case=1 HTTP/1.1\r\nHost: suite.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
                       Sec-WebSocket-Protocol: chat\r\n\r\n";

/// An HTTP/2 stream, and the TCP connection to which the bridge forwards it.
struct Bridged {
    request: Request<()>,
    from_stream: RecvStream,
    to_stream: SendStream<Bytes>,
    tcp: TcpStream,
}

/// Starts an HTTP/2 server that answers every extended CONNECT with `status`, and a bridge to it.
/// Sends an upgrade through the bridge. Returns the TCP connection, the head of the response, and
/// the server's streams.
async fn send_upgrade(
    status: StatusCode,
) -> (TcpStream, String, mpsc::Receiver<(Request<RecvStream>, SendStream<Bytes>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = listener.local_addr().unwrap();
    let (streams_sender, streams) = mpsc::channel(1);
    tokio::spawn(async move {
        let (tcp, _) = listener.accept().await.unwrap();
        let mut connection = h2::server::Builder::new().enable_connect_protocol().handshake(tcp).await.unwrap();
        while let Some(Ok((request, mut respond))) = connection.accept().await {
            let mut response = Response::new(());
            if *request.method() != Method::CONNECT {
                respond.send_response(response, true).unwrap();
                continue;
            }
            *response.status_mut() = status;
            response.headers_mut().insert("sec-websocket-protocol", "chat".parse().unwrap());
            let stream = respond.send_response(response, false).unwrap();
            streams_sender.send((request, stream)).await.unwrap();
        }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let bridge = listener.local_addr().unwrap();
    tokio::spawn(to_http2::serve(listener, server));
    let mut tcp = TcpStream::connect(bridge).await.unwrap();
    tcp.write_all(UPGRADE.as_bytes()).await.unwrap();
    let head = read_head(&mut tcp).await;
    (tcp, head, streams)
}

async fn read_head(tcp: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(tcp.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap().to_ascii_lowercase()
}

async fn bridged() -> Bridged {
    let (tcp, head, mut streams) = send_upgrade(StatusCode::OK).await;
    assert!(head.starts_with("http/1.1 101 "), "{head}");
    let (request, to_stream) = streams.recv().await.unwrap();
    let (head, from_stream) = request.into_parts();
    Bridged { request: Request::from_parts(head, ()), from_stream, to_stream, tcp }
}

#[tokio::test]
async fn an_upgrade_becomes_an_extended_connect() {
    with_timeout(async {
        let (_tcp, head, mut streams) = send_upgrade(StatusCode::OK).await;
        // The key and its accept value come from the example in RFC 6455.
        for line in ["upgrade: websocket", "sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=", "protocol: chat"] {
            assert!(head.contains(line), "{head}");
        }
        let (request, _) = streams.recv().await.unwrap();
        assert_eq!((request.method(), request.version()), (&Method::CONNECT, Version::HTTP_2));
        assert_eq!(request.extensions().get::<h2::ext::Protocol>().unwrap().as_str(), "websocket");
        assert_eq!(request.uri(), "http://suite.example/echo?case=1");
        let mut names: Vec<&str> = request.headers().keys().map(hyper::header::HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["sec-websocket-protocol", "sec-websocket-version"]);
    })
    .await;
}

#[tokio::test]
async fn an_extended_connect_becomes_an_upgrade_and_a_rejection_stays_one() {
    with_timeout(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let bridge = listener.local_addr().unwrap();
        tokio::spawn(to_http1::serve(listener));
        let tcp = TcpStream::connect(bridge).await.unwrap();
        let (requests, connection) = h2::client::handshake(tcp).await.unwrap();
        tokio::spawn(connection);

        let suite = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = suite.local_addr().unwrap();
        let connect = || {
            let mut request =
                Request::builder().method(Method::CONNECT).uri(format!("http://{address}/runCase?case=1"));
            request.extensions_mut().unwrap().insert(h2::ext::Protocol::from_static("websocket"));
            request.header("sec-websocket-version", "13").body(()).unwrap()
        };
        let (response, _to_stream) = requests.clone().ready().await.unwrap().send_request(connect(), false).unwrap();
        let (mut tcp, _) = suite.accept().await.unwrap();
        let head = read_head(&mut tcp).await;
        assert!(head.starts_with("get /runcase?case=1 http/1.1\r\n"), "{head}");
        for line in [&format!("host: {address}"), "upgrade: websocket", "sec-websocket-key: ", "version: 13"] {
            assert!(head.contains(line), "{head}");
        }
        tcp.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await.unwrap();
        assert_eq!(response.await.unwrap().status(), StatusCode::NOT_FOUND);

        // An answer that belongs to another key is not an upgrade.
        let (response, _to_stream) = requests.clone().ready().await.unwrap().send_request(connect(), false).unwrap();
        let (mut tcp, _) = suite.accept().await.unwrap();
        read_head(&mut tcp).await;
        let switching = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
        tcp.write_all(switching.as_bytes()).await.unwrap();
        assert_eq!(response.await.unwrap().status(), StatusCode::BAD_GATEWAY);
    })
    .await;
}

#[tokio::test]
async fn the_status_of_a_rejection_is_carried_over() {
    with_timeout(async {
        let (_tcp, head, _streams) = send_upgrade(StatusCode::FORBIDDEN).await;
        assert!(head.starts_with("http/1.1 403 "), "{head}");
    })
    .await;
}

#[tokio::test]
async fn bytes_stay_and_fin_is_end_stream_in_both_directions() {
    with_timeout(async {
        let Bridged { request, mut from_stream, mut to_stream, mut tcp } = bridged().await;
        assert_eq!(request.uri().path(), "/echo");
        tcp.write_all(b"from TCP").await.unwrap();
        tcp.shutdown().await.unwrap();
        let mut received = Vec::new();
        while let Some(bytes) = from_stream.data().await {
            received.extend(bytes.unwrap());
        }
        assert_eq!(received, b"from TCP");
        // The other direction is still open.
        to_stream.send_data(Bytes::from_static(b"from the stream"), true).unwrap();
        let mut received = Vec::new();
        tcp.read_to_end(&mut received).await.unwrap();
        assert_eq!(received, b"from the stream");
    })
    .await;
}

#[tokio::test]
async fn a_reset_stream_is_a_reset_of_tcp() {
    with_timeout(async {
        for reason in [Reason::CANCEL, Reason::INTERNAL_ERROR] {
            let Bridged { mut to_stream, mut tcp, .. } = bridged().await;
            to_stream.send_reset(reason);
            let error = tcp.read_u8().await.expect_err("it is reset");
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{reason}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_reset_of_tcp_cancels_the_stream() {
    with_timeout(async {
        let Bridged { mut from_stream, tcp, to_stream: _to_stream, .. } = bridged().await;
        tcp.set_zero_linger().unwrap();
        drop(tcp);
        let error = from_stream.data().await.unwrap().expect_err("it is cancelled");
        assert_eq!(error.reason(), Some(Reason::CANCEL));
    })
    .await;
}

/// If an endpoint has ended its stream and then stops reading, the bridge closes the TCP connection
/// too, but nothing is lost.
#[tokio::test]
async fn a_stream_that_is_reset_after_its_end_closes_tcp_without_a_reset() {
    with_timeout(async {
        let Bridged { mut to_stream, from_stream, mut tcp, .. } = bridged().await;
        to_stream.send_data(Bytes::from_static(b"the last"), true).unwrap();
        let mut received = Vec::new();
        tcp.read_to_end(&mut received).await.unwrap();
        assert_eq!(received, b"the last");
        to_stream.send_reset(Reason::NO_ERROR);
        drop(from_stream);
        // The bridge's socket is closed, so writing must fail sooner or later.
        while tcp.write_all(b"too late").await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}
