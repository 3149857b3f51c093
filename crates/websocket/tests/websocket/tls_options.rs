//! TLS as an application configures it: trusted certificates, client certificates, ALPN, and a
//! server whose certificate is replaced.

use std::{
    io::IoSlice,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use rcgen::{CertificateParams, CertifiedKey, Issuer, KeyPair, date_time_ymd, generate_simple_self_signed};
#[cfg(feature = "proxy")]
use testkit::raw_peer::read_head;
use testkit::tasks::{with_paused_timeout, with_timeout};
#[cfg(feature = "proxy")]
use tokio::io::AsyncRead;
use tokio::{
    io::{AsyncReadExt, AsyncWrite, AsyncWriteExt, duplex},
    net::{TcpListener, TcpStream},
};
use websocket::{
    AcceptError, ConnectError, Connector, Error, MaybeTlsStream, TransportOptions, WebSocket, accept,
    open_transport_with,
    tls::{
        ClientTls, Identity, ServerTls, ServerTlsStream, TlsConfigError, certificates_from_file,
        rustls::{
            self, AlertDescription, ClientConfig, RootCertStore, ServerConfig,
            pki_types::{CertificateDer, PrivatePkcs8KeyDer},
            server::WebPkiClientVerifier,
        },
    },
};

fn self_signed() -> CertifiedKey<KeyPair> {
    generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate")
}

fn identity(certified: &CertifiedKey<KeyPair>) -> Identity {
    Identity::from_pem(certified.cert.pem(), certified.signing_key.serialize_pem()).expect("a pair")
}

fn server_tls(certified: &CertifiedKey<KeyPair>) -> ServerTls {
    ServerTls::from_identity(identity(certified)).expect("a configuration")
}

/// Returns a client configuration that also trusts this certificate.
fn trusting(certified: &CertifiedKey<KeyPair>) -> Arc<ClientConfig> {
    ClientTls::new().trust([certified.cert.der().clone()]).build().expect("a configuration")
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// Returns a configuration of rustls itself, for settings that this crate does not offer.
fn rustls_server(certified: &CertifiedKey<KeyPair>, alpn: &[&str]) -> ServerConfig {
    let key = PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der());
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key.into())
        .expect("a pair");
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    config
}

type ServerResult = Result<WebSocket<ServerTlsStream<TcpStream>>, AcceptError>;
type ClientResult = Result<WebSocket<MaybeTlsStream>, ConnectError>;

/// Connects a client to a server over TCP. Neither result is checked.
async fn meet(tls: &ServerTls, config: impl Into<Arc<ClientConfig>>) -> (ClientResult, ServerResult) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let uri = format!("wss://localhost:{}/", listener.local_addr().expect("an address").port());
    let serving = async {
        let (stream, _) = listener.accept().await.expect("a client");
        accept(tls.accept(stream).await?).await
    };
    let connector = Connector::new(&uri).expect("a URI").tls_config(config);
    with_timeout(async { tokio::join!(connector.connect(), serving) }).await
}

/// Returns the certificate that the server has presented.
fn shown(client: &WebSocket<MaybeTlsStream>) -> CertificateDer<'static> {
    let MaybeTlsStream::Tls(tls) = client.get_ref() else { panic!("no TLS") };
    tls.get_ref().1.peer_certificates().expect("certificates")[0].clone().into_owned()
}

async fn assert_talk(client: &mut WebSocket<MaybeTlsStream>, server: &mut WebSocket<ServerTlsStream<TcpStream>>) {
    client.send("there").await.unwrap();
    assert_eq!(server.next().await.unwrap().unwrap().as_text(), Some("there"));
    server.send("and back").await.unwrap();
    assert_eq!(client.next().await.unwrap().unwrap().as_text(), Some("and back"));
}

#[tokio::test]
async fn a_client_trusts_what_its_configuration_trusts() {
    let certified = self_signed();
    let tls = server_tls(&certified);
    let (client, server) = meet(&tls, trusting(&certified)).await;
    assert_talk(&mut client.unwrap(), &mut server.unwrap()).await;

    let (client, server) = meet(&tls, trusting(&self_signed())).await;
    assert!(matches!(client, Err(ConnectError::Tls(_))), "{client:?}");
    assert!(matches!(server, Err(AcceptError::Tls(_))), "{server:?}");
}

