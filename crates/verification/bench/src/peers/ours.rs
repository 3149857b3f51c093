//! Ours, as a user writes it: nothing is configured and nothing is switched off.

use std::{io, sync::Arc};

use tokio::{net::TcpStream, sync::broadcast};
use websocket::protocol::{Message, PreparedMessage};

use super::BoxError;

pub(super) fn serve() -> io::Result<()> {
    super::serve::serve(echo)
}

/// What `crates/server` does at `/echo`.
async fn echo(stream: TcpStream) -> Result<(), BoxError> {
    let mut connection = websocket::accept(stream).await?;
    Ok(connection.serve(|message, outbound| Ok(outbound.send_back(message)?)).await?)
}

pub(super) fn serve_fan_out() -> io::Result<()> {
    let everyone = broadcast::Sender::new(64);
    super::serve::serve(move |stream| relay(stream, everyone.clone()))
}

/// Passes each message on to everyone else: encoded once, where it arrives, and shared by all who get it.
async fn relay(stream: TcpStream, everyone: broadcast::Sender<(Arc<()>, PreparedMessage)>) -> Result<(), BoxError> {
    let mut connection = websocket::accept(stream).await?;
    // An address of its own is all the name that a connection needs here.
    let me = Arc::new(());
    let mut heard = everyone.subscribe();
    loop {
        tokio::select! {
            message = connection.next() => {
                let Some(message) = message else { return Ok(()) };
                let message: Message = message?;
                let _ = everyone.send((Arc::clone(&me), PreparedMessage::new(&message)));
            }
            message = heard.recv() => {
                let (from, message) = message?;
                if !Arc::ptr_eq(&from, &me) {
                    connection.send_prepared(&message).await?;
                }
            }
        }
    }
}
