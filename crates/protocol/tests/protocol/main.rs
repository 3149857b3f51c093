//! Tests of the protocol through its public API, arranged by topics of RFC 6455 and RFC 7692.
//!
//! They form one program, because linking one program is faster than linking twenty-five.
//! `deflate_memory` and `idle_memory`, next to this folder, are separate programs because each of
//! them measures the memory of its process.

mod closing;
mod control;
mod deflate;
mod failing;
mod fast_path;
mod fragmentation;
mod frames;
mod handshake;
mod keep_alive;
mod limits;
mod message_timeout;
mod messages;
mod properties;
mod rfc_examples;
mod sending;
mod text;
mod uri;
mod violations;
