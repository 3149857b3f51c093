//! No server can control the terminal in which the client runs. The tests put control sequences
//! into every part of a response and of a certificate, and into every kind of frame, and then check
//! everything that the client prints, reports and saves.

use std::sync::Arc;

use rcgen::{CertificateParams, DnType, KeyPair, SanType};
use testkit::{
    frames::server_frame,
    terminal::{HOSTILE, assert_harmless},
};
use tokio::{io::AsyncWriteExt, net::TcpStream};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::ring, pki_types::PrivatePkcs8KeyDer},
};
use websocket::protocol::handshake::accept_key;

use crate::support::{ClientExit, ClientProcess, ScriptedServer, bounded, command, drain, read_head};

/// Returns the response that accepts this request, with the header lines in `more` added.
fn accept(request: &str, more: &str) -> String {
    let key = request.split("Sec-WebSocket-Key: ").nth(1).and_then(|rest| rest.split("\r\n").next()).expect("a key");
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {}\r\n\
         {more}\r\n",
        accept_key(key)
    )
}

/// Accepts a client, and sends it these bytes after the handshake. Returns when the client has
/// closed the connection.
async fn serve(server: &ScriptedServer, more: &str, frames: Vec<u8>) {
    let mut tcp = open(server, more).await;
    tcp.write_all(&frames).await.expect("the client is connected");
    bounded(drain(&mut tcp)).await;
}

async fn open(server: &ScriptedServer, more: &str) -> TcpStream {
    let mut tcp = server.accept_tcp().await;
    let request = bounded(read_head(&mut tcp)).await;
    tcp.write_all(accept(&request, more).as_bytes()).await.expect("the client is connected");
    tcp
}

/// Returns a frame of each kind with the control sequences, and then a Close with them as its
/// reason.
fn frames() -> Vec<u8> {
    let close = [&1000_u16.to_be_bytes(), HOSTILE.as_bytes()].concat();
    let json = serde_json::json!({ HOSTILE: 1, "b": HOSTILE }).to_string();
    let mut frames: Vec<u8> =
        [0x81, 0x82, 0x89, 0x8a].into_iter().flat_map(|first| server_frame(first, HOSTILE.as_bytes())).collect();
    frames.extend(server_frame(0x81, json.as_bytes()));
    frames.extend(server_frame(0x88, &close));
    frames
}

#[track_caller]
fn check(client: &ClientExit) {
    assert_harmless("standard error", &client.errors);
}

#[tokio::test]
async fn no_part_of_a_response_reaches_the_terminal_raw() {
    const LINES: &str = "Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Extensions: permessage-deflate\r\nA: b\r\n";
    const REDIRECT: &str = "HTTP/1.1 301 Moved\r\nLocation: /b\r\nContent-Length: 8\r\n\r\nit moved";
    let server = ScriptedServer::start().await;
    let length = accept("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", LINES).len();
    // A test of every position would start too many processes. Every part of a head is at least
    // three bytes long, including its separators, so testing every third position is enough to
    // reach every part.
    for position in (0..=length + REDIRECT.len()).step_by(3) {
        let format = if position % 2 == 0 { "--trace" } else { "--trace=json" };
        let client = ClientProcess::fed([format, "-v", "-s", "a", "--deflate", &server.url()], b"").await;
        let respond = server.respond_with(|request| match position.checked_sub(length) {
            None => insert(&accept(request, LINES), position),
            Some(position) => insert(REDIRECT, position),
        });
        let ((), exit) = tokio::join!(respond, client.exited());
        check(&exit);
    }
}

fn insert(text: &str, position: usize) -> String {
    [&text[..position], HOSTILE, &text[position..]].concat()
}

#[tokio::test]
async fn no_payload_reaches_standard_error_raw() {
    let server = ScriptedServer::start().await;
    let line = format!("{HOSTILE}: a\r\n");
    for format in ["--trace", "--trace=json"] {
        // An unknown opcode makes the client fail the connection.
        let unknown = server_frame(0x83, HOSTILE.as_bytes());
        for (more, frames) in [("", frames()), ("", unknown), (line.as_str(), frames())] {
            let client = ClientProcess::start([format, "-v", &server.url()]);
            let ((), exit) = tokio::join!(serve(&server, more, frames), client.exited());
            check(&exit);
        }
    }
}

