//! Messages and control frames, as axum names them.

use axum_core::Error;
use websocket::{Event, UsageError, Utf8Bytes, bytes::Bytes};

/// The reason for closing a connection, as a number. [`websocket::CloseCode`] has names for the
/// numbers.
pub type CloseCode = u16;

/// The body of a Close frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseFrame {
    /// The code.
    pub code: CloseCode,
    /// The reason, which has at most 123 bytes and is often empty.
    pub reason: Utf8Bytes,
}

/// A message or a control frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// A text message.
    Text(Utf8Bytes),
    /// A binary message.
    Binary(Bytes),
    /// A Ping, with at most 125 bytes. The connection answers a received Ping automatically.
    Ping(Bytes),
    /// A Pong, with at most 125 bytes.
    Pong(Bytes),
    /// A Close. The connection answers a received Close automatically, and returns nothing after
    /// it.
    Close(Option<CloseFrame>),
}

impl Message {
    /// Creates a text message.
    pub fn text(text: impl Into<Utf8Bytes>) -> Self {
        Self::Text(text.into())
    }

    /// Creates a binary message.
    pub fn binary(bytes: impl Into<Bytes>) -> Self {
        Self::Binary(bytes.into())
    }

    /// Returns the payload without copying it. For a Close, this is the reason.
    #[must_use]
    pub fn into_data(self) -> Bytes {
        match self {
            Self::Text(text) => text.into(),
            Self::Binary(bytes) | Self::Ping(bytes) | Self::Pong(bytes) => bytes,
            Self::Close(frame) => frame.map(|frame| frame.reason.into()).unwrap_or_default(),
        }
    }

    /// Returns the payload as text without copying it. For a Close, this is the reason.
    ///
    /// # Errors
    /// Returns an error that says where the payload is not valid UTF-8.
    pub fn into_text(self) -> Result<Utf8Bytes, Error> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Binary(bytes) | Self::Ping(bytes) | Self::Pong(bytes) => {
                Utf8Bytes::from_utf8(bytes).map_err(Error::new)
            }
            Self::Close(frame) => Ok(frame.map(|frame| frame.reason).unwrap_or_default()),
        }
    }

    /// Returns the payload as text. For a Close, this is the reason.
    ///
    /// # Errors
    /// As for [`into_text`](Self::into_text).
    pub fn to_text(&self) -> Result<&str, Error> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Binary(bytes) | Self::Ping(bytes) | Self::Pong(bytes) => {
                std::str::from_utf8(bytes).map_err(Error::new)
            }
            Self::Close(frame) => Ok(frame.as_ref().map_or("", |frame| &frame.reason)),
        }
    }
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<Bytes> for Message {
    fn from(bytes: Bytes) -> Self {
        Self::binary(bytes)
    }
}

impl From<Vec<u8>> for Message {
    fn from(bytes: Vec<u8>) -> Self {
        Self::binary(bytes)
    }
}

impl From<&[u8]> for Message {
    fn from(bytes: &[u8]) -> Self {
        Self::binary(Bytes::copy_from_slice(bytes))
    }
}

impl From<Message> for Vec<u8> {
    fn from(message: Message) -> Self {
        message.into_data().into()
    }
}

impl From<websocket::Message> for Message {
    fn from(message: websocket::Message) -> Self {
        match message {
            websocket::Message::Text(text) => Self::Text(text),
            websocket::Message::Binary(bytes) => Self::Binary(bytes),
        }
    }
}

impl From<Event> for Message {
    fn from(event: Event) -> Self {
        match event {
            Event::Message(message) => message.into(),
            Event::Ping(payload) => Self::Ping(payload),
            Event::Pong(payload) => Self::Pong(payload),
            Event::Close(frame) => {
                Self::Close(frame.map(|frame| CloseFrame { code: frame.code().0, reason: frame.reason().into() }))
            }
        }
    }
}

/// Returns an error for a Close whose code must not be sent or whose reason has more than 123
/// bytes.
impl TryFrom<Message> for Event {
    type Error = UsageError;

    fn try_from(message: Message) -> Result<Self, UsageError> {
        Ok(match message {
            Message::Text(text) => Self::Message(websocket::Message::Text(text)),
            Message::Binary(bytes) => Self::Message(websocket::Message::Binary(bytes)),
            Message::Ping(payload) => Self::Ping(payload),
            Message::Pong(payload) => Self::Pong(payload),
            Message::Close(None) => Self::Close(None),
            Message::Close(Some(CloseFrame { code, reason })) => {
                Self::Close(Some(websocket::CloseFrame::new(websocket::CloseCode(code), reason)?))
            }
        })
    }
}
