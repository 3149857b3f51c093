//! Two sides and the wire between them: which steps are possible, and what they do.

use std::{
    hash::{DefaultHasher, Hasher},
    sync::Arc,
    time::{Duration, Instant},
};

use protocol::{Config, KeepAlive, Role};

use crate::{
    action::{Action, Amount, Cause, Fault},
    property::Broken,
    side::{Happened, Side},
    wire::OneWay,
};

/// How long the peer may take for each of its steps in closing the connection.
pub const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
/// The keep-alive, if the bound enables it. The interval is shorter than the time-out, so that a
/// Ping can become due while a Pong is awaited.
pub const KEEP_ALIVE: KeepAlive = KeepAlive { interval: Duration::from_secs(20), timeout: Duration::from_secs(30) };

/// The bound of an exploration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// The maximum number of causes in one interleaving. The number of other steps is not limited.
    pub causes: u8,
    /// Whether the wire may also split a frame, after its first byte or after its header.
    pub cuts: bool,
    /// Whether both sides have a keep-alive.
    pub keep_alive: bool,
}

impl Bound {
    /// A bound without a keep-alive.
    #[must_use]
    pub const fn new(causes: u8, cuts: bool) -> Self {
        Self { causes, cuts, keep_alive: false }
    }

    /// The same bound with a keep-alive.
    #[must_use]
    pub const fn with_keep_alive(self) -> Self {
        Self { keep_alive: true, ..self }
    }
}

/// The bounds that the test explores, in less than a minute.
pub const QUICK_BOUNDS: [Bound; 2] = [Bound::new(1, true), Bound::new(2, false).with_keep_alive()];

/// The bounds that the program explores, in a few minutes.
pub const DEEP_BOUNDS: [Bound; 4] =
    [Bound::new(1, true), Bound::new(2, false).with_keep_alive(), Bound::new(2, true), Bound::new(3, false)];

/// The parts that all interleavings of one exploration share: the bound, the configuration, and the
/// time of the first state.
#[derive(Debug)]
pub struct Setup {
    bound: Bound,
    config: Arc<Config>,
    started: Instant,
}

impl Setup {
    /// Prepares an exploration.
    #[must_use]
    pub fn new(bound: Bound) -> Self {
        let config = Config::default().close_timeout(CLOSE_TIMEOUT);
        let config = if bound.keep_alive { config.keep_alive(KEEP_ALIVE) } else { config };
        Self { bound, config: Arc::new(config), started: Instant::now() }
    }

    /// Returns the bound.
    #[must_use]
    pub const fn bound(&self) -> Bound {
        self.bound
    }
}

/// Two sides and the wire between them.
#[derive(Debug)]
pub struct World {
    client: Side,
    server: Side,
    to_client: OneWay,
    to_server: OneWay,
    bound: Bound,
    causes_left: u8,
    /// Whether the wire has lost something.
    lost: bool,
}

/// One side, its peer, and the two directions of the wire, as this side sees them.
#[derive(Debug)]
pub struct View<'a> {
    /// The side.
    pub side: &'a mut Side,
    /// Its peer.
    pub peer: &'a Side,
    /// The direction in which the side writes.
    pub outgoing: &'a mut OneWay,
    /// The direction from which the side reads.
    pub incoming: &'a mut OneWay,
}

/// Both roles.
pub const ROLES: [Role; 2] = [Role::Client, Role::Server];

impl World {
    /// Creates an open connection.
    #[must_use]
    pub fn new(setup: &Setup) -> Self {
        let side = |role| Side::new(role, Arc::clone(&setup.config), setup.started);
        Self {
            client: side(Role::Client),
            server: side(Role::Server),
            to_client: OneWay::default(),
            to_server: OneWay::default(),
            bound: setup.bound,
            causes_left: setup.bound.causes,
            lost: false,
        }
    }

    /// Repeats an interleaving.
    ///
    /// # Panics
    /// Panics if a step that succeeded when it was first taken now fails. This cannot happen with a
    /// deterministic engine.
    #[must_use]
    pub fn replay(setup: &Setup, path: &[Action]) -> Self {
        let mut world = Self::new(setup);
        for action in path {
            world.apply(*action).expect("the engine is deterministic");
        }
        world
    }

    /// Returns one side.
    #[must_use]
    pub const fn side(&self, role: Role) -> &Side {
        match role {
            Role::Client => &self.client,
            Role::Server => &self.server,
        }
    }

