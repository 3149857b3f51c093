//! What the suite writes down.

use std::{fs, path::PathBuf};

use conformance::{
    case::Case,
    verdict::{self, Outcome, Verdict},
};

fn expected() -> Vec<Case> {
    ["1.1.1", "6.4.3", "7.1.6"].map(|case| case.parse().expect("a number of a case")).into()
}

/// A report of its own for each test.
fn report(test: &str, text: &str) -> PathBuf {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test).with_extension("json");
    fs::write(&file, text).expect("a file can be written");
    file
}

#[test]
fn both_verdicts_are_read_and_what_is_not_there_is_missing() {
    let file = report(
        "both_verdicts",
        r#"{"me": {
            "1.1.1": {"behavior": "OK", "behaviorClose": "WRONG CODE", "duration": 1, "reportfile": "x"},
            "6.4.3": {"behavior": "NON-STRICT", "behaviorClose": "FAILED BY CLIENT"}
        }}"#,
    );
    let outcomes = verdict::read(&file, "me", &expected()).expect("it can be read");
    let outcomes: Vec<Outcome> = outcomes.into_values().collect();
    assert_eq!(
        outcomes,
        [
            Outcome { behaviour: Verdict::Ok, close: Verdict::WrongCode },
            Outcome { behaviour: Verdict::NonStrict, close: Verdict::FailedByClient },
            Outcome::MISSING,
        ]
    );
}

#[test]
fn without_a_report_everything_is_missing() {
    let outcomes = verdict::read(&PathBuf::from("there is none"), "me", &expected()).expect("that is no error");
    assert_eq!(outcomes.len(), 3);
    assert!(outcomes.values().all(|outcome| *outcome == Outcome::MISSING));
}

#[test]
fn the_report_about_somebody_else_is_not_ours() {
    let file = report("somebody_else", r#"{"you": {"1.1.1": {"behavior": "OK", "behaviorClose": "OK"}}}"#);
    let outcomes = verdict::read(&file, "me", &expected()).expect("it can be read");
    assert!(outcomes.values().all(|outcome| *outcome == Outcome::MISSING));
}

#[test]
fn a_word_that_is_not_known_is_an_error() {
    let file = report("unknown_word", r#"{"me": {"1.1.1": {"behavior": "FINE", "behaviorClose": "OK"}}}"#);
    let error = verdict::read(&file, "me", &expected()).expect_err("nobody knows what that means");
    assert!(error.contains("\"FINE\""), "{error}");
}
