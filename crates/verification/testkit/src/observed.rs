//! The events and violations that a connection reports to its application, as values that can be
//! stored and compared.

use std::fmt;

use protocol::{Event, Message, Violation};

use crate::hex::{hex, to_hex};

/// An [`Event`] that owns its data, or the violation that failed the connection.
#[derive(Clone, PartialEq, Eq)]
pub enum Observed {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
    /// A Ping.
    Ping(Vec<u8>),
    /// A Pong.
    Pong(Vec<u8>),
    /// A Close, with its code and reason if it has a body.
    Close(Option<(u16, String)>),
    /// The violation that failed the connection.
    Violation(Violation),
}

/// Returns the event for a text message with this content.
#[must_use]
pub fn text(text: &str) -> Observed {
    Observed::Text(text.to_owned())
}

/// Returns the event for a binary message whose payload is given in hexadecimal digits.
#[track_caller]
#[must_use]
pub fn binary(payload: &str) -> Observed {
    Observed::Binary(hex(payload))
}

/// Returns the event for a Ping whose payload is given in hexadecimal digits.
#[track_caller]
#[must_use]
pub fn ping(payload: &str) -> Observed {
    Observed::Ping(hex(payload))
}

/// Returns the event for a Pong whose payload is given in hexadecimal digits.
#[track_caller]
#[must_use]
pub fn pong(payload: &str) -> Observed {
    Observed::Pong(hex(payload))
}

/// Returns the event for a Close with this code and reason.
#[must_use]
pub fn close(code: u16, reason: &str) -> Observed {
    Observed::Close(Some((code, reason.to_owned())))
}

/// Returns the event for a Close with an empty body.
#[must_use]
pub const fn empty_close() -> Observed {
    Observed::Close(None)
}

/// Returns the event for a connection that failed with this violation.
#[must_use]
pub const fn violated(violation: Violation) -> Observed {
    Observed::Violation(violation)
}

impl Observed {
    /// Returns `true` if this event is a text message or a binary message.
    #[must_use]
    pub const fn is_message(&self) -> bool {
        matches!(self, Self::Text(_) | Self::Binary(_))
    }

    /// Returns `true` if this event is a violation.
    #[must_use]
    pub const fn is_violation(&self) -> bool {
        matches!(self, Self::Violation(_))
    }
}

impl From<Event<'_>> for Observed {
    fn from(event: Event<'_>) -> Self {
        match event {
            Event::Message(message) => {
                let borrowed = (message.kind(), message.as_bytes().to_vec());
                let owned = message.into_message();
                assert_eq!((owned.kind(), owned.as_bytes().to_vec()), borrowed, "into_message() changes the message");
                match owned {
                    Message::Text(text) => Self::Text(text.as_str().to_owned()),
                    Message::Binary(bytes) => Self::Binary(bytes.to_vec()),
                }
            }
            Event::Ping(payload) => Self::Ping(payload.to_vec()),
            Event::Pong(payload) => Self::Pong(payload.to_vec()),
            Event::Close(body) => Self::Close(body.map(|body| (body.code().0, body.reason().to_owned()))),
        }
    }
}

impl fmt::Debug for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) if text.len() > 60 => write!(f, "text of {} bytes", text.len()),
            Self::Text(text) => write!(f, "text {text:?}"),
            Self::Binary(bytes) => write!(f, "binary {}", to_hex(bytes)),
            Self::Ping(bytes) => write!(f, "ping {}", to_hex(bytes)),
            Self::Pong(bytes) => write!(f, "pong {}", to_hex(bytes)),
            Self::Close(None) => f.write_str("close"),
            Self::Close(Some((code, reason))) => write!(f, "close {code} {reason:?}"),
            Self::Violation(violation) => write!(f, "violation {violation:?}"),
        }
    }
}