    /// Returns the view of one side.
    pub const fn view(&mut self, role: Role) -> View<'_> {
        let Self { client, server, to_client, to_server, .. } = self;
        match role {
            Role::Client => View { side: client, peer: server, outgoing: to_server, incoming: to_client },
            Role::Server => View { side: server, peer: client, outgoing: to_client, incoming: to_server },
        }
    }

    /// Returns `true` if nothing has disturbed the connection: the wire has lost nothing, and no
    /// deadline has passed.
    #[must_use]
    pub const fn is_undisturbed(&self) -> bool {
        !self.lost && !self.client.account.reached_a_deadline && !self.server.account.reached_a_deadline
    }

    /// Returns a number that identifies the state. It is computed from everything on which the
    /// later behaviour and the later checks depend. With 128 bits, the probability that any two of
    /// ten million different states share a number is below 10^-24.
    #[must_use]
    pub fn identity(&self) -> u128 {
        // Do not use `..` here, so that a new field cannot be forgotten. Leave out the bound,
        // because it is always the same.
        let Self { client, server, to_client, to_server, bound: _, causes_left, lost } = self;
        let text = format!("{:?}", (client.inspect(), server.inspect(), to_client, to_server, causes_left, lost));
        // The standard library's hash has only 64 bits. To get 128 bits, hash the text twice, each
        // time with a different byte in front of it.
        let [high, low] = [0, 1].map(|beginning| {
            let mut hasher = DefaultHasher::new();
            hasher.write_u8(beginning);
            hasher.write(text.as_bytes());
            hasher.finish()
        });
        u128::from(high) << 64 | u128::from(low)
    }

    /// Returns the steps that are possible now.
    #[must_use]
    pub fn actions(&self) -> Vec<Action> {
        let mut actions = Vec::new();
        for role in ROLES {
            let (side, outgoing, incoming) = match role {
                Role::Client => (&self.client, &self.to_server, &self.to_client),
                Role::Server => (&self.server, &self.to_client, &self.to_server),
            };
            if side.is_disconnected() {
                continue;
            }
            let mut add = |is_possible, action| {
                if is_possible {
                    actions.push(action);
                }
            };
            add(side.polls(), Action::Poll(role));
            add(true, Action::Transmit(role, Amount::All));
            add(side.has_queued(), Action::Transmit(role, Amount::ToNextCut));
            add(side.has_queued() && outgoing.broken, Action::FailWrite(role));
            let in_flight = !incoming.bytes.is_empty();
            add(side.reads() && in_flight, Action::Read(role, Amount::All));
            add(side.reads() && in_flight, Action::Read(role, Amount::ToNextCut));
            add(side.reads() && !in_flight && incoming.ended, Action::ReadEnd(role));
            add(side.is_due(), Action::Wake(role));
            if self.causes_left > 0 {
                let mut add = |is_possible, cause| add(is_possible, Action::Cause(role, cause));
                add(side.is_open() && !side.account.half_sent, Cause::SendText);
                add(side.is_open(), Cause::SendFragment);
                add(side.is_open(), Cause::SendPing);
                add(side.is_open(), Cause::Close);
                // A driver abandons a connection at most once, and only because of input. So allow
                // this only while more bytes can arrive or some bytes are still unprocessed.
                let may_have_input = side.reads() || side.polls();
                add(may_have_input && !side.account.abandoned, Cause::Abandon);
                for fault in Fault::ALL {
                    let in_place = side.account.close_written == (fault == Fault::AfterClose);
                    let between_frames = side.account.output.is_between_frames();
                    add(side.writes() && !outgoing.broken && between_frames && in_place, Cause::Break(fault));
                }
                add(side.reads() && !incoming.ended, Cause::LoseRead);
                add(side.reads(), Cause::Reset);
                add(side.writes() && !outgoing.broken, Cause::LoseWrite);
                add(!side.is_due() && side.has_deadline_ahead(), Cause::ReachDeadline);
            }
        }
        actions
    }

    /// Takes a step.
    ///
    /// # Errors
    /// Fails if the step shows that a property does not hold.
    pub fn apply(&mut self, action: Action) -> Result<Happened, Broken> {
        let inside = self.bound.cuts;
        let happened = match action {
            Action::Cause(role, cause) => {
                self.causes_left = self.causes_left.saturating_sub(1);
                self.apply_cause(role, cause)?
            }
            Action::Transmit(role, amount) => {
                let View { side, outgoing, incoming, .. } = self.view(role);
                let happened = side.transmit(amount, inside, outgoing)?;
                if side.is_disconnected() {
                    incoming.lose_receiver();
                }
                happened
            }
            Action::FailWrite(role) => self.view(role).side.fail_write(),
            Action::Read(role, amount) => {
                let View { side, incoming, .. } = self.view(role);
                side.read(amount, inside, incoming)
            }
            Action::ReadEnd(role) => self.view(role).side.read_end(),
            Action::Poll(role) => {
                let View { side, peer, .. } = self.view(role);
                side.poll(&peer.account)?
            }
            Action::Wake(role) => self.view(role).side.wake()?,
        };
        self.client.check(&self.server)?;
        self.server.check(&self.client)?;
        Ok(happened)
    }

    fn apply_cause(&mut self, role: Role, cause: Cause) -> Result<Happened, Broken> {
        self.lost |= matches!(cause, Cause::LoseRead | Cause::LoseWrite | Cause::Reset);
        let View { side, outgoing, incoming, .. } = self.view(role);
        Ok(match cause {
            Cause::SendText => side.send_text(),
            Cause::SendFragment => side.send_fragment(),
            Cause::SendPing => side.send_ping(),
            Cause::Close => side.close(),
            Cause::Abandon => side.abandon()?,
            Cause::Break(fault) => {
                let bytes = fault.bytes(role);
                outgoing.write(&bytes);
                side.account.broke_a_rule = true;
                Happened::Written(bytes)
            }
            Cause::LoseRead => {
                incoming.lose_receiver();
                incoming.ended = true;
                Happened::Nothing
            }
            Cause::Reset => {
                incoming.lose_receiver();
                outgoing.broken = true;
                side.fail_read()
            }
            Cause::LoseWrite => {
                (outgoing.broken, outgoing.silent) = (true, true);
                Happened::Nothing
            }
            Cause::ReachDeadline => side.reach_deadline(),
        })
    }
}
