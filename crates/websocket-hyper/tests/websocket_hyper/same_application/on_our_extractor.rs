//! The chat of the examples, on our extractor.

use websocket_hyper::axum as ws;

#[path = "../../../examples/axum_chat/chat.rs"]
pub(super) mod chat;
