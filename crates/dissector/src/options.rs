//! The options of a conversation.

use protocol::{Limits, limits::MAX_CONTROL_PAYLOAD};

/// Options of a conversation: how many bytes it keeps, which limits it checks, and what it hides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The maximum number of bytes of each payload that are kept and shown. The default is 4 KiB:
    /// more than fits on a screen, but small enough to dissect a thousand connections at once.
    /// Values below 125, the maximum payload of a control frame, are raised to 125.
    pub payload_bytes: usize,
    /// The limits of the receiver. A head that exceeds its limit is not collected any further. A
    /// frame or a message that exceeds its limit is still dissected, and the excess is reported as
    /// a broken rule.
    pub limits: Limits,
    /// Whether to hide the value of every header field that may hold a credential, such as `Cookie`
    /// and `Authorization`. The default is to show all values. Set this if the records are for
    /// someone who must not see the credentials, such as a script on a web page.
    ///
    /// If this is set, only the header fields of the handshake, and a few others known to be
    /// harmless, keep their values. In all other values, an asterisk replaces each byte, in the
    /// fields and in [`Record::bytes`](crate::Record::bytes), so all positions and lengths stay the
    /// same.
    pub hide_credentials: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { payload_bytes: 4 << 10, limits: Limits::DEFAULT, hide_credentials: false }
    }
}

impl Options {
    /// Raises `payload_bytes` to the maximum payload of a control frame if its value is smaller.
    pub(crate) const fn normalized(mut self) -> Self {
        if self.payload_bytes < MAX_CONTROL_PAYLOAD {
            self.payload_bytes = MAX_CONTROL_PAYLOAD;
        }
        self
    }
}
