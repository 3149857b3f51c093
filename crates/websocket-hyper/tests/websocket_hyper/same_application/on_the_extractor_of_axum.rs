//! The chat of the examples, on axum's own extractor.

use axum::extract::ws;

#[path = "../../../examples/axum_chat/chat.rs"]
pub(super) mod chat;
