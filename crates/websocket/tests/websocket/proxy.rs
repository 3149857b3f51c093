//! Connections through HTTP and SOCKS5 proxies (section 4.1).

use std::{env, io, net::SocketAddr, process::Command, time::Duration};

use http::StatusCode;
use protocol::{Config, HandshakeViolation, Limits, handshake::HandshakeError};
use testkit::{
    frames::first_byte::TEXT,
    http_head::response_for,
    proxy_server::ProxyServer,
    raw_peer::{accept_raw, listen, read_frame, read_head},
    tasks::with_timeout,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket},
};
use websocket::{ConnectError, Connector, Proxy, ProxyError};

/// A name that only the proxy can resolve.
const FEED: &str = "ws://feed.invalid:8080/a?b";

fn address(listener: &TcpListener) -> SocketAddr {
    listener.local_addr().unwrap()
}

/// Returns a connector for `uri` through the proxy at `url`.
fn through(url: &str, uri: &str) -> Connector {
    Connector::new(uri).unwrap().proxy(url.parse().unwrap())
}

/// Connects to [`FEED`], and sends a message that the server must receive.
async fn talk_through(url: &str, server: &TcpListener) {
    let (client, mut peer) = tokio::join!(through(url, FEED).connect(), accept_raw(server));
    client.unwrap().send("through").await.unwrap();
    assert_eq!(read_frame(&mut peer).await, (TEXT, b"through".to_vec()));
}

/// Tries to connect to [`FEED`]. The attempt must fail because of the proxy, and its error is
/// returned.
async fn fail_through(url: &str) -> ProxyError {
    match through(url, FEED).connect().await {
        Err(ConnectError::Proxy { error, .. }) => error,
        other => panic!("{other:?}"),
    }
}

/// Returns a socket that reserves a port without listening, and its address.
fn closed_port() -> (TcpSocket, SocketAddr) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# A client that is configured to use a proxy SHOULD connect to the proxy and request a tunnel to the
//# host and port.
#[tokio::test]
async fn an_http_proxy_opens_a_tunnel_to_the_host_and_the_port() {
    with_timeout(async {
        let (server, _) = listen().await;
        let proxy = ProxyServer::http(address(&server)).await;
        talk_through(&format!("http://{}", proxy.address()), &server).await;
        let connect = "CONNECT feed.invalid:8080 HTTP/1.1\r\nHost: feed.invalid:8080\r\n\r\n";
        assert_eq!(proxy.requests(), [connect]);
    })
    .await;
}

/// The environment belongs to the whole process, so the client runs in another process.
#[tokio::test]
async fn the_environment_can_name_the_proxy() {
    let (server, _) = listen().await;
    let proxy = ProxyServer::http(address(&server)).await;
    let mut child = Command::new(env::current_exe().unwrap());
    child
        .args(["--exact", "proxy::connects_in_a_process_of_its_own", "--ignored", "--nocapture"])
        .env("http_proxy", format!("http://{}", proxy.address()))
        .env_remove("no_proxy")
        .env_remove("NO_PROXY")
        .env("WEBSONKETS_TEST_URI", FEED);
    // The process ends by itself, because everything that it does has a time limit.
    let running = tokio::task::spawn_blocking(move || child.output().unwrap());
    let serving = tokio::spawn(async move { accept_raw(&server).await });
    let output = with_timeout(running).await.unwrap();
    let printed = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&printed));
    assert!(proxy.requests()[0].starts_with("CONNECT feed.invalid:8080 HTTP/1.1\r\n"));
    with_timeout(serving).await.unwrap();
}

#[tokio::test]
#[ignore = "the_environment_can_name_the_proxy runs it with the variables"]
async fn connects_in_a_process_of_its_own() {
    let Ok(uri) = env::var("WEBSONKETS_TEST_URI") else {
        return; // All ignored tests are being run.
    };
    with_timeout(Connector::new(&uri).unwrap().proxy_from_env().connect()).await.unwrap();
}

#[tokio::test]
async fn only_the_proxy_gets_its_credentials() {
    with_timeout(async {
        let (server, _) = listen().await;
        let proxy = ProxyServer::http(address(&server)).await;
        let url = format!("http://Aladdin:open%20sesame@{}", proxy.address());
        let answering = async {
            let (mut stream, _) = server.accept().await.unwrap();
            let request = read_head(&mut stream).await;
            stream.write_all(response_for(&request).as_bytes()).await.unwrap();
            (stream, request)
        };
        let (client, (_peer, request)) = tokio::join!(through(&url, FEED).connect(), answering);
        client.unwrap();
        assert!(proxy.requests()[0].contains("\r\nProxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"));
        assert!(request.starts_with("GET /a?b HTTP/1.1\r\nHost: feed.invalid:8080\r\n"), "{request}");
        assert!(!request.to_ascii_lowercase().contains("authorization"), "{request}");
    })
    .await;
}

