//! Checks that the connection can end from every state, and that it does so within its deadlines.
//!
//! Continues the interleaving from each state in a fixed order: first everything that can happen
//! without waiting, then the next deadline. There are two kinds of endings:
//!
//! * **A fair ending.** The wire carries everything, both drivers do their work, and at most one
//!   application begins to close.
//! * **A silent ending.** One side is left alone: nothing arrives, and no byte can be written.

use std::{fmt, time::Duration};

use protocol::Role;

use crate::{
    action::{Action, Amount, Cause},
    property::{Broken, Property},
    side::{Happened, name},
    world::{CLOSE_TIMEOUT, KEEP_ALIVE, ROLES, Setup, World},
};

/// A way to continue an interleaving to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndingKind {
    /// If a side is given, its application first begins to close. Then the wire carries everything.
    Fair(Option<Role>),
    /// This side is left alone.
    Silent(Role),
}

impl fmt::Display for EndingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fair(_) => write!(f, "From here on, both sides and the wire do everything that they can."),
            Self::Silent(role) => {
                let role = name(*role);
                write!(f, "From here on, the {role} is left alone: nothing arrives, and it can write nothing.")
            }
        }
    }
}

/// An interleaving that is being continued to its end.
#[derive(Debug)]
struct Ending {
    world: World,
    /// The steps since the state.
    steps: Vec<Action>,
    /// The time that has passed on each side.
    passed: [Duration; 2],
}

/// A property that does not hold in an ending, and the ending's steps up to that point.
#[derive(Debug)]
pub struct BrokenEnding {
    /// The kind of ending.
    pub kind: EndingKind,
    /// The steps of the ending.
    pub steps: Vec<Action>,
    /// The property.
    pub broken: Broken,
}

/// Continues the interleaving `path` to its end in every way that this module defines. Returns the
/// number of endings.
///
/// # Errors
/// Returns the first ending in which a property does not hold.
pub fn check_endings(setup: &Setup, path: &[Action]) -> Result<u64, BrokenEnding> {
    let keep_alive = setup.bound().keep_alive;
    let world = World::replay(setup, path);
    let mut kinds = vec![EndingKind::Fair(None)];
    for role in ROLES {
        kinds.extend(world.side(role).is_open().then_some(EndingKind::Fair(Some(role))));
        kinds.extend((!world.side(role).is_disconnected()).then_some(EndingKind::Silent(role)));
    }
    for kind in &kinds {
        let mut ending = Ending { world: World::replay(setup, path), steps: Vec::new(), passed: [Duration::ZERO; 2] };
        let ended = match *kind {
            EndingKind::Fair(closer) => ending.run_fairly(closer, keep_alive),
            EndingKind::Silent(role) => ending.run_silently(role, keep_alive),
        };
        ended.map_err(|broken| BrokenEnding { kind: *kind, steps: ending.steps, broken })?;
    }
    Ok(kinds.len() as u64)
}

impl Ending {
    fn take(&mut self, action: Action) -> Result<Happened, Broken> {
        self.steps.push(action);
        self.world.apply(action)
    }

    /// If `closer` names a side, lets that side's application begin to close. Then runs both sides
    /// until each side that must disconnect has done so.
    fn run_fairly(&mut self, closer: Option<Role>, keep_alive: bool) -> Result<(), Broken> {
        let undisturbed = self.world.is_undisturbed();
        if let Some(role) = closer {
            self.take(Action::Cause(role, Cause::Close))?;
        }
        loop {
            self.run_without_waiting()?;
            // Wait only for the sides that have learned that the connection is ending: the wire may
            // have lost everything that would have told the others.
            let waiting: Vec<Role> = ROLES
                .into_iter()
                .filter(|role| self.world.side(*role).must_end() && !self.world.side(*role).is_disconnected())
                .collect();
            if waiting.is_empty() {
                break;
            }
            Broken::unless(!undisturbed, Property::EndsWithoutDeadline, || {
                format!("the {} waits, although the wire carries everything", name(waiting[0]))
            })?;
            let mut progress = false;
            for role in waiting {
                progress |= self.pass_deadline(role)?;
            }
            Broken::unless(progress, Property::EndsInTime, || {
                "no deadline is left, and the end not reached".to_owned()
            })?;
            self.check_time(2 * CLOSE_TIMEOUT, keep_alive)?;
        }
        let [client, server] = ROLES.map(|role| self.world.side(role));
        let broke_a_rule = client.account.broke_a_rule || server.account.broke_a_rule;
        if undisturbed && !broke_a_rule && client.is_disconnected() && server.is_disconnected() {
            // A side that has abandoned the connection ignores the peer's Close.
            let both = [client, server].iter().all(|side| side.account.close_received || side.account.abandoned);
            Broken::unless(both, Property::AccountsAgree, || "the wire did not carry both Closes".to_owned())?;
        }
        Ok(())
    }

