//! Lists all faults, in the order in which they can occur on a connection.
//!
//! | module | sections | side |
//! |---|---|---|
//! | `request` | 4.2.1, 4.2.2, 4.3, 9.1, 10.4, 11.3 | client |
//! | `response` | 4.1, 4.3, 9.1, 10.4, 11.3 | server |
//! | `oversize` | the sizes that `request` and `response` use | |
//! | `frames` | 5.1, 5.2, 10.4 | either |
//! | `messages` | 5.4, 8.1 | either |
//! | `control` | 5.5 | either |
//! | `closing` | 5.5.1, 7.4, 8.1 | either |

mod closing;
mod control;
mod frames;
mod messages;
mod oversize;
mod request;
mod response;

use protocol::Role;

use crate::fault::Fault;

const TABLES: [&[Fault]; 6] =
    [request::FAULTS, response::FAULTS, frames::FAULTS, messages::FAULTS, control::FAULTS, closing::FAULTS];

/// Returns every fault.
pub fn all() -> impl Iterator<Item = &'static Fault> {
    TABLES.into_iter().flatten()
}

/// Returns the faults that an endpoint with this role can send.
pub fn sent_by(role: Role) -> impl Iterator<Item = &'static Fault> {
    all().filter(move |fault| fault.can_be_sent_by(role))
}

/// Returns the fault with this name, if an endpoint with this role can send it.
#[must_use]
pub fn find(role: Role, name: &str) -> Option<&'static Fault> {
    sent_by(role).find(|fault| fault.name == name)
}
