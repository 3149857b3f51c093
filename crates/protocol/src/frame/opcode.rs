//! The opcode: the kind of a frame (section 5.2).
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
//! No other opcode is valid: an endpoint may use a reserved number only for a negotiated extension,
//! and no registered extension uses one. The type is therefore an enum without a catch-all variant,
//! and a reserved number never becomes an [`Opcode`].

/// The kind of a frame: the low four bits of its first byte (section 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Opcode {
    /// Continues the message that an earlier text or binary frame began (section 5.4).
    Continuation = 0x0,
    /// Begins a text message, which holds UTF-8 (section 5.6).
    Text = 0x1,
    /// Begins a binary message, which holds any bytes (section 5.6).
    Binary = 0x2,
    /// Begins or answers the closing handshake (section 5.5.1).
    Close = 0x8,
    /// Requests a Pong (section 5.5.2).
    Ping = 0x9,
    /// Answers a Ping, or is sent unsolicited as a sign of life (section 5.5.3).
    Pong = 0xA,
}

impl Opcode {
    /// Returns the opcode in the low four bits of `bits`, or `None` if they hold a reserved number
    /// (3-7 or B-F).
    #[must_use]
    pub const fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits & 0x0F {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xA => Self::Pong,
            _ => return None,
        })
    }

    /// Returns the four bits of the opcode.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self as u8
    }

    /// Returns `true` if this is the opcode of a control frame, that is, if its top bit is set
    /// (section 5.5).
    ///
    /// The opcodes of control frames start at 8, so a receiver can recognise a control frame by the
    /// opcode's top bit alone. Stricter limits apply to control frames.
    #[must_use]
    pub const fn is_control(self) -> bool {
        self.bits() & 0x8 != 0
    }
}
