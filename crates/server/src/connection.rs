//! One connection, from its request to its end.

use dissector::tap::Tapped;
use http::Response;
use protocol::{CloseCode, Role, handshake::UpgradeOptions};
use tokio::io::{AsyncRead, AsyncWrite};
use websocket::{AcceptError, Incoming, WebSocket};

use crate::{
    break_rule, chat,
    closing::{HandlerResult, ServerClose, finish},
    echo,
    peer::Peer,
    route::{Decision, Route, decide},
    state::ServerState,
    stats, wire,
};

/// Serves a connection from its request to its end.
pub(crate) async fn serve<S>(stream: S, peer: Peer, state: &ServerState)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    // Box this future, because a task is as large as the largest future it may ever hold. The box
    // is freed when `open` returns. Without the box, the task would hold the memory for the
    // handshake and for the less common handlers until the end of the conversation.
    if let Some((route, connection, peer)) = Box::pin(open(stream, peer, state)).await {
        converse(route, connection, &peer, state).await;
    }
}

/// Performs the opening handshake. Returns `None` if nothing is left to serve: the server is
/// stopping, the handshake failed, the request was rejected or loaded the page, or this function
/// has served one of the less common kinds of connections to its end. The peer that it returns is
/// the client, even if a trusted proxy has connected for it.
async fn open<S>(stream: S, peer: Peer, state: &ServerState) -> Option<(Route, WebSocket<S>, Peer)>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let incoming = tokio::select! {
        incoming = websocket::read_request(stream, &state.config) => incoming,
        () = state.shutdown.cancelled() => return None,
    };
    let incoming = match incoming {
        Ok(incoming) => incoming,
        Err(error) => {
            tracing::info!("{peer} not accepted: {error}");
            return None;
        }
    };
    let peer = state.trusted_proxies.client(peer, incoming.request().headers());
    let path = wire::hide_token(incoming.request().path()).to_owned();
    match decide(incoming.request(), &state.access, &state.taps) {
        Decision::Accept(route, options) => match incoming.accept(options, state.config_for(route)).await {
            Ok(connection) => return Some((route, connection, peer)),
            Err(error) => tracing::info!("{peer} not accepted on {path}: {error}"),
        },
        Decision::Tap => serve_tapped(incoming, &peer, state).await,
        Decision::View(viewer) => serve_viewer(incoming, viewer, &peer, state).await,
        Decision::Break(fault) => {
            let patience = state.config.config.close_timeout;
            tokio::select! {
                () = break_rule::handle(incoming, fault, &peer, patience) => {}
                () = state.shutdown.cancelled() => {}
            }
        }
        Decision::Respond(response, why) => respond(incoming, &response, &peer, &path, &why).await,
    }
    None
}

async fn respond<S>(incoming: Incoming<S>, response: &Response<String>, peer: &Peer, path: &str, why: &str)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let status = response.status();
    if status.is_success() {
        tracing::debug!("{peer} gets {why}");
    } else {
        tracing::info!("{peer} rejected on {path} with {status}: {why}");
    }
    if let Err(error @ AcceptError::Io(_)) = incoming.respond(response).await {
        tracing::debug!("{peer}: {error}");
    }
}

/// Serves an open connection until the client closes it, the handler closes it, or the server
/// stops.
async fn converse<S>(route: Route, mut connection: WebSocket<S>, peer: &Peer, state: &ServerState)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    tracing::info!("{peer} connected to {}", route.path());
    let handler = async {
        match route {
            Route::Stats => stats::handle(&mut connection, peer, &state.stats, state.write_timeout).await,
            Route::Echo => echo::handle(&mut connection).await,
            Route::Chat => {
                let deflate = state.config.deflate.as_ref();
                chat::handle(&mut connection, peer, &state.room, deflate, state.write_timeout).await
            }
        }
    };
    let result = unless_stopped(handler, state).await;
    finish(connection, result, peer).await;
}

/// Serves a client of `/?wire`, which wants to see its own frames: puts a tap on the connection if
/// one of the taps is free.
async fn serve_tapped<S>(incoming: Incoming<S>, peer: &Peer, state: &ServerState)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match state.taps.tap(incoming.request(), &state.config.config.limits) {
        Some((tap, token)) => {
            let incoming = incoming.map_stream(|stream| Tapped::new(stream, Role::Server, tap));
            serve_announced(incoming, Some(&token), peer, state).await;
        }
        None => serve_announced(incoming, None, peer, state).await,
    }
}

/// Serves a client of `/?wire`. The first message to the client contains the token for viewing its
/// frames, or `null` if no tap was free.
async fn serve_announced<S>(incoming: Incoming<S>, token: Option<&str>, peer: &Peer, state: &ServerState)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut connection = match incoming.accept(UpgradeOptions::default(), &state.config).await {
        Ok(connection) => connection,
        Err(error) => return tracing::info!("{peer} not accepted on /: {error}"),
    };
    tracing::info!("{peer} connected to /, and may view its own frames");
    let handler = async {
        connection.send(wire::announcement(token)).await?;
        stats::handle(&mut connection, peer, &state.stats, state.write_timeout).await
    };
    let result = unless_stopped(handler, state).await;
    finish(connection, result, peer).await;
}

/// Serves a page that views the frames of its other connection.
///
/// When the server stops, it does not close this connection directly. It closes the tapped
/// connection first, so that the page can view the closing handshake. The viewer's connection is
/// closed when the feed ends.
async fn serve_viewer<S>(incoming: Incoming<S>, mut viewer: wire::Viewer, peer: &Peer, state: &ServerState)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut connection = match incoming.accept(UpgradeOptions::default(), &state.viewer_config).await {
        Ok(connection) => connection,
        Err(error) => return tracing::info!("{peer} not accepted on /wire/...: {error}"),
    };
    tracing::info!("{peer} views the frames of another connection");
    let result = wire::handle(&mut connection, &mut viewer, state.write_timeout, &state.shutdown).await;
    finish(connection, result, peer).await;
}

async fn unless_stopped(handler: impl Future<Output = HandlerResult>, state: &ServerState) -> HandlerResult {
    tokio::select! {
        result = handler => result,
        () = state.shutdown.cancelled() => {
            Ok(Some(ServerClose { code: CloseCode::GOING_AWAY, reason: "the server is shutting down" }))
        }
    }
}
