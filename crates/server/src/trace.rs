//! `--trace` and `--capture`: show or record the bytes of each connection as they pass.
//!
//! Without these options, tracing costs nothing: each connection then runs directly over a TCP
//! stream, a type that contains no tap (see `Client::serve` in `listen`). With either option, each
//! connection runs over a [`Tapped`] stream. With TLS, the tap is above it and sees plain bytes.

use std::{io, net::SocketAddr};

use cli::{Observer, Tracer};
use dissector::{Record, tap::Tapped};
use protocol::Role;

use crate::output::log_text;

/// Puts a tap on a connection, to trace and capture its bytes.
pub(crate) fn tap<S>(
    tracer: &Tracer,
    stream: S,
    peer: SocketAddr,
    local: io::Result<SocketAddr>,
) -> Tapped<S, Observer<impl FnMut(Record) + use<S>>> {
    let observer = tracer.observer(Role::Server, peer.to_string(), log_text as fn(&str));
    let addresses = local.map(|server| (peer, server));
    let observer = tracer.start_capture(observer, addresses, move |sentence| tracing::error!("{peer}: {sentence}"));
    Tapped::new(stream, Role::Server, observer)
}
