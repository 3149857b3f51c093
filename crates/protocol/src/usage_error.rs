//! Mistakes by the caller of this crate.
//!
//! A [`UsageError`] means that the call had no effect: nothing was sent, and the connection, if
//! there was one, is unchanged. You can therefore correct the call and repeat it. (A builder method
//! that takes `self` consumes the builder, so build it again.) Bytes from a peer never cause a
//! `UsageError`; they cause a [`HandshakeViolation`](crate::HandshakeViolation) or, on an open
//! connection, a [`Violation`](crate::Violation).

use std::fmt;

use crate::{
    close::CloseCode,
    limits::{MAX_CLOSE_REASON, MAX_CONTROL_PAYLOAD},
    uri::UriError,
};

/// A call that the protocol does not allow.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum UsageError {
    /// The WebSocket URI is invalid (section 3).
    Uri(UriError),
    /// The name of a subprotocol, an extension or a parameter, or the value of a parameter, is not
    /// a token (sections 4.1 and 9.1).
    NotAToken(String),
    /// A subprotocol is offered twice (section 4.1).
    SubprotocolRepeated(String),
    /// The subprotocol chosen is not among those that the client offered (section 4.2.2).
    SubprotocolNotOffered(String),
    /// The extension chosen is not among those that the client offered (section 4.2.2).
    ExtensionNotOffered(String),
    /// The extension cannot be accepted together with another extension that uses RSV1 (RFC 7692,
    /// section 5).
    ExtensionConflict(String),
    /// A compression window of fewer than 8 or more than 15 bits (RFC 7692, section 7.1.2).
    WindowBits(u8),
    /// A compression level above 9.
    CompressionLevel(u8),
    /// A header that the handshake itself sets cannot be set again (section 4.1).
    HeaderReserved(String),
    /// A header name or value that HTTP does not allow.
    HeaderInvalid(String),
    /// An attempt to send a message, a Ping or a Pong when the connection is closing or closed
    /// (section 5.5.1).
    AfterClose,
    /// An attempt to begin a new message while a fragmented message is incomplete (section 5.4).
    MessageOpen,
    /// A fragmented text message that is not valid UTF-8 (section 8.1).
    NotUtf8,
    /// A Ping or Pong payload of more than 125 bytes (section 5.5). Holds the length of the
    /// payload.
    ControlTooLong(usize),
    /// A close code that no endpoint may send, or that an endpoint in this role must not send
    /// (section 7.4).
    CloseCodeNotSendable(CloseCode),
    /// A close reason of more than 123 bytes (section 5.5). Holds the length of the reason.
    CloseReasonTooLong(usize),
    /// An attempt by a client, whose frames must be masked, to send a prepared message (section
    /// 5.3).
    PreparedForServers,
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uri(error) => error.fmt(f),
            Self::NotAToken(name) => {
                write!(f, "'{}' is not a token: use letters, digits and any of !#$%&'*+-.^_`|~", name.escape_debug())
            }
            Self::SubprotocolRepeated(name) => write!(f, "the subprotocol '{name}' is offered twice"),
            Self::SubprotocolNotOffered(name) => {
                write!(f, "the subprotocol '{name}' cannot be chosen: the client did not offer it")
            }
            Self::ExtensionNotOffered(name) => {
                write!(f, "the extension '{name}' cannot be chosen: the client did not offer it")
            }
            Self::ExtensionConflict(name) => {
                write!(f, "the extension '{name}' cannot be chosen: another one uses RSV1 already")
            }
            Self::WindowBits(bits) => write!(f, "a compression window has 8 to 15 bits, not {bits}"),
            Self::CompressionLevel(level) => write!(f, "a compression level is 0 to 9, not {level}"),
            Self::HeaderReserved(name) => write!(f, "the header {name} is set by the handshake itself"),
            Self::HeaderInvalid(what) => write!(f, "'{}' is not a valid header", what.escape_debug()),
            Self::AfterClose => f.write_str("nothing more can be sent: the connection is closing or closed"),
            Self::MessageOpen => f.write_str("finish the fragmented message first: another cannot begin inside it"),
            Self::NotUtf8 => f.write_str("a text message must be UTF-8, and this one is not"),
            Self::ControlTooLong(len) => {
                write!(f, "a Ping or Pong holds at most {MAX_CONTROL_PAYLOAD} bytes, not {len}")
            }
            Self::CloseCodeNotSendable(code) => {
                write!(f, "{} cannot be sent: use 1000, another code of the protocol, or 3000-4999", code.0)
            }
            Self::CloseReasonTooLong(len) => {
                write!(f, "a close reason holds at most {MAX_CLOSE_REASON} bytes, not {len}")
            }
            Self::PreparedForServers => f.write_str("a prepared message has no mask, so a client cannot send it"),
        }
    }
}

impl std::error::Error for UsageError {}

impl From<UriError> for UsageError {
    fn from(error: UriError) -> Self {
        Self::Uri(error)
    }
}
