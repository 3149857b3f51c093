//! The list of disagreements is true: each is still one, and is found under its own name.

use fuzz::{
    corpus,
    disagreements::{Both, DISAGREEMENTS, known},
};
use protocol::Role;

#[test]
fn every_known_disagreement_can_still_be_seen() {
    for disagreement in &DISAGREEMENTS {
        let (role, digits) = disagreement.example;
        let both = Both::feed(role, &corpus::bytes(digits).expect("hexadecimal digits"));
        assert!(!both.agree(), "{}: they agree now: {both:#?}", disagreement.name);
        let found = known(&both).map(|found| found.name);
        assert_eq!(found, Some(disagreement.name), "{both:#?}");
    }
}

#[test]
fn they_agree_about_what_is_plainly_right_or_wrong() {
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
        let both = Both::feed(role, &corpus::bytes(digits).expect("hexadecimal digits"));
        assert!(both.agree(), "{both:#?}");
    }
}
