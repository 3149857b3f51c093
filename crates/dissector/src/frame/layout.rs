//! The layout of a frame: the positions and values of its parts, whether or not they are allowed.
//!
//! [`FrameHeader::parse`](protocol::frame::FrameHeader::parse) returns either a header or a broken rule.
//! But a broken header is the one that you most want to see. So this module reads each part by itself,
//! with the small functions that the parser is made of.

use std::ops::Range;

use protocol::frame::{LengthForm, MaskingKey, Opcode, ReservedBits};

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
    /// The payload length in bytes, as announced. It may be any number.
    pub(super) payload_length: u64,
    pub(super) key: Option<MaskingKey>,
    /// The length of the header in bytes: 2 to 14.
    pub(super) header_length: u64,
}

impl Layout {
    /// Reads a header. Returns `None` while it is incomplete.
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

    /// Returns the opcode, or `None` if it is a reserved one.
    pub(super) fn opcode(&self) -> Option<Opcode> {
        Opcode::from_bits(self.first).ok()
    }

    /// Returns the position after the frame, counted from its first byte. A length close to 2^64
    /// saturates instead of overflowing.
    pub(super) const fn end(&self) -> u64 {
        self.header_length.saturating_add(self.payload_length)
    }

    /// Returns the range of the payload.
    pub(super) const fn payload_range(&self) -> Range<u64> {
        self.header_length..self.end()
    }

    /// Returns the reserved bits that have a meaning in a frame with this opcode. `in_use` are the bits
    /// of the extensions in use; with a reserved opcode nothing is known.
    pub(super) fn known_reserved_bits(&self, in_use: ReservedBits) -> ReservedBits {
        if self.opcode().is_some() { in_use } else { ReservedBits::NONE }
    }

    /// Returns whether RSV1 is set and marks a compressed message (RFC 7692, section 6). Whether the bit
    /// is allowed in this frame is another question.
    pub(super) fn has_compressed_bit(&self, in_use: ReservedBits) -> bool {
        self.reserved().bits() & self.known_reserved_bits(in_use).bits() != 0
    }

    /// Returns whether this frame begins a compressed message.
    pub(super) fn begins_compressed_message(&self, in_use: ReservedBits) -> bool {
        matches!(self.opcode(), Some(Opcode::Text | Opcode::Binary)) && self.has_compressed_bit(in_use)
    }
}
