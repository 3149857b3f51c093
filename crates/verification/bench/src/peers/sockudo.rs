//! sockudo-ws. The library writes the queued messages before it waits for input, so the application
//! does not need to flush.

use std::io;

use futures_util::{SinkExt, StreamExt};
use sockudo_ws::{Config, Http1, Message, server::WebSocketServer};

pub(super) fn serve() -> io::Result<()> {
    sockudo_ws::init_clock();
    super::serve::serve(async |stream| {
        // Use `accept_raw`, because it keeps the concrete type of the stream. The library's other
        // method for accepting would add a virtual call.
        let server = WebSocketServer::<Http1>::new(Config::default());
        let (mut connection, _) = server.accept_raw(stream).await?;
        while let Some(message) = connection.next().await {
            match message? {
                message @ (Message::Text(_) | Message::Binary(_)) => connection.feed(message).await?,
                Message::Close(_) => return Ok(()),
                _ => {}
            }
        }
        Ok(())
    })
}
