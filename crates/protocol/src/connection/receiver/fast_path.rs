//! The short way for what nearly every message is: one frame, whole in the input, with nothing to object to.
//!
//! Everything here could be left out: [`Receiver::next`] gives the same messages. It is here because it is faster to ask one
//! question ("is it exactly this?") than to go through all the rules in turn, when the answer is nearly always yes.

use std::ops::Range;

use super::Receiver;
use crate::{
    Role,
    frame::{MaskingKey, apply_mask},
    message::MessageKind,
    utf8::is_utf8,
};

/// The first byte of a message in one frame: FIN, no reserved bit, and the opcode.
const FIN_TEXT: u8 = 0x81;
const FIN_BINARY: u8 = 0x82;

/// A message in one frame, as it lies in the input.
#[derive(Debug)]
pub(super) struct UnfragmentedFrame {
    kind: MessageKind,
    key: Option<MaskingKey>,
    /// Its payload.
    range: Range<usize>,
}

impl Receiver {
    /// The next message, if it is of this kind. `None` says nothing: [`next`](Self::next) goes the long way, which finds
    /// everything, and what is wrong by its name.
    #[inline]
    pub(in super::super) fn next_unfragmented(&mut self) -> Option<(MessageKind, Range<usize>)> {
        let UnfragmentedFrame { kind, key, range } = self.peek_unfragmented()?;
        let payload = &mut self.input[range.clone()];
        if let Some(key) = key {
            apply_mask(payload, key);
        }
        if kind == MessageKind::Text && !is_utf8(payload) {
            // Masking again undoes it. The long way will say what is wrong.
            if let Some(key) = key {
                apply_mask(payload, key);
            }
            return None;
        }
        self.start = range.end;
        self.activity = true;
        Some((kind, range))
    }

    /// Where it lies, if such a message comes next. Every rule of the long way that could refuse it is in here: the order
    /// of fragments (5.4), the reserved bits and the opcode (5.2), the mask (5.1), the shortest form of the length (5.2)
    /// and the limits (10.4).
    #[inline]
    pub(super) fn peek_unfragmented(&self) -> Option<UnfragmentedFrame> {
        if self.frame.is_some() || self.message.is_some() {
            return None;
        }
        let (&[first, second], rest) = self.input[self.start..].split_first_chunk()?;
        let kind = match first {
            FIN_TEXT => MessageKind::Text,
            FIN_BINARY => MessageKind::Binary,
            _ => return None,
        };
        // With the MASK bit as it has to be, only the length is left of the second byte. A length in 64 bits is left to the
        // long way: it is above any limit of this one.
        let (length, rest) = match second ^ self.mask_bit {
            short @ 0..126 => (usize::from(short), rest),
            126 => {
                let (length, rest) = rest.split_first_chunk()?;
                (usize::from(u16::from_be_bytes(*length)), rest)
            }
            _ => return None,
        };
        let (key, rest) = match self.role {
            Role::Client => (None, rest),
            Role::Server => {
                let (key, rest) = rest.split_first_chunk()?;
                (Some(MaskingKey(*key)), rest)
            }
        };
        // A length of 126 and more has the second form, one below it the first.
        let is_shortest = (length < 126) == (second & 0x7F < 126);
        if !is_shortest || length > rest.len().min(self.fast_path_limit) {
            return None;
        }
        let start = self.input.len() - rest.len();
        Some(UnfragmentedFrame { kind, key, range: start..start + length })
    }
}
