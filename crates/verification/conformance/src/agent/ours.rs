//! The agent with `crates/websocket`.

use websocket::{
    ConnectError, Connector, Error, WebSocket,
    protocol::{Message, extension::DeflateOptions},
};

pub(super) async fn echo(url: &str) -> Result<Option<String>, String> {
    let mut first = None;
    // Offer compression in every case, because the suite's answer to the offer is part of the case.
    let connecting = async { Connector::new(url)?.deflate(DeflateOptions::default()).connect().await };
    match connecting.await {
        Ok(mut connection) => {
            if let Err(error) = converse(&mut connection, &mut first).await {
                println!("{url}: {error}");
            }
        }
        // If the TCP connection cannot be opened, end the run, because no further case could run
        // either. Any other error affects only this case, so print the error and continue.
        Err(error @ ConnectError::Tcp { .. }) => return Err(error.to_string()),
        Err(error) => println!("{url}: {error}"),
    }
    Ok(first)
}

/// Sends every message back until the connection ends. Stores the first message if it is text.
pub(super) async fn converse<S>(connection: &mut WebSocket<S>, first: &mut Option<String>) -> Result<(), Error>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    while let Some(message) = connection.next().await {
        let message = message?;
        if let (None, Message::Text(text)) = (&first, &message) {
            *first = Some(text.to_string());
        }
        connection.send(message).await?;
    }
    Ok(())
}
