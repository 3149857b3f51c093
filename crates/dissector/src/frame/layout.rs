//! Where everything is in a frame, whether or not it may be there.
//!
//! [`FrameHeader::parse`](protocol::frame::FrameHeader::parse) gives a header or a broken rule, and a broken header is what
//! one most wants to look at. So the bits are taken here one by one, by the same small functions that it is made of.

use std::ops::Range;

use protocol::frame::{LengthForm, MaskingKey, Opcode, ReservedBits};

use crate::conversation::Shared;

/// FIN in the first byte.
pub(super) const FIN: u8 = 0x80;
/// The reserved bits in the first byte.
pub(super) const RESERVED: u8 = 0x70;
/// The opcode in the first byte.
pub(super) const OPCODE: u8 = 0x0F;
/// MASK in the second byte.
pub(super) const MASK: u8 = 0x80;
/// The payload length in the second byte.
pub(super) const LENGTH: u8 = 0x7F;

/// A complete header.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    pub(super) first: u8,
    pub(super) form: LengthForm,
    /// In bytes. May be anything: it is what the header says.
    pub(super) payload_length: u64,
    pub(super) key: Option<MaskingKey>,
    /// In bytes: 2 to 14.
    pub(super) header_length: u64,
}

impl Layout {
    /// Reads a header that is complete; `None` while it is not.
    pub(super) fn read(header: &[u8]) -> Option<Self> {
        let (&[first, second], rest) = header.split_first_chunk()?;
        let form = LengthForm::announced_by(second);
        let (extended, rest) = rest.split_at_checked(form.extended_bytes())?;
        let payload_length = match form {
            LengthForm::Seven => u64::from(second & LENGTH),
            LengthForm::Sixteen | LengthForm::SixtyFour => {
                extended.iter().fold(0, |length, &byte| length << 8 | u64::from(byte))
            }
        };
        let (key, rest) = if second & MASK == 0 {
            (None, rest)
        } else {
            let (key, rest) = rest.split_first_chunk()?;
            (Some(MaskingKey(*key)), rest)
        };
        let header_length = (header.len() - rest.len()) as u64;
        Some(Self { first, form, payload_length, key, header_length })
    }

    pub(super) const fn fin(&self) -> bool {
        self.first & FIN != 0
    }

    pub(super) const fn reserved(&self) -> ReservedBits {
        ReservedBits::from_first_byte(self.first)
    }

    /// `None` if it is a reserved one.
    pub(super) fn opcode(&self) -> Option<Opcode> {
        Opcode::from_bits(self.first).ok()
    }

    /// Where the frame ends, counted from its first byte. A length close to 2^64 would overflow, and stays at that.
    pub(super) const fn end(&self) -> u64 {
        self.header_length.saturating_add(self.payload_length)
    }

    /// Where its payload is.
    pub(super) const fn body(&self) -> Range<u64> {
        self.header_length..self.end()
    }

    /// The reserved bits that an extension gives a meaning: RSV1, if messages may be compressed (RFC 7692, section 6). Whether
    /// the bit may be set in this very frame is another question.
    pub(super) fn reserved_known(&self, shared: &Shared) -> ReservedBits {
        if shared.deflate.is_some() && self.opcode().is_some() { ReservedBits::RSV1 } else { ReservedBits::NONE }
    }

    /// Whether RSV1 is set, and means that a message is compressed.
    pub(super) fn has_compressed_bit(&self, shared: &Shared) -> bool {
        self.reserved().bits() & self.reserved_known(shared).bits() != 0
    }

    /// Whether this frame begins a compressed message.
    pub(super) fn is_compressed(&self, shared: &Shared) -> bool {
        matches!(self.opcode(), Some(Opcode::Text | Opcode::Binary)) && self.has_compressed_bit(shared)
    }
}
