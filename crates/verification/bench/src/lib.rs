//! Ours beside the other WebSocket libraries: the parts that a benchmark and the harness both need.
//!
//! | module | what it is |
//! |---|---|
//! | [`frames`] | payloads and frames made in advance, without the help of any library |
//! | [`peers`] | echo servers: two limits, the libraries, ours |
//! | [`wire`] | a byte stream in memory |
//! | [`codecs`] | the libraries on that stream, without a socket |
//!
//! The harness itself is the program: `cargo run --release -p bench -- --help`. The benchmark of the codecs is
//! `cargo bench -p bench`.

pub mod codecs;
pub mod frames;
pub mod peers;
pub mod wire;
