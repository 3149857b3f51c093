//! `wss://`: how a connection over TLS ends, which certificates the client trusts, and the client's
//! own certificate.

#[cfg(feature = "http2")]
use std::io;
use std::{ffi::OsString, fs, net::SocketAddr, path::PathBuf, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, CertifiedKey, IsCa, Issuer, KeyPair, date_time_ymd};
use testkit::proxy_server::ProxyServer;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    join,
    net::TcpStream,
};
use tokio_rustls::{
    TlsAcceptor, rustls,
    rustls::{RootCertStore, pki_types::PrivatePkcs8KeyDer, server::WebPkiClientVerifier},
    server::TlsStream,
};
use websocket::{CloseCode, accept};

use crate::support::{CLOSED_BY_US, ClientProcess, ScriptedServer, bounded, command};

/// A server with TLS, and a file with its certificate.
pub(crate) struct TlsServer {
    pub(crate) tcp: ScriptedServer,
    acceptor: TlsAcceptor,
    certificate: PathBuf,
}

/// Creates a self-signed certificate for `localhost` that expires at the beginning of the year
/// `until`.
fn self_signed(until: i32) -> CertifiedKey<KeyPair> {
    let mut params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
    params.not_after = date_time_ymd(until, 1, 1);
    let signing_key = KeyPair::generate().expect("a key");
    CertifiedKey { cert: params.self_signed(&signing_key).expect("a certificate"), signing_key }
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

impl TlsServer {
    async fn start() -> Self {
        Self::start_with(&self_signed(4000), None, &[]).await
    }

    /// Starts a server that chooses one of these protocols inside TLS (ALPN).
    #[cfg(feature = "http2")]
    pub(crate) async fn with_protocols(protocols: &[&str]) -> Self {
        Self::start_with(&self_signed(4000), None, protocols).await
    }

    /// Starts a server that asks for a certificate signed by `clients`, if there is one.
    async fn start_with(
        certified: &CertifiedKey<KeyPair>,
        clients: Option<&rcgen::Certificate>,
        protocols: &[&str],
    ) -> Self {
        let config = rustls::ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .expect("versions");
        let config = match clients {
            None => config.with_no_client_auth(),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                roots.add(authority.der().clone()).expect("a certificate");
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider());
                config.with_client_cert_verifier(verifier.build().expect("a verifier"))
            }
        };
        let key = PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der());
        let mut config = config
            .with_single_cert(vec![certified.cert.der().clone()], key.into())
            .expect("the key of the certificate");
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        let tcp = ScriptedServer::start().await;
        let certificate = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{}.pem", tcp.port()));
        fs::write(&certificate, certified.cert.pem()).expect("a file");
        Self { tcp, acceptor: TlsAcceptor::from(Arc::new(config)), certificate }
    }

    fn url(&self) -> String {
        format!("wss://localhost:{}/", self.tcp.port())
    }

    /// Writes a file next to the file with the certificate.
    fn file(&self, name: &str, content: &str) -> PathBuf {
        let file = self.certificate.with_extension(name);
        fs::write(&file, content).expect("a file");
        file
    }

    /// Returns the arguments of a client that trusts this server.
    pub(crate) fn trusting(&self) -> Vec<OsString> {
        vec![self.url().into(), "--tls-ca".into(), self.certificate.clone().into()]
    }

    /// Starts a client that trusts only this server.
    fn client(&self) -> ClientProcess {
        self.client_with(&[&self.url()])
    }

    /// Starts a client with these arguments that trusts only this server.
    fn client_with(&self, arguments: &[&str]) -> ClientProcess {
        let mut command = command(arguments);
        command.env("SSL_CERT_FILE", &self.certificate).env_remove("SSL_CERT_DIR");
        ClientProcess::spawn(command)
    }

    /// Accepts a TLS connection, unless the handshake fails.
    #[cfg(feature = "http2")]
    pub(crate) async fn accept_tls(&self) -> io::Result<TlsStream<TcpStream>> {
        bounded(self.acceptor.accept(self.tcp.accept_tcp().await)).await
    }

    /// Accepts a WebSocket connection and returns its TLS connection.
    async fn accept_raw(&self) -> TlsStream<TcpStream> {
        let mut tls = bounded(self.acceptor.accept(self.tcp.accept_tcp().await)).await.expect("a TLS handshake");
        bounded(accept(&mut tls)).await.expect("a WebSocket request");
        tls
    }

    /// Accepts one client over TLS, and forwards the decrypted bytes to another address.
    async fn forward(&self, to: SocketAddr) {
        let mut tls = bounded(self.acceptor.accept(self.tcp.accept_tcp().await)).await.expect("a TLS handshake");
        let mut inside = bounded(TcpStream::connect(to)).await.expect("the address accepts");
        // Ignore how the connection ends, because the test of the conversation checks that.
        let _ = bounded(copy_bidirectional(&mut tls, &mut inside)).await;
    }

    /// Returns the URL with which a client uses this server as a proxy over TLS.
    fn proxy_url(&self) -> String {
        format!("https://localhost:{}", self.tcp.port())
    }
}

