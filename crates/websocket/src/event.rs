//! Events: messages and control frames.

use bytes::Bytes;
use protocol::{CloseFrame, Message};

/// A message or a control frame, received or to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A complete message.
    Message(Message),
    /// A Ping. If it was received, it has been answered.
    Ping(Bytes),
    /// A Pong.
    Pong(Bytes),
    /// A Close. If it was received, it has been answered, and only the end follows.
    Close(Option<CloseFrame>),
}

impl From<Message> for Event {
    fn from(message: Message) -> Self {
        Self::Message(message)
    }
}
