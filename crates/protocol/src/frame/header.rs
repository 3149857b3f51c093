//! The frame header: two bytes that are always there, up to twelve that may follow (section 5.2).
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
//! [`FrameHeader::parse`] and [`FrameHeader::encode`] are pure and know nothing of the connection they belong to. They
//! hold what is true of every frame; what depends on who sent it and on what came before is checked by the connection.

use bytes::BytesMut;

use super::{length::LengthForm, mask::MaskingKey, opcode::Opcode};
use crate::{limits::MAX_CONTROL_PAYLOAD, violation::Violation};

/// Everything that a frame says before its payload (section 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FrameHeader {
    /// FIN: this frame is its message's last, perhaps its only one.
    pub fin: bool,
    /// RSV1-3: what an extension uses them for, and otherwise 0.
    pub reserved: ReservedBits,
    /// What the frame is for.
    pub opcode: Opcode,
    /// The masking key: there exactly when the MASK bit is set.
    pub masking_key: Option<MaskingKey>,
    /// Payload length in bytes: extension data and application data, neither header nor key.
    pub payload_length: u64,
}

/// The three reserved bits RSV1, RSV2 and RSV3, as they stand in the first byte (0x40, 0x20, 0x10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ReservedBits(u8);

impl ReservedBits {
    /// All three at 0, as they are without an extension.
    pub const NONE: Self = Self(0);
    /// RSV1, which permessage-deflate uses to mark a compressed message (RFC 7692, section 6).
    pub const RSV1: Self = Self(0x40);
    /// RSV2: no registered extension uses it.
    pub const RSV2: Self = Self(0x20);
    /// RSV3: no registered extension uses it.
    pub const RSV3: Self = Self(0x10);

    const MASK: u8 = 0x70;

    /// Takes the three bits out of a frame's first byte.
    #[must_use]
    pub const fn from_first_byte(byte: u8) -> Self {
        Self(byte & Self::MASK)
    }

    /// The bits in their places in the first byte.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The bits that are set here and not in `allowed`.
    #[must_use]
    pub const fn without(self, allowed: Self) -> Self {
        Self(self.0 & !allowed.0)
    }

    /// Whether no bit is set.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// FIN in the first byte.
const FIN: u8 = 0x80;
/// MASK in the second byte.
const MASK: u8 = 0x80;

impl FrameHeader {
    /// The longest header: 2 bytes, 8 of extended length, 4 of masking key.
    pub const MAX_LEN: usize = 14;

    /// Reads a header from the start of `bytes`.
    ///
    /// Gives the header and the number of bytes that it takes, or `None` when `bytes` ends before the header does. A
    /// short read is no error: more bytes will come, and the call is made again.
    ///
    /// # Errors
    /// What no frame may be, whoever sends it: [`Violation::ReservedOpcode`], [`Violation::LengthNotShortest`],
    /// [`Violation::LengthTopBitSet`], [`Violation::FragmentedControl`] and [`Violation::ControlTooLong`]. The last two
    /// are seen from the first two bytes, without waiting for a payload that must not be there.
    #[inline]
    pub fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, Violation> {
        let &[first, second, ref rest @ ..] = bytes else {
            return Ok(None);
        };
        let opcode = Opcode::from_bits(first)?;
        let fin = first & FIN != 0;
        let seven_bits = second & !MASK;
        if opcode.is_control() {
            //= docs/src/rfc6455.md#section-5-5
            //# A control frame MUST NOT be fragmented.
            //= docs/src/rfc6455.md#section-5-4
            //# A control frame MUST NOT be cut into fragments itself.
            //
            // A control frame has to be cheap to handle in the middle of a large message: whole, and short enough for
            // the seven-bit length. 126 or 127 there announces a longer form, which no control frame can need.
            if !fin {
                return Err(Violation::FragmentedControl(opcode));
            }
            if usize::from(seven_bits) > MAX_CONTROL_PAYLOAD {
                return Err(Violation::ControlTooLong(opcode));
            }
        }
        let form = LengthForm::announced_by(seven_bits);
        let (payload_length, rest) = match form {
            LengthForm::Seven => (u64::from(seven_bits), rest),
            LengthForm::Sixteen => match rest.split_first_chunk() {
                Some((length, rest)) => (u64::from(u16::from_be_bytes(*length)), rest),
                None => return Ok(None),
            },
            LengthForm::SixtyFour => match rest.split_first_chunk() {
                Some((length, rest)) => (u64::from_be_bytes(*length), rest),
                None => return Ok(None),
            },
        };
        let payload_length = form.check(payload_length)?;
        let (masking_key, rest) = if second & MASK == 0 {
            (None, rest)
        } else {
            match rest.split_first_chunk() {
                Some((key, rest)) => (Some(MaskingKey(*key)), rest),
                None => return Ok(None),
            }
        };
        let header = Self { fin, reserved: ReservedBits::from_first_byte(first), opcode, masking_key, payload_length };
        Ok(Some((header, bytes.len() - rest.len())))
    }

    /// How many bytes this header takes on the wire: 2 to 14.
    #[must_use]
    pub const fn encoded_len(&self) -> usize {
        let key = if self.masking_key.is_some() { 4 } else { 0 };
        2 + LengthForm::shortest(self.payload_length).extended_bytes() + key
    }

    /// Adds the header to `output` as it goes on the wire.
    #[inline]
    pub(crate) fn write_to(&self, output: &mut BytesMut) {
        let head = self.encode();
        // All fourteen bytes and then back: a copy of fixed length is two instructions, and one of any length a call.
        let end = output.len() + head.len;
        output.extend_from_slice(&head.bytes);
        output.truncate(end);
    }

    /// The header as it goes on the wire, always with the shortest form of the length.
    #[inline]
    #[must_use]
    pub fn encode(&self) -> EncodedHeader {
        let mut bytes = [0; Self::MAX_LEN];
        bytes[0] = if self.fin { FIN } else { 0 } | self.reserved.bits() | self.opcode.bits();
        //= docs/src/rfc6455.md#section-5-3
        //# A masked frame MUST have its MASK bit set.
        bytes[1] = if self.masking_key.is_some() { MASK } else { 0 };
        let mut len = 2;
        let length = self.payload_length.to_be_bytes();
        match LengthForm::shortest(self.payload_length) {
            LengthForm::Seven => bytes[1] |= length[7],
            LengthForm::Sixteen => {
                bytes[1] |= 126;
                bytes[2..4].copy_from_slice(&length[6..]);
                len = 4;
            }
            LengthForm::SixtyFour => {
                bytes[1] |= 127;
                bytes[2..10].copy_from_slice(&length);
                len = 10;
            }
        }
        if let Some(MaskingKey(key)) = self.masking_key {
            bytes[len..len + 4].copy_from_slice(&key);
            len += 4;
        }
        EncodedHeader { bytes, len }
    }
}

/// A header's bytes: at most fourteen, so they live on the stack. Dereferences to the slice that is in use.
#[derive(Debug, Clone, Copy)]
pub struct EncodedHeader {
    bytes: [u8; FrameHeader::MAX_LEN],
    len: usize,
}

impl std::ops::Deref for EncodedHeader {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}
