//! `/chat`: each text goes to everyone else.
//!
//! Texts pass through one channel that keeps the last [`BACKLOG`] of them. Everybody reads it at their own pace; who
//! falls so far behind that texts were overwritten is closed, because a chat with holes is worse than none.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicU64, Ordering},
};

use tokio::{
    net::TcpStream,
    sync::broadcast::{self, error::RecvError},
};
use websocket::{
    WebSocket,
    protocol::{CloseCode, Message, Prepared},
};

use crate::{
    listen::Shared,
    route::{Ending, Goodbye},
};

/// The name that clients have to offer.
pub(crate) const SUBPROTOCOL: &str = "chat";

/// How many texts a slow client may be behind.
const BACKLOG: usize = 64;

/// Everyone on `/chat`.
#[derive(Debug)]
pub(crate) struct Room {
    texts: broadcast::Sender<Said>,
    next_id: AtomicU64,
}

/// A text and who said it. It is encoded once, for however many hear it.
#[derive(Debug, Clone)]
struct Said {
    by: u64,
    text: Prepared,
}

impl Room {
    pub(crate) fn new() -> Self {
        Self { texts: broadcast::Sender::new(BACKLOG), next_id: AtomicU64::new(0) }
    }
}

pub(crate) async fn converse(connection: &mut WebSocket<TcpStream>, peer: SocketAddr, shared: &Shared) -> Ending {
    let room = &shared.room;
    let id = room.next_id.fetch_add(1, Ordering::Relaxed);
    let mut said = room.texts.subscribe();
    loop {
        tokio::select! {
            message = connection.next() => match message {
                None => return Ok(None),
                Some(Err(error)) => return Err(error),
                Some(Ok(message @ Message::Text(_))) => {
                    tracing::debug!("{peer} chats, {} bytes", message.as_bytes().len());
                    // It is no error to be alone.
                    let _ = room.texts.send(Said { by: id, text: Prepared::new(&message) });
                }
                Some(Ok(Message::Binary(_))) => {
                    return Ok(Some(Goodbye { code: CloseCode::UNSUPPORTED_DATA, reason: "a chat takes text only" }));
                }
            },
            heard = said.recv() => match heard {
                Ok(Said { by, text }) if by != id => connection.send_prepared(&text).await?,
                Ok(_) | Err(RecvError::Closed) => {}
                Err(RecvError::Lagged(_)) => {
                    return Ok(Some(Goodbye { code: CloseCode::POLICY_VIOLATION, reason: "too slow for this chat" }));
                }
            },
        }
    }
}
