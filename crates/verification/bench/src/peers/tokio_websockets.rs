//! tokio-websockets: messages are not split into frames, limits are off as in its own echo server, one flush for each
//! batch.

use std::io;

use tokio_websockets::{Config, Limits, Message, ServerBuilder};

use super::batch;

pub(super) fn serve() -> io::Result<()> {
    super::serve::serve(async |stream| {
        // Left at its 4 MiB, the size of a frame is no matter here. The threshold is raised so that a batch of 16 KiB
        // messages leaves in one vectored write.
        let config = Config::default().frame_size(usize::MAX).flush_threshold(1 << 20);
        let (_, connection) = ServerBuilder::new().config(config).limits(Limits::unlimited()).accept(stream).await?;
        Ok(batch::echo(connection, |message: &Message| message.is_text() || message.is_binary()).await?)
    })
}
