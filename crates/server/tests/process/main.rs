//! Tests of the server as a separate process, over TCP, as any client would use it.
//!
//! Some of the tests stop the server with signals that exist only on Unix.

mod chat;
mod deflate;
mod echo;
mod every_byte;
mod grade;
mod http;
#[cfg(feature = "http2")]
mod http2;
mod laboratory;
#[cfg(target_os = "linux")]
mod memory;
mod memory_budget;
#[cfg(target_os = "linux")]
mod pongs;
mod proxies;
mod shutdown;
mod slow_clients;
mod stats;
mod support;
mod terminal;
mod tls;
mod trace;
#[cfg(unix)]
mod unix_socket;
mod violations;
mod wire;
