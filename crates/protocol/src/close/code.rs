//! Close codes: the reason for closing a connection, as a number (section 7.4).

use std::fmt;

/// The reason for closing a connection, as a number (section 7.4).
///
/// This is a newtype rather than an enum, because the list of codes is open: libraries can register
/// further codes (3000 to 3999), and applications can choose private ones (4000 to 4999).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CloseCode(pub u16);

impl CloseCode {
    /// 1000: the connection has served its purpose.
    pub const NORMAL: Self = Self(1000);
    /// 1001: the server is shutting down, or the user is leaving the page.
    pub const GOING_AWAY: Self = Self(1001);
    /// 1002: the peer broke a rule of the protocol.
    pub const PROTOCOL_ERROR: Self = Self(1002);
    /// 1003: the peer sent a kind of data that this endpoint does not accept, such as binary data
    /// if it understands only text.
    pub const UNSUPPORTED_DATA: Self = Self(1003);
    /// 1005: the Close frame had no code. Reported, never sent.
    pub const NO_STATUS_RECEIVED: Self = Self(1005);
    /// 1006: no Close frame arrived. Reported, never sent.
    pub const ABNORMAL_CLOSURE: Self = Self(1006);
    /// 1007: the peer sent data that does not match its type, such as a text message that is not
    /// UTF-8.
    pub const INVALID_DATA: Self = Self(1007);
    /// 1008: the peer violated a policy. Use this code when no other code fits.
    pub const POLICY_VIOLATION: Self = Self(1008);
    /// 1009: a message is too big to handle.
    pub const MESSAGE_TOO_BIG: Self = Self(1009);
    /// 1010: the client needs an extension that the server did not accept. Sent by clients only.
    pub const MANDATORY_EXTENSION: Self = Self(1010);
    /// 1011: an unexpected condition prevents this endpoint from continuing.
    pub const INTERNAL_ERROR: Self = Self(1011);
    /// 1012: the service is restarting. Registered after the RFC.
    pub const SERVICE_RESTART: Self = Self(1012);
    /// 1013: the server is overloaded; try again later. Registered after the RFC.
    pub const TRY_AGAIN_LATER: Self = Self(1013);
    /// 1014: a gateway received a bad response. Registered after the RFC.
    pub const BAD_GATEWAY: Self = Self(1014);
    /// 1015: TLS could not be set up. Reported, never sent.
    pub const TLS_HANDSHAKE: Self = Self(1015);

    /// Returns `true` if a Close frame may contain the code (sections 7.4.1 and 7.4.2).
    ///
    /// ```text
    ///      0 -  999   never used
    ///   1000 - 2999   the protocol: only registered codes, and not 1004, 1005, 1006 and 1015
    ///   3000 - 3999   libraries and frameworks, registered
    ///   4000 - 4999   private
    ///   5000 -        not codes
    /// ```
    #[must_use]
    pub const fn is_sendable(self) -> bool {
        //= docs/src/rfc6455.md#section-7-4-1
        //# An endpoint MAY use the codes in this section in the Close frames that it sends.
        //= docs/src/rfc6455.md#section-7-4-1
        //# An endpoint MUST NOT put the code 1005, 1006, or 1015 into a Close frame.
        matches!(self.0, 1000..=1003 | 1007..=1014 | 3000..=4999)
    }

    /// Returns the code's name in plain words, such as `going away`.
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
