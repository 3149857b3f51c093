//! The registry: hands out taps and tokens, and exchanges a token for a viewer.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use dissector::{Direction::ToServer, tap::Tap};
use http::{HeaderValue, header::ORIGIN};
use protocol::{Limits, handshake::ReceivedRequest, observer::received_bytes};
use tokio::{sync::Semaphore, time::Instant};

use super::{feed::Feed, tap::WireTap, token, viewer::Viewer};

/// The maximum number of taps at the same time: enough for every reader in a large class. Each tap
/// queues up to [`MAX_BYTES`](super::feed::MAX_BYTES).
pub(super) const MAX_TAPS: usize = 64;

/// The feeds whose tokens have not been used, and the free slots for further taps.
#[derive(Debug)]
pub(crate) struct TapRegistry {
    offers: Mutex<HashMap<String, Offer>>,
    slots: Arc<Semaphore>,
}

/// A feed that no viewer has claimed yet.
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

    /// Returns a tap for the connection that starts with `request`, and the token for viewing it.
    /// Returns `None` if all [`MAX_TAPS`] slots are taken.
    ///
    /// The tap reports frames and messages that exceed `limits`, because the connection rejects
    /// them.
    pub(crate) fn tap(&self, request: &ReceivedRequest, limits: &Limits) -> Option<(WireTap, String)> {
        let now = Instant::now();
        let mut offers = self.lock();
        // Remove expired offers to free their slots. Only a new tap needs a slot, so no other
        // function has to remove offers. The removal is cheap, because there are never many offers.
        offers.retain(|_, offer| now < offer.until);
        let slot = Arc::clone(&self.slots).try_acquire_owned().ok()?;
        let until = now + token::LIFETIME;
        let feed = Arc::new(Feed::new(until, slot));
        let token = token::new_token();
        let origin = request.headers().get(ORIGIN).cloned();
        offers.insert(token.clone(), Offer { feed: Arc::clone(&feed), until, origin });
        drop(offers);
        let mut tap = WireTap::new(feed, limits, now);
        // The server read the request before the tap existed, so pass its bytes to the tap now.
        tap.bytes(ToServer, received_bytes(request));
        Some((tap, token))
    }

    /// Returns the viewer of the feed whose token is in the path of `request`, and uses up the
    /// token. Returns `None` if the token is not valid for this request.
    pub(crate) fn claim(&self, request: &ReceivedRequest) -> Option<Viewer> {
        let mut offers = self.lock();
        let token = token::token_in(request.path())?;
        let now = Instant::now();
        let fits = |offer: &Offer| now < offer.until && offer.origin.as_ref() == request.headers().get(ORIGIN);
        let offer = offers.get(token).is_some_and(fits).then(|| offers.remove(token))??;
        Some(Viewer::new(offer.feed, now))
    }
}
