//! The chat from the examples, with axum's own extractor.

use axum::extract::ws;

// The other extractor's module `chat` is this same file.
#[allow(clippy::duplicate_mod)]
#[path = "../../../examples/axum_chat/chat.rs"]
pub(super) mod chat;
