//! The rules that a peer can break once the connection is open, in one list.
//!
//! Each rule is one variant. This file lists the section of the RFC that contains the rule, the
//! close code that answers a violation, and one plain sentence that describes the violation. You
//! can therefore learn what happens after a violation without searching the code that detects it.
//!
//! The rules of the opening handshake are in [`HandshakeViolation`](crate::HandshakeViolation).
//! Mistakes by the *caller* of this crate have a separate type, [`UsageError`](crate::UsageError),
//! because they are bugs to fix rather than input to handle.

use std::{fmt, time::Duration};

use crate::{close::CloseCode, frame::Opcode, limits::MAX_CONTROL_PAYLOAD, rfc::RfcSection};

/// A rule that the peer broke on an open connection.
///
/// `Display` prints one sentence, followed in parentheses by the rule's section or by a note that
/// the rule is a limit of this endpoint.
//= docs/src/rfc6455.md#section-10-7
//# Clients and servers MUST always validate incoming data.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Violation {
    // ---- Frames (sections 5.1 to 5.5) ---------------------------------------------------
    /// A client sent a frame without masking it.
    UnmaskedFrame,
    /// A server sent a masked frame.
    MaskedFrame,
    /// A reserved bit that no negotiated extension uses is set. Holds the unexpected bits, in their
    /// positions in the first byte.
    ReservedBitsSet(u8),
    /// RSV1, which marks the first frame of a compressed message, is set on a control frame or a
    /// later fragment.
    CompressedBitMisplaced(Opcode),
    /// The opcode is one of 3-7 or B-F.
    ReservedOpcode(u8),
    /// The payload length was not written in its shortest form.
    LengthNotShortest(u64),
    /// The top bit of a 64-bit payload length is set.
    LengthTopBitSet(u64),
    /// A continuation frame while no message is open.
    ContinuationOfNothing,
    /// A text or binary frame while another message is open.
    MessageInsideMessage,
    /// A control frame without FIN.
    FragmentedControl(Opcode),
    /// A control frame with more than 125 bytes of payload.
    ControlTooLong(Opcode),
    /// A Close frame whose body is a single byte: half a close code.
    CloseBodyOneByte,
    /// A Close frame with a code that must not be sent.
    CloseCodeInvalid(CloseCode),
    /// A Close frame whose reason is not UTF-8.
    CloseReasonNotUtf8,
    /// A Ping was not answered in time.
    PongOverdue,

    // ---- Content and size (sections 8.1 and 10.4) ---------------------------------------
    /// A text message that is not UTF-8.
    TextNotUtf8,
    /// A compressed message that cannot be decompressed.
    DeflateInvalid,
    /// A frame larger than [`Limits::max_frame_bytes`](crate::Limits::max_frame_bytes).
    FrameTooBig {
        /// The announced payload length, in bytes.
        length: u64,
        /// The limit, in bytes.
        limit: usize,
    },
    /// A message larger than [`Limits::max_message_bytes`](crate::Limits::max_message_bytes).
    MessageTooBig {
        /// The limit, in bytes.
        limit: usize,
    },
    /// A message in more fragments than [`Limits::max_fragments`](crate::Limits::max_fragments).
    TooManyFragments {
        /// The maximum number of fragments.
        limit: u32,
    },
    /// More control frames within a second than
    /// [`Limits::max_control_frames_per_second`](crate::Limits::max_control_frames_per_second).
    TooManyControlFrames {
        /// The maximum number of control frames per second.
        limit: u32,
    },
    /// A message or a control frame that was not complete within
    /// [`Config::message_timeout`](crate::Config::message_timeout).
    MessageTooSlow {
        /// The number of the message's payload bytes that have arrived, before decompression.
        received: usize,
        /// The time that the peer has had for the message.
        elapsed: Duration,
    },
}

impl Violation {
    /// Returns the section that contains the rule, or `None` for a limit of this implementation.
    #[must_use]
    pub const fn section(&self) -> Option<RfcSection> {
        Some(match self {
            Self::UnmaskedFrame | Self::MaskedFrame => RfcSection::websocket("5.1"),
            Self::ReservedBitsSet(_)
            | Self::ReservedOpcode(_)
            | Self::LengthNotShortest(_)
            | Self::LengthTopBitSet(_) => RfcSection::websocket("5.2"),
            Self::ContinuationOfNothing | Self::MessageInsideMessage => RfcSection::websocket("5.4"),
            Self::FragmentedControl(_) | Self::ControlTooLong(_) => RfcSection::websocket("5.5"),
            Self::CloseBodyOneByte => RfcSection::websocket("5.5.1"),
            Self::CloseCodeInvalid(_) => RfcSection::websocket("7.4"),
            Self::TextNotUtf8 | Self::CloseReasonNotUtf8 => RfcSection::websocket("8.1"),
            // Section 10.4 requires these two limits and leaves only their values to the
            // implementation, so name that section.
            Self::FrameTooBig { .. } | Self::MessageTooBig { .. } => RfcSection::websocket("10.4"),
            Self::CompressedBitMisplaced(_) => RfcSection::deflate("6.1"),
            Self::DeflateInvalid => RfcSection::deflate("7.2.2"),
            // The RFCs set no deadline for a Pong or a message and no limit on the number of
            // frames, so there is no section to name.
            Self::PongOverdue
            | Self::TooManyFragments { .. }
            | Self::TooManyControlFrames { .. }
            | Self::MessageTooSlow { .. } => return None,
        })
    }

