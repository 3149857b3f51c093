//! References to sections of RFCs, for error messages.

use std::fmt;

/// A section of an RFC. `Display` prints `RFC 6455, section 5.1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RfcSection {
    /// The number of the RFC, such as 6455.
    pub rfc: u16,
    /// The number of the section, such as `5.1`.
    pub section: &'static str,
}

impl RfcSection {
    /// Creates a reference to a section of RFC 6455, the WebSocket protocol.
    pub(crate) const fn websocket(section: &'static str) -> Self {
        Self { rfc: 6455, section }
    }

    /// Creates a reference to a section of RFC 7692, the compression extensions for WebSocket.
    pub(crate) const fn deflate(section: &'static str) -> Self {
        Self { rfc: 7692, section }
    }

    /// Creates a reference to a section of RFC 8441, WebSocket in HTTP/2.
    pub(crate) const fn http2(section: &'static str) -> Self {
        Self { rfc: 8441, section }
    }
}

impl fmt::Display for RfcSection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RFC {}, section {}", self.rfc, self.section)
    }
}
