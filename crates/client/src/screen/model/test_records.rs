//! Creates records for tests.

use std::time::{Duration, UNIX_EPOCH};

use dissector::{Conversation, Direction, Options, Record};

/// Returns a record for each of these frames, with times that are one millisecond apart.
pub(crate) fn records(frames: &[(Direction, &[u8])]) -> Vec<Record> {
    let mut conversation = Conversation::after_handshake(Options::default());
    let mut records = Vec::new();
    for (index, (direction, bytes)) in (0..).zip(frames) {
        let time = UNIX_EPOCH + Duration::from_millis(index);
        conversation.push(*direction, bytes, Some(time), &mut |record| records.push(record));
    }
    records
}
