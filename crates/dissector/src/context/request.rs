//! The facts about a request that are needed to dissect the response.

use http::{HeaderMap, Method, header};
use protocol::{
    Limits,
    handshake::{ClientHandshake, ClientRequest, Extension, Nonce, ReceivedRequest, extensions::parse_line},
    observer::expect_answer_to,
};

/// The parts of a request against which the response is checked.
#[derive(Debug, Clone)]
pub(crate) struct RequestContext {
    headers: HeaderMap,
    method: Method,
    wants_websocket: bool,
}

impl RequestContext {
    pub(crate) fn new(request: &ReceivedRequest) -> Self {
        let headers = request.headers().clone();
        // A request with WebSocket header fields but a faulty Upgrade field is treated as a
        // WebSocket request with a mistake. Otherwise, none of its mistakes would be reported.
        let has_websocket_headers = headers.keys().any(|name| name.as_str().starts_with("sec-websocket-"));
        let wants_websocket = request.wants_websocket() || has_websocket_headers;
        Self { headers, method: request.head().method().clone(), wants_websocket }
    }

    /// Returns `true` if the request asks for an upgrade to WebSocket.
    pub(crate) const fn wants_websocket(&self) -> bool {
        self.wants_websocket
    }

    /// Returns `true` if the method is HEAD. The response to a HEAD request has no body, whatever
    /// its header fields announce.
    pub(crate) fn is_head(&self) -> bool {
        self.method == Method::HEAD
    }

    /// Returns the extensions that the client offered.
    pub(crate) fn extensions(&self) -> Vec<Extension> {
        extensions_of(&self.headers)
    }

    /// Returns the key, if the request has exactly one.
    pub(crate) fn key(&self) -> Option<&str> {
        let mut lines = self.headers.get_all(header::SEC_WEBSOCKET_KEY).iter();
        match (lines.next(), lines.next()) {
            (Some(key), None) => key.to_str().ok().map(str::trim),
            _ => None,
        }
    }

    /// Creates a client handshake that is ready to validate the response to this request. Returns
    /// `None` if the request does not have exactly one key, or if its list of subprotocols is not
    /// text.
    pub(crate) fn client(&self, limits: &Limits) -> Option<ClientHandshake> {
        // Any URI will do here, because the validity of the response does not depend on it.
        let mut request = ClientRequest::new("ws://observed.invalid/".parse().ok()?);
        for line in self.headers.get_all(header::SEC_WEBSOCKET_PROTOCOL) {
            for name in line.to_str().ok()?.split(',').map(str::trim).filter(|name| !name.is_empty()) {
                // Skip an invalid or repeated name, so that the other names still count as offered.
                request = request.clone().subprotocol(name).unwrap_or(request);
            }
        }
        for extension in self.extensions() {
            request = request.extension(extension);
        }
        let handshake = request.handshake(Nonce([0; 16]), limits.clone());
        Some(expect_answer_to(handshake, self.key()?))
    }
}

/// Returns the extensions that these header fields offer or accept. Malformed lines are skipped.
pub(crate) fn extensions_of(headers: &HeaderMap) -> Vec<Extension> {
    let lines = headers.get_all(header::SEC_WEBSOCKET_EXTENSIONS);
    lines.iter().filter_map(|line| parse_line(line.to_str().ok()?)).flatten().collect()
}
