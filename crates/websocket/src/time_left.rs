//! The time-out that covers all the steps of opening a connection.

use std::time::Duration;

use tokio::time::Instant;

/// One time limit that several steps share.
#[derive(Debug)]
pub(crate) struct TimeLeft {
    limit: Duration,
    started: Instant,
    /// The time spent in [`exclude`](Self::exclude), which does not count towards the limit.
    excluded: Duration,
}

impl TimeLeft {
    pub(crate) fn new(limit: Duration) -> Self {
        Self { limit, started: Instant::now(), excluded: Duration::ZERO }
    }

    /// Returns the time that is left for the next step.
    pub(crate) fn get(&self) -> Duration {
        self.limit.saturating_sub(self.started.elapsed().saturating_sub(self.excluded))
    }

    /// Waits for a future, and does not count that time towards the limit.
    pub(crate) async fn exclude<T>(&mut self, waiting: impl Future<Output = T>) -> T {
        let began = Instant::now();
        let output = waiting.await;
        self.excluded += began.elapsed();
        output
    }
}
