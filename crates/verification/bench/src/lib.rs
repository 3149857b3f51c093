//! Compares this workspace's library with other WebSocket libraries.
//!
//! This crate contains the parts that the program and the criterion benchmark share:
//!
//! | module | contents |
//! |---|---|
//! | [`frames`] | payloads and frames that are built in advance, without any library |
//! | [`peers`] | echo servers: two reference points, the other libraries, ours |
//! | [`repeating_stream`] | a byte stream in memory |
//! | [`codecs`] | the libraries without a socket, on a byte stream in memory |
//!
//! To run all measurements, use the program: `cargo run --release -p bench -- --help`. To measure
//! only the codecs, use criterion: `cargo bench -p bench`.

pub mod codecs;
pub mod frames;
pub mod peers;
pub mod repeating_stream;
