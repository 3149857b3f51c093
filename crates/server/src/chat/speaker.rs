//! A member as a speaker.

use std::{
    collections::VecDeque,
    future::{pending, poll_fn},
    sync::Arc,
};

use tokio::{sync::Semaphore, task::coop::consume_budget};
use tokio_util::sync::PollSemaphore;

use super::{room::Room, text::Text};

/// When a member's texts that are waiting for space in the room take up this many bytes, the server
/// stops reading from that member. Until then it keeps reading, so that it still answers the Pings
/// of a member with only a few waiting texts.
const MAX_UNSAID: usize = 64 << 10;

/// The texts that a member has sent but for which the room has no space yet.
#[derive(Debug)]
pub(super) struct Speaker<'a> {
    room: &'a Room,
    id: u64,
    unsaid: VecDeque<Text>,
    /// The memory that the texts in `unsaid` take, in bytes.
    unsaid_bytes: usize,
    /// Waits for space in the room, and keeps this member's place in the queue for it between calls
    /// to [`say`](Self::say).
    space: PollSemaphore,
}

impl<'a> Speaker<'a> {
    pub(super) fn new(room: &'a Room, id: u64, space: Arc<Semaphore>) -> Self {
        Self { room, id, unsaid: VecDeque::new(), unsaid_bytes: 0, space: PollSemaphore::new(space) }
    }

    /// Returns whether another text may be added.
    pub(super) const fn may_add(&self) -> bool {
        self.unsaid_bytes < MAX_UNSAID
    }

    /// Adds a text that the member has sent.
    pub(super) fn add(&mut self, text: Text) {
        self.unsaid_bytes += text.size;
        self.unsaid.push_back(text);
    }

    /// Waits until there is space for the first waiting text, and adds it to the room. Never
    /// returns if no text is waiting.
    ///
    /// # Cancel safety
    /// Cancel-safe: if the future is dropped, the text keeps its place in the queue.
    pub(super) async fn say(&mut self) {
        let Some(size) = self.unsaid.front().map(|text| text.size) else { return pending().await };
        // The size of a text is far below the maximum value of a `u32`.
        let permits = u32::try_from(size).unwrap_or(u32::MAX);
        let space = poll_fn(|cx| self.space.poll_acquire_many(cx, permits)).await;
        // `space` is `None` only if the semaphore was closed, and no code closes it.
        if let (Some(space), Some(text)) = (space, self.unsaid.pop_front()) {
            self.unsaid_bytes -= text.size;
            self.room.say(self.id, text, space);
        }
    }

    /// Adds all waiting texts to the room, each as soon as there is space for it.
    pub(super) async fn say_all(&mut self) {
        while !self.unsaid.is_empty() {
            self.say().await;
            consume_budget().await;
        }
    }
}
