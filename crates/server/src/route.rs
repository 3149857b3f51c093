//! From a request to what answers it.

use std::net::SocketAddr;

use dissector::tap::Tapped;
use http::{
    HeaderValue, Method, Response, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER},
};
use laboratory::Fault;
use tokio::io::{AsyncRead, AsyncWrite};
use websocket::{
    AcceptError, Incoming, WebSocket,
    protocol::{
        CloseCode, Role, Violation,
        handshake::{ReceivedRequest, UpgradeOptions, UpgradeRequest, rejection},
    },
};

use crate::{
    breaking, chat, echo,
    ending::{Ending, Goodbye, part},
    listen::Shared,
    page, stats, wire,
};

/// What there is on this server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route {
    Stats,
    Echo,
    Chat,
}

impl Route {
    fn of(request: &ReceivedRequest) -> Option<Self> {
        match request.path() {
            "/" => Some(Self::Stats),
            "/echo" => Some(Self::Echo),
            "/chat" => Some(Self::Chat),
            _ => None,
        }
    }
}

/// One connection from its request to its end.
pub(crate) async fn connection<S>(stream: S, peer: SocketAddr, shared: &Shared)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    // Boxed, because a task is as large as the largest thing it may ever do: an hour of conversation should not hold on to
    // the room for its handshake, nor for what only few connections are made for.
    if let Some((route, connection)) = Box::pin(open(stream, peer, shared)).await {
        converse(route, connection, peer, shared).await;
    }
}

/// The opening handshake, and all that is over with it: refusals, the page, connections of the rarer kinds.
async fn open<S>(stream: S, peer: SocketAddr, shared: &Shared) -> Option<(Route, WebSocket<S>)>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let incoming = tokio::select! {
        incoming = websocket::read_request(stream, &shared.options) => incoming,
        () = shared.shutdown.cancelled() => return None,
    };
    let incoming = match incoming {
        Ok(incoming) => incoming,
        Err(error) => {
            tracing::info!("{peer} not accepted: {error}");
            return None;
        }
    };
    let path = wire::without_token(incoming.request().path()).to_owned();
    match decide(incoming.request(), shared) {
        Decision::Accept(route, upgrade, acceptance) => {
            match incoming.accept(upgrade, acceptance, &shared.options).await {
                Ok(connection) => return Some((route, connection)),
                Err(error) => tracing::info!("{peer} not accepted on {path}: {error}"),
            }
        }
        Decision::Tap(upgrade) => tapped(incoming, upgrade, peer, shared).await,
        Decision::Show(upgrade, viewer) => show(incoming, upgrade, viewer, peer, shared).await,
        Decision::Break(experiment, upgrade) => {
            let breaking = breaking::converse(incoming, upgrade, experiment, peer, shared.options.config.close_timeout);
            tokio::select! {
                () = breaking => {}
                () = shared.shutdown.cancelled() => {}
            }
        }
        Decision::Answer(response, why) => answer(incoming, &response, peer, &path, &why).await,
    }
    None
}

enum Decision {
    Accept(Route, UpgradeRequest, UpgradeOptions),
    /// As `Accept` for the stats, with a tap on the connection.
    Tap(UpgradeRequest),
    /// Somebody comes to see what such a tap sees.
    Show(UpgradeRequest, wire::Viewer),
    /// A rule to be broken.
    Break(&'static Fault, UpgradeRequest),
    /// An ordinary HTTP response, and the reason for the log.
    Answer(Response<String>, String),
}

/// The order matters to whoever reads the answer: first what is asked for, then whether it is asked for rightly, then
/// whether they may have it.
fn decide(request: &ReceivedRequest, shared: &Shared) -> Decision {
    if request.head().method() == Method::GET && wire::token(request.path()).is_some() {
        return permit(request, shared).map_or_else(
            |decision| decision,
            |upgrade| match shared.wires.claim(request) {
                Some(viewer) => Decision::Show(upgrade, viewer),
                None => {
                    let why = "there is no such wire; a token works once, within seconds, and for its own page only";
                    Decision::Answer(text(StatusCode::NOT_FOUND, why), why.to_owned())
                }
            },
        );
    }
    if request.head().method() == Method::GET
        && let Some(name) = request.path().strip_prefix(breaking::PATH)
    {
        return match breaking::fault(name) {
            Ok(experiment) => {
                permit(request, shared).map_or_else(|decision| decision, |upgrade| Decision::Break(experiment, upgrade))
            }
            Err(list) => Decision::Answer(
                text(StatusCode::NOT_FOUND, &list),
                format!("there is no rule '{}'", name.escape_debug()),
            ),
        };
    }
    let Some(route) = Route::of(request).filter(|_| request.head().method() == Method::GET) else {
        return not_found_or_not_allowed(request);
    };
    if route == Route::Stats && !request.wants_websocket() {
        return Decision::Answer(page::response(), "the page".to_owned());
    }
    let upgrade = match permit(request, shared) {
        Ok(upgrade) => upgrade,
        Err(decision) => return decision,
    };
    let mut acceptance = UpgradeOptions::default();
    if route == Route::Chat {
        if !upgrade.subprotocols().iter().any(|name| name == chat::SUBPROTOCOL) {
            let why = format!("/chat needs the subprotocol '{}' to be offered", chat::SUBPROTOCOL);
            return Decision::Answer(text(StatusCode::BAD_REQUEST, &why), why);
        }
        acceptance.subprotocol = Some(chat::SUBPROTOCOL.to_owned());
    }
    if wire::is_asked_for(request) {
        return Decision::Tap(upgrade);
    }
    Decision::Accept(route, upgrade, acceptance)
}

/// What every route asks of a request; the error is the answer to one that falls short of it.
fn permit(request: &ReceivedRequest, shared: &Shared) -> Result<UpgradeRequest, Decision> {
    let upgrade =
        request.check_upgrade().map_err(|violation| Decision::Answer(rejection(&violation), violation.to_string()))?;
    //= docs/src/rfc6455.md#section-10-2
    //# If the origin will not do, the server SHOULD answer with the status 403.
    shared.origins.check(request).map_err(|why| Decision::Answer(text(StatusCode::FORBIDDEN, &why), why))?;
    Ok(upgrade)
}

fn not_found_or_not_allowed(request: &ReceivedRequest) -> Decision {
    let method = request.head().method();
    if method != Method::GET {
        let violation = Violation::MethodNotGet(method.to_string());
        return Decision::Answer(rejection(&violation), violation.to_string());
    }
    //= docs/src/rfc6455.md#section-4-2-2
    //# If there is no such service, the server MUST answer with an HTTP error, such as 404, and end the handshake.
    let why = format!("there is nothing at {}; try /, /echo, /chat or {}", request.path(), breaking::PATH);
    Decision::Answer(text(StatusCode::NOT_FOUND, &why), why)
}

async fn answer<S>(incoming: Incoming<S>, response: &Response<String>, peer: SocketAddr, path: &str, why: &str)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let status = response.status();
    if status.is_success() {
        tracing::debug!("{peer} gets {why}");
    } else {
        tracing::info!("{peer} refused on {path} with {status}: {why}");
    }
    if let Err(error @ AcceptError::Io(_)) = incoming.respond(response).await {
        tracing::debug!("{peer}: {error}");
    }
}

