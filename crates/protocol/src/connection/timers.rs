//! The deadlines of a connection. The engine has no clock. The driver passes the current time to
//! the engine, and the engine reports when it must be called again.
//!
//! | timer | starts when | what happens when it expires |
//! |---|---|---|
//! | ping | the connection opens, or a Ping was answered | a Ping is queued |
//! | pong | a Ping of the keep-alive is due | the connection fails, unless the peer [is alive](#signs-of-life) |
//! | message | a message is incomplete, and this timer is not running | the connection fails, if the peer has had its time: see [`message_deadline`] |
//! | close | a Close is sent or received, the connection fails, the peer's stream ends, or a write fails | the TCP connection is dropped |
//!
//! The keep-alive ends when the close timer starts, so the close timer never runs together with the
//! ping timer or the pong timer.
//!
//! # Signs of life
//!
//! When the deadline for the Pong passes without a Pong, two other things can show that the peer is
//! alive:
//!
//! * **A byte that arrives.** The Pong may be waiting behind a large frame, because it cannot
//!   overtake a frame that is still arriving.
//! * **A byte that the transport accepts after first refusing it.** The transport refuses bytes
//!   when its buffers are full, and only a peer that receives bytes makes room in them. A byte that
//!   is accepted *before* the buffers are full proves nothing: a kernel accepts megabytes for a
//!   peer whose cable has been cut.

use std::time::{Duration, Instant};

use super::{
    message_deadline::{self, MessageDeadline},
    receiver::Receiver,
    sender::Sender,
};
use crate::{config::KeepAlive, frame::Opcode, message_timeout::MessageTimeout, violation::Violation};

/// The deadlines of a connection.
#[derive(Debug)]
pub(super) struct Timers {
    /// Present from the opening of the connection until it begins to close, if the keep-alive is
    /// enabled.
    keep_alive: Option<Box<KeepAliveState>>,
    /// The time by which the peer must have answered our Close, or closed the TCP connection.
    close: Option<Instant>,
    /// Set when an incomplete message is found, and kept until the deadline passes, even if the
    /// message is completed before then.
    message: Option<Box<MessageDeadline>>,
}

impl Timers {
    pub(super) fn new(keep_alive: Option<KeepAlive>, now: Instant) -> Self {
        let keep_alive = keep_alive.map(|options| Box::new(KeepAliveState::new(options, now)));
        Self { keep_alive, close: None, message: None }
    }

    /// Returns the next deadline.
    #[inline]
    pub(super) fn next(&self) -> Option<Instant> {
        // Closing ends the keep-alive, so the keep-alive and the close timer never run at the same
        // time. Use the deadline of the one that is running.
        let next = match &self.keep_alive {
            Some(keep_alive) => keep_alive.ping.into_iter().chain(keep_alive.pong).min(),
            None => self.close,
        };
        match &self.message {
            Some(message) => Some(next.map_or(message.deadline(), |next| next.min(message.deadline()))),
            None => next,
        }
    }

    /// Sets a new deadline for the peer's next step in closing, and ends the keep-alive.
    pub(super) fn start_close(&mut self, timeout: Duration, now: Instant) {
        // If the time-out is too long for the clock to represent, no deadline is set.
        self.close = now.checked_add(timeout);
        self.keep_alive = None;
    }

    /// Returns `true` if a deadline for the peer's next step in closing is set.
    pub(super) const fn is_close_running(&self) -> bool {
        self.close.is_some()
    }

    /// Returns `true` once, when the deadline for the peer's next step in closing has passed.
    pub(super) fn close_expired(&mut self, now: Instant) -> bool {
        expired(&mut self.close, now)
    }

    /// Stops all timers.
    pub(super) fn stop(&mut self) {
        (self.keep_alive, self.close, self.message) = (None, None, None);
    }

    /// Records that the input has been processed but a message is still incomplete.
    pub(super) fn watch_message(&mut self, timeout: MessageTimeout, receiver: &mut Receiver, now: Instant) {
        message_deadline::watch(&mut self.message, timeout, receiver, now);
    }

    /// Checks whether the current message is arriving too slowly.
    ///
    /// # Errors
    /// [`Violation::MessageTooSlow`].
    pub(super) fn check_message(
        &mut self,
        timeout: Option<MessageTimeout>,
        receiver: &Receiver,
        now: Instant,
    ) -> Result<(), Violation> {
        timeout.map_or(Ok(()), |timeout| message_deadline::check(&mut self.message, timeout, receiver, now))
    }

    /// Restarts the time limit for the message that is arriving.
    pub(super) fn restart_message(&mut self, now: Instant) {
        if let Some(message) = &mut self.message {
            message.restart(now);
        }
    }

    /// Cancels the deadline of the message that is arriving, because the input is ignored from now
    /// on.
    pub(super) fn forget_message(&mut self) {
        self.message = None;
    }

