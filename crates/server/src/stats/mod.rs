//! `/`: receives text messages, and at a fixed interval pushes a summary of the server's state to
//! all clients.

mod excerpt;
mod handler;
mod pushes;

pub(crate) use self::{handler::handle, pushes::Stats};
