//! The body of a Close frame: a code and a reason (sections 5.5.1 and 7.4).
//!
//! ```text
//!   ┌───────────────┬──────────────────────────── - -
//!   │ status code   │ reason: UTF-8, at most 123 bytes
//!   │ 2 bytes, big- │ (for a log or a developer, not for an end user)
//!   │ endian        │
//!   └───────────────┴──────────────────────────── - -
//!   or nothing at all, which the receiver reports as code 1005
//! ```

use std::fmt;

use super::code::CloseCode;
use crate::{limits::MAX_CLOSE_REASON, usage_error::UsageError, violation::Violation};

/// The body of a Close frame (section 5.5.1). A `CloseFrame` is always valid: its code may be sent,
/// and its reason is short enough.
///
/// ```
/// use protocol::{CloseCode, CloseFrame};
///
/// let frame = CloseFrame::new(CloseCode::GOING_AWAY, "back in a minute")?;
/// assert_eq!(frame.to_string(), "1001 (going away) \"back in a minute\"");
/// assert!(CloseFrame::new(CloseCode::ABNORMAL_CLOSURE, "").is_err(), "1006 must not be sent");
/// # Ok::<(), protocol::UsageError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseFrame {
    code: CloseCode,
    reason: String,
}

impl CloseFrame {
    /// Code 1000 without a reason.
    pub const NORMAL: Self = Self { code: CloseCode::NORMAL, reason: String::new() };

    /// Creates a body with a code and a reason. The reason may be empty.
    ///
    /// # Errors
    /// - [`UsageError::CloseCodeNotSendable`] for a code that no Close frame may contain;
    /// - [`UsageError::CloseReasonTooLong`] for a reason of more than 123 bytes.
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

    /// Returns the code.
    #[must_use]
    pub const fn code(&self) -> CloseCode {
        self.code
    }

    /// Returns the reason, which has at most 123 bytes and is often empty.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Returns the same body without the reason.
    pub(crate) const fn without_reason(&self) -> Self {
        Self { code: self.code, reason: String::new() }
    }

    /// Creates the body that reports a broken rule to the peer. The sentence that describes the
    /// violation becomes the reason, and is truncated if it is too long.
    pub(crate) fn for_violation(violation: &Violation) -> Self {
        let mut reason = violation.to_string();
        // Do not truncate inside a character, because the reason must be valid UTF-8.
        let end = (0..=MAX_CLOSE_REASON.min(reason.len())).rev().find(|&end| reason.is_char_boundary(end));
        reason.truncate(end.unwrap_or(0));
        Self { code: violation.close_code(), reason }
    }

    /// Parses the body of a Close frame. Returns `None` if the body is empty.
    ///
    /// # Errors
    /// [`Violation::CloseBodyOneByte`], [`Violation::CloseCodeInvalid`] and
    /// [`Violation::CloseReasonNotUtf8`].
    pub fn parse(body: &[u8]) -> Result<Option<Self>, Violation> {
        let (code, reason) = match body {
            //= docs/src/rfc6455.md#section-5-5-1
            //# A Close frame MAY have a body that says why the connection is being closed.
            [] => return Ok(None),
            //= docs/src/rfc6455.md#section-5-5-1
            //# If a Close frame has a body, it MUST start with a two-byte status code in network
            //# byte order.
            [_] => return Err(Violation::CloseBodyOneByte),
            &[high, low, ref reason @ ..] => (CloseCode(u16::from_be_bytes([high, low])), reason),
        };
        // An endpoint reports 1005 or 1006 to its application when it has received no code. If a
        // peer could send these codes, it could make an intact connection look broken, so reject
        // them in a Close frame, like every other code that must not be sent.
        if !code.is_sendable() {
            return Err(Violation::CloseCodeInvalid(code));
        }
        //= docs/src/rfc6455.md#section-5-5-1
        //# A reason in UTF-8 MAY follow the code.
        //= docs/src/rfc6455.md#section-8-1
        //# An endpoint that must interpret bytes as UTF-8, and finds that they are not valid UTF-8,
        //# MUST fail the connection.
        match simdutf8::basic::from_utf8(reason) {
            Ok(reason) => Ok(Some(Self { code, reason: reason.to_owned() })),
            Err(_) => Err(Violation::CloseReasonNotUtf8),
        }
    }

    /// Appends the body's bytes: the code, then the reason.
    pub(crate) fn write_to(&self, body: &mut Vec<u8>) {
        body.extend_from_slice(&self.code.0.to_be_bytes());
        body.extend_from_slice(self.reason.as_bytes());
    }
}

/// Prints the code, its name and the reason: `1001 (going away) "back in a minute"`.
impl fmt::Display for CloseFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.code.fmt(f)?;
        // The peer chose the reason, so it may contain control characters, which must not reach a
        // terminal or a log unescaped. `{:?}` escapes them, and leaves an apostrophe unchanged.
        if self.reason.is_empty() { Ok(()) } else { write!(f, " {:?}", self.reason) }
    }
}
