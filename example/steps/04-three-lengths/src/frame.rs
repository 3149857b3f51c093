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

use std::{
    error::Error,
    io::{self, Read},
    net::TcpStream,
};

/// Reads a frame, and returns its payload.
pub(crate) fn read_frame(socket: &mut TcpStream) -> Result<Vec<u8>, Box<dyn Error>> {
    let [first, second] = read(socket)?;
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
        126 => (u16::from_be_bytes(read(socket)?).into(), 126),
        127 => (u64::from_be_bytes(read(socket)?), 65_536),
        _ => (length.into(), 0),
    };
    if length < minimum {
        return Err("a length must be in its shortest form".into());
    }
    if length >> 63 != 0 {
        return Err("the highest bit of a length must be 0".into());
    }
    let key: [u8; 4] = read(socket)?;
    // Do not allocate memory for the announced length in advance. Let the payload grow as its bytes
    // arrive.
    let mut payload = Vec::new();
    socket.take(length).read_to_end(&mut payload)?;
    if (payload.len() as u64) < length {
        return Err("the client has left in the middle of a frame".into());
    }
    for (index, byte) in payload.iter_mut().enumerate() {
        *byte ^= key[index % 4];
    }
    Ok(payload)
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

/// Reads exactly `N` bytes.
fn read<const N: usize>(socket: &mut TcpStream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    socket.read_exact(&mut bytes)?;
    Ok(bytes)
}
