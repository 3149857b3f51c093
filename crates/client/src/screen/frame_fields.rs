//! Reads the fields of a frame from its record.

use dissector::{FieldValue, Record, RecordKind};

/// The opcode of a text frame.
pub(crate) const TEXT: u64 = 1;

/// The opcode of a binary frame.
pub(crate) const BINARY: u64 = 2;

/// The opcode of a Close frame.
pub(crate) const CLOSE: u64 = 8;

/// The opcode of a Ping frame.
pub(crate) const PING: u64 = 9;

/// The opcode of a Pong frame.
pub(crate) const PONG: u64 = 10;

/// Returns the number in the field with this name.
pub(crate) fn number(record: &Record, name: &str) -> Option<u64> {
    match record.field(name)?.value {
        FieldValue::Number { value, .. } => Some(value),
        _ => None,
    }
}

/// Returns `true` if the record has a flag with this name and the flag is set.
pub(crate) fn flag(record: &Record, name: &str) -> bool {
    record.field(name).is_some_and(|field| field.value == FieldValue::Flag(true))
}

/// Returns the opcode of a frame, or `None` for other records.
pub(crate) fn opcode(record: &Record) -> Option<u64> {
    number(record, "websocket.opcode")
}

/// Returns `true` if the frame is the last one of its message.
pub(crate) fn is_fin(record: &Record) -> bool {
    flag(record, "websocket.fin")
}

/// Returns `true` if the record is a data frame rather than a control frame.
pub(crate) fn is_data(record: &Record) -> bool {
    record.kind == RecordKind::Frame && opcode(record) < Some(CLOSE)
}

/// Returns the masking key of a frame, or `None` if the frame is not masked.
pub(crate) fn masking_key(record: &Record) -> Option<[u8; 4]> {
    match &record.field("websocket.masking_key")?.value {
        FieldValue::Bytes { bytes, .. } => bytes.as_slice().try_into().ok(),
        _ => None,
    }
}

/// Returns the unmasked payload of a frame, or as much of it as the record keeps.
pub(crate) fn payload(record: &Record) -> Vec<u8> {
    let start = record.field("websocket.payload").and_then(|field| usize::try_from(field.range.start).ok());
    let bytes = start.and_then(|start| record.bytes.get(start..)).unwrap_or_default();
    let key = masking_key(record).unwrap_or_default();
    bytes.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect()
}

/// Returns the length of a frame's payload in bytes.
pub(crate) fn payload_length(record: &Record) -> u64 {
    record.field("websocket.payload").map_or(0, |field| field.range.end - field.range.start)
}
