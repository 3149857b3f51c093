//! The chat of the examples, on our extractor.

use websocket_hyper::axum as ws;

// The same file is the module `chat` of the other extractor too.
#[allow(clippy::duplicate_mod)]
#[path = "../../../examples/axum_chat/chat.rs"]
pub(super) mod chat;
