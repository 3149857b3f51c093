//! Dissects WebSocket connections: bytes in, named and explained fields out.
//!
//! This crate is for people who want to inspect a connection. It enforces no rules and sends
//! nothing. For every byte of a conversation, it names the field, explains its meaning and its
//! purpose, and reports any rule that the byte breaks. The field names are those of Wireshark, so
//! you can use them in Wireshark's display filters.
//!
//! # Overview
//!
//! ```text
//!   bytes of one direction,                              Record: a head, a frame, ...
//!   in pieces of any size        ┌──────────────────┐      the bytes
//!   ── push(direction, bytes) ─▶ │   Conversation   │ ─▶   a tree of fields     ─▶ render:
//!                                │ stream    stream │      broken rules            tree, hex dump,
//!   the same bytes               │    └ context ┘   │                              JSON, figure
//!   ── Capture::data ─▶ .pcapng  └──────────────────┘
//! ```
//!
//! A [`Conversation`] has one stream for each [`Direction`]. A stream collects bytes until a
//! **unit** is complete: the head of an HTTP message (its first line and its header fields), a
//! body, or a frame. It turns each unit into a [`Record`] and passes it to the caller's closure.
//! [`Conversation::partial`] returns the record of a unit that is still incomplete. The two streams
//! share a small context. It holds the request's key (which determines the accept value in the
//! response), the extensions that were offered and accepted, and whether the response was a 101,
//! without which no frames follow.
//!
//! A record contains a list of [`Field`]s. A field is a range of bytes, or some bits of one byte,
//! with a [`FieldValue`] and a [`Term`], its entry in the [`glossary`]. Fields contain fields: the
//! request line contains the method, and the payload of a Close frame contains the status code.
//! Some fields are **derived**: they are not on the wire, but computed from other fields. Examples
//! are the SHA-1 digest between the key and the accept value, and the text of a compressed message.
//!
//! A dissection never fails. Invalid bytes are dissected as far as possible, and each broken rule
//! becomes a [`Finding`]. The rules are those of the [`protocol`] crate. This crate also uses the
//! decoders of `protocol` wherever possible, so that a field in a record has the value that an
//! endpoint would read from the same bytes.
//!
//! The records do not depend on how the bytes are split between calls. Memory use is bounded,
//! whatever length a header announces; see [`Options`].
//!
//! # Example
//!
//! ```
//! use dissector::{Conversation, Direction, Options, render};
//!
//! let mut conversation = Conversation::after_handshake(Options::default());
//! let mut trees = Vec::new();
//! let wire = [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58];
//! // One byte at a time, as from a slow network.
//! for byte in wire {
//!     conversation.push(Direction::ToServer, &[byte], None, &mut |record| {
//!         trees.push(render::tree(&record));
//!     });
//! }
//! assert_eq!(trees, ["\
//! WebSocket
//!     1... .... = Fin: True
//!     .000 .... = Reserved: 0x0
//!     .... 0001 = Opcode: Text (1)
//!     1... .... = Mask: True
//!     .000 0101 = Payload length: 5
//!     Masking-Key: 37fa213d
//!     Masked payload
//!     Payload
//!         Text: Hello
//! "]);
//! ```
//!
//! The example program `dissect` shows a whole connection, from the request to the last Close
//! frame, as hex dumps, trees or JSON: `cargo run -p dissector --example dissect`.
//!
//! # Modules
//!
//! Each module uses only modules below it in this table.
//!
//! | module | contents |
//! |---|---|
//! | [`render`] | records as text, JSON and figures |
//! | [`capture`] | a file for Wireshark |
//! | `tap` | a tokio stream that reports the bytes it carries (feature `tap`) |
//! | [`conversation`] | the two directions of a connection |
//! | `stream` | one direction, divided into units |
//! | `head`, `frame` | the dissection of the units |
//! | `context` | facts from earlier units that later units need |
//! | `message`, `inflate` | the message that frames make up, and its decompression |
//! | `unit` | the dissection of a unit, from which a record is made |
//! | [`record`], [`field`] | the output |
//! | [`glossary`] | the terms: name in Wireshark, purpose and section |
//! | `printable` | text that is safe to print on a terminal |
//! | `options`, `excerpt`, `passed` | options, beginnings of long byte sequences, counts of undissected units |

pub mod capture;
mod context;
pub mod conversation;
mod excerpt;
pub mod field;
mod frame;
pub mod glossary;
mod head;
mod inflate;
mod message;
mod options;
mod passed;
mod printable;
pub mod record;
pub mod render;
mod stream;
#[cfg(feature = "tap")]
pub mod tap;
mod unit;

pub use self::{
    conversation::Conversation,
    field::{Field, FieldValue},
    glossary::{RecordPart, Term},
    options::Options,
    passed::Passed,
    printable::{is_harmful, printable, printable_json, printable_lines, printable_with_tabs},
    record::{BrokenRule, Direction, Finding, Record, RecordKind},
};

/// Runs the example in the README as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
