//! `--trace` and `--capture`: shows the bytes of the connection while they pass.
//!
//! Without these options nobody observes the connection, and it costs nothing: the connection then
//! runs over the library's own stream, a type that has no tap in it (see `run` in `main`). With
//! them it runs over a [`Tapped`] stream.

use std::io::{self, Write};

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
        // One write, so that other lines cannot come between. If standard error is closed, there is
        // nobody left to report that to.
        let _ = io::stderr().write_all(text.as_bytes());
    };
    let observer = tracer.observer(Role::Client, String::new(), write);
    let observer = start_capture(tracer, observer, &stream, |sentence| report(sentence));
    Tapped::new(stream, Role::Client, observer)
}

/// Starts the capture of this connection, if the command line requests one. `report` gets a
/// sentence if that fails, now or later.
pub(crate) fn start_capture<F: FnMut(Record)>(
    tracer: &Tracer,
    observer: Observer<F>,
    stream: &MaybeTlsStream,
    report: impl FnMut(&str) + Send + 'static,
) -> Observer<F> {
    let tcp = stream.tcp();
    let addresses = tcp.local_addr().and_then(|client| Ok((client, tcp.peer_addr()?)));
    tracer.start_capture(observer, addresses, report)
}
