//! WebSocket connections over tokio.
//!
//! The protocol itself is in the [`protocol`] crate. This crate connects `protocol` to a byte
//! stream, a clock and a source of random numbers. It leaves the rules for handshakes and frames to
//! `protocol`, and performs the tasks of a driver: moving bytes, and supplying the time and random
//! numbers.
//!
//! | file | what it holds |
//! |---|---|
//! | `websocket` | an open connection and its methods |
//! | `split` | an open connection in two halves for two tasks |
//! | `events` | streams and sinks of messages and control frames |
//! | `connect` | a client: opening handshake |
//! | `transport` | a client: name resolution, TCP, TLS |
//! | `accept` | a server: opening handshake, or an ordinary HTTP response |
//! | `driver` | reading, writing, deadlines and wakers |
//! | `buffer_pool` | two buffers for all connections of a thread |
//! | `read_planner` | the buffer and the maximum size of each read |
//! | `memory_budget` | the memory that many connections share |
//! | `memory_share` | the part of that memory that one connection has taken |
//! | `wakers` | one waker for two tasks |
//! | `event` | messages and control frames |
//! | `negotiated` | the results of the opening handshake |
//! | `maybe_tls_stream` | TCP, or TLS over TCP |
//! | `error` | errors |
//! | `keys` | random nonces and masking keys |
//! | `clock` | the current time |
//! | [`observer`] | functions for tools that show or teach the protocol |
//!
//! # An echo server
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
//! loop {
//!     let (stream, _) = listener.accept().await?;
//!     tokio::spawn(async move {
//!         let mut connection = websocket::accept(stream).await?;
//!         while let Some(message) = connection.next().await {
//!             // One write per read: `feed` only queues, and `next` writes before it waits.
//!             connection.feed(message?).await?;
//!         }
//!         Ok::<(), websocket::Error>(())
//!     });
//! }
//! # }
//! ```

mod accept;
mod buffer_pool;
mod clock;
mod connect;
mod driver;
mod error;
mod event;
mod events;
mod keys;
mod maybe_tls_stream;
mod memory_budget;
mod memory_share;
mod negotiated;
pub mod observer;
mod read_planner;
mod split;
mod transport;
mod wakers;
mod websocket;

pub use bytes;
pub use http;
pub use protocol;
pub use protocol::{
    CloseCode, CloseFrame, CloseInfo, Config, DeflateOptions, Endpoint, HandshakeViolation, KeepAlive, Limits, Message,
    MessageKind, MessageRef, MessageTimeout, Outbound, PreparedMessage, State, Uri, UsageError, Utf8Bytes, Violation,
    handshake::{ClientRequest, Extension, HandshakeError, ReceivedRequest, UpgradeOptions, UpgradeRequest, rejection},
};

pub use self::{
    accept::{Incoming, ServerConfig, accept, accept_with, read_request},
    connect::{Connector, connect},
    error::{AcceptError, ConnectError, Error},
    event::Event,
    events::Events,
    maybe_tls_stream::MaybeTlsStream,
    memory_budget::MemoryBudget,
    split::{ReadHalf, WriteHalf},
    transport::open_transport,
    websocket::{Parts, WebSocket},
};

/// The examples of the README, compiled as documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
