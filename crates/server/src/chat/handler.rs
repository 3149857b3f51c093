//! The conversation with one member of the chat.

use std::net::SocketAddr;

use protocol::{CloseCode, DeflateOptions, Message, State};
use tokio::io::{AsyncRead, AsyncWrite};
use websocket::WebSocket;

use super::room::{MAX_TEXT, Room};
use crate::closing::{HandlerResult, ServerClose};

/// The subprotocol that clients must offer.
pub(crate) const SUBPROTOCOL: &str = "chat";

/// Relays text messages between this client and the other members until the connection is closed.
pub(crate) async fn handle<S>(
    connection: &mut WebSocket<S>,
    peer: SocketAddr,
    room: &Room,
    deflate: Option<&DeflateOptions>,
) -> HandlerResult
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let close = |code, reason| Ok(Some(ServerClose { code, reason }));
    let mut member = room.join();
    loop {
        tokio::select! {
            message = connection.next() => match message {
                None => return Ok(None),
                Some(Err(error)) => return Err(error),
                Some(Ok(Message::Binary(_))) => {
                    return close(CloseCode::UNSUPPORTED_DATA, "the chat accepts text only");
                }
                Some(Ok(message)) if message.as_bytes().len() > MAX_TEXT => {
                    return close(CloseCode::MESSAGE_TOO_BIG, "a text in the chat has at most 64 KiB");
                }
                Some(Ok(message)) => {
                    tracing::debug!("{peer} sent the chat {} bytes", message.as_bytes().len());
                    member.say(&message, deflate);
                }
            },
            queued = member.next_text() => match queued {
                None => return close(CloseCode::POLICY_VIOLATION, "too slow for this chat"),
                // A closing connection accepts no more messages, so drop the message and continue
                // to read until the connection ends.
                Some(_) if connection.state() != State::Open => {}
                Some(queued) => {
                    connection.send_prepared(&queued.text).await?;
                    member.text_sent(&queued);
                }
            },
        }
    }
}
