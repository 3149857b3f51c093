//! `/echo`: every message goes back as it came, text as text and binary as binary.

use tokio::io::{AsyncRead, AsyncWrite};
use websocket::WebSocket;

use crate::ending::Ending;

pub(crate) async fn converse<S>(connection: &mut WebSocket<S>) -> Ending
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    connection.answer_each(|message, replies| Ok(replies.echo(message)?)).await?;
    Ok(None)
}
