//! What a connection tells its application: messages and control frames as they arrive (sections 5.5 and 6.2).
//!
//! An event borrows from the connection. A message that came in one frame lies in the input, unmasked and checked; whoever
//! only looks at it or sends it on pays for no copy. Whoever wants to keep it takes it with
//! [`into_message`](MessageRef::into_message).

use std::ops::Range;

use bytes::{Buf, Bytes, BytesMut};

use crate::{
    close::CloseFrame,
    message::{Message, MessageKind, Utf8Bytes},
};

/// Something that the peer said.
#[derive(Debug)]
pub enum Event<'a> {
    /// A whole message (section 6.2).
    Message(MessageRef<'a>),
    /// A Ping. Its Pong is already on its way (section 5.5.2).
    Ping(&'a [u8]),
    /// A Pong, asked for or not (section 5.5.3).
    Pong(&'a [u8]),
    /// The peer's Close; nothing will follow. The answer is already on its way (section 5.5.1).
    Close(Option<CloseFrame>),
}

/// A message that just arrived. Look at it where it lies, or take it with [`into_message`](Self::into_message).
#[derive(Debug)]
pub struct MessageRef<'a> {
    pub(super) kind: MessageKind,
    pub(super) payload: Payload<'a>,
}

#[derive(Debug)]
pub(super) enum Payload<'a> {
    /// In the connection's input: the message was one frame.
    InPlace { input: &'a mut BytesMut, start: &'a mut usize, range: Range<usize> },
    /// In a buffer of its own: it was put together.
    Assembled(Bytes),
}

/// Up to this size, a message that the application keeps is copied out of the input, and above it shares the input's
/// memory. A shared piece keeps the whole buffer alive: ten bytes should not hold on to 64 KiB, and copying them costs
/// less than counting references.
const COPIED_UP_TO: usize = 2 << 10;

/// A message that was taken out of the input, to be looked at like one that was not.
impl From<Message> for MessageRef<'_> {
    fn from(message: Message) -> Self {
        let kind = message.kind();
        let payload = match message {
            Message::Text(text) => text.into_bytes(),
            Message::Binary(bytes) => bytes,
        };
        Self { kind, payload: Payload::Assembled(payload) }
    }
}

impl MessageRef<'_> {
    /// Text or binary.
    #[must_use]
    pub const fn kind(&self) -> MessageKind {
        self.kind
    }

    /// The payload, unmasked and checked.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.payload {
            Payload::InPlace { input, range, .. } => &input[range.clone()],
            Payload::Assembled(payload) => payload,
        }
    }

    /// The message, to keep. A large payload is not copied.
    #[must_use]
    pub fn into_message(self) -> Message {
        let bytes = match self.payload {
            Payload::InPlace { input, range, .. } if range.len() <= COPIED_UP_TO => {
                Bytes::copy_from_slice(&input[range])
            }
            Payload::InPlace { input, start, range } => {
                // The message becomes the front of the input and is cut off there.
                input.advance(range.start);
                *start = 0;
                input.split_to(range.len()).freeze()
            }
            Payload::Assembled(payload) => payload,
        };
        match self.kind {
            MessageKind::Text => Message::Text(Utf8Bytes::from_checked(bytes)),
            MessageKind::Binary => Message::Binary(bytes),
        }
    }
}
