//! A WebSocket connection, taken apart: bytes in, named and explained fields out.
//!
//! This crate is for people who look. It keeps no rule and sends nothing; it says what each byte of a conversation is,
//! what it means, why it is there, and which rule it breaks if it breaks one. The names are Wireshark's, so that what is
//! learnt here is found again there.
//!
//! # The data's way
//!
//! ```text
//!   bytes of one direction,                                    Record: a head, a frame, ...
//!   in any pieces                 ┌──────────────────┐           bytes, the first of them
//!   ── push(direction, bytes) ──▶ │   Conversation   │ ──▶       fields, in a tree ──▶ render: tree, hex dump,
//!                                 │ stream    stream │           findings                  JSON, figure
//!   the same bytes                │    └ shared ┘    │
//!   ── Capture::data ──▶ .pcapng  └──────────────────┘
//! ```
//!
//! A [`Conversation`] holds two streams, one for each [`Direction`]. A stream collects bytes until a unit is complete: the
//! head of the opening handshake, then frames. Each becomes one [`Record`], handed to the caller's closure. What has
//! begun and is not complete can be looked at with [`Conversation::partial`]. The two streams share a little: the key that
//! the request sent (the response has to answer it), what was offered and agreed on, and whether the answer was a 101,
//! without which what follows is no frame.
//!
//! A record is a list of [`Field`]s. A field is a range of bytes, perhaps only some bits of one, with a [`Value`], and with
//! a [`Term`], the entry of the [`glossary`] that explains it. Fields hold fields: the request line its method, the payload
//! of a Close frame its status code. A field that stands in no byte but follows from others, such as the SHA-1 digest
//! between the key and its answer, or the text of a compressed message, is marked as derived.
//!
//! Nothing here fails. Broken bytes are dissected as far as they go, and each broken rule is a [`Finding`] that holds the
//! protocol's own [`Violation`](protocol::Violation). Decoding is the [`protocol`] crate's too wherever it can be: a field
//! that this crate shows is what that crate reads.
//!
//! Any cut of the bytes gives the same records, and memory is bounded whatever a header announces: see [`Options`].
//!
//! | file | what it holds |
//! |---|---|
//! | [`conversation`] | two directions and what they share |
//! | `stream` | one direction: which unit comes next |
//! | `head` | request and response, line by line |
//! | `frame` | the frame and its bits |
//! | `message` | what frames add up to |
//! | `inflating` | what compressed messages stand for |
//! | [`record`], [`field`] | what comes out |
//! | [`glossary`] | every term: Wireshark's name, why it exists, where it is specified |
//! | [`render`] | for the terminal, for programs, for the book |
//! | `printable` | what a terminal would obey, made something to read |
//! | [`capture`] | a file for Wireshark |
//! | `tap` | a tokio stream that shows what passes (feature `tap`) |
//!
//! # A frame
//!
//! ```
//! use dissector::{Conversation, Direction, Options, render};
//!
//! let mut conversation = Conversation::after_handshake(Options::default());
//! let mut trees = Vec::new();
//! let wire = [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58];
//! // One byte at a time, as a slow network would have it.
//! for byte in wire {
//!     conversation.push(Direction::ToServer, &[byte], None, &mut |record| trees.push(render::tree(&record)));
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

pub mod capture;
pub mod conversation;
mod excerpt;
pub mod field;
mod frame;
pub mod glossary;
mod head;
mod inflating;
mod message;
mod printable;
pub mod record;
pub mod render;
mod stream;
#[cfg(feature = "tap")]
pub mod tap;

pub use self::{
    conversation::{Conversation, Options, Passed},
    field::{Field, Value},
    glossary::{Part, Reference, Term},
    printable::{is_harmful, printable, printable_with_tabs},
    record::{Direction, Finding, Record, RecordKind},
};
