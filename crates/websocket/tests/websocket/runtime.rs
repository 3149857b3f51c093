//! A runtime without timers: each entry point panics with a message that names the missing setting,
//! as the documentation of the crate states.

use std::{panic::AssertUnwindSafe, time::Duration};

use protocol::{CloseCode, Config, KeepAlive};
use tokio::runtime::Builder;
use websocket::{ServerConfig, accept, connect, read_request};

use crate::support::{client, server_with};

/// Runs a future in a runtime without timers. Returns the message of its panic.
fn panic_without_timers<F: Future>(future: F) -> String {
    let runtime = Builder::new_current_thread().enable_io().build().unwrap();
    match std::panic::catch_unwind(AssertUnwindSafe(|| runtime.block_on(future))) {
        Ok(_) => panic!("no panic"),
        Err(payload) => payload.downcast_ref::<String>().cloned().expect("a message"),
    }
}

#[test]
fn each_entry_point_says_that_the_runtime_needs_timers() {
    // The streams stay open until the end of the test, so no function returns early.
    let (stream, peer) = tokio::io::duplex(1024);
    let message = panic_without_timers(accept(stream));
    assert!(message.contains("timers are disabled") && message.contains("enable_time"), "{message}");
    drop(peer);

    let (stream, peer) = tokio::io::duplex(1024);
    let config = ServerConfig::default();
    assert_eq!(panic_without_timers(read_request(stream, &config)), message);
    drop(peer);

    assert_eq!(panic_without_timers(connect("ws://127.0.0.1:1/")), message);

    let (stream, peer) = tokio::io::duplex(1024);
    let connector = websocket::Connector::new("ws://localhost/").unwrap();
    assert_eq!(panic_without_timers(connector.handshake(stream)), message);
    drop(peer);
}

#[test]
fn an_open_connection_needs_timers_once_it_has_a_deadline() {
    let (stream, peer) = tokio::io::duplex(1024);
    let mut idle = client(stream);
    let closing = async {
        idle.send("no deadline so far").await.unwrap();
        idle.close(CloseCode::NORMAL, "").await
    };
    let message = panic_without_timers(closing);
    assert!(message.contains("timers are disabled") && message.contains("enable_time"), "{message}");
    drop(peer);

    let (stream, peer) = tokio::io::duplex(1024);
    let keep_alive = KeepAlive { interval: Duration::from_secs(1), timeout: Duration::from_secs(1) };
    let mut server = server_with(stream, Config::default().keep_alive(keep_alive));
    assert_eq!(panic_without_timers(server.next()), message);
    drop(peer);
}