/// The bytes after the proxy's answer come from the server, even if they are in the same packet.
#[tokio::test]
async fn the_bytes_after_the_answer_of_the_proxy_belong_to_the_server() {
    with_timeout(async {
        let (server, _) = listen().await;
        let answer =
            "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\nHTTP/1.1 103 Early Hints\r\n";
        let proxy = ProxyServer::http_with(answer, address(&server)).await;
        let answering = async {
            let (mut stream, _) = server.accept().await.unwrap();
            let request = read_head(&mut stream).await;
            let response = format!("Link: </a>\r\n\r\n{}", response_for(&request));
            stream.write_all(response.as_bytes()).await.unwrap();
            stream
        };
        let url = format!("http://{}", proxy.address());
        let (client, mut peer) = tokio::join!(through(&url, FEED).connect(), answering);
        client.unwrap().send("hi").await.unwrap();
        assert_eq!(read_frame(&mut peer).await, (TEXT, b"hi".to_vec()));
    })
    .await;
}

#[cfg(feature = "tls")]
#[tokio::test]
async fn the_tls_handshake_is_made_with_the_server() {
    with_timeout(async {
        let (server, _) = listen().await;
        let proxy = ProxyServer::http(address(&server)).await;
        let connector = through(&format!("http://{}", proxy.address()), "wss://feed.invalid/");
        let receiving = async {
            let (mut stream, _) = server.accept().await.unwrap();
            stream.read_u8().await.unwrap()
        };
        let (client, first) = tokio::join!(connector.connect(), receiving);
        assert_eq!(first, 0x16, "a TLS record of the handshake");
        assert!(matches!(client, Err(ConnectError::Tls(_))), "{client:?}");
        assert!(proxy.requests()[0].starts_with("CONNECT feed.invalid:443 HTTP/1.1\r\n"));
    })
    .await;
}

#[tokio::test]
async fn a_socks_proxy_gets_the_name_or_the_address() {
    with_timeout(async {
        let (server, _) = listen().await;
        let proxy = ProxyServer::socks(address(&server), None).await;
        talk_through(&format!("socks5h://{}", proxy.address()), &server).await;
        let url = format!("socks5://{}", proxy.address());
        for uri in ["ws://127.1.2.3:8080/", "ws://[2001:db8::1]:8080/"] {
            let (client, _peer) = tokio::join!(through(&url, uri).connect(), accept_raw(&server));
            client.unwrap();
        }
        assert_eq!(proxy.requests(), ["feed.invalid:8080", "127.1.2.3:8080", "[2001:db8::1]:8080"]);
        // Without the `h`, the client resolves the name itself.
        assert!(matches!(fail_through(&url).await, ProxyError::ResolveTarget(_)));
    })
    .await;
}

#[tokio::test]
async fn a_socks_proxy_may_require_credentials() {
    with_timeout(async {
        let (server, _) = listen().await;
        let proxy = ProxyServer::socks(address(&server), Some(("user", "pa:ss"))).await;
        talk_through(&format!("socks5h://user:pa%3Ass@{}", proxy.address()), &server).await;
        let missing = fail_through(&format!("socks5h://{}", proxy.address())).await;
        assert!(matches!(missing, ProxyError::Unauthorized { with_credentials: false }), "{missing:?}");
        let wrong = fail_through(&format!("socks5h://user:wrong@{}", proxy.address())).await;
        assert!(matches!(wrong, ProxyError::Unauthorized { with_credentials: true }), "{wrong:?}");
    })
    .await;
}

#[tokio::test]
async fn a_refusal_of_a_socks_proxy_has_its_reason() {
    with_timeout(async {
        for (code, reason) in [
            (1, "it reports a general failure"),
            (2, "its rules do not allow the connection"),
            (3, "the network is unreachable"),
            (4, "the host is unreachable"),
            (5, "the server refused the connection"),
            (6, "the time to live has expired"),
            (7, "it does not support connections to servers"),
            (8, "it does not support this type of address"),
        ] {
            let proxy = ProxyServer::socks_refusing(code).await;
            let error = fail_through(&format!("socks5h://{}", proxy.address())).await;
            assert_eq!(error.to_string(), format!("it did not connect to the server: {reason}"));
        }
        let proxy = ProxyServer::socks_refusing(99).await;
        assert!(matches!(fail_through(&format!("socks5h://{}", proxy.address())).await, ProxyError::NotSocks));
    })
    .await;
}