/// A plain-text response.
fn text(status: StatusCode, line: &str) -> Response<String> {
    let mut response = Response::new(format!("{line}\n"));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

/// The answer when all places are taken.
pub(crate) fn full() -> Response<String> {
    let mut response = text(StatusCode::SERVICE_UNAVAILABLE, "all places are taken, try again later");
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
    response
}

/// A client of the stats that wants to see its wire: there is a tap on its connection from here on, if there is one left.
async fn tapped<S>(incoming: Incoming<S>, upgrade: UpgradeRequest, peer: SocketAddr, shared: &Shared)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match shared.wires.tap(incoming.request(), &shared.options.config.limits) {
        Some((tap, token)) => {
            let incoming = incoming.map_stream(|stream| Tapped::new(stream, Role::Server, tap));
            announced(incoming, upgrade, Some(&token), peer, shared).await;
        }
        None => announced(incoming, upgrade, None, peer, shared).await,
    }
}

/// A client of the stats that is told first where its wire can be seen.
async fn announced<S>(
    incoming: Incoming<S>,
    upgrade: UpgradeRequest,
    token: Option<&str>,
    peer: SocketAddr,
    shared: &Shared,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut connection = match incoming.accept(upgrade, UpgradeOptions::default(), &shared.options).await {
        Ok(connection) => connection,
        Err(error) => return tracing::info!("{peer} not accepted on /: {error}"),
    };
    tracing::info!("{peer} connected to /, and may see its wire");
    let conversation = async {
        connection.send(wire::announcement(token)).await?;
        stats::converse(&mut connection, peer, shared).await
    };
    let ending = unless_stopped(conversation, shared).await;
    part(connection, ending, peer).await;
}

/// A page that looks at the wire of its other connection. It is not told to go when the server stops: the other one is, and
/// should be seen to go; this one follows it.
async fn show<S>(
    incoming: Incoming<S>,
    upgrade: UpgradeRequest,
    mut viewer: wire::Viewer,
    peer: SocketAddr,
    shared: &Shared,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut connection = match incoming.accept(upgrade, UpgradeOptions::default(), &shared.options).await {
        Ok(connection) => connection,
        Err(error) => return tracing::info!("{peer} not accepted on /wire/...: {error}"),
    };
    tracing::info!("{peer} looks at a wire");
    let ending = wire::converse(&mut connection, &mut viewer, shared).await;
    part(connection, ending, peer).await;
}

/// An open connection, until it is closed: by the client, by the route's own decision, or because the server stops.
async fn converse<S>(route: Route, mut connection: WebSocket<S>, peer: SocketAddr, shared: &Shared)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let path = ["/", "/echo", "/chat"][route as usize];
    tracing::info!("{peer} connected to {path}");
    let conversation = async {
        match route {
            Route::Stats => stats::converse(&mut connection, peer, shared).await,
            Route::Echo => echo::converse(&mut connection).await,
            Route::Chat => chat::converse(&mut connection, peer, shared).await,
        }
    };
    let ending = unless_stopped(conversation, shared).await;
    part(connection, ending, peer).await;
}

async fn unless_stopped(conversation: impl Future<Output = Ending>, shared: &Shared) -> Ending {
    tokio::select! {
        ending = conversation => ending,
        () = shared.shutdown.cancelled() => Ok(Some(Goodbye { code: CloseCode::GOING_AWAY, reason: "the server stops" })),
    }
}
