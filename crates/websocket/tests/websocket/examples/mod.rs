//! The examples that make decisions about more than one connection. Their code runs in this
//! process.

mod graceful_stop;
mod tickets;
