//! Echo servers. Each server runs in its own process and on one thread, and prints its address.
//!
//! Each library is used as its documentation recommends for a fast server: with vector instructions
//! and validation enabled, and with gathered writes where it supports them. [`serve`] contains the
//! code that all servers share. [`handshake`] performs the opening handshake for libraries that
//! have no HTTP handshake.

mod batch;
mod fastwebsockets;
pub mod floor;
pub mod handshake;
mod nexus;
mod ours;
mod raw_tcp;
pub mod serve;
mod sockudo;
mod tokio_websockets;
mod tungstenite;
mod wtx;
pub(crate) mod yawc;

use std::io;

/// A server that is part of this program.
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    /// The server's name in tables and on the command line.
    pub name: &'static str,
    /// The library's name in this package's manifest, from which the report takes the library's
    /// version. Empty for servers that use no WebSocket library from outside this workspace.
    pub crate_name: &'static str,
    /// Runs an echo server until an error occurs.
    pub echo: fn() -> io::Result<()>,
    /// Runs a server that forwards each message to all other clients, until an error occurs. `None`
    /// if this program contains no such server for the library.
    pub fan_out: Option<fn() -> io::Result<()>>,
}

/// All servers, starting with the reference points.
pub const PEERS: [Peer; 10] = [
    Peer { name: "raw TCP", crate_name: "", echo: raw_tcp::serve, fan_out: None },
    Peer { name: "minimal frames", crate_name: "", echo: floor::serve, fan_out: None },
    Peer { name: "ours", crate_name: "", echo: ours::serve, fan_out: Some(ours::serve_fan_out) },
    Peer { name: "nexus-web", crate_name: "nexus-web", echo: nexus::serve, fan_out: None },
    Peer { name: "sockudo-ws", crate_name: "sockudo-ws", echo: sockudo::serve, fan_out: None },
    Peer { name: "tokio-websockets", crate_name: "tokio-websockets", echo: tokio_websockets::serve, fan_out: None },
    Peer { name: "yawc", crate_name: "yawc", echo: yawc::serve, fan_out: None },
    Peer { name: "fastwebsockets", crate_name: "fastwebsockets", echo: fastwebsockets::serve, fan_out: None },
    Peer { name: "wtx", crate_name: "wtx", echo: wtx::serve, fan_out: None },
    Peer {
        name: "tungstenite",
        crate_name: "tokio-tungstenite",
        echo: tungstenite::serve,
        fan_out: Some(tungstenite::serve_fan_out),
    },
];
