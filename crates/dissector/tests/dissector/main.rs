//! The tests of the dissector, by topic.

mod capture;
#[path = "../common/mod.rs"]
mod common;
mod credentials;
mod deflate;
mod engine;
mod frames;
mod handshake;
mod meanings;
mod pieces;
mod renderings;
mod terminal;
mod violations;
