//! tokio-websockets, without fragmentation, with one flush for each batch, and without limits, as
//! in the library's own echo server.

use std::io;

use tokio_websockets::{Config, Limits, Message, ServerBuilder};

use super::batch;

pub(super) fn serve() -> io::Result<()> {
    super::serve::serve(async |stream| {
        // The frame size makes no difference here, because no message is larger than the default of
        // 4 MiB. The higher flush threshold does make a difference, because it allows a batch of 16
        // KiB messages to leave in one vectored write.
        let config = Config::default().frame_size(usize::MAX).flush_threshold(1 << 20);
        let (_, connection) = ServerBuilder::new().config(config).limits(Limits::unlimited()).accept(stream).await?;
        Ok(batch::echo(connection, |message: &Message| message.is_text() || message.is_binary()).await?)
    })
}
