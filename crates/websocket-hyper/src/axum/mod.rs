//! An extractor for axum 0.8, with the same interface as axum's own module `axum::extract::ws`.
//!
//! To move an application from axum's own extractor to this one, change the import:
//!
//! ```
//! use axum::{Router, response::Response, routing::any};
//! // before: use axum::extract::ws::{WebSocket, WebSocketUpgrade};
//! use websocket_hyper::axum::{WebSocket, WebSocketUpgrade};
//!
//! async fn handler(upgrade: WebSocketUpgrade) -> Response {
//!     upgrade.on_upgrade(echo)
//! }
//!
//! async fn echo(mut socket: WebSocket) {
//!     while let Some(Ok(message)) = socket.recv().await {
//!         if socket.send(message).await.is_err() {
//!             return;
//!         }
//!     }
//! }
//!
//! let app: Router = Router::new().route("/", any(handler));
//! ```
//!
//! The extractor offers features that axum's own extractor lacks: compression, keep-alive, a memory
//! budget for all connections, a close that waits for the peer, and messages that are encoded once
//! for many clients.
//!
//! ```
//! use std::time::Duration;
//!
//! use axum::response::Response;
//! use websocket_hyper::{
//!     axum::WebSocketUpgrade,
//!     websocket::{CloseCode, DeflateOptions, KeepAlive, Message, PreparedMessage},
//! };
//!
//! async fn handler(upgrade: WebSocketUpgrade) -> Response {
//!     let keep_alive = KeepAlive { interval: Duration::from_secs(30), timeout: Duration::from_secs(10) };
//!     upgrade.deflate(DeflateOptions::default()).keep_alive(keep_alive).on_upgrade(|mut socket| async move {
//!         let news = PreparedMessage::new(&Message::text("the same bytes for every client"));
//!         let _ = socket.send_prepared(&news).await;
//!         let info = socket.close_and_wait(CloseCode::NORMAL, "that was all").await;
//!         println!("{info:?}");
//!     })
//! }
//! ```
//!
//! [`WebSocket::into_inner`] returns the underlying connection, which has all the methods of the
//! crate [`websocket`].
//!
//! # Differences from axum's own extractor
//!
//! * The request is checked completely. Unlike axum's own extractor, this one also rejects a
//!   request if its key is not the Base64 encoding of 16 bytes, if it has a body, if `Host` is
//!   missing or repeated, or if a list of subprotocols or extensions is malformed.
//! * By default, the maximum size of a message is 16 MiB, instead of axum's 64 MiB.
//! * `read_buffer_size`, `write_buffer_size` and `max_write_buffer_size` have no effect and are
//!   deprecated: the driver adapts its reads to the traffic, `feed` writes when 320 KiB are queued,
//!   and a sender must wait if it is faster than its peer.
//! * `accept_unmasked_frames` does not exist. A client must mask its frames.
//! * If you call [`set_selected_protocol`](WebSocketUpgrade::set_selected_protocol) with a
//!   subprotocol that the client has not offered, the response has status 500.

pub mod close_code;
mod extractor;
mod message;
mod socket;

pub use websocket::Utf8Bytes;

pub use self::{
    extractor::{DefaultOnFailedUpgrade, OnFailedUpgrade, WebSocketUpgrade},
    message::{CloseCode, CloseFrame, Message},
    socket::WebSocket,
};

/// The extractor's rejection, under the name that axum gives it.
pub mod rejection {
    pub use crate::rejection::Rejection as WebSocketUpgradeRejection;
}
