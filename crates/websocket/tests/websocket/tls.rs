//! `wss://`: TLS with rustls and self-signed certificates that each test creates (section 4.1, step
//! 5, and section 10.6).

use std::{
    env,
    future::poll_fn,
    io,
    net::SocketAddr,
    pin::Pin,
    process::{Command, Stdio},
    sync::Arc,
    task::{Context, Poll},
};

use protocol::{CloseCode, Message, handshake::UpgradeOptions};
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use testkit::{
    frames::{
        client_frame,
        first_byte::{BINARY, CLOSE},
        server_frame,
    },
    http_head::{SAMPLE_REQUEST, response_for},
    raw_peer::{read_frame, read_head, read_to_eof},
    tasks::{in_thread_with_timeout, with_paused_timeout, with_timeout},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{
    TlsAcceptor, TlsConnector, client, rustls,
    rustls::{
        AlertDescription,
        pki_types::{PrivatePkcs8KeyDer, ServerName},
    },
    server,
};
use websocket::{
    ConnectError, Connector, Error, MaybeTlsStream, ServerConfig, WebSocket, accept, accept_with, connect,
};

/// Creates a self-signed certificate for `localhost`.
fn self_signed() -> CertifiedKey<KeyPair> {
    generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate")
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn acceptor(certified: &CertifiedKey<KeyPair>) -> TlsAcceptor {
    let key = PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der());
    let mut config = rustls::ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key.into())
        .expect("the key of the certificate");
    // A server sends tickets after the handshake, when the client may have stopped reading. With
    // buffers of only a few bytes, the server would then wait forever, so send no tickets.
    config.send_tls13_tickets = 0;
    TlsAcceptor::from(Arc::new(config))
}

/// Creates a client that trusts only this certificate.
fn connector(certified: &CertifiedKey<KeyPair>) -> TlsConnector {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certified.cert.der().clone()).expect("a certificate");
    let config = rustls::ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

fn localhost() -> ServerName<'static> {
    ServerName::try_from("localhost").expect("a name")
}

/// Performs a TLS handshake over two connected streams.
async fn tls_pair<C, S>(client: C, server: S) -> (client::TlsStream<C>, server::TlsStream<S>)
where
    C: AsyncRead + AsyncWrite + Unpin,
    S: AsyncRead + AsyncWrite + Unpin,
{
    let certified = self_signed();
    let (acceptor, connector) = (acceptor(&certified), connector(&certified));
    let (client, server) = tokio::join!(connector.connect(localhost(), client), acceptor.accept(server));
    (client.expect("the certificate is trusted"), server.expect("the client accepts the certificate"))
}

async fn tcp() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (client, server) = tokio::join!(TcpStream::connect(address), listener.accept());
    (client.expect("a connection"), server.expect("a connection").0)
}

/// Connects this crate's client to a peer that exchanges plain bytes over TLS.
async fn client_over_tls() -> (WebSocket<client::TlsStream<TcpStream>>, server::TlsStream<TcpStream>) {
    let (client, server) = tcp().await;
    let (client, mut server) = tls_pair(client, server).await;
    let answering = async {
        let request = read_head(&mut server).await;
        server.write_all(response_for(&request).as_bytes()).await.unwrap();
        server.flush().await.unwrap();
    };
    let connector = Connector::new("wss://localhost/").unwrap();
    let (client, ()) = tokio::join!(connector.handshake_over_tls(client), answering);
    (client.expect("the response is valid"), server)
}