#[tokio::test]
async fn a_socks_proxy_that_ends_the_connection_has_given_no_answer() {
    with_timeout(async {
        let (server, _) = listen().await;
        let hanging_up = async {
            let (mut stream, _) = server.accept().await.unwrap();
            // The client sends its version, and a list with one method.
            stream.read_exact(&mut [0; 3]).await.unwrap();
        };
        let url = format!("socks5h://{}", address(&server));
        let (error, ()) = tokio::join!(fail_through(&url), hanging_up);
        assert_eq!(error.to_string(), "it ended the connection without an answer");
    })
    .await;
}

/// SOCKS5 sends the length of a name in one byte.
#[tokio::test]
async fn a_name_that_is_too_long_for_socks_is_not_blamed_on_the_proxy() {
    with_timeout(async {
        let (server, _) = listen().await;
        let proxy = ProxyServer::socks(address(&server), None).await;
        let uri = format!("ws://{}/", "x".repeat(256));
        let result = through(&format!("socks5h://{}", proxy.address()), &uri).connect().await;
        let Err(ConnectError::Proxy { error, .. }) = result else { panic!("{result:?}") };
        let reason = "SOCKS5 cannot transmit a host name of this length";
        assert_eq!(error.to_string(), format!("it did not connect to the server: {reason}"));
    })
    .await;
}

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# If the transport connection cannot be opened, or a proxy returns an error, the client MUST fail
//# the connection and abort the attempt.
#[tokio::test]
async fn the_status_of_an_http_proxy_is_its_reason() {
    with_timeout(async {
        for (answer, expected) in [
            ("HTTP/1.1 403 Forbidden\r\n\r\n", "it answered 403 Forbidden and did not connect to the server"),
            ("HTTP/1.1 502 Bad Gateway\r\n\r\n", "it answered 502 Bad Gateway and did not connect to the server"),
            ("HTTP/1.1 407 \r\n\r\n", "it requires a user name and a password (407)"),
            ("", "it ended the connection without an answer"),
            ("HTTP/1.1 200 OK\r\n", "it ended the connection without an answer"),
        ] {
            let proxy = ProxyServer::http_without_tunnel(answer).await;
            let error = fail_through(&format!("http://{}", proxy.address())).await;
            assert_eq!(error.to_string(), expected, "{answer:?}");
        }
        let proxy = ProxyServer::http_without_tunnel("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").await;
        let error = fail_through(&format!("http://user:secret@{}", proxy.address())).await;
        assert_eq!(error.to_string(), "it did not accept the user name and the password (407)");
    })
    .await;
}

#[tokio::test]
async fn an_answer_that_is_not_http_fails_at_once() {
    with_timeout(async {
        // The proxy keeps the connection open, so only the first bytes show that it is not a proxy.
        let (server, _) = listen().await;
        let proxy = ProxyServer::http_with("\x16\x03\x01", address(&server)).await;
        let error = fail_through(&format!("http://{}", proxy.address())).await;
        assert!(matches!(error, ProxyError::Answer(HandshakeViolation::MalformedHead(_))), "{error:?}");
        // An HTTP answer cannot come from a SOCKS5 proxy.
        let (server, _) = listen().await;
        let answering = async {
            let (mut stream, _) = server.accept().await.unwrap();
            stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
            stream
        };
        let url = format!("socks5h://{}", address(&server));
        let (error, _stream) = tokio::join!(fail_through(&url), answering);
        assert!(matches!(error, ProxyError::NotSocks), "{error:?}");
    })
    .await;
}

#[tokio::test]
async fn the_head_of_the_answer_is_limited() {
    with_timeout(async {
        let (server, _) = listen().await;
        let proxy = ProxyServer::http_with("HTTP/1.1 200 OK\r\nA: 0123456789\r\nB: c\r\n\r\n", address(&server)).await;
        let url = format!("http://{}", proxy.address());
        let too_long = Limits::default().max_head_bytes(39);
        let error = through(&url, FEED).config(Config::default().limits(too_long)).connect().await.unwrap_err();
        let ConnectError::Proxy { error, .. } = error else { panic!("{error:?}") };
        assert!(matches!(error, ProxyError::Answer(HandshakeViolation::HeadTooLong { limit: 39 })), "{error:?}");
        let too_many = Limits::default().max_headers(1);
        let error = through(&url, FEED).config(Config::default().limits(too_many)).connect().await.unwrap_err();
        let ConnectError::Proxy { error, .. } = error else { panic!("{error:?}") };
        assert!(matches!(error, ProxyError::Answer(HandshakeViolation::TooManyHeaders { limit: 1 })), "{error:?}");
    })
    .await;
}

