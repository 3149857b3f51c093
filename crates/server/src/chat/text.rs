//! A text message of the chat.

use protocol::{DeflateOptions, Message, PreparedMessage};

/// The maximum size of a text message in bytes. People do not type longer messages. The engine
/// checks every frame header against the limit, so it never collects a longer message.
pub(crate) const MAX_TEXT: usize = 64 << 10;

/// The memory, in bytes, that a text needs in addition to its payload, rounded up: an entry in the
/// list, whose capacity may be twice its length, and two allocations. If this memory were not
/// counted, empty texts would take up no space, and an unlimited number of them could be queued.
const OVERHEAD: usize = 320;

/// A text message that is encoded once for all members.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) message: PreparedMessage,
    /// The memory that the text takes, in bytes.
    pub(super) size: usize,
}

impl Text {
    /// Encodes a message, and also compresses it if members may have negotiated compression.
    pub(super) fn new(message: &Message, deflate: Option<&DeflateOptions>) -> Self {
        let payload = message.as_bytes().len();
        match deflate {
            // The compressed form is kept in addition to the plain one and is not longer, so count
            // the payload twice.
            Some(options) => {
                Self { message: PreparedMessage::compressed(message, options), size: 2 * payload + OVERHEAD }
            }
            None => Self { message: PreparedMessage::new(message), size: payload + OVERHEAD },
        }
    }
}
