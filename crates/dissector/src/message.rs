//! What frames add up to: the message that is open in one direction (RFC 6455, section 5.4).

use protocol::{Violation, message::MessageKind, utf8::Utf8Validator};

use crate::{
    excerpt::Excerpt,
    inflating::{Inflating, Stop},
};

/// A message whose last frame is still to come, or is arriving.
#[derive(Debug)]
pub(crate) struct OpenMessage {
    pub(crate) kind: MessageKind,
    pub(crate) coding: Coding,
    /// Its payload as its frames carried it, unmasked.
    pub(crate) payload: Excerpt,
    /// How many frames of it have begun.
    pub(crate) fragments: u32,
    /// The check of a text, until it finds something.
    utf8: Option<Utf8Validator>,
}

/// What lies between a message and its payload (RFC 7692, section 6).
#[derive(Debug)]
pub(crate) enum Coding {
    /// Nothing: the payload is the message.
    Identity,
    /// DEFLATE.
    Deflate {
        /// The message, as far as it was inflated.
        inflated: Excerpt,
        /// Why it is not inflated any further.
        stop: Option<Stop>,
    },
}

impl OpenMessage {
    /// A message of which the first frame begins. `limit` is how much of it is kept.
    pub(crate) fn new(kind: MessageKind, coding: Coding, limit: usize) -> Self {
        let utf8 = (kind == MessageKind::Text).then(Utf8Validator::new);
        Self { kind, coding, payload: Excerpt::new(limit), fragments: 1, utf8 }
    }

    /// Takes the next bytes of a payload that is not compressed. Gives the position in `piece` of the first byte with which
    /// the text cannot be UTF-8 any more.
    pub(crate) fn push(&mut self, piece: &[u8]) -> Option<usize> {
        self.payload.push(piece);
        check(&mut self.utf8, piece)
    }

    /// Takes the next bytes of a compressed payload, and adds what they stand for to `added` as well. `limit` is how many
    /// bytes the message may have. Gives the rules that are broken then.
    pub(crate) fn push_compressed(
        &mut self,
        piece: &[u8],
        inflating: &mut Inflating,
        limit: usize,
        added: &mut Excerpt,
    ) -> Vec<Violation> {
        self.payload.push(piece);
        let Coding::Deflate { inflated, stop: stop @ None } = &mut self.coding else { return Vec::new() };
        let mut violations = Vec::new();
        let utf8 = &mut self.utf8;
        let result = inflating.push(piece, inflated.total(), limit, &mut |bytes| {
            inflated.push(bytes);
            added.push(bytes);
            violations.extend(check(utf8, bytes).map(|_| Violation::TextNotUtf8));
        });
        if let Err(reason) = result {
            *stop = Some(reason);
            violations.extend(reason.violation());
        }
        violations
    }

    /// The end of the message. Gives the rule that is broken by ending here.
    pub(crate) fn end(&mut self, inflating: Option<&mut Inflating>) -> Option<Violation> {
        match (&mut self.coding, inflating) {
            // Where the text would have ended is not known.
            (Coding::Deflate { stop: Some(_), .. }, _) => return None,
            (Coding::Deflate { stop, .. }, Some(inflating)) => {
                if let Err(reason) = inflating.end() {
                    *stop = Some(reason);
                    return reason.violation();
                }
            }
            _ => {}
        }
        let is_cut = self.utf8.as_ref().is_some_and(|utf8| !utf8.is_complete());
        is_cut.then_some(Violation::TextNotUtf8)
    }
}

/// Checks more of a text. Gives the position of the first byte with which it cannot be UTF-8 any more, once.
fn check(text: &mut Option<Utf8Validator>, piece: &[u8]) -> Option<usize> {
    let utf8 = text.as_mut()?;
    let mut bytewise = utf8.clone();
    if utf8.push(piece).is_ok() {
        return None;
    }
    *text = None;
    piece.iter().position(|byte| bytewise.push(std::slice::from_ref(byte)).is_err())
}
