//! The source of the current time.

/// Returns the current time from tokio's clock, which tests can pause and advance.
pub(crate) fn now() -> std::time::Instant {
    tokio::time::Instant::now().into_std()
}
