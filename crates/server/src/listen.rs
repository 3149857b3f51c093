//! Taking connections, and letting them go when the server stops.

use std::{sync::Arc, time::Duration};

use cli::Tracer;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use websocket::{
    ServerConfig,
    protocol::{Config, DeflateOptions, KeepAlive, Limits},
};

use crate::{args::Args, chat::Room, origin::OriginPolicy, route, stats::Stats, trace, wire::Wires};

/// What every connection's task needs to know.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) options: ServerConfig,
    pub(crate) origins: OriginPolicy,
    pub(crate) stats: Stats,
    pub(crate) room: Room,
    pub(crate) wires: Wires,
    pub(crate) write_timeout: Duration,
    pub(crate) tracer: Option<Tracer>,
    pub(crate) shutdown: CancellationToken,
}

/// Connections that are told 503 at the same time. More than that are dropped without a word: telling somebody that
/// there is no room takes room.
const TURNED_AWAY_AT_ONCE: usize = 64;

/// Serves until `shutdown`, then closes every connection and waits until they are gone, or the deadline has passed.
pub(crate) async fn serve(listener: TcpListener, args: Args, tracer: Option<Tracer>, shutdown: CancellationToken) {
    let shared = Arc::new(Shared {
        options: options(&args),
        origins: OriginPolicy::new(args.allow_origin),
        stats: Stats::new(),
        room: Room::default(),
        wires: Wires::new(),
        write_timeout: args.write_timeout,
        tracer,
        shutdown: shutdown.clone(),
    });
    let places = Arc::new(Semaphore::new(args.max_connections.min(Semaphore::MAX_PERMITS)));
    let turned_away = Arc::new(Semaphore::new(TURNED_AWAY_AT_ONCE));
    let tasks = TaskTracker::new();

    let pushing = shared.stats.push_every(args.interval);
    let accepting = async {
        loop {
            let stream = next_connection(&listener).await;
            if let Ok(place) = Arc::clone(&places).try_acquire_owned() {
                tasks.spawn(connection(stream, Arc::clone(&shared), place));
            } else if let Ok(place) = Arc::clone(&turned_away).try_acquire_owned() {
                tracing::warn!("all {} places are taken: a client is turned away", args.max_connections);
                tasks.spawn(turn_away(stream, Arc::clone(&shared), place));
            }
        }
    };
    tokio::select! {
        () = pushing => {}
        () = accepting => {}
        () = shutdown.cancelled() => {}
    }

    // New connections are refused by the system from here on.
    drop(listener);
    tasks.close();
    let left = tasks.len();
    // The engine gives each peer `close_timeout` to answer and as much again to close TCP. That is generous: one of them
    // is enough for a server that wants to end.
    if timeout(args.close_timeout, tasks.wait()).await.is_err() {
        tracing::warn!("{} of {left} connections did not close in time", tasks.len());
    }
}

fn options(args: &Args) -> ServerConfig {
    let limits = Limits { max_message_bytes: args.max_message, max_frame_bytes: args.max_message, ..Limits::DEFAULT };
    let keep_alive = Some(KeepAlive { interval: args.ping_interval, timeout: args.ping_interval });
    let config = Config { limits, close_timeout: args.close_timeout, keep_alive };
    // Without context takeover: with it, twenty thousand clients could make this server hold eight gigabytes.
    let deflate = args.deflate.then_some(DeflateOptions::FRUGAL);
    ServerConfig { config: config.into(), handshake_timeout: args.handshake_timeout, deflate }
}

async fn next_connection(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) => {
                // Mostly: no more file descriptors. They come back when a connection ends, so wait a little.
                tracing::error!("cannot take a connection: {error}");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// One connection, from its first byte to its last. It holds its place as long.
async fn connection(stream: TcpStream, shared: Arc<Shared>, _place: OwnedSemaphorePermit) {
    let Ok(peer) = stream.peer_addr() else { return };
    // Messages are written whole. Holding them back to fill a packet would only make them late.
    let _ = stream.set_nodelay(true);
    match &shared.tracer {
        None => route::connection(stream, peer, &shared).await,
        // Boxed, so that tasks are no larger for it when nobody watches.
        Some(tracer) => Box::pin(route::connection(trace::tap(tracer, stream, peer), peer, &shared)).await,
    }
}

async fn turn_away(stream: TcpStream, shared: Arc<Shared>, _place: OwnedSemaphorePermit) {
    if let Ok(incoming) = websocket::read_request(stream, &shared.options).await {
        let _ = incoming.respond(&route::full()).await;
    }
}
