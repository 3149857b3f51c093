//! The examples that decide about more than one connection: their own code, in this process.

mod graceful_stop;
mod tickets;
