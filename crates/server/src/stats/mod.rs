//! `/`: the documented example. Clients send text messages, and on every interval the server pushes
//! a summary of its state to all of them.

mod handler;
mod pushes;

pub(crate) use self::{handler::handle, pushes::Stats};
