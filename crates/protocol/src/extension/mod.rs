//! Extensions (section 9), and the one that is in use everywhere: permessage-deflate, RFC 7692.
//!
//! An extension is agreed on in the opening handshake and may then give a meaning to what is otherwise forbidden. This
//! one compresses messages with DEFLATE (RFC 1951) and marks them with RSV1:
//!
//! ```text
//!   message ──▶ DEFLATE, ending in ──▶ without those ──▶ one frame or more, ──▶ wire
//!               00 00 FF FF            four bytes        RSV1 on the first
//!
//!   message ◀── inflate, at most ◀──── with those ◀───── RSV1 was set ◀──────── wire
//!               `max_message_bytes`        four bytes
//! ```
//!
//! | file | what it holds |
//! |---|---|
//! | [`options`] | what this end wants, and what it costs in memory |
//! | `parameters` | the four parameters as they stand in the header |
//! | `negotiation` | the client's offer, the server's choice, the client's judgement |
//! | [`deflater`] | from messages to compressed payloads |
//! | [`inflater`] | from compressed payloads to messages |
//!
//! It is off unless asked for. What it saves in bytes it costs in time and memory, and a secret that is compressed
//! together with text from somebody else can leak through the *length* of what is sent (section 8 of the RFC: this is
//! how CRIME read cookies through TLS). Whoever mixes the two in one connection should leave it off.
//!
//! [`options`]: DeflateOptions

#[cfg(feature = "deflate")]
pub mod deflater;
#[cfg(feature = "deflate")]
pub mod inflater;
mod negotiation;
mod options;
mod parameters;

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