impl TlsServer {
    /// Performs a TLS handshake, echoes one message, and waits until the client closes the
    /// connection.
    async fn echo_once(&self) {
        let tls = bounded(self.acceptor.accept(self.tcp.accept_tcp().await)).await.expect("a TLS handshake");
        let mut connection = bounded(accept(tls)).await.expect("a WebSocket request");
        let message = bounded(connection.next()).await.expect("a message").expect("no error");
        connection.send(message).await.expect("the client is connected");
        assert!(bounded(connection.next()).await.is_none());
    }

    /// Performs a TLS handshake and checks that it fails, at the latest when the server reads.
    async fn handshake_fails(&self) {
        if let Ok(mut tls) = bounded(self.acceptor.accept(self.tcp.accept_tcp().await)).await {
            bounded(tls.read_u8()).await.expect_err("the client does not go on");
        }
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.certificate);
    }
}

/// A server that is killed ends the TCP connection without ending the TLS session first.
#[tokio::test]
async fn a_server_that_dies_is_1006_as_without_tls() {
    let server = TlsServer::start().await;
    let client = server.client();
    let mut tls = server.accept_raw().await;
    tls.write_all(b"\x81\x0Alast words").await.unwrap();
    tls.flush().await.unwrap();
    drop(tls);
    client.exited().await.expect_all(
        1,
        "last words\n",
        "closed: 1006 (abnormal closure), by the server: the connection ended without a Close frame; the server \
         crashed or was killed, or a proxy in between closed the connection; the server's log may say more\n",
    );
}

#[tokio::test]
async fn a_server_that_dies_without_answering_our_close_is_1006_as_without_tls() {
    let server = TlsServer::start().await;
    let mut client = server.client();
    let mut tls = server.accept_raw().await;
    client.end_input();
    let mut close = [0; 8];
    bounded(tls.read_exact(&mut close)).await.unwrap();
    assert_eq!(close[..2], [0x88, 0x82]);
    drop(tls);
    client.exited().await.expect(
        1,
        "closed: 1006 (abnormal closure), by us: the server ended the connection without answering our Close; it may \
         have crashed, and its log may say more\n",
    );
}

#[tokio::test]
async fn without_root_certificates_the_client_says_what_is_missing() {
    let server = TlsServer::start().await;
    let missing = server.certificate.with_extension("missing");
    let mut command = command([server.url()]);
    command.env("SSL_CERT_FILE", &missing).env_remove("SSL_CERT_DIR");
    let (_tcp, ended) = join!(server.tcp.accept_tcp(), ClientProcess::spawn(command).exited());
    assert_eq!((ended.status, ended.errors.lines().count()), (Some(1), 1));
    for part in ["no trusted root certificates were found", "SSL_CERT_FILE", &missing.display().to_string()] {
        assert!(ended.errors.contains(part), "{part} is not in {}", ended.errors);
    }
}

// ---- Certificates of the user's own -------------------------------------------------------------

