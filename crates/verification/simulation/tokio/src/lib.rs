//! tokio, but with choices that follow from a seed, so that a run can be repeated exactly.
//!
//! tokio draws at random which branch of `select!` is polled first, and in which order the
//! receivers of a `watch` channel are woken. Its own option for a seed, `rng_seed`, needs a flag
//! for the compiler, and everything would have to be compiled again with that flag.

pub mod sync;

use std::cell::RefCell;

use rand::{RngExt, SeedableRng, rngs::StdRng};
pub use tokio::*;

#[doc(hidden)]
pub use tokio as real;

thread_local! {
    static RANDOM: RefCell<StdRng> = RefCell::new(StdRng::seed_from_u64(0));
}

/// Sets the seed of all choices on this thread.
pub fn seed(seed: u64) {
    RANDOM.set(StdRng::seed_from_u64(seed));
}

/// Draws the branch of a `select!` that is polled first.
#[doc(hidden)]
#[must_use]
pub fn draw(branches: u32) -> u32 {
    RANDOM.with_borrow_mut(|random| random.random_range(0..branches))
}

/// `tokio::select!`, with a first branch that follows from the [`seed`].
#[macro_export]
macro_rules! select {
    (biased; $($branches:tt)*) => { $crate::real::select!(biased; $($branches)*) };
    // This is the last rule of tokio's macro, but tokio draws the number at random.
    ($($branches:tt)*) => {
        $crate::real::select!(@{ start={ $crate::draw(BRANCHES) }; () } $($branches)*)
    };
}
