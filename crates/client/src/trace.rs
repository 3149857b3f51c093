//! `--trace` and `--capture`: show the bytes of the connection as they pass, or write them to a
//! file.
//!
//! If neither option is set and the client works line by line, observing costs nothing: the
//! connection uses the library's own stream type, which contains no tap (see `run` in `main`). With
//! either option, it uses a [`Tapped`] stream.

use std::{
    io::{self, Write},
    net::SocketAddr,
};

use cli::{Observer, Tracer};
use dissector::{Record, tap::Tapped};
use websocket::{MaybeTlsStream, protocol::Role};

use crate::report::report;

/// Puts a tap on a connected stream.
pub(crate) fn tap(
    tracer: &Tracer,
    stream: MaybeTlsStream,
) -> Tapped<MaybeTlsStream, Observer<impl FnMut(Record) + use<>>> {
    let write = |text: &str| {
        // Write the text in one call, so that no other output can split it. Ignore any error: if
        // standard error is closed, the error cannot be reported either.
        let _ = io::stderr().write_all(text.as_bytes());
    };
    let observer = tracer.observer(Role::Client, String::new(), write);
    let observer = start_capture(tracer, observer, &stream, |sentence| report(sentence));
    Tapped::new(stream, Role::Client, observer)
}

/// Starts the capture of this connection, if the command line requests one. If the capture fails,
/// at the start or later, calls `report` with a sentence that describes the failure.
pub(crate) fn start_capture<F: FnMut(Record)>(
    tracer: &Tracer,
    observer: Observer<F>,
    stream: &MaybeTlsStream,
    report: impl FnMut(&str) + Send + 'static,
) -> Observer<F> {
    let addresses = match stream.tcp() {
        Some(tcp) => tcp.local_addr().and_then(|client| Ok((client, tcp.peer_addr()?))),
        // A Unix socket has no addresses, but the packets of a capture need some.
        None => Ok((SocketAddr::from(([127, 0, 0, 1], 49_152)), SocketAddr::from(([127, 0, 0, 1], 80)))),
    };
    tracer.start_capture(observer, addresses, report)
}
