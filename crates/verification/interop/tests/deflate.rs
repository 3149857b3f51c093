//! Compressed messages with the npm package `ws`, both ways and with every parameter. (tungstenite has no compression.)

mod process;

use std::{path::Path, process::Command, time::Duration};

use process::Process;
use tokio::{net::TcpListener, time::timeout};
use websocket::{
    Connector, ServerConfig, accept_with,
    protocol::{
        CloseCode, DeflateOptions, Message,
        extension::WindowBits,
        handshake::{Extension, UpgradeOptions},
    },
};

fn node(script: &str) -> Command {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.."));
    let folder = root.join("example").canonicalize().expect("it is there");
    assert!(folder.join("node_modules/ws").is_dir(), "ws is not installed: run `npm ci` in the folder example");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/deflate").join(script);
    let mut command = Command::new("node");
    command.arg(script).current_dir(folder);
    command
}

/// Every message is compressed, however small.
const ALL: DeflateOptions = DeflateOptions { threshold: 0, ..DeflateOptions::DEFAULT };
const FRUGAL: DeflateOptions = DeflateOptions { threshold: 0, ..DeflateOptions::FRUGAL };

fn windows(server: u8, client: u8) -> DeflateOptions {
    DeflateOptions {
        server_max_window_bits: WindowBits::new(server).unwrap(),
        client_max_window_bits: WindowBits::new(client).unwrap(),
        ..ALL
    }
}

fn messages() -> Vec<Message> {
    let texts =
        (0..60).map(|number| format!("{{\"number\":{number},\"text\":\"{}\"}}", "κόσμε! ".repeat(number * number)));
    texts.flat_map(|text| [Message::from(text.clone()), Message::from(text.into_bytes())]).collect()
}

// ---- Our client, a server on ws -----------------------------------------------------------------------------------

/// Sends everything there and gets it back; the extension must be agreed on in these words.
async fn client(options: DeflateOptions, theirs: &str, agreed: &str) {
    let mut server = Process::start("ws server", node("server.mjs").arg(theirs));
    let line = server.wait_for("listening on ws://");
    let (_, url) = line.split_once("listening on ").expect("just found");
    let mut connection = Connector::new(url).unwrap().deflate(options).connect().await.expect("it opens");
    let in_use: Vec<String> = connection.extensions().iter().map(Extension::to_string).collect();
    assert_eq!(in_use.join(", "), agreed);
    server.wait_for(&format!("extensions: {}", if agreed.is_empty() { "" } else { "permessage-deflate" }));

    let mut size = 0;
    for (place, message) in messages().into_iter().enumerate() {
        let bytes = message.as_bytes().clone();
        size += bytes.len();
        // In one frame, or in two with nothing in a third.
        if place % 3 == 0 {
            let kind = message.kind();
            for (part, last) in [(&bytes[..5], false), (&bytes[..0], false), (&bytes[5..], true)] {
                connection.send_fragment(kind, part, last).await.unwrap();
            }
        } else {
            connection.send(message.clone()).await.unwrap();
        }
        assert_eq!(connection.next().await.expect("an answer").unwrap(), message);
    }
    connection.close(CloseCode::NORMAL, "").await.expect("a clean end");
    let line = server.wait_for("closed: 1000");
    let mut numbers = line.split([' ', ',']).filter_map(|word| word.parse::<usize>().ok()).skip(1);
    let (read, written) = (numbers.next().unwrap(), numbers.next().unwrap());
    let compressed = !agreed.is_empty();
    assert_eq!(read * 4 < size, compressed, "{read} bytes came there for {size}");
    assert_eq!(written * 4 < size, compressed, "{written} bytes came from there for {size}");
}

const EVERYTHING: &str = r#"{"threshold":0}"#;
const NO_TAKEOVER: &str = r#"{"threshold":0,"serverNoContextTakeover":true,"clientNoContextTakeover":true}"#;

#[tokio::test]
async fn our_client_with_takeover() {
    client(ALL, EVERYTHING, "permessage-deflate").await;
}

#[tokio::test]
async fn our_client_asks_for_no_takeover() {
    let agreed = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    client(FRUGAL, EVERYTHING, agreed).await;
}

#[tokio::test]
async fn our_client_is_told_not_to_take_over() {
    let agreed = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    client(ALL, NO_TAKEOVER, agreed).await;
}

#[tokio::test]
async fn our_client_asks_for_smaller_windows() {
    let agreed = "permessage-deflate; server_max_window_bits=9; client_max_window_bits=10";
    client(windows(9, 10), EVERYTHING, agreed).await;
}

#[tokio::test]
async fn our_client_is_told_to_use_the_smallest_window() {
    let theirs = r#"{"threshold":0,"serverMaxWindowBits":10,"clientMaxWindowBits":8}"#;
    let agreed = "permessage-deflate; client_max_window_bits=8; server_max_window_bits=10";
    client(ALL, theirs, agreed).await;
}

#[tokio::test]
async fn our_client_goes_without_where_the_server_declines() {
    client(ALL, "false", "").await;
}

// ---- A client on ws, our server -----------------------------------------------------------------------------------

/// A client on `ws` sends everything here and gets it back.
async fn server(options: DeflateOptions, theirs: &str, agreed: &str) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let mut client = Process::start("ws client", node("client.mjs").args([&url, theirs]));
    let serving = async {
        let (stream, _) = listener.accept().await.unwrap();
        let options = ServerConfig { deflate: Some(options), ..ServerConfig::default() };
        let mut connection =
            accept_with(stream, &options, |_, _| Ok(UpgradeOptions::default())).await.expect("it opens");
        let in_use: Vec<String> = connection.extensions().iter().map(Extension::to_string).collect();
        assert_eq!(in_use.join(", "), agreed);
        let mut count = 0;
        while let Some(message) = connection.next().await {
            let message = message.expect("it can be read");
            // Some answers go back in fragments.
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
    timeout(Duration::from_secs(20), serving).await.expect("the client says goodbye");
    client.wait_for("closed: 1000, 121 of 121 answered");
    assert_eq!(client.exit_code(), 0);
}

#[tokio::test]
async fn our_server_with_takeover() {
    server(ALL, EVERYTHING, "permessage-deflate").await;
}

#[tokio::test]
async fn our_server_does_without_takeover() {
    let agreed = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    server(FRUGAL, EVERYTHING, agreed).await;
}

#[tokio::test]
async fn our_server_is_asked_for_no_takeover() {
    let agreed = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    server(ALL, NO_TAKEOVER, agreed).await;
}

#[tokio::test]
async fn our_server_is_asked_for_smaller_windows() {
    let theirs = r#"{"threshold":0,"serverMaxWindowBits":8,"clientMaxWindowBits":9}"#;
    let agreed = "permessage-deflate; server_max_window_bits=8; client_max_window_bits=9";
    server(ALL, theirs, agreed).await;
}

#[tokio::test]
async fn our_server_wants_smaller_windows() {
    let agreed = "permessage-deflate; server_max_window_bits=10; client_max_window_bits=12";
    server(windows(10, 12), EVERYTHING, agreed).await;
}

#[tokio::test]
async fn our_server_goes_without_where_the_client_does_not_offer() {
    server(ALL, "false", "").await;
}
