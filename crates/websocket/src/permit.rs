//! Permits: room in a connection's queue, reserved before the message is available.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
};

use protocol::{Message, MessageKind, PreparedMessage, UsageError};

use crate::{driver::Driver, error::Error};

/// Room in a connection's queue for one message or control frame, reserved with
/// [`WebSocket::reserve`](crate::WebSocket::reserve) or
/// [`WriteHalf::reserve`](crate::WriteHalf::reserve).
///
/// Each method queues a frame without waiting. The frame is written by the next call that reads,
/// sends or [flushes](crate::WebSocket::flush). Dropping a permit without calling a method has no
/// effect.
pub struct Permit<'a, S>(Source<'a, S>);

/// The connection that has granted a permit.
enum Source<'a, S> {
    Whole(&'a mut Driver<S>),
    /// The two halves of a split connection share a lock. A permit must not hold the lock, because
    /// the read half needs it.
    Split(&'a Mutex<Driver<S>>),
}

impl<S> fmt::Debug for Permit<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").finish_non_exhaustive()
    }
}

impl<'a, S> Permit<'a, S> {
    pub(crate) const fn of_whole(driver: &'a mut Driver<S>) -> Self {
        Self(Source::Whole(driver))
    }

    pub(crate) const fn of_half(driver: &'a Mutex<Driver<S>>) -> Self {
        Self(Source::Split(driver))
    }

    fn queue(self, queue: impl FnOnce(&mut Driver<S>) -> Result<(), UsageError>) -> Result<(), Error> {
        match self.0 {
            Source::Whole(driver) => queue(driver)?,
            Source::Split(driver) => queue(&mut driver.lock().unwrap_or_else(PoisonError::into_inner))?,
        }
        Ok(())
    }

    /// Queues a message.
    ///
    /// # Errors
    /// [`Error::Usage`] unless the connection is open.
    pub fn feed(self, message: impl Into<Message>) -> Result<(), Error> {
        self.queue(|driver| driver.queue(message.into()))
    }

    /// Queues a message that was encoded once for many connections: see
    /// [`WebSocket::send_prepared`](crate::WebSocket::send_prepared).
    ///
    /// # Errors
    /// As for [`feed`](Self::feed), and
    /// [`UsageError::PreparedForServers`](protocol::UsageError::PreparedForServers).
    pub fn feed_prepared(self, message: &PreparedMessage) -> Result<(), Error> {
        self.queue(|driver| driver.queue_prepared(message))
    }

    /// Queues a part of a message as a separate frame: see
    /// [`WebSocket::send_fragment`](crate::WebSocket::send_fragment).
    ///
    /// # Errors
    /// As for [`feed`](Self::feed) and
    /// [`Connection::send_fragment`](protocol::Connection::send_fragment).
    pub fn feed_fragment(self, kind: MessageKind, part: &[u8], last: bool) -> Result<(), Error> {
        self.queue(|driver| driver.queue_fragment(kind, part, last))
    }

    /// Queues a Ping.
    ///
    /// # Errors
    /// The errors of [`feed`](Self::feed), and
    /// [`UsageError::ControlTooLong`](protocol::UsageError::ControlTooLong) if `payload` is longer
    /// than 125 bytes.
    pub fn feed_ping(self, payload: &[u8]) -> Result<(), Error> {
        self.queue(|driver| driver.queue_ping(payload))
    }

    /// Queues an unsolicited Pong.
    ///
    /// # Errors
    /// As for [`feed_ping`](Self::feed_ping).
    pub fn feed_pong(self, payload: &[u8]) -> Result<(), Error> {
        self.queue(|driver| driver.queue_pong(payload))
    }
}
