//! `/echo`: every message goes back as it came, text as text and binary as binary.

use tokio::net::TcpStream;
use websocket::WebSocket;

use crate::route::Ending;

pub(crate) async fn converse(connection: &mut WebSocket<TcpStream>) -> Ending {
    connection.answer_each(|message, replies| Ok(replies.echo(message)?)).await?;
    Ok(None)
}
