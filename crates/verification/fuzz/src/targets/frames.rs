//! Frames after the opening handshake (sections 5 to 8).

use protocol::{Limits, Role};

use crate::{
    engine::{connection, feed_in_any_split, limits},
    splits::seed,
};

/// Checks that the events, the answers and the end do not depend on the split into reads.
///
/// # Panics
/// They do, or [`feed`](crate::engine::feed) panics.
pub fn to_server(input: &[u8]) {
    to(Role::Server, input);
}

/// Checks the same as [`to_server`], for a client.
///
/// # Panics
/// The same as for [`to_server`].
pub fn to_client(input: &[u8]) {
    to(Role::Client, input);
}

fn to(role: Role, input: &[u8]) {
    let Some((seed, bytes)) = seed(input) else { return };
    let limits = limits(seed, Limits::DEFAULT);
    feed_in_any_split(|| connection(role, &limits), seed, bytes);
}
