//! What follows the opening handshake (sections 5 to 8).

use protocol::{Limits, Role};

use crate::{
    cuts::seed,
    engine::{connection, feed_in_any_cut, limits},
};

/// Any cut of the bytes gives the same events, the same answers and the same end.
///
/// # Panics
/// If not.
pub fn to_server(input: &[u8]) {
    to(Role::Server, input);
}

/// As [`to_server`], for a client.
///
/// # Panics
/// If not.
pub fn to_client(input: &[u8]) {
    to(Role::Client, input);
}

fn to(role: Role, input: &[u8]) {
    let Some((seed, bytes)) = seed(input) else { return };
    let limits = limits(seed, Limits::DEFAULT);
    feed_in_any_cut(|| connection(role, &limits), seed, bytes);
}
