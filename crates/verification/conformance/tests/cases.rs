//! Numbers of cases, and choosing among them.

use conformance::case::{Case, choose};

fn cases(numbers: &[&str]) -> Vec<Case> {
    numbers.iter().map(|number| number.parse().expect("a number of a case")).collect()
}

#[test]
fn cases_are_in_the_order_of_numbers_and_not_of_letters() {
    let mut some = cases(&["10.1.1", "2.10", "2.9", "1.1.1"]);
    some.sort();
    assert_eq!(some, cases(&["1.1.1", "2.9", "2.10", "10.1.1"]));
}

#[test]
fn the_beginning_of_a_number_chooses_all_its_cases() {
    let all = cases(&["6.2.1", "6.2.2", "6.20.1", "7.1.1"]);
    assert_eq!(choose(&all, &cases(&["6.2"])), Ok(cases(&["6.2.1", "6.2.2"])));
    assert_eq!(choose(&all, &cases(&["7", "6.20.1"])), Ok(cases(&["6.20.1", "7.1.1"])));
    assert_eq!(choose(&all, &[]), Ok(all));
}

#[test]
fn a_case_that_the_suite_does_not_have_is_a_mistake() {
    let all = cases(&["6.2.1"]);
    assert_eq!(choose(&all, &cases(&["6", "8"])), Err("the suite has no case 8".to_owned()));
    assert!("6.x".parse::<Case>().is_err());
    assert!("".parse::<Case>().is_err());
}

#[test]
fn only_compression_of_large_messages_is_long() {
    let long = |number: &str| number.parse::<Case>().expect("a number of a case").is_long();
    assert!(!long("9.1.6") && !long("12.1.3") && !long("13.7.1") && !long("12.2.11"));
    assert!(long("12.1.4") && long("12.1.10") && long("13.7.18"));
}