    /// Records a Pong. Any Pong shows that the peer is alive, whether it was solicited or not, and
    /// however late it is.
    pub(super) fn on_pong(&mut self, now: Instant) {
        if let Some(keep_alive) = &mut self.keep_alive {
            keep_alive.on_activity(now);
        }
    }

    /// Queues a Ping if it is due, and checks whether a Pong is overdue.
    ///
    /// # Errors
    /// [`Violation::PongOverdue`] if the peer did not answer a Ping in time.
    pub(super) fn run_keep_alive(
        &mut self,
        receiver: &mut Receiver,
        sender: &mut Sender,
        now: Instant,
    ) -> Result<(), Violation> {
        match &mut self.keep_alive {
            Some(keep_alive) => keep_alive.run(receiver, sender, now),
            None => Ok(()),
        }
    }
}

/// The keep-alive of one connection, from its opening until it begins to close.
#[derive(Debug)]
struct KeepAliveState {
    options: KeepAlive,
    /// The time at which the next Ping is due. Set only while no Pong is awaited.
    ping: Option<Instant>,
    /// The deadline for the peer's Pong. Set only while a Pong is awaited.
    pong: Option<Instant>,
    /// The number of Pings that have been queued so far, which is also the payload of the latest
    /// Ping.
    pings_sent: u32,
    /// The time at which the next Ping will be due. Set only while a Pong is awaited. Once the peer
    /// is known to be alive, this time moves to `ping`.
    next_ping: Option<Instant>,
    /// The position in the send queue where the last Ping ends.
    ping_end: u64,
    /// The number of received bytes that were still unconsumed when the wait for a Pong began.
    unconsumed: usize,
}

impl KeepAliveState {
    fn new(options: KeepAlive, now: Instant) -> Self {
        Self {
            options,
            ping: now.checked_add(options.interval),
            pong: None,
            pings_sent: 0,
            next_ping: None,
            ping_end: 0,
            unconsumed: 0,
        }
    }

    fn run(&mut self, receiver: &mut Receiver, sender: &mut Sender, now: Instant) -> Result<(), Violation> {
        // Check the Pong first, because the answer to the last Ping decides whether another Ping
        // follows.
        if expired(&mut self.pong, now) {
            let has_drained = sender.queue().has_drained();
            if self.was_active(receiver) {
                // A Pong cannot overtake a large frame that is still arriving, so any byte counts
                // as an answer.
                self.on_activity(now);
            } else if has_drained {
                // The peer is reading, but either it has not reached our Ping yet or its Pong has
                // not arrived yet, so restart the time-out. The driver has written what the
                // transport accepts, so mark the bytes that are still queued as refused.
                sender.queue_mut().mark_refused();
                self.wait_for_pong(receiver, sender, now);
            } else {
                // During the whole time-out, nothing has arrived, and the transport has accepted
                // none of the bytes that it had refused before. So treat the peer as dead.
                return Err(Violation::PongOverdue);
            }
        }
        if expired(&mut self.ping, now) {
            // If the last Ping is still in the queue, do not queue another: the peer's answer to
            // that Ping is enough.
            //
            // The driver has written as much as the transport accepts, so the bytes that are still
            // queued have been refused. Mark them as refused before the Ping is queued behind them.
            sender.queue_mut().mark_refused();
            if sender.queue().has_sent(self.ping_end) {
                self.pings_sent = self.pings_sent.wrapping_add(1);
                sender.queue_frame(Opcode::Ping, true, &self.pings_sent.to_be_bytes());
                self.ping_end = sender.queue().end();
            }
            self.wait_for_pong(receiver, sender, now);
            // Count the interval from this Ping rather than from its answer, so that a slow peer
            // does not receive fewer Pings.
            self.next_ping = now.checked_add(self.options.interval);
        }
        Ok(())
    }

    /// Records the progress so far, and starts the time-out for the Pong. From now on, only new
    /// signs of life count.
    fn wait_for_pong(&mut self, receiver: &mut Receiver, sender: &mut Sender, now: Instant) {
        receiver.reset_activity();
        sender.queue_mut().reset_drained();
        self.unconsumed = receiver.unconsumed_len();
        self.pong = now.checked_add(self.options.timeout);
    }

    /// Records that the peer is alive, and schedules the next Ping.
    fn on_activity(&mut self, now: Instant) {
        self.pong = None;
        if let Some(due) = self.next_ping.take() {
            // The next Ping may have become due while we waited for the Pong. If so, it is sent at
            // once.
            self.ping = Some(due.max(now));
        }
    }

    /// Returns `true` if anything has arrived, or activity has been recorded, since the last call
    /// to [`wait_for_pong`](Self::wait_for_pong).
    fn was_active(&self, receiver: &Receiver) -> bool {
        receiver.had_activity() || receiver.unconsumed_len() > self.unconsumed
    }
}

/// Stops `timer` if it has expired. Returns `true` if it has.
fn expired(timer: &mut Option<Instant>, now: Instant) -> bool {
    timer.take_if(|deadline| *deadline <= now).is_some()
}
