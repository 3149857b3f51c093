//! Compressed messages in both directions, with the npm package `ws` and with every parameter.
//!
//! tungstenite has no compression.

use std::{path::Path, process::Command, time::Duration};

use tokio::{net::TcpListener, time::timeout};
use websocket::{
    Connector, ServerConfig, accept_with,
    protocol::{
        CloseCode, DeflateOptions, Message,
        extension::WindowBits,
        handshake::{Extension, UpgradeOptions},
    },
};

use crate::process::Process;

fn node(script: &str) -> Command {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.."));
    let folder = root.join("example").canonicalize().expect("the folder exists");
    assert!(folder.join("node_modules/ws").is_dir(), "ws is not installed: run `npm ci` in the folder example");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/node").join(script);
    let mut command = Command::new("node");
    command.arg(script).current_dir(folder);
    command
}

/// Compresses every message, even the smallest.
const ALL: DeflateOptions = DeflateOptions::DEFAULT.threshold(0);
/// Compresses every message without context takeover.
const FRUGAL: DeflateOptions = DeflateOptions::FRUGAL.threshold(0);

fn windows(server: u8, client: u8) -> DeflateOptions {
    ALL.server_max_window_bits(WindowBits::new(server).unwrap())
        .client_max_window_bits(WindowBits::new(client).unwrap())
}

fn messages() -> Vec<Message> {
    let texts =
        (0..60).map(|number| format!("{{\"number\":{number},\"text\":\"{}\"}}", "κόσμε! ".repeat(number * number)));
    texts.flat_map(|text| [Message::from(text.clone()), Message::from(text.into_bytes())]).collect()
}

// ---- Our client with a server on ws -------------------------------------------------------------

/// Sends all messages to an echo server that uses `ws`. `negotiated` is the expected value of the
/// extension header field.
async fn client(options: DeflateOptions, theirs: &str, negotiated: &str) {
    let mut server = Process::start("ws server", node("server.mjs").arg(theirs));
    let line = server.wait_for("listening on ws://");
    let (_, url) = line.split_once("listening on ").expect("just found");
    let mut connection = Connector::new(url).unwrap().deflate(options).connect().await.expect("the handshake succeeds");
    let in_use: Vec<String> = connection.extensions().iter().map(Extension::to_string).collect();
    assert_eq!(in_use.join(", "), negotiated);
    server.wait_for(&format!("extensions: {}", if negotiated.is_empty() { "" } else { "permessage-deflate" }));

    let mut size = 0;
    for (number, message) in messages().into_iter().enumerate() {
        let bytes = message.as_bytes().clone();
        size += bytes.len();
        // Send the message in one frame, or in three frames of which the second is empty.
        if number % 3 == 0 {
            let kind = message.kind();
            for (part, last) in [(&bytes[..5], false), (&bytes[..0], false), (&bytes[5..], true)] {
                connection.send_fragment(kind, part, last).await.unwrap();
            }
        } else {
            connection.send(message.clone()).await.unwrap();
        }
        assert_eq!(connection.next().await.expect("an answer").unwrap(), message);
    }
    connection.close(CloseCode::NORMAL, "").await.expect("the close is clean");
    let line = server.wait_for("closed: 1000");
    let mut numbers = line.split([' ', ',']).filter_map(|word| word.parse::<usize>().ok()).skip(1);
    let (read, written) = (numbers.next().unwrap(), numbers.next().unwrap());
    let compressed = !negotiated.is_empty();
    assert_eq!(read * 4 < size, compressed, "the server read {read} bytes for {size}");
    assert_eq!(written * 4 < size, compressed, "the server wrote {written} bytes for {size}");
}

const EVERYTHING: &str = r#"{"threshold":0}"#;
const NO_TAKEOVER: &str = r#"{"threshold":0,"serverNoContextTakeover":true,"clientNoContextTakeover":true}"#;

