//! TLS: certificates from files and self-signed ones, their replacement, and clients that do not
//! speak TLS.
//!
//! These clients use rustls for TLS, as the server does. The test with `curl` uses another
//! implementation.

use std::{
    fs,
    io::{Read, Write},
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant, SystemTime},
};

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use tokio::time::timeout;
use websocket::{
    ConnectError, Connector, MaybeTlsStream, WebSocket,
    protocol::handshake::HandshakeError,
    tls::{
        ClientTls, certificates_from_file,
        rustls::{self, ClientConfig},
    },
};

use crate::support::{
    PATIENCE, Server, command,
    http::{Request, exchange, open},
};

/// A folder with the files for a certificate and its key. The folder is removed at the end.
pub(crate) struct Certificate {
    folder: PathBuf,
}

impl Certificate {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("tls-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&folder).expect("a folder");
        let certificate = Self { folder };
        certificate.replace();
        certificate
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).to_str().expect("a path in UTF-8").to_owned()
    }

    pub(crate) fn certificate(&self) -> String {
        self.path("cert.pem")
    }

    fn key(&self) -> String {
        self.path("key.pem")
    }

    /// Writes a new certificate with a new key.
    fn replace(&self) {
        let (certificate, key) = generate(4000);
        fs::write(self.certificate(), certificate).expect("a file");
        fs::write(self.key(), key).expect("a file");
    }

    pub(crate) fn start(&self, more: &[&str]) -> Server {
        let (certificate, key) = (self.certificate(), self.key());
        Server::start(&[&["--tls-cert", &certificate, "--tls-key", &key], more].concat())
    }
}

impl Drop for Certificate {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Creates a certificate that is valid until the beginning of the given year, and its key.
fn generate(until: i32) -> (String, String) {
    let mut params = CertificateParams::new(["localhost".to_owned(), "127.0.0.1".to_owned()]).expect("names");
    params.not_after = date_time_ymd(until, 1, 1);
    let key = KeyPair::generate().expect("a key");
    (params.self_signed(&key).expect("a certificate").pem(), key.serialize_pem())
}

/// Returns a client configuration that trusts the certificate in this file.
pub(crate) fn trusting(file: impl AsRef<Path>) -> Arc<ClientConfig> {
    let certificates = certificates_from_file(file).expect("a certificate");
    ClientTls::new().trust(certificates).build().expect("a configuration")
}

fn connector(server: &Server, path: &str, config: &Arc<ClientConfig>) -> Connector {
    let uri = format!("wss://127.0.0.1:{}{path}", server.address().port());
    Connector::new(&uri).expect("a URI").tls_config(Arc::clone(config)).handshake_timeout(PATIENCE)
}

async fn connect(server: &Server, path: &str, config: &Arc<ClientConfig>) -> WebSocket<MaybeTlsStream> {
    connector(server, path, config).connect().await.expect("a connection")
}

async fn assert_echo(connection: &mut WebSocket<MaybeTlsStream>) {
    connection.send("hello").await.expect("the server reads");
    let message = timeout(PATIENCE, connection.next()).await.expect("in time").expect("a message");
    assert_eq!(message.expect("no error").as_text(), Some("hello"));
}

/// Returns the path of the file to which a server with `--tls-self-signed` has written its
/// certificate.
fn self_signed_file(server: &Server) -> String {
    let line = server.wait_for_output("--tls-ca ");
    line.split_once("--tls-ca ").expect("the option").1.split(' ').next().expect("a file").to_owned()
}

#[tokio::test]
async fn a_self_signed_certificate_is_trusted_by_the_printed_command_lines() {
    let server = Server::start(&["--tls-self-signed"]);
    let file = self_signed_file(&server);
    let address = server.address();
    for expected in [
        format!("cargo run -p client -- --tls-ca {file} wss://{address}/"),
        format!("curl --cacert {file} https://{address}/"),
        format!("wscat --ca {file} --connect wss://{address}/"),
    ] {
        server.wait_for_output(&expected);
    }
    let config = trusting(&file);
    assert_echo(&mut connect(&server, "/echo", &config).await).await;
    // The certificate also contains the name `localhost`.
    let uri = format!("wss://localhost:{}/echo", address.port());
    let connecting = Connector::new(&uri).unwrap().tls_config(config).connect();
    assert_echo(&mut connecting.await.expect("a connection")).await;
    server.stop();
    assert!(!Path::new(&file).exists(), "{file} is still there");
}

#[tokio::test]
async fn both_versions_of_tls_are_spoken() {
    let certificate = Certificate::new();
    let server = certificate.start(&[]);
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(certificates_from_file(certificate.certificate()).unwrap());
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots.clone())
            .with_no_client_auth();
        let mut connection = connect(&server, "/echo", &Arc::new(config)).await;
        let MaybeTlsStream::Tls(tls) = connection.get_ref() else { panic!("no TLS") };
        assert_eq!(tls.get_ref().1.protocol_version(), Some(version.version));
        assert_eq!(tls.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
        assert_echo(&mut connection).await;
    }
}

