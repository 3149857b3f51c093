//! Selects the checks that are made.

use protocol::Role;

use super::{
    check::CheckRef,
    checks::{self, ListedCheck},
    stage::Stage,
};

/// The checks that the judge makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Selection {
    /// All checks of all stages.
    #[default]
    All,
    /// All checks of the stage with this number.
    Stage(u8),
    /// The check with this name.
    Check(&'static str),
}

impl Selection {
    /// Selects one check for programs with this role. Returns `None` if no check has this name.
    #[must_use]
    pub fn check(role: Role, name: &str) -> Option<Self> {
        ListedCheck::of(role).find(|check| check.name == name).map(|check| Self::Check(check.name))
    }

    /// Returns the stages that contain selected checks, each paired with those checks.
    pub(crate) fn stages(self, role: Role) -> impl Iterator<Item = (&'static Stage, Vec<CheckRef>)> {
        Stage::of(role).iter().filter_map(move |stage| {
            let is_made = |check: &CheckRef| match self {
                Self::All => true,
                Self::Stage(number) => number == stage.number,
                Self::Check(name) => name == check.name(),
            };
            let checks: Vec<_> = checks::of_stage(role, stage.number).filter(is_made).collect();
            (!checks.is_empty()).then_some((stage, checks))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_is_in_one_stage() {
        let selection = Selection::check(Role::Server, "long-ping").expect("a fault is a check too");
        let stages: Vec<_> = selection.stages(Role::Server).collect();
        let [(stage, checks)] = &stages[..] else { panic!("{stages:?}") };
        assert_eq!((stage.number, checks.len(), checks[0].name()), (6, 1, "long-ping"));
        assert_eq!(Selection::check(Role::Client, "valid-request"), None, "this is a check of servers");
    }
}
