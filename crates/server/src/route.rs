//! Decides how a request is served, but does not serve it.

use http::{HeaderValue, Method, Response, StatusCode, Version, header::ALLOW};
use laboratory::Fault;
use protocol::{
    HandshakeViolation,
    handshake::{ReceivedRequest, UpgradeOptions, UpgradeRequest, rejection},
};

use crate::{
    access::AccessPolicy,
    break_rule, chat, page,
    response::plain_text,
    wire::{self, FeedWriter, TapRegistry, Viewer},
};

/// A path on which ordinary WebSocket connections are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    Stats,
    Echo,
    Chat,
}

impl Route {
    const ALL: [Self; 3] = [Self::Stats, Self::Echo, Self::Chat];

    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Stats => "/",
            Self::Echo => "/echo",
            Self::Chat => "/chat",
        }
    }

    fn find(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|route| route.path() == path)
    }
}

/// A service for a client that has requested a WebSocket connection.
pub(crate) enum Service {
    Converse(Route, UpgradeOptions),
    /// Break a rule on the connection.
    Break(&'static Fault),
}

/// The decision about one request.
pub(crate) enum Decision {
    /// Serve the connection. If the client has requested a view of its frames, a tap writes them to
    /// this feed.
    Serve(Service, Option<FeedWriter>),
    /// Accept the connection, and send over it the records that a tap makes of another connection.
    /// With `None` (too many viewers), close this connection at once.
    View(Option<Viewer>),
    /// Send this HTTP response without upgrading the connection, and log this reason.
    Respond(Response<String>, String),
}

/// Decides how a request is served.
///
/// The order of the checks determines the error that a client sees: first whether this server
/// serves the host, then whether it allows the method, then whether the path exists, then whether
/// the upgrade is correct, then whether the client may connect.
pub(crate) fn decide(request: &ReceivedRequest, access: &AccessPolicy, taps: &TapRegistry) -> Decision {
    if let Err(why) = access.check_host(request) {
        return reject(StatusCode::MISDIRECTED_REQUEST, why);
    }
    if request.head().method() != Method::GET && !is_head(request) && !is_extended_connect(request) {
        let violation = HandshakeViolation::MethodNotGet(request.head().method().to_string());
        let mut response = rejection(&violation);
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return Decision::Respond(response, violation.to_string());
    }
    let path = request.path();
    let decision = if path == wire::PATH {
        check(request, access).map(|_| Decision::View(taps.viewer(request)))
    } else if let Some(name) = path.strip_prefix(break_rule::PATH) {
        decide_break(request, access, name).and_then(|service| serve(request, taps, service))
    } else if let Some(route) = Route::find(path) {
        decide_route(request, access, route).and_then(|service| serve(request, taps, service))
    } else if let Some(response) = page::file(path) {
        Ok(Decision::Respond(response, format!("{path} of the page")))
    } else {
        //= docs/src/rfc6455.md#section-4-2-2
        //# If the resource name matches no available service, the server MUST return an HTTP error,
        //# such as 404, and abort the handshake.
        let why = format!("nothing found at {path}; try /, /echo, /chat or {}", break_rule::PATH);
        Err(reject(StatusCode::NOT_FOUND, why))
    };
    decision.unwrap_or_else(|rejection| rejection)
}

/// Returns `true` if the request can be served only over HTTP/1.1, because it asks the server to
/// break a rule. Call this function before [`decide`], which would use up the request's tap token:
/// the client needs that token to repeat the request.
#[cfg(feature = "http2")]
pub(crate) fn needs_http1(request: &ReceivedRequest) -> bool {
    request.wants_websocket() && request.path().starts_with(break_rule::PATH)
}

/// Returns the decision to serve the connection, with a tap if the request contains a token for
/// one. If the token is invalid, rejects the request.
fn serve(request: &ReceivedRequest, taps: &TapRegistry, service: Service) -> Result<Decision, Decision> {
    let Some(token) = wire::token_in(request) else { return Ok(Decision::Serve(service, None)) };
    match taps.claim(token, request) {
        Some(feed) => Ok(Decision::Serve(service, Some(feed))),
        None => {
            let why = "no such token; a token works once, within seconds, and only for the page that it was made for";
            Err(reject(StatusCode::NOT_FOUND, why.to_owned()))
        }
    }
}

fn decide_break(request: &ReceivedRequest, access: &AccessPolicy, name: &str) -> Result<Service, Decision> {
    match break_rule::find(name) {
        Ok(fault) => {
            check(request, access)?;
            Ok(Service::Break(fault))
        }
        Err(list) => {
            let why = match name {
                "" => "the path names no rule".to_owned(),
                name => format!("there is no rule '{}'", name.escape_debug()),
            };
            Err(Decision::Respond(plain_text(StatusCode::NOT_FOUND, &list), why))
        }
    }
}

fn decide_route(request: &ReceivedRequest, access: &AccessPolicy, route: Route) -> Result<Service, Decision> {
    // The path `/` has two uses: a browser loads the page from it, and the page's script opens a
    // WebSocket to it. Respond with the page unless the request asks for a WebSocket. An upgrade in
    // a HEAD request is ignored, so HEAD also gets the page.
    if route == Route::Stats && (is_head(request) || !request.wants_websocket()) {
        return Err(Decision::Respond(page::response(), "the page".to_owned()));
    }
    let upgrade = check(request, access)?;
    let mut options = UpgradeOptions::default();
    if route == Route::Chat {
        if !upgrade.subprotocols().iter().any(|name| name == chat::SUBPROTOCOL) {
            let why = format!("/chat requires the client to offer the subprotocol '{}'", chat::SUBPROTOCOL);
            return Err(reject(StatusCode::BAD_REQUEST, why));
        }
        options = options.subprotocol(chat::SUBPROTOCOL);
    }
    Ok(Service::Converse(route, options))
}

/// Returns `true` if the method is HEAD. Such a request is treated like a GET without an upgrade,
/// even if it asks for one, and the response is sent without its body.
fn is_head(request: &ReceivedRequest) -> bool {
    request.head().method() == Method::HEAD
}

/// Returns whether the request asks for a WebSocket with an extended CONNECT (HTTP/2).
fn is_extended_connect(request: &ReceivedRequest) -> bool {
    request.head().version() == Version::HTTP_2 && request.wants_websocket()
}

/// Checks that a request is a valid upgrade from an acceptable origin, as every WebSocket
/// connection requires. If the request fails a check, returns its rejection.
fn check<'r>(request: &'r ReceivedRequest, access: &AccessPolicy) -> Result<UpgradeRequest<'r>, Decision> {
    let checked = if is_head(request) { Err(HandshakeViolation::UpgradeMissing) } else { request.check_upgrade() };
    let upgrade = checked.map_err(|violation| Decision::Respond(rejection(&violation), violation.to_string()))?;
    //= docs/src/rfc6455.md#section-10-2
    //# If the origin is not acceptable, the server SHOULD respond with the status 403.
    access.check_origin(request).map_err(|why| reject(StatusCode::FORBIDDEN, why))?;
    Ok(upgrade)
}

fn reject(status: StatusCode, why: String) -> Decision {
    Decision::Respond(plain_text(status, &why), why)
}
