//! Endpoints of `websocket`, on any stream and over TCP.
//!
//! Peers that exchange plain bytes come from the test kit, and so do the frames and heads that they
//! exchange. The kit encodes and decodes these without the code under test, so that a mistake on
//! both sides of a connection cannot cancel out.

use http::{Response, StatusCode};
use protocol::{
    Config, Connection,
    handshake::{UpgradeOptions, UpgradeRequest},
};
use testkit::{
    http_head::SAMPLE_RESPONSE,
    masking::{EXAMPLE_KEY, repeated_key},
    raw_peer::{accept_raw, connect_raw, listen, read_head},
};
use tokio::{io::DuplexStream, net::TcpStream};
use websocket::{MaybeTlsStream, WebSocket};

// ---- Endpoints whose handshake is complete ------------------------------------------------------

fn now() -> std::time::Instant {
    tokio::time::Instant::now().into_std()
}

/// Creates a server's endpoint.
pub(crate) fn server_with<S>(stream: S, config: Config) -> WebSocket<S> {
    WebSocket::new(stream, Connection::server(config, now()))
}

/// Returns the default configuration without the time-out for messages. An incomplete message then
/// needs no timer, so a test needs no runtime.
fn config() -> Config {
    Config::default().message_timeout(None)
}

/// Creates a server endpoint on which a message may take any amount of time.
pub(crate) fn server<S>(stream: S) -> WebSocket<S> {
    server_with(stream, config())
}

/// Creates a client endpoint that masks with [`EXAMPLE_KEY`].
pub(crate) fn client_with<S>(stream: S, config: Config) -> WebSocket<S> {
    WebSocket::new(stream, Connection::client(config, repeated_key(EXAMPLE_KEY), now()))
}

/// Creates a client endpoint on which a message may take any amount of time. It masks with
/// [`EXAMPLE_KEY`].
pub(crate) fn client<S>(stream: S) -> WebSocket<S> {
    client_with(stream, config())
}

/// Creates a client and a server joined in memory, with a buffer of this many bytes in each
/// direction.
pub(crate) fn duplex_pair(buffer: usize) -> (WebSocket<DuplexStream>, WebSocket<DuplexStream>) {
    let (local, remote) = tokio::io::duplex(buffer);
    (client(local), server(remote))
}

// ---- Endpoints over TCP -------------------------------------------------------------------------

/// Connects this crate's client to a peer that exchanges plain bytes.
pub(crate) async fn client_and_raw_server() -> (WebSocket<MaybeTlsStream>, TcpStream) {
    let (listener, uri) = listen().await;
    let (client, server) = tokio::join!(websocket::connect(&uri), accept_raw(&listener));
    (client.expect("the handshake is valid"), server)
}

/// Connects a peer that exchanges plain bytes to this crate's server.
pub(crate) async fn server_and_raw_client() -> (WebSocket<TcpStream>, TcpStream) {
    let (listener, _) = listen().await;
    let accept = async {
        let (stream, _) = listener.accept().await.expect("a connection");
        websocket::accept(stream).await
    };
    let (server, mut client) = tokio::join!(accept, connect_raw(&listener));
    assert_eq!(read_head(&mut client).await, SAMPLE_RESPONSE);
    (server.expect("the handshake is valid"), client)
}

/// Connects this crate's client to this crate's server.
pub(crate) async fn tcp_pair() -> (WebSocket<MaybeTlsStream>, WebSocket<TcpStream>) {
    let (listener, uri) = listen().await;
    let accept = async {
        let (stream, _) = listener.accept().await.expect("a connection");
        websocket::accept(stream).await
    };
    let (client, server) = tokio::join!(websocket::connect(&uri), accept);
    (client.expect("the handshake is valid"), server.expect("the handshake is valid"))
}

// ---- Decisions about requests -------------------------------------------------------------------

/// Returns a decision that rejects every request with 404 and this body.
pub(crate) fn not_found(body: &str) -> impl FnOnce(&UpgradeRequest<'_>) -> Result<UpgradeOptions, Response<String>> {
    let mut response = Response::new(body.to_owned());
    *response.status_mut() = StatusCode::NOT_FOUND;
    move |_| Err(response)
}
