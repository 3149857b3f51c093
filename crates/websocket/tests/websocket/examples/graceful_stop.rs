//! The example `graceful_stop`.

use tokio::{
    net::TcpListener,
    sync::oneshot,
    task::{JoinHandle, spawn},
};
use websocket::{CloseCode, ConnectError, Endpoint, Error, Message};

#[expect(dead_code, reason = "the test does not call `main`")]
#[path = "../../../examples/graceful_stop.rs"]
mod example;

/// Starts the example. Returns its URI without a path, a sender that stops it, and a task that
/// returns its result.
async fn start() -> (String, oneshot::Sender<()>, JoinHandle<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let uri = format!("ws://{}", listener.local_addr().expect("a listener has an address"));
    let (stop, stopped) = oneshot::channel();
    let server = spawn(example::run(listener, async { stopped.await.expect("the test stops the server") }));
    (uri, stop, server)
}

#[tokio::test]
async fn each_path_has_its_own_answer_and_other_paths_do_not_exist() {
    let (uri, _stop, _) = start().await;
    for (path, answer) in [("/echo", "hello"), ("/length", "5")] {
        let mut client = websocket::connect(&format!("{uri}{path}")).await.expect("the path exists");
        client.send("hello").await.expect("the connection is open");
        assert_eq!(client.next().await.transpose().expect("the server answers"), Some(Message::text(answer)));
    }
    let error = websocket::connect(&format!("{uri}/other")).await.expect_err("the path does not exist");
    assert!(error.to_string().contains("404"), "{error}");
}

#[tokio::test]
async fn a_server_that_stops_closes_every_connection_with_1001_and_waits_for_the_answers() {
    let (uri, stop, server) = start().await;
    let mut idle = websocket::connect(&format!("{uri}/echo")).await.expect("the server runs");
    let mut busy = websocket::connect(&format!("{uri}/echo")).await.expect("the server runs");
    busy.send("hello").await.expect("the connection is open");
    assert_eq!(busy.next().await.transpose().expect("the server answers"), Some(Message::text("hello")));
    stop.send(()).expect("the server runs");
    for client in [&mut idle, &mut busy] {
        assert!(client.next().await.is_none());
        let info = client.close_info();
        assert_eq!((info.code, info.initiator, info.was_clean), (CloseCode::GOING_AWAY, Some(Endpoint::Remote), true));
    }
    assert_eq!(server.await.expect("the server does not panic"), 0);
    let rejected = websocket::connect(&format!("{uri}/echo")).await.map_err(Error::from);
    assert!(matches!(rejected, Err(Error::Connect(error)) if matches!(*error, ConnectError::Tcp { .. })));
}
