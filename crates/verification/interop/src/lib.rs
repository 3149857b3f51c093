//! Tests of the interoperation between three implementations: ours, npm's `ws` and
//! tokio-tungstenite.
//!
//! Each implementation has a client and a server for the documented conversation. The tests run
//! every client with every server, as processes. Further tests exchange compressed messages with
//! `ws`.
//!
//! The tests are not part of the default `cargo test`, because they need Node and `ws`:
//!
//! ```text
//! cd example && npm ci && cd ..
//! cargo test -p interop
//! ```
