//! The tap: dissects the bytes of one connection and adds the records to its feed.

use std::{sync::Arc, time::SystemTime};

use dissector::{Conversation, Direction, Options, Record, tap::Tap};
use protocol::Limits;
use tokio::time::Instant;

use super::{budget::Budget, feed::Feed};

/// The maximum number of bytes of each payload that are shown. A page has no room for more.
pub(super) const SHOWN_PAYLOAD_BYTES: usize = 512;

/// The maximum number of bytes that are dissected before the tap checks the budget again. This many
/// bytes complete at most 86 frames from a client (empty and masked), or 256 frames from the server
/// (empty).
const PIECE_BYTES: usize = 512;

/// A [`Tap`] that feeds the viewer of one connection.
#[derive(Debug)]
pub(crate) struct WireTap {
    /// `None` once no viewer can receive the records. The tap then stays on the stream and does
    /// nothing.
    pub(super) active: Option<Box<ActiveTap>>,
}

/// A tap that has a viewer, or whose feed may still be claimed.
#[derive(Debug)]
pub(super) struct ActiveTap {
    feed: Arc<Feed>,
    conversation: Conversation,
    budget: Budget,
    /// The directions whose end has been reported.
    ended: Vec<Direction>,
}

impl WireTap {
    /// Creates a tap on a connection that starts now. The tap reports payloads that exceed
    /// `limits`, because the connection rejects them.
    pub(super) fn new(feed: Arc<Feed>, limits: &Limits, now: Instant) -> Self {
        // The records go to a script. A script may not see the cookies that are marked `HttpOnly`,
        // the password that the browser sends, or the headers that a proxy has added.
        let options = Options { payload_bytes: SHOWN_PAYLOAD_BYTES, limits: limits.clone(), hide_credentials: true };
        let conversation = Conversation::new(options);
        Self { active: Some(Box::new(ActiveTap { feed, conversation, budget: Budget::new(now), ended: Vec::new() })) }
    }
}

#[cfg(test)]
impl WireTap {
    pub(super) fn feed(&self) -> Arc<Feed> {
        Arc::clone(&self.active.as_ref().expect("the tap is active").feed)
    }
}

impl Tap for WireTap {
    fn bytes(&mut self, direction: Direction, bytes: &[u8]) {
        if self.active.as_ref().is_some_and(|active| !active.feed.lock().is_wanted()) {
            self.active = None;
        }
        if let Some(active) = &mut self.active {
            active.bytes(direction, bytes);
        }
    }

    fn end(&mut self, direction: Direction) {
        if let Some(active) = &mut self.active {
            active.end(direction);
        }
    }
}

impl ActiveTap {
    fn bytes(&mut self, direction: Direction, bytes: &[u8]) {
        let time = Some(SystemTime::now());
        let Self { feed, conversation, budget, .. } = self;
        for piece in bytes.chunks(PIECE_BYTES) {
            let mut queue = feed.lock();
            if queue.has_room() && budget.has_record() {
                conversation.push(direction, piece, time, &mut |record| {
                    budget.spend();
                    queue.add_record(&record);
                });
            } else {
                // The traffic is too fast for the page, so the frames are only counted. The heads
                // and the first Close in each direction are exceptions and are shown. There are at
                // most four of these, so they need no budget. They come after the frames that were
                // counted.
                let mut shown: Vec<Record> = Vec::new();
                let passed = conversation.pass(direction, piece, time, &mut |record| shown.push(record));
                queue.skip(direction, passed);
                for record in &shown {
                    queue.add_record(record);
                }
            }
        }
        feed.notify();
    }

    fn end(&mut self, direction: Direction) {
        // A stream may report the end of a direction more than once, but the viewer should be told
        // only once.
        if self.ended.contains(&direction) {
            return;
        }
        self.ended.push(direction);
        let mut queue = self.feed.lock();
        self.conversation.end(direction, Some(SystemTime::now()), &mut |record| queue.add_record(&record));
        queue.add_end(direction);
        self.feed.notify();
    }
}

impl Drop for ActiveTap {
    fn drop(&mut self) {
        self.feed.end();
    }
}
