//! HTTP/2 inside TLS (ALPN `h2`): many requests share one connection, and each of them may open a
//! WebSocket connection on its own stream (RFC 8441). hyper reads and writes HTTP/2.
//!
//! ```text
//!   TLS ──▶ hyper ──┬── stream 1  GET /              ──▶ route ──▶ the page
//!                   ├── stream 3  CONNECT /          ──▶ route ──▶ a task: connection::converse
//!                   └── stream 5  CONNECT /break/... ──▶ RST_STREAM, HTTP_1_1_REQUIRED
//! ```
//!
//! `/break` can also break rules of the HTTP/1.1 handshake. An HTTP/2 request for it is therefore
//! reset with the error code that makes the client repeat the request in HTTP/1.1. The wire view
//! shows the frames of a stream but no heads, because HTTP/2 does not send heads as text.

use std::{
    convert::{Infallible, identity},
    future::ready,
    pin::pin,
    sync::Arc,
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use dissector::tap::Tapped;
use http::{
    Method, Request, Response,
    header::{CONNECTION, CONTENT_LENGTH, UPGRADE},
};
use http_body_util::Full;
use hyper::{body::Incoming, rt::Executor, server::conn::http2::Builder, service::service_fn};
use hyper_util::rt::TokioIo;
use protocol::{
    Role,
    handshake::{ReceivedRequest, UpgradeOptions},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{Notify, Semaphore, watch},
    time::{Instant, timeout, timeout_at},
};
use tokio_util::task::TaskTracker;
use websocket::{MemoryReservation, ServerConfig, ServerUpgrade, WebSocket, tls::ServerTlsStream};
use websocket_hyper::{Rejection, UpgradedStream, received_request};

use crate::{
    connection::{converse, log_response, view},
    peer::Peer,
    response::server_full,
    route::{Decision, Service, decide, needs_http1},
    small_writes::{MAX_WRITE, SmallWrites},
    state::ServerState,
    wire::WireTap,
};

/// The number of requests and WebSocket connections that one client may have open on one HTTP/2
/// connection. RFC 9113 recommends at least 100.
const MAX_STREAMS: u32 = 100;

/// The number of bytes that a client may send on one stream before a handler has read them: 64 KiB,
/// as on a TCP connection with a small receive buffer.
const STREAM_WINDOW: u32 = 64 << 10;

/// The number of bytes that a client may send on all streams together before handlers have read
/// them: 256 KiB. A stream that no handler reads can fill 64 KiB of this window, so even three such
/// streams do not block the others. Each connection takes the whole window from `--max-memory`, so
/// a larger window would mean fewer connections.
const CONNECTION_WINDOW: u32 = 4 * STREAM_WINDOW;

/// HTTP/2's initial flow-control window, in bytes. The window of a connection cannot be smaller.
const DEFAULT_WINDOW: u32 = (64 << 10) - 1;

/// The number of bytes that hyper buffers for one stream while the client's flow-control window is
/// full: 16 KiB. hyper may exceed this limit by up to four writes of [`MAX_WRITE`].
const SEND_BUFFER: usize = MAX_WRITE;

type Answer = Response<Full<Bytes>>;

/// The memory that an HTTP/2 connection may hold for bytes that no handler has read yet.
#[derive(Debug)]
pub(crate) struct Window {
    _reserved: Option<MemoryReservation>,
}

impl Window {
    /// Reserves the window's memory, which is taken from `--max-memory`. Returns `None` if less
    /// than half of `--max-memory` would then be left, because idle connections must not take the
    /// memory that messages need.
    pub(crate) fn reserve(state: &ServerState) -> Option<Self> {
        let Some(budget) = &state.config.memory_budget else { return Some(Self { _reserved: None }) };
        let window = CONNECTION_WINDOW as usize;
        if budget.available() < window + budget.total() / 2 {
            return None;
        }
        budget.try_reserve(window).map(|reserved| Self { _reserved: Some(reserved) })
    }
}

/// Returns `true` if the two endpoints have negotiated HTTP/2 inside TLS (ALPN). A client that does
/// not support ALPN speaks HTTP/1.1.
pub(crate) fn is_negotiated<S>(stream: &ServerTlsStream<S>) -> bool {
    stream.get_ref().1.alpn_protocol() == Some(b"h2")
}

/// Serves an HTTP/2 connection until the client ends it, the server stops, or no stream has been
/// open for `--handshake-timeout`. Each WebSocket connection takes one of `slots`.
pub(crate) async fn serve<S>(stream: S, peer: Peer, state: Arc<ServerState>, slots: &Arc<Semaphore>, window: Window)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let tasks = TaskTracker::new();
    let mut builder = builder(&state, &tasks);
    builder.initial_stream_window_size(STREAM_WINDOW).initial_connection_window_size(CONNECTION_WINDOW);

    let (open, mut watching) = watch::channel(0);
    let client = Arc::new(Client {
        peer: peer.clone(),
        state: Arc::clone(&state),
        slots: Arc::clone(slots),
        tasks: tasks.clone(),
        open,
    });
    let service = service_fn(move |request| ready(client.respond(request)));
    let ended = {
        let mut http = pin!(builder.serve_connection(TokioIo::new(stream), service));
        let limit = state.config.handshake_timeout;
        let ended = tokio::select! {
            ended = &mut http => Some(ended),
            () = idle(&mut watching, limit) => None,
            () = state.shutdown.cancelled() => None,
        };
        match ended {
            Some(ended) => ended,
            None => {
                // Tell the client to open no further streams, and let the open ones end. If the
                // client then keeps the connection open without a stream for the length of the time
                // limit, it is disconnected.
                http.as_mut().graceful_shutdown();
                tokio::select! {
                    ended = &mut http => ended,
                    () = idle(&mut watching, limit) => Ok(()),
                }
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!("{peer}: {error}");
    }
    // The streams have ended with the connection, so their handlers will end soon.
    tasks.close();
    tasks.wait().await;
    drop(window);
}

/// Rejects a client beyond the connection limit with 503. The response is in HTTP/2, because a
/// client that has negotiated HTTP/2 does not read a response in HTTP/1.1. The connection ends
/// after the response, or at the deadline if the client has sent no request.
pub(crate) async fn reject<S>(stream: S, deadline: Instant, state: &ServerState)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let answered = Notify::new();
    let service = service_fn(|request: Request<Incoming>| {
        answered.notify_one();
        ready(Ok::<_, Infallible>(ordinary(request.method(), server_full())))
    });
    let mut builder = builder(state, &TaskTracker::new());
    builder.initial_stream_window_size(DEFAULT_WINDOW).initial_connection_window_size(DEFAULT_WINDOW);
    let serving = async {
        let mut http = pin!(builder.serve_connection(TokioIo::new(stream), service));
        tokio::select! {
            _ = &mut http => return,
            () = answered.notified() => {}
        }
        // Requests that are already on their way are answered too.
        http.as_mut().graceful_shutdown();
        // Ignore the result, because the client may end the connection in any way.
        let _ = http.await;
    };
    // At the deadline, the connection is dropped, so the result does not matter.
    let _ = timeout_at(deadline, serving).await;
}

/// Returns a builder with the settings common to all connections. `tasks` tracks hyper's tasks.
fn builder(state: &ServerState, tasks: &TaskTracker) -> Builder<Tasks> {
    let limits = &state.config.config.limits;
    let mut builder = Builder::new(Tasks(tasks.clone()));
    builder
        .max_concurrent_streams(MAX_STREAMS)
        .max_send_buf_size(SEND_BUFFER)
        .max_header_list_size(u32::try_from(limits.max_head_bytes).unwrap_or(u32::MAX));
    // hyper sends this parameter only once, in its first SETTINGS frame.
    //= docs/src/rfc8441.md#section-3
    //# The value of `SETTINGS_ENABLE_CONNECT_PROTOCOL` MUST be 0 or 1.
    //= docs/src/rfc8441.md#section-3
    //# An endpoint that has sent the value 1 MUST NOT send the value 0 later.
    builder.enable_connect_protocol();
    builder
}

/// Waits until there have been no open streams for `limit`.
async fn idle(open: &mut watch::Receiver<usize>, limit: Duration) {
    loop {
        // An error would mean that the service has been dropped, and all its streams with it.
        let is_idle = open.wait_for(|open| *open == 0).await.is_ok();
        if !is_idle || timeout(limit, open.wait_for(|open| *open > 0)).await.is_err() {
            return;
        }
    }
}

/// Spawns hyper's tasks, one for each stream, so that they are tracked with the connection's other
/// tasks.
#[derive(Clone)]
struct Tasks(TaskTracker);

impl<F> Executor<F> for Tasks
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, future: F) {
        self.0.spawn(future);
    }
}