/// Connects a peer that exchanges plain bytes over TLS to this crate's server.
async fn server_over_tls() -> (WebSocket<server::TlsStream<TcpStream>>, client::TlsStream<TcpStream>) {
    let (client, server) = tcp().await;
    let (mut client, server) = tls_pair(client, server).await;
    client.write_all(SAMPLE_REQUEST.as_bytes()).await.unwrap();
    let server = accept(server).await.expect("the request is valid");
    read_head(&mut client).await;
    (server, client)
}

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# For a secure URI, the client MUST do the TLS handshake before it sends the opening request.
//= docs/src/rfc6455.md#section-4-1
//= type=test
//# If the TLS handshake fails, for example because the certificate cannot be verified, the client
//# MUST fail the connection.
#[tokio::test]
async fn an_untrusted_certificate_is_rejected_before_anything_is_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("wss://localhost:{}/secret", listener.local_addr().unwrap().port());
    let certified = self_signed();
    let server = async {
        let (tcp, _) = listener.accept().await.unwrap();
        let mut recorded = RecordedTcp { tcp, read: Vec::new() };
        let handshake = acceptor(&certified).accept(&mut recorded).await;
        let error = handshake.expect_err("the client must not trust this certificate");
        (error, recorded.read)
    };
    let (client, (at_server, read)) = with_timeout(async { tokio::join!(connect(&uri), server) }).await;
    let Err(ConnectError::Tls(error)) = client else { panic!("{client:?}") };
    let cause = error.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>());
    assert!(matches!(cause, Some(rustls::Error::InvalidCertificate(_))), "{error:?}");
    let alert = at_server.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>());
    assert!(
        matches!(
            alert,
            Some(rustls::Error::AlertReceived(AlertDescription::UnknownCA | AlertDescription::BadCertificate))
        ),
        "no alert that names the certificate: {at_server:?}"
    );
    assert_eq!(read[..2], [0x16, 0x03], "the first record is not a TLS handshake");
    assert!(!read.windows(6).any(|six| six == b"secret"), "plaintext");
    assert!(!read.windows(3).any(|three| three == b"GET"), "plaintext");
}

#[tokio::test]
async fn a_server_without_tls_is_a_tls_error() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("wss://localhost:{}/", listener.local_addr().unwrap().port());
    let server = async {
        let (mut tcp, _) = listener.accept().await.unwrap();
        tcp.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        tcp
    };
    let (client, _tcp) = with_timeout(async { tokio::join!(connect(&uri), server) }).await;
    assert!(matches!(client, Err(ConnectError::Tls(_))), "{client:?}");
}

/// Accepts one connection and echoes its messages until it is closed.
async fn echo_once(listener: TcpListener, acceptor: TlsAcceptor) {
    let (tcp, _) = listener.accept().await.unwrap();
    let tls = acceptor.accept(tcp).await.expect("the client trusts the certificate");
    assert_eq!(tls.get_ref().1.server_name(), Some("localhost"), "no Server Name Indication");
    let mut server = accept(tls).await.expect("the request is valid");
    while let Some(message) = server.next().await {
        server.send(message.unwrap()).await.unwrap();
    }
    assert!(server.close_info().was_clean, "{:?}", server.close_info());
}

/// [`connect`] trusts the system's certificates, which an environment variable can replace. Safe
/// code cannot set a variable in its own process, so this test runs the test below in another
/// process.
//= docs/src/rfc6455.md#section-4-1
//= type=test
//# Once TLS is established, all data on the connection MUST go through it.
//= docs/src/rfc6455.md#section-4-1
//= type=test
//# In the TLS handshake, the client MUST send the host name in the Server Name Indication (SNI)
//# extension.
//= docs/src/rfc6455.md#section-10-6
//= type=test
//# An implementation MUST support TLS.
#[tokio::test]
async fn connect_trusts_the_certificates_of_the_system() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let certified = self_signed();
    let file = format!("{}/{port}.pem", env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(&file, certified.cert.pem()).unwrap();
    let mut child = Command::new(env::current_exe().unwrap());
    child
        .args(["--exact", "tls::connects_in_a_process_of_its_own", "--ignored", "--nocapture"])
        .env("SSL_CERT_FILE", &file)
        .env_remove("SSL_CERT_DIR")
        .env("WEBSONKETS_TEST_URI", format!("wss://localhost:{port}/"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    // The process ends by itself, because everything that it does has a time limit.
    let running = tokio::task::spawn_blocking(move || child.output().unwrap());
    let serving = tokio::spawn(echo_once(listener, acceptor(&certified)));
    let output = with_timeout(running).await.unwrap();
    std::fs::remove_file(&file).unwrap();
    let printed = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&printed));
    with_timeout(serving).await.unwrap();
}

#[tokio::test]
#[ignore = "connect_trusts_the_certificates_of_the_system runs it with the URI of its server"]
async fn connects_in_a_process_of_its_own() {
    let Ok(uri) = env::var("WEBSONKETS_TEST_URI") else {
        return; // All ignored tests are being run.
    };
    with_timeout(async {
        let mut client = connect(&uri).await.expect("the certificate is trusted");
        assert!(matches!(client.get_ref(), MaybeTlsStream::Tls(_)));
        assert!(matches!(client.get_ref().peer_addr().unwrap(), SocketAddr::V4(_)));
        client.send("over TLS").await.unwrap();
        assert_eq!(client.next().await.unwrap().unwrap(), Message::text("over TLS"));
        assert!(client.close(CloseCode::NORMAL, "").await.unwrap().was_clean);
    })
    .await;
}

