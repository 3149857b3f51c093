//! `--trace` and `--capture`, which write to the terminal and to files. No run uses them.

use cli::Tracer;

use crate::{listener::Socket, peer::Peer};

/// The tracer of one connection, which traces nothing.
pub(crate) struct ConnectionTracer(());

impl ConnectionTracer {
    pub(crate) fn new(_: Tracer, _: &Socket, _: Peer) -> Self {
        Self(())
    }

    pub(crate) fn tap<S>(self, stream: S) -> S {
        stream
    }
}
