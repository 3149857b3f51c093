//! The engine, which decides what frames the server sends.

use crate::frame::{CLOSE, Frame, PING, PONG};

/// Returns the frame that answers a frame from the client, or `None` if no answer is due.
pub(crate) fn answer(frame: Frame) -> Option<Frame> {
    match frame.opcode {
        PING => Some(Frame { opcode: PONG, ..frame }),
        PONG | CLOSE => None,
        _ => Some(frame), // the echo
    }
}
