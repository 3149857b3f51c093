//! Records what each session has sent and received, and what was acknowledged. This record is kept
//! outside the simulated hosts, so no fault can affect it.
//!
//! A **session** is one WebSocket connection of a client. Its messages are numbered from 1, and the
//! server acknowledges each number.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

use crate::network::{HostId, Network, Side};

/// The account of one session.
#[derive(Debug, Default, Clone)]
pub struct Session {
    /// The number of the last message that the client has queued.
    pub sent: u64,
    /// The number of the last message that the server has received.
    pub received: u64,
    /// The number of the last message for which the client has received an acknowledgement.
    pub acknowledged: u64,
}

/// The numbers of a run.
#[derive(Debug, Default, Clone, Copy)]
pub struct Totals {
    /// The number of sessions.
    pub sessions: u64,
    /// The number of messages that clients have queued.
    pub messages: u64,
    /// The number of messages whose acknowledgements have arrived.
    pub acknowledged: u64,
    /// The number of sessions that ended with a closing handshake.
    pub clean: u64,
    /// The number of connections that ended because of a missing Pong.
    pub dead_peers: u64,
    /// The largest number of bytes in a send queue.
    pub max_queued: usize,
    /// The largest number of bytes that the server had read but not yet passed on, for any one
    /// connection.
    pub max_buffered: u64,
    /// The number of faults that have begun.
    pub faults: u64,
    /// The number of chat texts that have arrived, counted once for each recipient.
    pub texts: u64,
    /// The number of pushes that have arrived.
    pub pushes: u64,
}

#[derive(Debug, Default)]
struct Accounts {
    sessions: BTreeMap<u64, Session>,
    /// For each end of a connection that a program is using: the longest time for which the peer
    /// may be silent, and the time from which the silence is measured.
    open: BTreeMap<(usize, Side), (Duration, Instant)>,
    failure: Option<String>,
    totals: Totals,
    /// For each host, the number of faults that are active now, and the number that have begun so
    /// far.
    disturbances: BTreeMap<HostId, (u64, u64)>,
}

/// The account of a run.
#[derive(Debug)]
pub struct Ledger {
    network: Arc<Network>,
    /// Whether the server reports what it receives. The program `server` does not: only its answers
    /// show what it has received.
    server_reports: bool,
    accounts: Mutex<Accounts>,
    failed: Notify,
}

/// Marks one end of a connection as used by a program, until this value is dropped.
#[derive(Debug)]
pub struct InUse {
    ledger: Arc<Ledger>,
    key: (usize, Side),
}

impl Drop for InUse {
    fn drop(&mut self) {
        self.ledger.lock().open.remove(&self.key);
    }
}

impl Ledger {
    /// Creates an empty account.
    #[must_use]
    pub fn new(network: Arc<Network>, server_reports: bool) -> Arc<Self> {
        Arc::new(Self { network, server_reports, accounts: Mutex::default(), failed: Notify::new() })
    }

    fn lock(&self) -> MutexGuard<'_, Accounts> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records that an invariant does not hold, and ends the run. Only the first failure is kept.
    pub fn fail(&self, what: String) {
        self.network.journal.note(|| format!("FAILED: {what}"));
        self.lock().failure.get_or_insert(what);
        self.failed.notify_one();
    }

    /// Waits until a failure has been recorded.
    pub async fn failed(&self) {
        self.failed.notified().await;
    }

