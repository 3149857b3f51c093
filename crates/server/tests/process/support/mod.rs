//! The tests' tools: a server that runs as a separate process, and a client that reads and writes
//! bytes.
//!
//! The client implements the protocol itself and uses no code from this workspace. If the engine
//! had the same mistake in both directions, a test with the engine at both ends would never notice
//! it.

pub(crate) mod client;
pub(crate) mod frames;
pub(crate) mod http;
mod lines;
#[cfg(target_os = "linux")]
pub(crate) mod memory;
pub(crate) mod push;
mod server;
mod wait;

pub(crate) use self::{
    server::{Server, command, exit_code},
    wait::{PATIENCE, eventually},
};
