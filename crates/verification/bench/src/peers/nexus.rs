//! nexus-web, a protocol engine without I/O, like ours. It has no server, so this file contains the
//! loop: read, answer all messages that arrived, write once.

use std::io;

use nexus_web::ws::{FrameReader, FrameWriter, Message, Role};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{handshake, serve::BoxError};

pub(super) fn serve() -> io::Result<()> {
    super::serve::serve(echo)
}

async fn echo(mut stream: TcpStream) -> Result<(), BoxError> {
    handshake::accept(&mut stream).await?;
    let mut reader =
        FrameReader::builder().role(Role::Server).max_frame_size(64 << 20).max_message_size(64 << 20).build();
    let mut writer = FrameWriter::new(Role::Server);
    let mut output = Vec::new();
    loop {
        if reader.should_compact() || reader.spare().is_empty() {
            reader.compact();
        }
        let count = stream.read(reader.spare()).await?;
        if count == 0 {
            return Ok(());
        }
        reader.filled(count);
        while let Some(message) = reader.next()? {
            match message {
                Message::Text(text) => push(&mut writer, 0x81, text.as_bytes(), &mut output),
                Message::Binary(bytes) => push(&mut writer, 0x82, bytes, &mut output),
                Message::Close(_) => return Ok(()),
                _ => {}
            }
        }
        stream.write_all(&output).await?;
        output.clear();
    }
}

fn push(writer: &mut FrameWriter, first_byte: u8, payload: &[u8], output: &mut Vec<u8>) {
    let (header, _) = writer.build_header(first_byte, payload.len());
    output.extend_from_slice(header.as_bytes());
    output.extend_from_slice(payload);
}
