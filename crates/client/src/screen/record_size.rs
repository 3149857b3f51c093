//! The memory that a record takes.

use dissector::{Field, FieldValue, Record};

/// Returns the memory, in bytes, that a record takes in addition to the size of its type. Counts
/// only the parts whose size the peer can influence.
pub(crate) fn size_of_record(record: &Record) -> usize {
    let value = |field: &Field| match &field.value {
        FieldValue::Text { text, .. } => text.len(),
        FieldValue::Bytes { bytes, .. } => bytes.len(),
        _ => 0,
    };
    let fields = record.walk().map(|(_, field)| size_of::<Field>() + value(field));
    record.bytes.len() + record.summary.len() + fields.sum::<usize>()
}
