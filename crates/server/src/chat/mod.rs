//! `/chat`: relays each text message to all other members.

mod handler;
mod room;

pub(crate) use self::{
    handler::{SUBPROTOCOL, handle},
    room::Room,
};
