//! Events: messages and control frames.

use bytes::Bytes;
use protocol::{CloseFrame, Message};

/// A message or a control frame, received or to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A complete message.
    Message(Message),
    /// A Ping. The connection answers a received Ping automatically: before it returns this event,
    /// it writes as much of the Pong as the stream accepts.
    Ping(Bytes),
    /// A Pong.
    Pong(Bytes),
    /// A Close. The connection answers a received Close automatically: before it returns this
    /// event, it writes as much of the answer as the stream accepts. No other event follows. Keep
    /// reading to wait for the end of the TCP connection, or drop the connection.
    Close(Option<CloseFrame>),
}

impl From<Message> for Event {
    fn from(message: Message) -> Self {
        Self::Message(message)
    }
}
