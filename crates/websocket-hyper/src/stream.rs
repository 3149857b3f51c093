//! The byte stream that hyper hands over after the response.

use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;

/// The byte stream of an upgraded connection. It first returns the bytes that hyper has read after
/// the head.
pub type UpgradedStream = TokioIo<Upgraded>;

/// An open connection over the byte stream of an upgraded connection.
pub type WebSocket = websocket::WebSocket<UpgradedStream>;
