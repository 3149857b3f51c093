//! Messages, the unit that applications exchange (sections 5.6 and 6).
//!
//! A message is what one side hands over and the other side gets. How many frames carried it is the sender's business
//! and not visible any more. There are two kinds, and they differ in one promise: text is UTF-8, binary is anything.

use std::fmt;

use bytes::Bytes;

use crate::{frame::Opcode, utf8::InvalidUtf8};

/// Text or binary (section 5.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageKind {
    /// UTF-8, checked on arrival.
    Text,
    /// Bytes that mean something to the application alone.
    Binary,
}

impl MessageKind {
    /// The opcode of the message's first frame.
    #[must_use]
    pub const fn opcode(self) -> Opcode {
        match self {
            Self::Text => Opcode::Text,
            Self::Binary => Opcode::Binary,
        }
    }
}

/// A message that owns its payload. Clones share it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// UTF-8 text.
    Text(Utf8Bytes),
    /// Any bytes.
    Binary(Bytes),
}

impl Message {
    /// A text message.
    pub fn text(text: impl Into<Utf8Bytes>) -> Self {
        Self::Text(text.into())
    }

    /// A binary message.
    pub fn binary(bytes: impl Into<Bytes>) -> Self {
        Self::Binary(bytes.into())
    }

    /// Text or binary.
    #[must_use]
    pub const fn kind(&self) -> MessageKind {
        match self {
            Self::Text(_) => MessageKind::Text,
            Self::Binary(_) => MessageKind::Binary,
        }
    }

    /// The payload's bytes, whatever the kind.
    #[must_use]
    pub const fn as_bytes(&self) -> &Bytes {
        match self {
            Self::Text(Utf8Bytes(bytes)) | Self::Binary(bytes) => bytes,
        }
    }

    /// The text of a text message, `None` for a binary one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text.as_str()),
            Self::Binary(_) => None,
        }
    }
}

impl From<Utf8Bytes> for Message {
    fn from(text: Utf8Bytes) -> Self {
        Self::Text(text)
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
        Self::Binary(bytes)
    }
}

impl From<Vec<u8>> for Message {
    fn from(bytes: Vec<u8>) -> Self {
        Self::binary(bytes)
    }
}

/// The payload of a text message: bytes that were checked to be UTF-8. Clones share them.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Utf8Bytes(Bytes);

impl Utf8Bytes {
    /// Takes bytes as text.
    ///
    /// # Errors
    /// [`InvalidUtf8`] when they are not.
    pub fn from_utf8(bytes: Bytes) -> Result<Self, InvalidUtf8> {
        simdutf8::basic::from_utf8(&bytes).map_err(|_| InvalidUtf8)?;
        Ok(Self(bytes))
    }

    /// Takes bytes that the connection has checked on their way in.
    pub(crate) const fn from_checked(bytes: Bytes) -> Self {
        Self(bytes)
    }

    /// The text.
    ///
    /// From bytes to `&str` the language knows no way that is both free and checked by the compiler, and this workspace
    /// has only code that is checked. So the bytes are looked at again here, in vector instructions: at some ten bytes a
    /// nanosecond it is cheaper than nearly anything that one does with a text. Whoever only passes a message on never
    /// calls this and pays nothing.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Every constructor has checked: the default is never used.
        simdutf8::basic::from_utf8(&self.0).unwrap_or_default()
    }

    /// The bytes, without a copy.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.0
    }
}

impl fmt::Debug for Utf8Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl fmt::Display for Utf8Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl From<String> for Utf8Bytes {
    fn from(text: String) -> Self {
        Self(Bytes::from(text))
    }
}

impl From<&str> for Utf8Bytes {
    fn from(text: &str) -> Self {
        Self(Bytes::copy_from_slice(text.as_bytes()))
    }
}

impl PartialEq<str> for Utf8Bytes {
    fn eq(&self, other: &str) -> bool {
        self.0 == other.as_bytes()
    }
}
