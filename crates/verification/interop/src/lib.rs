//! Interoperability tests of three implementations: ours, npm's `ws` and tokio-tungstenite.
//!
//! Each implementation has a client and a server that hold the same documented conversation. The
//! tests run every client with every server, each in its own process. Further tests exchange
//! compressed messages with `ws`.
//!
//! A plain `cargo test` does not run these tests, because they need Node and `ws`. To run them:
//!
//! ```text
//! cd example && npm ci && cd ..
//! cargo test -p interop
//! ```
