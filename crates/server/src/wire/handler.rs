//! The conversation with a viewer.

use std::time::Duration;

use protocol::{CloseCode, Message};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;
use websocket::WebSocket;

use super::{token::announcement, viewer::Viewer};
use crate::closing::{HandlerResult, ServerClose};

/// Sends the page its token and then every batch of records, until the feed ends or the page closes
/// the connection.
///
/// `shutdown` is checked only when the feed ends, to choose the code and the reason for the Close.
pub(crate) async fn handle<S>(
    connection: &mut WebSocket<S>,
    viewer: &mut Viewer,
    write_timeout: Duration,
    shutdown: &CancellationToken,
) -> HandlerResult
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let close = |code, reason| Ok(Some(ServerClose { code, reason }));
    connection.send(announcement(&viewer.token)).await?;
    let expires = viewer.expires;
    loop {
        let unused = !viewer.feed.is_claimed();
        tokio::select! {
            message = connection.next() => match message {
                None => return Ok(None),
                Some(Err(error)) => return Err(error),
                Some(Ok(_)) => return close(CloseCode::POLICY_VIOLATION, "this connection is for viewing only"),
            },
            // A viewer occupies a slot, so close it if nobody has used its token by the deadline.
            // But if somebody used the token just before the deadline, continue, because records
            // will follow.
            () = sleep_until(expires), if unused => {
                if !viewer.feed.is_claimed() {
                    return close(CloseCode::POLICY_VIOLATION, "no connection has used the token");
                }
            }
            batch = viewer.batch() => {
                let Some(batch) = batch else {
                    return if shutdown.is_cancelled() {
                        close(CloseCode::GOING_AWAY, "the server is shutting down")
                    } else {
                        close(CloseCode::NORMAL, "the other connection has ended")
                    };
                };
                match timeout(write_timeout, connection.send(Message::text(batch))).await {
                    Ok(sent) => sent?,
                    Err(_) => return close(CloseCode::POLICY_VIOLATION, "records are not being read"),
                }
            }
        }
    }
}