#[tokio::test]
async fn the_transport_alone_takes_the_same_configuration() {
    let certified = self_signed();
    let tls = server_tls(&certified);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("wss://localhost:{}/", listener.local_addr().unwrap().port()).parse().unwrap();
    let options = TransportOptions::new().tls_config(trusting(&certified));
    let serving = async { tls.accept(listener.accept().await.unwrap().0).await };
    let (client, server) = with_timeout(async { tokio::join!(open_transport_with(&uri, &options), serving) }).await;
    let (mut client, mut server) = (client.unwrap(), server.unwrap());
    client.write_all(b"!").await.unwrap();
    client.flush().await.unwrap();
    assert_eq!(server.read_u8().await.unwrap(), b'!');
}

#[tokio::test]
async fn several_slices_leave_over_tls_in_order() {
    let certified = self_signed();
    let (client, server) = meet(&server_tls(&certified), trusting(&certified)).await;
    let (mut client, mut server) = (client.unwrap().into_parts().stream, server.unwrap().into_parts().stream);
    assert!(client.is_write_vectored(), "rustls encrypts several slices at once");
    let slices = [b"Hel", b"lo!"].map(|slice| IoSlice::new(slice));
    assert_eq!(client.write_vectored(&slices).await.unwrap(), 6);
    client.flush().await.unwrap();
    let mut received = [0; 6];
    with_timeout(server.read_exact(&mut received)).await.unwrap();
    assert_eq!(&received, b"Hello!");
}

/// This server requires a certificate from each client, as is common within companies and between
/// machines.
#[tokio::test]
async fn a_client_proves_its_name_with_a_certificate() {
    let authority_key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority_certificate = authority.self_signed(&authority_key).unwrap();
    let issuer = Issuer::new(authority, authority_key);
    let client_key = KeyPair::generate().unwrap();
    let client_certificate =
        CertificateParams::new(["client".to_owned()]).unwrap().signed_by(&client_key, &issuer).unwrap();

    let certified = self_signed();
    let mut roots = RootCertStore::empty();
    roots.add(authority_certificate.der().clone()).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider()).build().unwrap();
    let key = PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der());
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certified.cert.der().clone()], key.into())
        .unwrap();
    let tls = ServerTls::new(config);

    let identity = Identity::from_pem(client_certificate.pem(), client_key.serialize_pem()).unwrap();
    let config = ClientTls::new().trust([certified.cert.der().clone()]).identity(identity).build().unwrap();
    let (client, server) = meet(&tls, config).await;
    let (mut client, mut server) = (client.unwrap(), server.unwrap());
    assert_talk(&mut client, &mut server).await;
    assert_eq!(server.get_ref().get_ref().1.peer_certificates().unwrap()[0], *client_certificate.der());

    let (client, server) = meet(&tls, trusting(&certified)).await;
    assert!(matches!(server, Err(AcceptError::Tls(_))), "{server:?}");
    // In TLS 1.3, the client does not learn this until it reads the response.
    let Err(ConnectError::Handshake(error)) = client else { panic!("{client:?}") };
    let alert = error.get_ref().and_then(|error| error.downcast_ref());
    assert_eq!(alert, Some(&rustls::Error::AlertReceived(AlertDescription::CertificateRequired)));
}

// ---- Proxies ------------------------------------------------------------------------------------

/// Accepts a client, and returns the text of its first message.
#[cfg(feature = "proxy")]
async fn first_text(stream: impl AsyncRead + AsyncWrite + Unpin) -> String {
    let message = accept(stream).await.unwrap().next().await.unwrap().unwrap();
    message.as_text().expect("a text").to_owned()
}

