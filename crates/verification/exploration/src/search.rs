//! Breadth-first search through all interleavings.
//!
//! The search does not store engines. For each state, it stores the step that first led there, and
//! it repeats the whole interleaving whenever it needs the state again. It therefore does not have
//! to clone an engine, its masking keys or its compression. States are visited in order of their
//! distance from the first state, so the first step found to break a property completes one of the
//! shortest interleavings that break any property. If a property is first broken in an
//! [ending](crate::ending), a second search without endings looks for a shorter interleaving.

use std::collections::HashSet;

use crate::{
    action::Action,
    ending::{BrokenEnding, EndingKind, check_endings},
    property::Broken,
    world::{Setup, World},
};

/// The maximum number of states to visit in the search for a shorter counterexample. A
/// counterexample that takes more states to find has so many steps that it fills the screen anyway,
/// so finding it is not worth more than a minute.
const SHORTENED_WITHIN: usize = 100_000;

/// The result of an exploration.
#[derive(Debug)]
pub struct Report {
    /// The number of different states.
    pub states: usize,
    /// The number of steps that were tried, including those that led to a state found earlier.
    pub steps: u64,
    /// The number of interleavings that were continued to their end.
    pub endings: u64,
    /// The number of steps from the beginning to the most distant state that was visited.
    pub longest: usize,
    /// An interleaving that breaks a property, if one was found. Without an ending, it is the
    /// shortest.
    pub counterexample: Option<Counterexample>,
}

/// An interleaving that breaks a property.
#[derive(Debug)]
pub struct Counterexample {
    /// The steps. Either the last step breaks the property, or the property is broken because a
    /// step that it requires did not follow.
    pub path: Vec<Action>,
    /// If the property was broken in an ending: the number of steps before the ending, and its
    /// kind.
    pub ending: Option<(usize, EndingKind)>,
    /// The property.
    pub broken: Broken,
}

/// A state, stored as the state before it and the step that leads from one to the other.
#[derive(Debug)]
struct Node {
    parent: u32,
    action: Action,
}

/// The states that have been found so far, except the first. The first state has number 0, and
/// state `n` is at index `n - 1`.
#[derive(Debug, Default)]
struct Nodes(Vec<Node>);

impl Nodes {
    /// Returns the interleaving that leads to a state.
    fn path(&self, mut number: u32) -> Vec<Action> {
        let mut path = Vec::new();
        while let Some(index) = number.checked_sub(1) {
            let Node { parent, action } = &self.0[index as usize];
            path.push(*action);
            number = *parent;
        }
        path.reverse();
        path
    }
}

/// Tries every interleaving within the bound. After each visit, calls `progress` with the numbers
/// of states visited and states found so far.
///
/// # Panics
/// Panics if there are more than 2^32 states.
pub fn search(setup: &Setup, progress: &mut dyn FnMut(usize, usize)) -> Report {
    let mut report = search_within(setup, usize::MAX, usize::MAX, true, progress);
    if let Some(Counterexample { path, ending: Some(_), broken }) = &report.counterexample
        && !broken.property.needs_an_ending()
    {
        // The steps of an ending do not affect the order of the search, so this counterexample may
        // not be the shortest. Search again without endings, because a shorter interleaving that
        // breaks a property may lead through states not yet visited.
        let shorter = search_within(setup, path.len(), SHORTENED_WITHIN, false, progress).counterexample;
        report.counterexample = shorter.or(report.counterexample);
    }
    report
}

/// Tries every interleaving of at most `max_steps` steps within the bound, until `max_states`
/// states have been visited.
fn search_within(
    setup: &Setup,
    max_steps: usize,
    max_states: usize,
    with_endings: bool,
    progress: &mut dyn FnMut(usize, usize),
) -> Report {
    let mut nodes = Nodes::default();
    let mut seen = HashSet::from([World::new(setup).identity()]);
    let mut report = Report { states: 1, steps: 0, endings: 0, longest: 0, counterexample: None };
    let mut number = 0;
    while (number as usize) <= nodes.0.len().min(max_states) && report.counterexample.is_none() {
        let path = nodes.path(number);
        if path.len() >= max_steps {
            break;
        }
        report.longest = path.len();
        report.counterexample = visit(setup, &path, with_endings, &mut report, &mut |action, identity| {
            if seen.insert(identity) {
                nodes.0.push(Node { parent: number, action });
            }
        });
        number = number.checked_add(1).expect("fewer than 2^32 states");
        progress(number as usize, seen.len());
    }
    report.states = seen.len();
    report
}

/// Visits the state at the end of `path`. Calls `found` for each step that is possible there, with
/// the step and the identity of the state to which it leads. Returns a counterexample if the visit
/// finds one.
fn visit(
    setup: &Setup,
    path: &[Action],
    with_endings: bool,
    report: &mut Report,
    found: &mut dyn FnMut(Action, u128),
) -> Option<Counterexample> {
    if with_endings {
        match check_endings(setup, path) {
            Ok(endings) => report.endings += endings,
            Err(BrokenEnding { kind, steps, broken }) => {
                let ending = Some((path.len(), kind));
                return Some(Counterexample { path: [path, &steps].concat(), ending, broken });
            }
        }
    }
    for action in World::replay(setup, path).actions() {
        let mut world = World::replay(setup, path);
        report.steps += 1;
        match world.apply(action) {
            Ok(_) => found(action, world.identity()),
            Err(broken) => {
                return Some(Counterexample { path: [path, &[action]].concat(), ending: None, broken });
            }
        }
    }
    None
}
