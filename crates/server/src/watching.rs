//! `--trace` and `--capture`: what passes is shown as it passes.
//!
//! Without them nothing is watched, and nothing is paid: connections then run over TCP itself, a type in which there is no
//! place for a tap (see `connection` in `listen`). With them they run over a [`Tapped`] one.

use std::{io, net::SocketAddr};

use dissector::{
    Record,
    render::palette,
    tap::Tapped,
    watch::{CaptureFile, Format, Watch},
};
use tokio::net::TcpStream;
use websocket::protocol::Role;

use crate::{
    args::{Args, Trace},
    output,
};

/// What the command line wants to see.
#[derive(Debug)]
pub(crate) struct Watching {
    format: Option<Format>,
    file: Option<CaptureFile>,
}

impl Watching {
    /// What `args` ask for; `None` if that is nothing.
    ///
    /// # Errors
    /// A sentence, if there can be no such file.
    pub(crate) fn wanted(args: &Args) -> Result<Option<Self>, String> {
        let format = args.trace.map(|trace| match trace {
            Trace::Text => Format::Text { colour: palette::wanted(io::IsTerminal::is_terminal(&io::stderr())) },
            Trace::Json => Format::Json,
        });
        let create = |path: &std::path::PathBuf| {
            CaptureFile::create(path).map_err(|error| {
                format!("cannot write the capture {}: {error}; --capture takes the path of a file", path.display())
            })
        };
        let file = args.capture.as_ref().map(create).transpose()?;
        Ok((format.is_some() || file.is_some()).then_some(Self { format, file }))
    }

    /// Puts the tap on a connection.
    pub(crate) fn tap(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
    ) -> Tapped<TcpStream, Watch<impl FnMut(Record) + use<>>> {
        let format = self.format;
        let connection = peer.to_string();
        let mut watch = Watch::new(move |record: Record| {
            if let Some(format) = format {
                output::log_text(&format.print(&record, Role::Server, &connection));
            }
        });
        if let Some(file) = &self.file {
            match stream.local_addr().and_then(|server| file.connection(peer, server)) {
                Ok(capture) => watch = watch.captured(capture, complain),
                Err(error) => complain(&error),
            }
        }
        Tapped::new(stream, Role::Server, watch)
    }
}

fn complain(error: &io::Error) {
    tracing::error!("the capture of a connection ends here: it cannot be written ({error})");
}
