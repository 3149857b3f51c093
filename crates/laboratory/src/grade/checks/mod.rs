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

use super::{
    check::{Check, CheckRef},
    stage::Stage,
    variants,
};
use crate::{fault::Fault, faults, stages::Stages};

const TABLES: [&[Check]; 6] =
    [opening::CHECKS, frames::CHECKS, messages::CHECKS, closing::CHECKS, limits::CHECKS, load::CHECKS];

/// Returns all checks of the judge except the faults.
pub fn all() -> impl Iterator<Item = &'static Check> {
    TABLES.into_iter().flatten()
}

/// Returns the faults that the judge sends: the laboratory's own, and variants of them.
pub(crate) fn all_faults() -> impl Iterator<Item = &'static Fault> {
    faults::all().chain(variants::FAULTS)
}

/// The stage, name and title of a check, for a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListedCheck {
    /// The stage to which the check belongs.
    pub stage: &'static Stage,
    /// The name, which never changes.
    pub name: &'static str,
    /// The subject of the check, as a phrase such as `A text of 5 bytes`.
    pub title: &'static str,
}

impl ListedCheck {
    /// Returns all checks for programs with this role, in the order of the stages.
    pub fn of(role: Role) -> impl Iterator<Item = Self> {
        Stage::of(role).iter().flat_map(move |stage| {
            of_stage(role, stage.number).map(move |check| Self { stage, name: check.name(), title: check.title() })
        })
    }
}

/// Returns the checks of one stage for programs with this role: first those for what the program
/// must do, then those for what it must reject.
pub(crate) fn of_stage(role: Role, number: u8) -> impl Iterator<Item = CheckRef> {
    let stage = move |stages: Stages| match role {
        Role::Server => stages.server == Some(number),
        Role::Client => stages.client == Some(number),
    };
    let own = all().filter(move |check| stage(check.stages)).map(CheckRef::Check);
    own.chain(all_faults().filter(move |fault| stage(fault.stages)).map(CheckRef::Fault))
}
