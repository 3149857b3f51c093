//! The engine, which decides what frames the server sends.

use crate::{
    frame::{CLOSE, CONTINUATION, Frame, MAX_MESSAGE, PING, PONG, TEXT},
    violation::{MESSAGE_TOO_BIG, NOT_UTF8, Violation},
};

/// Returns the frame that answers a frame from the client, or `None` if no answer is due.
/// `unfinished` is the message whose last fragment has not yet arrived.
pub(crate) fn answer(frame: Frame, unfinished: &mut Option<Frame>) -> Result<Option<Frame>, Violation> {
    match frame.opcode {
        PING => return Ok(Some(Frame { opcode: PONG, ..frame })),
        PONG => return Ok(None),
        CLOSE => return answer_close(frame).map(Some),
        _ => {}
    }
    let message = match (frame.opcode, unfinished.take()) {
        (CONTINUATION, Some(mut message)) => {
            message.payload.extend(frame.payload);
            Frame { fin: frame.fin, ..message }
        }
        (CONTINUATION, None) => return Err(Violation(1002, "there is no message to continue")),
        (_, Some(_)) => return Err(Violation(1002, "a message must end before the next one begins")),
        (_, None) => frame,
    };
    if message.payload.len() > MAX_MESSAGE {
        return Err(MESSAGE_TOO_BIG);
    }
    if !message.fin {
        *unfinished = Some(message);
        return Ok(None);
    }
    if message.opcode == TEXT {
        str::from_utf8(&message.payload).map_err(|_| NOT_UTF8)?;
    }
    Ok(Some(message)) // the echo
}

/// Returns the Close that answers the client's Close. It repeats the client's code, if there is
/// one, but not the reason.
fn answer_close(mut close: Frame) -> Result<Frame, Violation> {
    if let Some((code, reason)) = close.payload.split_first_chunk() {
        // Only these codes may be sent. Code 1006, for example, must not be sent, because it means
        // that no Close was received.
        if !matches!(u16::from_be_bytes(*code), 1000..=1003 | 1007..=1014 | 3000..=4999) {
            return Err(Violation(1002, "a Close must not have this code"));
        }
        str::from_utf8(reason).map_err(|_| NOT_UTF8)?;
    } else if !close.payload.is_empty() {
        return Err(Violation(1002, "a close code has two bytes"));
    }
    close.payload.truncate(2);
    Ok(close)
}

/// Returns the Close that tells the client which rule it has broken.
pub(crate) fn close_frame(violation: &Violation) -> Frame {
    let Violation(code, rule) = violation;
    Frame { fin: true, opcode: CLOSE, payload: [&code.to_be_bytes(), rule.as_bytes()].concat() }
}
