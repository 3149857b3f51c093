//! The registry: hands out viewers and tokens, and exchanges a token for a tap.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use http::{HeaderValue, header::ORIGIN};
use protocol::handshake::ReceivedRequest;
use tokio::{sync::Semaphore, time::Instant};

use super::{
    feed::{Feed, FeedWriter},
    token,
    viewer::Viewer,
};

/// The maximum number of viewers at the same time: enough for every reader in a large class. Each
/// viewer's feed queues up to [`MAX_BYTES`](super::feed::MAX_BYTES).
pub(super) const MAX_TAPS: usize = 64;

/// The feeds whose tokens have not been used, and the free slots for further viewers.
#[derive(Debug)]
pub(crate) struct TapRegistry {
    offers: Mutex<HashMap<String, Offer>>,
    slots: Arc<Semaphore>,
}

/// A feed that no connection has claimed yet.
#[derive(Debug)]
struct Offer {
    feed: Arc<Feed>,
    until: Instant,
    origin: Option<HeaderValue>,
}

impl TapRegistry {
    pub(crate) fn new() -> Self {
        Self { offers: Mutex::default(), slots: Arc::new(Semaphore::new(MAX_TAPS)) }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Offer>> {
        self.offers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a viewer, which contains a new token, for the page that sent `request`. Returns
    /// `None` if all [`MAX_TAPS`] slots are taken.
    pub(crate) fn viewer(&self, request: &ReceivedRequest) -> Option<Viewer> {
        let now = Instant::now();
        let mut offers = self.lock();
        // Remove stale offers to free their slots. Only a new viewer needs a slot, so no other
        // function needs to remove offers. The removal is cheap, because there are never many
        // offers.
        offers.retain(|_, offer| now < offer.until && offer.feed.lock().is_wanted());
        let slot = Arc::clone(&self.slots).try_acquire_owned().ok()?;
        let feed = Arc::new(Feed::new(slot));
        let token = token::new_token();
        let until = now + token::LIFETIME;
        let origin = request.headers().get(ORIGIN).cloned();
        offers.insert(token.clone(), Offer { feed: Arc::clone(&feed), until, origin });
        Some(Viewer::new(feed, token, until))
    }

    /// Returns the feed for the connection that starts with `request`, and uses up its `token`.
    /// Returns `None` if the token is not valid for this request.
    pub(crate) fn claim(&self, token: &str, request: &ReceivedRequest) -> Option<FeedWriter> {
        let mut offers = self.lock();
        let now = Instant::now();
        let fits = |offer: &Offer| now < offer.until && offer.origin.as_ref() == request.headers().get(ORIGIN);
        let offer = offers.get(token).is_some_and(fits).then(|| offers.remove(token))??;
        Some(Feed::claim(offer.feed))
    }
}
