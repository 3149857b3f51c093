//! sockudo-ws. Its read path writes fed messages before it waits.

use std::io;

use futures_util::{SinkExt, StreamExt};
use sockudo_ws::{Config, Http1, Message, server::WebSocketServer};

pub(super) fn serve() -> io::Result<()> {
    sockudo_ws::init_clock();
    super::serve::serve(async |stream| {
        // `accept_raw` keeps the concrete stream type. The other method to accept adds a virtual
        // call.
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
