//! Checks what a connection gives access to: its parts, the results of the handshake, and the
//! stream.

use std::io::IoSlice;

use protocol::{Connection, Event as EngineEvent, Message, handshake::UpgradeOptions};
use testkit::{
    frames::{client_frame, first_byte::TEXT},
    stream::scripted_stream,
    tasks::with_timeout,
};
use tokio::{
    io::{AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use websocket::{Connector, MaybeTlsStream, ServerConfig, WebSocket, accept_with};

use crate::support::{client_and_raw_server, server};

/// Connects a client with a subprotocol to a server over TCP.
async fn with_subprotocol() -> (WebSocket<MaybeTlsStream>, WebSocket<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("ws://{}/", listener.local_addr().unwrap());
    let accepting = async {
        let (stream, _) = listener.accept().await.unwrap();
        let options = UpgradeOptions::default().subprotocol("chat").header("Set-Cookie", "seen=1").unwrap();
        accept_with(stream, &ServerConfig::default(), |_| Ok(options)).await.unwrap()
    };
    let connecting = Connector::new(&uri).unwrap().subprotocol("chat").unwrap().connect();
    let (client, server) = tokio::join!(connecting, accepting);
    (client.unwrap(), server)
}

#[tokio::test]
async fn connect_also_returns_the_head_of_the_response() {
    let (client, server) = with_timeout(with_subprotocol()).await;
    let response = client.response().expect("a client has one");
    assert_eq!(response.status(), 101);
    assert_eq!(response.headers()["set-cookie"], "seen=1");
    assert!(server.response().is_none());
}

#[tokio::test]
async fn both_halves_know_the_subprotocol_the_response_and_the_stream() {
    let (client, server) = with_timeout(with_subprotocol()).await;
    let address = server.get_ref().local_addr().unwrap();
    let (read_half, write_half) = client.into_split();
    assert_eq!((read_half.subprotocol(), write_half.subprotocol()), (Some("chat"), Some("chat")));
    assert!(read_half.response().is_some() && write_half.response().is_some());
    assert!(read_half.extensions().is_empty());
    assert_eq!(write_half.with_stream(|stream| stream.peer_addr().unwrap()), address);
    let client = read_half.reunite(write_half).expect("they belong together");
    assert_eq!(client.subprotocol(), Some("chat"));
}

#[tokio::test]
async fn the_parts_hold_the_bytes_that_were_read_and_not_processed() {
    let (stream, script) = scripted_stream();
    let mut connection = server(stream);
    script.push_read(&[client_frame(TEXT, "first"), client_frame(TEXT, "second")].concat());
    assert_eq!(connection.next().await.unwrap().unwrap(), Message::text("first"));
    let mut parts = connection.into_parts();
    let engine: &mut Connection = &mut parts.connection;
    let Ok(Some(EngineEvent::Message(message))) = engine.poll_event(std::time::Instant::now()) else {
        panic!("the second message is lost")
    };
    assert_eq!(message.as_bytes(), b"second");
}

#[tokio::test]
async fn several_slices_leave_over_tcp_in_one_write() {
    with_timeout(async {
        let (client, mut server) = client_and_raw_server().await;
        let mut stream = client.into_parts().stream;
        assert!(stream.is_write_vectored(), "TCP has a call for several slices");
        let slices = [b"Hel", b"lo!"].map(|slice| IoSlice::new(slice));
        assert_eq!(stream.write_vectored(&slices).await.unwrap(), 6);
        let mut received = [0; 6];
        server.read_exact(&mut received).await.unwrap();
        assert_eq!(&received, b"Hello!");
    })
    .await;
}
