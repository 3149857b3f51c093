//! Helpers for the tests of this workspace.
//!
//! These helpers build frames, heads and DEFLATE blocks byte by byte, without the encoders and
//! decoders under test. If a test used an encoder of `protocol` to make the input for the
//! corresponding decoder, a mistake in one could hide a mistake in the other. There are two
//! exceptions: `protocol` computes the accept value in [`http_head::response_for`] and the
//! extension header fields in [`deflate::negotiate`].
//!
//! | module | contents |
//! |---|---|
//! | [`hex`] | converts between bytes and hexadecimal digits |
//! | [`frames`] | builds frames field by field, and takes frames apart |
//! | [`masking`] | the masking rule of section 5.3, and sources of masking keys |
//! | [`cuts`] | cuts a byte stream into pieces, one per read |
//! | [`fault_bytes`] | the bytes of every fault of the laboratory |
//! | [`http_head`] | HTTP heads as lists of lines |
//! | [`handshake`] | runs one side of the opening handshake |
//! | [`deflate`] | negotiated compression, a second DEFLATE decoder, hand-made blocks |
//! | [`observed`], [`transmitted`] | the events and the requested TCP operations of a connection, as values that can be compared |
//! | [`endpoint`] | a connection under test with a virtual clock |
//! | [`linked_pair`] | a client and a server connected in memory |
//! | [`duration`] | short names for durations |
//! | [`terminal`] | text that tries to control a terminal, and a check that none of it reached one |
//! | [`process_memory`] | the memory of the test process, as reported by Linux |
//!
//! With the feature `tokio`:
//!
//! | module | contents |
//! |---|---|
//! | `stream` | an `AsyncRead + AsyncWrite` that follows a script and records each call |
//! | `proxy_server` | HTTP and SOCKS5 proxies on the loopback interface |
//! | `raw_peer` | clients and servers that exchange plain bytes over TCP |
//! | `tasks` | time limits for tests, functions that poll a future once, a counting waker |

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
pub mod proxy_server;
#[cfg(feature = "tokio")]
pub mod raw_peer;
#[cfg(feature = "tokio")]
pub mod stream;
#[cfg(feature = "tokio")]
pub mod tasks;
pub mod terminal;
pub mod transmitted;
