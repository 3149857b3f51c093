//! An accepted request: the 101 response, and the connection that follows it (section 4.2.2).
//!
//! ```text
//!   UpgradeRequest ──new──▶ ServerUpgrade ──response──▶ 101, which the caller has to send
//!                                  │
//!                                  └──into_websocket──▶ WebSocket
//! ```
//!
//! [`Incoming::accept`](crate::Incoming::accept) sends the response on a byte stream and creates
//! the connection. If another HTTP server read the request, that server owns the stream until it
//! has sent the response, so the adapter for that server takes these steps itself.

use std::sync::Arc;

use bytes::BytesMut;
use http::Response;
use protocol::{
    Config, Connection,
    handshake::{Extension, UpgradeOptions, UpgradeRequest, UpgradeResponse},
};

use crate::{
    clock::now, memory_budget::MemoryBudget, negotiated::Negotiated, server_config::ServerConfig, websocket::WebSocket,
};

/// An accepted WebSocket request, for adapters of other HTTP servers. Send its
/// [response](Self::response), and then turn the stream into a [connection](Self::into_websocket).
///
/// ```
/// use websocket::{
///     ReceivedRequest, ServerConfig, ServerUpgrade, UpgradeOptions, WebSocket,
///     bytes::BytesMut,
///     http::{Request, Response},
/// };
///
/// /// Accepts a request that an HTTP server has parsed.
/// fn accept<B>(request: &Request<B>) -> Result<(Response<()>, ServerUpgrade), Response<String>> {
///     let received = ReceivedRequest::from_head(request);
///     let upgrade = received.check_upgrade().map_err(|violation| websocket::rejection(&violation))?;
///     let upgrade = ServerUpgrade::new(&upgrade, UpgradeOptions::default(), &ServerConfig::default())
///         .expect("the default options suit every request");
///     Ok((upgrade.response(), upgrade))
/// }
///
/// # fn open(upgrade: ServerUpgrade, stream: tokio::net::TcpStream) -> WebSocket<tokio::net::TcpStream> {
/// // After the HTTP server has sent the response, and has handed over the stream:
/// upgrade.into_websocket(stream, BytesMut::new())
/// # }
/// ```
#[derive(Debug)]
pub struct ServerUpgrade {
    upgrade: UpgradeResponse,
    config: Arc<Config>,
    memory_budget: Option<MemoryBudget>,
}

impl ServerUpgrade {
    /// Accepts a request. The options take precedence over the server's configuration.
    ///
    /// [`ServerConfig::handshake_timeout`] has no effect here, because the other server sends the
    /// response.
    ///
    /// # Errors
    /// As for [`UpgradeRequest::accept`].
    pub fn new(
        request: &UpgradeRequest<'_>,
        mut options: UpgradeOptions,
        config: &ServerConfig,
    ) -> Result<Self, protocol::UsageError> {
        options.deflate = options.deflate.or_else(|| config.deflate.clone());
        Ok(Self {
            upgrade: request.accept(options)?,
            config: Arc::clone(&config.config),
            memory_budget: config.memory_budget.clone(),
        })
    }

    /// Returns the response that accepts the request, with an empty body: 101, or 200 in
    /// HTTP/2. The connection is OPEN once the response has been sent.
    #[must_use]
    pub fn response<B: Default>(&self) -> Response<B> {
        let mut response = Response::new(B::default());
        *response.status_mut() = self.upgrade.response.status();
        *response.headers_mut() = self.upgrade.response.headers().clone();
        response
    }

    /// Returns the response in the form that
    /// [`encode_response`](protocol::handshake::encode_response) takes.
    pub(crate) const fn switching_protocols(&self) -> &Response<String> {
        &self.upgrade.response
    }

    /// Returns the subprotocol in use.
    #[must_use]
    pub fn subprotocol(&self) -> Option<&str> {
        self.upgrade.subprotocol.as_deref()
    }

    /// Returns the extensions in use.
    #[must_use]
    pub fn extensions(&self) -> &[Extension] {
        &self.upgrade.extensions
    }

    /// Creates the connection, after the response has been sent. `rest` holds the bytes after the
    /// request that have already been read from `stream`. They belong to the first frames.
    #[must_use]
    pub fn into_websocket<S>(self, stream: S, rest: BytesMut) -> WebSocket<S> {
        let mut engine = Connection::server(self.config, now());
        #[cfg(feature = "deflate")]
        if let Some(negotiated) = &self.upgrade.deflate {
            engine = engine.with_deflate(negotiated);
        }
        engine.put_input(rest);
        let mut connection = WebSocket::new(stream, engine);
        if let Some(budget) = self.memory_budget {
            connection = connection.with_memory_budget(budget);
        }
        connection.with_negotiated(Negotiated {
            subprotocol: self.upgrade.subprotocol,
            extensions: self.upgrade.extensions,
            response: None,
        })
    }
}