/// The system's certificates are replaced, as in the test above. With either of these features, a
/// client has other certificates too, or looks for them in other places.
#[cfg(not(any(feature = "tls-webpki-roots", feature = "tls-platform-verifier")))]
#[tokio::test]
async fn a_system_without_root_certificates_is_an_error_of_its_own() {
    let path = |name: &str| format!("{}/{}-{name}", env!("CARGO_TARGET_TMPDIR"), std::process::id());
    let (missing, empty, broken, empty_directory) =
        (path("missing.pem"), path("empty.pem"), path("broken.pem"), path("certificates"));
    std::fs::write(&empty, "").unwrap();
    std::fs::write(&broken, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    std::fs::create_dir(&empty_directory).unwrap();
    for (variable, value, problem) in [
        ("SSL_CERT_FILE", &missing, &missing[..]),
        ("SSL_CERT_FILE", &empty, ""),
        ("SSL_CERT_FILE", &broken, "(1 of 1 certificates cannot be parsed)"),
        ("SSL_CERT_DIR", &empty_directory, ""),
    ] {
        let mut child = Command::new(env::current_exe().unwrap());
        child
            .args(["--exact", "tls::finds_no_root_certificates_in_a_process_of_its_own", "--ignored", "--nocapture"])
            .env_remove("SSL_CERT_FILE")
            .env_remove("SSL_CERT_DIR")
            .env(variable, value)
            .env("WEBSONKETS_TEST_PROBLEM", problem);
        // The process ends by itself, because everything that it does has a time limit.
        let output = with_timeout(tokio::task::spawn_blocking(move || child.output().unwrap())).await.unwrap();
        let printed = [output.stdout, output.stderr].concat();
        assert!(output.status.success(), "{variable}={value}: {}", String::from_utf8_lossy(&printed));
    }
    std::fs::remove_file(&empty).unwrap();
    std::fs::remove_file(&broken).unwrap();
    std::fs::remove_dir(&empty_directory).unwrap();
}

#[cfg(not(any(feature = "tls-webpki-roots", feature = "tls-platform-verifier")))]
#[tokio::test]
#[ignore = "a_system_without_root_certificates_is_an_error_of_its_own runs it without certificates"]
async fn finds_no_root_certificates_in_a_process_of_its_own() {
    let Ok(problem) = env::var("WEBSONKETS_TEST_PROBLEM") else {
        return; // All ignored tests are being run.
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("wss://localhost:{}/", listener.local_addr().unwrap().port());
    let server = async {
        let (mut tcp, _) = listener.accept().await.unwrap();
        read_to_eof(&mut tcp).await
    };
    let (client, received) = with_timeout(async { tokio::join!(connect(&uri), server) }).await;
    let error = client.expect_err("no certificate can be verified");
    assert!(matches!(error, ConnectError::NoRootCertificates { .. }), "{error:?}");
    let sentence = error.to_string();
    assert!(sentence.contains("SSL_CERT_FILE") && sentence.contains(&problem), "{sentence}");
    // Without certificates, there are none that cannot be parsed.
    assert_eq!(sentence.contains("cannot be parsed"), problem.contains("cannot be parsed"), "{sentence}");
    assert_eq!(received, b"", "something was sent");
}

//= docs/src/rfc6455.md#section-4-2-2
//= type=test
//# After the TLS handshake, all further data on the connection MUST go through TLS, including the
//# server's response.
#[tokio::test]
async fn a_tls_stream_of_the_callers_own_works() {
    with_timeout(async {
        let (client, server) = tcp().await;
        let (client, server) = tls_pair(client, server).await;
        let connector = Connector::new("wss://localhost/chat").unwrap().subprotocol("chat").unwrap();
        let options = ServerConfig::default();
        let accepting = accept_with(server, &options, |upgrade| {
            assert_eq!(upgrade.request().host(), Some("localhost"), "the default port is left out");
            Ok(UpgradeOptions::default().subprotocol("chat"))
        });
        let (client, server) = tokio::join!(connector.handshake_over_tls(client), accepting);
        let (mut client, mut server) = (client.unwrap(), server.unwrap());
        assert_eq!(client.subprotocol(), Some("chat"));
        for len in [0, 1, 125, 126, 65_535, 65_536, 300_000] {
            let message = Message::binary(vec![7; len]);
            let (sent, received) = tokio::join!(client.send(message.clone()), server.next());
            sent.unwrap();
            let received = received.unwrap().unwrap();
            let (sent, echoed) = tokio::join!(server.send(received), client.next());
            sent.unwrap();
            assert!(echoed.unwrap().unwrap() == message, "{len} bytes");
        }
        let (close_info, result) = tokio::join!(client.close(CloseCode::NORMAL, ""), server.next());
        assert!(result.is_none(), "{result:?}");
        assert!(close_info.unwrap().was_clean && server.close_info().was_clean);
    })
    .await;
}

//= docs/src/rfc6455.md#section-7-1-1
//= type=test
//# An endpoint SHOULD close the TCP connection cleanly, after closing any TLS session, and discard
//# bytes that still arrive.
/// If there is no `close_notify`, an attacker could have cut off the stream, so rustls reports an
/// error.
#[tokio::test]
async fn a_server_ends_tls_before_tcp() {
    with_timeout(async {
        let (mut server, mut client) = server_over_tls().await;
        client.write_all(&client_frame(CLOSE, b"\x03\xE8")).await.unwrap();
        let peer = async {
            // A missing close_notify would be an error here.
            assert_eq!(read_to_eof(&mut client).await, server_frame(CLOSE, b"\x03\xE8"));
            client.shutdown().await.unwrap();
            drop(client);
        };
        let (result, ()) = tokio::join!(server.next(), peer);
        assert!(result.is_none(), "{result:?}");
        assert!(server.close_info().was_clean && !server.close_info().timed_out);
    })
    .await;
}

//= docs/src/rfc6455.md#section-7-1-1
//= type=test
//# An endpoint SHOULD close the TCP connection cleanly, after closing any TLS session, and discard
//# bytes that still arrive.
#[tokio::test]
async fn a_client_ends_tls_before_tcp() {
    with_timeout(async {
        let (mut client, mut server) = client_over_tls().await;
        let peer = async {
            assert_eq!(read_frame(&mut server).await, (CLOSE, b"\x03\xE8".to_vec()));
            server.write_all(&server_frame(CLOSE, b"\x03\xE8")).await.unwrap();
            server.shutdown().await.unwrap();
            // A missing close_notify would be an error here.
            assert_eq!(read_to_eof(&mut server).await, b"");
        };
        let (close_info, ()) = tokio::join!(client.close(CloseCode::NORMAL, ""), peer);
        assert!(close_info.unwrap().was_clean);
    })
    .await;
}

/// Ends the TCP connection without first ending the TLS session, as a killed process does.
fn kill<S>(tls: S, tcp: impl FnOnce(S) -> TcpStream) {
    drop(tcp(tls));
}

#[tokio::test]
async fn a_server_that_ends_tcp_before_tls_has_ended_without_a_close() {
    with_timeout(async {
        let (mut client, mut server) = client_over_tls().await;
        server.write_all(&server_frame(BINARY, b"last words")).await.unwrap();
        server.flush().await.unwrap();
        kill(server, |tls| tls.into_inner().0);
        assert_eq!(client.next().await.unwrap().unwrap(), Message::binary(b"last words".to_vec()));
        let error = client.next().await.unwrap().unwrap_err();
        assert!(matches!(error, Error::EndedWithoutClose), "{error:?}");
        assert!(client.next().await.is_none());
        assert_eq!(client.close_info().code, CloseCode::ABNORMAL_CLOSURE);
    })
    .await;
}

#[tokio::test]
async fn a_client_that_ends_tcp_before_tls_has_ended_without_a_close() {
    with_timeout(async {
        let (mut server, client) = server_over_tls().await;
        kill(client, |tls| tls.into_inner().0);
        let error = server.serve(|_, _| Ok(())).await.unwrap_err();
        assert!(matches!(error, Error::EndedWithoutClose), "{error:?}");
        assert_eq!(server.close_info().code, CloseCode::ABNORMAL_CLOSURE);
    })
    .await;
}

/// The peer's Close has arrived, so nothing can have been cut off, although `close_notify` is
/// missing.
#[tokio::test]
async fn a_close_is_answered_even_if_tls_was_not_ended() {
    with_timeout(async {
        let (mut client, mut server) = client_over_tls().await;
        server.write_all(&server_frame(CLOSE, b"\x03\xE8")).await.unwrap();
        server.flush().await.unwrap();
        // In this direction, the TCP connection is ended but the TLS session is not. The other
        // direction stays open.
        let shutdown = poll_fn(|cx| Pin::new(&mut *server.get_mut().0).poll_shutdown(cx));
        shutdown.await.unwrap();
        let result = client.next().await;
        assert!(result.is_none(), "{result:?}");
        assert!(client.close_info().was_clean, "{:?}", client.close_info());
        assert_eq!(read_frame(&mut server).await, (CLOSE, b"\x03\xE8".to_vec()));
    })
    .await;
}

#[tokio::test]
async fn tcp_that_ends_before_tls_during_the_opening_handshake_is_the_same_error_as_without_tls() {
    with_timeout(async {
        let (client, server) = tcp().await;
        let (client, mut server) = tls_pair(client, server).await;
        let killing = async {
            read_head(&mut server).await;
            kill(server, |tls| tls.into_inner().0);
        };
        let connector = Connector::new("wss://localhost/").unwrap();
        let (client, ()) = tokio::join!(connector.handshake_over_tls(client), killing);
        let error = client.expect_err("the server did not answer").to_string();
        assert_eq!(error, "the server ended the connection before it answered the handshake");

        let (client, server) = tcp().await;
        let (client, server) = tls_pair(client, server).await;
        kill(client, |tls| tls.into_inner().0);
        let error = accept(server).await.expect_err("the client sent no request").to_string();
        assert_eq!(error, "the client left before its request was complete");
    })
    .await;
}

#[tokio::test]
async fn a_server_that_ends_tcp_during_the_tls_handshake_is_named_as_the_end() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("wss://localhost:{}/", listener.local_addr().unwrap().port());
    let server = async {
        let (mut tcp, _) = listener.accept().await.unwrap();
        // Read the whole ClientHello, because otherwise the kernel would reset the connection.
        let mut record_header = [0; 5];
        tcp.read_exact(&mut record_header).await.unwrap();
        let length = u16::from_be_bytes([record_header[3], record_header[4]]);
        tcp.read_exact(&mut vec![0; length.into()]).await.unwrap();
    };
    let (client, ()) = with_timeout(async { tokio::join!(connect(&uri), server) }).await;
    let error = client.expect_err("the server has ended the connection");
    assert!(matches!(&error, ConnectError::Tls(error) if error.kind() == io::ErrorKind::UnexpectedEof), "{error:?}");
    assert_eq!(error.to_string(), "the server ended the connection during the TLS handshake");
}

/// While the socket is full, rustls keeps encrypted bytes in an internal buffer. Only a completed
/// flush transmits them.
#[tokio::test(start_paused = true)]
async fn a_message_over_tls_on_a_slow_connection_arrives_complete() {
    with_paused_timeout(async {
        let (client, server) = tokio::io::duplex(100);
        let (mut client, server) = tls_pair(client, server).await;
        let asking = async {
            client.write_all(SAMPLE_REQUEST.as_bytes()).await.unwrap();
            client.flush().await.unwrap();
            read_head(&mut client).await
        };
        let (server, _) = tokio::join!(accept(server), asking);
        let mut server = server.unwrap();
        for number in 0..10_u8 {
            let message = vec![number; 5_000];
            // The client reads one frame and then waits, so bytes that are still in the buffer
            // would never be sent.
            let (sent, frame) = tokio::join!(server.send(message.clone()), read_frame(&mut client));
            sent.unwrap();
            assert!(frame == (BINARY, message), "message {number}");
        }
    })
    .await;
}

/// The client sends a Close and disconnects, so the server can no longer write its `close_notify`.
#[test]
fn a_client_that_disconnects_right_after_its_close_ends_the_connection() {
    in_thread_with_timeout(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (mut server, mut client) = server_over_tls().await;
            client.write_all(&client_frame(CLOSE, b"\x03\xE8")).await.unwrap();
            client.flush().await.unwrap();
            drop(client);
            let _ = with_timeout(server.next()).await;
            assert!(server.next().await.is_none());
        });
    });
}

/// A TCP stream that records the bytes read from it.
#[derive(Debug)]
struct RecordedTcp {
    tcp: TcpStream,
    read: Vec<u8>,
}

impl AsyncRead for RecordedTcp {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = Pin::new(&mut self.tcp).poll_read(cx, buf);
        self.read.extend(&buf.filled()[before..]);
        result
    }
}

impl AsyncWrite for RecordedTcp {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}
