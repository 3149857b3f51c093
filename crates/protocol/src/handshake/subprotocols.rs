//! `Sec-WebSocket-Protocol`: the subprotocols that a client offers (sections 4.1 and 11.3.4).

use std::collections::HashSet;

use http::{HeaderMap, header::SEC_WEBSOCKET_PROTOCOL};

use super::{grammar, violation::HandshakeViolation};

/// Returns the subprotocols that a request names, in the client's order of preference.
pub(super) fn subprotocols(headers: &HeaderMap) -> Result<Vec<String>, HandshakeViolation> {
    let mut names = Vec::new();
    let mut seen = HashSet::new();
    //= docs/src/rfc6455.md#section-11-3-4
    //# A request MAY have several `Sec-WebSocket-Protocol` headers.
    for line in grammar::lines(headers, &SEC_WEBSOCKET_PROTOCOL) {
        for name in line.ok_or(HandshakeViolation::SubprotocolMalformed)?.split(',') {
            let name = name.trim_matches([' ', '\t']);
            // Skip an empty element between two commas, which the list syntax allows.
            if name.is_empty() {
                continue;
            }
            if !grammar::is_token(name) {
                return Err(HandshakeViolation::SubprotocolMalformed);
            }
            // The comparison is case-sensitive, because the application defines these names.
            if !seen.insert(name) {
                return Err(HandshakeViolation::SubprotocolRepeated(name.to_owned()));
            }
            names.push(name.to_owned());
        }
    }
    //= docs/src/rfc6455.md#section-4-3
    //# `1#` is a comma-separated list of at least one element; empty elements and white space
    //# around elements are ignored.
    if names.is_empty() && headers.contains_key(SEC_WEBSOCKET_PROTOCOL) {
        return Err(HandshakeViolation::SubprotocolMalformed);
    }
    Ok(names)
}
