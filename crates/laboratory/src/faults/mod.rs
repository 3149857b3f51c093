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
pub(crate) mod messages;
mod oversize;
mod request;
mod response;

use protocol::Role;

use crate::fault::Fault;

/// The faults, grouped by the part of a connection in which they occur.
const TOPICS: [(&str, &[Fault]); 6] = [
    ("request", request::FAULTS),
    ("response", response::FAULTS),
    ("frames", frames::FAULTS),
    ("messages", messages::FAULTS),
    ("control frames", control::FAULTS),
    ("closing", closing::FAULTS),
];

/// Returns every fault.
pub fn all() -> impl Iterator<Item = &'static Fault> {
    TOPICS.into_iter().flat_map(|(_, faults)| faults)
}

/// Returns the topics, each with the faults that an endpoint with this role can send. Leaves out
/// topics without such faults.
pub fn topics(role: Role) -> impl Iterator<Item = (&'static str, Vec<&'static Fault>)> {
    let sent_by_role =
        move |faults: &'static [Fault]| faults.iter().filter(|fault| fault.can_be_sent_by(role)).collect();
    TOPICS
        .into_iter()
        .map(move |(topic, faults)| (topic, sent_by_role(faults)))
        .filter(|(_, faults): &(_, Vec<_>)| !faults.is_empty())
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
