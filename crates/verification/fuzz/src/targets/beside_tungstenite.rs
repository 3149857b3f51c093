//! The same bytes to our engine and to tungstenite.

use protocol::Role;

use crate::disagreements::{Both, known};

/// As a server, both hear the same, or it is known why not.
///
/// # Panics
/// If it is not known.
pub fn server(input: &[u8]) {
    compare(Role::Server, input);
}

/// As a client, both hear the same, or it is known why not.
///
/// # Panics
/// If it is not known.
pub fn client(input: &[u8]) {
    compare(Role::Client, input);
}

fn compare(role: Role, bytes: &[u8]) {
    let both = Both::feed(role, bytes);
    if !both.agree() {
        assert!(known(&both).is_some(), "a disagreement that is not known: {both:#?}");
    }
}
