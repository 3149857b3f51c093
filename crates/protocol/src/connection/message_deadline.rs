//! The deadline by which a message that has begun to arrive must be complete.
//!
//! Without this deadline, a peer could begin a message, send only an occasional byte of it, and so
//! make this endpoint keep the incomplete message forever. A limit on the time between two bytes
//! would not stop such a peer. The allowed time therefore consists of a fixed part, plus a part for
//! each KiB that has arrived: see [`MessageTimeout`].
//!
//! ```text
//!   poll_event() finds an incomplete message, and no deadline is set ──▶ set the deadline
//!   the deadline passes:
//!     nothing is incomplete                      ──▶ no deadline
//!     the deadline was noticed late,
//!     or bytes have been read but not processed  ──▶ the whole time again, from now on
//!     the message that is incomplete now
//!     began later, or more of it has arrived     ──▶ set the deadline of that message
//!     none of these                              ──▶ violation
//! ```
//!
//! A deadline stays set even after its message is complete. When the deadline passes, the message
//! that is then incomplete, if there is one, is checked instead. For most messages, the driver
//! therefore need not read the clock or change its timer.

use std::time::{Duration, Instant};

use super::receiver::Receiver;
use crate::{message_timeout::MessageTimeout, violation::Violation};

/// The longest delay with which a missed deadline can be noticed and still count against the peer.
/// A longer delay means that nobody was watching the deadline: the application did not poll the
/// connection, or the whole process was suspended. The peer's bytes may have been waiting at the
/// socket throughout the delay, so the peer is not blamed, and its full time starts again. A driver
/// that does wait for the deadline notices it within milliseconds.
const NOTICED_WITHIN: Duration = Duration::from_secs(1);

/// The deadline for the message or the control frame that is arriving.
#[derive(Debug)]
pub(super) struct MessageDeadline {
    /// The start of the time allowed for the message: the moment at which the message was first
    /// found incomplete, or the last restart.
    since: Instant,
    /// The time at which the message must be checked.
    deadline: Instant,
    /// The number of unconsumed bytes when the input was last processed. If there are more now,
    /// some have not been processed.
    unconsumed: usize,
}

impl MessageDeadline {
    /// Creates the deadline for a message that has begun to arrive. Returns `None` if the clock
    /// cannot represent the deadline.
    fn new(timeout: MessageTimeout, receiver: &Receiver, now: Instant) -> Option<Self> {
        let deadline = now.checked_add(timeout.after(receiver.arrived()))?;
        Some(Self { since: now, deadline, unconsumed: receiver.unconsumed_len() })
    }

    /// Returns the time at which [`check`] must be called.
    #[inline]
    pub(super) const fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Restarts the time limit, so that the peer has the full time again from now on.
    pub(super) fn restart(&mut self, now: Instant) {
        self.since = now;
    }
}

/// Records that the input has been processed but a message is still incomplete.
pub(super) fn watch(
    slot: &mut Option<Box<MessageDeadline>>,
    timeout: MessageTimeout,
    receiver: &mut Receiver,
    now: Instant,
) {
    let is_new = receiver.take_message_ended();
    match slot {
        None => *slot = MessageDeadline::new(timeout, receiver, now).map(Box::new),
        // Leave the deadline as it is, even if it was set for an earlier message. When it passes,
        // `check` sets a later one if necessary.
        Some(running) => {
            if is_new {
                running.restart(now);
            }
            running.unconsumed = receiver.unconsumed_len();
        }
    }
}

/// Checks the message that is arriving, if the deadline has passed.
///
/// # Errors
/// [`Violation::MessageTooSlow`] if the peer has used up its time.
pub(super) fn check(
    slot: &mut Option<Box<MessageDeadline>>,
    timeout: MessageTimeout,
    receiver: &Receiver,
    now: Instant,
) -> Result<(), Violation> {
    let Some(running) = slot.as_mut().filter(|running| running.deadline <= now) else { return Ok(()) };
    if !receiver.is_message_incomplete() {
        *slot = None;
        return Ok(());
    }
    // If a message has ended or bytes have been added since the last call to `watch`, some of the
    // input has not been processed yet. This happens if the application does not read while it
    // waits to send. The unprocessed bytes may complete the message, and more may be waiting at the
    // socket.
    let is_unprocessed = receiver.has_message_ended() || receiver.unconsumed_len() > running.unconsumed;
    if is_unprocessed || now.duration_since(running.deadline) > NOTICED_WITHIN {
        running.restart(now);
    }
    match running.since.checked_add(timeout.after(receiver.arrived())) {
        Some(deadline) if deadline <= now => {
            Err(Violation::MessageTooSlow { received: receiver.arrived(), elapsed: now - running.since })
        }
        Some(deadline) => {
            running.deadline = deadline;
            Ok(())
        }
        None => {
            *slot = None;
            Ok(())
        }
    }
}