#[test]
fn curl_gets_the_page() {
    if Command::new("curl").arg("--version").output().is_err() {
        eprintln!("skipped: there is no curl");
        return;
    }
    let server = Server::start(&["--tls-self-signed"]);
    let file = self_signed_file(&server);
    for version in ["1.2", "1.3"] {
        let output = Command::new("curl")
            .args(["--silent", "--show-error", "--include", "--noproxy", "*", "--cacert", &file])
            .args(["--tls-max", version, &format!("https://{}/", server.address())])
            .output()
            .expect("curl runs");
        let response = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let expected = if cfg!(feature = "http2") { "HTTP/2 200" } else { "HTTP/1.1 200 OK" };
        assert!(response.starts_with(expected), "{response}");
        // The policy lets the page open a WebSocket to its own host, here with wss.
        assert!(response.contains("connect-src 'self'"), "{response}");
        assert!(response.contains("<html"), "{response}");
    }
}

// ---- Replacing the certificate ------------------------------------------------------------------

#[cfg(unix)]
#[tokio::test]
async fn after_sighup_the_next_client_gets_the_new_certificate_and_open_connections_go_on() {
    let certificate = Certificate::new();
    let server = certificate.start(&[]);
    let old = trusting(certificate.certificate());
    let mut open = connect(&server, "/echo", &old).await;

    certificate.replace();
    server.signal("HUP");
    server.wait_for_log(&["new clients get the certificate that is now in"]);
    let new = trusting(certificate.certificate());
    assert_echo(&mut connect(&server, "/echo", &new).await).await;
    assert_echo(&mut open).await;
    let refused = connector(&server, "/echo", &old).connect().await;
    assert!(matches!(refused, Err(ConnectError::Tls(_))), "{refused:?}");
}

#[tokio::test]
async fn changed_files_are_noticed() {
    let certificate = Certificate::new();
    let server = certificate.start(&[]);
    certificate.replace();
    server.wait_for_log(&["new clients get the certificate that is now in"]);
    assert_echo(&mut connect(&server, "/echo", &trusting(certificate.certificate())).await).await;
}

#[tokio::test]
async fn if_the_new_files_cannot_be_used_the_old_certificate_stays() {
    let certificate = Certificate::new();
    let server = certificate.start(&[]);
    let old = trusting(certificate.certificate());
    let mut open = connect(&server, "/echo", &old).await;

    fs::write(certificate.key(), generate(4000).1).unwrap();
    server.wait_for_log(&["the old certificate stays in use: ", "does not belong to the first certificate in "]);
    assert_echo(&mut connect(&server, "/echo", &old).await).await;
    fs::remove_file(certificate.key()).unwrap();
    server.wait_for_log(&["the old certificate stays in use: ", "key.pem cannot be read: "]);
    assert_echo(&mut connect(&server, "/echo", &old).await).await;
    assert_echo(&mut open).await;

    // The next pair is good again.
    certificate.replace();
    server.wait_for_log(&["new clients get the certificate that is now in"]);
    assert_echo(&mut connect(&server, "/echo", &trusting(certificate.certificate())).await).await;
}

