//! The memory that one connection takes from its [`MemoryBudget`].

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use protocol::Connection;
use tokio::time::{Instant, Sleep, sleep};
use tokio_util::sync::PollSemaphore;

use crate::{
    clock::now,
    memory_budget::{MemoryBudget, UNIT},
};

/// The number of bytes that a connection waits for at a time. It is small, so that each wait is
/// short and many connections make progress, but large enough that a large message need not wait
/// often.
const AWAITED: usize = 64 << 10;

/// One connection's share of the budget. If the connection has no budget, the share is empty and
/// always has room.
#[derive(Debug, Default)]
pub(crate) struct MemoryShare(Option<Box<Share>>);

#[derive(Debug)]
struct Share {
    budget: MemoryBudget,
    /// The number of units that this connection has taken.
    taken: usize,
    /// Whether the next read should get more room, because the last read filled its room, or
    /// because the last two reads together brought at least as many bytes as a connection may hold
    /// without the budget.
    needs_more: bool,
    /// The number of bytes that the last read brought.
    last_read: usize,
    /// Present while the connection waits for the budget.
    waiting: Option<Waiting>,
    /// How long the arriving message had waited before its current wait began. If every wait were
    /// allowed the full time, many connections that obtain a little memory now and then could keep
    /// each other's messages incomplete for much longer.
    waited: Duration,
}

/// The wait for the budget. It is kept here and not in a future, so that nothing is lost when a
/// future is dropped.
#[derive(Debug)]
struct Waiting {
    permits: PollSemaphore,
    since: Instant,
    time_limit: Pin<Box<Sleep>>,
}

/// What a connection holds, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held {
    /// The memory in use: the buffer of an incomplete message, the queued bytes, and the input, but
    /// not the free room in the input's buffer.
    pub(crate) filled: usize,
    /// All of the memory that counts towards the budget, whether filled or free.
    pub(crate) allocated: usize,
}

/// The error for a connection that has waited the maximum time for memory from the budget. Holds
/// that time.
#[derive(Debug)]
pub(crate) struct WaitedTooLong(pub(crate) Duration);

impl MemoryShare {
    /// Creates the share of a new connection, which has not taken any memory yet.
    pub(crate) fn of(budget: MemoryBudget) -> Self {
        Self(Some(Box::new(Share {
            budget,
            taken: 0,
            needs_more: false,
            last_read: 0,
            waiting: None,
            waited: Duration::ZERO,
        })))
    }

    /// Keeps the engine from inflating more than the connection may hold. Call this method before
    /// the engine processes input.
    #[inline]
    pub(crate) fn limit_inflating(&self, engine: &mut Connection) {
        if let Some(share) = &self.0 {
            engine.set_inflate_limit(share.allowed().saturating_sub(engine.queued_bytes()));
        }
    }

    /// Takes memory for the next read. Returns the maximum size of that read, or 0 if the
    /// connection must wait. If the next read is likely to be large, takes memory for `wanted`
    /// bytes, or as much as is available.
    pub(crate) fn room(&mut self, held: Held, wanted: usize) -> usize {
        self.0.as_mut().map_or(usize::MAX, |share| share.room(held, wanted))
    }

    /// Waits until there is [room](Self::room) for a read, or for inflating what has been read.
    /// Returns the maximum size of the read. If `is_eof` is `true`, nothing more can be read, so
    /// only inflating can need room.
    ///
    /// # Errors
    /// [`WaitedTooLong`].
    pub(crate) fn poll_room(
        &mut self,
        engine: &mut Connection,
        held: Held,
        wanted: usize,
        is_eof: bool,
        cx: &mut Context<'_>,
    ) -> Poll<Result<usize, WaitedTooLong>> {
        let Some(share) = &mut self.0 else { return Poll::Ready(Ok(usize::MAX)) };
        loop {
            let room = share.room(held, wanted);
            // A write shortens the send queue, so it can make room without memory from the budget.
            // In that case, end the wait.
            let is_over = room > 0 || (is_eof && !engine.is_inflate_limited());
            if is_over && !share.stop_waiting() {
                return Poll::Ready(Ok(room));
            }
            if !is_over {
                ready!(share.poll_wait(cx))?;
            }
            // Do not count the wait against the peer's deadlines, because the peer's bytes were not
            // being read.
            engine.handle_reading_paused(now());
        }
    }

    /// Records how many bytes a read has brought, and gives back the room that it did not fill.
    #[inline]
    pub(crate) fn record_read(&mut self, held: Held, count: usize, room: usize) {
        if let Some(share) = &mut self.0 {
            // Consider the last two reads together. If each of the peer's bursts is a little larger
            // than the free bytes, every second read brings only a small remainder. A decision
            // based on that read alone would again give the next read too little room.
            let last_two = share.last_read.saturating_add(count);
            share.needs_more = count >= room || last_two >= MemoryBudget::FREE_PER_CONNECTION;
            share.last_read = count;
            share.settle(held.allocated);
        }
    }

