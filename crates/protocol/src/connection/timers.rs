//! Deadlines. The core has no clock: it is told the time with each call, and says when it wants to be called again.
//!
//! | timer | starts when | what follows when it runs out |
//! |---|---|---|
//! | ping | the connection opens, a Ping was answered | a Ping is sent |
//! | pong | a Ping of the keep-alive was sent | the connection fails, unless the peer was heard meanwhile |
//! | close | a Close is sent or received, the connection fails | TCP is dropped |

use std::time::{Duration, Instant};

use super::{Connection, State};
use crate::{frame::Opcode, violation::Violation};

/// When to send a Ping unasked, and how long to wait for its answer (section 5.5.2).
///
/// TCP alone does not notice that the other side is gone until something is sent and left unanswered for many minutes.
/// A Ping now and then keeps proxies from closing an idle connection, and a deadline for the Pong finds dead peers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeepAlive {
    /// From one Ping to the next.
    pub interval: Duration,
    /// From a Ping to the failure of the connection, if nothing at all is heard from the peer.
    pub timeout: Duration,
}

/// The deadlines that are running.
#[derive(Debug, Default)]
pub(super) struct Timers {
    pub(super) ping: Option<Instant>,
    pub(super) pong: Option<Instant>,
    pub(super) close: Option<Instant>,
}

impl Timers {
    /// The deadline that comes first.
    pub(super) fn next(&self) -> Option<Instant> {
        [self.ping, self.pong, self.close].into_iter().flatten().min()
    }

    /// Stops `timer` if it has run out, and says whether it had.
    pub(super) fn expired(timer: &mut Option<Instant>, now: Instant) -> bool {
        timer.take_if(|deadline| *deadline <= now).is_some()
    }
}

/// What can be seen of a peer from here: how much it has sent that nobody has looked at, and how much it has taken.
#[derive(Debug, Default)]
pub(super) struct Seen {
    unhandled: usize,
    left: u64,
}

impl Connection {
    /// When [`handle_timeout`](Self::handle_timeout) is to be called next. Changes with any other call.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// Does what was to be done by `now`. Calls that come too early do nothing.
    ///
    /// # Errors
    /// [`Violation::PongOverdue`] when a Ping was not answered: the connection has been failed.
    pub fn handle_timeout(&mut self, now: Instant) -> Result<(), Violation> {
        if Timers::expired(&mut self.timers.close, now) {
            self.closing.gave_up = true;
        }
        let Some(keep_alive) = self.config.keep_alive else { return Ok(()) };
        if Timers::expired(&mut self.timers.pong, now) {
            if self.was_heard() {
                // A Pong cannot overtake a large frame that is still arriving. As long as anything comes, the peer lives.
                self.peer_lives(now);
            } else if self.was_busy_taking() {
                self.wait_for_pong(keep_alive, now);
            } else {
                return Err(self.fail(Violation::PongOverdue, now));
            }
        }
        if Timers::expired(&mut self.timers.ping, now) {
            // A Ping that has not left yet is as good as a new one.
            if self.output.has_left(self.ping_place.end) {
                self.pings_sent = self.pings_sent.wrapping_add(1);
                let begin = self.output.end();
                self.control(Opcode::Ping, &self.pings_sent.to_be_bytes());
                self.ping_place = begin..self.output.end();
            }
            self.wait_for_pong(keep_alive, now);
            self.next_ping = now.checked_add(keep_alive.interval);
        }
        Ok(())
    }

    /// Looks at the peer, and gives it the time to answer a Ping.
    fn wait_for_pong(&mut self, keep_alive: KeepAlive, now: Instant) {
        self.receiver.heard = false;
        self.seen = Seen { unhandled: self.receiver.unhandled(), left: self.output.left() };
        self.timers.pong = now.checked_add(keep_alive.timeout);
    }

    /// The peer has shown that it is there: the next Ping can wait until it is due.
    pub(super) fn peer_lives(&mut self, now: Instant) {
        self.timers.pong = None;
        if let Some(due) = self.next_ping.take() {
            self.timers.ping = Some(due.max(now));
        }
    }

    /// Whether anything has come since [`wait_for_pong`](Self::wait_for_pong).
    fn was_heard(&self) -> bool {
        self.receiver.heard || self.receiver.unhandled() > self.seen.unhandled
    }

    /// Whether the Ping stood behind other output, and some of that has left: no peer can answer a Ping that is not out.
    fn was_busy_taking(&self) -> bool {
        self.seen.left < self.ping_place.start && self.output.left() > self.seen.left
    }

    /// Gives the peer a deadline for what it has to do next: answer a Close, or close TCP.
    pub(super) fn arm_close_timer(&mut self, now: Instant) {
        self.timers = Timers { close: now.checked_add(self.config.close_timeout), ..Timers::default() };
        self.next_ping = None;
    }

    pub(super) fn arm_close_timer_unless_running(&mut self, now: Instant) {
        if self.timers.close.is_none() && self.state() != State::Closed {
            self.arm_close_timer(now);
        }
    }
}
