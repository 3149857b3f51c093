//! Asserts the rule that records break.

use std::ops::Range;

use dissector::{BrokenRule, Record};

/// Asserts that only the last record breaks a rule, and the bytes that break it.
#[track_caller]
pub(crate) fn assert_broken(records: &[Record], rule: &BrokenRule, range: Range<u64>) {
    let (last, others) = records.split_last().expect("there is a record");
    let found: Vec<_> = last.findings.iter().map(|finding| (&finding.rule, finding.range.clone())).collect();
    assert_eq!(found, [(rule, range)], "{}", last.summary);
    for record in others {
        assert_eq!(record.findings, [], "{}", record.summary);
    }
}
