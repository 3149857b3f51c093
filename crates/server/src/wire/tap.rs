//! The tap: dissects the bytes of one connection and adds the records to its feed.

use std::{sync::Arc, time::SystemTime};

use dissector::{Conversation, Direction, Options, Record, tap::Tap};
use protocol::Limits;
use tokio::time::Instant;

use super::{budget::Budget, feed::Feed};

/// The bytes of each payload that are shown. A page has no room for more.
pub(super) const SHOWN_PAYLOAD_BYTES: usize = 512;

/// The bytes that are dissected before the tap checks the budget again. They hold at most some
/// eighty of the shortest frames.
const PIECE_BYTES: usize = 512;

/// A [`Tap`] that feeds the viewer of one connection.
#[derive(Debug)]
pub(crate) struct WireTap {
    /// Empty once nobody wants the records. The tap then stays on the stream and does nothing.
    pub(super) active: Option<Box<ActiveTap>>,
}

/// A tap that somebody views, or may still view.
#[derive(Debug)]
pub(super) struct ActiveTap {
    feed: Arc<Feed>,
    conversation: Conversation,
    budget: Budget,
    /// The directions whose end has been reported.
    ended: Vec<Direction>,
}

impl WireTap {
    /// Creates a tap on a connection that starts now. It reports payloads over `limits` as the
    /// connection itself does.
    pub(super) fn new(feed: Arc<Feed>, limits: &Limits, now: Instant) -> Self {
        let options = Options { payload_bytes: SHOWN_PAYLOAD_BYTES, limits: limits.clone() };
        let conversation = Conversation::new(options);
        Self { active: Some(Box::new(ActiveTap { feed, conversation, budget: Budget::new(now), ended: Vec::new() })) }
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
                // Too much for the page, so the frames are counted instead. A Close is the
                // exception: it is shown in any case. There are at most two of them, so they need
                // no budget.
                let mut close: Option<Record> = None;
                let passed = conversation.pass(direction, piece, time, &mut |record| close = Some(record));
                queue.skip(direction, passed);
                if let Some(close) = close {
                    queue.add_record(&close);
                }
            }
        }
        feed.notify();
    }

    fn end(&mut self, direction: Direction) {
        // A stream may report the end of a direction more than once.
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
