//! The standard library, but with the mutex of `shuttle`, whose scheduler decides at each lock
//! which task continues.

pub use std::*;

/// `std::sync`, with another mutex.
pub mod sync {
    pub use std::sync::*;

    pub use shuttle::sync::{Mutex, MutexGuard};
}
