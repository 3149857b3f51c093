//! Checks frames that follow the opening handshake (sections 5 to 8).

use protocol::{Limits, Role};

use crate::{
    engine::{connection, feed_in_any_split, limits},
    splits::seed,
};

/// Checks that a server's events, output and close information do not depend on how its input is
/// split into reads.
///
/// # Panics
/// Panics if the events, the output or the close information depends on the split, or if
/// [`feed`](crate::engine::feed) panics.
pub fn to_server(input: &[u8]) {
    to(Role::Server, input);
}

/// Checks the same properties as [`to_server`], but for a client.
///
/// # Panics
/// Panics under the same conditions as [`to_server`].
pub fn to_client(input: &[u8]) {
    to(Role::Client, input);
}

fn to(role: Role, input: &[u8]) {
    let Some((seed, bytes)) = seed(input) else { return };
    let limits = limits(seed, Limits::DEFAULT);
    feed_in_any_split(|| connection(role, &limits), seed, bytes);
}
