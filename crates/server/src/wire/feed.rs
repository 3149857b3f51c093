//! The feed: carries the records of one connection, as JSON, from its tap to its viewer.

use std::{
    collections::VecDeque,
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use dissector::{
    Direction::{self, ToClient},
    Record, RecordKind,
    conversation::Passed,
    render,
};
use protocol::frame::Opcode;
use tokio::{
    sync::{Notify, OwnedSemaphorePermit},
    time::Instant,
};

/// The maximum size of the queue for a slow page, in bytes of JSON. One record with its
/// explanations takes about 5,000 bytes. The first Close frame of each direction may exceed it.
pub(super) const MAX_BYTES: usize = 256 << 10;

/// The maximum size of one record, in bytes of JSON. The head of a browser's request, with many
/// cookies, takes up to 60,000. But a head of 16 KiB can have thousands of fields, with an
/// explanation each.
pub(super) const MAX_RECORD_BYTES: usize = 128 << 10;

/// The state that a tap and its viewer share.
#[derive(Debug)]
pub(super) struct Feed {
    queue: Mutex<Queue>,
    changed: Notify,
    /// The slot of the tap, which becomes free when both the tap and the viewer have been dropped.
    _slot: OwnedSemaphorePermit,
}

#[derive(Debug)]
pub(super) struct Queue {
    /// The queued JSON objects, oldest first.
    pub(super) waiting: VecDeque<Box<str>>,
    /// The total size of `waiting` in bytes.
    pub(super) bytes: usize,
    /// The counts of the undissected frames that came after the objects in `waiting`: first of the
    /// frames to the server, then of the frames to the client.
    pub(super) skipped: [Passed; 2],
    /// Whether a Close was added, in the same order.
    has_close: [bool; 2],
    /// The time at which the tap stops waiting for a viewer; `None` once a viewer has claimed the
    /// feed.
    unclaimed_until: Option<Instant>,
    /// Whether the viewer has been dropped.
    abandoned: bool,
    /// Whether the tapped connection has ended, so that no more records follow.
    ended: bool,
}

impl Feed {
    /// Creates a feed that a viewer has to claim before `unclaimed_until`.
    pub(super) fn new(unclaimed_until: Instant, slot: OwnedSemaphorePermit) -> Self {
        let queue = Queue {
            waiting: VecDeque::new(),
            bytes: 0,
            skipped: [Passed::default(); 2],
            has_close: [false; 2],
            unclaimed_until: Some(unclaimed_until),
            abandoned: false,
            ended: false,
        };
        Self { queue: Mutex::new(queue), changed: Notify::new(), _slot: slot }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the viewer after a change of the queue.
    pub(super) fn notify(&self) {
        self.changed.notify_one();
    }

    /// Marks the feed as claimed by a viewer, so that it no longer expires.
    pub(super) fn claim(&self) {
        self.lock().unclaimed_until = None;
    }

    /// Marks the end of the feed: no more records will follow.
    pub(super) fn end(&self) {
        self.lock().ended = true;
        self.notify();
    }

    /// Marks the feed as abandoned by its viewer, and discards the queued records.
    pub(super) fn abandon(&self) {
        let mut queue = self.lock();
        queue.abandoned = true;
        queue.waiting = VecDeque::new();
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

impl Queue {
    /// Returns whether the queue has any room, so that it is worth dissecting another record.
    pub(super) fn has_room(&self) -> bool {
        self.bytes < MAX_BYTES
    }

    /// Returns whether a viewer reads the feed, or may still claim it.
    pub(super) fn is_wanted(&self) -> bool {
        !self.abandoned && self.unclaimed_until.is_none_or(|until| Instant::now() < until)
    }

    /// Adds a record if there is room for it, and otherwise counts it. The first Close of a direction
    /// is always added, because it explains the end of the connection.
    pub(super) fn add_record(&mut self, record: Record) {
        let (direction, length) = (record.direction, record.length);
        let is_first_close = is_close(&record) && !mem::replace(&mut self.has_close[index(direction)], true);
        let json = json_of(record);
        if is_first_close || self.bytes + json.len() <= MAX_BYTES {
            self.add(json);
        } else {
            self.skip(direction, Passed { units: 1, bytes: length });
        }
    }

    /// Adds a note that one direction of TCP has ended.
    pub(super) fn add_end(&mut self, direction: Direction) {
        self.add(serde_json::json!({ "end_of": direction }).to_string());
    }

    /// Counts frames that were not dissected.
    pub(super) fn skip(&mut self, direction: Direction, passed: Passed) {
        let skipped = &mut self.skipped[index(direction)];
        skipped.units += passed.units;
        skipped.bytes += passed.bytes;
    }

    fn add(&mut self, json: String) {
        self.add_skipped();
        self.push(json);
    }

    /// Moves the counts of skipped frames to the queue, so that they appear in the right position
    /// among the records.
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
        // A string that was written piece by piece has room for as many bytes again. Free it.
        self.waiting.push_back(json.into_boxed_str());
    }

    /// Takes all queued objects, as one JSON array. Returns `None` if the queue is empty.
    fn take(&mut self) -> Option<String> {
        self.add_skipped();
        self.bytes = 0;
        let objects = Vec::from(mem::take(&mut self.waiting));
        (!objects.is_empty()).then(|| format!("[{}]", objects.join(",")))
    }
}

/// Returns the index of a direction in an array for both.
fn index(direction: Direction) -> usize {
    usize::from(direction == ToClient)
}

fn is_close(record: &Record) -> bool {
    let opcode = record.bytes.first().and_then(|&first| Opcode::from_bits(first));
    record.kind == RecordKind::Frame && opcode == Some(Opcode::Close)
}

/// Returns the record as JSON, without its fields if it would be too large with them.
fn json_of(mut record: Record) -> String {
    let json = render::json(&record);
    if json.len() <= MAX_RECORD_BYTES {
        return json;
    }
    record.fields.clear();
    record.summary.push_str(" (too many fields to show)");
    render::json(&record)
}
