//! The feed: carries the records of one connection, as JSON, from its tap to its viewer.

use std::{
    collections::VecDeque,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use dissector::{
    Direction::{self, ToClient},
    FieldValue, Record,
    conversation::Passed,
    render,
};
use protocol::frame::Opcode;
use tokio::sync::{Notify, OwnedSemaphorePermit};

/// The maximum size of the queue for a slow page, in bytes of JSON. One record with its
/// explanations takes about 5,000 bytes.
pub(super) const MAX_BYTES: usize = 256 << 10;

/// The part of the queue, in bytes, that is kept free for Close frames. A correct connection has at
/// most two Close frames, and the JSON of each takes less than half of this space.
pub(super) const KEPT_FOR_CLOSE: usize = 32 << 10;

/// The part of the queue, in bytes, that is kept free for notes: a count of skipped frames, the end
/// of each direction, and the verdict on a broken rule. The verdict is the longest note, because it
/// repeats a close reason, whose 123 bytes can take up to 738 bytes in JSON. There is room for all
/// of these notes together.
const KEPT_FOR_NOTES: usize = 2 << 10;

/// The state that a tap and its viewer share.
#[derive(Debug)]
pub(super) struct Feed {
    queue: Mutex<Queue>,
    changed: Notify,
    /// The slot of the tap, which becomes free when both the tap and the viewer have been dropped.
    _slot: OwnedSemaphorePermit,
}

/// The writing end of a feed. The feed ends when its writing end is dropped.
#[derive(Debug)]
pub(crate) struct FeedWriter {
    pub(super) feed: Arc<Feed>,
}

impl Drop for FeedWriter {
    fn drop(&mut self) {
        self.feed.end();
    }
}

#[derive(Debug)]
pub(super) struct Queue {
    /// The queued JSON objects, oldest first.
    pub(super) waiting: VecDeque<String>,
    /// The total size of `waiting` in bytes.
    pub(super) bytes: usize,
    /// The counts of frames that arrived after the objects in `waiting` but will not be shown,
    /// either because they were not dissected or because their records did not fit. The first count
    /// is for frames to the server, and the second is for frames to the client.
    pub(super) skipped: [Passed; 2],
    /// Whether a connection has claimed the feed, so that its records can arrive.
    claimed: bool,
    /// Whether the viewer has been dropped.
    abandoned: bool,
    /// Whether the tapped connection has ended, so that no more records follow.
    ended: bool,
}

impl Feed {
    /// Creates a feed that no connection has claimed yet.
    pub(super) fn new(slot: OwnedSemaphorePermit) -> Self {
        let queue = Queue {
            waiting: VecDeque::new(),
            bytes: 0,
            skipped: [Passed::default(); 2],
            claimed: false,
            abandoned: false,
            ended: false,
        };
        Self { queue: Mutex::new(queue), changed: Notify::new(), _slot: slot }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the viewer after the queue has changed.
    pub(super) fn notify(&self) {
        self.changed.notify_one();
    }

    /// Claims the feed for one connection, and returns the writing end for that connection's tap.
    pub(super) fn claim(feed: Arc<Self>) -> FeedWriter {
        feed.lock().claimed = true;
        FeedWriter { feed }
    }

    /// Returns whether a connection has claimed the feed.
    pub(super) fn is_claimed(&self) -> bool {
        self.lock().claimed
    }

    /// Marks the end of the feed: no more records will follow.
    fn end(&self) {
        self.lock().ended = true;
        self.notify();
    }

    /// Marks the feed as abandoned by its viewer, and discards the queued records.
    pub(super) fn abandon(&self) {
        let mut queue = self.lock();
        queue.abandoned = true;
        queue.waiting = VecDeque::new();
        queue.bytes = 0;
    }

    /// Waits until there are records and returns all of them as one JSON array. Returns `None` at
    /// the end of the feed.
    ///
    /// # Cancel safety
    /// Cancel-safe: if the future is dropped, no record is lost.
    pub(super) async fn next_batch(&self) -> Option<String> {
        loop {
            // Create this future before checking the queue, so that the future also completes if
            // the queue changes right after the check.
            let changed = self.changed.notified();
            let (batch, ended) = {
                let mut queue = self.lock();
                (queue.take(), queue.ended)
            };
            if batch.is_some() || ended {
                return batch;
            }
            changed.await;
        }
    }
}

/// Returns whether the record is a Close frame.
fn is_close(record: &Record) -> bool {
    let close = Opcode::Close as u64;
    let opcode = record.field("websocket.opcode").map(|opcode| &opcode.value);
    matches!(opcode, Some(FieldValue::Number { value, .. }) if *value == close)
}

impl Queue {
    /// Returns `true` if the queue has room for another record of the usual size, so that
    /// dissecting one is worthwhile. [`add_record`](Self::add_record) checks the record's actual
    /// size.
    pub(super) fn has_room(&self) -> bool {
        self.bytes < MAX_BYTES - KEPT_FOR_CLOSE - KEPT_FOR_NOTES
    }

    /// Returns whether the viewer still reads the feed.
    pub(super) fn is_wanted(&self) -> bool {
        !self.abandoned
    }

    /// Adds a record. If the queue has no room for it, the record is counted as skipped.
    pub(super) fn add_record(&mut self, record: &Record) {
        let json = render::json(record);
        let kept = if is_close(record) { KEPT_FOR_NOTES } else { KEPT_FOR_CLOSE + KEPT_FOR_NOTES };
        if self.bytes + json.len() + kept <= MAX_BYTES {
            self.add(json);
        } else {
            self.skip(record.direction, Passed { units: 1, bytes: record.length });
        }
    }

    /// Adds a note that one direction of the connection has ended.
    pub(super) fn add_end(&mut self, direction: Direction) {
        self.add(serde_json::json!({ "end_of": direction }).to_string());
    }

    /// Adds a note about the connection as a whole. The caller must limit the note's size.
    pub(super) fn add_note(&mut self, note: &serde_json::Value) {
        self.add(note.to_string());
    }

    /// Counts frames that are not shown.
    pub(super) fn skip(&mut self, direction: Direction, passed: Passed) {
        let skipped = &mut self.skipped[usize::from(direction == ToClient)];
        skipped.units += passed.units;
        skipped.bytes += passed.bytes;
    }

    fn add(&mut self, json: String) {
        self.add_skipped();
        self.push(json);
    }

    /// Adds the counts of skipped frames to the queue, so that they appear in the right position
    /// among the records, and resets the counts.
    fn add_skipped(&mut self) {
        let [to_server, to_client] = mem::take(&mut self.skipped);
        if to_server.units + to_client.units > 0 {
            let counts = |passed: Passed| serde_json::json!({ "frames": passed.units, "bytes": passed.bytes });
            let both = serde_json::json!({ "to_server": counts(to_server), "to_client": counts(to_client) });
            self.push(serde_json::json!({ "skipped": both }).to_string());
        }
    }

    fn push(&mut self, json: String) {
        self.bytes += json.len();
        self.waiting.push_back(json);
    }

    /// Takes all queued objects, as one JSON array. Returns `None` if the queue is empty.
    fn take(&mut self) -> Option<String> {
        self.add_skipped();
        self.bytes = 0;
        let objects = Vec::from(mem::take(&mut self.waiting));
        (!objects.is_empty()).then(|| format!("[{}]", objects.join(",")))
    }
}
