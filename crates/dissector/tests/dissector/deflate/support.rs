//! Short ways to dissect compressed messages.

use dissector::{
    Direction::{self, ToServer},
    Record,
};

use crate::common::{dissect, field, sent, text, with_extension};

/// Both ends may refer to earlier messages.
pub(crate) const TAKEOVER: &str = "permessage-deflate";

/// Neither end may refer to earlier messages.
pub(crate) const NO_TAKEOVER: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

/// Dissects frames after a handshake that agreed on `element`. Returns the records of the frames.
pub(crate) fn frames(element: &str, frames: &[(Direction, Vec<u8>)]) -> Vec<Record> {
    dissect(&with_extension(element, frames)).split_off(2)
}

/// Dissects frames from the client with these first bytes and payloads.
pub(crate) fn client_frames(element: &str, payloads: &[(u8, &[u8])]) -> Vec<Record> {
    let all: Vec<_> = payloads.iter().map(|(first, payload)| sent(ToServer, *first, payload)).collect();
    frames(element, &all)
}

/// Asserts that a frame breaks no rule and completes a message with this text.
#[track_caller]
pub(crate) fn assert_text(record: &Record, expected: &str) {
    assert_eq!(field(record, "websocket.payload.text").value, text(expected), "{}", record.summary);
    assert_eq!(record.findings, [], "{}", record.summary);
}