#[tokio::test]
async fn our_client_with_takeover() {
    client(ALL, EVERYTHING, "permessage-deflate").await;
}

#[tokio::test]
async fn our_client_requests_no_takeover() {
    let negotiated = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    client(FRUGAL, EVERYTHING, negotiated).await;
}

#[tokio::test]
async fn our_client_obeys_a_server_without_takeover() {
    let negotiated = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    client(ALL, NO_TAKEOVER, negotiated).await;
}

#[tokio::test]
async fn our_client_requests_smaller_windows() {
    let negotiated = "permessage-deflate; server_max_window_bits=9; client_max_window_bits=10";
    client(windows(9, 10), EVERYTHING, negotiated).await;
}

#[tokio::test]
async fn our_client_obeys_a_server_with_the_smallest_window() {
    let theirs = r#"{"threshold":0,"serverMaxWindowBits":10,"clientMaxWindowBits":8}"#;
    let negotiated = "permessage-deflate; client_max_window_bits=8; server_max_window_bits=10";
    client(ALL, theirs, negotiated).await;
}

#[tokio::test]
async fn our_client_does_not_compress_if_the_server_declines() {
    client(ALL, "false", "").await;
}

// ---- Our server with a client on ws -------------------------------------------------------------

/// Runs an echo server, to which a client that uses `ws` sends all messages. `negotiated` is the
/// expected value of the extension header field.
async fn server(options: DeflateOptions, theirs: &str, negotiated: &str) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let mut client = Process::start("ws client", node("client.mjs").args([&url, theirs]));
    let serving = async {
        let (stream, _) = listener.accept().await.unwrap();
        let config = ServerConfig::default().deflate(options);
        let mut connection =
            accept_with(stream, &config, |_| Ok(UpgradeOptions::default())).await.expect("the handshake succeeds");
        let in_use: Vec<String> = connection.extensions().iter().map(Extension::to_string).collect();
        assert_eq!(in_use.join(", "), negotiated);
        let mut count = 0;
        while let Some(message) = connection.next().await {
            let message = message.expect("the message is valid");
            // Every fifth answer is fragmented.
            if count % 5 == 0 {
                let (kind, bytes) = (message.kind(), message.as_bytes());
                let half = bytes.len() / 2;
                connection.send_fragment(kind, &bytes[..half], false).await.unwrap();
                connection.send_fragment(kind, &bytes[half..], true).await.unwrap();
            } else {
                connection.send(message).await.unwrap();
            }
            count += 1;
        }
        assert!(connection.close_info().was_clean);
    };
    timeout(Duration::from_secs(20), serving).await.expect("the client closes the connection");
    client.wait_for("closed: 1000, 121 of 121 answered");
    assert_eq!(client.exit_code(), 0);
}

#[tokio::test]
async fn our_server_with_takeover() {
    server(ALL, EVERYTHING, "permessage-deflate").await;
}

#[tokio::test]
async fn our_server_requires_no_takeover() {
    let negotiated = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    server(FRUGAL, EVERYTHING, negotiated).await;
}

#[tokio::test]
async fn our_server_obeys_a_client_without_takeover() {
    let negotiated = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    server(ALL, NO_TAKEOVER, negotiated).await;
}

#[tokio::test]
async fn our_server_obeys_a_client_with_smaller_windows() {
    let theirs = r#"{"threshold":0,"serverMaxWindowBits":8,"clientMaxWindowBits":9}"#;
    let negotiated = "permessage-deflate; server_max_window_bits=8; client_max_window_bits=9";
    server(ALL, theirs, negotiated).await;
}

#[tokio::test]
async fn our_server_requires_smaller_windows() {
    let negotiated = "permessage-deflate; server_max_window_bits=10; client_max_window_bits=12";
    server(windows(10, 12), EVERYTHING, negotiated).await;
}

#[tokio::test]
async fn our_server_does_not_compress_without_an_offer() {
    server(ALL, "false", "").await;
}
