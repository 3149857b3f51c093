//! Waiting.

use std::{
    thread,
    time::{Duration, Instant},
};

/// How long a test waits for something that must happen. This is long enough for a busy machine,
/// and a test that passes never waits that long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Repeats `happens` until it returns true. Use this for conditions that can be polled but not
/// awaited.
#[track_caller]
pub(crate) fn eventually(what: &str, mut happens: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !happens() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}
