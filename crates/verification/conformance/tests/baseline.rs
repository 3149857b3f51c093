//! Baselines: their files, what they are compared with, and those that are committed.

use std::{collections::BTreeMap, fs};

use conformance::{
    Role,
    baseline::Baseline,
    implementation::Implementation,
    verdict::{Outcome, Outcomes, Verdict},
};

const FINE: Outcome = Outcome { behaviour: Verdict::Ok, close: Verdict::Ok };
const LATE: Outcome = Outcome { behaviour: Verdict::NonStrict, close: Verdict::Ok };
const RUDE: Outcome = Outcome { behaviour: Verdict::Ok, close: Verdict::Unclean };

fn outcomes(outcomes: &[(&str, Outcome)]) -> Outcomes {
    outcomes.iter().map(|(case, outcome)| (case.parse().expect("a number of a case"), *outcome)).collect()
}

fn baseline(server: &[(&str, Outcome)], client: &[(&str, Outcome)]) -> Baseline {
    Baseline {
        of: "something 1.0".to_owned(),
        date: "2026-01-31".to_owned(),
        suite: "25.10.1".to_owned(),
        command: "make it".to_owned(),
        outcomes: BTreeMap::from([(Role::Server, outcomes(server)), (Role::Client, outcomes(client))]),
    }
}

#[test]
fn what_is_written_is_read_again() {
    let written = baseline(&[("2.10", FINE), ("6.4.1", LATE)], &[("2.10", RUDE), ("6.4.1", Outcome::MISSING)]);
    assert_eq!(Baseline::parse(&written.to_text()), Ok(written));
}

#[test]
fn a_line_that_makes_no_sense_is_named() {
    let text = baseline(&[("2.10", FINE)], &[("2.10", FINE)]).to_text();
    let problem = |text: &str| Baseline::parse(text).expect_err("it makes no sense");
    assert!(problem(&text.replace("2.10\tOK", "2.10\tGOOD")).contains("line 6: the suite's verdict \"GOOD\""));
    assert!(problem(&text.replace("2.10\tOK", "2.10")).contains("has 4 fields instead of 5"));
    assert!(problem(&format!("{text}2.10\tOK\tOK\tOK\tOK\n")).contains("line 7: 2.10 once more"));
    assert!(problem(&text.replace("# suite: 25.10.1\n", "")).contains("# suite: ..."));
}

#[test]
fn a_verdict_that_changed_is_told_whether_better_or_worse() {
    let before = baseline(&[("1.1.1", FINE), ("1.1.2", LATE), ("1.1.3", FINE), ("1.1.4", FINE)], &[]);
    let now =
        outcomes(&[("1.1.1", RUDE), ("1.1.2", FINE), ("1.1.3", FINE), ("1.1.4", Outcome::MISSING), ("9.9", FINE)]);
    assert_eq!(
        before.changes(Role::Server, &now),
        [
            "server 1.1.1: was OK, closing OK; is OK, closing UNCLEAN",
            "server 1.1.2: was NON-STRICT, closing OK; is OK, closing OK",
            "server 1.1.4: was OK, closing OK; is MISSING, closing MISSING",
            "server 9.9: is not in the baseline; is OK, closing OK",
        ]
    );
}

#[test]
fn cases_that_were_not_run_are_not_compared() {
    let before = baseline(&[("1.1.1", FINE), ("1.1.2", LATE)], &[]);
    assert!(before.changes(Role::Server, &outcomes(&[("1.1.1", FINE)])).is_empty());
}

fn committed(of: Implementation) -> Baseline {
    let file = of.baseline();
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let baseline = Baseline::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    assert_eq!(baseline.to_text(), text, "{} was not written by this program", file.display());
    baseline
}

#[test]
fn every_committed_baseline_holds_the_whole_suite() {
    for of in Implementation::ALL {
        let baseline = committed(of);
        for role in Role::ALL {
            let outcomes = &baseline.outcomes[&role];
            assert_eq!(outcomes.len(), 517, "{} {role}", of.name());
            let missing = outcomes.iter().find(|(_, outcome)| **outcome == Outcome::MISSING);
            assert_eq!(missing, None, "{} {role}", of.name());
        }
    }
}

/// The suite judges neither of these three, whoever plays: it sends data after its own Close, or closes with codes
/// above 4999.
const NEVER_JUDGED: [&str; 3] = ["7.1.6", "7.13.1", "7.13.2"];

#[test]
fn ours_is_ok_wherever_the_suite_judges() {
    for (role, outcomes) in committed(Implementation::Ours).outcomes {
        for (case, outcome) in outcomes {
            let compressed = matches!(case.group(), 12 | 13);
            let expected = match outcome.behaviour {
                Verdict::Unimplemented if compressed => Outcome { behaviour: Verdict::Unimplemented, ..FINE },
                _ if NEVER_JUDGED.contains(&case.to_string().as_str()) => {
                    Outcome { behaviour: Verdict::Informational, close: Verdict::Informational }
                }
                _ => FINE,
            };
            assert_eq!(outcome, expected, "{role} {case}");
        }
    }
}
