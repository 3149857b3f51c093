//! Helpers for the tests of this workspace.
//!
//! The kit never encodes or decodes with the code under test: it builds frames, heads and DEFLATE
//! blocks byte by byte. If a test used the crate's own encoder to make the input for its decoder, a
//! mistake in both could cancel out. The one exception is the accept value of
//! [`http_head::response_for`].
//!
//! | module | contents |
//! |---|---|
//! | [`hex`] | bytes written as hexadecimal digits |
//! | [`frames`] | frames built field by field, and frames taken apart |
//! | [`masking`] | the masking rule of section 5.3, and sources of masking keys |
//! | [`cuts`] | a byte stream cut into reads |
//! | [`fault_bytes`] | the bytes of every fault of the laboratory |
//! | [`http_head`] | HTTP heads as lists of lines |
//! | [`handshake`] | the opening handshake, run on one complete head |
//! | [`deflate`] | negotiated compression, a second DEFLATE decoder, hand-made blocks |
//! | [`observed`], [`transmitted`] | everything that a connection reports, as values that can be compared |
//! | [`endpoint`] | one connection with a virtual clock |
//! | [`linked_pair`] | a client and a server joined in memory |
//! | [`duration`] | short names for durations |
//! | [`process_memory`] | the memory of the test process, as Linux counts it |
//!
//! With the feature `tokio`:
//!
//! | module | contents |
//! |---|---|
//! | `stream` | an `AsyncRead + AsyncWrite` that follows a script and records each call |
//! | `raw_peer` | clients and servers that exchange plain bytes over TCP |
//! | `tasks` | time limits for tests, a counting waker |

#![allow(clippy::missing_panics_doc, reason = "a helper that panics fails the test that called it")]

pub mod cuts;
pub mod deflate;
pub mod duration;
pub mod endpoint;
pub mod fault_bytes;
pub mod frames;
pub mod handshake;
pub mod hex;
pub mod http_head;
pub mod linked_pair;
pub mod masking;
pub mod observed;
#[cfg(target_os = "linux")]
pub mod process_memory;
#[cfg(feature = "tokio")]
pub mod raw_peer;
#[cfg(feature = "tokio")]
pub mod stream;
#[cfg(feature = "tokio")]
pub mod tasks;
pub mod transmitted;
