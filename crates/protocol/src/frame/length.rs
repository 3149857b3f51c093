//! The payload length: one number in three forms (section 5.2).
//!
//! ```text
//!   value of the 7 bits     length is              form          bytes in the header
//!   0 - 125                 those 7 bits           Seven         1
//!   126                     the next 2 bytes       Sixteen       1 + 2
//!   127                     the next 8 bytes       SixtyFour     1 + 8
//! ```
//!
//! Most messages are short, and a short length costs one byte. Every length has exactly one valid
//! form, the shortest. Without that rule, a short frame could be encoded in three ways, and a
//! filter that recognises only one encoding would miss the others.

/// The form of a payload length on the wire (section 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LengthForm {
    /// 0-125: the seven bits are the length.
    Seven,
    /// 126-65,535: the seven bits are 126, and two bytes follow.
    Sixteen,
    /// 65,536 and more: the seven bits are 127, and eight bytes follow.
    SixtyFour,
}

impl LengthForm {
    /// Returns the only valid form for `length`, which is the shortest form that can hold it.
    #[must_use]
    pub const fn shortest(length: u64) -> Self {
        //= docs/src/rfc6455.md#section-5-2
        //# A length MUST be encoded in the shortest of the three forms that can hold it.
        match length {
            0..=125 => Self::Seven,
            126..=0xFFFF => Self::Sixteen,
            _ => Self::SixtyFour,
        }
    }

    /// Returns the form indicated by the low seven bits of the second byte.
    #[must_use]
    pub const fn announced_by(seven_bits: u8) -> Self {
        match seven_bits & 0x7F {
            127 => Self::SixtyFour,
            126 => Self::Sixteen,
            _ => Self::Seven,
        }
    }

    /// Returns the number of extended length bytes after the first two bytes of the header: 0, 2
    /// or 8.
    #[must_use]
    pub const fn extended_bytes(self) -> usize {
        match self {
            Self::Seven => 0,
            Self::Sixteen => 2,
            Self::SixtyFour => 8,
        }
    }
}