    /// Returns the first recorded failure, if there is one.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        self.lock().failure.clone()
    }

    /// Returns the totals so far.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.lock().totals
    }

    /// Begins a session, and returns its number.
    pub fn begin_session(&self) -> u64 {
        let mut accounts = self.lock();
        accounts.totals.sessions += 1;
        let number = accounts.totals.sessions;
        accounts.sessions.insert(number, Session::default());
        number
    }

    /// Returns the account of a session.
    #[must_use]
    pub fn session(&self, session: u64) -> Session {
        self.lock().sessions.get(&session).cloned().unwrap_or_default()
    }

    /// Records that a client has queued its next message, and returns the message's number.
    pub fn send(&self, session: u64) -> u64 {
        let mut accounts = self.lock();
        accounts.totals.messages += 1;
        let account = accounts.sessions.entry(session).or_default();
        account.sent += 1;
        account.sent
    }

    /// Records that the server has received a message.
    pub fn receive(&self, session: u64, number: Result<u64, String>) {
        let wrong = {
            let mut accounts = self.lock();
            let account = accounts.sessions.entry(session).or_default();
            let expected = account.received + 1;
            match number {
                Ok(number) if number == expected && number <= account.sent => {
                    account.received = number;
                    return;
                }
                Ok(number) => format!("session {session}: message {number} arrived, but {expected} was next"),
                Err(wrong) => format!("session {session}: {wrong}"),
            }
        };
        self.fail(wrong);
    }

    /// Records that a client has received an acknowledgement.
    pub fn acknowledge(&self, session: u64, number: Result<u64, String>) {
        let wrong = {
            let mut accounts = self.lock();
            let account = accounts.sessions.entry(session).or_default();
            let expected = account.acknowledged + 1;
            if !self.server_reports {
                account.received = expected.min(account.sent);
            }
            match number {
                Ok(number) if number == expected && number <= account.received => {
                    account.acknowledged = number;
                    accounts.totals.acknowledged += 1;
                    return;
                }
                Ok(number) => {
                    format!("session {session}: acknowledgement {number} arrived, but {expected} was next")
                }
                Err(wrong) => format!("session {session}: as an acknowledgement, {wrong}"),
            }
        };
        self.fail(wrong);
    }

    /// Counts a chat text that has arrived.
    pub fn count_text(&self) {
        self.lock().totals.texts += 1;
    }

    /// Counts a push that has arrived.
    pub fn count_push(&self) {
        self.lock().totals.pushes += 1;
    }

    /// Updates the totals after a connection has ended.
    pub fn end(&self, clean: bool, dead_peer: bool) {
        let totals = &mut self.lock().totals;
        totals.clean += u64::from(clean);
        totals.dead_peers += u64::from(dead_peer);
    }

    /// Checks the size of a send queue.
    pub fn check_queued(&self, queued: usize, max: usize) {
        let totals = &mut self.lock().totals;
        totals.max_queued = totals.max_queued.max(queued);
        if queued > max {
            self.fail(format!("{queued} bytes wait in a send queue; the limit is {max}"));
        }
    }

    /// Checks the number of bytes that the server has read but not yet passed on.
    pub fn check_buffered(&self, buffered: u64, max: u64) {
        {
            let totals = &mut self.lock().totals;
            totals.max_buffered = totals.max_buffered.max(buffered);
        }
        if buffered > max {
            self.fail(format!("{buffered} bytes were read and not handed out; the limit is {max}"));
        }
    }

    /// Records that a program uses one end of a connection. The run fails if the program is still
    /// using it after the peer has been silent for longer than `max_silence`.
    #[must_use]
    pub fn open(self: &Arc<Self>, connection: usize, side: Side, max_silence: Duration) -> InUse {
        self.lock().open.insert((connection, side), (max_silence, Instant::now()));
        InUse { ledger: Arc::clone(self), key: (connection, side) }
    }

    /// Changes a connection's longest permitted silence, and restarts the measurement of its
    /// silence.
    pub fn expect_end(&self, used: &InUse, max_silence: Duration) {
        self.lock().open.insert(used.key, (max_silence, Instant::now()));
    }

    /// Restarts the measurement of a connection's silence, because the program has only now resumed
    /// reading.
    pub fn restart(&self, used: &InUse) {
        if let Some((_, since)) = self.lock().open.get_mut(&used.key) {
            *since = Instant::now();
        }
    }

    /// Returns the number of connections that programs on this side are using.
    #[must_use]
    pub fn open_count(&self, side: Side) -> usize {
        self.lock().open.keys().filter(|key| key.1 == side).count()
    }

    /// Returns `true` if a program is using this end of a connection.
    #[must_use]
    pub fn is_open(&self, connection: usize, side: Side) -> bool {
        self.lock().open.contains_key(&(connection, side))
    }

    /// Checks that no connection is still in use after its peer has been silent for too long.
    pub fn check_silence(&self) {
        let open = self.lock().open.clone();
        for (key, (max, since)) in open {
            let silence = self.silence(key, since);
            if silence > max {
                let (connection, side) = key;
                let side = if side == Side::Client { "client" } else { "server" };
                return self.fail(format!(
                    "the {side} still uses connection #{connection} after {silence:?} without a sign of life; the \
                     limit is {max:?}"
                ));
            }
        }
    }

    /// Checks that a dead peer was reported in time: it must not have been silent for longer than
    /// `max`.
    pub fn check_report_of_dead_peer(&self, used: &InUse, max: Duration) {
        let Some((_, since)) = self.lock().open.get(&used.key).copied() else { return };
        let silence = self.silence(used.key, since);
        if silence > max {
            let connection = used.key.0;
            self.fail(format!(
                "the peer of connection #{connection} was reported as dead after {silence:?}; the limit is {max:?}"
            ));
        }
    }

    /// Returns how long the peer has been silent, ignoring any time before `since`.
    fn silence(&self, (connection, side): (usize, Side), since: Instant) -> Duration {
        self.network.last_sign_of_life(connection, side).max(since).elapsed()
    }

    /// Records the beginning of a fault at a host.
    pub fn disturb(&self, host: HostId) {
        let mut accounts = self.lock();
        let (active, begun) = accounts.disturbances.entry(host).or_default();
        (*active, *begun) = (*active + 1, *begun + 1);
        accounts.totals.faults += 1;
    }

    /// Records the end of a fault at a host.
    pub fn calm(&self, host: HostId) {
        if let Some((active, _)) = self.lock().disturbances.get_mut(&host) {
            *active -= 1;
        }
    }

    /// Returns the number of faults that are active now.
    #[must_use]
    pub fn active_faults(&self) -> u64 {
        self.lock().disturbances.values().map(|(active, _)| active).sum()
    }

    /// Begins to watch these hosts for faults.
    #[must_use]
    pub fn watch(&self, hosts: [HostId; 2]) -> Watch<'_> {
        Watch { ledger: self, hosts, before: self.disturbances(hosts) }
    }

    /// Returns the number of faults active at these hosts now, and the number that have begun there
    /// so far. If the first number was 0 at an earlier call and neither number has changed since,
    /// no fault has been active in the meantime.
    fn disturbances(&self, hosts: [HostId; 2]) -> (u64, u64) {
        let accounts = self.lock();
        let of = |host| accounts.disturbances.get(&host).copied().unwrap_or_default();
        let [first, second] = hosts.map(of);
        (first.0 + second.0, first.1 + second.1)
    }
}

/// Two hosts, with the number of faults that were active there when the watch began, and the number
/// that had begun there by then.
#[derive(Debug)]
pub struct Watch<'a> {
    ledger: &'a Ledger,
    hosts: [HostId; 2],
    before: (u64, u64),
}

impl Watch<'_> {
    /// Returns `true` if no fault has been active at the hosts since the watch began.
    #[must_use]
    pub fn is_undisturbed(&self) -> bool {
        self.before.0 == 0 && self.ledger.disturbances(self.hosts) == self.before
    }
}
