//! Events: the messages and control frames that a connection hands to its application (sections 5.5
//! and 6.2).
//!
//! An event borrows from the connection. A message that arrived in one frame is still in the input,
//! unmasked and validated. An application that only reads the message, or sends it back, need not
//! copy it. An application that keeps the message converts it with
//! [`into_message`](MessageRef::into_message).

use std::ops::Range;

use bytes::Bytes;

use super::input::InputBuffer;
use crate::{
    close::CloseFrame,
    message::{Message, MessageKind, Utf8Bytes},
};

/// A message or a control frame that has arrived from the peer.
#[derive(Debug)]
pub enum Event<'a> {
    /// A complete message (section 6.2).
    Message(MessageRef<'a>),
    /// A Ping, which the connection answers by itself (section 5.5.2).
    Ping(&'a [u8]),
    /// A Pong, solicited or not (section 5.5.3).
    Pong(&'a [u8]),
    /// The peer's Close, which is the last event. Unless this endpoint sent a Close first, an
    /// answering Close has been queued (section 5.5.1).
    Close(Option<CloseFrame>),
}

/// A message that has just arrived, borrowed from the connection.
#[derive(Debug)]
pub struct MessageRef<'a> {
    kind: MessageKind,
    payload: Payload<'a>,
}

#[derive(Debug)]
enum Payload<'a> {
    /// A range of the connection's input, for a message that arrived in one frame.
    InPlace { input: &'a mut InputBuffer, range: Range<usize> },
    /// A separate buffer, for a message that was reassembled or inflated.
    Owned(Bytes),
}

/// Messages of up to this size, in bytes, are always copied out of the input. A larger message
/// shares the input's memory if the message fills at least half of that memory. A large message
/// usually does, because a driver reads a large frame into a separate buffer.
///
/// A shared slice keeps the whole read buffer alive for as long as the application or the send
/// queue keeps the message. If every message shared the buffer, an application that keeps 2 KiB
/// messages could hold 320 KiB, the size of the `websocket` crate's read buffer, for each of them.
/// Copying 64 KiB within the cache takes a few microseconds, much less time than the kernel needs
/// to receive that many bytes.
const COPIED_UP_TO: usize = 64 << 10;

/// Converts an owned message into a `MessageRef` that borrows nothing, so that the same code can
/// handle owned and borrowed messages.
impl From<Message> for MessageRef<'_> {
    fn from(message: Message) -> Self {
        Self::owned(message.kind(), message.into_bytes())
    }
}

impl<'a> MessageRef<'a> {
    /// Creates a message whose payload is a range of the input.
    #[inline]
    pub(super) const fn in_place(kind: MessageKind, input: &'a mut InputBuffer, range: Range<usize>) -> Self {
        Self { kind, payload: Payload::InPlace { input, range } }
    }

    /// Creates a message with its own buffer.
    #[inline]
    pub(super) const fn owned(kind: MessageKind, payload: Bytes) -> Self {
        Self { kind, payload: Payload::Owned(payload) }
    }

    /// Returns whether the message is text or binary.
    #[must_use]
    pub const fn kind(&self) -> MessageKind {
        self.kind
    }

    /// Returns the payload, unmasked, inflated, and validated as UTF-8 if it is text.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.payload {
            Payload::InPlace { input, range } => input.slice(range.clone()),
            Payload::Owned(payload) => payload,
        }
    }

    /// Returns whether [`into_message`](Self::into_message) copies the payload.
    pub(super) fn is_copied(&self) -> bool {
        match &self.payload {
            Payload::InPlace { input, range } => range.len() <= COPIED_UP_TO || !input.is_filled_by(range),
            Payload::Owned(_) => false,
        }
    }

    /// Converts the reference into an owned message. The payload of a message that arrived in one
    /// frame is copied, unless it has more than 64 KiB and fills at least half of the input buffer.
    /// A payload that was reassembled or inflated is not copied.
    #[must_use]
    pub fn into_message(self) -> Message {
        let is_copied = self.is_copied();
        let Self { kind, payload } = self;
        match (kind, payload) {
            // Copy a message that is small or fills less than half of the read buffer, because
            // sharing it would keep the whole buffer alive.
            (MessageKind::Text, Payload::InPlace { input, range }) if is_copied => {
                Message::Text(Utf8Bytes::copy_from_validated(input.slice(range)))
            }
            (MessageKind::Binary, Payload::InPlace { input, range }) if is_copied => {
                Message::Binary(Bytes::copy_from_slice(input.slice(range)))
            }
            // A large message shares the input's memory, and a message with its own buffer keeps
            // that buffer, so neither is copied.
            (kind, payload) => {
                let bytes = match payload {
                    Payload::InPlace { input, range } => input.take_range(range),
                    Payload::Owned(bytes) => bytes,
                };
                match kind {
                    MessageKind::Text => Message::Text(Utf8Bytes::from_validated(bytes)),
                    MessageKind::Binary => Message::Binary(bytes),
                }
            }
        }
    }
}
