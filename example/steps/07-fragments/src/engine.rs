//! The engine, which decides what frames the server sends.

use std::error::Error;

use crate::frame::{CLOSE, CONTINUATION, Frame, PING, PONG};

/// Returns the frame that answers a frame from the client, or `None` if no answer is due.
/// `unfinished` is the message whose last fragment has not yet arrived.
pub(crate) fn answer(frame: Frame, unfinished: &mut Option<Frame>) -> Result<Option<Frame>, Box<dyn Error>> {
    match frame.opcode {
        PING => return Ok(Some(Frame { opcode: PONG, ..frame })),
        PONG | CLOSE => return Ok(None),
        _ => {}
    }
    let message = match (frame.opcode, unfinished.take()) {
        (CONTINUATION, Some(mut message)) => {
            message.payload.extend(frame.payload);
            Frame { fin: frame.fin, ..message }
        }
        (CONTINUATION, None) => return Err("there is no message to continue".into()),
        (_, Some(_)) => return Err("a message must end before the next one begins".into()),
        (_, None) => frame,
    };
    if !message.fin {
        *unfinished = Some(message);
        return Ok(None);
    }
    Ok(Some(message)) // the echo
}