#[tokio::test]
async fn a_certificate_can_be_trusted_in_addition() {
    let server = TlsServer::start().await;
    let client = ClientProcess::fed(server.trusting(), b"hello\n").await;
    let ((), ended) = join!(server.echo_once(), client.exited());
    ended.expect_all(0, "hello\n", CLOSED_BY_US);

    // The given certificate is enough even if the system has none.
    let mut command = command(server.trusting());
    command.env("SSL_CERT_FILE", server.certificate.with_extension("missing")).env_remove("SSL_CERT_DIR");
    let mut client = ClientProcess::spawn(command);
    client.write(b"hello\n").await;
    client.end_input();
    let ((), ended) = join!(server.echo_once(), client.exited());
    ended.expect_all(0, "hello\n", CLOSED_BY_US);
}

#[tokio::test]
async fn the_tests_of_a_server_trust_the_same_certificates() {
    for test in ["--probe", "--grade"] {
        let server = TlsServer::start().await;
        let arguments = server.trusting().into_iter().chain([test.into()]);
        let client = ClientProcess::start(arguments);
        bounded(server.acceptor.accept(server.tcp.accept_tcp().await)).await.expect("a TLS handshake");
        drop(client);
    }
}

#[tokio::test]
async fn a_server_that_asks_for_a_certificate_gets_it() {
    let authority_key = KeyPair::generate().expect("a key");
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_certificate = authority.self_signed(&authority_key).expect("a certificate");
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(["client".to_owned()]).expect("a name");
    let certificate = params.signed_by(&key, &issuer).expect("a certificate");

    let server = TlsServer::start_with(&self_signed(4000), Some(&authority_certificate), &[]).await;
    let (certificate, key) =
        (server.file("client", &certificate.pem()), server.file("client-key", &key.serialize_pem()));
    let own = ["--tls-cert".into(), certificate.clone().into(), "--tls-key".into(), key.clone().into()];
    let client = ClientProcess::fed(server.trusting().into_iter().chain(own), b"hello\n").await;
    let ((), ended) = join!(server.echo_once(), client.exited());
    ended.expect_all(0, "hello\n", CLOSED_BY_US);

    let client = ClientProcess::start(server.trusting());
    let ((), ended) = join!(server.handshake_fails(), client.exited());
    let port = server.tcp.port();
    let expected =
        format!("localhost:{port} requires a certificate of the client: add --tls-cert FILE and --tls-key FILE\n");
    ended.expect(1, &expected);
    for file in [certificate, key] {
        fs::remove_file(file).expect("the file can be removed");
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_certificate_of_the_server_is_one_sentence() {
    let valid = TlsServer::start().await;
    let expired = TlsServer::start_with(&self_signed(2001), None, &[]).await;
    let elsewhere =
        vec![valid.url().replace("localhost", "127.0.0.1").into(), "--tls-ca".into(), valid.certificate.clone().into()];
    for (server, arguments, expected) in [
        (
            &valid,
            vec![valid.url().into()],
            "no authority that this computer trusts has signed the certificate of localhost:",
        ),
        (&expired, expired.trusting(), "has expired: its operator has to renew it"),
        (&valid, elsewhere, "is for another host: check the host in the URL ("),
    ] {
        let client = ClientProcess::start(arguments);
        let ((), ended) = join!(server.handshake_fails(), client.exited());
        assert!(ended.errors.contains(expected), "{}", ended.errors);
        assert_eq!((ended.status, ended.errors.lines().count()), (Some(1), 1), "{}", ended.errors);
    }
}

/// The client reports these mistakes before it connects to anything.
#[tokio::test]
async fn a_file_that_cannot_be_used_is_one_sentence_and_an_exit_status() {
    let server = TlsServer::start().await;
    let (good, other, expired) = (self_signed(4000), self_signed(4000), self_signed(2001));
    let write = |name: &str, content: &str| OsString::from(server.file(name, content));
    let certificate = write("good", &good.cert.pem());
    let key = write("good-key", &good.signing_key.serialize_pem());
    let other_key = write("other-key", &other.signing_key.serialize_pem());
    let (old, old_key) = (write("old", &expired.cert.pem()), write("old-key", &expired.signing_key.serialize_pem()));
    let empty = write("empty", "");
    let missing = OsString::from(server.certificate.with_extension("missing"));
    let pair = |certificate: &OsString, key: &OsString| {
        vec!["--tls-cert".into(), certificate.clone(), "--tls-key".into(), key.clone()]
    };
    for (options, expected) in [
        (vec!["--tls-ca".into(), missing.clone()], ".missing cannot be read: "),
        (vec!["--tls-ca".into(), key.clone()], ".good-key contains no certificate: "),
        (pair(&missing, &key), ".missing cannot be read: "),
        (pair(&certificate, &missing), ".missing cannot be read: "),
        (pair(&certificate, &empty), ".empty contains no private key: "),
        (pair(&certificate, &other_key), ".other-key does not belong to the first certificate in "),
        (pair(&old, &old_key), ".old has expired, "),
    ] {
        for mode in [&[][..], &["--probe"], &["--grade"]] {
            let arguments = [OsString::from(server.url())].into_iter().chain(options.clone());
            let ended = ClientProcess::start(arguments.chain(mode.iter().map(OsString::from))).exited().await;
            assert!(ended.errors.contains(expected), "{}", ended.errors);
            assert_eq!((ended.status, ended.errors.lines().count()), (Some(1), 1), "{}", ended.errors);
        }
    }
    // Either option without the other is a mistake in the command line.
    for options in [["--tls-cert".into(), certificate.clone()], ["--tls-key".into(), key.clone()]] {
        let ended = ClientProcess::start(options).exited().await;
        assert_eq!(ended.status, Some(2), "{}", ended.errors);
    }
    for file in [certificate, key, other_key, old, old_key, empty] {
        fs::remove_file(file).expect("the file can be removed");
    }
}

/// The client checks the certificate of the server, so the proxy cannot read the messages.
#[tokio::test]
async fn tls_goes_through_a_proxy_to_the_server() {
    let server = TlsServer::start().await;
    let http = ProxyServer::http(server.tcp.address()).await;
    let socks = ProxyServer::socks(server.tcp.address(), None).await;
    for (scheme, proxy) in [("http", http), ("socks5h", socks)] {
        let client = server.client_with(&["wss://localhost:1/", "--proxy", &format!("{scheme}://{}", proxy.address())]);
        let serving = async {
            let mut tls = server.accept_raw().await;
            tls.write_all(&[0x88, 0x02, 0x03, 0xE8]).await.expect("the client is connected");
            let _ = tls.shutdown().await;
            bounded(tls.read_to_end(&mut Vec::new())).await.expect("the client ends TLS");
        };
        let ((), ended) = join!(serving, client.exited());
        ended.expect_all(0, "", "closed: 1000 (normal closure), by the server\n");
        assert_eq!(proxy.requests().len(), 1);
    }
}

/// After such a redirect, all messages would travel unencrypted.
#[tokio::test]
async fn a_redirect_away_from_tls_is_one_sentence() {
    let server = TlsServer::start().await;
    let url = format!("wss://localhost:{}/", server.tcp.port());
    let client = server.client_with(&[&url, "--follow", "3"]);
    let redirecting = async {
        let mut tls = bounded(server.acceptor.accept(server.tcp.accept_tcp().await)).await.expect("a TLS handshake");
        let response = b"HTTP/1.1 302 Found\r\nLocation: http://example.org/\r\nContent-Length: 0\r\n\r\n";
        tls.write_all(response).await.expect("the client is connected");
        let _ = bounded(tls.read_to_end(&mut Vec::new())).await;
    };
    let ((), ended) = join!(redirecting, client.exited());
    let sentence = format!(
        "the redirect leads to a URI without TLS: {url} -> ws://example.org/; connect to it yourself if you accept that\n"
    );
    ended.expect_all(1, "", &sentence);
}

// ---- TLS to a proxy -----------------------------------------------------------------------------

#[tokio::test]
async fn a_conversation_without_tls_goes_through_tls_to_the_proxy() {
    let server = ScriptedServer::start().await;
    let proxy = ProxyServer::http(server.address()).await;
    let front = TlsServer::start().await;
    let client = front.client_with(&["ws://feed.invalid/", "--proxy", &front.proxy_url()]);
    let serving = async {
        let mut connection = server.accept().await;
        bounded(connection.close(CloseCode::NORMAL, "")).await
    };
    let (_, _, ended) = join!(serving, front.forward(proxy.address()), client.exited());
    ended.expect_all(0, "", "closed: 1000 (normal closure), by the server\n");
    assert_eq!(proxy.requests(), ["CONNECT feed.invalid:80 HTTP/1.1\r\nHost: feed.invalid:80\r\n\r\n"]);
}

/// The server and the proxy have different certificates, and the client verifies both.
#[tokio::test]
async fn tls_to_the_server_goes_inside_tls_to_the_proxy() {
    let server = TlsServer::start().await;
    let proxy = ProxyServer::http(server.tcp.address()).await;
    let front = TlsServer::start().await;
    let certificate = server.certificate.to_str().expect("a path in UTF-8");
    let client =
        front.client_with(&["wss://localhost:1/", "--proxy", &front.proxy_url(), "--tls-ca", certificate, "--plain"]);
    let serving = async {
        let mut tls = server.accept_raw().await;
        tls.write_all(&[0x88, 0x02, 0x03, 0xE8]).await.expect("the client is connected");
        let _ = tls.shutdown().await;
        bounded(tls.read_to_end(&mut Vec::new())).await.expect("the client ends TLS");
    };
    let (_, _, ended) = join!(serving, front.forward(proxy.address()), client.exited());
    ended.expect_all(0, "", "closed: 1000 (normal closure), by the server\n");
    assert_eq!(proxy.requests(), ["CONNECT localhost:1 HTTP/1.1\r\nHost: localhost:1\r\n\r\n"]);
}

#[tokio::test]
async fn a_failure_of_tls_to_the_proxy_names_the_proxy() {
    let (front, stranger, plain) = (TlsServer::start().await, TlsServer::start().await, ScriptedServer::start().await);
    let port = front.tcp.port();
    for (url, trusted, expected) in [
        (
            format!("https://localhost:{port}"),
            &stranger,
            format!("the proxy https://localhost:{port} failed: TLS with it failed: "),
        ),
        (
            format!("https://127.0.0.1:{port}"),
            &front,
            format!("the certificate of the proxy https://127.0.0.1:{port} is for another host: "),
        ),
        (
            format!("https://localhost:{}", plain.port()),
            &front,
            format!("the proxy https://localhost:{} does not speak TLS: use http://, or check the port", plain.port()),
        ),
    ] {
        let client = trusted.client_with(&["wss://feed.invalid/", "--proxy", &url]);
        let rejecting = async {
            if url.ends_with(&port.to_string()) {
                let _ = bounded(front.acceptor.accept(front.tcp.accept_tcp().await)).await;
            } else {
                let mut tcp = plain.accept_tcp().await;
                tcp.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.expect("the client is there");
                let _ = bounded(tcp.read_to_end(&mut Vec::new())).await;
            }
        };
        let (_, ended) = join!(rejecting, client.exited());
        assert_eq!((ended.status, ended.errors.lines().count()), (Some(1), 1), "{}", ended.errors);
        assert!(ended.errors.contains(&expected), "{}", ended.errors);
    }
}

#[tokio::test]
async fn options_of_tls_without_tls_are_a_usage_error() {
    let server = TlsServer::start().await;
    let certificate = server.certificate.to_str().expect("a path in UTF-8");
    for more in [&[][..], &["--probe"], &["--grade"], &["--proxy", "http://localhost:1"]] {
        let arguments = [&["ws://localhost:1/", "--tls-ca", certificate], more].concat();
        let ended = ClientProcess::start(arguments).exited().await;
        assert_eq!(ended.status, Some(2), "{more:?}: {}", ended.errors);
        assert!(ended.errors.contains("--tls-ca and --tls-cert have no effect: use wss://"), "{}", ended.errors);
    }
}
