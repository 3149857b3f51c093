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

use std::error::Error;

/// Takes a frame from the front of `buffer`, and returns its payload. Returns `None` and takes
/// nothing while the frame is incomplete.
pub(crate) fn take_frame(buffer: &mut Vec<u8>) -> Result<Option<Vec<u8>>, Box<dyn Error>> {
    let mut rest = &buffer[..];
    let Some([first, second]) = take(&mut rest) else { return Ok(None) };
    let (reserved, opcode) = (first & 0x70, first & 0x0F);
    let (masked, length) = (second & 0x80 != 0, second & 0x7F);
    if reserved != 0 {
        return Err("RSV1, RSV2 and RSV3 must be 0 unless an extension uses them".into());
    }
    // Continuation, text and binary have the opcodes 0, 1 and 2. Close, Ping and Pong have 8, 9 and
    // A.
    if !matches!(opcode, 0x0..=0x2 | 0x8..=0xA) {
        return Err("this opcode is reserved".into());
    }
    if !masked {
        return Err("a client must mask its frames".into());
    }
    let (length, minimum) = match length {
        126 => (take(&mut rest).map(|bytes| u16::from_be_bytes(bytes).into()), 126),
        127 => (take(&mut rest).map(u64::from_be_bytes), 65_536),
        _ => (Some(length.into()), 0),
    };
    let Some(length) = length else { return Ok(None) };
    if length < minimum {
        return Err("a length must be in its shortest form".into());
    }
    if length >> 63 != 0 {
        return Err("the highest bit of a length must be 0".into());
    }
    let Some(key) = take::<4>(&mut rest) else { return Ok(None) };
    // A length that does not fit into `usize` is longer than any buffer. Replace it with
    // `usize::MAX`, which is also longer than any buffer.
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let Some((payload, rest)) = rest.split_at_checked(length) else { return Ok(None) };
    let mut payload = payload.to_vec();
    for (index, byte) in payload.iter_mut().enumerate() {
        *byte ^= key[index % 4];
    }
    let consumed = buffer.len() - rest.len();
    buffer.drain(..consumed);
    Ok(Some(payload))
}

/// Encodes a text message as one frame. A server does not mask its frames.
pub(crate) fn encode_frame(payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u64).to_be_bytes(); // eight bytes, the highest first
    let mut bytes = vec![0x81]; // FIN, and the opcode of text
    match payload.len() {
        0..=125 => bytes.push(length[7]),
        126..=65_535 => {
            bytes.push(126);
            bytes.extend(&length[6..]);
        }
        _ => {
            bytes.push(127);
            bytes.extend(length);
        }
    }
    bytes.extend(payload);
    bytes
}

/// Takes `N` bytes from the front of `bytes`, or returns `None` if there are fewer.
fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*taken)
}
