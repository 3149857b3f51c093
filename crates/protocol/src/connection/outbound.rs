//! Lets the application send messages while it still borrows a received one, and checks that it may
//! still send messages, Pings and Pongs.

use std::fmt;

use super::{
    closing::{Closing, State},
    event::MessageRef,
    prepared::PreparedMessage,
    sender::Sender,
};
use crate::{
    frame::Opcode,
    limits::MAX_CONTROL_PAYLOAD,
    message::{Message, MessageKind},
    usage_error::UsageError,
};

/// The borrowed sending half of a connection. It can only send messages.
///
/// An `Outbound` can answer a message while that message is still in the input. Everything that it
/// sends is queued, and is written after the next
/// [`poll_transmit`](super::Connection::poll_transmit).
pub struct Outbound<'a> {
    pub(super) sender: &'a mut Sender,
    pub(super) closing: &'a Closing,
}

/// The minimum size, in bytes, at which [`Outbound::send_back`] shares a message's memory instead
/// of copying it. A message of this size most likely has its own buffer. A smaller message usually
/// shares a buffer with other frames, and is copied because the next read needs that buffer.
const SEND_BACK_SHARED_FROM: usize = 64 << 10;

impl fmt::Debug for Outbound<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbound").finish_non_exhaustive()
    }
}

impl Outbound<'_> {
    /// Sends a received message back.
    ///
    /// # Errors
    /// As for [`Connection::send`](super::Connection::send).
    #[inline]
    pub fn send_back(&mut self, message: MessageRef<'_>) -> Result<(), UsageError> {
        // If `into_message` would copy the message, copy it directly into the queue instead.
        if message.as_bytes().len() >= SEND_BACK_SHARED_FROM && !message.is_copied() {
            return self.send(message.into_message());
        }
        self.send_borrowed(message.kind(), message.as_bytes())
    }

    /// Sends a text message.
    ///
    /// # Errors
    /// As for [`Connection::send`](super::Connection::send).
    #[inline]
    pub fn send_text(&mut self, text: &str) -> Result<(), UsageError> {
        self.send_borrowed(MessageKind::Text, text.as_bytes())
    }

    /// Sends a binary message.
    ///
    /// # Errors
    /// As for [`Connection::send`](super::Connection::send).
    #[inline]
    pub fn send_binary(&mut self, bytes: &[u8]) -> Result<(), UsageError> {
        self.send_borrowed(MessageKind::Binary, bytes)
    }

    /// Sends an owned message. A server does not copy a large payload that it sends uncompressed.
    ///
    /// # Errors
    /// As for [`Connection::send`](super::Connection::send).
    #[inline]
    pub fn send(&mut self, message: Message) -> Result<(), UsageError> {
        self.check_open()?;
        self.sender.send(message)
    }

    /// Sends a message that was encoded in advance.
    ///
    /// # Errors
    /// As for [`Connection::send_prepared`](super::Connection::send_prepared).
    pub fn send_prepared(&mut self, prepared: &PreparedMessage) -> Result<(), UsageError> {
        self.check_open()?;
        self.sender.send_prepared(prepared)
    }

    pub(super) fn send_fragment(&mut self, kind: MessageKind, part: &[u8], last: bool) -> Result<(), UsageError> {
        //= docs/src/rfc6455.md#section-6-1
        //# If the state of the connection changes meanwhile, the endpoint MUST abandon the
        //# remaining steps.
        self.check_open()?;
        self.sender.send_fragment(kind, part, last)
    }

    /// Sends a Ping or a Pong for the application.
    pub(super) fn send_control(&mut self, opcode: Opcode, payload: &[u8]) -> Result<(), UsageError> {
        self.check_open()?;
        if payload.len() > MAX_CONTROL_PAYLOAD {
            return Err(UsageError::ControlTooLong(payload.len()));
        }
        //= docs/src/rfc6455.md#section-5-4
        //# Control frames MAY appear between the fragments of a message.
        self.sender.queue_frame(opcode, true, payload);
        Ok(())
    }

    #[inline]
    fn send_borrowed(&mut self, kind: MessageKind, payload: &[u8]) -> Result<(), UsageError> {
        self.check_open()?;
        self.sender.send_borrowed(kind, payload)
    }

    /// Checks that the application may still send frames other than a Close.
    #[inline]
    fn check_open(&self) -> Result<(), UsageError> {
        //= docs/src/rfc6455.md#section-5-1
        //# Either side MAY send data frames at any time after the opening handshake, until it sends
        //# a Close frame.
        //= docs/src/rfc6455.md#section-6-1
        //# An endpoint MUST make sure that the connection is OPEN before it sends a message.
        //= docs/src/rfc6455.md#section-5-5-1
        //# An endpoint MUST NOT send any data frame after its Close frame.
        if self.closing.state() == State::Open { Ok(()) } else { Err(UsageError::AfterClose) }
    }
}
