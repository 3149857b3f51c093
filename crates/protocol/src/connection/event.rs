//! Events: the messages and control frames that a connection hands to its application (sections 5.5
//! and 6.2).
//!
//! An event borrows from the connection. A message that arrived in one frame is still in the input,
//! unmasked and validated. An application that only reads the message, or sends it on, causes no
//! copy. An application that keeps the message takes it with
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
    /// A Ping. Its Pong has been queued (section 5.5.2).
    Ping(&'a [u8]),
    /// A Pong, solicited or not (section 5.5.3).
    Pong(&'a [u8]),
    /// The peer's Close, after which nothing follows. Unless this endpoint has sent a Close already,
    /// its answer has been queued (section 5.5.1).
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
    /// In the connection's input: the message arrived in one frame.
    InPlace { input: &'a mut InputBuffer, range: Range<usize> },
    /// In a buffer of its own: the message was reassembled or inflated.
    Owned(Bytes),
}

/// The size, in bytes, up to which [`MessageRef::into_message`] copies a message out of the input.
/// A larger message shares the input's memory. A shared slice keeps the whole buffer alive: ten
/// bytes should not hold a whole read buffer, and copying them costs less than counting references.
const COPIED_UP_TO: usize = 2 << 10;

/// Creates a reference that borrows nothing, for code that handles a message in the same way
/// wherever it came from.
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

    /// Creates a message that has a buffer of its own.
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

    /// Returns the message as a value to keep. A payload above 2 KiB is not copied.
    #[must_use]
    pub fn into_message(self) -> Message {
        let Self { kind, payload } = self;
        match (kind, payload) {
            // Small messages are copied, and the input keeps its memory.
            (MessageKind::Text, Payload::InPlace { input, range }) if range.len() <= COPIED_UP_TO => {
                Message::Text(Utf8Bytes::copy_from_validated(input.slice(range)))
            }
            (MessageKind::Binary, Payload::InPlace { input, range }) if range.len() <= COPIED_UP_TO => {
                Message::Binary(Bytes::copy_from_slice(input.slice(range)))
            }
            // Large messages, and those with a buffer of their own, are not copied.
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
