//! fastwebsockets, with message reassembly and text validation. The library always writes each
//! frame immediately.

use std::io;

use fastwebsockets::{FragmentCollector, OpCode, Role, WebSocket};

use super::handshake;

pub(super) fn serve() -> io::Result<()> {
    super::serve::serve(async |mut stream| {
        handshake::accept(&mut stream).await?;
        let mut connection = FragmentCollector::new(WebSocket::after_handshake(stream, Role::Server));
        loop {
            let frame = connection.read_frame().await?;
            match frame.opcode {
                OpCode::Text | OpCode::Binary => connection.write_frame(frame).await?,
                OpCode::Close => return Ok(()),
                _ => {}
            }
        }
    })
}
