//! Extensions (section 9), and the only extension in common use: permessage-deflate (RFC 7692).
//!
//! The two sides agree on an extension in the opening handshake. An extension may then assign a
//! meaning to bits that are otherwise forbidden. permessage-deflate compresses messages with
//! DEFLATE (RFC 1951) and marks them with RSV1:
//!
//! ```text
//!   message ──▶ DEFLATE, ending in ──▶ without those ──▶ one frame or more, ──▶ wire
//!               00 00 FF FF            four bytes        RSV1 on the first
//!
//!   message ◀── inflate, at most ◀──── with those ◀───── RSV1 was set ◀──────── wire
//!               `max_message_bytes`    four bytes
//! ```
//!
//! | file | what it holds |
//! |---|---|
//! | [`options`] | the options of this endpoint, and their cost in memory |
//! | `parameters` | the four parameters as they appear in the header |
//! | `negotiation` | the client's offers, the server's choice, and the client's check of that choice |
//! | [`deflater`] | the compression of messages |
//! | [`inflater`] | the decompression of messages |
//!
//! Compression is off by default. It saves bytes, but costs time and memory. It can also leak a
//! secret that is compressed together with text from an attacker, because the *length* of the
//! result depends on the secret and on the text (section 8 of RFC 7692; CRIME read cookies through
//! TLS in this way). If a connection carries both secrets and text from other people, leave
//! compression off.
//!
//! [`options`]: DeflateOptions

#[cfg(feature = "deflate")]
pub mod deflater;
#[cfg(feature = "deflate")]
pub mod inflater;
mod negotiation;
mod options;
mod parameters;

/// The maximum number of bytes to which one compressed byte can inflate: the shortest code for a
/// repetition takes two bits, and repeats at most 258 bytes (RFC 1951, section 3.2.5).
pub const MAX_INFLATED_FROM_BYTE: usize = 4 * 258;

pub(crate) use self::negotiation::{accept, check_no_conflict, offer, validate_response};
#[cfg(feature = "deflate")]
pub use self::{
    deflater::Deflater,
    inflater::{InflateError, Inflater},
};
pub use self::{
    negotiation::NegotiatedDeflate,
    options::{DeflateOptions, Level, WindowBits},
    parameters::PERMESSAGE_DEFLATE,
};
