//! Events: messages and control frames.

use bytes::Bytes;
use protocol::{CloseFrame, Message};

/// A message or a control frame, received or to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A complete message.
    Message(Message),
    /// A Ping. The connection answers received Pings by itself.
    Ping(Bytes),
    /// A Pong.
    Pong(Bytes),
    /// A Close. The connection answers a received Close by itself, and no event follows it.
    Close(Option<CloseFrame>),
}

impl From<Message> for Event {
    fn from(message: Message) -> Self {
        Self::Message(message)
    }
}
