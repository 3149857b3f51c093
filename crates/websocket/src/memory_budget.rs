//! A memory budget that many connections share.
//!
//! A connection's limits bound the memory that *one* peer can make this program hold. With many
//! connections, these limits can add up to more memory than any machine has. A [`MemoryBudget`]
//! bounds the total:
//!
//! ```text
//!   what one connection holds: the memory of its input, of an incomplete message, and of its output
//!
//!   ├── 16 KiB, free ──┼── taken from the budget, before it is read ──▶
//! ```
//!
//! * Each connection may hold [`FREE_PER_CONNECTION`](MemoryBudget::FREE_PER_CONNECTION) bytes
//!   without taking them from the budget, so a connection with small messages never waits for one
//!   with large messages.
//! * Memory for input beyond these free bytes is taken from the budget *before* the input is read
//!   or inflated. While the budget has no room, the connection does not read, and TCP flow control
//!   makes the peer wait.
//! * Memory is given back to the budget when queued output has been written, when the connection is
//!   dropped, and, for a received message, at the first call after the one that returned the
//!   message.
//! * Once a message has waited for [`max_wait`](MemoryBudget::max_wait) in total, the connection
//!   gives up on it and is closed with 1013 (Try Again Later). Otherwise, connections that each
//!   hold one half of a large message could wait for each other forever.

use std::{sync::Arc, time::Duration};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The number of bytes per permit of the semaphore. With one permit per byte, the semaphore's
/// 32-bit counts would limit a message to 4 GiB.
pub(crate) const UNIT: usize = 1 << 10;

/// The maximum number of bytes that all connections with this budget may hold together, in addition
/// to the [free bytes](Self::FREE_PER_CONNECTION) of each.
///
/// All clones share one budget. Pass clones to
/// [`ServerConfig::memory_budget`](crate::ServerConfig::memory_budget),
/// [`Connector::memory_budget`](crate::Connector::memory_budget) or
/// [`WebSocket::with_memory_budget`](crate::WebSocket::with_memory_budget).
///
/// ```
/// use websocket::{MemoryBudget, ServerConfig};
///
/// let budget = MemoryBudget::new(256 << 20);
/// let config = ServerConfig::default().memory_budget(budget.clone());
/// assert_eq!(budget.available(), 256 << 20);
/// ```
///
/// The budget counts the memory for messages, including unfilled buffer space. This is the memory
/// for input that has not been consumed, for the part of a message that has arrived (after
/// inflating), and for the send queue. It does not count a connection's fixed memory, its
/// compression state (see [`DeflateOptions`](protocol::DeflateOptions)), or the blocks that a
/// thread lends to its connections while they work. A waiting connection has put these blocks back
/// (see [`WebSocket::release_memory`](crate::WebSocket::release_memory)). A message returned to the
/// application stops counting at the next call on the connection.
///
/// To count memory outside the connections, use [`try_reserve`](Self::try_reserve).
///
/// A buffer in which a message is reassembled or inflated may double in size when it grows. The
/// growth is counted only afterwards, so a connection can exceed the budget by that amount until
/// the message is complete.
///
/// Only receiving waits for the budget, but a budget without room can also delay sending. If a
/// connection holds more than its free bytes plus the bytes that it has taken from the budget, and
/// cannot take more, it must write its queue before it can queue another message.
#[derive(Debug, Clone)]
pub struct MemoryBudget {
    /// One permit for every [`UNIT`] bytes that neither a connection nor
    /// [`try_reserve`](Self::try_reserve) has taken.
    pub(crate) permits: Arc<Semaphore>,
    pub(crate) total: usize,
    pub(crate) max_wait: Duration,
}

impl MemoryBudget {
    /// The number of bytes that each connection may hold without taking them from the budget: 16
    /// KiB. Most messages of a chat, a game or a feed are smaller, and 10,000 connections can hold
    /// at most 160 MiB in this way.
    pub const FREE_PER_CONNECTION: usize = 16 << 10;

    /// The default of [`max_wait`](Self::max_wait): 10 seconds. This is long enough for other
    /// messages to arrive in full and release their memory, but shorter than most keep-alive
    /// intervals.
    pub const DEFAULT_MAX_WAIT: Duration = Duration::from_secs(10);

    /// Creates a budget of this many bytes, rounded down to a multiple of 1 KiB.
    ///
    /// A budget should be several times as large as the maximum size of a message. A message that
    /// needs more than the whole budget plus its connection's free bytes can never be received.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        let units = (bytes / UNIT).min(Semaphore::MAX_PERMITS);
        Self {
            permits: Arc::new(Semaphore::new(units)),
            total: units.saturating_mul(UNIT),
            max_wait: Self::DEFAULT_MAX_WAIT,
        }
    }

    /// Sets the maximum total time that one message may wait for the budget before its connection
    /// is closed with 1013.
    #[must_use]
    pub const fn max_wait(mut self, time: Duration) -> Self {
        self.max_wait = time;
        self
    }

    /// Returns the size of the budget in bytes.
    #[must_use]
    pub const fn total(&self) -> usize {
        self.total
    }

    /// Returns the number of bytes that neither a connection nor [`try_reserve`](Self::try_reserve)
    /// has taken.
    #[must_use]
    pub fn available(&self) -> usize {
        self.permits.available_permits() * UNIT
    }

    /// Takes this many bytes, rounded up to a multiple of 1 KiB, for memory outside the
    /// connections, such as bytes that an HTTP/2 library holds until they are read. Returns `None`
    /// if the budget has no room for them.
    ///
    /// ```
    /// use websocket::MemoryBudget;
    ///
    /// let budget = MemoryBudget::new(256 << 20);
    /// let window = budget.try_reserve(1 << 20);
    /// assert_eq!(budget.available(), 255 << 20);
    /// drop(window);
    /// assert_eq!(budget.available(), 256 << 20);
    /// ```
    #[must_use]
    pub fn try_reserve(&self, bytes: usize) -> Option<MemoryReservation> {
        let units = u32::try_from(bytes.div_ceil(UNIT)).ok()?;
        let permit = Arc::clone(&self.permits).try_acquire_many_owned(units).ok()?;
        Some(MemoryReservation { _permit: permit })
    }
}

/// Bytes taken from a [`MemoryBudget`], given back when this value is dropped.
#[derive(Debug)]
#[must_use = "the bytes are given back when this value is dropped"]
pub struct MemoryReservation {
    _permit: OwnedSemaphorePermit,
}
