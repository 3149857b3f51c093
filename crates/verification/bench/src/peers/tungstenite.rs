//! tokio-tungstenite, with its default buffers (128 KiB in each direction) and one flush for each
//! batch.

use std::{io, sync::Arc};

use futures_util::{SinkExt, StreamExt};
use tokio::{net::TcpStream, sync::broadcast};
use tokio_tungstenite::{accept_async, tungstenite::Message};

use super::{batch, serve::BoxError};

pub(super) fn serve() -> io::Result<()> {
    super::serve::serve(async |stream| {
        let connection = accept_async(stream).await?;
        Ok(batch::echo(connection, |message: &Message| message.is_text() || message.is_binary()).await?)
    })
}

pub(super) fn serve_fan_out() -> io::Result<()> {
    let everyone = broadcast::Sender::new(64);
    super::serve::serve(move |stream| relay(stream, everyone.clone()))
}

/// Forwards each message to all other clients. The connections share the payload, but each of them
/// encodes its own frame.
async fn relay(stream: TcpStream, everyone: broadcast::Sender<(Arc<()>, Message)>) -> Result<(), BoxError> {
    let mut connection = accept_async(stream).await?;
    let me = Arc::new(());
    let mut broadcasts = everyone.subscribe();
    loop {
        tokio::select! {
            message = connection.next() => {
                let Some(message) = message else { return Ok(()) };
                let _ = everyone.send((Arc::clone(&me), message?));
            }
            message = broadcasts.recv() => {
                let (from, message) = message?;
                if !Arc::ptr_eq(&from, &me) {
                    connection.send(message).await?;
                }
            }
        }
    }
}
