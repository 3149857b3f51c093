//! The client's side, which turns a response that hyper has parsed into an open connection.
//!
//! Every client that is built on hyper 1 hands over the byte stream in the same way, so [`open`]
//! works with responses from hyper, hyper-util and reqwest alike.
//!
//! This module sets no time-out for the response: use the HTTP client's own time-out, or
//! [`tokio::time::timeout`].

#[cfg(feature = "http2")]
pub mod http2;

use std::io;

use http::Response;
use hyper::{body::Body, client::conn::http1::SendRequest};
use hyper_util::rt::TokioIo;
use websocket::{ClientUpgrade, ConnectError, Connector, bytes::BytesMut};

use crate::stream::WebSocket;

/// Opens a WebSocket connection on a hyper HTTP/1.1 connection: sends the request from `connector`,
/// and checks the response. The task that drives the HTTP connection must run it `with_upgrades`.
///
/// ```no_run
/// use http_body_util::Empty;
/// use hyper::body::Bytes;
/// use hyper_util::rt::TokioIo;
/// use websocket_hyper::{client, websocket::Connector};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let stream = tokio::net::TcpStream::connect("127.0.0.1:8080").await?;
/// let (mut sender, http) = hyper::client::conn::http1::handshake::<_, Empty<Bytes>>(TokioIo::new(stream)).await?;
/// tokio::spawn(http.with_upgrades());
/// let mut connection = client::connect(Connector::new("ws://127.0.0.1:8080/")?, &mut sender).await?;
/// connection.send("hello").await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// - [`ConnectError::Usage`] if the target of the URI is too long for an [`http::Uri`];
/// - [`ConnectError::Handshake`] if hyper cannot send the request, receive the response or hand
///   over the byte stream;
/// - [`ConnectError::Answer`] if the server does not open a WebSocket connection. A rejection comes
///   without its body: to read the body, send the request yourself, and call [`open`].
///
/// # Cancel safety
/// If the future is dropped, the request may already have been sent, so drop the HTTP connection
/// too.
pub async fn connect<B>(connector: Connector, sender: &mut SendRequest<B>) -> Result<WebSocket, ConnectError>
where
    B: Body + Default + 'static,
{
    let upgrade = connector.start();
    let request = upgrade.request()?.map(|()| B::default());
    // The connection may still be busy with an earlier request, so wait until it is free.
    sender.ready().await.map_err(broken)?;
    let mut response = sender.send_request(request).await.map_err(broken)?;
    open(upgrade, &mut response).await
}

/// Opens a connection from the response to the [request](ClientUpgrade::request) of `upgrade`. Any
/// client that is built on hyper 1 can send the request and receive the response. In HTTP/2, the
/// request is the one that `client::http2::request` returns.
///
/// If the server has rejected the request, `response` is unchanged, and its body can still be read.
///
/// With reqwest:
///
/// ```no_run
/// use websocket_hyper::{client, websocket::Connector};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let upgrade = Connector::new("ws://127.0.0.1:8080/chat")?.subprotocol("chat")?.start();
/// let request = reqwest::Client::new().get("http://127.0.0.1:8080/chat").headers(upgrade.request()?.headers().clone());
/// let mut response = request.send().await?.into();
/// let mut connection = client::open(upgrade, &mut response).await?;
/// connection.send("hello").await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// - [`ConnectError::Answer`] if the response does not open a WebSocket connection;
/// - [`ConnectError::Handshake`] if hyper does not hand over the byte stream.
///
/// # Cancel safety
/// If the future is dropped, the byte stream is dropped with it.
pub async fn open<B>(upgrade: ClientUpgrade, response: &mut Response<B>) -> Result<WebSocket, ConnectError> {
    let established = upgrade.check_response(response).map_err(ConnectError::Answer)?;
    let upgraded = hyper::upgrade::on(response).await.map_err(broken)?;
    // The stream also yields the bytes that hyper has already read after the head, so no bytes are
    // passed separately.
    Ok(established.into_websocket(TokioIo::new(upgraded), BytesMut::new()))
}

fn broken(error: hyper::Error) -> ConnectError {
    ConnectError::Handshake(io::Error::other(error))
}
