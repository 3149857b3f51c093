//! wtx, which always writes each frame immediately.

use std::io;

use wtx::{
    collection::Vector,
    rng::{Xorshift64, simple_seed},
    web_socket::{OpCode, WebSocketAcceptor, WebSocketPayloadOrigin},
};

pub(super) fn serve() -> io::Result<()> {
    super::serve::serve(async |stream| {
        let acceptor = WebSocketAcceptor::default().rng(Xorshift64::from(simple_seed()));
        let mut connection = acceptor.accept(stream).await?;
        let (mut common, mut reader, mut writer) = connection.split_mut();
        let mut buffer = Vector::new();
        loop {
            buffer.clear();
            // With `Adaptive`, a message that arrived in one frame stays in the read buffer, so it
            // is not copied.
            let origin = WebSocketPayloadOrigin::Adaptive;
            let mut frame = reader.read_frame(&mut buffer, &mut common, origin).await?;
            match frame.op_code() {
                OpCode::Text | OpCode::Binary => writer.write_frame(&mut common, &mut frame).await?,
                OpCode::Close => return Ok(()),
                _ => {}
            }
        }
    })
}
