//! One opening handshake at a time with each address (section 4.1).

use std::io;

use testkit::{
    http_head::response_for,
    raw_peer::{accept_raw, listen, read_head},
    tasks::{with_timeout, yield_to_other_tasks},
};
use tokio::{io::AsyncWriteExt, net::TcpListener};
use websocket::{ConnectError, connect};

/// Returns whether no further client connects, after every task has had its chance to.
pub(super) async fn no_further_client_connects(listener: &TcpListener) -> bool {
    tokio::select! {
        biased;
        _ = listener.accept() => false,
        () = yield_to_other_tasks() => true,
    }
}

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# There MUST NOT be more than one connection to the same IP address and port in the state CONNECTING.
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
    let (one, two, _streams) = with_timeout(async { tokio::join!(connect(&uri), connect(&uri), server) }).await;
    one.expect("the response is valid");
    two.expect("the response is valid");
}

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# While another connection to the same IP address and port is being opened, the client MUST wait until that is done or
//# has failed.
//= docs/src/rfc6455.md#section-4-1
//= type=test
//# Attempts at the same IP address and port that are made together MUST be carried out one after the other.
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
        let (a, b, c, d) = tokio::join!(connect(&uri), connect(&by_name), connect(&uri), connect(&by_name));
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
    let (one, two, _stream) = with_timeout(async { tokio::join!(connect(&uri), connect(&uri), server) }).await;
    // The two clients race for the first place.
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
        let mut dropped = Box::pin(connect(&uri));
        let (first, _) = tokio::select! {
            connected = &mut dropped => panic!("connected without a response: {connected:?}"),
            accepted = listener.accept() => accepted.unwrap(),
        };
        drop(dropped);
        let (client, _server) = tokio::join!(connect(&uri), accept_raw(&listener));
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
        with_timeout(async { tokio::join!(connect(&uri_of_one), connect(&uri_of_two), servers) }).await;
    first.expect("the response is valid");
    second.expect("the response is valid");
}
