//! Valid frame headers: parsing and encoding (section 5.2). [`layout`](super::layout) shows the
//! bits.
//!
//! [`FrameHeader::parse`] and [`FrameHeader::encode`] are pure functions that do not depend on a
//! connection. `parse` checks the rules that hold for every frame. `encode` checks nothing, but
//! always writes the shortest form of the length. The rules that depend on the sender and on
//! earlier frames are in [`rules::check_in_context`].

use std::ops::ControlFlow;

use bytes::BytesMut;

use super::{
    layout::{FIN, MASK, RawHeader, ReservedBits},
    length::LengthForm,
    mask::MaskingKey,
    opcode::Opcode,
    rules,
};
use crate::violation::Violation;

/// The fields of a frame before its payload (section 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FrameHeader {
    /// FIN: whether this frame is the last frame of its message.
    pub fin: bool,
    /// RSV1-3: set only if an extension uses them.
    pub reserved: ReservedBits,
    /// The kind of frame.
    pub opcode: Opcode,
    /// The masking key, present exactly when the MASK bit is set.
    pub masking_key: Option<MaskingKey>,
    /// The payload length in bytes: extension data and application data, but not the header.
    pub payload_length: u64,
}

impl FrameHeader {
    /// Creates a header without a masking key, and with no reserved bit set.
    //= docs/src/rfc6455.md#section-6-1
    //# An endpoint MUST put the message's data into a frame as described in section 5.2.
    //= docs/src/rfc6455.md#section-5-2
    //# Each of the three reserved bits MUST be 0 unless a negotiated extension defines its meaning.
    pub(crate) const fn plain(opcode: Opcode, fin: bool, payload_len: usize) -> Self {
        Self { fin, reserved: ReservedBits::NONE, opcode, masking_key: None, payload_length: payload_len as u64 }
    }

    /// Marks the frame as part of a compressed message, by setting RSV1 if the frame is the first
    /// one of that message.
    //= docs/src/rfc7692.md#section-6-1
    //# RSV1 MUST NOT be set in a control frame, or in any frame of a message except the first.
    pub(crate) const fn compressed(self) -> Self {
        let reserved =
            if matches!(self.opcode, Opcode::Continuation) { ReservedBits::NONE } else { ReservedBits::RSV1 };
        Self { reserved, ..self }
    }

    /// The maximum length of a header in bytes: 2, plus 8 for the extended length, plus 4 for the
    /// masking key.
    pub const MAX_LEN: usize = 14;

    /// Parses a header from the start of `bytes`.
    ///
    /// ```
    /// use protocol::frame::{FrameHeader, Opcode};
    ///
    /// let frame = b"\x81\x05Hello";
    /// assert_eq!(FrameHeader::parse(&frame[..1])?, None);
    /// let (header, length) = FrameHeader::parse(frame)?.expect("the header is complete");
    /// assert_eq!((header.opcode, header.payload_length, length), (Opcode::Text, 5, 2));
    /// # Ok::<(), protocol::Violation>(())
    /// ```
    ///
    /// Returns the header and its length in bytes, or `None` if `bytes` ends before the header
    /// does. A short read is not an error: call again when more bytes have arrived.
    ///
    /// # Errors
    /// The rule that the header breaks. The first two bytes can reveal
    /// [`Violation::ReservedOpcode`], [`Violation::FragmentedControl`] and
    /// [`Violation::ControlTooLong`]. The whole header can reveal [`Violation::LengthTopBitSet`]
    /// and [`Violation::LengthNotShortest`].
    #[inline]
    pub fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, Violation> {
        let &[first, second, ..] = bytes else { return Ok(None) };
        // Check the first two bytes before the header is complete, so that an invalid frame that
        // trickles in is rejected at its second byte.
        if let ControlFlow::Break(violation) = rules::check_first_bytes(first, second, ControlFlow::Break) {
            return Err(violation);
        }
        let Some(raw) = RawHeader::read(bytes) else { return Ok(None) };
        if let ControlFlow::Break(violation) = rules::check_length(&raw, ControlFlow::Break) {
            return Err(violation);
        }
        // The opcode was checked when the first two bytes were parsed, so it is always known here.
        let Some(opcode) = raw.opcode() else { return Ok(None) };
        Ok(Some((Self::from_checked(&raw, opcode), raw.header_len())))
    }

    /// Creates a header from the bits of `raw`, which has already passed the checks.
    #[inline]
    const fn from_checked(raw: &RawHeader, opcode: Opcode) -> Self {
        Self {
            fin: raw.fin(),
            reserved: raw.reserved(),
            opcode,
            masking_key: raw.masking_key,
            payload_length: raw.payload_length,
        }
    }

    /// Returns the header as a [`RawHeader`], the form in which [`rules`] checks it.
    #[inline]
    #[must_use]
    pub const fn to_raw(&self) -> RawHeader {
        RawHeader {
            first_byte: self.first_byte(),
            second_byte: self.second_byte(),
            length_form: LengthForm::shortest(self.payload_length),
            payload_length: self.payload_length,
            masking_key: self.masking_key,
        }
    }

    const fn first_byte(&self) -> u8 {
        let fin = if self.fin { FIN } else { 0 };
        fin | self.reserved.bits() | self.opcode.bits()
    }

    const fn second_byte(&self) -> u8 {
        //= docs/src/rfc6455.md#section-5-3
        //# A masked frame MUST have its MASK bit set.
        let mask = if self.masking_key.is_some() { MASK } else { 0 };
        let seven_bits = match LengthForm::shortest(self.payload_length) {
            LengthForm::Seven => self.payload_length.to_be_bytes()[7],
            LengthForm::Sixteen => 126,
            LengthForm::SixtyFour => 127,
        };
        mask | seven_bits
    }

    /// Returns the length of the encoded header in bytes: 2 to 14.
    #[must_use]
    pub const fn encoded_len(&self) -> usize {
        self.to_raw().header_len()
    }

    /// Appends the encoded header to `output`.
    #[inline]
    pub(crate) fn write_to(&self, output: &mut BytesMut) {
        let head = self.encode();
        // Append all fourteen bytes, and then truncate. This is faster than appending only the
        // encoded bytes, because copying a fixed length takes two instructions, but copying a
        // variable length takes a function call.
        let end = output.len() + head.len;
        output.extend_from_slice(&head.bytes);
        output.truncate(end);
    }

    /// Encodes the header, always with the shortest form of the length.
    #[inline]
    #[must_use]
    pub fn encode(&self) -> EncodedHeader {
        let mut bytes = [0; Self::MAX_LEN];
        bytes[0] = self.first_byte();
        bytes[1] = self.second_byte();
        let mut len = 2;
        let length = self.payload_length.to_be_bytes();
        match LengthForm::shortest(self.payload_length) {
            LengthForm::Seven => {}
            LengthForm::Sixteen => {
                bytes[2..4].copy_from_slice(&length[6..]);
                len = 4;
            }
            LengthForm::SixtyFour => {
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

/// An encoded header, stored inline because a header is never longer than fourteen bytes.
/// Dereferences to a slice of the encoded bytes.
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
