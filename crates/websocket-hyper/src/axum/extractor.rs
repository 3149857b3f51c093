//! The extractor, which turns a request into a response and a task for the connection.

use std::{borrow::Cow, fmt, future::Future, sync::Arc};

use axum_core::{
    Error,
    body::Body,
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, request::Parts};
use hyper::upgrade::OnUpgrade;
#[cfg(feature = "deflate")]
use websocket::DeflateOptions;
use websocket::{
    Config, KeepAlive, MemoryBudget, ReceivedRequest, ServerConfig, ServerUpgrade, UpgradeOptions, UsageError,
};

use super::socket::WebSocket;
use crate::{
    rejection::Rejection,
    upgrade::{UpgradeFuture, with_protocol},
};

/// An extractor that accepts WebSocket requests and rejects all others.
///
/// Browsers and other clients send GET over HTTP/1.1. Over HTTP/2, they send CONNECT, if the server
/// allows it. So route requests to the handler with `any`, or with `get` on a server without
/// HTTP/2.
///
/// The handler chooses the options, and returns the response from [`on_upgrade`](Self::on_upgrade).
#[must_use = "the connection opens only if the response of `on_upgrade` is returned"]
pub struct WebSocketUpgrade<F = DefaultOnFailedUpgrade> {
    /// A request that has passed all checks.
    request: ReceivedRequest,
    /// The subprotocols that the client offers, in its order of preference.
    requested_protocols: Vec<HeaderValue>,
    selected_protocol: Option<HeaderValue>,
    config: ServerConfig,
    options: UpgradeOptions,
    on_upgrade: OnUpgrade,
    on_failed_upgrade: F,
}

impl<F> fmt::Debug for WebSocketUpgrade<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketUpgrade")
            .field("request", &self.request)
            .field("selected_protocol", &self.selected_protocol)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// The methods of axum's own extractor.
impl<F> WebSocketUpgrade<F> {
    /// Sets the maximum size of a message's payload in bytes, after reassembly and decompression.
    /// The default is 16 MiB.
    pub fn max_message_size(self, max: usize) -> Self {
        self.with_config(|config| config.limits.max_message_bytes = max)
    }

    /// Sets the maximum size of a frame's payload in bytes. The default is 16 MiB.
    pub fn max_frame_size(self, max: usize) -> Self {
        self.with_config(|config| config.limits.max_frame_bytes = max)
    }

    /// Chooses the first of these subprotocols that the client offers, or no subprotocol. List them
    /// in the server's order of preference.
    pub fn protocols<I>(mut self, protocols: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<Cow<'static, str>>,
    {
        let offered = |name: Cow<'static, str>| self.requested_protocols.iter().find(|value| **value == *name).cloned();
        self.selected_protocol = protocols.into_iter().map(Into::into).find_map(offered);
        self
    }

    /// Returns the subprotocols offered by the client, in order of preference.
    pub fn requested_protocols(&self) -> impl Iterator<Item = &HeaderValue> {
        self.requested_protocols.iter()
    }

    /// Chooses a subprotocol. If the client did not offer it, the response has status 500.
    pub fn set_selected_protocol(&mut self, protocol: HeaderValue) {
        self.selected_protocol = Some(protocol);
    }

    /// Returns the chosen subprotocol.
    #[must_use]
    pub const fn selected_protocol(&self) -> Option<&HeaderValue> {
        self.selected_protocol.as_ref()
    }

    /// Sets a callback to run if the connection fails to open, either because hyper could not write
    /// the response or because the handler's options do not suit the request. The callback receives
    /// an error that holds an [`AcceptError`](websocket::AcceptError) or a [`UsageError`]. By
    /// default, the error is ignored.
    pub fn on_failed_upgrade<C: OnFailedUpgrade>(self, callback: C) -> WebSocketUpgrade<C> {
        let Self { request, requested_protocols, selected_protocol, config, options, on_upgrade, .. } = self;
        WebSocketUpgrade {
            request,
            requested_protocols,
            selected_protocol,
            config,
            options,
            on_upgrade,
            on_failed_upgrade: callback,
        }
    }

    /// Returns the response that accepts the request, and calls `callback` in a separate task when
    /// the connection is open.
    ///
    /// If the options do not suit the request, the response has status 500, and the callback of
    /// [`on_failed_upgrade`](Self::on_failed_upgrade) receives the reason.
    ///
    /// **Decide whether to accept the request before you call this method.** If the handler, or a
    /// layer around it, replaces the response with another one, hyper may still hand over the byte
    /// stream, and `callback` may be called even though the client was rejected.
    #[must_use = "the connection opens only if this response is returned"]
    pub fn on_upgrade<C, Fut>(mut self, callback: C) -> Response
    where
        C: FnOnce(WebSocket) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
        F: OnFailedUpgrade,
    {
        let upgrade = match self.accept() {
            Ok(upgrade) => upgrade,
            Err(error) => {
                let rejection = Rejection::Usage(error.clone());
                self.on_failed_upgrade.call(Error::new(error));
                return rejection.into_response();
            }
        };
        let response = upgrade.response::<Body>();
        let opening = UpgradeFuture::new(self.on_upgrade, upgrade);
        let (on_failed_upgrade, protocol) = (self.on_failed_upgrade, self.selected_protocol);
        tokio::spawn(async move {
            match opening.await {
                Ok(connection) => callback(WebSocket::new(connection, protocol)).await,
                Err(error) => on_failed_upgrade.call(Error::new(error)),
            }
        });
        response
    }

    /// Has no effect: the driver adapts the size of its reads to the traffic.
    #[deprecated = "has no effect: the driver adapts the size of its reads to the traffic"]
    pub fn read_buffer_size(self, _size: usize) -> Self {
        self
    }

    /// Has no effect: `send` and `flush` write everything, and `feed` writes once 320 KiB are
    /// queued.
    #[deprecated = "has no effect: `send` writes at once, and `feed` writes when 320 KiB are queued"]
    pub fn write_buffer_size(self, _size: usize) -> Self {
        self
    }

    /// Has no effect: a sender that is faster than its peer waits once 320 KiB are queued.
    #[deprecated = "has no effect: a sender that is faster than its peer waits"]
    pub fn max_write_buffer_size(self, _max: usize) -> Self {
        self
    }
}

/// The methods that axum's own extractor lacks.
impl<F> WebSocketUpgrade<F> {
    /// Returns the request.
    #[must_use]
    pub const fn request(&self) -> &ReceivedRequest {
        &self.request
    }

