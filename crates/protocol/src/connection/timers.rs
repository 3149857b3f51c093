//! Deadlines. The core has no clock: it is told the time with each call, and says when it wants to be called again.
//!
//! | timer | starts when | what follows when it runs out |
//! |---|---|---|
//! | ping | the connection opens, a Ping was answered | a Ping is sent |
//! | pong | a Ping of the keep-alive was sent | the connection fails, unless the peer was heard meanwhile |
//! | close | a Close is sent or received, the connection fails | TCP is dropped |

use std::time::{Duration, Instant};

/// When to send a Ping unasked, and how long to wait for its answer (section 5.5.2).
///
/// TCP alone does not notice that the other side is gone until something is sent and left unanswered for many minutes.
/// A Ping now and then keeps proxies from closing an idle connection, and a deadline for the Pong finds dead peers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeepAlive {
    /// From one Ping to the next.
    pub interval: Duration,
    /// From a Ping to the failure of the connection, if nothing at all is heard from the peer.
    pub timeout: Duration,
}

/// The deadlines that are running.
#[derive(Debug, Default)]
pub(super) struct Timers {
    pub(super) ping: Option<Instant>,
    pub(super) pong: Option<Instant>,
    pub(super) close: Option<Instant>,
}

impl Timers {
    /// The deadline that comes first.
    pub(super) fn next(&self) -> Option<Instant> {
        [self.ping, self.pong, self.close].into_iter().flatten().min()
    }

    /// Stops `timer` if it has run out, and says whether it had.
    pub(super) fn expired(timer: &mut Option<Instant>, now: Instant) -> bool {
        timer.take_if(|deadline| *deadline <= now).is_some()
    }
}