    /// Does everything that can be done without waiting.
    fn run_without_waiting(&mut self) -> Result<(), Broken> {
        loop {
            let mut progress = false;
            for role in ROLES {
                progress |= self.run_driver(role, Amount::All)?;
                let possible = self.world.actions();
                let reads = [Action::Read(role, Amount::All), Action::ReadEnd(role)];
                for action in reads.into_iter().filter(|action| possible.contains(action)) {
                    self.take(action)?;
                    progress = true;
                }
            }
            if !progress {
                return Ok(());
            }
        }
    }

    /// Lets the driver of one side do everything except reading. Returns `true` if it did anything.
    fn run_driver(&mut self, role: Role, amount: Amount) -> Result<bool, Broken> {
        let mut progress = false;
        while self.world.side(role).polls() {
            self.take(Action::Poll(role))?;
            progress = true;
        }
        while self.world.side(role).is_due() {
            self.take(Action::Wake(role))?;
            progress = true;
        }
        if amount == Amount::All && self.world.actions().contains(&Action::FailWrite(role)) {
            self.take(Action::FailWrite(role))?;
            progress = true;
        }
        while !self.world.side(role).is_disconnected() {
            if let Happened::Nothing = self.take(Action::Transmit(role, amount))? {
                self.steps.pop();
                break;
            }
            progress = true;
        }
        Ok(progress)
    }

    /// Runs one side, whose peer neither reads nor sends any more, until its connection ends.
    fn run_silently(&mut self, role: Role, keep_alive: bool) -> Result<(), Broken> {
        // Without a keep-alive, a side that has not learned that the connection is ending would
        // wait until its application closes, so let the application begin to close now.
        let side = self.world.side(role);
        if side.is_open() && !side.must_end() && !keep_alive {
            self.take(Action::Cause(role, Cause::Close))?;
        }
        loop {
            self.run_driver(role, Amount::Nothing)?;
            if self.world.side(role).is_disconnected() {
                return Ok(());
            }
            let progress = self.pass_deadline(role)?;
            Broken::unless(progress, Property::EndsInTime, || {
                format!("the {} waits for its peer without a deadline", name(role))
            })?;
            self.check_time(CLOSE_TIMEOUT, keep_alive)?;
        }
    }

    /// Advances one side's clock to its next deadline. Returns `true` if there was a deadline.
    fn pass_deadline(&mut self, role: Role) -> Result<bool, Broken> {
        if !self.world.side(role).has_deadline_ahead() {
            return Ok(false);
        }
        let before = self.world.side(role).now();
        self.take(Action::Cause(role, Cause::ReachDeadline))?;
        self.take(Action::Wake(role))?;
        self.passed[role as usize] += self.world.side(role).now() - before;
        Ok(true)
    }

    /// Checks that neither side has waited longer than `limit`, not counting the time that a
    /// keep-alive needs to detect that the peer is gone. That is the time until the next Ping plus
    /// up to two time-outs, because the time-out restarts once if bytes that were queued before the
    /// Ping are written in the meantime.
    fn check_time(&self, limit: Duration, keep_alive: bool) -> Result<(), Broken> {
        let keep_alive = if keep_alive { KEEP_ALIVE.interval + 2 * KEEP_ALIVE.timeout } else { Duration::ZERO };
        let limit = limit + keep_alive;
        Broken::unless(self.passed.iter().all(|passed| *passed <= limit), Property::EndsInTime, || {
            format!("more than {limit:?} have passed")
        })
    }
}
