//! The viewer, which reads the feed of the page's other connection.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, sleep_until};

use super::feed::Feed;

/// The minimum time between two messages to the page. Records that arrive in between are sent
/// together.
pub(super) const BATCH_INTERVAL: Duration = Duration::from_millis(50);

/// The maximum size of a message from the page, in bytes. The page is not expected to send any, and
/// the first one ends the connection, so there is no reason to buffer a long one.
pub(crate) const MAX_VIEWER_MESSAGE: usize = 1 << 10;

/// The reading end of a feed. When it is dropped, the tap stops.
#[derive(Debug)]
pub(crate) struct Viewer {
    pub(super) feed: Arc<Feed>,
    /// The token with which a connection claims the writing end of the feed.
    pub(super) token: String,
    /// The time at which the token expires.
    pub(super) expires: Instant,
    next_batch: Instant,
}

impl Viewer {
    /// Creates a viewer for `feed`. A connection can claim the writing end of the feed with
    /// `token`.
    pub(super) fn new(feed: Arc<Feed>, token: String, expires: Instant) -> Self {
        Self { feed, token, expires, next_batch: Instant::now() }
    }

    /// Returns the next message for the page, or `None` at the end of the feed.
    ///
    /// # Cancel safety
    /// Cancel-safe: if the future is dropped, no record is lost.
    pub(super) async fn batch(&mut self) -> Option<String> {
        sleep_until(self.next_batch).await;
        let batch = self.feed.next_batch().await;
        self.next_batch = Instant::now() + BATCH_INTERVAL;
        batch
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.feed.abandon();
    }
}
