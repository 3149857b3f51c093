//! All experiments, in one table, in the order in which a connection meets them.
//!
//! | file | sections | who can break them |
//! |---|---|---|
//! | `request` | 4.2.1, 4.2.2, 4.3, 9.1, 10.4, 11.3 | a client |
//! | `response` | 4.1, 4.3, 9.1, 10.4, 11.3 | a server |
//! | `frames` | 5.1, 5.2, 10.4 | either |
//! | `messages` | 5.4, 8.1 | either |
//! | `control` | 5.5 | either |
//! | `closing` | 5.5.1, 7.4, 8.1 | either |

mod closing;
mod control;
mod frames;
mod messages;
mod request;
mod response;

use protocol::Role;

use crate::experiment::{Asks, Experiment};

/// The table, in parts.
const PARTS: [&[Experiment]; 6] =
    [request::RULES, response::RULES, frames::RULES, messages::RULES, control::RULES, closing::RULES];

/// Every experiment.
pub fn all() -> impl Iterator<Item = &'static Experiment> {
    PARTS.into_iter().flatten()
}

/// The experiments that `role` can do.
pub fn of(role: Role) -> impl Iterator<Item = &'static Experiment> {
    all().filter(move |experiment| experiment.is_for(role))
}

/// The experiment of this name that `role` can do.
#[must_use]
pub fn find(role: Role, name: &str) -> Option<&'static Experiment> {
    of(role).find(|experiment| experiment.name == name)
}

/// The Close that answers most broken rules.
const PROTOCOL_ERROR: Asks = Asks::Fail(&[1002]);
