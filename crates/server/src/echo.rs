//! `/echo`: every message goes back as it came, text as text and binary as binary.

use tokio::io::{AsyncRead, AsyncWrite};
use websocket::WebSocket;

use crate::route::Ending;

pub(crate) async fn converse<S>(connection: &mut WebSocket<S>) -> Ending
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(message) = connection.next().await {
        // If the client sends faster than it reads, this waits, so that we stop reading; then its own sending waits.
        connection.send(message?).await?;
    }
    Ok(None)
}
