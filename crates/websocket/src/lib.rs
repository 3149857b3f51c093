//! WebSocket connections over tokio.
//!
//! The protocol is the [`protocol`] crate; this one gives it a byte stream, a clock and random numbers. It holds no rule
//! of the RFC, only what a driver owes the engine: to move bytes and tell the time.
//!
//! | file | what it does |
//! |---|---|
//! | `connect` | a client: name, TCP, TLS, opening handshake |
//! | `accept` | a server: opening handshake, or another answer |
//! | `websocket` | an open connection: reading, writing, deadlines |
//! | `split` | the same in two halves for two tasks |
//! | `blocks` | two buffers for all the connections of a thread |
//! | `wakers` | two tasks that wait for one socket |
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
//!             connection.send(message?).await?;
//!         }
//!         Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
//!     });
//! }
//! # }
//! ```

mod accept;
mod buffer_pool;
mod connect;
mod error;
mod keys;
mod split;
mod stream;
mod wakers;
mod websocket;

pub use protocol;

pub use self::{
    accept::{Incoming, ServerConfig, accept, accept_with, read_request},
    connect::{Connector, connect},
    error::{AcceptError, ConnectError, Error},
    split::{ReadHalf, WriteHalf},
    stream::MaybeTlsStream,
    websocket::{Event, WebSocket},
};
