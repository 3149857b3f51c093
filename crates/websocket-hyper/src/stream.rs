//! The byte stream that hyper hands over after the response.

use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;

/// The byte stream of an upgraded connection or of one HTTP/2 stream. It first returns the bytes
/// that hyper has read after the head.
///
/// In HTTP/2, hyper sends `END_STREAM` when the stream is shut down, and cancels the stream if it
/// is dropped without having been shut down. If the peer cancels the stream, reading returns the
/// end of the stream. If the peer resets the stream for another reason, reading returns an error
/// that names the reason.
//= docs/src/rfc8441.md#section-5
//# After the response, both ends SHOULD speak WebSocket on the stream as they would on a TCP
//# connection.
//= docs/src/rfc8441.md#section-5
//# Where RFC 6455 ends one direction of the TCP connection, an endpoint MUST send the flag
//# `END_STREAM`.
//= docs/src/rfc8441.md#section-5
//# Where RFC 6455 resets the TCP connection, an endpoint MUST send the frame `RST_STREAM` with the
//# error code `CANCEL`.
pub type UpgradedStream = TokioIo<Upgraded>;

/// An open connection over the byte stream of an upgraded connection.
pub type WebSocket = websocket::WebSocket<UpgradedStream>;
