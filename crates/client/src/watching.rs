//! `--trace` and `--capture`: what passes is shown as it passes.
//!
//! Without them nothing is watched, and nothing is paid: the connection then runs over the library's own stream, a type in
//! which there is no place for a tap (see `run` in `main`). With them it runs over a [`Tapped`] one.

use std::io::{self, Write};

use dissector::{Record, tap::Tapped, watch::Watch, watching::Watching};
use websocket::{MaybeTlsStream, protocol::Role};

use crate::report::report;

/// Puts the tap on a stream that is connected.
pub(crate) fn tap(
    watching: &Watching,
    stream: MaybeTlsStream,
) -> Tapped<MaybeTlsStream, Watch<impl FnMut(Record) + use<>>> {
    let format = watching.format();
    let print = move |record: Record| {
        if let Some(format) = format {
            // In one piece, so that it does not mix with other lines. If nobody reads it, there is nobody to tell.
            let _ = io::stderr().write_all(format.print(&record, Role::Client, "").as_bytes());
        }
    };
    let watch = capture(watching, Watch::new(print), &stream, report);
    Tapped::new(stream, Role::Client, watch)
}

/// Begins the capture of this connection, if one is wanted. `complain` gets a sentence if that fails, now or later.
pub(crate) fn capture<F: FnMut(Record)>(
    watching: &Watching,
    watch: Watch<F>,
    stream: &MaybeTlsStream,
    mut complain: impl FnMut(String) + Send + 'static,
) -> Watch<F> {
    let tcp = stream.tcp();
    let ends = tcp.local_addr().and_then(|client| Ok((client, tcp.peer_addr()?)));
    watching.capture(watch, ends, move |error| {
        complain(format!("the capture ends here: it cannot be written ({error})"));
    })
}
