//! `--deflate`: compression is offered, and used if the server agrees.

use tokio::net::TcpStream;
use websocket::{
    WebSocket,
    protocol::{
        DeflateOptions,
        handshake::{ReceivedRequest, UpgradeOptions},
    },
};

use crate::support::{Client, Server, texts};

const BY_US: &str = "closed: 1000 (normal closure), by us\n";

/// Agrees to whatever is offered; gives the offer too.
async fn agree(server: &Server) -> (String, WebSocket<TcpStream>) {
    let mut offer = String::new();
    let accept = |request: &ReceivedRequest| {
        let header = request.headers().get("Sec-WebSocket-Extensions");
        header.map_or("", |value| value.to_str().expect("ASCII")).clone_into(&mut offer);
        UpgradeOptions { deflate: Some(DeflateOptions::DEFAULT), ..UpgradeOptions::default() }
    };
    let connection = server.accept_and(accept).await;
    (offer, connection)
}

#[tokio::test]
async fn nothing_is_offered_unasked() {
    let server = Server::start().await;
    let client = Client::fed([server.url()], b"Hello\n").await;
    let (offer, mut connection) = agree(&server).await;
    assert_eq!(offer, "");
    assert_eq!(texts(&mut connection).await, ["Hello"]);
    client.ended().await.expect_all(0, "", BY_US);
}

#[tokio::test]
async fn messages_are_compressed_if_the_server_agrees() {
    let server = Server::start().await;
    let long = "x".repeat(5000);
    let mut client = Client::fed([server.url(), "--deflate".to_owned()], format!("{long}\n").as_bytes()).await;
    let (offer, mut connection) = agree(&server).await;
    assert_eq!(offer, "permessage-deflate; client_max_window_bits");
    assert_eq!(connection.extensions()[0].to_string(), "permessage-deflate");
    connection.send(long.as_str()).await.unwrap();
    assert_eq!(client.line().await, format!("{long}\n"));
    assert_eq!(texts(&mut connection).await, [long]);
    client.ended().await.expect_all(0, "", BY_US);
}

#[tokio::test]
async fn the_trace_shows_what_compressed_messages_say() {
    let server = Server::start().await;
    let long = "to and fro ".repeat(200);
    let lines = format!("{long}\n{long}\n");
    let client = Client::fed([server.url(), "--deflate".to_owned(), "--trace".to_owned()], lines.as_bytes()).await;
    let (_, mut connection) = agree(&server).await;
    connection.send(long.as_str()).await.unwrap();
    assert_eq!(texts(&mut connection).await, [long.as_str(); 2]);
    let errors = client.ended().await.errors;
    let shown = |mark: char| {
        let begin = format!("{mark} Text, 2200 bytes from ");
        errors.lines().filter(|line| line.starts_with(&begin) && line.contains(": to and fro to and fro ")).count()
    };
    // The second of ours refers to the first.
    assert_eq!((shown('>'), shown('<')), (2, 1), "{errors}");
    assert_eq!(errors.matches("[Text: to and fro to and fro ").count(), 3, "{errors}");
    assert!(errors.contains(".1.. .... = Per-Message Compressed: True\n"), "{errors}");
}

#[tokio::test]
async fn a_server_that_does_not_agree_is_talked_to_all_the_same() {
    let server = Server::start().await;
    let client = Client::fed([server.url(), "--deflate".to_owned()], b"Hello\n").await;
    let mut connection = server.accept().await;
    assert_eq!(texts(&mut connection).await, ["Hello"]);
    let told = "the server does not compress messages: going on without\n";
    client.ended().await.expect_all(0, "", &format!("{told}{BY_US}"));
}

#[tokio::test]
async fn a_server_that_agrees_to_something_else_is_not_talked_to() {
    let server = Server::start().await;
    let client = Client::start([server.url(), "--deflate".to_owned()]);
    let answer = |request: &str| {
        let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).expect("a key");
        let accept = websocket::protocol::handshake::accept_key(key);
        format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Extensions: permessage-deflate; x=1\r\n\r\n"
        )
    };
    server.answer_with(answer).await;
    let ended = client.ended().await;
    assert!(ended.errors.contains("the parameter 'x' is unknown (RFC 7692, section 7)"), "{}", ended.errors);
    assert_eq!(ended.status, Some(1));
}
