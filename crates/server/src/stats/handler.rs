//! The conversation with one client of `/`.

use std::time::Duration;

use protocol::{CloseCode, Message, State};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    task::coop::consume_budget,
    time::timeout,
};
use websocket::WebSocket;

use super::{excerpt::excerpt, pushes::Stats};
use crate::{
    closing::{HandlerResult, ServerClose},
    output::print_line,
    peer::Peer,
};

/// The maximum number of bytes to print from one text message. A text of this size fills about half
/// of a terminal with 80 columns and 24 lines. Escaping can make it up to six times as long.
const MAX_PRINTED: usize = 1 << 10;

/// Prints the client's messages and pushes the stats to the client, until the connection is closed.
pub(crate) async fn handle<S>(
    connection: &mut WebSocket<S>,
    peer: &Peer,
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
                    stats.record_text(&text);
                    print_line(&format!("{peer} says: {}", printed(&text)));
                    // A client that sends without a pause must not hold up the other clients on
                    // this thread.
                    consume_budget().await;
                }
                Some(Ok(Message::Binary(bytes))) => {
                    tracing::info!("{peer} sent {} bytes of binary", bytes.len());
                    consume_budget().await;
                }
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

/// Returns a text message as it will be printed. A long message is cut short, and its total length
/// is added.
fn printed(text: &str) -> String {
    let beginning = excerpt(text, MAX_PRINTED, char::len_utf8);
    if beginning.len() < text.len() {
        format!("{beginning}… ({} bytes in all)", text.len())
    } else {
        beginning.to_owned()
    }
}
