//! WebSocket connections over tokio.
//!
//! The rules for handshakes and frames are in the [`protocol`] crate, which does no I/O. This crate
//! is the driver of `protocol`: it moves bytes between `protocol` and a byte stream, and supplies
//! the time and the random numbers.
//!
//! | file | what it holds |
//! |---|---|
//! | `websocket` | an open connection and its methods |
//! | `split` | an open connection in two halves for two tasks |
//! | `permit` | room in the queue, reserved before the message is available |
//! | `events` | streams and sinks of messages and control frames |
//! | `connect` | a client: opening handshake |
//! | `route` | a client: the route to the server, directly, through a proxy, or over another stream |
//! | `proxy` | a client: HTTP and SOCKS5 proxies |
//! | `dialer` | a client: a stream that the program opens |
//! | `redirect` | a client: redirects of the opening handshake |
//! | `time_left` | a client: the time-out of all steps together |
//! | `transport` | a client: name resolution, TCP, TLS |
//! | `tls_choice` | a client: the TLS configuration that its program has chosen |
//! | `unix_address` | a client: `ws+unix:` addresses |
//! | `transport_options` | a client: the options of the transport |
//! | `happy_eyeballs` | a client: the first of several addresses that accepts a connection |
//! | `tls` | TLS for clients and servers |
//! | `turns` | a client: at most one connection in the CONNECTING state per address |
//! | `client_upgrade` | a client: opening handshake over another HTTP client |
//! | `accept` | a server: opening handshake, or an ordinary HTTP response |
//! | `server_upgrade` | a server: an accepted request, and the connection that follows it |
//! | `server_config` | a server: its configuration |
//! | `driver` | reading, writing, deadlines and wakers |
//! | `budget` | the work that a connection may do before it lets other tasks run |
//! | `buffer_pool` | two buffers for all connections of a thread |
//! | `read_planner` | carrying out the plan: the buffer of each read |
//! | `read_plan` | the plan of each read: its buffer, the room in it, and the maximum number of bytes |
//! | `memory_budget` | the memory that many connections share |
//! | `memory_share` | the part of that memory that one connection has taken |
//! | `wakers` | one waker for two tasks |
//! | `event` | messages and control frames |
//! | `negotiated` | the results of the opening handshake |
//! | `maybe_tls_stream` | a client's stream: TCP or another transport, with or without TLS |
//! | `error` | errors |
//! | `keys` | random nonces and masking keys |
//! | `clock` | the current time |
//! | [`observer`] | functions for tools that show or teach the protocol |
//!
//! # The runtime
//!
//! This crate needs a tokio runtime whose timers are enabled, because the peer has a deadline for
//! the opening handshake, for the answer to a Ping, for the rest of a message, and for the closing
//! handshake. A client that opens its own TCP connection or Unix socket also needs the runtime's
//! I/O, as everything in `tokio::net` does. `#[tokio::main]`, `#[tokio::test]` and
//! `Builder::enable_all` enable both.
//!
//! Without timers, the functions that open a connection panic at once. An open connection panics
//! when it first needs a timer: at once with [`KeepAlive`], and otherwise when a message has
//! arrived only in part, when it waits for a [`MemoryBudget`], or when it begins to close. The
//! panic message names `Builder::enable_time`.
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
mod budget;
mod buffer_pool;
mod client_upgrade;
mod clock;
mod connect;
mod dialer;
mod driver;
mod error;
mod event;
mod events;
mod happy_eyeballs;
mod keys;
mod maybe_tls_stream;
mod memory_budget;
mod memory_share;
mod negotiated;
pub mod observer;
mod permit;
#[cfg(feature = "proxy")]
mod proxy;
mod read_plan;
mod read_planner;
mod redirect;
mod route;
mod server_config;
mod server_upgrade;
mod split;
mod time_left;
#[cfg(feature = "tls")]
pub mod tls;
mod tls_choice;
mod transport;
mod transport_options;
mod turns;
#[cfg(unix)]
mod unix_address;
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

#[cfg(feature = "proxy")]
pub use self::proxy::{Proxy, ProxyError, ProxyUrlError, ProxyVariableError};
#[cfg(unix)]
pub use self::unix_address::{UnixAddress, UnixAddressError};
pub use self::{
    accept::{Incoming, accept, accept_with, read_request, read_request_until},
    client_upgrade::{ClientUpgrade, EstablishedUpgrade},
    connect::{Connector, connect},
    dialer::DialedStream,
    error::{AcceptError, ConnectError, Error},
    event::Event,
    events::Events,
    maybe_tls_stream::MaybeTlsStream,
    memory_budget::{MemoryBudget, MemoryReservation},
    permit::Permit,
    redirect::{RedirectError, RedirectErrorReason},
    server_config::ServerConfig,
    server_upgrade::ServerUpgrade,
    split::{ReadHalf, WriteHalf},
    transport::{open_transport, open_transport_before_tls, open_transport_with},
    transport_options::TransportOptions,
    websocket::{Parts, WebSocket},
};

/// The README's examples, compiled as documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

/// The code from the book's pages about this library, compiled as documentation tests. `docs-check`
/// fails if a page is missing here.
#[cfg(doctest)]
mod book {
    #[doc = include_str!("../../../docs/src/run/authentication.md")]
    mod authentication {}
    #[doc = include_str!("../../../docs/src/run/broadcast.md")]
    mod broadcast {}
    #[doc = include_str!("../../../docs/src/run/client.md")]
    mod client {}
    #[doc = include_str!("../../../docs/src/run/close-codes.md")]
    mod close_codes {}
    #[doc = include_str!("../../../docs/src/run/limits.md")]
    mod limits {}
    #[doc = include_str!("../../../docs/src/run/origins.md")]
    mod origins {}
    #[doc = include_str!("../../../docs/src/run/promises.md")]
    mod promises {}
    #[doc = include_str!("../../../docs/src/run/server.md")]
    mod server {}
    #[doc = include_str!("../../../docs/src/run/testing.md")]
    mod testing {}
    #[cfg(all(feature = "tls-native-roots", feature = "tls-ring"))]
    #[doc = include_str!("../../../docs/src/tls.md")]
    mod tls {}
}