// ---- Clients that do something else -------------------------------------------------------------

#[test]
fn http_without_tls_gets_a_sentence() {
    let certificate = Certificate::new();
    let server = certificate.start(&[]);
    for request in [Request::get(&server, "/"), Request::upgrade(&server, "/echo")] {
        let response = exchange(&server, &request.bytes());
        assert_eq!(response.status, 400);
        let expected = "this port requires TLS, and the request was sent without it: use https:// or wss://\n";
        assert_eq!(response.body, expected);
    }
    server.wait_for_log(&["not accepted: the client did not begin with TLS, which this port requires"]);
}

#[test]
fn tls_on_a_port_without_tls_is_named_in_the_log() {
    let server = Server::start(&[]);
    let response = exchange(&server, b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00");
    assert_eq!(response.status, 400);
    server.wait_for_log(&["not accepted", "it begins with TLS, and this end expects none"]);
}

#[test]
fn the_tls_handshake_has_a_time_limit() {
    let certificate = Certificate::new();
    let server = certificate.start(&["--handshake-timeout", "200ms"]);
    for sent in [&b""[..], b"\x16\x03\x01\x02\x00\x01"] {
        let mut stream = open(&server);
        stream.write_all(sent).unwrap();
        // If the server had no time limit, this read would fail after [`PATIENCE`].
        assert_eq!(stream.read(&mut [0]).expect("the server closes the connection"), 0);
    }
    server.wait_for_log(&["not accepted: the client took too long for the handshake"]);
}

/// The limit applies to the TLS handshake and the request together. If each had a separate limit,
/// the server would answer after five seconds.
#[test]
fn the_time_of_the_tls_handshake_counts_as_time_of_the_request() {
    let certificate = Certificate::new();
    let server = certificate.start(&["--handshake-timeout", "3s"]);
    let began = Instant::now();
    let tcp = open(&server);
    thread::sleep(Duration::from_secs(2));
    let name = "127.0.0.1".try_into().expect("an address");
    let client = rustls::ClientConnection::new(trusting(certificate.certificate()), name).expect("a client");
    let mut stream = rustls::StreamOwned::new(client, tcp);
    stream.write_all(b"GET / HTTP/1.1\r\n").unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).expect("a response, and the end of TLS");
    assert!(response.starts_with("HTTP/1.1 408 "), "{response}");
    assert!(began.elapsed() < Duration::from_millis(4_500), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_client_in_the_tls_handshake_takes_a_connection_and_the_next_one_gets_503_over_tls() {
    let certificate = Certificate::new();
    let server = certificate.start(&["--max-connections", "1"]);
    let _silent = open(&server);
    let connecting = connector(&server, "/echo", &trusting(certificate.certificate())).connect();
    let Err(ConnectError::Answer(HandshakeError::Rejected(response))) = connecting.await else {
        panic!("no rejection")
    };
    assert_eq!(response.status(), 503);
}

// ---- What is above TLS --------------------------------------------------------------------------

#[tokio::test]
async fn the_page_of_a_server_with_tls_has_an_origin_with_https() {
    let certificate = Certificate::new();
    let server = certificate.start(&[]);
    let config = trusting(certificate.certificate());
    let with_origin = |scheme: &str| {
        let origin = format!("{scheme}://{}", server.address());
        connector(&server, "/echo", &config).origin(&origin).expect("an origin")
    };
    assert_echo(&mut with_origin("https").connect().await.expect("a connection")).await;
    let Err(ConnectError::Answer(HandshakeError::Rejected(response))) = with_origin("http").connect().await else {
        panic!("no rejection")
    };
    assert_eq!(response.status(), 403);
}

#[tokio::test]
async fn a_trace_shows_what_is_inside_tls() {
    let certificate = Certificate::new();
    let server = certificate.start(&["--trace"]);
    assert_echo(&mut connect(&server, "/echo", &trusting(certificate.certificate())).await).await;
    server.wait_for_log(&["GET /echo HTTP/1.1"]);
    server.wait_for_log(&["hello"]);
}

// ---- Wrong command lines ------------------------------------------------------------------------

/// Runs a server that is expected not to start, and returns its exit code and its log.
#[track_caller]
fn fails(args: &[&str]) -> (i32, String) {
    let output = command(args).output().expect("the server starts");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "", "the server must not listen");
    (output.status.code().expect("an exit code"), String::from_utf8(output.stderr).expect("text"))
}

#[test]
fn a_certificate_that_cannot_be_used_is_one_sentence_and_an_exit_code() {
    let certificate = Certificate::new();
    let (good, key) = (certificate.certificate(), certificate.key());
    let write = |name: &str, content: &str| {
        fs::write(certificate.path(name), content).expect("a file");
        certificate.path(name)
    };
    let (expired, expired_key) = generate(2001);
    for (certificate, key, expected) in [
        (certificate.path("missing.pem"), key.clone(), "missing.pem cannot be read: "),
        (good.clone(), certificate.path("missing.pem"), "missing.pem cannot be read: "),
        (write("empty.pem", ""), key.clone(), "empty.pem contains no certificate: "),
        (good.clone(), good.clone(), "cert.pem contains no private key: "),
        (good.clone(), write("other.pem", &generate(4000).1), "other.pem does not belong to the first certificate in "),
        (write("old.pem", &expired), write("old-key.pem", &expired_key), "old.pem has expired, "),
    ] {
        let (code, log) = fails(&["--listen", "127.0.0.1:0", "--tls-cert", &certificate, "--tls-key", &key]);
        assert_eq!((code, log.lines().count()), (1, 1), "{log}");
        assert!(log.contains(expected), "{log}");
    }
}

/// Returns a certificate that has been valid for ten days and expires in this many hours, together
/// with its key.
fn expiring_in(hours: u64) -> (String, String) {
    let mut params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
    let hour = Duration::from_secs(60 * 60);
    let now = date_time_ymd(1970, 1, 1) + SystemTime::UNIX_EPOCH.elapsed().expect("a clock");
    params.not_before = now - hour * 240;
    params.not_after = now + hour * u32::try_from(hours).expect("a few hours") + Duration::from_secs(60);
    let key = KeyPair::generate().expect("a key");
    (params.self_signed(&key).expect("a certificate").pem(), key.serialize_pem())
}

#[test]
fn a_certificate_that_expires_soon_is_a_warning_at_the_start_and_after_a_reload() {
    let certificate = Certificate::new();
    let write = |(pem, key): (String, String)| {
        fs::write(certificate.certificate(), pem).expect("a file");
        fs::write(certificate.key(), key).expect("a file");
    };
    write(expiring_in(30));
    let server = certificate.start(&[]);
    server.wait_for_log(&["WARN", "cert.pem expires in 30 hours: renew it"]);
    write(expiring_in(20));
    server.wait_for_log(&["WARN", "cert.pem expires in 20 hours: renew it"]);
    certificate.replace();
    server.wait_for_log(&["new clients get the certificate"]);
    let (_, log) = server.stop();
    assert_eq!(log.iter().filter(|line| line.contains("expires in")).count(), 2, "{log:?}");
}

#[test]
fn options_of_tls_that_do_not_fit_are_rejected() {
    for args in [
        &["--tls-cert", "cert.pem"][..],
        &["--tls-key", "key.pem"],
        &["--tls-self-signed", "--tls-cert", "cert.pem", "--tls-key", "key.pem"],
        &["--tls-self-signed", "--grade-clients"],
    ] {
        assert_eq!(fails(args).0, 2, "{args:?}");
    }
}
