//! The options of a conversation.

use protocol::{Limits, limits::MAX_CONTROL_PAYLOAD};

/// Options of a conversation: the bytes that it keeps and the limits that it checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The number of bytes of each payload that are kept and shown. The default is 4 KiB: more than
    /// anybody reads on a screen, and little enough to dissect a thousand connections at once.
    /// Smaller values than 125, the largest payload of a control frame, count as 125.
    pub payload_bytes: usize,
    /// The limits of the receiver. A head above the limit is not collected any further. A frame or
    /// a message above the limit is still dissected, and the limit is reported as a broken rule.
    pub limits: Limits,
}

impl Default for Options {
    fn default() -> Self {
        Self { payload_bytes: 4 << 10, limits: Limits::DEFAULT }
    }
}

impl Options {
    /// Raises `payload_bytes` to its minimum.
    pub(crate) const fn normalized(mut self) -> Self {
        if self.payload_bytes < MAX_CONTROL_PAYLOAD {
            self.payload_bytes = MAX_CONTROL_PAYLOAD;
        }
        self
    }
}
