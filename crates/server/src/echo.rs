//! `/echo`: sends every message back unchanged, text as text and binary as binary.

use tokio::io::{AsyncRead, AsyncWrite};
use websocket::WebSocket;

use crate::closing::HandlerResult;

/// Echoes every message until the connection is closed.
pub(crate) async fn handle<S>(connection: &mut WebSocket<S>) -> HandlerResult
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    connection.serve(|message, outbound| Ok(outbound.send_back(message)?)).await?;
    Ok(None)
}
