//! The work that a connection may do before it lets other tasks run.
//!
//! tokio gives every task a budget of 128 units each time the task runs. A socket takes one unit
//! for each read and each write, and a task that has no units left must yield. But one read can
//! return 50,000 messages, so if only the socket took units, a peer that sends without a pause
//! would keep the thread busy for hundreds of milliseconds. A connection therefore takes further
//! units, in proportion to its work.
//!
//! The work is measured in bytes: the payload of each message, plus [`FRAME`] for each frame. With
//! the values below, a task yields after 4,096 small messages or 2 MiB, which takes a few hundred
//! microseconds. Yielding costs about one microsecond.

use std::task::{Context, Poll};

use tokio::task::coop;

/// The amount of work, in bytes, that costs one unit of the task's budget.
const UNIT: usize = 16 << 10;

/// The amount of work, in bytes, that is counted for each frame in addition to its payload.
/// Decoding a small frame takes about as long as copying and validating this many bytes.
const FRAME: usize = 512;

/// The work that has been done for one connection but not yet charged to the task's budget.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    /// The work in bytes.
    unpaid: usize,
}

impl Budget {
    /// Records the work for one message.
    #[inline]
    pub(crate) const fn spend_on_message(&mut self, payload: usize) {
        self.unpaid += payload + FRAME;
    }

    /// Records the work for a number of frames.
    pub(crate) const fn spend_on_frames(&mut self, frames: usize) {
        self.unpaid += frames * FRAME;
    }

    /// Pays for the work with units of the task's budget. Returns `Pending` if no units are left.
    /// The task is then woken again at once, so that it runs after all other tasks that are ready.
    #[inline]
    pub(crate) fn poll_pay(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // Nearly every call ends here.
        if self.unpaid < UNIT { Poll::Ready(()) } else { self.poll_pay_units(cx) }
    }

    #[cold]
    fn poll_pay_units(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.unpaid >= UNIT {
            let Poll::Ready(unit) = coop::poll_proceed(cx) else {
                // A single large message can cost as much as several budgets. Yielding once is
                // enough for all of that work.
                self.unpaid = UNIT;
                return Poll::Pending;
            };
            unit.made_progress();
            self.unpaid -= UNIT;
        }
        Poll::Ready(())
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    /// Pays for the work, and returns the part that is still unpaid. Outside a task, tokio's budget
    /// is unlimited.
    fn unpaid_after_paying(mut budget: Budget) -> usize {
        assert!(budget.poll_pay(&mut Context::from_waker(Waker::noop())).is_ready());
        budget.unpaid
    }

    #[test]
    fn whole_units_of_16_kib_are_paid_and_the_rest_is_kept() {
        const UNIT: usize = 16_384;
        for (unpaid, rest) in [(0, 0), (UNIT - 1, UNIT - 1), (UNIT, 0), (UNIT + 1, 1), (3 * UNIT + 5, 5)] {
            assert_eq!(unpaid_after_paying(Budget { unpaid }), rest, "{unpaid} bytes");
        }
    }

    #[test]
    fn each_message_and_each_frame_costs_512_bytes_more_than_its_payload() {
        let mut budget = Budget::default();
        budget.spend_on_message(1000);
        budget.spend_on_frames(3);
        assert_eq!(budget.unpaid, 1512 + 1536);
    }

    /// A message larger than a task's whole budget must make the connection yield only once,
    /// however many units the message costs.
    #[tokio::test]
    async fn a_task_without_units_yields_once_for_all_of_its_work() {
        let mut budget = Budget { unpaid: 1000 * UNIT };
        let mut turns = 0;
        std::future::poll_fn(|cx| {
            turns += 1;
            budget.poll_pay(cx)
        })
        .await;
        assert_eq!((turns, budget.unpaid), (2, 0));
    }
}
