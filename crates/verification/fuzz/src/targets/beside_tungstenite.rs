//! Passes the same bytes to our engine and to tungstenite.

use protocol::Role;

use crate::disagreements::{Comparison, known};

/// Checks that our engine and tungstenite, as servers, return the same events for the same bytes,
/// or disagree only in a known way.
///
/// # Panics
/// Panics if the engines disagree and the disagreement is not known.
pub fn server(input: &[u8]) {
    compare(Role::Server, input);
}

/// Checks that our engine and tungstenite, as clients, return the same events for the same bytes,
/// or disagree only in a known way.
///
/// # Panics
/// Panics if the engines disagree and the disagreement is not known.
pub fn client(input: &[u8]) {
    compare(Role::Client, input);
}

fn compare(role: Role, bytes: &[u8]) {
    let comparison = Comparison::new(role, bytes);
    if !comparison.agree() {
        assert!(known(&comparison).is_some(), "this disagreement is not known: {comparison:#?}");
    }
}
