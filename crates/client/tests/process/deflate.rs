//! `--deflate`: the client offers compression, and uses it if the server agrees.

use tokio::net::TcpStream;
use websocket::{
    WebSocket,
    protocol::{
        DeflateOptions,
        handshake::{UpgradeOptions, UpgradeRequest},
    },
};

use crate::support::{CLOSED_BY_US, ClientProcess, ScriptedServer, texts};

/// Accepts a connection, and agrees to compression if the client offers it. Returns the offer and
/// the connection.
async fn accept_deflate(server: &ScriptedServer) -> (String, WebSocket<TcpStream>) {
    let mut offer = String::new();
    let accept = |upgrade: &UpgradeRequest<'_>| {
        let header = upgrade.request().headers().get("Sec-WebSocket-Extensions");
        header.map_or("", |value| value.to_str().expect("ASCII")).clone_into(&mut offer);
        UpgradeOptions::default().deflate(DeflateOptions::DEFAULT)
    };
    let connection = server.accept_request(accept).await;
    (offer, connection)
}

#[tokio::test]
async fn without_the_option_nothing_is_offered() {
    let server = ScriptedServer::start().await;
    let client = ClientProcess::fed([server.url()], b"Hello\n").await;
    let (offer, mut connection) = accept_deflate(&server).await;
    assert_eq!(offer, "");
    assert_eq!(texts(&mut connection).await, ["Hello"]);
    client.exited().await.expect_all(0, "", CLOSED_BY_US);
}

#[tokio::test]
async fn messages_are_compressed_if_the_server_agrees() {
    let server = ScriptedServer::start().await;
    let long = "x".repeat(5000);
    let mut client = ClientProcess::fed([server.url(), "--deflate".to_owned()], format!("{long}\n").as_bytes()).await;
    let (offer, mut connection) = accept_deflate(&server).await;
    assert_eq!(offer, "permessage-deflate; client_max_window_bits");
    assert_eq!(connection.extensions()[0].to_string(), "permessage-deflate");
    connection.send(long.as_str()).await.unwrap();
    assert_eq!(client.line().await, format!("{long}\n"));
    assert_eq!(texts(&mut connection).await, [long]);
    client.exited().await.expect_all(0, "", CLOSED_BY_US);
}

#[tokio::test]
async fn the_trace_shows_the_text_of_compressed_messages() {
    let server = ScriptedServer::start().await;
    let long = "to and fro ".repeat(200);
    let lines = format!("{long}\n{long}\n");
    let client =
        ClientProcess::fed([server.url(), "--deflate".to_owned(), "--trace".to_owned()], lines.as_bytes()).await;
    let (_, mut connection) = accept_deflate(&server).await;
    connection.send(long.as_str()).await.unwrap();
    assert_eq!(texts(&mut connection).await, [long.as_str(); 2]);
    let errors = client.exited().await.errors;
    let shown = |mark: char| {
        let start = format!("{mark} Text, 2200 bytes from ");
        errors.lines().filter(|line| line.starts_with(&start) && line.contains(": to and fro to and fro ")).count()
    };
    // The client's second text message is compressed as a reference to its first.
    assert_eq!((shown('>'), shown('<')), (2, 1), "{errors}");
    assert_eq!(errors.matches("[Text: to and fro to and fro ").count(), 3, "{errors}");
    assert!(errors.contains(".1.. .... = Per-Message Compressed: True\n"), "{errors}");
}

#[tokio::test]
async fn without_agreement_the_conversation_goes_on_uncompressed() {
    let server = ScriptedServer::start().await;
    let client = ClientProcess::fed([server.url(), "--deflate".to_owned()], b"Hello\n").await;
    let mut connection = server.accept().await;
    assert_eq!(texts(&mut connection).await, ["Hello"]);
    let notice = "the server does not compress messages; continuing without compression\n";
    client.exited().await.expect_all(0, "", &format!("{notice}{CLOSED_BY_US}"));
}

#[tokio::test]
async fn a_server_that_agrees_to_unknown_parameters_is_refused() {
    let server = ScriptedServer::start().await;
    let client = ClientProcess::start([server.url(), "--deflate".to_owned()]);
    let response = |request: &str| {
        let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).expect("a key");
        let accept = websocket::protocol::handshake::accept_key(key);
        format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Extensions: permessage-deflate; x=1\r\n\r\n"
        )
    };
    server.respond_with(response).await;
    let ended = client.exited().await;
    assert!(ended.errors.contains("the parameter 'x' is unknown (RFC 7692, section 7)"), "{}", ended.errors);
    assert_eq!(ended.status, Some(1));
}
