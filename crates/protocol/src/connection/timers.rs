//! The deadlines of a connection. The engine has no clock. The driver passes the current time with
//! each call, and the engine reports when it must be called again.
//!
//! | timer | starts when | what happens when it expires |
//! |---|---|---|
//! | ping | the connection opens, or a Ping was answered | a Ping is queued |
//! | pong | a Ping of the keep-alive is queued | the connection fails, unless the peer showed activity |
//! | message | a message is incomplete, and this timer is not running | the connection fails, if the peer has had its time: see [`message_deadline`] |
//! | close | a Close is sent or received, the connection fails, the peer's stream ends, or a write fails | TCP is dropped |
//!
//! The keep-alive ends when the close timer starts, so the close timer never runs together with the
//! ping timer or the pong timer.

use std::{
    ops::Range,
    time::{Duration, Instant},
};

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
    /// The time by which the peer must have answered our Close, or closed TCP.
    close: Option<Instant>,
    /// Present while a message is incomplete, and for some time afterwards.
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
        // time, and the next of their deadlines belongs to whichever of them is running.
        let next = match &self.keep_alive {
            Some(keep_alive) => keep_alive.ping.into_iter().chain(keep_alive.pong).min(),
            None => self.close,
        };
        match &self.message {
            Some(message) => Some(next.map_or(message.deadline(), |next| next.min(message.deadline()))),
            None => next,
        }
    }

    /// Starts a new deadline for the peer's next step in closing, and ends the keep-alive.
    pub(super) fn start_close(&mut self, timeout: Duration, now: Instant) {
        // If the time-out is too long for the clock to represent, no deadline is set.
        self.close = now.checked_add(timeout);
        self.keep_alive = None;
    }

    /// Returns whether the deadline for the peer's next step in closing is running.
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

    /// Notes that the input has been processed, and that a message is incomplete.
    pub(super) fn watch_message(&mut self, timeout: MessageTimeout, receiver: &mut Receiver, now: Instant) {
        message_deadline::watch(&mut self.message, timeout, receiver, now);
    }

    /// Checks whether the message that is arriving is too slow.
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

    /// Gives the message that is arriving the whole time again, from now on.
    pub(super) fn restart_message(&mut self, now: Instant) {
        if let Some(message) = &mut self.message {
            message.restart(now);
        }
    }

    /// Ends the deadline of the message that is arriving, because the input is ignored from now on.
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
    /// The number of Pings that were queued so far, which is also the payload of the last Ping.
    pings_sent: u32,
    /// The time at which the next Ping will be due, which moves to `ping` once the peer is known to
    /// be alive. Set only while a Pong is awaited.
    next_ping: Option<Instant>,
    /// The positions in the send queue where the last Ping begins and ends.
    ping_range: Range<u64>,
    /// The progress when the wait for a Pong began: the number of received bytes that were still
    /// unconsumed, and the number of bytes that had been sent.
    unconsumed: usize,
    sent: u64,
}

impl KeepAliveState {
    fn new(options: KeepAlive, now: Instant) -> Self {
        Self {
            options,
            ping: now.checked_add(options.interval),
            pong: None,
            pings_sent: 0,
            next_ping: None,
            ping_range: 0..0,
            unconsumed: 0,
            sent: 0,
        }
    }

    fn run(&mut self, receiver: &mut Receiver, sender: &mut Sender, now: Instant) -> Result<(), Violation> {
        // Check the Pong first, because the answer to the last Ping decides whether another Ping
        // follows.
        if expired(&mut self.pong, now) {
            if self.was_active(receiver) {
                // A Pong cannot overtake a large frame that is still arriving, so any byte counts
                // as an answer.
                self.on_activity(now);
            } else if self.is_draining(sender) {
                // Our Ping has not left yet, but the peer is reading the bytes that are queued
                // before it, so start the time-out again.
                self.wait_for_pong(receiver, sender, now);
            } else {
                // Nothing has arrived during the whole time-out, and either our Ping was sent or
                // none of the bytes queued before it were sent. In both cases, the peer no longer
                // responds.
                return Err(Violation::PongOverdue);
            }
        }
        if expired(&mut self.ping, now) {
            // If the last Ping is still in the queue, do not queue another: the peer's answer to
            // that Ping is enough.
            if sender.queue().has_sent(self.ping_range.end) {
                self.pings_sent = self.pings_sent.wrapping_add(1);
                let start = sender.queue().end();
                sender.queue_frame(Opcode::Ping, true, &self.pings_sent.to_be_bytes());
                self.ping_range = start..sender.queue().end();
            }
            self.wait_for_pong(receiver, sender, now);
            // Count the interval from this Ping and not from its answer, so that a slow peer does
            // not receive fewer Pings.
            self.next_ping = now.checked_add(self.options.interval);
        }
        Ok(())
    }

    /// Records the progress so far, and starts the time-out for the Pong.
    fn wait_for_pong(&mut self, receiver: &mut Receiver, sender: &Sender, now: Instant) {
        receiver.reset_activity();
        (self.unconsumed, self.sent) = (receiver.unconsumed_len(), sender.queue().sent());
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

    /// Returns whether anything has arrived since [`wait_for_pong`](Self::wait_for_pong).
    fn was_active(&self, receiver: &Receiver) -> bool {
        receiver.had_activity() || receiver.unconsumed_len() > self.unconsumed
    }

    /// Returns whether the Ping is still queued after other bytes, and some of those bytes have
    /// been sent since [`wait_for_pong`](Self::wait_for_pong). The peer cannot answer a Ping that
    /// has not been sent.
    const fn is_draining(&self, sender: &Sender) -> bool {
        self.sent < self.ping_range.start && sender.queue().sent() > self.sent
    }
}

/// Stops `timer` if it has expired. Returns whether it has expired.
fn expired(timer: &mut Option<Instant>, now: Instant) -> bool {
    timer.take_if(|deadline| *deadline <= now).is_some()
}
