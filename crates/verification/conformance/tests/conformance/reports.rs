//! The suite's reports.

use std::{fs, path::PathBuf};

use conformance::{
    case_id::CaseId,
    verdict::{self, CaseResult, CaseVerdict},
};

fn expected() -> Vec<CaseId> {
    ["1.1.1", "6.4.3", "7.1.6"].map(|case| case.parse().expect("a case")).into()
}

/// Writes a report for one test.
fn report(test: &str, text: &str) -> PathBuf {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test).with_extension("json");
    fs::write(&file, text).expect("a file can be written");
    file
}

#[test]
fn both_verdicts_are_read_and_other_cases_are_missing() {
    let file = report(
        "both_verdicts",
        r#"{"me": {
            "1.1.1": {"behavior": "OK", "behaviorClose": "WRONG CODE", "duration": 1, "reportfile": "x"},
            "6.4.3": {"behavior": "NON-STRICT", "behaviorClose": "FAILED BY CLIENT"}
        }}"#,
    );
    let results = verdict::read(&file, "me", &expected()).expect("it can be read");
    let results: Vec<CaseResult> = results.into_values().collect();
    assert_eq!(
        results,
        [
            CaseResult { behavior: CaseVerdict::Ok, close: CaseVerdict::WrongCode },
            CaseResult { behavior: CaseVerdict::NonStrict, close: CaseVerdict::FailedByClient },
            CaseResult::MISSING,
        ]
    );
}

#[test]
fn without_a_report_everything_is_missing() {
    let results = verdict::read(&PathBuf::from("no such file"), "me", &expected()).expect("this is not an error");
    assert_eq!(results.len(), 3);
    assert!(results.values().all(|result| *result == CaseResult::MISSING));
}

#[test]
fn results_of_another_agent_are_ignored() {
    let file = report("somebody_else", r#"{"you": {"1.1.1": {"behavior": "OK", "behaviorClose": "OK"}}}"#);
    let results = verdict::read(&file, "me", &expected()).expect("it can be read");
    assert!(results.values().all(|result| *result == CaseResult::MISSING));
}

#[test]
fn an_unknown_verdict_is_an_error() {
    let file = report("unknown_word", r#"{"me": {"1.1.1": {"behavior": "FINE", "behaviorClose": "OK"}}}"#);
    let error = verdict::read(&file, "me", &expected()).expect_err("the verdict is unknown");
    assert_eq!(error, "the suite's verdict \"FINE\" is unknown");
}
