//! The members of the chat, and a bounded queue of text messages for each member.
//!
//! Every member has a queue of the messages that are still to be sent to it. A member that sends a
//! message appends it to the queues of the other members and does not wait for them. The queues are
//! bounded in bytes. A member that is too slow still receives the messages in its queue and is then
//! disconnected. If the server skipped messages instead, the member would not notice the gap. Each
//! message is encoded once, and all queues share the encoded bytes.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use protocol::{DeflateOptions, Message, PreparedMessage};
use tokio::sync::mpsc;

/// The maximum size of a text message in bytes. People do not type longer messages.
pub(super) const MAX_TEXT: usize = 64 << 10;

/// The maximum size of a member's queue in bytes. It is enough for fifteen messages of the maximum
/// size, or for a great many ordinary ones.
const MAX_BACKLOG: usize = 16 * MAX_TEXT;

/// The memory in bytes that a queued message needs in addition to its payload, rounded up.
const TEXT_OVERHEAD: usize = 128;

/// All members of the chat.
#[derive(Debug, Default)]
pub(crate) struct Room {
    members: Mutex<Members>,
}

#[derive(Debug, Default)]
struct Members {
    backlogs: HashMap<u64, Backlog>,
    /// The number of members that have joined so far, which is also the id of the newest member.
    joined: u64,
}

/// The sending end of a member's queue, which the room keeps.
#[derive(Debug)]
struct Backlog {
    texts: mpsc::UnboundedSender<QueuedText>,
    /// The number of bytes in the queue. After a message from the queue has been sent to the
    /// member's client, its size is subtracted.
    bytes: Arc<AtomicUsize>,
}

/// A text message in the queue of one member.
#[derive(Debug)]
pub(super) struct QueuedText {
    pub(super) text: PreparedMessage,
    /// The number of bytes that the message adds to the backlog.
    size: usize,
}

/// A member of the room. When this value is dropped, the member leaves the room.
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

    /// Adds a member to the room.
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
    /// Appends a text message to the queue of every other member. A member whose backlog is full is
    /// removed from the room.
    pub(super) fn say(&self, message: &Message, deflate: Option<&DeflateOptions>) {
        // Encode the message once. All queues share the encoded bytes, so more members do not mean
        // more encoding.
        let text = match deflate {
            Some(options) => PreparedMessage::compressed(message, options),
            None => PreparedMessage::new(message),
        };
        // Count the overhead as well. Otherwise an empty message would add nothing to the backlog,
        // and an unlimited number of them could be queued.
        let size = message.as_bytes().len() + TEXT_OVERHEAD;
        self.room.lock().backlogs.retain(|&id, backlog| {
            if id == self.id {
                return true;
            }
            backlog.bytes.fetch_add(size, Ordering::Relaxed) + size <= MAX_BACKLOG
                && backlog.texts.send(QueuedText { text: text.clone(), size }).is_ok()
        });
    }

    /// Waits for the next text message from another member. Returns `None` once this member has
    /// been removed from the room and its queue is empty.
    ///
    /// # Cancel safety
    /// Cancel-safe: if the future is dropped, no message is lost.
    pub(super) async fn next_text(&mut self) -> Option<QueuedText> {
        self.texts.recv().await
    }

    /// Subtracts the size of a text message from the backlog after the message has been sent.
    pub(super) fn text_sent(&self, text: &QueuedText) {
        self.backlog_bytes.fetch_sub(text.size, Ordering::Relaxed);
    }
}

impl Drop for Member<'_> {
    fn drop(&mut self) {
        self.room.lock().backlogs.remove(&self.id);
    }
}
