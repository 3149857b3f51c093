//! The examples whose decisions concern more than one connection. Their code runs in this process.

mod graceful_stop;
mod tickets;
