//! A member as a listener.

use protocol::PreparedMessage;
use tokio::sync::watch;

use super::room::Room;

/// A member's place in the room's list of texts. When the listener is dropped, the member leaves
/// the room.
#[derive(Debug)]
pub(super) struct Listener<'a> {
    room: &'a Room,
    id: u64,
    /// The sequence number of the first text that the member has not finished with.
    finished: u64,
    /// The sequence number of the first text that the member has not taken.
    taken: u64,
    /// The number of texts that have been added to the room so far.
    said: watch::Receiver<u64>,
}

impl<'a> Listener<'a> {
    /// Creates a listener that starts with text number `next`.
    pub(super) const fn new(room: &'a Room, id: u64, next: u64, said: watch::Receiver<u64>) -> Self {
        Self { room, id, finished: next, taken: next, said }
    }

    /// Waits until other members have said something, and takes as many of their texts as fit into
    /// one write. The texts stay in the room until the next call, which records that the member has
    /// finished with them.
    ///
    /// # Cancel safety
    /// Cancel-safe: if the future is dropped, no text is lost.
    pub(super) async fn batch(&mut self) -> Vec<PreparedMessage> {
        loop {
            if self.finished < self.taken {
                self.room.finish(self.finished..self.taken);
                self.finished = self.taken;
            }
            // The room outlives its members, so the sender still exists, and waiting cannot fail.
            let _ = self.said.wait_for(|&said| said > self.taken).await;
            let (batch, taken) = self.room.batch(self.id, self.taken);
            self.taken = taken;
            if !batch.is_empty() {
                return batch;
            }
        }
    }
}

impl Drop for Listener<'_> {
    fn drop(&mut self) {
        self.room.leave(self.finished);
    }
}
