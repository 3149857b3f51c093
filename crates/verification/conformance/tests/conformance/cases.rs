//! The identifiers of cases, and the choice of cases.

use conformance::case_id::{CaseId, choose};

fn cases(numbers: &[&str]) -> Vec<CaseId> {
    numbers.iter().map(|number| number.parse().expect("a case")).collect()
}

#[test]
fn cases_are_sorted_by_number() {
    let mut some = cases(&["10.1.1", "2.10", "2.9", "1.1.1"]);
    some.sort();
    assert_eq!(some, cases(&["1.1.1", "2.9", "2.10", "10.1.1"]));
}

#[test]
fn the_beginning_of_an_identifier_chooses_all_its_cases() {
    let all = cases(&["6.2.1", "6.2.2", "6.20.1", "7.1.1"]);
    assert_eq!(choose(&all, &cases(&["6.2"])), Ok(cases(&["6.2.1", "6.2.2"])));
    assert_eq!(choose(&all, &cases(&["7", "6.20.1"])), Ok(cases(&["6.20.1", "7.1.1"])));
    assert_eq!(choose(&all, &[]), Ok(all));
}

#[test]
fn an_unknown_case_is_an_error() {
    let all = cases(&["6.2.1"]);
    assert_eq!(choose(&all, &cases(&["6", "8"])), Err("the suite has no case 8".to_owned()));
    for text in ["6.x", ""] {
        let error = format!("{text:?} is not a case; write it like 6, 6.4 or 6.4.1");
        assert_eq!(text.parse::<CaseId>(), Err(error));
    }
}

#[test]
fn only_cases_with_large_compressed_messages_are_long() {
    let long = |number: &str| number.parse::<CaseId>().expect("a case").is_long();
    assert!(!long("9.1.6") && !long("12.1.3") && !long("13.7.1") && !long("12.2.11"));
    assert!(long("12.1.4") && long("12.1.10") && long("13.7.18"));
}
