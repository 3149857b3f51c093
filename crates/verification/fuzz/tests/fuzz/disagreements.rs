//! The examples of the known disagreements.

use fuzz::{
    corpus,
    disagreements::{Comparison, DISAGREEMENTS, known},
};
use protocol::Role;

#[test]
fn every_known_disagreement_is_recognized_in_its_example() {
    for disagreement in &DISAGREEMENTS {
        let (role, digits) = disagreement.example;
        let comparison = Comparison::new(role, &corpus::bytes(digits).expect("hexadecimal digits"));
        assert!(!comparison.agree(), "{}: the engines agree now: {comparison:#?}", disagreement.name);
        let found = known(&comparison).map(|found| found.name);
        assert_eq!(found, Some(disagreement.name), "{comparison:#?}");
    }
}

#[test]
fn the_engines_agree_about_clearly_valid_and_invalid_bytes() {
    for (role, digits) in [
        (Role::Client, "81 02 68 69"),
        (Role::Client, "01 01 68 89 00 80 01 69"),
        (Role::Client, "88 02 03 e8"),
        (Role::Client, ""),
        (Role::Client, "81 82 00 00 00 00 68 69"),
        (Role::Client, "80 00"),
        (Role::Client, "81 01 ff"),
        (Role::Client, "88 01 03"),
        (Role::Client, "82 7f 00 00 00 00 00 01 00 01"),
        (Role::Server, "81 82 00 00 00 00 68 69"),
        (Role::Server, "81 02 68 69"),
        (Role::Server, "83 80 00 00 00 00"),
        (Role::Server, "88 82 00 00 00 00 03 e8 82 80 00 00 00 00"),
    ] {
        let comparison = Comparison::new(role, &corpus::bytes(digits).expect("hexadecimal digits"));
        assert!(comparison.agree(), "{comparison:#?}");
    }
}
