//! Baselines: their files, their comparison with a new run, and the committed baselines.

use std::{collections::BTreeMap, fs};

use conformance::{
    baseline::Baseline,
    implementation::Implementation,
    tested_role::TestedRole,
    verdict::{CaseResult, CaseResults, CaseVerdict},
};

const FINE: CaseResult = CaseResult { behavior: CaseVerdict::Ok, close: CaseVerdict::Ok };
const LATE: CaseResult = CaseResult { behavior: CaseVerdict::NonStrict, close: CaseVerdict::Ok };
const RUDE: CaseResult = CaseResult { behavior: CaseVerdict::Ok, close: CaseVerdict::Unclean };

fn results(results: &[(&str, CaseResult)]) -> CaseResults {
    results.iter().map(|(case, result)| (case.parse().expect("a case"), *result)).collect()
}

fn baseline(server: &[(&str, CaseResult)], client: &[(&str, CaseResult)]) -> Baseline {
    Baseline {
        of: "something 1.0".to_owned(),
        date: "2026-01-31".to_owned(),
        suite: "25.10.1".to_owned(),
        command: "make it".to_owned(),
        results: BTreeMap::from([(TestedRole::Server, results(server)), (TestedRole::Client, results(client))]),
    }
}

#[test]
fn a_written_baseline_can_be_parsed() {
    let written = baseline(&[("2.10", FINE), ("6.4.1", LATE)], &[("2.10", RUDE), ("6.4.1", CaseResult::MISSING)]);
    assert_eq!(Baseline::parse(&written.to_text()), Ok(written));
}

#[test]
fn an_invalid_line_is_named() {
    let text = baseline(&[("2.10", FINE)], &[("2.10", FINE)]).to_text();
    let problem = |text: &str| Baseline::parse(text).expect_err("the line is invalid");
    assert!(problem(&text.replace("2.10\tOK", "2.10\tGOOD")).contains("line 6: the suite's verdict \"GOOD\""));
    assert!(problem(&text.replace("2.10\tOK", "2.10")).contains("it has 4 fields instead of 5"));
    assert!(problem(&format!("{text}2.10\tOK\tOK\tOK\tOK\n")).contains("line 7: 2.10 occurs twice"));
    assert!(problem(&text.replace("# suite: 25.10.1\n", "")).contains("# suite: ..."));
}

#[test]
fn every_changed_verdict_is_reported_better_or_worse() {
    let before = baseline(&[("1.1.1", FINE), ("1.1.2", LATE), ("1.1.3", FINE), ("1.1.4", FINE)], &[]);
    let now =
        results(&[("1.1.1", RUDE), ("1.1.2", FINE), ("1.1.3", FINE), ("1.1.4", CaseResult::MISSING), ("9.9", FINE)]);
    assert_eq!(
        before.changes(TestedRole::Server, &now),
        [
            "server 1.1.1: was OK, closing OK; is OK, closing UNCLEAN",
            "server 1.1.2: was NON-STRICT, closing OK; is OK, closing OK",
            "server 1.1.4: was OK, closing OK; is MISSING, closing MISSING",
            "server 9.9: is not in the baseline; is OK, closing OK",
        ]
    );
}

#[test]
fn cases_that_were_not_run_are_ignored() {
    let before = baseline(&[("1.1.1", FINE), ("1.1.2", LATE)], &[]);
    assert!(before.changes(TestedRole::Server, &results(&[("1.1.1", FINE)])).is_empty());
}

fn committed(of: Implementation) -> Baseline {
    let file = of.baseline();
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let baseline = Baseline::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    assert_eq!(baseline.to_text(), text, "{} must be written by this program", file.display());
    baseline
}

#[test]
fn every_committed_baseline_contains_all_cases_that_are_run() {
    for of in Implementation::ALL {
        let baseline = committed(of);
        for role in TestedRole::ALL {
            let results = &baseline.results[&role];
            let count = if of.is_another_byte_stream() { 301 } else { 517 };
            assert_eq!(results.len(), count, "{} {role}", of.name());
            assert!(results.keys().all(|case| of.covers(case)), "{} {role}", of.name());
            let missing = results.iter().find(|(_, result)| **result == CaseResult::MISSING);
            assert_eq!(missing, None, "{} {role}", of.name());
        }
    }
}

/// The suite never rates these three cases, because it sends data after its own Close, or closes
/// with codes above 4999.
const NEVER_RATED: [&str; 3] = ["7.1.6", "7.13.1", "7.13.2"];

#[test]
fn ours_is_ok_in_every_case_that_the_suite_rates() {
    let ours = [Implementation::Ours, Implementation::Hyper, Implementation::Http2].map(|of| committed(of).results);
    for (role, results) in ours.into_iter().flatten() {
        for (case, result) in results {
            let compressed = matches!(case.group(), 12 | 13);
            let expected = match result.behavior {
                CaseVerdict::Unimplemented if compressed => CaseResult { behavior: CaseVerdict::Unimplemented, ..FINE },
                _ if NEVER_RATED.contains(&case.to_string().as_str()) => {
                    CaseResult { behavior: CaseVerdict::Informational, close: CaseVerdict::Informational }
                }
                _ => FINE,
            };
            assert_eq!(result, expected, "{role} {case}");
        }
    }
}
