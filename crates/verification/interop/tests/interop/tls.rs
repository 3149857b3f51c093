//! Tests of three kinds of client over TLS: our client with rustls, and Node and Python with
//! OpenSSL. Each trusts the certificate that our server prints.

use std::process::Command;

use crate::{
    pairings::{node, program},
    process::Process,
};

/// Our server with a self-signed certificate.
struct TlsServer {
    process: Process,
    url: String,
    /// The file with the certificate.
    certificate: String,
}

impl TlsServer {
    fn start() -> Self {
        Self::start_with(&[])
    }

    fn start_with(options: &[&str]) -> Self {
        let mut command = program("server");
        command.args(["--listen", "127.0.0.1:0", "--tls-self-signed"]).args(options);
        let mut process = Process::start("server over TLS", &mut command);
        let line = process.wait_for("listening on wss://");
        let (_, url) = line.split_once("listening on ").expect("the line contains it");
        let line = process.wait_for("--tls-ca ");
        let (_, rest) = line.split_once("--tls-ca ").expect("the line contains it");
        let certificate = rest.split(' ').next().expect("a file").to_owned();
        Self { process, url: url.trim_end_matches('/').to_owned(), certificate }
    }
}

fn converse(client: &mut Process, server: &mut TlsServer) {
    client.wait_for("{\"sequence\":");
    client.type_line("hello over TLS, κόσμε");
    server.process.wait_for("says: hello over TLS, κόσμε");
    client.wait_for("\"last_text\":\"hello over TLS, κόσμε\"");
    client.end_input();
    client.wait_for("closed: 1000 (normal closure), by us");
    assert_eq!(client.exit_code(), 0);
    server.process.wait_for("closed: 1000 (normal closure)");
    server.process.terminate();
    assert_eq!(server.process.exit_code(), 0);
}

#[test]
fn our_client() {
    let mut server = TlsServer::start();
    let mut command = program("client");
    command.args([&format!("{}/", server.url), "--tls-ca", &server.certificate]);
    converse(&mut Process::start("our client over TLS", &mut command), &mut server);
}

#[test]
fn our_client_in_http_2() {
    let mut server = TlsServer::start();
    let mut command = program("client");
    command.args(["--http2", &format!("{}/", server.url), "--tls-ca", &server.certificate]);
    converse(&mut Process::start("our client in HTTP/2", &mut command), &mut server);
}

/// With `--trace`, our server speaks only HTTP/1.1.
#[test]
fn our_client_in_http_2_with_a_server_that_does_not_offer_it() {
    let server = TlsServer::start_with(&["--trace"]);
    let mut command = program("client");
    command.args(["--http2", &format!("{}/", server.url), "--tls-ca", &server.certificate]);
    let mut client = Process::start("our client in HTTP/2", &mut command);
    client.wait_for("does not offer HTTP/2 inside TLS (ALPN): leave out --http2");
    assert_eq!(client.exit_code(), 1);
}

#[test]
fn ws() {
    let mut server = TlsServer::start();
    let mut command = node("client.js");
    command.arg(format!("{}/", server.url)).env("NODE_EXTRA_CA_CERTS", &server.certificate);
    converse(&mut Process::start("ws over TLS", &mut command), &mut server);
}

/// Python's `websockets` is not a dependency of this repository, so this test is skipped if it is
/// not installed.
#[test]
fn websockets_of_python() {
    const CLIENT: &str = "
import ssl, sys
from websockets.sync.client import connect
context = ssl.create_default_context(cafile=sys.argv[2])
with connect(sys.argv[1], ssl=context, proxy=None) as websocket:
    websocket.send('hello over TLS')
    print(websocket.recv(), websocket.socket.version())
";
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let has_websockets = Command::new(&python).args(["-c", "import websockets"]).output();
    if !has_websockets.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: {python} has no package websockets");
        return;
    }
    let server = TlsServer::start();
    let url = format!("{}/echo", server.url);
    let mut client = Process::start("websockets", Command::new(python).args(["-c", CLIENT, &url, &server.certificate]));
    assert_eq!(client.whole_output(), ["hello over TLS TLSv1.3"]);
}
