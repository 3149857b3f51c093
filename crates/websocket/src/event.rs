//! Events: messages and control frames.

use bytes::Bytes;
use protocol::{CloseFrame, Message};

/// A message or a control frame, received or to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A complete message.
    Message(Message),
    /// A Ping. The connection answers a received Ping by itself, and has written the Pong, as far
    /// as the stream accepts it, when it returns this event.
    Ping(Bytes),
    /// A Pong.
    Pong(Bytes),
    /// A Close. The connection answers a received Close by itself, and has written the answer, as
    /// far as the stream accepts it, when it returns this event. No event follows it. Keep reading
    /// to wait for the end of TCP, or drop the connection.
    Close(Option<CloseFrame>),
}

impl From<Message> for Event {
    fn from(message: Message) -> Self {
        Self::Message(message)
    }
}
