//! What a peer can do wrong, in one list.
//!
//! Each rule of RFC 6455 that a peer can break is one variant here. It knows the section that it comes from, how it is
//! answered and one plain sentence. That the answers stand side by side is the point: whoever wants to know what this
//! implementation does about a broken rule need not look for it in the code that noticed.
//!
//! What the *caller* of this crate can do wrong is another type, [`UsageError`](crate::UsageError): it is a bug to be fixed, not
//! an input to be handled.

use std::fmt;

use http::StatusCode;

use crate::{close::CloseCode, frame::Opcode, limits::MAX_CONTROL_PAYLOAD};

/// A rule that the peer broke.
///
/// `Display` gives one sentence with the section number; [`section`](Self::section) gives the number alone,
/// [`answer`](Self::answer) what the rule-breaker is told.
//= docs/src/rfc6455.md#section-10-7
//# What comes in MUST always be checked, by clients and by servers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Violation {
    // ---- Both heads of the opening handshake -------------------------------------------------------------------
    /// The bytes are no HTTP/1.1 head. Holds what the parser stumbled over.
    MalformedHead(String),
    /// The head is longer than [`Limits::max_head_bytes`](crate::Limits::max_head_bytes).
    HeadTooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The head has more header lines than [`Limits::max_headers`](crate::Limits::max_headers).
    TooManyHeaders {
        /// The limit.
        limit: usize,
    },
    /// HTTP/1.0: too old to be upgraded.
    HttpVersionTooOld,
    /// No `Upgrade: websocket`.
    UpgradeMissing,
    /// `Connection` does not list the token `Upgrade`.
    ConnectionWithoutUpgrade,
    /// `Sec-WebSocket-Extensions` does not follow its grammar.
    ExtensionsMalformed,
    /// `Sec-WebSocket-Protocol` does not follow its grammar.
    SubprotocolMalformed,

    // ---- The request, judged by the server (section 4.2.1) ------------------------------------------------------
    /// The method is not GET. Holds the method.
    MethodNotGet(String),
    /// The request target is neither a path nor an absolute `http` or `https` URI.
    TargetMalformed,
    /// The request announces a body.
    RequestWithBody,
    /// There is not exactly one `Host` line.
    HostNotOnce,
    /// There is not exactly one `Sec-WebSocket-Key` line.
    KeyNotOnce,
    /// `Sec-WebSocket-Key` is not the Base64 of 16 bytes.
    KeyMalformed,
    /// There is more than one `Sec-WebSocket-Version` line.
    VersionRepeated,
    /// The version is missing or is not 13. Holds what was asked for.
    VersionUnsupported(Option<String>),
    /// A subprotocol is named twice.
    SubprotocolRepeated(String),

    // ---- The response, judged by the client (section 4.1) -------------------------------------------------------
    /// `Upgrade` names something other than `websocket`, or more than that.
    UpgradeToSomethingElse,
    /// There is not exactly one `Sec-WebSocket-Accept` line.
    AcceptNotOnce,
    /// `Sec-WebSocket-Accept` is not the answer to the key that was sent.
    AcceptWrong {
        /// The value that proves the key was read.
        expected: String,
        /// The value that came.
        received: String,
    },
    /// The server chose a subprotocol that was not offered.
    SubprotocolNotOffered(String),
    /// The server accepted an extension that was not offered.
    ExtensionNotOffered(String),
    /// The server accepted two extensions that both use RSV1.
    ExtensionConflict(String),
    /// The server's answer to an offer of permessage-deflate is none. Holds what is wrong with it.
    DeflateAnswerWrong(String),

    // ---- Frames (sections 5.1 to 5.5) ---------------------------------------------------------------------------
    /// A client sent a frame without masking it.
    UnmaskedFrame,
    /// A server sent a masked frame.
    MaskedFrame,
    /// A reserved bit is set that no agreed extension uses. Holds the bits as they stand in the first byte.
    ReservedBitsSet(u8),
    /// RSV1, which marks the beginning of a compressed message, on a control frame or a later fragment.
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
    /// A Close frame whose body is a single byte: half a status code.
    CloseBodyOneByte,
    /// A Close frame with a code that must not be sent.
    CloseCodeInvalid(CloseCode),
    /// A Close frame whose reason is not UTF-8.
    CloseReasonNotUtf8,
    /// A Ping was not answered in time.
    PongOverdue,

    // ---- Content and size (sections 8.1 and 10.4) ---------------------------------------------------------------
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
    /// A message in more fragments than [`Limits::fragments`](crate::Limits::fragments).
    TooManyFragments {
        /// The limit.
        limit: u32,
    },
    /// More control frames within a second than
    /// [`Limits::max_control_frames_per_second`](crate::Limits::max_control_frames_per_second).
    TooManyControlFrames {
        /// The limit.
        limit: u32,
    },
}

