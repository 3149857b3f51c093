//! The room: the texts that not every member has finished with.

use std::{
    collections::VecDeque,
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use protocol::PreparedMessage;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::{listener::Listener, speaker::Speaker, text::Text};

/// The maximum size of the texts in the room, in bytes of memory. It is enough for seven texts of
/// the maximum size in both their forms, or for three thousand short ones. All members share the
/// texts, so the number of members does not matter.
pub(super) const MAX_BACKLOG: usize = 1 << 20;

/// The maximum size, in bytes of memory, of the texts that a member gets in one write: one text of
/// the maximum size, or many short ones.
const MAX_BATCH: usize = 64 << 10;

/// The chat.
#[derive(Debug)]
pub(crate) struct Room {
    texts: Mutex<Texts>,
    /// The room for further texts: one permit for each byte.
    space: Arc<Semaphore>,
    /// The number of texts that were said so far.
    said: watch::Sender<u64>,
}

/// The texts in the room. Texts are numbered in the order in which they were said.
#[derive(Debug, Default)]
struct Texts {
    /// Oldest first.
    list: VecDeque<SaidText>,
    /// The number of the first text in the list.
    first: u64,
    members: usize,
    /// The number of members that have joined so far, which is also the id of the newest member.
    joined: u64,
}

/// A text in the room. When it is dropped, there is room for further texts.
#[derive(Debug)]
struct SaidText {
    message: PreparedMessage,
    /// The id of the member that said it.
    speaker: u64,
    /// The number of members that have not finished with it. The speaker is one of them.
    unfinished: usize,
    space: OwnedSemaphorePermit,
}

impl Room {
    pub(crate) fn new() -> Self {
        Self { texts: Mutex::default(), space: Arc::new(Semaphore::new(MAX_BACKLOG)), said: watch::Sender::new(0) }
    }

    fn lock(&self) -> MutexGuard<'_, Texts> {
        self.texts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a member to the room. The member leaves when its [`Listener`] is dropped.
    pub(super) fn join(&self) -> (Speaker<'_>, Listener<'_>) {
        let mut texts = self.lock();
        texts.members += 1;
        texts.joined += 1;
        let id = texts.joined;
        (Speaker::new(self, id, Arc::clone(&self.space)), Listener::new(self, id, texts.end(), self.said.subscribe()))
    }

    /// Adds a text, for which `space` is the room.
    pub(super) fn say(&self, speaker: u64, text: Text, space: OwnedSemaphorePermit) {
        let mut texts = self.lock();
        let unfinished = texts.members;
        texts.list.push_back(SaidText { message: text.message, speaker, unfinished, space });
        // Still under the lock, so that the number never gets smaller.
        self.said.send_replace(texts.end());
    }

    /// Returns the texts for one member from the number `start` on, up to [`MAX_BATCH`], and the
    /// number of the next text. The member's own texts are left out.
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

    /// Removes a member that has not finished with the texts from the number `start` on.
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
    /// finished with, and these are in the list.
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

#[cfg(test)]
mod tests {
    use std::{future::Future, pin::pin, task::Context};

    use protocol::Message;

    use super::*;

    fn is_pending(future: impl Future) -> bool {
        pin!(future).poll(&mut Context::from_waker(std::task::Waker::noop())).is_pending()
    }

    fn short() -> Text {
        Text::new(&Message::text("x"), None)
    }

    #[tokio::test]
    async fn texts_that_wait_leave_in_one_batch_and_not_to_their_speaker() {
        let room = Room::new();
        let ((mut anna, mut own), (_, mut ben)) = (room.join(), room.join());
        for _ in 0..3 {
            anna.add(short());
            anna.say().await;
        }
        assert_eq!(ben.batch().await.len(), 3);
        assert!(is_pending(ben.batch()) && is_pending(own.batch()));
        assert_eq!(room.lock().list.len(), 0, "both have finished with all texts");
        // A member gets nothing from before it joined.
        let (_, mut carla) = room.join();
        assert!(is_pending(carla.batch()));
    }

    #[tokio::test]
    async fn a_batch_is_bounded_in_bytes_but_holds_at_least_one_text() {
        let room = Room::new();
        let ((mut anna, _own), (_, mut ben)) = (room.join(), room.join());
        let longest = Text::new(&Message::text("x".repeat(super::super::MAX_TEXT)), None);
        assert!(longest.size > MAX_BATCH);
        anna.add(longest);
        anna.add(short());
        anna.say().await;
        anna.say().await;
        assert_eq!((ben.batch().await.len(), ben.batch().await.len()), (1, 1));
        let count = 2 * MAX_BATCH / short().size;
        for _ in 0..count {
            anna.add(short());
            anna.say().await;
        }
        assert_eq!(ben.batch().await.len(), count / 2);
    }

    #[tokio::test]
    async fn a_speaker_waits_for_the_slowest_listener_and_for_nobody_who_has_left() {
        let room = Room::new();
        let ((mut anna, mut own), (_, mut ben), (_, slow)) = (room.join(), room.join(), room.join());
        let fits = MAX_BACKLOG / short().size;
        for _ in 0..fits {
            anna.add(short());
            anna.say().await;
        }
        anna.add(short());
        assert!(is_pending(anna.say()));
        let mut received = 0;
        while received < fits {
            received += ben.batch().await.len();
        }
        assert!(is_pending(ben.batch()) && is_pending(own.batch()));
        assert!(is_pending(anna.say()), "one member has read nothing");
        drop(slow);
        anna.say().await;
        assert_eq!(ben.batch().await.len(), 1);
    }

    /// A speaker that is served between two polls of another must not overtake it for ever.
    #[tokio::test]
    async fn speakers_take_turns() {
        let room = Room::new();
        let ((mut anna, _), (mut ben, _), (_, mut slow)) = (room.join(), room.join(), room.join());
        while room.space.available_permits() >= short().size {
            anna.add(short());
            anna.say().await;
        }
        anna.add(short());
        ben.add(Text::new(&Message::text("x".repeat(1000)), None));
        assert!(is_pending(ben.say()), "ben is first");
        assert!(is_pending(anna.say()));
        // The batch makes room when the listener asks for the next one.
        let _ = slow.batch().await;
        let _ = slow.batch().await;
        ben.say().await;
        anna.say().await;
        let speakers: Vec<_> = room.lock().list.iter().rev().take(2).map(|text| text.speaker).collect();
        assert_eq!(speakers, [1, 2]);
    }
}
