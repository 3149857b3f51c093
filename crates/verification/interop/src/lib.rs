//! Three implementations of the documented conversation, each as a client and as a server: ours, npm's `ws` and
//! tokio-tungstenite. The tests let every client talk to every server, as real processes.
//!
//! They are not part of the default `cargo test`, because they need Node and `ws`:
//!
//! ```text
//! cd example && npm ci && cd ..
//! cargo test -p interop
//! ```
