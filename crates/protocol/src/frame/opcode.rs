//! The opcode: what a frame is for (section 5.2).
//!
//! ```text
//!        0  continuation   ┐
//!        1  text           ├ data frames: top bit 0
//!        2  binary         │
//!   3 -  7  reserved       ┘
//!        8  close          ┐
//!        9  ping           ├ control frames: top bit 1
//!        A  pong           │
//!   B -  F  reserved       ┘
//! ```
//!
//! The list is closed: nobody can use a reserved number without an extension that both sides agreed on, so an enum
//! without a catch-all variant is the honest type. A reserved number never becomes an [`Opcode`].

use crate::violation::Violation;

/// What a frame is for: the low four bits of its first byte (section 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Opcode {
    /// Goes on with the message that an earlier text or binary frame began (section 5.4).
    Continuation = 0x0,
    /// Begins a text message: UTF-8 (section 5.6).
    Text = 0x1,
    /// Begins a binary message: bytes of any kind (section 5.6).
    Binary = 0x2,
    /// Begins or answers the closing handshake (section 5.5.1).
    Close = 0x8,
    /// Asks for a Pong (section 5.5.2).
    Ping = 0x9,
    /// Answers a Ping, or is sent unasked as a sign of life (section 5.5.3).
    Pong = 0xA,
}

impl Opcode {
    /// Reads an opcode from the low four bits of `bits`.
    ///
    /// # Errors
    /// [`Violation::ReservedOpcode`] for 3-7 and B-F.
    pub const fn from_bits(bits: u8) -> Result<Self, Violation> {
        Ok(match bits & 0x0F {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xA => Self::Pong,
            //= docs/src/rfc6455.md#section-5-2
            //# An endpoint that receives an opcode it does not know MUST fail the connection.
            //
            // Skipping the unknown frame would be the friendlier choice, but then its sender would believe itself
            // understood. The connection fails instead, so that both sides always agree on what was said.
            reserved => return Err(Violation::ReservedOpcode(reserved)),
        })
    }

    /// The four bits as they stand in the frame.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self as u8
    }

    /// Whether this is a control frame: the opcode's top bit is set (section 5.5).
    ///
    /// The bit is the reason for the gap between 2 and 8: a receiver can tell a control frame, with all the limits
    /// that make it cheap to handle, by one test.
    #[must_use]
    pub const fn is_control(self) -> bool {
        self.bits() & 0x8 != 0
    }
}