#[tokio::test]
async fn a_proxy_that_cannot_be_reached_is_not_blamed_on_the_server() {
    with_timeout(async {
        let (_socket, closed) = closed_port();
        for scheme in ["http", "socks5", "socks5h"] {
            let connector = through(&format!("{scheme}://user:secret@{closed}"), "ws://192.0.2.1/");
            let Err(ConnectError::Proxy { proxy, error }) = connector.connect().await else { panic!("{scheme}") };
            assert_eq!(proxy, format!("{scheme}://{closed}"));
            let ProxyError::Tcp(error) = error else { panic!("{error:?}") };
            assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        }
        assert!(matches!(fail_through("http://proxy.invalid:1").await, ProxyError::Resolve(_)));
    })
    .await;
}

#[tokio::test]
async fn a_silent_proxy_is_not_blamed_on_the_server() {
    with_timeout(async {
        let (silent, _) = listen().await;
        let connector = through(&format!("http://{}", address(&silent)), FEED);
        let error = connector.handshake_timeout(Duration::from_millis(20)).connect().await.unwrap_err();
        let ConnectError::Proxy { error: ProxyError::TimedOut, .. } = &error else { panic!("{error:?}") };
        assert!(error.to_string().ends_with("failed: it did not connect to the server in time"), "{error}");
    })
    .await;
}

#[tokio::test]
async fn the_answer_of_the_server_is_not_blamed_on_the_proxy() {
    with_timeout(async {
        let (server, _) = listen().await;
        let proxy = ProxyServer::http(address(&server)).await;
        let rejecting = async {
            let (mut stream, _) = server.accept().await.unwrap();
            read_head(&mut stream).await;
            stream.write_all(b"HTTP/1.1 407 \r\nContent-Length: 0\r\n\r\n").await.unwrap();
        };
        let url = format!("http://{}", proxy.address());
        let (client, ()) = tokio::join!(through(&url, FEED).connect(), rejecting);
        let Err(ConnectError::Answer(HandshakeError::Rejected(response))) = client else { panic!("{client:?}") };
        assert_eq!(response.status(), StatusCode::PROXY_AUTHENTICATION_REQUIRED);
    })
    .await;
}

#[tokio::test]
async fn neither_the_connector_nor_an_error_shows_credentials() {
    with_timeout(async {
        let proxy = ProxyServer::http_without_tunnel("HTTP/1.1 407 \r\n\r\n").await;
        let connector = through(&format!("http://somebody:secret@{}", proxy.address()), FEED);
        let shown = format!("{connector:?}");
        assert!(!shown.contains("somebody") && !shown.contains("secret"), "{shown}");
        let error = connector.connect().await.unwrap_err();
        for shown in [format!("{error:?}"), error.to_string()] {
            assert!(!shown.contains("somebody") && !shown.contains("secret"), "{shown}");
        }
        let error = "http://somebody:sec%ret@h".parse::<Proxy>().unwrap_err();
        assert!(!format!("{error:?} {error}").contains("ret@"), "{error}");
    })
    .await;
}

/// The proxy resolves the names, so the client cannot know that two names have the same address.
//= docs/src/rfc6455.md#section-4-1
//= type=test
//# A client that cannot determine the IP address, for example because a proxy resolves host names,
//# MUST treat each host name as a different host.
#[tokio::test]
async fn two_names_behind_a_proxy_are_two_hosts() {
    with_timeout(async {
        let (server, _) = listen().await;
        let proxy = ProxyServer::http(address(&server)).await;
        let url = format!("http://{}", proxy.address());
        let connect = |uri: &str| through(&url, uri).one_connecting_per_address(true).connect();
        // The server answers the first request only after the second one has arrived.
        let answering = async {
            let (mut first, _) = server.accept().await.unwrap();
            let request = read_head(&mut first).await;
            let second = accept_raw(&server).await;
            first.write_all(response_for(&request).as_bytes()).await.unwrap();
            (first, second)
        };
        let (first, second, _peers) =
            tokio::join!(connect("ws://one.invalid/"), connect("ws://two.invalid/"), answering);
        assert!(first.is_ok() && second.is_ok());
    })
    .await;
}
