//! `--trace` and `--capture`: what passes is shown as it passes.
//!
//! Without them nothing is watched, and nothing is paid: connections then run over TCP itself, a type in which there is no
//! place for a tap (see `connection` in `listen`). With them they run over a [`Tapped`] one.

use std::net::SocketAddr;

use dissector::{Record, tap::Tapped, watch::Watch, watching::Watching};
use tokio::net::TcpStream;
use websocket::protocol::Role;

use crate::output;

/// Puts the tap on a connection.
pub(crate) fn tap(
    watching: &Watching,
    stream: TcpStream,
    peer: SocketAddr,
) -> Tapped<TcpStream, Watch<impl FnMut(Record) + use<>>> {
    let format = watching.format();
    let connection = peer.to_string();
    let watch = Watch::new(move |record: Record| {
        if let Some(format) = format {
            output::log_text(&format.print(&record, Role::Server, &connection));
        }
    });
    let ends = stream.local_addr().map(|server| (peer, server));
    let watch = watching.capture(watch, ends, |error| {
        tracing::error!("the capture of a connection ends here: it cannot be written ({error})");
    });
    Tapped::new(stream, Role::Server, watch)
}
