//! A request that is sent through some other HTTP client, and the connection that its response
//! opens (section 4.1).
//!
//! ```text
//!   Connector ──start──▶ ClientUpgrade ──check_response──▶ EstablishedUpgrade ──into_websocket──▶ WebSocket
//!                              │
//!                              └──request──▶ GET, which the caller has to send
//! ```
//!
//! In HTTP/2, the same steps begin with [`Connector::start_http2`](crate::Connector::start_http2),
//! which creates a CONNECT request (RFC 8441).
//!
//! [`Connector::handshake`](crate::Connector::handshake) takes all these steps itself, on a byte
//! stream. Another HTTP client, however, owns the stream until it has received the response, so the
//! adapter for that client must take the steps.

use std::{fmt, sync::Arc};

use bytes::BytesMut;
use http::{Request, Response};
use protocol::{
    Config, Connection, UsageError,
    frame::MaskingKey,
    handshake::{ClientHandshake, Established, ExtendedConnect, HandshakeError},
};

use crate::{clock::now, keys, memory_budget::MemoryBudget, negotiated::Negotiated, websocket::WebSocket};

/// A WebSocket request that an adapter sends through another HTTP client. Send the
/// [request](Self::request), and [check the response](Self::check_response).
///
/// ```
/// # async fn send(_: http::Request<()>) -> Result<http::Response<tokio::net::TcpStream>, std::io::Error> { todo!() }
/// use websocket::{Connector, WebSocket, bytes::BytesMut, http};
/// # use tokio::net::TcpStream;
///
/// # async fn example() -> Result<WebSocket<TcpStream>, Box<dyn std::error::Error>> {
/// let upgrade = Connector::new("ws://example.org/chat")?.subprotocol("chat")?.start();
/// let response = send(upgrade.request()?).await?;
/// let established = upgrade.check_response(&response)?;
/// Ok(established.into_websocket(response.into_body(), BytesMut::new()))
/// # }
/// ```
pub struct ClientUpgrade {
    pub(crate) handshake: UpgradeHandshake,
    pub(crate) setup: ClientSetup,
}

/// The handshake in one version of HTTP.
#[derive(Debug)]
pub(crate) enum UpgradeHandshake {
    Http1(Box<ClientHandshake>),
    Http2(Box<ExtendedConnect>),
}

impl fmt::Debug for ClientUpgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.handshake.fmt(f)
    }
}

impl ClientUpgrade {
    /// Returns the request. In HTTP/1.1, its target is the path and the query. If your HTTP client
    /// finds the server by the target, replace the target with an absolute `http` or `https` URI.
    ///
    /// In HTTP/2, the target is absolute. The value of `:protocol` is `websocket`. [`Request`] has
    /// no place for it, so add it as your HTTP/2 client requires.
    ///
    /// # Errors
    /// [`UriError::TooLong`](protocol::UriError::TooLong) if [`http::Uri`] cannot hold the target.
    pub fn request(&self) -> Result<Request<()>, UsageError> {
        match &self.handshake {
            UpgradeHandshake::Http1(handshake) => handshake.request(),
            UpgradeHandshake::Http2(handshake) => handshake.request(),
        }
    }

    /// Checks that the response opens the requested connection.
    ///
    /// # Errors
    /// - [`HandshakeError::Rejected`] if the status is not 101, or not 2xx in HTTP/2. The error
    ///   holds the response without its body;
    /// - [`HandshakeError::Violation`] if a 101 or 2xx response breaks a rule. In this case, drop
    ///   the stream.
    pub fn check_response<B>(self, response: &Response<B>) -> Result<EstablishedUpgrade, HandshakeError> {
        let established = match self.handshake {
            UpgradeHandshake::Http1(handshake) => handshake.check_response(response),
            UpgradeHandshake::Http2(handshake) => handshake.check_response(response),
        }?;
        Ok(EstablishedUpgrade { established, setup: self.setup })
    }
}

/// A client's successful handshake. The connection is OPEN.
#[derive(Debug)]
pub struct EstablishedUpgrade {
    established: Established,
    setup: ClientSetup,
}

impl EstablishedUpgrade {
    /// Creates the connection on the stream over which the response arrived. `rest` holds the bytes
    /// that were read from `stream` after the response. They belong to the first frames.
    #[must_use]
    pub fn into_websocket<S>(mut self, stream: S, rest: BytesMut) -> WebSocket<S> {
        self.established.rest = rest;
        self.setup.open(stream, self.established)
    }
}

/// The part of a client's configuration that the open connection uses.
#[derive(Debug, Clone)]
pub(crate) struct ClientSetup {
    pub(crate) config: Config,
    pub(crate) chosen_keys: Option<ChosenKeys>,
    pub(crate) memory_budget: Option<MemoryBudget>,
}

/// A source of masking keys that replaces the random source.
#[derive(Clone)]
pub(crate) struct ChosenKeys(pub(crate) Arc<dyn Fn() -> Option<MaskingKey> + Send + Sync>);

impl fmt::Debug for ChosenKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChosenKeys")
    }
}

impl ClientSetup {
    /// Creates the connection on a stream over which the handshake has been completed.
    pub(crate) fn open<S>(self, stream: S, established: Established) -> WebSocket<S> {
        let keys = match self.chosen_keys {
            None => keys::masking_keys(),
            Some(ChosenKeys(choose)) => keys::chosen(choose),
        };
        let mut engine = Connection::client(self.config, keys, now());
        #[cfg(feature = "deflate")]
        if let Some(negotiated) = &established.deflate {
            engine = engine.with_deflate(negotiated);
        }
        // Bytes that arrived after the response belong to the first frames, so pass them to the
        // engine.
        engine.put_input(established.rest);
        let mut connection = WebSocket::new(stream, engine);
        if let Some(budget) = self.memory_budget {
            connection = connection.with_memory_budget(budget);
        }
        connection.with_negotiated(Negotiated {
            subprotocol: established.subprotocol,
            extensions: established.extensions,
            response: Some(established.response),
        })
    }
}
