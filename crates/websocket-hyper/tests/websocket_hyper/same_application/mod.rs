//! One application, with our extractor and with axum's own. Only the import differs.

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use testkit::tasks::with_timeout;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Bytes, ClientRequestBuilder, Message},
};

use crate::support::{response_to, serve_axum};

mod on_our_extractor;
mod on_the_extractor_of_axum;

type Client = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Holds the conversation with the application once for each extractor.
async fn with_each_extractor<F: Future<Output = ()>>(conversation: impl Fn(SocketAddr) -> F) {
    for app in [on_our_extractor::chat::app(), on_the_extractor_of_axum::chat::app()] {
        let address = serve_axum(app).await;
        with_timeout(conversation(address)).await;
    }
}

/// Joins the chat, and receives the greeting.
async fn join(address: SocketAddr) -> Client {
    let uri = format!("ws://{address}/chat").parse().unwrap();
    let request = ClientRequestBuilder::new(uri).with_sub_protocol("chat.v1, chat.v3");
    let (mut client, response) = connect_async(request).await.expect("the request is valid");
    assert_eq!(response.headers()["sec-websocket-protocol"], "chat.v1");
    assert_eq!(receive(&mut client).await, Message::text("welcome, you speak chat.v1"));
    client
}

async fn receive(client: &mut Client) -> Message {
    client.next().await.expect("the connection is open").expect("the server obeys the rules")
}

/// Receives the server's Close, which must have this code and reason, and then the end.
async fn receive_close(client: &mut Client, code: u16, reason: &str) {
    match receive(client).await {
        Message::Close(Some(frame)) => assert_eq!((u16::from(frame.code), &*frame.reason), (code, reason)),
        other => panic!("{other:?}"),
    }
    assert!(client.next().await.is_none_or(|received| received.is_err()));
}

#[tokio::test]
async fn a_line_reaches_all_members() {
    with_each_extractor(async |address| {
        let mut members = [join(address).await, join(address).await];
        members[0].send("hello".into()).await.unwrap();
        for member in &mut members {
            assert_eq!(receive(member).await, Message::text("hello"));
        }
    })
    .await;
}

#[tokio::test]
async fn a_ping_is_answered() {
    with_each_extractor(async |address| {
        let mut member = join(address).await;
        member.send(Message::Ping(Bytes::from_static(b"are you there"))).await.unwrap();
        assert_eq!(receive(&mut member).await, Message::Pong(Bytes::from_static(b"are you there")));
    })
    .await;
}

#[tokio::test]
async fn a_binary_message_is_answered_with_a_close() {
    with_each_extractor(async |address| {
        let mut member = join(address).await;
        member.send(Message::binary(vec![1])).await.unwrap();
        receive_close(&mut member, 1003, "text only").await;
    })
    .await;
}

#[tokio::test]
async fn a_member_that_leaves_gets_an_answer_to_its_close() {
    with_each_extractor(async |address| {
        let mut member = join(address).await;
        member.close(None).await.unwrap();
        assert!(matches!(receive(&mut member).await, Message::Close(_)));
        assert!(member.next().await.is_none());
    })
    .await;
}

#[tokio::test]
async fn a_message_above_the_limit_ends_the_connection() {
    with_each_extractor(async |address| {
        let mut member = join(address).await;
        member.send("a".repeat(20_000).into()).await.unwrap();
        // Our extractor sends the client a reason, but axum's own extractor only disconnects.
        assert!(member.next().await.is_none_or(|received| received.is_err() || received.unwrap().is_close()));
    })
    .await;
}

#[tokio::test]
async fn a_request_that_is_not_for_a_websocket_is_a_client_error() {
    with_each_extractor(async |address| {
        let request = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        let response = response_to(address, request("/chat")).await;
        assert!(response.starts_with("HTTP/1.1 4"), "{response}");
        let response = response_to(address, request("/")).await;
        assert!(response.starts_with("HTTP/1.1 200 ") && response.contains("<title>Chat</title>"), "{response}");
    })
    .await;
}