#[tokio::test]
async fn no_answer_to_a_probe_reaches_the_terminal_raw() {
    let server = ScriptedServer::start().await;
    for format in [None, Some("--json")] {
        let url = server.url();
        let arguments = ["--probe", "--probe-only", "unmasked-frame", &url];
        let client = ClientProcess::start(arguments.into_iter().chain(format));
        let ((), exit) = tokio::join!(serve(&server, "", frames()), client.exited());
        check(&exit);
        let output = String::from_utf8(exit.output).expect("UTF-8");
        assert!(output.contains("unmasked-frame"), "{output}");
        assert_harmless("standard output", &output);
    }
}

#[tokio::test]
async fn no_name_in_a_certificate_reaches_the_terminal_raw() {
    let (key, name) = (KeyPair::generate().expect("a key"), "\x1b]0;pwned\x07\x1b[2J\x7f");
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, HOSTILE);
    params.subject_alt_names.push(SanType::DnsName(name.try_into().expect("ASCII")));
    let certificate = params.self_signed(&key).expect("a certificate");
    let server = ScriptedServer::start().await;
    let file = format!("{}/hostile-{}.pem", env!("CARGO_TARGET_TMPDIR"), server.port());
    std::fs::write(&file, certificate.pem()).expect("a writable folder");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|config| {
            let key = PrivatePkcs8KeyDer::from(key.serialize_der());
            config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key.into())
        })
        .expect("the key of the certificate");
    let mut client = command([format!("wss://localhost:{}/", server.port())]);
    client.env("SSL_CERT_FILE", &file).env_remove("SSL_CERT_DIR");
    let client = ClientProcess::spawn(client);
    let handshake = TlsAcceptor::from(Arc::new(config)).accept(server.accept_tcp().await);
    let (handshake, exit) = tokio::join!(bounded(handshake), client.exited());
    std::fs::remove_file(&file).expect("the file can be removed");
    assert!(handshake.is_err(), "the client rejects the certificate");
    assert!(exit.errors.contains("pwned"), "the error quotes the name: {}", exit.errors);
    check(&exit);
}

#[cfg(unix)]
mod on_a_terminal {
    use testkit::terminal::without_colours;

    use super::*;
    use crate::terminal::TestTerminal;

    #[tokio::test]
    async fn no_message_reaches_the_terminal_raw() {
        let server = ScriptedServer::start().await;
        let mut terminal = TestTerminal::start(&["--plain", &server.url()]);
        let ((), status) = tokio::join!(serve(&server, "", frames()), terminal.exited());
        assert!(status.success());
        let written = without_colours(&terminal.written()).replace("\r\n", "\n");
        assert!(written.contains("< "), "{written}");
        assert_harmless("the terminal", &written);
    }

    #[tokio::test]
    async fn the_full_screen_and_its_saved_files_contain_no_control_sequence_of_the_server() {
        let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
        let server = ScriptedServer::start().await;
        let mut terminal = TestTerminal::start(&[&server.url()]);
        let mut tcp = open(&server, &format!("X: {}\r\n", HOSTILE.replace(|c: char| c.is_control(), ""))).await;
        tcp.write_all(&frames()).await.expect("the client is connected");
        terminal.resize(250, 50);
        terminal.shows(&["closed: 1000", " CLOSED "]).await;
        for extension in ["txt", "json"] {
            let file = folder.join(format!("hostile-{}.{extension}", server.port()));
            terminal.enter(&format!("/save {}", file.display())).await;
            terminal.shows(&[&format!("saved to {}", file.display())]).await;
            let saved = std::fs::read_to_string(&file).expect("the saved file");
            std::fs::remove_file(&file).expect("the file can be removed");
            assert!(saved.contains("pwned"), "{saved}");
            assert_harmless("the saved file", &saved);
        }
        // Select one record after the other, so that all of their fields are shown.
        for _ in 0..8 {
            terminal.press("\x10").await;
        }
        terminal.press("\x03").await;
        terminal.exited().await;
        // The client itself writes ESC, to move the cursor and to set colours.
        let written = terminal.written();
        assert!(!written.contains("\x1b]"), "{written:?}");
        assert_harmless("the terminal", &written.replace(['\x1b', '\r'], ""));
    }
}
