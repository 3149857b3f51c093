//! Functions for tools that observe or imitate a connection between other endpoints: dissectors,
//! proxies, fault injectors and tests.
//!
//! Ordinary clients and servers need nothing from this module.

use crate::{
    extension::NegotiatedDeflate,
    handshake::{ClientHandshake, Extension, HandshakeViolation, ReceivedRequest},
    role::Role,
};

/// Makes a client's handshake expect the accept value for `key` instead of the value for its own
/// key.
///
/// A tool that observes the handshake of another client can then check the server's response to
/// that client.
#[must_use]
pub fn expect_answer_to(handshake: ClientHandshake, key: &str) -> ClientHandshake {
    handshake.expect_answer_to(key)
}

/// Returns all received bytes of a request, without a copy: the head, followed by the bytes that
/// [`ReceivedRequest::into_rest`] returns.
#[must_use]
pub fn received_bytes(request: &ReceivedRequest) -> &[u8] {
    request.received()
}

/// Returns the compression that two other endpoints have negotiated, from the point of view of the
/// endpoint whose role is `role`. Returns `None` if the endpoints do not use compression. `offered`
/// holds the elements of the request's `Sec-WebSocket-Extensions` header, and `accepted` holds the
/// elements of the response's header.
///
/// ```
/// use protocol::{Role, handshake::extensions::parse_line, observer::negotiated_deflate};
///
/// let offered = parse_line("permessage-deflate; client_max_window_bits").unwrap();
/// let accepted = parse_line("permessage-deflate; client_max_window_bits=10").unwrap();
/// assert!(negotiated_deflate(Role::Server, &offered, &accepted)?.is_some());
/// assert_eq!(negotiated_deflate(Role::Server, &offered, &[])?, None);
/// assert!(negotiated_deflate(Role::Server, &[], &accepted).is_err());
/// # Ok::<(), protocol::HandshakeViolation>(())
/// ```
///
/// # Errors
/// - [`HandshakeViolation::ExtensionConflict`] if `accepted` contains two extensions that use RSV1;
/// - [`HandshakeViolation::DeflateAnswerWrong`] if the response is invalid or matches no offer.
pub fn negotiated_deflate(
    role: Role,
    offered: &[Extension],
    accepted: &[Extension],
) -> Result<Option<NegotiatedDeflate>, HandshakeViolation> {
    NegotiatedDeflate::between_others(role, offered, accepted)
}