/// The client of one connection.
struct Client {
    peer: Peer,
    state: Arc<ServerState>,
    slots: Arc<Semaphore>,
    tasks: TaskTracker,
    /// The number of open streams.
    open: watch::Sender<usize>,
}

/// An open stream, which is counted until this value is dropped.
struct OpenStream(Arc<Client>);

impl OpenStream {
    fn new(client: &Arc<Client>) -> Self {
        client.open.send_modify(|open| *open += 1);
        Self(Arc::clone(client))
    }

    /// Answers a request for a WebSocket connection. If the request is accepted, starts a task for
    /// the connection, which takes a slot. `wrap` may wrap the stream in another one that observes
    /// its bytes.
    fn websocket<F, S>(
        self,
        mut request: Request<Incoming>,
        upgrade: Result<ServerUpgrade, Rejection>,
        peer: Peer,
        wrap: impl FnOnce(SmallWrites<UpgradedStream>) -> S + Send + 'static,
        conversation: impl FnOnce(WebSocket<S>, Peer) -> F + Send + 'static,
    ) -> Answer
    where
        F: Future<Output = ()> + Send,
    {
        let Ok(slot) = Arc::clone(&self.0.slots).try_acquire_owned() else {
            tracing::warn!("the limit on connections is reached: {peer} gets 503");
            return ordinary(request.method(), server_full());
        };
        let upgrade = match upgrade {
            Ok(upgrade) => upgrade,
            Err(rejection) => return rejection.into_response(),
        };
        let (response, opening) = (upgrade.response(), hyper::upgrade::on(&mut request));
        let tasks = self.0.tasks.clone();
        tasks.spawn(async move {
            match opening.await {
                Ok(upgraded) => {
                    let stream = wrap(SmallWrites(TokioIo::new(upgraded)));
                    conversation(upgrade.into_websocket(stream, BytesMut::new()), peer).await;
                }
                Err(error) => tracing::info!("{peer} not accepted: {error}"),
            }
            drop((self, slot));
        });
        response
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.open.send_modify(|open| *open -= 1);
    }
}