    /// Takes memory for everything that the connection holds, or as much as is available. Returns
    /// `true` if there was enough. Gives nothing back, because the caller may be about to queue the
    /// message for which the memory was taken.
    #[inline]
    pub(crate) fn cover(&mut self, held: Held) -> bool {
        self.0.as_mut().is_none_or(|share| share.cover(held.allocated))
    }

    /// Gives back memory that the connection no longer needs.
    #[inline]
    pub(crate) fn settle(&mut self, held: Held) {
        if let Some(share) = &mut self.0 {
            share.settle(held.allocated);
        }
    }

    /// Ends the wait for the budget, if the connection is waiting.
    pub(crate) fn stop_waiting(&mut self) {
        if let Some(share) = &mut self.0 {
            share.stop_waiting();
        }
    }

    /// Returns `true` if the connection is waiting until the budget has memory for it.
    pub(crate) fn is_waiting(&self) -> bool {
        self.0.as_ref().is_some_and(|share| share.waiting.is_some())
    }
}

impl Share {
    /// Returns the number of bytes that the connection may hold now.
    const fn allowed(&self) -> usize {
        MemoryBudget::FREE_PER_CONNECTION + self.taken * UNIT
    }

    /// Gives back all the memory that is not needed to hold this many bytes.
    fn settle(&mut self, held: usize) {
        let needed = held.saturating_sub(MemoryBudget::FREE_PER_CONNECTION).div_ceil(UNIT);
        if let Some(excess @ 1..) = self.taken.checked_sub(needed) {
            self.taken = needed;
            self.budget.permits.add_permits(excess);
        }
    }

    /// Takes as much memory as is needed to hold this many bytes, or as much as is available.
    /// Returns `true` if there was enough.
    fn cover(&mut self, held: usize) -> bool {
        let missing = held.saturating_sub(self.allowed()).div_ceil(UNIT);
        let permits = u32::try_from(missing.min(self.budget.permits.available_permits())).unwrap_or(u32::MAX);
        // The call fails if another connection takes permits at the same moment. In that case,
        // continue as if no permits were left.
        if permits > 0
            && let Ok(permit) = self.budget.permits.try_acquire_many(permits)
        {
            self.taken += permit.num_permits();
            permit.forget();
        }
        held <= self.allowed()
    }

    /// Takes memory for the next read of a connection that already holds `held`. Returns the
    /// maximum size of that read.
    fn room(&mut self, held: Held, wanted: usize) -> usize {
        let Held { filled, allocated } = held;
        let is_small = filled < MemoryBudget::FREE_PER_CONNECTION;
        if is_small {
            // No large message is in progress, so the next one may wait for the full time.
            self.waited = Duration::ZERO;
        }
        // A connection with small messages takes nothing, so its reads need not access the budget.
        if self.needs_more || self.allowed() < filled.saturating_add(UNIT) {
            self.cover(allocated.max(filled.saturating_add(wanted)));
        } else if is_small {
            self.settle(allocated);
        }
        self.allowed().saturating_sub(filled)
    }

    /// Waits until the budget has room, and takes up to [`AWAITED`] bytes.
    fn poll_wait(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WaitedTooLong>> {
        let max_wait = self.budget.max_wait;
        let waiting = self.waiting.get_or_insert_with(|| Waiting {
            permits: PollSemaphore::new(Arc::clone(&self.budget.permits)),
            since: Instant::now(),
            time_limit: Box::pin(sleep(max_wait.saturating_sub(self.waited))),
        });
        let awaited = u32::try_from(AWAITED.min(self.budget.total) / UNIT).unwrap_or(u32::MAX);
        // A budget of 0 bytes never has room, and acquiring 0 permits would succeed at once. So
        // only the time limit can end this wait.
        if awaited > 0
            && let Poll::Ready(Some(permit)) = waiting.permits.poll_acquire_many(cx, awaited)
        {
            self.taken += permit.num_permits();
            permit.forget();
            self.stop_waiting();
            return Poll::Ready(Ok(()));
        }
        ready!(waiting.time_limit.as_mut().poll(cx));
        self.stop_waiting();
        Poll::Ready(Err(WaitedTooLong(max_wait)))
    }

    /// Ends the wait if the connection is waiting. Returns `true` if it was waiting.
    fn stop_waiting(&mut self) -> bool {
        let ended = self.waiting.take();
        if let Some(waiting) = &ended {
            self.waited = self.waited.saturating_add(waiting.since.elapsed());
        }
        ended.is_some()
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.settle(0);
    }
}