/// In this test, the proxy is also the server.
#[cfg(feature = "proxy")]
#[tokio::test]
async fn a_proxy_may_itself_be_reached_over_tls() {
    let certified = self_signed();
    let tls = server_tls(&certified);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let proxy: websocket::Proxy = url.parse().unwrap();
    assert!(proxy.is_over_tls());
    for (uri, target) in [("ws://feed.invalid/", "feed.invalid:80"), ("wss://localhost/", "localhost:443")] {
        let connector = Connector::new(uri).unwrap().proxy(proxy.clone()).tls_config(trusting(&certified));
        let talking = async {
            let mut client = connector.connect().await.unwrap();
            client.send("through").await.unwrap();
            client
        };
        let serving = async {
            let mut stream = tls.accept(listener.accept().await.unwrap().0).await.unwrap();
            let request = read_head(&mut stream).await;
            assert!(request.starts_with(&format!("CONNECT {target} HTTP/1.1\r\n")), "{request}");
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            stream.flush().await.unwrap();
            if uri.starts_with("wss") {
                first_text(tls.accept(stream).await.unwrap()).await
            } else {
                first_text(stream).await
            }
        };
        let (client, text) = with_timeout(async { tokio::join!(talking, serving) }).await;
        assert_eq!(text, "through");
        match client.get_ref() {
            MaybeTlsStream::ProxyTls(_) => assert_eq!(uri, "ws://feed.invalid/"),
            MaybeTlsStream::TlsOverProxyTls(_) => assert_eq!(uri, "wss://localhost/"),
            other => panic!("{other:?}"),
        }
    }
}

// ---- ALPN ---------------------------------------------------------------------------------------

/// Returns the negotiated protocol, as the client sees it.
fn negotiated(client: &WebSocket<MaybeTlsStream>) -> Option<Vec<u8>> {
    let MaybeTlsStream::Tls(tls) = client.get_ref() else { panic!("no TLS") };
    tls.get_ref().1.alpn_protocol().map(<[u8]>::to_vec)
}

