//! The agent on `crates/websocket`.

use websocket::{
    ConnectError, Connector, Error, WebSocket,
    protocol::{Message, extension::DeflateOptions},
};

pub(super) async fn echo(url: &str) -> Result<Option<String>, String> {
    let mut first = None;
    // Whatever the suite answers to this offer is one of its cases.
    let connecting = async { Connector::new(url)?.deflate(DeflateOptions::default()).connect().await };
    match connecting.await {
        Ok(mut connection) => {
            if let Err(error) = converse(&mut connection, &mut first).await {
                println!("{url}: {error}");
            }
        }
        // Without the suite there is nothing to go on with; a bad answer from it is a verdict on one case.
        Err(error @ ConnectError::Tcp { .. }) => return Err(error.to_string()),
        Err(error) => println!("{url}: {error}"),
    }
    Ok(first)
}

async fn converse<S>(connection: &mut WebSocket<S>, first: &mut Option<String>) -> Result<(), Error>
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
