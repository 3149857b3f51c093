//! Applies `--trace` and `--capture` to each connection of a program.

use std::{io, net::SocketAddr, path::Path};

use dissector::Record;
use protocol::Role;

use crate::{
    capture_file::CaptureFile,
    observer::Observer,
    record_format::RecordFormat,
    terminal::use_colours,
    tracing_options::{TraceFormat, TracingOptions},
};

/// The tracing that the command line requests. Each program creates one tracer and uses it for all
/// its connections.
#[derive(Debug, Clone)]
pub struct Tracer {
    format: Option<RecordFormat>,
    file: Option<CaptureFile>,
}

impl Tracer {
    /// Creates the tracer for `options`. Returns `None` if neither `--trace` nor `--capture` is
    /// present.
    ///
    /// Traces are meant for standard error, so they are coloured if standard error is a terminal
    /// that supports colours.
    ///
    /// # Errors
    /// Returns a sentence for the user if the capture file cannot be created.
    pub fn from_options(options: &TracingOptions) -> Result<Option<Self>, String> {
        let format = options.trace.map(|format| match format {
            TraceFormat::Text => RecordFormat::Text { colour: use_colours(&io::stderr()) },
            TraceFormat::Json => RecordFormat::Json,
        });
        let create = |path: &Path| {
            CaptureFile::create(path).map_err(|error| {
                format!("cannot write the capture {}: {error}; --capture takes the path of a new file", path.display())
            })
        };
        let file = options.capture.as_deref().map(create).transpose()?;
        Ok((format.is_some() || file.is_some()).then_some(Self { format, file }))
    }

    /// Creates the observer of one connection. If `--trace` is present, the observer passes each
    /// formatted record to `write`.
    ///
    /// `role` and `connection` have the same meaning as in [`RecordFormat::print`].
    pub fn observer<W: FnMut(&str)>(
        &self,
        role: Role,
        connection: String,
        mut write: W,
    ) -> Observer<impl FnMut(Record) + use<W>> {
        let format = self.format;
        Observer::new(move |record: Record| {
            if let Some(format) = format {
                write(&format.print(&record, role, &connection));
            }
        })
    }

    /// Starts the capture of one connection, if `--capture` is present.
    ///
    /// `addresses` are the addresses of the client and of the server. If capturing fails, now or
    /// later, `report` is called with one sentence that explains the failure.
    pub fn start_capture<F: FnMut(Record)>(
        &self,
        observer: Observer<F>,
        addresses: io::Result<(SocketAddr, SocketAddr)>,
        mut report: impl FnMut(&str) + Send + 'static,
    ) -> Observer<F> {
        let Some(file) = &self.file else { return observer };
        let mut on_error = move |error: &io::Error| {
            report(&format!("the capture ends here: it cannot be written ({error})"));
        };
        match addresses.and_then(|(client, server)| file.connection(client, server)) {
            Ok(capture) => observer.with_capture(capture, on_error),
            Err(error) => {
                on_error(&error);
                observer
            }
        }
    }
}
