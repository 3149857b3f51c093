//! A message assembled from its frames (RFC 6455, section 5.4).

use protocol::{Violation, message::MessageKind, utf8::Utf8Validator};

use crate::{
    excerpt::Excerpt,
    inflate::{InflateFailure, MessageInflater},
};

/// A message whose last frame is not yet complete.
#[derive(Debug)]
pub(crate) struct MessageInProgress {
    pub(crate) kind: MessageKind,
    pub(crate) coding: MessageCoding,
    /// The unmasked payloads of its frames so far.
    pub(crate) payload: Excerpt,
    /// The number of frames of this message so far, including an incomplete one.
    pub(crate) fragments: u32,
    /// The UTF-8 validator of a text message. It is `None` for a binary message, and also after an
    /// error, so that at most one error is reported for each message.
    utf8: Option<Utf8Validator>,
}

/// The coding of the payload (RFC 7692, section 6).
#[derive(Debug)]
pub(crate) enum MessageCoding {
    /// The payload is not compressed.
    Identity,
    /// The payload is compressed with DEFLATE.
    Deflate {
        /// The inflated part of the message.
        inflated: Excerpt,
        /// The reason why the rest of the message is not inflated.
        failure: Option<InflateFailure>,
    },
}

impl MessageInProgress {
    /// Creates a message whose first frame has just begun. `limit` is the maximum number of bytes
    /// of the message to keep.
    pub(crate) fn new(kind: MessageKind, coding: MessageCoding, limit: usize) -> Self {
        let utf8 = (kind == MessageKind::Text).then(Utf8Validator::new);
        Self { kind, coding, payload: Excerpt::new(limit), fragments: 1, utf8 }
    }

    /// Appends the next bytes of an uncompressed payload. Returns the position in `piece` of the
    /// first byte, if any, that makes the text invalid UTF-8.
    pub(crate) fn push(&mut self, piece: &[u8]) -> Option<usize> {
        self.payload.push(piece);
        first_invalid_byte(&mut self.utf8, piece)
    }

    /// Takes the next bytes of a compressed payload. Appends them to the message, and appends their
    /// inflated form to both the message and `added`. `limit` is the maximum length of the inflated
    /// message in bytes. Returns a list of the rules that these bytes break.
    pub(crate) fn push_compressed(
        &mut self,
        piece: &[u8],
        inflater: &mut MessageInflater,
        limit: usize,
        added: &mut Excerpt,
    ) -> Vec<Violation> {
        self.payload.push(piece);
        let MessageCoding::Deflate { inflated, failure: failure @ None } = &mut self.coding else {
            return Vec::new();
        };
        let mut violations = Vec::new();
        let utf8 = &mut self.utf8;
        let result = inflater.push(piece, inflated.total(), limit, &mut |bytes| {
            inflated.push(bytes);
            added.push(bytes);
            violations.extend(first_invalid_byte(utf8, bytes).map(|_| Violation::TextNotUtf8));
        });
        if let Err(error) = result {
            *failure = Some(error);
            violations.extend(error.violation());
        }
        violations
    }

    /// Ends the message. If it ends in the middle of a character or of a DEFLATE block, returns the
    /// rule that it breaks.
    pub(crate) fn end(&mut self, inflater: Option<&mut MessageInflater>) -> Option<Violation> {
        match (&mut self.coding, inflater) {
            // The rest of the message was not inflated, so it is unknown whether its last character
            // is complete. Report nothing, because an earlier finding has reported the failure.
            (MessageCoding::Deflate { failure: Some(_), .. }, _) => return None,
            (MessageCoding::Deflate { failure, .. }, Some(inflater)) => {
                if let Err(error) = inflater.end() {
                    *failure = Some(error);
                    return error.violation();
                }
            }
            _ => {}
        }
        let is_cut = self.utf8.as_ref().is_some_and(|utf8| !utf8.is_complete());
        is_cut.then_some(Violation::TextNotUtf8)
    }
}

/// Validates the next piece of a text message. If a byte makes the text invalid UTF-8, returns the
/// position of that byte in `piece`, and drops the validator, so that no message is reported twice.
fn first_invalid_byte(text: &mut Option<Utf8Validator>, piece: &[u8]) -> Option<usize> {
    let utf8 = text.as_mut()?;
    // The validator does not report the position of an invalid byte. If the piece turns out to be
    // invalid, which is rare, this copy finds the position by validating the piece byte by byte.
    let mut bytewise = utf8.clone();
    if utf8.push(piece).is_ok() {
        return None;
    }
    *text = None;
    piece.iter().position(|byte| bytewise.push(std::slice::from_ref(byte)).is_err())
}
