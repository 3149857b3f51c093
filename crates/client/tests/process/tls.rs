//! `wss://`: how a connection over TLS ends, and the certificates that the client trusts.

use std::{path::PathBuf, sync::Arc};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use testkit::proxy_server::ProxyServer;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    join,
    net::TcpStream,
};
use tokio_rustls::{TlsAcceptor, rustls, rustls::pki_types::PrivatePkcs8KeyDer, server::TlsStream};
use websocket::accept;

use crate::support::{ClientProcess, ScriptedServer, bounded, command};

/// A server with TLS, and a file with its certificate.
struct TlsServer {
    tcp: ScriptedServer,
    acceptor: TlsAcceptor,
    certificate: PathBuf,
}

impl TlsServer {
    async fn start() -> Self {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key.into())
            .expect("the key of the certificate");
        let tcp = ScriptedServer::start().await;
        let certificate = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{}.pem", tcp.port()));
        std::fs::write(&certificate, cert.pem()).expect("a file");
        Self { tcp, acceptor: TlsAcceptor::from(Arc::new(config)), certificate }
    }

    /// Starts a client that trusts only this server.
    fn client(&self) -> ClientProcess {
        self.client_with(&[&format!("wss://localhost:{}/", self.tcp.port())])
    }

    /// Starts a client with these arguments that trusts only this server.
    fn client_with(&self, arguments: &[&str]) -> ClientProcess {
        let mut command = command(arguments);
        command.env("SSL_CERT_FILE", &self.certificate).env_remove("SSL_CERT_DIR");
        ClientProcess::spawn(command)
    }

    /// Accepts a WebSocket connection and returns its TLS connection.
    async fn accept_raw(&self) -> TlsStream<TcpStream> {
        let mut tls = bounded(self.acceptor.accept(self.tcp.accept_tcp().await)).await.expect("a TLS handshake");
        bounded(accept(&mut tls)).await.expect("a WebSocket request");
        tls
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.certificate);
    }
}

/// A server that is killed ends TCP without ending TLS first.
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
    let mut command = command([format!("wss://localhost:{}/", server.tcp.port())]);
    command.env("SSL_CERT_FILE", &missing).env_remove("SSL_CERT_DIR");
    let (_tcp, ended) = join!(server.tcp.accept_tcp(), ClientProcess::spawn(command).exited());
    assert_eq!((ended.status, ended.errors.lines().count()), (Some(1), 1));
    for part in ["no trusted root certificates were found", "SSL_CERT_FILE", &missing.display().to_string()] {
        assert!(ended.errors.contains(part), "{part} is not in {}", ended.errors);
    }
}

/// The certificate is that of the server, so the proxy cannot read along.
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

/// All messages would travel unencrypted.
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
