//! The protocol that the client and the server speak inside TLS (ALPN, RFC 7301).
//!
//! The client offers protocols in the first message of the TLS handshake, and the server chooses
//! one of them. Without an offer, a server that also speaks HTTP/2 would have to guess the
//! protocol, so a WebSocket client offers HTTP/1.1.

/// The name of HTTP/1.1 in ALPN. This crate sends its opening requests in HTTP/1.1.
pub(super) const HTTP11: &[u8] = b"http/1.1";

/// Returns the ALPN protocols to use if a configuration names none.
pub(crate) fn default_protocols() -> Vec<Vec<u8>> {
    vec![HTTP11.to_vec()]
}
