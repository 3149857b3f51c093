//! Accepts connections, performs the TLS handshake if this server has a certificate, and closes the
//! connections when the server stops.

use std::{sync::Arc, time::Duration};

use cli::Tracer;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep, timeout, timeout_at},
};
use tokio_util::task::TaskTracker;
use websocket::tls::ServerTls;

#[cfg(feature = "http2")]
use crate::http2;
use crate::{
    connection,
    listener::{Listener, Socket},
    peer::Peer,
    proxies, response,
    state::ServerState,
    tls::TlsListener,
    trace::ConnectionTracer,
};

/// The maximum number of connections that are rejected with 503 at the same time. Further
/// connections are dropped without a response, because even a rejection takes memory and a task.
const MAX_REJECTIONS: usize = 64;

/// The slot that an open connection holds. The number of slots is the limit on connections.
struct Slot {
    _own: OwnedSemaphorePermit,
    /// The slots for further WebSocket connections on the same TCP connection.
    #[cfg_attr(not(feature = "http2"), expect(dead_code, reason = "only HTTP/2 has such connections"))]
    slots: Arc<Semaphore>,
}

/// Serves until `state.shutdown` is cancelled. Then waits until every connection is closed, or
/// until the time limit for closing has passed.
pub(crate) async fn serve(
    mut listener: Listener,
    tls: Option<TlsListener>,
    state: Arc<ServerState>,
    push_interval: Duration,
    max_connections: usize,
    tracer: Option<Tracer>,
) {
    let slots = Arc::new(Semaphore::new(max_connections.min(Semaphore::MAX_PERMITS)));
    let rejection_slots = Arc::new(Semaphore::new(MAX_REJECTIONS));
    let tasks = TaskTracker::new();

    let pushing = state.stats.push_every(push_interval);
    let (tls, mut certificate) = tls.map(|TlsListener { tls, source }| (tls, source)).unzip();
    let keeping_certificate = async {
        match (&tls, &mut certificate) {
            (Some(tls), Some(certificate)) => certificate.keep_current(tls).await,
            _ => std::future::pending().await,
        }
    };
    let accepting = async {
        loop {
            let (stream, peer) = next_connection(&mut listener).await;
            if let Ok(slot) = Arc::clone(&slots).try_acquire_owned() {
                let slot = Slot { _own: slot, slots: Arc::clone(&slots) };
                tasks.spawn(serve_connection(stream, peer, tls.clone(), Arc::clone(&state), tracer.clone(), slot));
            } else if let Ok(slot) = Arc::clone(&rejection_slots).try_acquire_owned() {
                tracing::warn!("the limit of {max_connections} connections is reached: a client gets 503");
                tasks.spawn(reject_connection(stream, peer, tls.clone(), Arc::clone(&state), slot));
            }
        }
    };
    tokio::select! {
        () = pushing => {}
        () = keeping_certificate => {}
        () = accepting => {}
        () = state.shutdown.cancelled() => {}
    }

    // Close the listening socket, so that the operating system refuses new connections.
    drop(listener);
    tasks.close();
    let open = tasks.len();
    // The engine allows each peer `close_timeout` to answer the server's Close, and the same time
    // again to close the TCP connection. A server that is stopping should not take twice as long as
    // `--close-timeout` states, so it waits for `close_timeout` only once.
    if timeout(state.config.config.close_timeout, tasks.wait()).await.is_err() {
        tracing::warn!("{} of {open} connections did not close in time", tasks.len());
    }
}