/// What a peer that broke a rule is told before the connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The server refuses the opening handshake with this HTTP status (section 4.2.1).
    //= docs/src/rfc6455.md#section-10-7
    //# During the handshake, a server SHOULD answer with a fitting HTTP status.
    Refuse(StatusCode),
    /// The client drops a handshake that went wrong: there is nobody to tell (section 4.1).
    //= docs/src/rfc6455.md#section-10-7
    //# An endpoint that does not understand what it gets, or finds it dangerous, or sees a handshake that it did not
    //# expect, MAY drop TCP.
    Disconnect,
    /// A Close frame with this code, and nothing that the peer says afterwards counts (section 7.1.7).
    //= docs/src/rfc6455.md#section-10-7
    //# After the handshake, an endpoint SHOULD first send a Close frame with a fitting code.
    Close(CloseCode),
}

impl Violation {
    /// The RFC that holds the rule: 6455, or 7692 for compression.
    #[must_use]
    pub const fn rfc(&self) -> u16 {
        match self {
            Self::ExtensionConflict(_)
            | Self::DeflateAnswerWrong(_)
            | Self::CompressedBitMisplaced(_)
            | Self::DeflateInvalid => 7692,
            _ => 6455,
        }
    }

    /// The section of the [RFC](Self::rfc) that holds the rule.
    #[must_use]
    pub const fn section(&self) -> &'static str {
        match self {
            Self::UpgradeToSomethingElse
            | Self::AcceptWrong { .. }
            | Self::SubprotocolNotOffered(_)
            | Self::ExtensionNotOffered(_)
            | Self::SubprotocolRepeated(_) => "4.1",
            Self::MalformedHead(_)
            | Self::HttpVersionTooOld
            | Self::UpgradeMissing
            | Self::ConnectionWithoutUpgrade
            | Self::MethodNotGet(_)
            | Self::TargetMalformed
            | Self::RequestWithBody
            | Self::HostNotOnce
            | Self::KeyMalformed => "4.2.1",
            Self::VersionUnsupported(_) => "4.2.2",
            Self::SubprotocolMalformed => "4.3",
            Self::UnmaskedFrame | Self::MaskedFrame => "5.1",
            Self::ReservedBitsSet(_)
            | Self::ReservedOpcode(_)
            | Self::LengthNotShortest(_)
            | Self::LengthTopBitSet(_) => "5.2",
            Self::ContinuationOfNothing | Self::MessageInsideMessage => "5.4",
            Self::FragmentedControl(_) | Self::ControlTooLong(_) => "5.5",
            Self::CloseBodyOneByte => "5.5.1",
            Self::PongOverdue => "5.5.2",
            Self::CloseCodeInvalid(_) => "7.4",
            Self::TextNotUtf8 | Self::CloseReasonNotUtf8 => "8.1",
            Self::ExtensionsMalformed => "9.1",
            Self::HeadTooLong { .. }
            | Self::TooManyHeaders { .. }
            | Self::FrameTooBig { .. }
            | Self::MessageTooBig { .. }
            | Self::TooManyFragments { .. }
            | Self::TooManyControlFrames { .. } => "10.4",
            Self::KeyNotOnce => "11.3.1",
            Self::AcceptNotOnce => "11.3.3",
            Self::ExtensionConflict(_) => "5",
            Self::CompressedBitMisplaced(_) => "6.1",
            Self::DeflateAnswerWrong(_) => "7",
            Self::DeflateInvalid => "7.2.2",
            Self::VersionRepeated => "11.3.5",
        }
    }

    /// What the peer is told, given that this end is a `server` or a client.
    #[must_use]
    pub const fn answer(&self, role: crate::Role) -> Answer {
        let (rejection, code) = match self {
            Self::HeadTooLong { .. } | Self::TooManyHeaders { .. } => {
                (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, None)
            }
            Self::MethodNotGet(_) => (StatusCode::METHOD_NOT_ALLOWED, None),
            // 426 tells a client that came without WebSocket, or with another version of it, what would be understood.
            Self::UpgradeMissing | Self::VersionUnsupported(_) => (StatusCode::UPGRADE_REQUIRED, None),
            Self::MalformedHead(_)
            | Self::HttpVersionTooOld
            | Self::ConnectionWithoutUpgrade
            | Self::ExtensionsMalformed
            | Self::SubprotocolMalformed
            | Self::TargetMalformed
            | Self::RequestWithBody
            | Self::HostNotOnce
            | Self::KeyNotOnce
            | Self::KeyMalformed
            | Self::VersionRepeated
            | Self::SubprotocolRepeated(_)
            | Self::UpgradeToSomethingElse
            | Self::AcceptNotOnce
            | Self::AcceptWrong { .. }
            | Self::SubprotocolNotOffered(_)
            | Self::ExtensionNotOffered(_)
            | Self::ExtensionConflict(_)
            | Self::DeflateAnswerWrong(_) => (StatusCode::BAD_REQUEST, None),
            //= docs/src/rfc6455.md#section-5-1
            //# A server MAY send a Close with code 1002 before it closes the connection because of an unmasked frame.
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
            | Self::CloseCodeInvalid(_) => (StatusCode::BAD_REQUEST, Some(CloseCode::PROTOCOL_ERROR)),
            // RFC 7692 names no code for what cannot be inflated. The frames are in order and their content is not, which
            // is what 1007 is registered for, and what `ws` sends.
            Self::TextNotUtf8 | Self::CloseReasonNotUtf8 | Self::DeflateInvalid => {
                (StatusCode::BAD_REQUEST, Some(CloseCode::INVALID_DATA))
            }
            Self::FrameTooBig { .. } | Self::MessageTooBig { .. } => {
                (StatusCode::BAD_REQUEST, Some(CloseCode::MESSAGE_TOO_BIG))
            }
            // No code was made for these: 1008 is the general one for a peer that does not keep to what is expected.
            Self::PongOverdue | Self::TooManyFragments { .. } | Self::TooManyControlFrames { .. } => {
                (StatusCode::BAD_REQUEST, Some(CloseCode::POLICY_VIOLATION))
            }
        };
        match (code, role) {
            (Some(code), _) => Answer::Close(code),
            (None, crate::Role::Server) => Answer::Refuse(rejection),
            (None, crate::Role::Client) => Answer::Disconnect,
        }
    }

    /// The code of the Close frame that answers this violation; `None` for one of the opening handshake, where there
    /// are no frames yet.
    #[must_use]
    pub const fn close_code(&self) -> Option<CloseCode> {
        match self.answer(crate::Role::Client) {
            Answer::Close(code) => Some(code),
            Answer::Refuse(_) | Answer::Disconnect => None,
        }
    }

    /// The HTTP status with which a server answers this violation; `None` for one that comes after the handshake.
    #[must_use]
    pub const fn status(&self) -> Option<StatusCode> {
        match self.answer(crate::Role::Server) {
            Answer::Refuse(status) => Some(status),
            Answer::Close(_) | Answer::Disconnect => None,
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MalformedHead(what) => write!(f, "this is not an HTTP/1.1 head: {what}"),
            Self::HeadTooLong { limit } => write!(f, "the HTTP head is longer than {limit} bytes"),
            Self::TooManyHeaders { limit } => write!(f, "the HTTP head has more than {limit} header lines"),
            Self::HttpVersionTooOld => f.write_str("the handshake needs HTTP/1.1 or later"),
            Self::UpgradeMissing => f.write_str("there is no header 'Upgrade: websocket'"),
            Self::ConnectionWithoutUpgrade => f.write_str("the header Connection does not list 'Upgrade'"),
            Self::ExtensionsMalformed => f.write_str("Sec-WebSocket-Extensions is malformed"),
            Self::SubprotocolMalformed => f.write_str("Sec-WebSocket-Protocol is malformed"),
            Self::MethodNotGet(method) => write!(f, "the method must be GET, not {method}"),
            Self::TargetMalformed => f.write_str("the request target is no path"),
            Self::RequestWithBody => f.write_str("the request announces a body, which an upgrade cannot have"),
            Self::HostNotOnce => f.write_str("there must be exactly one Host header"),
            Self::KeyNotOnce => f.write_str("there must be exactly one Sec-WebSocket-Key header"),
            Self::KeyMalformed => f.write_str("Sec-WebSocket-Key must be the Base64 of 16 bytes"),
            Self::VersionRepeated => f.write_str("there must be only one Sec-WebSocket-Version header"),
            Self::VersionUnsupported(None) => f.write_str("Sec-WebSocket-Version is missing; 13 is supported"),
            Self::VersionUnsupported(Some(version)) => {
                write!(f, "version '{}' is not supported; 13 is", version.escape_debug())
            }
            Self::SubprotocolRepeated(name) => write!(f, "the subprotocol '{name}' is named twice"),
            Self::UpgradeToSomethingElse => f.write_str("the header Upgrade must be 'websocket' and nothing else"),
            Self::AcceptNotOnce => f.write_str("there must be exactly one Sec-WebSocket-Accept header"),
            Self::AcceptWrong { expected, received } => {
                write!(f, "Sec-WebSocket-Accept is '{}' instead of '{expected}'", received.escape_debug())
            }
            Self::SubprotocolNotOffered(name) => {
                write!(f, "the server chose the subprotocol '{}', which was not offered", name.escape_debug())
            }
            Self::ExtensionNotOffered(name) => {
                write!(f, "the server accepted the extension '{name}', which was not offered")
            }
            Self::ExtensionConflict(name) => {
                write!(f, "the server accepted the extension '{name}' beside another one that uses RSV1")
            }
            Self::DeflateAnswerWrong(what) => write!(f, "the server's answer on permessage-deflate is wrong: {what}"),
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
        }?;
        write!(f, " (RFC {}, section {})", self.rfc(), self.section())
    }
}

impl std::error::Error for Violation {}