    /// Replaces the connection's whole configuration. Connections whose configurations are clones
    /// of one [`ServerConfig`] share that configuration's memory. Call this method before any
    /// method that changes part of the configuration, such as
    /// [`max_message_size`](Self::max_message_size).
    ///
    /// [`ServerConfig::handshake_timeout`] has no effect: the HTTP server has its own time-outs.
    pub fn server_config(mut self, config: ServerConfig) -> Self {
        self.config = config;
        self
    }

    /// Sends a Ping at each [interval](KeepAlive::interval), and fails the connection if the peer
    /// does not answer in time.
    pub fn keep_alive(self, keep_alive: KeepAlive) -> Self {
        self.with_config(|config| config.keep_alive = Some(keep_alive))
    }

    /// Compresses messages (permessage-deflate, RFC 7692) if the client offers compression.
    /// [`DeflateOptions`] describes the memory that compression needs.
    #[cfg(feature = "deflate")]
    pub fn deflate(mut self, options: DeflateOptions) -> Self {
        self.config.deflate = Some(options);
        self
    }

    /// Makes the connection take the memory for its messages from a budget that it shares with
    /// other connections.
    pub fn memory_budget(mut self, budget: MemoryBudget) -> Self {
        self.config.memory_budget = Some(budget);
        self
    }

    /// Adds a header field to the response, such as `Set-Cookie`.
    ///
    /// # Errors
    /// As for [`UpgradeOptions::header`].
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, UsageError> {
        self.options = self.options.header(name, value)?;
        Ok(self)
    }

    fn with_config(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(Arc::make_mut(&mut self.config.config));
        self
    }

    /// Accepts the request with the options that the handler has chosen.
    fn accept(&mut self) -> Result<ServerUpgrade, UsageError> {
        let mut options = std::mem::take(&mut self.options);
        if let Some(protocol) = &self.selected_protocol {
            let name = protocol.to_str().map_err(|_| UsageError::HeaderInvalid(format!("{protocol:?}")))?;
            options = options.subprotocol(name);
        }
        let request = self.request.check_upgrade().expect("the extractor has checked the request");
        ServerUpgrade::new(&request, options, &self.config)
    }
}

/// A callback that runs if the connection does not open. See
/// [`WebSocketUpgrade::on_failed_upgrade`].
pub trait OnFailedUpgrade: Send + 'static {
    /// Receives the reason.
    fn call(self, error: Error);
}

impl<F: FnOnce(Error) + Send + 'static> OnFailedUpgrade for F {
    fn call(self, error: Error) {
        self(error);
    }
}

/// Ignores the error. This is the default.
#[derive(Debug)]
#[non_exhaustive]
pub struct DefaultOnFailedUpgrade;

impl OnFailedUpgrade for DefaultOnFailedUpgrade {
    fn call(self, _: Error) {}
}

impl<S: Send + Sync> FromRequestParts<S> for WebSocketUpgrade {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        let request = with_protocol(ReceivedRequest::from_parts(parts), &parts.extensions);
        let upgrade = request.check_upgrade().map_err(Rejection::Violation)?;
        let requested_protocols = upgrade.subprotocols().iter();
        let requested_protocols =
            requested_protocols.map(|name| HeaderValue::from_str(name).expect("a token is a header value")).collect();
        Ok(Self {
            requested_protocols,
            selected_protocol: None,
            config: ServerConfig::default(),
            options: UpgradeOptions::default(),
            on_upgrade: parts.extensions.remove::<OnUpgrade>().ok_or(Rejection::NotUpgradable)?,
            on_failed_upgrade: DefaultOnFailedUpgrade,
            request,
        })
    }
}

/// Creates the response that [`Rejection::into_response`] describes.
impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        Self::into_response::<Body>(self)
    }
}
