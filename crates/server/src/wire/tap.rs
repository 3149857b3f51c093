//! The tap: dissects the bytes of one connection and adds the records to its feed.

use std::{sync::Arc, time::SystemTime};

use dissector::{Conversation, Direction, Options, Record, tap::Tap};
use protocol::{Limits, handshake::ReceivedRequest, observer::received_bytes};
use tokio::time::Instant;

use super::{
    budget::Budget,
    feed::{Feed, FeedWriter},
};

/// The maximum number of bytes of each payload that are shown. A page has no room for more.
pub(super) const SHOWN_PAYLOAD_BYTES: usize = 512;

/// The maximum number of bytes that are dissected before the tap checks the budget again. This many
/// bytes complete at most 86 frames from a client (empty and masked), or 256 frames from the server
/// (empty).
const PIECE_BYTES: usize = 512;

/// A [`Tap`] that feeds the viewer of one connection.
#[derive(Debug)]
pub(crate) struct WireTap {
    /// `None` once the viewer is gone. The tap then stays on the stream and does nothing.
    pub(super) active: Option<Box<ActiveTap>>,
}

/// A tap that has a viewer.
#[derive(Debug)]
pub(super) struct ActiveTap {
    writer: Arc<FeedWriter>,
    conversation: Conversation,
    budget: Budget,
    /// The directions whose end has been reported.
    ended: Vec<Direction>,
}

impl WireTap {
    /// Creates the tap on the connection that starts with `request`. The tap reports frames and
    /// messages that exceed `limits`, because the connection rejects them.
    pub(crate) fn new(writer: FeedWriter, request: &ReceivedRequest, limits: &Limits) -> Self {
        let mut active = ActiveTap::new(writer, limits, Conversation::new);
        // The server read the request before the tap existed, so dissect its bytes now.
        active.bytes(Direction::ToServer, received_bytes(request));
        Self { active: Some(Box::new(active)) }
    }

    /// Creates the tap on a stream that begins with frames, because its handshake was in HTTP/2.
    #[cfg(feature = "http2")]
    pub(crate) fn after_handshake(writer: FeedWriter, limits: &Limits) -> Self {
        Self { active: Some(Box::new(ActiveTap::new(writer, limits, Conversation::after_handshake))) }
    }

    /// Returns a handle for adding notes about the connection to its feed. The feed does not end
    /// until the handle is dropped.
    pub(crate) fn notes(&self) -> Option<Notes> {
        self.active.as_ref().map(|active| Notes(Arc::clone(&active.writer)))
    }
}

impl ActiveTap {
    fn new(writer: FeedWriter, limits: &Limits, start: fn(Options) -> Conversation) -> Self {
        // The records go to a script, which must not see cookies that are marked `HttpOnly`, the
        // password that the browser sends, or the header fields that a proxy has added.
        let options = Options { payload_bytes: SHOWN_PAYLOAD_BYTES, limits: limits.clone(), hide_credentials: true };
        let conversation = start(options);
        Self { writer: Arc::new(writer), conversation, budget: Budget::new(Instant::now()), ended: Vec::new() }
    }
}

#[cfg(test)]
impl WireTap {
    pub(super) fn feed(&self) -> Arc<Feed> {
        Arc::clone(self.active.as_ref().expect("the tap is active").feed())
    }
}

impl Tap for WireTap {
    fn bytes(&mut self, direction: Direction, bytes: &[u8]) {
        if self.active.as_ref().is_some_and(|active| !active.feed().lock().is_wanted()) {
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

/// Adds notes on a tapped connection to its feed.
#[derive(Debug)]
pub(crate) struct Notes(Arc<FeedWriter>);

impl Notes {
    /// Adds a note of at most [`KEPT_FOR_NOTES`](super::feed) bytes.
    pub(crate) fn add(&self, note: &serde_json::Value) {
        self.0.feed.lock().add_note(note);
        self.0.feed.notify();
    }
}

impl ActiveTap {
    fn feed(&self) -> &Arc<Feed> {
        &self.writer.feed
    }

    fn bytes(&mut self, direction: Direction, bytes: &[u8]) {
        let time = Some(SystemTime::now());
        let Self { writer, conversation, budget, .. } = self;
        let feed = &writer.feed;
        for piece in bytes.chunks(PIECE_BYTES) {
            let mut queue = feed.lock();
            if queue.has_room() && budget.has_record() {
                conversation.push(direction, piece, time, &mut |record| {
                    budget.spend();
                    queue.add_record(&record);
                });
            } else {
                // Frames are arriving faster than the page can show them, so only count them. The
                // heads and the first Close in each direction are still shown. They need no budget,
                // because there are at most four of them. In the feed, they come after the count.
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
        let mut queue = self.writer.feed.lock();
        self.conversation.end(direction, Some(SystemTime::now()), &mut |record| queue.add_record(&record));
        queue.add_end(direction);
        self.writer.feed.notify();
    }
}
