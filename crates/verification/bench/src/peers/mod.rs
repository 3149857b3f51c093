//! Echo servers: each in a process of its own, on one thread, on a port that it prints.
//!
//! Every library is used as its own documentation says a fast server does it: with its vector code switched on, its
//! checks too, and its writes gathered where it can gather them. What all have in common, taking connections and the
//! HTTP handshake of those that bring none, is in [`serve`] and [`handshake`].

mod batch;
mod fastwebsockets;
pub mod floor;
pub mod handshake;
mod nexus;
mod ours;
mod raw;
pub mod serve;
mod sockudo;
mod tokio_websockets;
mod tungstenite;
mod wtx;
pub(crate) mod yawc;

use std::io;

/// Any error of any library.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A server that is a part of this program.
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    /// Its name in tables and on the command line.
    pub name: &'static str,
    /// The crate whose version stands in this package's manifest; empty for those that use none.
    pub crate_name: &'static str,
    /// Serves for ever: echoes.
    pub echo: fn() -> io::Result<()>,
    /// Serves for ever: passes each message on to everyone else.
    pub fan_out: Option<fn() -> io::Result<()>>,
}

/// The servers, limits first.
pub const PEERS: [Peer; 10] = [
    Peer { name: "raw TCP", crate_name: "", echo: raw::serve, fan_out: None },
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
