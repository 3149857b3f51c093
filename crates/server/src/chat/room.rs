//! The members of the chat, and a backlog of texts for each of them.
//!
//! Every member has a queue of texts that are still to be sent to it. A member that says something
//! puts the text into the queues of the others and waits for nobody. The queues are bounded in
//! bytes. A member that is too slow still receives the texts in its queue. Then it is disconnected,
//! because a chat with missing texts is worse than none. A text is encoded once, and all queues
//! share the encoded bytes.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use protocol::{DeflateOptions, Message, PreparedMessage};
use tokio::sync::mpsc;

/// The longest text, in bytes. Nobody types more.
pub(super) const MAX_TEXT: usize = 64 << 10;

/// The most that may wait for a slow member, in bytes: sixteen texts of the maximum length, or a
/// great many ordinary ones.
const MAX_BACKLOG: usize = 16 * MAX_TEXT;

/// The memory that a waiting text takes besides its bytes, rounded up.
const TEXT_OVERHEAD: usize = 128;

/// All members of the chat.
#[derive(Debug, Default)]
pub(crate) struct Room {
    members: Mutex<Members>,
}

#[derive(Debug, Default)]
struct Members {
    backlogs: HashMap<u64, Backlog>,
    /// The number of members so far, which is also the newest member's id.
    joined: u64,
}

/// The room's end of a member's queue.
#[derive(Debug)]
struct Backlog {
    texts: mpsc::UnboundedSender<QueuedText>,
    /// Bytes in the queue. The member subtracts what it has sent.
    bytes: Arc<AtomicUsize>,
}

/// A text on its way to one member.
#[derive(Debug)]
pub(super) struct QueuedText {
    pub(super) text: PreparedMessage,
    /// The text's share of the backlog, in bytes.
    size: usize,
}

/// A member of the room, until it is dropped.
pub(super) struct Member<'a> {
    room: &'a Room,
    id: u64,
    texts: mpsc::UnboundedReceiver<QueuedText>,
    backlog_bytes: Arc<AtomicUsize>,
}

impl Room {
    fn lock(&self) -> MutexGuard<'_, Members> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a member.
    pub(super) fn join(&self) -> Member<'_> {
        let (sender, texts) = mpsc::unbounded_channel();
        let backlog_bytes = Arc::<AtomicUsize>::default();
        let mut members = self.lock();
        members.joined += 1;
        let id = members.joined;
        members.backlogs.insert(id, Backlog { texts: sender, bytes: Arc::clone(&backlog_bytes) });
        Member { room: self, id, texts, backlog_bytes }
    }
}

impl Member<'_> {
    /// Puts a text into the queue of every other member. A member whose backlog is full is removed
    /// from the room.
    pub(super) fn say(&self, message: &Message, deflate: Option<&DeflateOptions>) {
        // Encoded once here, however many members there are.
        let text = match deflate {
            Some(options) => PreparedMessage::compressed(message, options),
            None => PreparedMessage::new(message),
        };
        // The overhead counts too. Otherwise an endless number of empty texts could wait.
        let size = message.as_bytes().len() + TEXT_OVERHEAD;
        self.room.lock().backlogs.retain(|&id, backlog| {
            if id == self.id {
                return true;
            }
            backlog.bytes.fetch_add(size, Ordering::Relaxed) + size <= MAX_BACKLOG
                && backlog.texts.send(QueuedText { text: text.clone(), size }).is_ok()
        });
    }

    /// Waits for the next text from another member. Returns `None` once this member has been
    /// removed from the room and its queue is empty.
    ///
    /// # Cancel safety
    /// Cancel-safe: no text is lost.
    pub(super) async fn next_text(&mut self) -> Option<QueuedText> {
        self.texts.recv().await
    }

    /// Makes room in the backlog after a text has been sent.
    pub(super) fn text_sent(&self, text: &QueuedText) {
        self.backlog_bytes.fetch_sub(text.size, Ordering::Relaxed);
    }
}

impl Drop for Member<'_> {
    fn drop(&mut self) {
        self.room.lock().backlogs.remove(&self.id);
    }
}
