//! A member of the chat, as a speaker and as a listener.
//!
//! The speaker and the listener are separate values, because a member listens while it waits to
//! speak.

use super::{
    listener::Listener,
    room::{NewMember, Room},
    speaker::Speaker,
};

/// Adds a member to the room. The member leaves when its [`Listener`] is dropped.
pub(super) fn join(room: &Room) -> (Speaker<'_>, Listener<'_>) {
    let NewMember { id, next, space, said } = room.enter();
    (Speaker::new(room, id, space), Listener::new(room, id, next, said))
}
