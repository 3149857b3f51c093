//! tokio-websockets, without fragmentation, with one flush for each batch, and without limits, as
//! in the library's own echo server.

use std::io;

use tokio_websockets::{Config, Limits, Message, ServerBuilder};

use super::batch;

pub(super) fn serve() -> io::Result<()> {
    super::serve::serve(async |stream| {
        // The default frame size of 4 MiB would make no difference here. The higher threshold
        // allows a batch of 16 KiB messages to leave in one vectored write.
        let config = Config::default().frame_size(usize::MAX).flush_threshold(1 << 20);
        let (_, connection) = ServerBuilder::new().config(config).limits(Limits::unlimited()).accept(stream).await?;
        Ok(batch::echo(connection, |message: &Message| message.is_text() || message.is_binary()).await?)
    })
}
