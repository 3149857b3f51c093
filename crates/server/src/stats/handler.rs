//! The conversation with one client of `/`.

use std::{net::SocketAddr, time::Duration};

use dissector::printable;
use protocol::{CloseCode, Message, State};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::timeout,
};
use websocket::WebSocket;

use super::pushes::Stats;
use crate::{
    closing::{HandlerResult, ServerClose},
    output::print_line,
};

/// Prints the client's messages and pushes the stats to the client, until the connection is closed.
pub(crate) async fn handle<S>(
    connection: &mut WebSocket<S>,
    peer: SocketAddr,
    stats: &Stats,
    write_timeout: Duration,
) -> HandlerResult
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let _counted = stats.count_client();
    let mut newest = stats.subscribe();
    loop {
        tokio::select! {
            message = connection.next() => match message {
                None => return Ok(None),
                Some(Err(error)) => return Err(error),
                Some(Ok(Message::Text(text))) => {
                    let text = text.as_str();
                    stats.record_text(text);
                    // A terminal obeys control characters, so escape them. Otherwise a client could
                    // control the terminal.
                    print_line(&format!("{peer} says: {}", printable(text)));
                }
                Some(Ok(Message::Binary(bytes))) => tracing::info!("{peer} sent {} bytes of binary", bytes.len()),
            },
            changed = newest.changed() => {
                let push = newest.borrow_and_update().clone();
                let (Ok(()), Some(push)) = (changed, push) else { continue };
                // A closing connection accepts no more pushes, so skip the push and continue to
                // read until the connection ends.
                if connection.state() != State::Open {
                    continue;
                }
                // Only this client's task waits here, so a slow client delays no other client. A
                // push that is made during the wait replaces the previous push, so nothing
                // accumulates.
                match timeout(write_timeout, connection.send_prepared(&push)).await {
                    Ok(sent) => sent?,
                    Err(_) => {
                        let reason = "pushes are not being read";
                        return Ok(Some(ServerClose { code: CloseCode::POLICY_VIOLATION, reason }));
                    }
                }
            }
        }
    }
}
