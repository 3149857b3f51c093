//! The chat of the examples, on axum's own extractor.

use axum::extract::ws;

// The same file is the module `chat` of the other extractor too.
#[allow(clippy::duplicate_mod)]
#[path = "../../../examples/axum_chat/chat.rs"]
pub(super) mod chat;
