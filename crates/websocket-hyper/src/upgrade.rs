//! The server's side, which turns a request that hyper has parsed into an open connection.

use std::{
    fmt,
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::{Extensions, Request, Response};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use websocket::{
    AcceptError, ReceivedRequest, ServerConfig, ServerUpgrade, UpgradeOptions, UpgradeRequest, bytes::BytesMut,
};

use crate::{rejection::Rejection, stream::WebSocket};

/// Returns `true` if the request asks for an upgrade to WebSocket, even if the request is invalid.
/// Treat any other request as ordinary HTTP.
///
/// ```
/// # use http::Request;
/// let page = Request::get("/").body(())?;
/// assert!(!websocket_hyper::is_upgrade_request(&page));
/// # Ok::<(), http::Error>(())
/// ```
#[must_use]
pub fn is_upgrade_request<B>(request: &Request<B>) -> bool {
    received_request(request).wants_websocket()
}

/// Copies the head of a request, for your own checks. In HTTP/2, the copy includes the
/// pseudo-header `:protocol`, which hyper keeps among the request's extensions.
#[must_use]
pub fn received_request<B>(request: &Request<B>) -> ReceivedRequest {
    with_protocol(ReceivedRequest::from_head(request), request.extensions())
}

/// Adds the pseudo-header `:protocol`, if the request has one.
#[cfg_attr(not(feature = "http2"), expect(clippy::missing_const_for_fn, reason = "it is const only without HTTP/2"))]
pub(crate) fn with_protocol(request: ReceivedRequest, extensions: &Extensions) -> ReceivedRequest {
    #[cfg(feature = "http2")]
    if let Some(protocol) = extensions.get::<hyper::ext::Protocol>() {
        return request.with_protocol(protocol.as_str());
    }
    let _ = extensions;
    request
}

/// Accepts a WebSocket request with these options. Returns the response, which the service must
/// return, and a future that resolves to the connection.
///
/// The request is an HTTP/1.1 upgrade, and the response has status 101. With the feature `http2`,
/// the request may also be an HTTP/2 extended CONNECT, which is answered with status 200. The
/// server must allow it with `enable_connect_protocol` of hyper's `http2::Builder`.
///
/// hyper hands over the byte stream only after it has written the response, which the service must
/// return first. So await the future in a separate task. The server must be built with hyper's
/// `with_upgrades`; `axum::serve` already uses it.
///
/// **Decide whether to accept the request before you call this function.** If the service, or a
/// layer around it, replaces the response with another one, hyper still hands over the byte stream
/// when the HTTP connection ends. The future then completes too, even though the client was
/// rejected.
///
/// The options take precedence over `config`. [`ServerConfig::handshake_timeout`] has no effect:
/// hyper reads the request and writes the response, and has its own time-outs.
///
/// # Errors
/// - [`Rejection::Violation`] if the request is not a valid WebSocket request;
/// - [`Rejection::Usage`] if the options do not suit the request;
/// - [`Rejection::NotUpgradable`] if hyper does not offer to hand over the byte stream.
pub fn upgrade<B, R: Default>(
    request: &mut Request<B>,
    options: UpgradeOptions,
    config: &ServerConfig,
) -> Result<(Response<R>, UpgradeFuture), Rejection> {
    upgrade_with(request, config, |_| Ok(options))
}

/// Accepts or rejects a WebSocket request, depending on the result of `decide`. In all other
/// respects, this function behaves like [`upgrade`].
///
/// `decide` receives the client's offers. It is not called for an invalid request.
///
/// ```
/// use http_body_util::Full;
/// use hyper::{Request, Response, body::Bytes};
/// use websocket_hyper::{Rejection, UpgradeFuture, websocket::{ServerConfig, UpgradeOptions}};
///
/// fn upgrade<B>(request: &mut Request<B>) -> Result<(Response<Full<Bytes>>, UpgradeFuture), Rejection> {
///     websocket_hyper::upgrade_with(request, &ServerConfig::default(), |upgrade| {
///         let speaks_chat = upgrade.subprotocols().iter().any(|name| name == "chat");
///         Ok(if speaks_chat { UpgradeOptions::default().subprotocol("chat") } else { UpgradeOptions::default() })
///     })
/// }
/// ```
///
/// # Errors
/// As for [`upgrade`]. If `decide` rejects the request, returns [`Rejection::Rejected`] with the
/// response from `decide`.
pub fn upgrade_with<B, R, D>(
    request: &mut Request<B>,
    config: &ServerConfig,
    decide: D,
) -> Result<(Response<R>, UpgradeFuture), Rejection>
where
    R: Default,
    D: FnOnce(&UpgradeRequest<'_>) -> Result<UpgradeOptions, Response<String>>,
{
    let received = received_request(request);
    let accepted = received.check_upgrade().map_err(Rejection::Violation)?;
    let options = decide(&accepted).map_err(Rejection::Rejected)?;
    let upgrade = ServerUpgrade::new(&accepted, options, config).map_err(Rejection::Usage)?;
    let on_upgrade = request.extensions_mut().remove::<OnUpgrade>().ok_or(Rejection::NotUpgradable)?;
    Ok((upgrade.response(), UpgradeFuture::new(on_upgrade, upgrade)))
}

/// A future that resolves to the connection when hyper has written the response.
///
/// # Errors
/// [`AcceptError::Io`] if hyper does not hand over the byte stream: the service has failed, the
/// response could not be written, or the server was built without `with_upgrades`.
///
/// # Cancel safety
/// If the future is dropped, hyper closes the connection after the response.
#[must_use = "the connection opens only if this future is awaited"]
pub struct UpgradeFuture {
    on_upgrade: OnUpgrade,
    /// The accepted request, until hyper hands over the byte stream.
    upgrade: Option<ServerUpgrade>,
}

impl UpgradeFuture {
    pub(crate) const fn new(on_upgrade: OnUpgrade, upgrade: ServerUpgrade) -> Self {
        Self { on_upgrade, upgrade: Some(upgrade) }
    }
}

impl fmt::Debug for UpgradeFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpgradeFuture").field("upgrade", &self.upgrade).finish_non_exhaustive()
    }
}

impl Future for UpgradeFuture {
    type Output = Result<WebSocket, AcceptError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let upgraded = ready!(Pin::new(&mut self.on_upgrade).poll(cx));
        let upgraded = upgraded.map_err(|error| AcceptError::Io(io::Error::other(error)))?;
        let upgrade = self.upgrade.take().expect("a future is not polled after it is ready");
        // The stream also yields the bytes that hyper has already read after the head, so no bytes
        // are passed separately.
        Poll::Ready(Ok(upgrade.into_websocket(TokioIo::new(upgraded), BytesMut::new())))
    }
}
