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

/// The taps that exist at the same time: enough for each reader in a large class, at
/// [`MAX_BYTES`](super::feed::MAX_BYTES) each.
pub(super) const MAX_TAPS: usize = 64;

/// The feeds whose token has not been used.
#[derive(Debug)]
pub(crate) struct TapRegistry {
    offers: Mutex<HashMap<String, Offer>>,
    slots: Arc<Semaphore>,
}

/// A feed that waits for its viewer.
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
    /// Returns `None` if there are too many taps.
    ///
    /// The tap reports what is over `limits`, as the connection itself does.
    pub(crate) fn tap(&self, request: &ReceivedRequest, limits: &Limits) -> Option<(WireTap, String)> {
        let now = Instant::now();
        let mut offers = self.lock();
        // Remove expired offers. There are never many, and only a new tap can need their slots, so
        // this is the one place to do it.
        offers.retain(|_, offer| now < offer.until);
        let slot = Arc::clone(&self.slots).try_acquire_owned().ok()?;
        let until = now + token::LIFETIME;
        let feed = Arc::new(Feed::new(until, slot));
        let token = token::new_token();
        let origin = request.headers().get(ORIGIN).cloned();
        offers.insert(token.clone(), Offer { feed: Arc::clone(&feed), until, origin });
        drop(offers);
        let mut tap = WireTap::new(feed, limits, now);
        // The server read these bytes before it knew that there would be a tap.
        tap.bytes(ToServer, received_bytes(request));
        Some((tap, token))
    }

    /// Returns the viewer that the token in `request` is for. It works for one request only.
    pub(crate) fn claim(&self, request: &ReceivedRequest) -> Option<Viewer> {
        let mut offers = self.lock();
        let token = token::token_in(request.path())?;
        let now = Instant::now();
        let fits = |offer: &Offer| now < offer.until && offer.origin.as_ref() == request.headers().get(ORIGIN);
        let offer = offers.get(token).is_some_and(fits).then(|| offers.remove(token))??;
        Some(Viewer::new(offer.feed, now))
    }
}
