//! The conversation with one member of the chat.

use std::time::Duration;

use protocol::{CloseCode, DeflateOptions, Message, PreparedMessage, State};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    task::coop::consume_budget,
    time::timeout,
};
use websocket::{Error, WebSocket};

use super::{member::join, room::Room, text::Text};
use crate::{
    closing::{HandlerResult, ServerClose},
    peer::Peer,
};

/// The subprotocol that clients must offer.
pub(crate) const SUBPROTOCOL: &str = "chat";

/// Relays text messages between this client and the other members until the connection is closed.
pub(crate) async fn handle<S>(
    connection: &mut WebSocket<S>,
    peer: &Peer,
    room: &Room,
    deflate: Option<&DeflateOptions>,
    write_timeout: Duration,
) -> HandlerResult
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let close = |code, reason| Ok(Some(ServerClose { code, reason }));
    let (mut speaker, mut listener) = join(room);
    loop {
        if !speaker.may_add() {
            // The server reads nothing more from this member until some of its texts have been
            // added to the room. Put back the buffer that this thread's connections share, so that
            // the member does not hold it in the meantime.
            connection.release_memory();
        }
        tokio::select! {
            // A member that sends faster than the others read must wait. Meanwhile the server does
            // not read from it, so TCP flow control stops it.
            message = connection.next(), if speaker.may_add() => match message {
                None => {
                    // The member's Close has been answered, and the member expects all its texts to
                    // be relayed, so add the rest to the room. Drop its own listener first: that
                    // listener takes no more texts, so every text would stay in the room, and the
                    // member could wait forever for space.
                    drop(listener);
                    speaker.say_all().await;
                    return Ok(None);
                }
                Some(Err(error)) => return Err(error),
                Some(Ok(Message::Binary(_))) => {
                    return close(CloseCode::UNSUPPORTED_DATA, "the chat accepts text only");
                }
                Some(Ok(message)) => {
                    tracing::debug!("{peer} sent the chat {} bytes", message.as_bytes().len());
                    speaker.add(Text::new(&message, deflate));
                }
            },
            // A member that sends without a pause must not hold up the other connections on this
            // thread.
            () = speaker.say() => consume_budget().await,
            batch = listener.batch() => {
                // A closing connection accepts no more messages, so drop the texts and continue to
                // read until the connection ends.
                if connection.state() != State::Open {
                    continue;
                }
                // The others wait for a member that reads slowly, but for at most `write_timeout`
                // per batch.
                match timeout(write_timeout, send(connection, &batch)).await {
                    Ok(sent) => sent?,
                    Err(_) => return close(CloseCode::POLICY_VIOLATION, "too slow for this chat"),
                }
            }
        }
    }
}

/// Sends the texts in one write.
async fn send<S>(connection: &mut WebSocket<S>, batch: &[PreparedMessage]) -> Result<(), Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    for text in batch {
        connection.feed_prepared(text).await?;
    }
    connection.flush().await
}
