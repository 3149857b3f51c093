//! One connection, from its request to its end.

use dissector::tap::Tapped;
use http::{Response, StatusCode};
use protocol::{CloseCode, Role, handshake::UpgradeOptions};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::Instant,
};
use websocket::{AcceptError, Incoming, WebSocket};

use crate::{
    break_rule, chat,
    closing::{HandlerResult, ServerClose, finish},
    echo,
    peer::Peer,
    route::{Decision, Route, Service, decide},
    state::ServerState,
    stats,
    wire::{self, Notes, Viewer, WireTap},
};

/// Serves a connection from its request to its end. The request must arrive by `deadline`.
pub(crate) async fn serve<S>(stream: S, peer: Peer, deadline: Instant, state: &ServerState)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    // Box this future, because a task is as large as the largest future it may ever hold. The box
    // is freed when `open` returns. Without the box, the task would hold the memory for the
    // handshake and for the less common handlers until the end of the conversation.
    if let Some((route, connection, peer)) = Box::pin(open(stream, peer, deadline, state)).await {
        converse(route, connection, &peer, state).await;
    }
}

/// Performs the opening handshake. Returns `None` if nothing is left to serve: the server is
/// stopping, the handshake failed, the request was rejected, the client was only loading the page,
/// or this function has already served one of the less common kinds of connection to its end. The
/// returned peer is the client, even if a trusted proxy has connected on its behalf.
async fn open<S>(stream: S, peer: Peer, deadline: Instant, state: &ServerState) -> Option<(Route, WebSocket<S>, Peer)>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let incoming = tokio::select! {
        incoming = websocket::read_request_until(stream, &state.config, deadline) => incoming,
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
    let path = incoming.request().path().to_owned();
    match decide(incoming.request(), &state.access, &state.taps) {
        Decision::Serve(service, None) => {
            let (route, connection) = start(service, incoming, None, &peer, state).await?;
            return Some((route, connection, peer));
        }
        Decision::Serve(service, Some(feed)) => {
            let limits = match &service {
                Service::Converse(route, _) => &state.config_for(*route).config.limits,
                Service::Break(_) => &state.config.config.limits,
            };
            let tap = WireTap::new(feed, incoming.request(), limits);
            let notes = tap.notes();
            let incoming = incoming.map_stream(|stream| Tapped::new(stream, Role::Server, tap));
            if let Some((route, connection)) = start(service, incoming, notes, &peer, state).await {
                converse(route, connection, &peer, state).await;
            }
        }
        Decision::View(viewer) => serve_viewer(incoming, viewer, &peer, state).await,
        Decision::Respond(response, why) => respond(incoming, &response, &peer, &path, &why).await,
    }
    None
}

/// Starts a service. Returns `None` if no connection is left to serve, because the response could
/// not be sent or because the service was one that breaks a rule. A service that breaks a rule uses
/// `notes` to report the verdict to the page that is viewing the stream, if there is one.
async fn start<S>(
    service: Service,
    incoming: Incoming<S>,
    notes: Option<Notes>,
    peer: &Peer,
    state: &ServerState,
) -> Option<(Route, WebSocket<S>)>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match service {
        Service::Converse(route, options) => match incoming.accept(options, state.config_for(route)).await {
            Ok(connection) => return Some((route, connection)),
            Err(error) => tracing::info!("{peer} not accepted on {}: {error}", route.path()),
        },
        Service::Break(fault) => {
            let patience = state.config.config.close_timeout;
            tokio::select! {
                () = break_rule::handle(incoming, fault, peer, patience, notes) => {}
                () = state.shutdown.cancelled() => {}
            }
        }
    }
    None
}

async fn respond<S>(incoming: Incoming<S>, response: &Response<String>, peer: &Peer, path: &str, why: &str)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    log_response(response.status(), peer, path, why);
    if let Err(error @ AcceptError::Io(_)) = incoming.respond(response).await {
        tracing::debug!("{peer}: {error}");
    }
}

/// Logs an ordinary HTTP response.
pub(crate) fn log_response(status: StatusCode, peer: &Peer, path: &str, why: &str) {
    if status.is_success() {
        tracing::debug!("{peer} gets {why}");
    } else {
        tracing::info!("{peer} rejected on {path} with {status}: {why}");
    }
}

/// Serves an open connection until the client closes it, the handler closes it, or the server
/// stops.
pub(crate) async fn converse<S>(route: Route, mut connection: WebSocket<S>, peer: &Peer, state: &ServerState)
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

/// Serves the connection on which a page views the frames of its other connection.
///
/// When the server stops, it does not close this connection directly. It closes the tapped
/// connection first, so that the page can view the closing handshake. The viewer's connection is
/// closed when the feed ends.
async fn serve_viewer<S>(incoming: Incoming<S>, viewer: Option<Viewer>, peer: &Peer, state: &ServerState)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match incoming.accept(UpgradeOptions::default(), &state.viewer_config).await {
        Ok(connection) => view(connection, viewer, peer, state).await,
        Err(error) => tracing::info!("{peer} not accepted on {}: {error}", wire::PATH),
    }
}

/// Serves the open connection of a viewer.
pub(crate) async fn view<S>(mut connection: WebSocket<S>, viewer: Option<Viewer>, peer: &Peer, state: &ServerState)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let result = match viewer {
        Some(mut viewer) => {
            tracing::info!("{peer} views the frames of another connection");
            wire::handle(&mut connection, &mut viewer, state.write_timeout, &state.shutdown).await
        }
        None => {
            let reason = "the server already shows as many connections as it can";
            Ok(Some(ServerClose { code: CloseCode::TRY_AGAIN_LATER, reason }))
        }
    };
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
