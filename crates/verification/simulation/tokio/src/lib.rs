//! tokio, but with random choices that are derived from a seed, so that a run can be repeated
//! exactly.
//!
//! tokio chooses at random which branch of `select!` to poll first, and in which order to wake the
//! receivers of a `watch` channel. Its own seed option, `rng_seed`, needs a compiler flag, and
//! everything would have to be recompiled with that flag.

pub mod sync;

use std::cell::RefCell;

use rand::{RngExt, SeedableRng, rngs::StdRng};
pub use tokio::*;

#[doc(hidden)]
pub use tokio as real;

thread_local! {
    static RANDOM: RefCell<StdRng> = RefCell::new(StdRng::seed_from_u64(0));
}

/// Sets the seed for all random choices on this thread.
pub fn seed(seed: u64) {
    RANDOM.set(StdRng::seed_from_u64(seed));
}

/// Randomly picks the branch of a `select!` to poll first.
#[doc(hidden)]
#[must_use]
pub fn draw(branches: u32) -> u32 {
    RANDOM.with_borrow_mut(|random| random.random_range(0..branches))
}

/// `tokio::select!`, but the branch that it polls first is derived from the [`seed`].
#[macro_export]
macro_rules! select {
    (biased; $($branches:tt)*) => { $crate::real::select!(biased; $($branches)*) };
    // This is the last rule of tokio's macro, except that tokio draws the number at random.
    ($($branches:tt)*) => {
        $crate::real::select!(@{ start={ $crate::draw(BRANCHES) }; () } $($branches)*)
    };
}
