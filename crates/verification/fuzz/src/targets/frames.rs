//! Frames after the opening handshake (sections 5 to 8).

use protocol::{Limits, Role};

use crate::{
    engine::{connection, feed_in_any_split, limits},
    splits::seed,
};

/// Checks that the events, the output and the close information of a server do not depend on the
/// split into reads.
///
/// # Panics
/// Panics if they depend on the split, or if [`feed`](crate::engine::feed) panics.
pub fn to_server(input: &[u8]) {
    to(Role::Server, input);
}

/// Checks the same properties as [`to_server`], but of a client.
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