    /// Returns the code of the Close frame that answers the violation (section 7.1.7).
    //= docs/src/rfc6455.md#section-10-7
    //# After the handshake, an endpoint SHOULD first send a Close frame with an appropriate code.
    #[must_use]
    pub const fn close_code(&self) -> CloseCode {
        match self {
            //= docs/src/rfc6455.md#section-5-1
            //# A server MAY send a Close frame with code 1002 before it closes the connection
            //# because of an unmasked frame.
            //= docs/src/rfc6455.md#section-5-1
            //# A client MAY use code 1002 when it closes the connection because of a masked frame.
            Self::UnmaskedFrame
            | Self::MaskedFrame
            | Self::ReservedBitsSet(_)
            | Self::CompressedBitMisplaced(_)
            | Self::ReservedOpcode(_)
            | Self::LengthNotShortest(_)
            | Self::LengthTopBitSet(_)
            | Self::ContinuationOfNothing
            | Self::MessageInsideMessage
            | Self::FragmentedControl(_)
            | Self::ControlTooLong(_)
            | Self::CloseBodyOneByte
            | Self::CloseCodeInvalid(_) => CloseCode::PROTOCOL_ERROR,
            // RFC 7692 names no code for a payload that cannot be inflated. Use 1007, which is
            // registered for invalid content in valid frames. `ws` sends 1007 too.
            Self::TextNotUtf8 | Self::CloseReasonNotUtf8 | Self::DeflateInvalid => CloseCode::INVALID_DATA,
            Self::FrameTooBig { .. } | Self::MessageTooBig { .. } => CloseCode::MESSAGE_TOO_BIG,
            // No code is registered for these violations, so use 1008, the general code for a peer
            // that violates the receiver's policy.
            Self::PongOverdue
            | Self::TooManyFragments { .. }
            | Self::TooManyControlFrames { .. }
            | Self::MessageTooSlow { .. } => CloseCode::POLICY_VIOLATION,
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnmaskedFrame => f.write_str("a client's frames must be masked"),
            Self::MaskedFrame => f.write_str("a server's frames must not be masked"),
            Self::ReservedBitsSet(bits) => {
                f.write_str("reserved bits are set that no extension uses:")?;
                for (bit, name) in [(0x40, " RSV1"), (0x20, " RSV2"), (0x10, " RSV3")] {
                    if bits & bit != 0 {
                        f.write_str(name)?;
                    }
                }
                Ok(())
            }
            Self::CompressedBitMisplaced(opcode) => {
                write!(f, "RSV1 marks the first frame of a compressed message and is set on a {opcode:?} frame")
            }
            Self::ReservedOpcode(bits) => write!(f, "opcode 0x{bits:X} is reserved"),
            Self::LengthNotShortest(length) => write!(f, "payload length {length} is not in its shortest form"),
            Self::LengthTopBitSet(_) => f.write_str("the top bit of a 64-bit payload length must be 0"),
            Self::ContinuationOfNothing => f.write_str("a continuation frame came while no message was open"),
            Self::MessageInsideMessage => f.write_str("a new message began before the open one had ended"),
            Self::FragmentedControl(opcode) => write!(f, "a {opcode:?} frame must not be fragmented"),
            Self::ControlTooLong(opcode) => {
                write!(f, "a {opcode:?} frame holds at most {MAX_CONTROL_PAYLOAD} bytes")
            }
            Self::CloseBodyOneByte => f.write_str("a Close body is empty or has at least the two bytes of a code"),
            Self::CloseCodeInvalid(code) => write!(f, "close code {} must not be sent", code.0),
            Self::CloseReasonNotUtf8 => f.write_str("the reason in a Close frame must be UTF-8"),
            Self::PongOverdue => f.write_str("a Ping was not answered in time"),
            Self::TextNotUtf8 => f.write_str("a text message must be UTF-8"),
            Self::DeflateInvalid => f.write_str("a compressed message is not valid DEFLATE"),
            Self::FrameTooBig { length, limit } => {
                write!(f, "a frame of {length} bytes is larger than the limit of {limit}")
            }
            Self::MessageTooBig { limit } => write!(f, "a message is larger than the limit of {limit} bytes"),
            Self::TooManyFragments { limit } => write!(f, "a message has more than {limit} fragments"),
            Self::TooManyControlFrames { limit } => write!(f, "more than {limit} control frames within a second"),
            Self::MessageTooSlow { received, elapsed } => {
                let seconds = elapsed.as_secs_f64();
                write!(f, "a message arrives too slowly: {received} bytes of it in {seconds:.1} s")
            }
        }?;
        match self.section() {
            Some(section) => write!(f, " ({section})"),
            None => f.write_str(" (a limit of this endpoint)"),
        }
    }
}

impl std::error::Error for Violation {}
