//! The fast path: decodes a message that is a single, small, complete, valid, uncompressed frame,
//! as nearly every message is.
//!
//! This module is only an optimisation. The slow path, which is the loop in [`Receiver::next`],
//! decodes the same messages by checking each rule in turn. The fast path recognises only this most
//! common case, and leaves everything else, violations included, to the slow path. Debug builds
//! assert that the rules of the slow path also accept each frame that the fast path accepts.

use std::ops::{ControlFlow, Range};

use super::Receiver;
use crate::{
    frame::{
        MaskingKey, Opcode, RawHeader, apply_mask,
        layout::{FIN, LENGTH},
        rules,
    },
    message::MessageKind,
    role::Role,
    utf8::is_utf8,
};

/// The first byte of an unfragmented text or binary message: FIN, no reserved bit, and the opcode.
const FIN_TEXT: u8 = FIN | Opcode::Text.bits();
const FIN_BINARY: u8 = FIN | Opcode::Binary.bits();

/// A message that consists of one frame, all of which is in the input.
#[derive(Debug)]
pub(super) struct UnfragmentedFrame {
    kind: MessageKind,
    key: Option<MaskingKey>,
    /// The range of the payload, counted from the first unconsumed byte.
    payload: Range<usize>,
}

impl Receiver {
    /// Returns the next message if it is a valid, unfragmented, uncompressed data frame that is
    /// complete in the input. `None` means *use the slow path*, not *no message*.
    #[inline]
    pub(in super::super) fn next_unfragmented(&mut self) -> Option<(MessageKind, Range<usize>)> {
        let UnfragmentedFrame { kind, key, payload } = self.peek_unfragmented()?;
        self.debug_assert_rules_agree();
        let range = self.input.next_range(payload.start, payload.len());
        let bytes = self.input.slice_mut(range.clone());
        if let Some(key) = key {
            apply_mask(bytes, key);
        }
        // The whole text has arrived, so one pass validates it. The slow path's incremental
        // validator is needed only for text that arrives in pieces.
        if kind == MessageKind::Text && !is_utf8(bytes) {
            // Mask the payload again, because the slow path expects the frame as it arrived. The
            // slow path then reports the violation.
            if let Some(key) = key {
                apply_mask(bytes, key);
            }
            return None;
        }
        self.input.consume(payload.end);
        self.activity = true;
        self.message_ended = true;
        Some((kind, range))
    }

    /// Finds the frame that [`next_unfragmented`](Self::next_unfragmented) would decode. This
    /// function checks every rule that could make the slow path reject the header: the order of
    /// fragments (5.4), the reserved bits and the opcode (5.2), the mask (5.1), the shortest form
    /// of the length (5.2), and the limits (10.4).
    #[inline]
    pub(super) fn peek_unfragmented(&self) -> Option<UnfragmentedFrame> {
        // While a frame or a fragmented message is incomplete, the next bytes cannot begin a new
        // message, so leave them to the slow path.
        if self.frame.is_some() || self.message.is_some() {
            return None;
        }
        let bytes = self.input.unconsumed();
        let (&[first, second], rest) = bytes.split_first_chunk()?;
        // FIN, RSV1-3 and the opcode are all in the first byte, so one comparison checks all of
        // them.
        let kind = match first {
            FIN_TEXT => MessageKind::Text,
            FIN_BINARY => MessageKind::Binary,
            _ => return None,
        };
        // If the MASK bit is correct, XOR leaves only the seven bits of the length. A wrong MASK
        // bit leaves a value of 128 or more, which only the last arm matches. A 64-bit length (127)
        // reaches the last arm too, because a payload that needs it exceeds the limit of the fast
        // path.
        let (length, rest) = match second ^ self.mask_bit {
            short @ 0..126 => (usize::from(short), rest),
            126 => {
                let (length, rest) = rest.split_first_chunk()?;
                (usize::from(u16::from_be_bytes(*length)), rest)
            }
            _ => return None,
        };
        // The MASK bit is correct, so a server finds a key here and a client does not.
        let (key, rest) = match self.role {
            Role::Client => (None, rest),
            Role::Server => {
                let (key, rest) = rest.split_first_chunk()?;
                (Some(MaskingKey(*key)), rest)
            }
        };
        // A length of 126 or more must be written in the 16-bit form, and a smaller length in the
        // seven-bit form. The slow path reports a length in the wrong form, and also processes a
        // payload that is incomplete or too long for the fast path.
        let is_shortest = (length < 126) == (second & LENGTH < 126);
        if !is_shortest || length > rest.len().min(self.fast_path_limit?) {
            return None;
        }
        // The whole payload has arrived. `rest` is the part of `bytes` after the header, so the
        // difference between their lengths is the length of the header, and the payload starts
        // there.
        let start = bytes.len() - rest.len();
        Some(UnfragmentedFrame { kind, key, payload: start..start + length })
    }

    /// Asserts in debug builds that the rules of the slow path accept the next header.
    #[inline]
    fn debug_assert_rules_agree(&self) {
        if cfg!(debug_assertions) {
            let header = RawHeader::read(self.input.unconsumed());
            let verdict = header.map(|header| rules::check(&header, &self.context(), ControlFlow::Break));
            debug_assert_eq!(verdict, Some(ControlFlow::Continue(())), "the fast path accepted {header:?}");
        }
    }
}