/// Both ends add `http/1.1` to a rustls configuration that names no protocol.
#[tokio::test]
async fn both_ends_negotiate_http_1_1() {
    let certified = self_signed();
    let tls = ServerTls::new(rustls_server(&certified, &[]));
    let mut config = ClientConfig::clone(&trusting(&certified));
    config.alpn_protocols.clear();
    let (client, server) = meet(&tls, config).await;
    assert_eq!(negotiated(&client.unwrap()).as_deref(), Some(&b"http/1.1"[..]));
    assert_eq!(server.unwrap().get_ref().get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
}

#[tokio::test]
async fn a_server_that_only_speaks_http_2_is_an_error_that_says_so() {
    let certified = self_signed();
    let tls = ServerTls::new(rustls_server(&certified, &["h2"]));
    let (client, _) = meet(&tls, trusting(&certified)).await;
    assert!(matches!(client, Err(ConnectError::Alpn { chosen: None })), "{client:?}");

    let mut config = ClientConfig::clone(&trusting(&certified));
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("wss://localhost:{}/", listener.local_addr().unwrap().port());
    let serving = async { tls.accept(listener.accept().await.unwrap().0).await };
    let connecting = Connector::new(&uri).unwrap().tls_config(config).connect();
    let (client, _server) = with_timeout(async { tokio::join!(connecting, serving) }).await;
    let error = client.expect_err("the protocol is not HTTP/1.1");
    assert!(matches!(&error, ConnectError::Alpn { chosen: Some(chosen) } if chosen == "h2"), "{error:?}");
    let expected = "the server chose the protocol 'h2' inside TLS (ALPN), but a WebSocket connection needs 'http/1.1'";
    assert_eq!(error.to_string(), expected);
}

// ---- Servers ------------------------------------------------------------------------------------

/// Each client trusts only one of the certificates, so a client that connects has seen that
/// certificate.
#[tokio::test]
async fn a_new_certificate_is_used_by_the_next_connection_and_disturbs_no_open_one() {
    let (old, new) = (self_signed(), self_signed());
    let tls = server_tls(&old);
    let clone = tls.clone();
    let (client, server) = meet(&tls, trusting(&old)).await;
    let (mut client, mut server) = (client.unwrap(), server.unwrap());

    clone.reload_identity(identity(&new)).unwrap();
    let config = trusting(&new);
    let (next_client, next_server) = meet(&tls, Arc::clone(&config)).await;
    let (mut next_client, mut next_server) = (next_client.unwrap(), next_server.unwrap());
    assert_eq!(shown(&next_client), *new.cert.der());
    assert_talk(&mut next_client, &mut next_server).await;
    assert_talk(&mut client, &mut server).await;

    // The session of the last connection could be resumed if the configuration had not changed.
    clone.reload_identity(identity(&old)).unwrap();
    let (client, _) = meet(&tls, config).await;
    assert!(matches!(client, Err(ConnectError::Tls(_))), "the old certificate is in use again: {client:?}");
}

//= docs/src/rfc6455.md#section-4-2-2
//= type=test
//# On a port for TLS, the server MUST do the TLS handshake first, and close the connection if it
//# fails.
#[tokio::test]
async fn http_without_tls_gets_a_sentence() {
    let tls = server_tls(&self_signed());
    let (mut client, server) = duplex(4096);
    client.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    client.shutdown().await.unwrap();
    let mut response = String::new();
    let (result, read) =
        with_timeout(async { tokio::join!(tls.accept(server), client.read_to_string(&mut response)) }).await;
    read.unwrap();
    assert!(matches!(result, Err(AcceptError::NotTls)), "{result:?}");
    assert!(response.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{response}");
    assert!(
        response
            .ends_with("\r\n\r\nthis port requires TLS, and the request was sent without it: use https:// or wss://\n"),
        "{response}"
    );
}

#[tokio::test]
async fn what_is_neither_tls_nor_http_gets_no_answer() {
    let tls = server_tls(&self_signed());
    let (mut client, server) = duplex(4096);
    client.write_all(b"\x05\x01\x00").await.unwrap();
    let mut answer = Vec::new();
    let (result, read) =
        with_timeout(async { tokio::join!(tls.accept(server), client.read_to_end(&mut answer)) }).await;
    read.unwrap();
    assert!(matches!(result, Err(AcceptError::NotTls)), "{result:?}");
    assert_eq!(answer, b"");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_finish_the_tls_handshake_is_given_up() {
    with_paused_timeout(async {
        let tls = server_tls(&self_signed()).handshake_timeout(Duration::from_secs(3));
        for sent in [&b""[..], b"\x16", b"\x16\x03\x01\x02\x00\x01"] {
            let (mut client, server) = duplex(4096);
            client.write_all(sent).await.unwrap();
            let began = tokio::time::Instant::now();
            let result = tls.accept(server).await;
            assert!(matches!(result, Err(AcceptError::TimedOut)), "{result:?}");
            assert_eq!(began.elapsed(), Duration::from_secs(3));
        }
    })
    .await;
}

#[tokio::test]
async fn a_client_that_leaves_during_the_tls_handshake_is_an_end_and_not_a_tls_error() {
    let tls = server_tls(&self_signed());
    for sent in [&b""[..], b"\x16", b"\x16\x03\x01\x02\x00\x01"] {
        let (mut client, server) = duplex(4096);
        client.write_all(sent).await.unwrap();
        drop(client);
        let error = Error::from(with_timeout(tls.accept(server)).await.unwrap_err());
        assert_eq!(error.to_string(), "the client left before its request was complete", "after {sent:02x?}");
    }
}

// ---- Certificates and keys ----------------------------------------------------------------------

/// A folder with PEM files. The folder is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        Self(folder)
    }

    fn file(&self, name: &str, content: &str) -> PathBuf {
        let file = self.0.join(name);
        std::fs::write(&file, content).expect("a file");
        file
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Returns a certificate that is valid from the beginning of one year until the beginning of
/// another, and its key.
fn valid_between(from: i32, until: i32) -> (String, String) {
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    (params.not_before, params.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(until, 1, 1));
    let key = KeyPair::generate().unwrap();
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

#[test]
fn every_mistake_in_the_files_has_its_sentence() {
    let folder = Folder::new("identity");
    let (certificate, key) = valid_between(2000, 4000);
    let good = [folder.file("cert.pem", &certificate), folder.file("key.pem", &key)];
    assert!(Identity::from_pem_files(&good[0], &good[1]).is_ok());
    let both = folder.file("both.pem", &format!("{key}{certificate}"));
    assert!(Identity::from_pem_files(&both, &both).is_ok(), "one file with both");

    let missing = folder.0.join("missing.pem");
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let (expired, expired_key) = valid_between(2000, 2001);
    let (early, early_key) = valid_between(3999, 4000);
    let (_, other_key) = valid_between(2000, 4000);
    let file = |name: &str, content: &str| folder.file(name, content);
    for (certificate, key, expected) in [
        (missing.clone(), good[1].clone(), "missing.pem cannot be read: "),
        (good[0].clone(), missing, "missing.pem cannot be read: "),
        (file("empty.pem", ""), good[1].clone(), "empty.pem contains no certificate: "),
        (good[1].clone(), good[1].clone(), "key.pem contains no certificate: "),
        (good[0].clone(), good[0].clone(), "cert.pem contains no private key: "),
        (good[0].clone(), file("encrypted.pem", encrypted), "encrypted.pem is encrypted with a password: "),
        (
            file("cut.pem", &certificate[..200]),
            good[1].clone(),
            "cut.pem is not valid PEM: a section has no -----END line",
        ),
        (
            file("garbage.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
            good[1].clone(),
            "garbage.pem cannot be used: ",
        ),
        (
            good[0].clone(),
            file("badkey.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
            "badkey.pem cannot be used: ",
        ),
        (good[0].clone(), file("other.pem", &other_key), "other.pem does not belong to the first certificate in "),
        (file("expired.pem", &expired), file("expired-key.pem", &expired_key), "expired.pem has expired, "),
        (file("early.pem", &early), file("early-key.pem", &early_key), "early.pem is not valid yet, only in "),
    ] {
        let sentence = Identity::from_pem_files(&certificate, &key).expect_err(expected).to_string();
        assert!(sentence.contains(expected), "{sentence}");
        assert_eq!(sentence.lines().count(), 1, "{sentence}");
    }
    // This certificate is never valid, because it ends before it begins.
    let (never, never_key) = valid_between(4000, 2000);
    let error = Identity::from_pem(never, never_key).unwrap_err();
    assert_eq!(error.to_string(), "the certificate in the given certificate has expired");
    // An expired certificate cannot be used from memory either.
    let error = Identity::from_pem(expired, expired_key).unwrap_err();
    assert!(matches!(error, TlsConfigError::Expired { ago: Some(_), .. }), "{error:?}");
}

#[test]
fn an_identity_knows_from_when_and_until_when_it_is_valid() {
    let (certificate, key) = valid_between(2000, 4000);
    let validity = Identity::from_pem(certificate, key).unwrap().validity();
    let [from, until] = [date_time_ymd(2000, 1, 1), date_time_ymd(4000, 1, 1)].map(SystemTime::from);
    assert_eq!(validity, Some(from..=until));
}

#[test]
fn certificates_to_be_trusted_are_read_from_a_file_in_pem() {
    let folder = Folder::new("trusted");
    let (one, two) = (self_signed(), self_signed());
    let file = folder.file("two.pem", &format!("# two\n{}\n{}", one.cert.pem(), two.cert.pem()));
    assert_eq!(certificates_from_file(file).unwrap(), [one.cert.der().clone(), two.cert.der().clone()]);
    let none = folder.file("none.pem", "nothing");
    assert!(matches!(certificates_from_file(none), Err(TlsConfigError::NoCertificate(_))));
}

/// The operating system's own verifier does not say which certificate it cannot use.
#[cfg(not(feature = "tls-platform-verifier"))]
#[test]
fn a_certificate_to_be_trusted_must_be_usable() {
    let unusable = ClientTls::new().trust([CertificateDer::from(vec![0; 3])]).build();
    assert!(matches!(unusable, Err(TlsConfigError::UnusableRoot(_))), "{unusable:?}");
}
