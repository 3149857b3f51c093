//! Several opening handshakes with one address: all at the same time or, if an option is set, one
//! at a time (section 4.1).

use std::{io, time::Duration};

use futures_util::future::join_all;
use testkit::{
    http_head::response_for,
    raw_peer::{accept_raw, listen, read_head},
    tasks::{with_timeout, yield_to_other_tasks},
};
use tokio::{io::AsyncWriteExt, net::TcpListener, time::sleep};
use websocket::{ConnectError, Connector, MaybeTlsStream, WebSocket, connect};

/// Returns a connector that follows the rule of one opening handshake at a time.
fn one_at_a_time(uri: &str) -> Connector {
    Connector::new(uri).expect("a URI").one_connecting_per_address(true)
}

/// Connects, and follows the rule.
async fn connect_in_turn(uri: &str) -> Result<WebSocket<MaybeTlsStream>, ConnectError> {
    one_at_a_time(uri).connect().await
}

/// Gives every task a chance to run, and returns whether no further client has connected by then.
pub(super) async fn no_further_client_connects(listener: &TcpListener) -> bool {
    tokio::select! {
        biased;
        _ = listener.accept() => false,
        () = yield_to_other_tasks() => true,
    }
}

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# A client MUST NOT have more than one connection to the same IP address and port in the
//# CONNECTING state.
#[tokio::test]
async fn two_handshakes_with_one_address_run_one_after_the_other() {
    let (listener, uri) = listen().await;
    let server = async {
        let (mut first, _) = listener.accept().await.unwrap();
        let request = read_head(&mut first).await;
        assert!(no_further_client_connects(&listener).await, "the second client did not wait for the first");
        first.write_all(response_for(&request).as_bytes()).await.unwrap();
        (first, accept_raw(&listener).await)
    };
    let (one, two, _streams) =
        with_timeout(async { tokio::join!(connect_in_turn(&uri), connect_in_turn(&uri), server) }).await;
    one.expect("the response is valid");
    two.expect("the response is valid");
}

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# If the client is already opening a connection to the same IP address and port, it MUST wait
//# until that connection is established or has failed.
//= docs/src/rfc6455.md#section-4-1
//= type=test
//# A client that attempts several connections to the same IP address and port at once MUST open
//# them one after the other.
#[tokio::test]
async fn handshakes_with_one_address_under_several_names_form_one_queue() {
    let (listener, uri) = listen().await;
    let by_name = uri.replace("127.0.0.1", "localhost");
    let server = async {
        let mut streams = Vec::new();
        for _ in 0..4 {
            let (mut stream, _) = listener.accept().await.unwrap();
            let request = read_head(&mut stream).await;
            assert!(no_further_client_connects(&listener).await, "two clients are connecting");
            stream.write_all(response_for(&request).as_bytes()).await.unwrap();
            streams.push(stream);
        }
        streams
    };
    let clients = async {
        let (a, b, c, d) = tokio::join!(
            connect_in_turn(&uri),
            connect_in_turn(&by_name),
            connect_in_turn(&uri),
            connect_in_turn(&by_name)
        );
        [a, b, c, d].map(|opened| opened.expect("the response is valid"))
    };
    with_timeout(async { tokio::join!(clients, server) }).await;
}

