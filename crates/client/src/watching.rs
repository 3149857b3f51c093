//! `--trace` and `--capture`: what passes is shown as it passes.
//!
//! Without them nothing is watched, and nothing is paid: the connection then runs over the library's own stream, a type in
//! which there is no place for a tap (see `run` in `main`). With them it runs over a [`Tapped`] one.

use std::io::{self, Write};

use dissector::{
    Record,
    render::palette,
    tap::Tapped,
    watch::{CaptureFile, Format, Watch},
};
use websocket::{ClientStream, protocol::Role};

use crate::{
    args::{Args, Trace},
    terminal::say,
};

/// What the command line wants to see.
#[derive(Debug, Clone)]
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
        let colour = || palette::wanted(io::IsTerminal::is_terminal(&io::stderr()));
        let format = args.trace.map(|trace| match trace {
            Trace::Text => Format::Text { colour: colour() },
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

    /// Puts the tap on a stream that is connected.
    pub(crate) fn tap(self, stream: ClientStream) -> Tapped<ClientStream, Watch<impl FnMut(Record)>> {
        let format = self.format;
        let print = move |record: Record| {
            if let Some(format) = format {
                // In one piece, so that it does not mix with other lines. If nobody reads it, there is nobody to tell.
                let _ = io::stderr().write_all(format.print(&record, Role::Client, "").as_bytes());
            }
        };
        let watch = self.capture_on(Watch::new(print), &stream, say);
        Tapped::new(stream, Role::Client, watch)
    }

    /// Begins the capture of this connection, if one is wanted. `complain` gets a sentence if that fails, now or later.
    pub(crate) fn capture_on<F: FnMut(Record)>(
        &self,
        watch: Watch<F>,
        stream: &ClientStream,
        mut complain: impl FnMut(String) + Send + 'static,
    ) -> Watch<F> {
        let Some(file) = &self.file else { return watch };
        let mut failed = move |error: &io::Error| {
            complain(format!("the capture ends here: it cannot be written ({error})"));
        };
        let tcp = stream.tcp();
        match tcp.local_addr().and_then(|client| file.connection(client, tcp.peer_addr()?)) {
            Ok(capture) => watch.captured(capture, failed),
            Err(error) => {
                failed(&error);
                watch
            }
        }
    }
}
