//! Deadlines. The core has no clock: it is told the time with each call, and says when it wants to be called again.
//!
//! | timer | starts when | what follows when it runs out |
//! |---|---|---|
//! | ping | the connection opens, a Ping was answered | a Ping is sent |
//! | pong | a Ping of the keep-alive was sent | the connection fails, unless the peer was heard meanwhile |
//! | close | a Close is sent or received, the connection fails | TCP is dropped |

use std::{
    ops::Range,
    time::{Duration, Instant},
};

use super::{Connection, SendQueue, State, receiver::Receiver};
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

/// The keep-alive of one connection, from its opening until it begins to close.
#[derive(Debug)]
pub(super) struct KeepAliveState {
    every: KeepAlive,
    /// The deadlines that are running.
    ping: Option<Instant>,
    pong: Option<Instant>,
    /// Pings so far; the number is their payload.
    pings_sent: u32,
    /// When the next one is due, while the last has no answer.
    next_ping: Option<Instant>,
    /// Where the last one stands in the output.
    ping_place: Range<u64>,
    /// What could be seen of the peer when the wait for its Pong began: how much it had sent that nobody has looked at,
    /// and how much it had taken.
    unprocessed: usize,
    sent: u64,
}

impl KeepAliveState {
    /// Watches over a connection that opens `now`.
    pub(super) fn new(every: KeepAlive, now: Instant) -> Self {
        Self {
            every,
            ping: now.checked_add(every.interval),
            pong: None,
            pings_sent: 0,
            next_ping: None,
            ping_place: 0..0,
            unprocessed: 0,
            sent: 0,
        }
    }

    /// Looks at the peer, and gives it the time to answer a Ping.
    fn wait_for_pong(&mut self, receiver: &mut Receiver, output: &SendQueue, now: Instant) {
        receiver.activity = false;
        (self.unprocessed, self.sent) = (receiver.unprocessed(), output.sent());
        self.pong = now.checked_add(self.every.timeout);
    }

    /// The peer has shown that it is there: the next Ping can wait until it is due.
    pub(super) fn peer_lives(&mut self, now: Instant) {
        self.pong = None;
        if let Some(due) = self.next_ping.take() {
            self.ping = Some(due.max(now));
        }
    }

    /// Whether anything has come since [`wait_for_pong`](Self::wait_for_pong).
    fn was_active(&self, receiver: &Receiver) -> bool {
        receiver.activity || receiver.unprocessed() > self.unprocessed
    }

    /// Whether the Ping stood behind other output, and some of that has left: no peer can answer a Ping that is not out.
    const fn was_busy_taking(&self, output: &SendQueue) -> bool {
        self.sent < self.ping_place.start && output.sent() > self.sent
    }
}

/// Stops `timer` if it has run out, and says whether it had.
fn expired(timer: &mut Option<Instant>, now: Instant) -> bool {
    timer.take_if(|deadline| *deadline <= now).is_some()
}

impl Connection {
    /// When [`handle_timeout`](Self::handle_timeout) is to be called next. Changes with any other call.
    #[inline]
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        // Closing ends the keep-alive: never are both waited for.
        match &self.keep_alive {
            Some(keep_alive) => keep_alive.ping.into_iter().chain(keep_alive.pong).min(),
            None => self.close_deadline,
        }
    }

    /// Does what was to be done by `now`. Calls that come too early do nothing.
    ///
    /// # Errors
    /// [`Violation::PongOverdue`] when a Ping was not answered: the connection has been failed.
    pub fn handle_timeout(&mut self, now: Instant) -> Result<(), Violation> {
        if expired(&mut self.close_deadline, now) {
            self.closing.timed_out = true;
        }
        let Some(keep_alive) = &mut self.keep_alive else { return Ok(()) };
        if expired(&mut keep_alive.pong, now) {
            if keep_alive.was_active(&self.receiver) {
                // A Pong cannot overtake a large frame that is still arriving. As long as anything comes, the peer lives.
                keep_alive.peer_lives(now);
            } else if keep_alive.was_busy_taking(&self.sender.output) {
                keep_alive.wait_for_pong(&mut self.receiver, &self.sender.output, now);
            } else {
                return Err(self.fail(Violation::PongOverdue, now));
            }
        }
        if expired(&mut keep_alive.ping, now) {
            // A Ping that has not left yet is as good as a new one.
            if self.sender.output.has_sent(keep_alive.ping_place.end) {
                keep_alive.pings_sent = keep_alive.pings_sent.wrapping_add(1);
                let payload = keep_alive.pings_sent.to_be_bytes();
                let begin = self.sender.output.end();
                self.sender.frame(Opcode::Ping, true, &payload);
                keep_alive.ping_place = begin..self.sender.output.end();
            }
            keep_alive.wait_for_pong(&mut self.receiver, &self.sender.output, now);
            keep_alive.next_ping = now.checked_add(keep_alive.every.interval);
        }
        Ok(())
    }

    /// Gives the peer a deadline for what it has to do next: answer a Close, or close TCP. Nothing else is waited for now.
    pub(super) fn arm_close_timer(&mut self, now: Instant) {
        self.close_deadline = now.checked_add(self.config.close_timeout);
        self.keep_alive = None;
    }

    pub(super) fn arm_close_timer_unless_running(&mut self, now: Instant) {
        if self.close_deadline.is_none() && self.state() != State::Closed {
            self.arm_close_timer(now);
        }
    }
}
