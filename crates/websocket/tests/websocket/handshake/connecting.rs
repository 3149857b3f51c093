//! From a URI to a TCP connection (section 4.1).

use std::{io, time::Duration};

use protocol::UsageError;
use testkit::{
    frames::first_byte::TEXT,
    raw_peer::{accept_raw, listen, read_frame},
    tasks::with_timeout,
};
use tokio::{
    io::BufStream,
    net::{TcpListener, TcpSocket},
};
use websocket::{ConnectError, Connector, connect};

use super::one_per_address::no_further_client_connects;

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# If the transport connection cannot be opened, or a proxy returns an error, the client MUST fail
//# the connection and abort the attempt.
#[tokio::test]
async fn a_port_without_a_listener_is_a_tcp_error() {
    // The port is bound so that no other program can use it, but nothing is listening on it.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    let error = with_timeout(connect(&format!("ws://{address}/"))).await.expect_err("nothing listens");
    let ConnectError::Tcp { authority, error } = error else { panic!("{error:?}") };
    assert_eq!(authority, address.to_string());
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn a_name_without_an_address_is_a_resolve_error() {
    // RFC 6761, 6.4: names that end in .invalid never resolve.
    let error = with_timeout(connect("ws://websonkets.invalid/")).await.expect_err("there is no such host");
    let ConnectError::Resolve { host, .. } = error else { panic!("{error:?}") };
    assert_eq!(host, "websonkets.invalid");
}

#[tokio::test]
async fn a_name_that_is_not_resolved_in_time_is_a_resolve_error() {
    // The lookup exceeds the time-out of 0 seconds, or it has failed already. In either case, the
    // error is about the name and not about the server.
    let connector = Connector::new("ws://websonkets.invalid/").unwrap().handshake_timeout(Duration::ZERO);
    let error = with_timeout(connector.connect()).await.expect_err("there is no such host");
    let ConnectError::Resolve { host, .. } = error else { panic!("{error:?}") };
    assert_eq!(host, "websonkets.invalid");
}

#[tokio::test]
async fn a_uri_of_another_scheme_is_a_usage_error() {
    let error = with_timeout(connect("http://example.org/")).await.expect_err("not a WebSocket URI");
    assert!(matches!(error, ConnectError::Usage(UsageError::Uri(_))), "{error:?}");
}

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# If the URI is not valid, the client MUST fail the connection and do nothing else.
#[tokio::test]
async fn an_invalid_uri_fails_before_a_connection_is_opened() {
    let (listener, uri) = listen().await;
    for rest in ["a b", "\r\nX: y", "#top", "%"] {
        let error = with_timeout(connect(&format!("{uri}{rest}"))).await.expect_err("not a WebSocket URI");
        assert!(matches!(error, ConnectError::Usage(UsageError::Uri(_))), "{error:?}");
    }
    assert!(no_further_client_connects(&listener).await);
}

#[tokio::test]
async fn the_handshake_goes_through_the_stream_that_connect_through_adds() {
    with_timeout(async {
        let (listener, uri) = listen().await;
        // This stream writes nothing until it is flushed.
        let connecting = Connector::new(&uri).unwrap().connect_through(BufStream::new);
        let (connection, mut peer) = tokio::join!(connecting, accept_raw(&listener));
        let mut connection = connection.unwrap();
        connection.send("through").await.unwrap();
        assert_eq!(read_frame(&mut peer).await, (TEXT, b"through".to_vec()));
    })
    .await;
}

#[tokio::test]
async fn an_ipv6_address_can_be_connected_to() {
    let Ok(listener) = TcpListener::bind("[::1]:0").await else {
        return; // Not every container has IPv6.
    };
    let uri = format!("ws://{}/", listener.local_addr().unwrap());
    let (client, _server) = with_timeout(async { tokio::join!(connect(&uri), accept_raw(&listener)) }).await;
    client.expect("the response is valid");
}

#[tokio::test]
async fn a_name_is_resolved_and_its_addresses_are_tried() {
    let (listener, _) = listen().await;
    let uri = format!("ws://localhost:{}/", listener.local_addr().unwrap().port());
    let (client, mut server) = with_timeout(async { tokio::join!(connect(&uri), accept_raw(&listener)) }).await;
    let mut client = client.expect("127.0.0.1 is one of the addresses of localhost");
    with_timeout(async {
        client.send("hi").await.unwrap();
        assert_eq!(read_frame(&mut server).await, (TEXT, b"hi".to_vec()));
    })
    .await;
}
