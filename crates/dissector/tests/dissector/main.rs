//! The tests of the dissector, by topic.

mod capture;
mod credentials;
#[path = "../common/mod.rs"]
mod common;
mod deflate;
mod engine;
mod frames;
mod handshake;
mod pieces;
mod renderings;
mod violations;
