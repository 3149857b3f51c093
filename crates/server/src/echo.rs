//! `/echo`: every message goes back as it came, text as text and binary as binary.

use tokio::io::{AsyncRead, AsyncWrite};
use websocket::WebSocket;

use crate::ending::Ending;

pub(crate) async fn converse<S>(connection: &mut WebSocket<S>) -> Ending
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    connection.serve(|message, outbound| Ok(outbound.send_back(message)?)).await?;
    Ok(None)
}
