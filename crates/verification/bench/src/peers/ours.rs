//! Our library as an application uses it, with the default configuration.

use std::{io, sync::Arc};

use tokio::{net::TcpStream, sync::broadcast};
use websocket::protocol::{Message, PreparedMessage};

use super::serve::BoxError;

pub(super) fn serve() -> io::Result<()> {
    super::serve::serve(echo)
}

/// Echoes as `crates/server` does at `/echo`.
async fn echo(stream: TcpStream) -> Result<(), BoxError> {
    let mut connection = websocket::accept(stream).await?;
    Ok(connection.serve(|message, outbound| Ok(outbound.send_back(message)?)).await?)
}

pub(super) fn serve_fan_out() -> io::Result<()> {
    let everyone = broadcast::Sender::new(64);
    super::serve::serve(move |stream| relay(stream, everyone.clone()))
}

/// Forwards each message to all other clients. The connection that receives a message encodes it
/// once, and all other connections share the encoded frame.
async fn relay(stream: TcpStream, everyone: broadcast::Sender<(Arc<()>, PreparedMessage)>) -> Result<(), BoxError> {
    let mut connection = websocket::accept(stream).await?;
    // The address of this allocation identifies the connection, so that the connection can skip its
    // own messages.
    let me = Arc::new(());
    let mut broadcasts = everyone.subscribe();
    loop {
        tokio::select! {
            message = connection.next() => {
                let Some(message) = message else { return Ok(()) };
                let message: Message = message?;
                let _ = everyone.send((Arc::clone(&me), PreparedMessage::new(&message)));
            }
            message = broadcasts.recv() => {
                let (from, message) = message?;
                if !Arc::ptr_eq(&from, &me) {
                    connection.send_prepared(&message).await?;
                }
            }
        }
    }
}
