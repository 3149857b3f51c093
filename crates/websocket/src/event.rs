//! Events: messages and control frames.

use bytes::Bytes;
use protocol::{CloseFrame, Message};

/// A message or a control frame, received or to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A complete message.
    Message(Message),
    /// A Ping. A received one has been answered.
    Ping(Bytes),
    /// A Pong.
    Pong(Bytes),
    /// A Close. A received one has been answered, and nothing follows it but the end.
    Close(Option<CloseFrame>),
}

impl From<Message> for Event {
    fn from(message: Message) -> Self {
        Self::Message(message)
    }
}
