//! Asserts the rule that records break.

use std::ops::Range;

use dissector::{BrokenRule, Record};

/// Asserts that only the last record breaks a rule, and that the rule is `rule`, broken by the
/// bytes in `range`.
#[track_caller]
pub(crate) fn assert_broken(records: &[Record], rule: &BrokenRule, range: Range<u64>) {
    let (last, others) = records.split_last().expect("there is a record");
    let found: Vec<_> = last.findings.iter().map(|finding| (&finding.rule, finding.range.clone())).collect();
    assert_eq!(found, [(rule, range.clone())], "{}", last.summary);
    // If the rule names a field, the record must have this field, and the field must overlap the
    // bytes that break the rule.
    if let Some(name) = rule.field() {
        let named = last.field(name).unwrap_or_else(|| panic!("{name} is not in {}", last.summary));
        assert!(named.range.start < range.end && range.start < named.range.end, "{name} of {}", last.summary);
    }
    for record in others {
        assert_eq!(record.findings, [], "{}", record.summary);
    }
}
