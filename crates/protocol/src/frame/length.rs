//! The payload length: one number in three forms (section 5.2).
//!
//! ```text
//!   value of the 7 bits     length is              form          bytes in the header
//!   0 - 125                 those 7 bits           Seven         1
//!   126                     the next 2 bytes       Sixteen       1 + 2
//!   127                     the next 8 bytes       SixtyFour     1 + 8
//! ```
//!
//! Short messages are most messages, and pay one byte. Every length has exactly one right form, the shortest: without
//! that rule one frame could be spelled in three ways, and a filter that knows one spelling would miss the others.

use crate::violation::Violation;

/// Which of the three forms a payload length takes on the wire (section 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LengthForm {
    /// 0-125: in the seven bits themselves.
    Seven,
    /// 126-65,535: the seven bits say 126, two bytes follow.
    Sixteen,
    /// 65,536 and more: the seven bits say 127, eight bytes follow.
    SixtyFour,
}

/// The largest length that a frame can have: the eight-byte form keeps its top bit at 0, so that the number also fits
/// the signed 64-bit integer of languages that have no other (section 5.2).
pub const MAX_PAYLOAD_LENGTH: u64 = 0x7FFF_FFFF_FFFF_FFFF;

impl LengthForm {
    /// The one right form for `length`: the shortest that holds it.
    #[must_use]
    pub const fn shortest(length: u64) -> Self {
        //= docs/src/rfc6455.md#section-5-2
        //# A length MUST be written in the shortest of the three forms that can hold it.
        match length {
            0..=125 => Self::Seven,
            126..=0xFFFF => Self::Sixteen,
            _ => Self::SixtyFour,
        }
    }

    /// The form announced by the seven bits.
    #[must_use]
    pub const fn announced_by(seven_bits: u8) -> Self {
        match seven_bits & 0x7F {
            127 => Self::SixtyFour,
            126 => Self::Sixteen,
            _ => Self::Seven,
        }
    }

    /// How many bytes of extended length follow the first two bytes of the header: 0, 2 or 8.
    #[must_use]
    pub const fn extended_bytes(self) -> usize {
        match self {
            Self::Seven => 0,
            Self::Sixteen => 2,
            Self::SixtyFour => 8,
        }
    }

    /// Checks a length that arrived in this form.
    pub(super) const fn check(self, length: u64) -> Result<u64, Violation> {
        //= docs/src/rfc6455.md#section-5-2
        //# The highest bit of a length in 8 bytes MUST be 0.
        if length > MAX_PAYLOAD_LENGTH {
            return Err(Violation::LengthTopBitSet(length));
        }
        //= docs/src/rfc6455.md#section-5-2
        //# A length MUST be written in the shortest of the three forms that can hold it.
        //
        // Each longer form begins where the shorter one ends.
        let shortest = match self {
            Self::Seven => 0,
            Self::Sixteen => 126,
            Self::SixtyFour => 0x1_0000,
        };
        if length < shortest {
            return Err(Violation::LengthNotShortest(length));
        }
        Ok(length)
    }
}
