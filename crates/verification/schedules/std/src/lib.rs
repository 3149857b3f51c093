//! The standard library, but with `shuttle`'s mutex. At each lock, the scheduler of `shuttle`
//! decides which task continues.

pub use std::*;

/// `std::sync`, with another mutex.
pub mod sync {
    pub use std::sync::*;

    pub use shuttle::sync::{Mutex, MutexGuard};
}
