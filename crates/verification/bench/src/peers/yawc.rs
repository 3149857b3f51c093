//! yawc, tuned as for its own published figures: larger buffers, text checked, batches of 32.

use std::io;

use futures_util::StreamExt;
use yawc::{Frame, OpCode, Options, Role, WebSocket};

use super::{batch, handshake};

/// How large a message may be: as with the others.
const MAX: usize = 64 << 20;

/// The options, for a server of few and busy connections.
#[must_use]
pub(crate) fn options() -> Options {
    Options::default()
        .with_utf8()
        .with_limits(MAX, MAX)
        .with_read_buffer_capacity(128 << 10)
        .with_backpressure_boundary(64 << 10)
}

pub(super) fn serve() -> io::Result<()> {
    super::serve::serve(async |mut stream| {
        handshake::accept(&mut stream).await?;
        let connection = WebSocket::from_stream(stream, Role::Server, options())?.map(Ok);
        Ok(batch::echo(connection, |frame: &Frame| matches!(frame.opcode(), OpCode::Text | OpCode::Binary)).await?)
    })
}
