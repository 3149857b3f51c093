//! Every interleaving of one cause with cuts inside frames, and of two causes without such cuts.
//! The program explores more.

use exploration::{
    conversation,
    search::search,
    world::{Bound, QUICK_BOUNDS, Setup},
};

/// Explores up to the bound, and checks that the search has not ended early.
#[track_caller]
fn assert_holds(bound: Bound, min_states: usize) {
    let setup = Setup::new(bound);
    let report = search(&setup, &mut |_, _| {});
    if let Some(counterexample) = &report.counterexample {
        panic!("{bound:?}\n{}", conversation::describe(&setup, counterexample));
    }
    assert!(report.states >= min_states, "only {} states", report.states);
}

#[test]
fn every_property_holds_with_cuts_inside_frames() {
    assert_holds(QUICK_BOUNDS[0], 7_000);
}

#[test]
fn every_property_holds_with_a_keep_alive() {
    assert_holds(QUICK_BOUNDS[1], 90_000);
}