async fn next_connection(listener: &mut Listener) -> (Socket, Peer) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) => {
                // Accepting a connection usually fails because the process has run out of file
                // descriptors, and it gets one back only when a connection ends. Until then, every
                // further attempt fails, so wait a little instead of retrying in a busy loop.
                tracing::error!("cannot accept a connection: {error}");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Serves one connection from its first byte to its last, and holds `slot` until the end.
async fn serve_connection(
    mut stream: Socket,
    peer: Peer,
    tls: Option<ServerTls>,
    state: Arc<ServerState>,
    tracer: Option<Tracer>,
    slot: Slot,
) {
    // The proxy's header, the TLS handshake and the request share one deadline.
    let deadline = Instant::now() + state.config.handshake_timeout;
    let Some(peer) = client_of(&mut stream, peer, deadline, &state).await else { return };
    let tracing = tracer.map(|tracer| ConnectionTracer::new(tracer, &stream, peer.clone()));
    // Box the less common futures, so that the tasks of a server without TLS and without tracing do
    // not reserve memory for them.
    match (tls, tracing) {
        (None, None) => connection::serve(stream, peer, deadline, &state).await,
        (None, Some(tracing)) => Box::pin(serve_http(stream, peer, deadline, Some(tracing), &state)).await,
        (Some(tls), tracing) => Box::pin(serve_tls(stream, peer, deadline, tls, tracing, &state, &slot)).await,
    }
}

/// Returns the client of a connection. With `--proxy-protocol`, this is the client that the proxy's
/// header names. Otherwise, or if the header names none, it is `peer`. Returns `None` if no valid
/// header arrives in time, if the proxy is not trusted, or if the server stops first.
async fn client_of(stream: &mut Socket, peer: Peer, deadline: Instant, state: &ServerState) -> Option<Peer> {
    if !state.proxy_protocol {
        return Some(peer);
    }
    if !state.trusted_proxies.is_empty() && !state.trusted_proxies.trusts(&peer) {
        tracing::info!("{peer} not accepted: --trust-proxy does not list it, so its PROXY header does not count");
        return None;
    }
    // Box this future, so that its memory is freed when it completes. Otherwise, the task would
    // hold that memory until the end of the conversation.
    let reading = Box::pin(timeout_at(deadline, proxies::read_header(stream)));
    let header = tokio::select! {
        header = reading => header,
        () = state.shutdown.cancelled() => return None,
    };
    match header {
        Ok(Ok(Some(client))) => Some(peer.told_of(client.ip(), &client)),
        Ok(Ok(None)) => Some(peer),
        Ok(Err(error)) => {
            tracing::info!("{peer} not accepted: the connection does not begin with a PROXY header ({error})");
            None
        }
        Err(_) => {
            tracing::info!("{peer} not accepted: its PROXY header did not arrive in time");
            None
        }
    }
}

/// Performs the TLS handshake, and then serves the connection in the negotiated version of HTTP.
async fn serve_tls(
    stream: Socket,
    peer: Peer,
    deadline: Instant,
    tls: ServerTls,
    tracing: Option<ConnectionTracer>,
    state: &Arc<ServerState>,
    #[cfg_attr(not(feature = "http2"), expect(unused_variables, reason = "HTTP/1.1 needs no further slots"))]
    slot: &Slot,
) {
    let tls = tls.handshake_timeout(deadline.saturating_duration_since(Instant::now()));
    #[cfg(feature = "http2")]
    let window = http2::Window::reserve(state);
    // If the memory budget has no room for an HTTP/2 window, offer only HTTP/1.1 in ALPN.
    #[cfg(feature = "http2")]
    let tls = if window.is_some() { tls } else { tls.alpn_protocols(&["http/1.1"]) };
    let accepted = tokio::select! {
        accepted = tls.accept(stream) => accepted,
        () = state.shutdown.cancelled() => return,
    };
    match accepted {
        Ok(stream) => {
            // Box the stream, because rustls keeps all its state in it, and every future that takes
            // the stream would reserve memory for a copy.
            let stream = Box::new(stream);
            #[cfg(feature = "http2")]
            if let (true, Some(window)) = (http2::is_negotiated(&stream), window) {
                return Box::pin(http2::serve(stream, peer, Arc::clone(state), &slot.slots, window)).await;
            }
            serve_http(stream, peer, deadline, tracing, state).await;
        }
        Err(error) => tracing::info!("{peer} not accepted: {error}"),
    }
}

/// Serves HTTP/1.1, and the WebSocket connection that may follow. Tracing records the bytes of
/// `stream`, which are already decrypted if TLS is in use.
async fn serve_http<S>(stream: S, peer: Peer, deadline: Instant, tracing: Option<ConnectionTracer>, state: &ServerState)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match tracing {
        None => connection::serve(stream, peer, deadline, state).await,
        Some(tracing) => connection::serve(tracing.tap(stream), peer, deadline, state).await,
    }
}

async fn reject_connection(
    mut stream: Socket,
    peer: Peer,
    tls: Option<ServerTls>,
    state: Arc<ServerState>,
    _slot: OwnedSemaphorePermit,
) {
    let deadline = Instant::now() + state.config.handshake_timeout;
    if client_of(&mut stream, peer, deadline, &state).await.is_none() {
        return;
    }
    match tls {
        None => reject(stream, deadline, &state).await,
        Some(tls) => {
            let tls = tls.handshake_timeout(deadline.saturating_duration_since(Instant::now()));
            if let Ok(stream) = tls.accept(stream).await {
                #[cfg(feature = "http2")]
                if http2::is_negotiated(&stream) {
                    return http2::reject(stream, deadline, &state).await;
                }
                reject(stream, deadline, &state).await;
            }
        }
    }
}

async fn reject<S>(stream: S, deadline: Instant, state: &ServerState)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if let Ok(incoming) = websocket::read_request_until(stream, &state.config, deadline).await {
        let _ = incoming.respond(&response::server_full()).await;
    }
}
