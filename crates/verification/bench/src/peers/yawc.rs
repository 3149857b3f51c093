//! yawc, configured as for its own published figures: larger buffers, text validation, and batches
//! of 32 messages.

use std::io;

use futures_util::StreamExt;
use yawc::{Frame, OpCode, Options, Role, WebSocket};

use super::{batch, handshake};

/// The maximum size of a message in bytes, the same as for most of the other libraries.
const MAX_MESSAGE: usize = 64 << 20;

/// Returns the options for a server with a small number of busy connections.
#[must_use]
pub(crate) fn options() -> Options {
    Options::default()
        .with_utf8()
        .with_limits(MAX_MESSAGE, MAX_MESSAGE)
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
