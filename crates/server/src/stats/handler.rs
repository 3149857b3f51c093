//! The conversation with one client of the stats.

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

/// Prints what the client sends and pushes the stats to it, until the connection is closed.
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
                    // A terminal obeys control characters, and a client must not control it.
                    print_line(&format!("{peer} says: {}", printable(text)));
                }
                Some(Ok(Message::Binary(bytes))) => tracing::info!("{peer} sent {} bytes of binary", bytes.len()),
            },
            changed = newest.changed() => {
                let push = newest.borrow_and_update().clone();
                let (Ok(()), Some(push)) = (changed, push) else { continue };
                // A closing connection accepts no more pushes. Keep reading it until it ends.
                if connection.state() != State::Open {
                    continue;
                }
                // Only this client's task waits here. Pushes that are made meanwhile replace each
                // other.
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