impl Client {
    /// Returns the response to one request. If the request opens a WebSocket connection, starts a
    /// task for it.
    fn respond(self: &Arc<Self>, request: Request<Incoming>) -> Result<Answer, h2::Error> {
        let open = OpenStream::new(self);
        let received = received_request(&request);
        let peer = self.state.trusted_proxies.client(self.peer.clone(), received.headers());
        if needs_http1(&received) {
            tracing::debug!("{peer} needs HTTP/1.1 for {}", received.path());
            return Err(h2::Reason::HTTP_1_1_REQUIRED.into());
        }
        let state = Arc::clone(&self.state);
        match decide(&received, &state.access, &state.taps) {
            Decision::Serve(Service::Converse(route, options), None) => {
                let upgrade = accept(&received, options, state.config_for(route));
                let conversation = async move |connection, peer: Peer| converse(route, connection, &peer, &state).await;
                Ok(open.websocket(request, upgrade, peer, identity, conversation))
            }
            Decision::Serve(Service::Converse(route, options), Some(feed)) => {
                let mut config = state.config_for(route).clone();
                // The tap starts only after the handshake, so it does not know the parameters that
                // it would need to inflate the messages. Disable compression for this connection.
                config.deflate = None;
                let upgrade = accept(&received, options, &config);
                let tap = WireTap::after_handshake(feed, &config.config.limits);
                let tapped = |stream| Tapped::new(stream, Role::Server, tap);
                let conversation = async move |connection, peer: Peer| converse(route, connection, &peer, &state).await;
                Ok(open.websocket(request, upgrade, peer, tapped, conversation))
            }
            Decision::View(viewer) => {
                let upgrade = accept(&received, UpgradeOptions::default(), &state.viewer_config);
                let conversation = async move |connection, peer: Peer| view(connection, viewer, &peer, &state).await;
                Ok(open.websocket(request, upgrade, peer, identity, conversation))
            }
            // A request to break a rule has already been reset above: see `needs_http1`.
            Decision::Serve(Service::Break(_), _) => Err(h2::Reason::HTTP_1_1_REQUIRED.into()),
            Decision::Respond(response, why) => {
                log_response(response.status(), &peer, received.path(), &why);
                Ok(ordinary(received.head().method(), response))
            }
        }
    }
}

/// Accepts a request for a WebSocket connection.
fn accept(
    request: &ReceivedRequest,
    options: UpgradeOptions,
    config: &ServerConfig,
) -> Result<ServerUpgrade, Rejection> {
    let upgrade = request.check_upgrade().map_err(Rejection::Violation)?;
    ServerUpgrade::new(&upgrade, options, config).map_err(Rejection::Usage)
}

/// Converts an ordinary response to HTTP/2: removes the header fields that HTTP/2 does not have,
/// and also the body if the method is HEAD.
fn ordinary(method: &Method, response: Response<String>) -> Answer {
    let (mut head, body) = response.into_parts();
    for name in [CONNECTION, UPGRADE] {
        head.headers.remove(name);
    }
    if *method == Method::HEAD {
        head.headers.insert(CONTENT_LENGTH, body.len().into());
        return Response::from_parts(head, Full::default());
    }
    Response::from_parts(head, body.into())
}
