//! The context of a frame: what is known from earlier frames in the same direction.

use crate::{inflate::MessageInflater, message::MessageInProgress};

/// The state that the frames of one direction share.
#[derive(Debug)]
pub(crate) struct DirectionContext {
    /// The message whose last frame is not complete yet.
    pub(crate) message: Option<MessageInProgress>,
    /// The inflater, which is created when the first compressed message begins.
    pub(crate) inflater: Option<MessageInflater>,
    /// Whether a Close frame was sent in this direction.
    pub(crate) closed: bool,
    /// Whether the next frame to be checked was sent before the server responded to the handshake.
    pub(crate) before_response: bool,
}

impl DirectionContext {
    pub(crate) const fn new() -> Self {
        Self { message: None, inflater: None, closed: false, before_response: false }
    }
}
