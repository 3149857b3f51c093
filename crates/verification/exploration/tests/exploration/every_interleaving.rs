//! Every interleaving of one cause with cuts inside frames, and of two causes without such cuts.
//! The program explores more.

use exploration::{
    action::{Action, Amount, Cause},
    conversation,
    ending::check_endings,
    search::search,
    world::{Bound, QUICK_BOUNDS, Setup},
};
use protocol::Role::Client;

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

/// No other test reaches the deadlines of two Pings with one more cause before them.
#[test]
fn a_pong_after_the_interval_makes_the_next_ping_due_at_once() {
    let setup = Setup::new(Bound::new(3, false).with_keep_alive());
    let reach = Action::Cause(Client, Cause::ReachDeadline);
    let text = Action::Cause(Client, Cause::SendText);
    let path = [text, reach, Action::Wake(Client), Action::Transmit(Client, Amount::All), reach];
    check_endings(&setup, &path).expect("no property is broken");
}
