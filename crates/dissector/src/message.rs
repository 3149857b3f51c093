//! What frames add up to: the message that is open in one direction (RFC 6455, section 5.4).

use protocol::{message::Kind, utf8::Utf8Validator};

use crate::excerpt::Excerpt;

/// A message whose last frame is still to come, or is arriving.
#[derive(Debug)]
pub(crate) struct OpenMessage {
    pub(crate) kind: Kind,
    pub(crate) coding: Coding,
    /// Its payload as its frames carried it, unmasked.
    pub(crate) payload: Excerpt,
    /// How many frames of it have begun.
    pub(crate) fragments: u32,
    /// The check of a text, until it finds something.
    utf8: Option<Utf8Validator>,
}

/// What lies between a message and its payload (RFC 7692, section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    /// Nothing: the payload is the message.
    Identity,
    /// DEFLATE. What was compressed is shown as it is, and not checked: only the message has to be UTF-8.
    Deflate,
}

impl OpenMessage {
    pub(crate) fn new(kind: Kind, coding: Coding, limit: usize) -> Self {
        let is_checked = kind == Kind::Text && coding == Coding::Identity;
        Self { kind, coding, payload: Excerpt::new(limit), fragments: 1, utf8: is_checked.then(Utf8Validator::new) }
    }

    /// Takes the next bytes of the payload. Gives the position in `piece` of the first byte with which the text cannot be
    /// UTF-8 any more.
    pub(crate) fn push(&mut self, piece: &[u8]) -> Option<usize> {
        self.payload.push(piece);
        let utf8 = self.utf8.as_mut()?;
        let mut bytewise = utf8.clone();
        if utf8.push(piece).is_ok() {
            return None;
        }
        self.utf8 = None;
        piece.iter().position(|byte| bytewise.push(std::slice::from_ref(byte)).is_err())
    }

    /// Whether the text ends within a character.
    pub(crate) fn ends_within_a_character(&self) -> bool {
        self.utf8.as_ref().is_some_and(|utf8| !utf8.is_complete())
    }
}
