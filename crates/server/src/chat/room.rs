//! The room, which holds the texts that at least one member has not finished with.

use std::{
    collections::VecDeque,
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use protocol::PreparedMessage;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::text::Text;

/// The maximum total size of the texts in the room, in bytes of memory. It is enough for seven
/// texts of the largest permitted size, each kept both plain and compressed, or for three thousand
/// short ones. All members share the texts, so the number of members does not matter.
pub(super) const MAX_BACKLOG: usize = 1 << 20;

/// The maximum size, in bytes of memory, of the texts that a member gets in one write: about two
/// hundred short texts. A text larger than this is written alone.
pub(super) const MAX_BATCH: usize = 64 << 10;

/// The chat.
#[derive(Debug)]
pub(crate) struct Room {
    texts: Mutex<Texts>,
    /// The space left for more texts: one permit for each byte.
    pub(super) space: Arc<Semaphore>,
    /// The number of texts so far.
    said: watch::Sender<u64>,
}

/// The texts in the room. The texts are numbered, oldest first.
#[derive(Debug, Default)]
pub(super) struct Texts {
    pub(super) list: VecDeque<SaidText>,
    /// The sequence number of the first text in the list.
    first: u64,
    members: usize,
    /// The number of members that have joined so far, which is also the id of the newest member.
    joined: u64,
}

/// A text that takes up space in the room. When it is dropped, its space becomes free for further
/// texts.
#[derive(Debug)]
pub(super) struct SaidText {
    message: PreparedMessage,
    /// The id of the member that said it.
    pub(super) speaker: u64,
    /// The number of members, including the speaker, that have not finished with the text.
    unfinished: usize,
    space: OwnedSemaphorePermit,
}

/// The values that a new member gets from the room.
#[derive(Debug)]
pub(super) struct NewMember {
    pub(super) id: u64,
    /// The number of the next text.
    pub(super) next: u64,
    /// The space for further texts.
    pub(super) space: Arc<Semaphore>,
    /// The number of texts so far.
    pub(super) said: watch::Receiver<u64>,
}

impl Room {
    pub(crate) fn new() -> Self {
        Self { texts: Mutex::default(), space: Arc::new(Semaphore::new(MAX_BACKLOG)), said: watch::Sender::new(0) }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Texts> {
        self.texts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a member, which gets every text that is added from now on. The member must
    /// [leave](Self::leave) later.
    pub(super) fn enter(&self) -> NewMember {
        let mut texts = self.lock();
        texts.members += 1;
        texts.joined += 1;
        NewMember { id: texts.joined, next: texts.end(), space: Arc::clone(&self.space), said: self.said.subscribe() }
    }

    /// Adds a text, which takes up `space`.
    pub(super) fn say(&self, speaker: u64, text: Text, space: OwnedSemaphorePermit) {
        let mut texts = self.lock();
        let unfinished = texts.members;
        texts.list.push_back(SaidText { message: text.message, speaker, unfinished, space });
        // Publish the number while the lock is held, so that the published number never decreases.
        self.said.send_replace(texts.end());
    }

    /// Returns the texts that other members have said, starting with text number `start`, and the
    /// number of the next text. The total size of the returned texts is at most [`MAX_BATCH`],
    /// unless the first text alone is larger.
    pub(super) fn batch(&self, member: u64, start: u64) -> (Vec<PreparedMessage>, u64) {
        let texts = self.lock();
        let (mut batch, mut end, mut size) = (Vec::new(), start, 0);
        for text in texts.list.range(texts.index(start)..) {
            if text.speaker != member {
                size += text.space.num_permits();
                if size > MAX_BATCH && !batch.is_empty() {
                    break;
                }
                batch.push(text.message.clone());
            }
            end += 1;
        }
        (batch, end)
    }

    /// Records that a member has finished with these texts.
    pub(super) fn finish(&self, range: Range<u64>) {
        self.lock().finish(range);
    }

    /// Removes a member. `start` is the number of the first text that the member has not finished
    /// with.
    pub(super) fn leave(&self, start: u64) {
        let mut texts = self.lock();
        texts.members -= 1;
        let end = texts.end();
        texts.finish(start..end);
    }
}

impl Texts {
    /// Returns the number of the next text.
    fn end(&self) -> u64 {
        self.first + self.list.len() as u64
    }

    /// Returns the position of a text in the list. Members ask only for texts that they have not
    /// finished with, and the list still holds all of these.
    #[allow(clippy::cast_possible_truncation)]
    fn index(&self, number: u64) -> usize {
        (number - self.first) as usize
    }

    fn finish(&mut self, range: Range<u64>) {
        let positions = self.index(range.start)..self.index(range.end);
        for text in self.list.range_mut(positions) {
            text.unfinished -= 1;
        }
        while self.list.front().is_some_and(|text| text.unfinished == 0) {
            self.list.pop_front();
            self.first += 1;
        }
    }
}
