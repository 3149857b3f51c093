//! A limit on the number of records that one tap dissects per second.

use std::time::Duration;

use tokio::time::Instant;

/// The maximum number of records that may be dissected in a burst: about a screenful. A user could
/// not read more of them at once.
const BURST: f64 = 100.0;

/// The maximum number of records per second after a burst. It is enough to show every frame of a
/// server that pushes fifty times per second.
const PER_SECOND: f64 = 50.0;

/// A token bucket: it fills over time up to [`BURST`] tokens, and each record takes one token.
#[derive(Debug)]
pub(super) struct Budget {
    left: f64,
    updated: Instant,
}

impl Budget {
    pub(super) fn new(now: Instant) -> Self {
        Self { left: BURST, updated: now }
    }

    /// Returns whether one more record may be dissected now.
    pub(super) fn has_record(&mut self) -> bool {
        let now = Instant::now();
        self.fill(now.duration_since(self.updated));
        self.updated = now;
        self.left >= 1.0
    }

    /// Takes the token for one record. The number of tokens may become negative, because one piece
    /// of input can contain more records than there are tokens.
    pub(super) fn spend(&mut self) {
        self.left -= 1.0;
    }

    fn fill(&mut self, elapsed: Duration) {
        self.left = (self.left + elapsed.as_secs_f64() * PER_SECOND).min(BURST);
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_budget_fills_again_and_has_an_upper_limit() {
        let mut budget = Budget::new(Instant::now());
        budget.left -= BURST;
        assert!(!budget.has_record());
        advance(Duration::from_millis(100)).await;
        assert!(budget.has_record());
        assert!((budget.left - PER_SECOND / 10.0).abs() < 0.01, "{}", budget.left);
        advance(Duration::from_secs(3600)).await;
        assert!(budget.has_record());
        assert!(budget.left <= BURST);
    }
}
