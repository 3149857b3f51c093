//! The mistakes that are put into the engine on purpose.

use exploration::mistakes::MISTAKES;

/// Whether each mistake is found takes minutes to show: `cargo run --release -p exploration --
/// mistakes`.
#[test]
fn each_mistake_can_be_put_into_the_source_as_it_is_now() {
    for mistake in &MISTAKES {
        let mistaken = mistake.apply().unwrap();
        assert!(mistaken.contains(mistake.mistaken), "{}", mistake.name);
    }
}

#[test]
fn each_mistake_has_a_name_of_its_own() {
    let mut names = MISTAKES.map(|mistake| mistake.name).to_vec();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), MISTAKES.len());
}
