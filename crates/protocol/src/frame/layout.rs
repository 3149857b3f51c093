//! The layout of a frame header, defined in one place (section 5.2).
//!
//! ```text
//!     byte 0                  byte 1               0, 2 or 8 bytes      0 or 4 bytes   payload
//!   ┌─┬─┬─┬─┬───────┐       ┌─┬─────────────┐     ┌───────────────┐    ┌───────────┐  ┌─────── - -
//!   │F│R│R│R│opcode │       │M│ payload     │     │ extended      │    │ masking   │  │ extension
//!   │I│S│S│S│       │       │A│ length      │     │ payload       │    │ key       │  │ data, then
//!   │N│V│V│V│       │       │S│ or 126, 127 │     │ length        │    │ if MASK   │  │ application
//!   │ │1│2│3│       │       │K│             │     │ big-endian    │    │ is set    │  │ data
//!   └─┴─┴─┴─┴───────┘       └─┴─────────────┘     └───────────────┘    └───────────┘  └─────── - -
//!   80 40 20 10 0F          80 7F   (bit masks)
//! ```
//!
//! [`RawHeader`] reads the fields without validating them, because a dissector must also show the
//! fields of an invalid header. The checks are in [`rules`](super::rules).

use super::{LengthForm, MaskingKey, Opcode};

/// The FIN bit in the first byte.
pub const FIN: u8 = 0x80;
/// The three reserved bits in the first byte.
pub const RESERVED: u8 = 0x70;
/// The bits of the opcode in the first byte.
pub const OPCODE: u8 = 0x0F;
/// The MASK bit in the second byte.
pub const MASK: u8 = 0x80;
/// The bits of the payload length in the second byte.
pub const LENGTH: u8 = 0x7F;

/// The three reserved bits RSV1, RSV2 and RSV3 in their positions in the first byte (0x40, 0x20,
/// 0x10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ReservedBits(u8);

impl ReservedBits {
    /// No reserved bits set, as in every frame when no extension is in use.
    pub const NONE: Self = Self(0);
    /// RSV1, which permessage-deflate uses to mark a compressed message (RFC 7692, section 6).
    pub const RSV1: Self = Self(0x40);
    /// RSV2, which no registered extension uses.
    pub const RSV2: Self = Self(0x20);
    /// RSV3, which no registered extension uses.
    pub const RSV3: Self = Self(0x10);

    /// Extracts the three bits from a frame's first byte.
    #[must_use]
    pub const fn from_first_byte(byte: u8) -> Self {
        Self(byte & RESERVED)
    }

    /// Returns the bits in their positions in the first byte.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Returns the bits that are set in `self` and not in `allowed`.
    #[must_use]
    pub const fn without(self, allowed: Self) -> Self {
        Self(self.0 & !allowed.0)
    }

    /// Returns whether all bits of `other` are set in `self`.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns whether no bit is set.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// A complete header exactly as its bits encode it, valid or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RawHeader {
    /// The first byte: FIN, the reserved bits and the opcode.
    pub first_byte: u8,
    /// The second byte: MASK and the seven bits of the length.
    pub second_byte: u8,
    /// The form in which the payload length is encoded.
    pub length_form: LengthForm,
    /// The payload length in bytes, as announced. It can be any 64-bit number.
    pub payload_length: u64,
    /// The masking key, present exactly when the MASK bit is set.
    pub masking_key: Option<MaskingKey>,
}

impl RawHeader {
    /// Reads a header from the start of `bytes`; returns `None` if `bytes` ends before the header
    /// does.
    #[inline]
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let &[first_byte, second_byte, ref rest @ ..] = bytes else { return None };
        let length_form = LengthForm::announced_by(second_byte);
        let (payload_length, rest) = match length_form {
            LengthForm::Seven => (u64::from(second_byte & LENGTH), rest),
            LengthForm::Sixteen => {
                let (length, rest) = rest.split_first_chunk()?;
                (u64::from(u16::from_be_bytes(*length)), rest)
            }
            LengthForm::SixtyFour => {
                let (length, rest) = rest.split_first_chunk()?;
                (u64::from_be_bytes(*length), rest)
            }
        };
        let masking_key = if second_byte & MASK == 0 { None } else { Some(MaskingKey(*rest.first_chunk()?)) };
        Some(Self { first_byte, second_byte, length_form, payload_length, masking_key })
    }

    /// Returns `true` if FIN is set, which marks the last frame of a message.
    #[must_use]
    pub const fn fin(&self) -> bool {
        self.first_byte & FIN != 0
    }

    /// Returns the reserved bits.
    #[must_use]
    pub const fn reserved(&self) -> ReservedBits {
        ReservedBits::from_first_byte(self.first_byte)
    }

    /// Returns the opcode, or `None` for a reserved opcode.
    #[must_use]
    pub const fn opcode(&self) -> Option<Opcode> {
        Opcode::from_bits(self.first_byte)
    }

    /// Returns the length of the header itself in bytes: 2 to 14.
    #[must_use]
    pub const fn header_len(&self) -> usize {
        let key = if self.masking_key.is_some() { 4 } else { 0 };
        2 + self.length_form.extended_bytes() + key
    }
}
