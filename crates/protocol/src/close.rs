//! What a Close frame says: a code and a reason (sections 5.5.1 and 7.4).
//!
//! ```text
//!   ┌───────────────┬──────────────────────────── - -
//!   │ status code   │ reason: UTF-8, at most 123 bytes
//!   │ 2 bytes, big- │ (for a log or a developer, not for an end user)
//!   │ endian        │
//!   └───────────────┴──────────────────────────── - -
//!   or nothing at all, which the receiver reports as 1005
//! ```

use std::fmt;

use crate::{limits::MAX_CLOSE_REASON, usage_error::UsageError, violation::Violation};

/// Why a connection is closed, as a number (section 7.4).
///
/// A newtype and not an enum: the registry is open. A code that was registered after this was written is as good as
/// any other, and is passed on with its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CloseCode(pub u16);

impl CloseCode {
    /// 1000: what the connection was for is done.
    pub const NORMAL: Self = Self(1000);
    /// 1001: a server that stops, a page that was left.
    pub const GOING_AWAY: Self = Self(1001);
    /// 1002: the peer broke a rule of the protocol.
    pub const PROTOCOL_ERROR: Self = Self(1002);
    //= docs/src/rfc6455.md#section-7-4-1
    //# An endpoint that understands only text MAY close with 1003 when it receives binary.
    /// 1003: a kind of data that this endpoint does not take, such as binary where only text is understood.
    pub const UNSUPPORTED_DATA: Self = Self(1003);
    /// 1005: no code was in the Close frame. Reported, never sent.
    pub const NO_STATUS_RECEIVED: Self = Self(1005);
    /// 1006: no Close frame came at all. Reported, never sent.
    pub const ABNORMAL_CLOSURE: Self = Self(1006);
    /// 1007: data that does not fit its type, such as a text that is not UTF-8.
    pub const INVALID_DATA: Self = Self(1007);
    /// 1008: the peer went against a policy; for when no other code fits.
    pub const POLICY_VIOLATION: Self = Self(1008);
    /// 1009: a message too big to handle.
    pub const MESSAGE_TOO_BIG: Self = Self(1009);
    /// 1010: the client needs an extension that the server did not accept. Sent by clients only.
    pub const MANDATORY_EXTENSION: Self = Self(1010);
    /// 1011: something unexpected kept this endpoint from going on.
    pub const INTERNAL_ERROR: Self = Self(1011);
    /// 1012: the service restarts. Registered after the RFC.
    pub const SERVICE_RESTART: Self = Self(1012);
    /// 1013: overloaded, try again later. Registered after the RFC.
    pub const TRY_AGAIN_LATER: Self = Self(1013);
    /// 1014: a gateway got a bad answer. Registered after the RFC.
    pub const BAD_GATEWAY: Self = Self(1014);
    /// 1015: TLS could not be set up. Reported, never sent.
    pub const TLS_HANDSHAKE: Self = Self(1015);

    /// Whether the code may stand in a Close frame (sections 7.4.1 and 7.4.2).
    ///
    /// ```text
    ///      0 -  999   never used
    ///   1000 - 2999   the protocol's own: registered ones only, and not 1004, 1005, 1006 and 1015
    ///   3000 - 3999   libraries and frameworks, registered
    ///   4000 - 4999   private
    ///   5000 -        not codes
    /// ```
    #[must_use]
    pub const fn is_sendable(self) -> bool {
        //= docs/src/rfc6455.md#section-7-4-1
        //# An endpoint MAY use the codes of this section in the Close that it sends.
        //= docs/src/rfc6455.md#section-7-4-1
        //# The codes 1005, 1006 and 1015 MUST NOT be put into a Close.
        matches!(self.0, 1000..=1003 | 1007..=1014 | 3000..=4999)
    }

    /// The code's name in plain words, such as `going away`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.0 {
            1000 => "normal closure",
            1001 => "going away",
            1002 => "protocol error",
            1003 => "unsupported data",
            1005 => "no status code",
            1006 => "abnormal closure",
            1007 => "invalid data",
            1008 => "policy violation",
            1009 => "message too big",
            1010 => "mandatory extension missing",
            1011 => "internal error",
            1012 => "service restart",
            1013 => "try again later",
            1014 => "bad gateway",
            1015 => "TLS handshake failed",
            3000..=3999 => "registered by a library",
            4000..=4999 => "private",
            _ => "unassigned",
        }
    }
}

/// Prints the number and its name: `1001 (going away)`.
impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.0, self.name())
    }
}

/// The body of a Close frame that has one (section 5.5.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseFrame {
    /// Why.
    pub code: CloseCode,
    /// In words, at most 123 bytes; often empty.
    pub reason: String,
}

impl CloseFrame {
    /// A body that is fit to be sent.
    ///
    /// # Errors
    /// [`UsageError::CloseCodeNotSendable`] and [`UsageError::CloseReasonTooLong`].
    pub fn new(code: CloseCode, reason: impl Into<String>) -> Result<Self, UsageError> {
        let reason = reason.into();
        if !code.is_sendable() {
            return Err(UsageError::CloseCodeNotSendable(code));
        }
        if reason.len() > MAX_CLOSE_REASON {
            return Err(UsageError::CloseReasonTooLong(reason.len()));
        }
        Ok(Self { code, reason })
    }

    /// The body that tells a peer which rule it broke.
    pub(crate) fn for_violation(code: CloseCode, violation: &Violation) -> Self {
        let mut reason = violation.to_string();
        // Some sentences hold what the peer sent, so their length is the peer's choice.
        let end = (0..=MAX_CLOSE_REASON.min(reason.len())).rev().find(|&end| reason.is_char_boundary(end));
        reason.truncate(end.unwrap_or(0));
        Self { code, reason }
    }

    /// Reads a Close frame's body: `None` when it is empty.
    ///
    /// # Errors
    /// [`Violation::CloseBodyOneByte`], [`Violation::CloseCodeInvalid`] and [`Violation::CloseReasonNotUtf8`].
    pub fn parse(body: &[u8]) -> Result<Option<Self>, Violation> {
        let (code, reason) = match body {
            //= docs/src/rfc6455.md#section-5-5-1
            //# A Close MAY have a body, which says why the connection is closed.
            [] => return Ok(None),
            //= docs/src/rfc6455.md#section-5-5-1
            //# If a Close has a body, its first two bytes MUST be a status code with the more significant byte first.
            [_] => return Err(Violation::CloseBodyOneByte),
            &[high, low, ref reason @ ..] => (CloseCode(u16::from_be_bytes([high, low])), reason),
        };
        // 1005 and 1006 are what an endpoint reports when there was nothing to read. Were they let through here, a
        // peer could make "the connection broke" look like something that was said.
        if !code.is_sendable() {
            return Err(Violation::CloseCodeInvalid(code));
        }
        //= docs/src/rfc6455.md#section-5-5-1
        //# A reason MAY follow the code, in UTF-8.
        //= docs/src/rfc6455.md#section-8-1
        //# An endpoint that is to read bytes as UTF-8 and finds that they are none MUST fail the connection.
        match simdutf8::basic::from_utf8(reason) {
            Ok(reason) => Ok(Some(Self { code, reason: reason.to_owned() })),
            Err(_) => Err(Violation::CloseReasonNotUtf8),
        }
    }

    /// The body's bytes: code, then reason.
    pub(crate) fn write_to(&self, body: &mut Vec<u8>) {
        body.extend_from_slice(&self.code.0.to_be_bytes());
        body.extend_from_slice(self.reason.as_bytes());
    }
}
