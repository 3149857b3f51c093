//! `/chat`: each text goes to everyone else.
//!
//! Every member has a queue of texts to be sent to it. Whoever speaks puts the text into the queues of the others and
//! waits for nobody. The queues are bounded in bytes: a member that falls too far behind gets what is in its queue and is
//! then closed, because a chat with holes is worse than none. A text is encoded once, and all queues share it.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::mpsc,
};
use websocket::{
    WebSocket,
    protocol::{CloseCode, DeflateOptions, Message, PreparedMessage, State},
};

use crate::{
    ending::{Ending, Goodbye},
    listen::Shared,
};

/// The name that clients have to offer.
pub(crate) const SUBPROTOCOL: &str = "chat";

/// The longest text, in bytes. Nobody types more.
const TEXT_MAX: usize = 64 << 10;

/// How much may wait for a slow member, in bytes: sixteen of the longest texts, or a great many ordinary ones.
const BACKLOG: usize = 16 * TEXT_MAX;

/// What a waiting text takes in memory besides its bytes, or a little more.
const PLACE: usize = 128;

/// Everyone on `/chat`.
#[derive(Debug, Default)]
pub(crate) struct Room {
    members: Mutex<Members>,
}

#[derive(Debug, Default)]
struct Members {
    queues: HashMap<u64, Queue>,
    joined: u64,
}

/// The room's end of a member's queue.
#[derive(Debug)]
struct Queue {
    texts: mpsc::UnboundedSender<Said>,
    /// Bytes in the queue. The member's end subtracts what it has sent.
    waiting: Arc<AtomicUsize>,
}

#[derive(Debug)]
struct Said {
    text: PreparedMessage,
    len: usize,
}

/// Someone in the room, for as long as this lives.
struct Member<'a> {
    room: &'a Room,
    id: u64,
    texts: mpsc::UnboundedReceiver<Said>,
    waiting: Arc<AtomicUsize>,
}

impl Room {
    fn lock(&self) -> MutexGuard<'_, Members> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn join(&self) -> Member<'_> {
        let (sender, texts) = mpsc::unbounded_channel();
        let waiting = Arc::<AtomicUsize>::default();
        let mut members = self.lock();
        members.joined += 1;
        let id = members.joined;
        members.queues.insert(id, Queue { texts: sender, waiting: Arc::clone(&waiting) });
        Member { room: self, id, texts, waiting }
    }
}

impl Member<'_> {
    /// Puts a text into the queue of everyone else. Who has no room left for it is not in the room any more.
    fn say(&self, message: &Message, deflate: Option<&DeflateOptions>) {
        // Encoded here once, whatever the number of members.
        let text = match deflate {
            Some(options) => PreparedMessage::compressed(message, options),
            None => PreparedMessage::new(message),
        };
        // What the place in the queue takes counts too, or else empty texts could wait without end.
        let len = message.as_bytes().len() + PLACE;
        self.room.lock().queues.retain(|&id, queue| {
            if id == self.id {
                return true;
            }
            queue.waiting.fetch_add(len, Ordering::Relaxed) + len <= BACKLOG
                && queue.texts.send(Said { text: text.clone(), len }).is_ok()
        });
    }
}

impl Drop for Member<'_> {
    fn drop(&mut self) {
        self.room.lock().queues.remove(&self.id);
    }
}

pub(crate) async fn converse<S>(connection: &mut WebSocket<S>, peer: SocketAddr, shared: &Shared) -> Ending
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let goodbye = |code, reason| Ok(Some(Goodbye { code, reason }));
    let mut member = shared.room.join();
    loop {
        tokio::select! {
            message = connection.next() => match message {
                None => return Ok(None),
                Some(Err(error)) => return Err(error),
                Some(Ok(Message::Binary(_))) => {
                    return goodbye(CloseCode::UNSUPPORTED_DATA, "a chat takes text only");
                }
                Some(Ok(message)) if message.as_bytes().len() > TEXT_MAX => {
                    return goodbye(CloseCode::MESSAGE_TOO_BIG, "a text in the chat has at most 64 KiB");
                }
                Some(Ok(message)) => {
                    tracing::debug!("{peer} chats, {} bytes", message.as_bytes().len());
                    member.say(&message, shared.options.deflate.as_ref());
                }
            },
            said = member.texts.recv() => match said {
                None => return goodbye(CloseCode::POLICY_VIOLATION, "too slow for this chat"),
                // A connection that is closing takes no more texts; it still has to be read to its end.
                Some(_) if connection.state() != State::Open => {}
                Some(Said { text, len }) => {
                    connection.send_prepared(&text).await?;
                    member.waiting.fetch_sub(len, Ordering::Relaxed);
                }
            },
        }
    }
}
