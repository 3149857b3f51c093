//! The tables of all checks, in the order of the stages.
//!
//! | module | what it checks |
//! |---|---|
//! | `opening` | the handshake: stage 1 of servers, stages 1 and 2 of clients |
//! | `frames` | headers, masks, lengths, and frames in pieces |
//! | `messages` | opcodes, control frames, fragments, UTF-8 |
//! | `closing` | the closing handshake |
//! | `limits` | limits, deadlines, `Origin` |
//! | `load` | cuts everywhere, many connections |

mod closing;
mod frames;
mod limits;
mod load;
mod messages;
mod opening;
#[cfg(test)]
mod tests;

use protocol::Role;

use super::check::{Check, CheckRef};
use crate::{faults, stages::Stages};

const TABLES: [&[Check]; 6] =
    [opening::CHECKS, frames::CHECKS, messages::CHECKS, closing::CHECKS, limits::CHECKS, load::CHECKS];

/// Returns the checks that the judge adds to the faults.
pub fn all() -> impl Iterator<Item = &'static Check> {
    TABLES.into_iter().flatten()
}

/// Returns the checks of one stage for programs with this role: what the program must do, and then
/// what it must reject.
pub(crate) fn of_stage(role: Role, number: u8) -> impl Iterator<Item = CheckRef> {
    let stage = move |stages: Stages| match role {
        Role::Server => stages.server == Some(number),
        Role::Client => stages.client == Some(number),
    };
    let own = all().filter(move |check| stage(check.stages)).map(CheckRef::Check);
    own.chain(faults::all().filter(move |fault| stage(fault.stages)).map(CheckRef::Fault))
}
