//! The WebSocket protocol (RFC 6455) and its compression (RFC 7692), without I/O.
//!
//! This crate implements the protocol and nothing else: it has no socket, no clock, no source of
//! random numbers, no threads and no async code. Bytes and the time go in; events and bytes come
//! out. You can read it alongside the RFC, and you can drive it with any kind of I/O. The
//! [`websocket`](../websocket/index.html) crate drives it with tokio.
//!
//! | RFC 6455 | module |
//! |---|---|
//! | 3, 11.1: URIs | [`uri`], `uri_input`, `uri_reference` |
//! | 4, 9.1, 11.3: opening handshake | [`handshake`] |
//! | 5.1-5.3: frames | [`frame`] |
//! | 5.4, 5.6: fragments and messages | [`connection`], [`message`] |
//! | 5.5: control frames | [`connection`] |
//! | 6: sending and receiving | [`connection`] |
//! | 7: closing | [`connection`], [`close`] |
//! | 8.1: UTF-8 | [`utf8`] |
//! | 9 and RFC 7692: extensions, compression | [`extension`] |
//! | 10.4: limits | [`limits`], [`message_timeout`] |
//! | every rule that a peer can break | [`violation`], [`handshake::violation`] |
//! | every rule that a caller can break | [`usage_error`] |
//! | the roles, the configuration, references to RFCs | [`role`], [`config`], [`rfc`] |
//! | tools that observe a connection of other endpoints | [`observer`] |
//!
//! Comments that begin with `//=` and `//#` cite the rule that the code below them obeys: `//=`
//! names the page of the book that restates the RFC, and `//#` repeats the sentence of the rule. A
//! tool compares each cited sentence with the page, and reports any rule that is not cited in both
//! code and tests, unless an exception with a reason is recorded for it.
//!
//! # Example: two endpoints in memory
//!
//! ```
//! # use std::time::Instant;
//! use protocol::{Config, Connection, Event, Message, Transmit, frame::MaskingKey};
//! use bytes::Buf;
//!
//! let now = Instant::now();
//! let key = || MaskingKey([0x37, 0xFA, 0x21, 0x3D]);
//! let mut client = Connection::client(Config::default(), Box::new(key), now);
//! let mut server = Connection::server(Config::default(), now);
//!
//! // The client sends a message, and the driver takes the bytes of its frame.
//! client.send(Message::text("Hello"))?;
//! let Some(Transmit::Bytes(output)) = client.poll_transmit() else { panic!("nothing to send") };
//! let wire = output.copy_to_bytes(output.remaining());
//! assert_eq!(wire[..], [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58]);
//!
//! // The server receives the bytes, and returns the message.
//! server.receive(&wire);
//! let Some(Event::Message(message)) = server.poll_event(now)? else { panic!("no message") };
//! assert_eq!(message.into_message(), Message::text("Hello"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod close;
pub mod config;
pub mod connection;
pub mod extension;
pub mod frame;
pub mod handshake;
pub mod limits;
pub mod message;
pub mod message_timeout;
pub mod observer;
pub mod rfc;
pub mod role;
pub mod uri;
mod uri_input;
mod uri_reference;
pub mod usage_error;
pub mod utf8;
pub mod violation;

pub use close::{CloseCode, CloseFrame};
pub use config::{Config, KeepAlive};
pub use connection::{
    CloseInfo, Connection, Endpoint, Event, MessageRef, Outbound, PreparedMessage, SendQueue, State, Transmit,
};
pub use extension::{DeflateOptions, NegotiatedDeflate};
pub use handshake::HandshakeViolation;
pub use limits::Limits;
pub use message::{Message, MessageKind, Utf8Bytes};
pub use message_timeout::MessageTimeout;
pub use rfc::RfcSection;
pub use role::Role;
pub use uri::{Authority, Uri, UriError};
pub use usage_error::UsageError;
pub use violation::Violation;

/// The README's examples, compiled as documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
