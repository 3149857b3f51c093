//! `--trace` and `--capture`: show or record the bytes of each connection as they pass.
//!
//! Without these options, tracing costs nothing: each connection then runs directly over its socket
//! or TLS stream, whose type contains no tap (see `serve_connection` in `listen`). With either
//! option, each connection runs over a [`Tapped`] stream. If the connection uses TLS, the tap sits
//! above it and sees the unencrypted bytes.

use std::{io, net::SocketAddr};

use cli::{Observer, Tracer};
use dissector::{Record, tap::Tapped};
use protocol::Role;

use crate::{listener::Socket, output::log_text, peer::Peer};

/// The tracer of one connection, with the addresses of its two ends.
pub(crate) struct ConnectionTracer {
    tracer: Tracer,
    peer: Peer,
    server: io::Result<SocketAddr>,
}

impl ConnectionTracer {
    pub(crate) fn new(tracer: Tracer, stream: &Socket, peer: Peer) -> Self {
        Self { tracer, peer, server: local_address(stream) }
    }

    /// Puts a tap on a connection to trace and capture its bytes. `stream` is the socket, or the
    /// TLS stream over it.
    pub(crate) fn tap<S>(self, stream: S) -> Tapped<S, Observer<impl FnMut(Record) + use<S>>> {
        let Self { tracer, peer, server } = self;
        let observer = tracer.observer(Role::Server, peer.to_string(), log_text as fn(&str));
        let addresses = server.map(|server| (peer.captured_address(), server));
        let observer = tracer.start_capture(observer, addresses, move |sentence| tracing::error!("{peer}: {sentence}"));
        Tapped::new(stream, Role::Server, observer)
    }
}

/// Returns the local address to write to a capture. For a Unix socket, this is the server's default
/// address, because the packets in a capture need an address.
fn local_address(stream: &Socket) -> io::Result<SocketAddr> {
    #[cfg(unix)]
    return match stream {
        Socket::Left(tcp) => tcp.local_addr(),
        Socket::Right(_) => Ok(([127, 0, 0, 1], 8080).into()),
    };
    #[cfg(not(unix))]
    stream.local_addr()
}
