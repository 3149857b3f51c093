//! `--trace` and `--capture`: show or record the bytes of each connection as they pass.
//!
//! Without these options, tracing costs nothing: each connection then runs directly over a TCP
//! stream, a type that contains no tap (see `serve_connection` in `listen`). With either option,
//! each connection runs over a [`Tapped`] stream.

use std::net::SocketAddr;

use cli::{Observer, Tracer};
use dissector::{Record, tap::Tapped};
use protocol::Role;
use tokio::net::TcpStream;

use crate::output::log_text;

/// Puts a tap on a connection, to trace and capture its bytes.
pub(crate) fn tap(
    tracer: &Tracer,
    stream: TcpStream,
    peer: SocketAddr,
) -> Tapped<TcpStream, Observer<impl FnMut(Record) + use<>>> {
    let observer = tracer.observer(Role::Server, peer.to_string(), log_text as fn(&str));
    let addresses = stream.local_addr().map(|server| (peer, server));
    let observer = tracer.start_capture(observer, addresses, move |sentence| tracing::error!("{peer}: {sentence}"));
    Tapped::new(stream, Role::Server, observer)
}
