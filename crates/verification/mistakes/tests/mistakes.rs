//! The mistakes that are put into the source on purpose.

use std::fs;

use mistakes::{exploration, mistake::repository, technique::TECHNIQUES};

/// It takes minutes to check whether each mistake is found, so this is left to `cargo run -p
/// mistakes`.
#[test]
fn each_mistake_can_be_put_into_the_source_as_it_is_now() {
    for mistake in TECHNIQUES.iter().flat_map(|technique| technique.mistakes) {
        let mistaken = mistake.apply().unwrap();
        assert!(mistaken.contains(mistake.mistaken), "{}", mistake.name);
    }
}

#[test]
fn each_mistake_and_each_technique_has_a_name_of_its_own() {
    let mistakes = TECHNIQUES.iter().flat_map(|technique| technique.mistakes).map(|mistake| mistake.name);
    let mut names: Vec<_> = mistakes.chain(TECHNIQUES.iter().map(|technique| technique.name)).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn each_transition_of_closing_has_a_mistake_of_its_name() {
    let source = fs::read_to_string(repository().join("crates/protocol/src/connection/closing.rs")).unwrap();
    let after_prefixes = source.split("fn on_").skip(1);
    let transitions: Vec<_> = after_prefixes.map(|rest| rest.split('(').next().unwrap().replace('_', "-")).collect();
    assert!(!transitions.is_empty());
    for transition in transitions {
        assert!(exploration::MISTAKES.iter().any(|mistake| mistake.name == transition), "{transition}");
    }
}
