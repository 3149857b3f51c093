//! Facts that one frame learns and the later frames of its direction need.

use crate::{inflate::MessageInflater, message::MessageInProgress};

/// Facts that the frames of one direction share.
#[derive(Debug)]
pub(crate) struct DirectionContext {
    /// The message whose last frame has not ended yet.
    pub(crate) message: Option<MessageInProgress>,
    /// The inflater of compressed messages, once there was one.
    pub(crate) inflater: Option<MessageInflater>,
    /// Whether a Close frame was seen.
    pub(crate) closed: bool,
    /// Whether the next frame was sent before the server responded to the handshake.
    pub(crate) before_response: bool,
}

impl DirectionContext {
    pub(crate) const fn new() -> Self {
        Self { message: None, inflater: None, closed: false, before_response: false }
    }
}
