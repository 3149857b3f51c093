//! The agent with tokio-tungstenite.

use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Error, Message},
};

pub(super) async fn echo(url: &str) -> Result<Option<String>, String> {
    let mut connection = match connect_async(url).await {
        Ok((connection, _)) => connection,
        Err(Error::Io(error)) => return Err(error.to_string()),
        Err(error) => {
            println!("{url}: {error}");
            return Ok(None);
        }
    };
    let mut first = None;
    while let Some(message) = connection.next().await {
        let sent = match message {
            Ok(message @ (Message::Text(_) | Message::Binary(_))) => {
                if let (None, Message::Text(text)) = (&first, &message) {
                    first = Some(text.to_string());
                }
                connection.send(message).await
            }
            // Ignore all other messages: the library itself answers Ping and Close frames.
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = sent {
            println!("{url}: {error}");
            break;
        }
    }
    Ok(first)
}
