//! Frames.
//!
//! ```text
//!          first byte                         second byte
//!   bit 7 6 5 4 3 2 1 0                  bit 7 6 5 4 3 2 1 0
//!      ┌─┬─────┬───────┐                    ┌─┬─────────────┐
//!      │F│ RSV │opcode │                    │M│   length    │
//!      └─┴─────┴───────┘                    └─┴─────────────┘
//!       FIN: the last frame of a message     MASK: a masking key precedes the payload
//! ```

use std::{
    error::Error,
    io::{self, Read},
    net::TcpStream,
};

/// Reads the header of a frame.
pub(crate) fn read_header(socket: &mut TcpStream) -> Result<(), Box<dyn Error>> {
    let [first, second] = read(socket)?;
    let (fin, reserved, opcode) = (first & 0x80 != 0, first & 0x70, first & 0x0F);
    let (masked, length) = (second & 0x80 != 0, second & 0x7F);
    eprintln!("FIN {fin}, opcode {opcode:X}, MASK {masked}, length {length}");
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
    Ok(())
}

/// Reads exactly `N` bytes.
fn read<const N: usize>(socket: &mut TcpStream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    socket.read_exact(&mut bytes)?;
    Ok(bytes)
}
