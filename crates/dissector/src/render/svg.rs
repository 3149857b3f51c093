//! svg
use crate::record::Record;
/// The record as a figure.
#[must_use]
pub fn svg(record: &Record) -> String {
    record.summary.clone()
}
