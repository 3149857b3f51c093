//! `--trace` and `--capture`: show or record the bytes of each connection as they pass.
//!
//! Without these options, tracing costs nothing: each connection then runs directly over a TCP
//! stream, a type that contains no tap (see `serve_connection` in `listen`). With either option,
//! each connection runs over a [`Tapped`] stream. With TLS, the tap is above it and sees plain
//! bytes.

use std::{io, net::SocketAddr};

use cli::{Observer, Tracer};
use dissector::{Record, tap::Tapped};
use protocol::Role;
use tokio::net::TcpStream;

use crate::output::log_text;

/// The tracer of one connection, with the addresses of its two ends.
pub(crate) struct ConnectionTracer {
    tracer: Tracer,
    peer: SocketAddr,
    server: io::Result<SocketAddr>,
}

impl ConnectionTracer {
    pub(crate) fn new(tracer: Tracer, stream: &TcpStream, peer: SocketAddr) -> Self {
        Self { tracer, peer, server: stream.local_addr() }
    }

    /// Puts a tap on a connection, to trace and capture its bytes. `stream` is TCP, or TLS over it.
    pub(crate) fn tap<S>(self, stream: S) -> Tapped<S, Observer<impl FnMut(Record) + use<S>>> {
        let Self { tracer, peer, server } = self;
        let observer = tracer.observer(Role::Server, peer.to_string(), log_text as fn(&str));
        let addresses = server.map(|server| (peer, server));
        let observer = tracer.start_capture(observer, addresses, move |sentence| tracing::error!("{peer}: {sentence}"));
        Tapped::new(stream, Role::Server, observer)
    }
}