#[tokio::test]
async fn a_failed_handshake_lets_the_next_one_start() {
    let (listener, uri) = listen().await;
    let server = async {
        let (first, _) = listener.accept().await.unwrap();
        drop(first);
        accept_raw(&listener).await
    };
    let (one, two, _stream) =
        with_timeout(async { tokio::join!(connect_in_turn(&uri), connect_in_turn(&uri), server) }).await;
    // The two clients race to be first.
    let error = match (one, two) {
        (Ok(_), Err(error)) | (Err(error), Ok(_)) => error,
        both => panic!("not one failure and one success: {both:?}"),
    };
    assert!(
        matches!(&error, ConnectError::Handshake(error) if error.kind() == io::ErrorKind::UnexpectedEof),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_dropped_handshake_lets_the_next_one_start() {
    let (listener, uri) = listen().await;
    with_timeout(async {
        let mut dropped = Box::pin(connect_in_turn(&uri));
        let (first, _) = tokio::select! {
            connected = &mut dropped => panic!("connected without a response: {connected:?}"),
            accepted = listener.accept() => accepted.unwrap(),
        };
        drop(dropped);
        let (client, _server) = tokio::join!(connect_in_turn(&uri), accept_raw(&listener));
        client.expect("the response is valid");
        drop(first);
    })
    .await;
}

#[tokio::test]
async fn handshakes_with_two_ports_run_concurrently() {
    let (one, uri_of_one) = listen().await;
    let (two, uri_of_two) = listen().await;
    let servers = async {
        let (mut first, _) = one.accept().await.unwrap();
        let (mut second, _) = two.accept().await.unwrap();
        // Both requests arrive before either is answered.
        let requests = (read_head(&mut first).await, read_head(&mut second).await);
        second.write_all(response_for(&requests.1).as_bytes()).await.unwrap();
        first.write_all(response_for(&requests.0).as_bytes()).await.unwrap();
        (first, second)
    };
    let (first, second, _streams) =
        with_timeout(async { tokio::join!(connect_in_turn(&uri_of_one), connect_in_turn(&uri_of_two), servers) }).await;
    first.expect("the response is valid");
    second.expect("the response is valid");
}

#[tokio::test]
async fn the_wait_for_the_turn_does_not_count_against_the_time_out() {
    let (listener, uri) = listen().await;
    let limit = Duration::from_secs(1);
    let client = || one_at_a_time(&uri).handshake_timeout(limit).connect();
    let server = async {
        // The first client never gets an answer. By the time it gives up, the second client has
        // waited for as long as its own time-out.
        let silent = listener.accept().await.unwrap();
        let (mut second, _) = listener.accept().await.unwrap();
        let request = read_head(&mut second).await;
        // If the wait counted, the time-out would have expired before this answer.
        sleep(Duration::from_millis(50)).await;
        second.write_all(response_for(&request).as_bytes()).await.unwrap();
        (silent, second)
    };
    let (first, second, _streams) = with_timeout(async { tokio::join!(client(), client(), server) }).await;
    assert!(matches!(first, Err(ConnectError::TimedOut)), "{first:?}");
    second.expect("the server answers the second client");
}

#[tokio::test]
async fn without_the_option_the_handshakes_with_one_address_run_concurrently() {
    const CLIENTS: usize = 80;
    let (listener, uri) = listen().await;
    let server = async {
        // Every request arrives before any of them is answered.
        let mut waiting = Vec::new();
        for _ in 0..CLIENTS {
            let (mut stream, _) = listener.accept().await.unwrap();
            let request = read_head(&mut stream).await;
            waiting.push((stream, request));
        }
        for (stream, request) in &mut waiting {
            stream.write_all(response_for(request).as_bytes()).await.unwrap();
        }
        waiting
    };
    let clients = join_all((0..CLIENTS).map(|_| connect(&uri)));
    let (clients, _streams) = with_timeout(async { tokio::join!(clients, server) }).await;
    for client in clients {
        client.expect("the response is valid");
    }
}

#[tokio::test]
async fn without_the_option_a_handshake_that_hangs_delays_no_other() {
    let (listener, uri) = listen().await;
    with_timeout(async {
        let mut hanging = Box::pin(connect(&uri));
        let silent = tokio::select! {
            connected = &mut hanging => panic!("connected without a response: {connected:?}"),
            accepted = listener.accept() => accepted.unwrap(),
        };
        let (client, _server) = tokio::join!(connect(&uri), accept_raw(&listener));
        client.expect("the response is valid");
        drop((hanging, silent));
    })
    .await;
}

#[tokio::test]
async fn a_client_with_the_option_does_not_wait_for_a_client_without_it() {
    let (listener, uri) = listen().await;
    with_timeout(async {
        let mut hanging = Box::pin(connect(&uri));
        let silent = tokio::select! {
            connected = &mut hanging => panic!("connected without a response: {connected:?}"),
            accepted = listener.accept() => accepted.unwrap(),
        };
        let (client, _server) = tokio::join!(connect_in_turn(&uri), accept_raw(&listener));
        client.expect("the response is valid");
        drop((hanging, silent));
    })
    .await;
}
