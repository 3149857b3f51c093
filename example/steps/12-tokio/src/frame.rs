//! Frames.
//!
//! ```text
//!          first byte                         second byte
//!   bit 7 6 5 4 3 2 1 0                  bit 7 6 5 4 3 2 1 0
//!      ┌─┬─────┬───────┐                    ┌─┬─────────────┐
//!      │F│ RSV │opcode │                    │M│   length    │
//!      └─┴─────┴───────┘                    └─┴─────────────┘
//!       FIN: the last frame of a message     MASK: a masking key precedes the payload
//!
//!   then:  length, 2 bytes after 126, 8 after 127  |  masking key, 4 bytes  |  payload
//! ```

use crate::violation::{MESSAGE_TOO_BIG, Violation};

/// The maximum length of a message in bytes: enough for a document or a picture. A client that
/// has more to send can send several messages.
pub(crate) const MAX_MESSAGE: usize = 1 << 20;

pub(crate) const CONTINUATION: u8 = 0x0;
pub(crate) const TEXT: u8 = 0x1;
pub(crate) const BINARY: u8 = 0x2;
// The control frames, whose opcodes have the highest bit set.
pub(crate) const CLOSE: u8 = 0x8;
pub(crate) const PING: u8 = 0x9;
pub(crate) const PONG: u8 = 0xA;

/// A key that changes nothing.
const NO_MASK: [u8; 4] = [0; 4];

/// A frame, or a message whose frames have been joined.
pub(crate) struct Frame {
    pub(crate) fin: bool,
    pub(crate) opcode: u8,
    pub(crate) payload: Vec<u8>,
}

/// Takes a frame from the front of `buffer`. The frame must be masked if and only if a client sent
/// it. Returns `None` and takes nothing while the frame is incomplete.
pub(crate) fn take_frame(buffer: &mut Vec<u8>, from_client: bool) -> Result<Option<Frame>, Violation> {
    let mut rest = &buffer[..];
    let Some([first, second]) = take(&mut rest) else { return Ok(None) };
    let (fin, reserved, opcode) = (first & 0x80 != 0, first & 0x70, first & 0x0F);
    let (masked, length) = (second & 0x80 != 0, second & 0x7F);
    if reserved != 0 {
        return Err(Violation(1002, "RSV1, RSV2 and RSV3 must be 0 unless an extension uses them"));
    }
    if !matches!(opcode, CONTINUATION | TEXT | BINARY | CLOSE | PING | PONG) {
        return Err(Violation(1002, "this opcode is reserved"));
    }
    if opcode >= CLOSE && (!fin || length > 125) {
        return Err(Violation(1002, "a control frame must have FIN set and at most 125 bytes"));
    }
    if masked != from_client {
        return Err(Violation(1002, "a client must mask its frames, and a server must not"));
    }
    let (length, minimum) = match length {
        126 => (take(&mut rest).map(|bytes| u16::from_be_bytes(bytes).into()), 126),
        127 => (take(&mut rest).map(u64::from_be_bytes), 65_536),
        _ => (Some(length.into()), 0),
    };
    let Some(length) = length else { return Ok(None) };
    if length < minimum {
        return Err(Violation(1002, "a length must be in its shortest form"));
    }
    if length >> 63 != 0 {
        return Err(Violation(1002, "the highest bit of a length must be 0"));
    }
    // Check the announced length before the payload arrives, so that the buffer never has to hold
    // more than the longest message.
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length > MAX_MESSAGE {
        return Err(MESSAGE_TOO_BIG);
    }
    let key = if masked { take(&mut rest) } else { Some(NO_MASK) };
    let Some(key) = key else { return Ok(None) };
    let Some((payload, rest)) = rest.split_at_checked(length) else { return Ok(None) };
    let mut payload = payload.to_vec();
    apply_mask(&mut payload, key);
    let consumed = buffer.len() - rest.len();
    buffer.drain(..consumed);
    Ok(Some(Frame { fin, opcode, payload }))
}

/// Encodes a message or a control frame. A client masks each frame with a new key, and a server
/// does not mask its frames.
pub(crate) fn encode_frame(frame: &Frame, key: Option<[u8; 4]>) -> Vec<u8> {
    let mask = if key.is_some() { 0x80 } else { 0 };
    let length = (frame.payload.len() as u64).to_be_bytes(); // eight bytes, the highest first
    let mut bytes = vec![0x80 | frame.opcode]; // with FIN
    match frame.payload.len() {
        0..=125 => bytes.push(mask | length[7]),
        126..=65_535 => {
            bytes.push(mask | 126);
            bytes.extend(&length[6..]);
        }
        _ => {
            bytes.push(mask | 127);
            bytes.extend(length);
        }
    }
    bytes.extend(key.iter().flatten());
    let start = bytes.len();
    bytes.extend(&frame.payload);
    apply_mask(&mut bytes[start..], key.unwrap_or(NO_MASK));
    bytes
}

/// Masks a payload, or removes the mask.
fn apply_mask(payload: &mut [u8], key: [u8; 4]) {
    for (index, byte) in payload.iter_mut().enumerate() {
        *byte ^= key[index % 4];
    }
}

/// Takes `N` bytes from the front of `bytes`, or returns `None` if there are fewer.
fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*taken)
}
