//! What a program's options `--trace` and `--capture` ask for, the same in each program that has them.

use std::{io, net::SocketAddr, path::Path, str::FromStr};

use crate::{
    record::Record,
    render::palette,
    watch::{CaptureFile, Format, Watch},
};

/// The value of `--trace`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trace {
    /// For people.
    Text,
    /// For programs.
    Json,
}

impl FromStr for Trace {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err("there are 'text' and 'json'"),
        }
    }
}

/// What is to be seen of a program's connections.
#[derive(Debug, Clone)]
pub struct Watching {
    format: Option<Format>,
    file: Option<CaptureFile>,
}

impl Watching {
    /// What the options ask for; `None` if that is nothing. Traces go to standard error, in colours if that is a terminal.
    ///
    /// # Errors
    /// A sentence for whoever wrote the command line, if there can be no such file.
    pub fn wanted(trace: Option<Trace>, capture: Option<&Path>) -> Result<Option<Self>, String> {
        let format = trace.map(|trace| match trace {
            Trace::Text => Format::Text { colour: palette::wanted(&io::stderr()) },
            Trace::Json => Format::Json,
        });
        let create = |path: &Path| {
            CaptureFile::create(path).map_err(|error| {
                format!("cannot write the capture {}: {error}; --capture takes the path of a file", path.display())
            })
        };
        let file = capture.map(create).transpose()?;
        Ok((format.is_some() || file.is_some()).then_some(Self { format, file }))
    }

    /// How records are printed, if they are.
    #[must_use]
    pub const fn format(&self) -> Option<Format> {
        self.format
    }

    /// Begins the capture of a connection, if there is to be one. `ends` are the client's and the server's address;
    /// `complain` is told once if capturing fails, now or later.
    pub fn capture<F: FnMut(Record)>(
        &self,
        watch: Watch<F>,
        ends: io::Result<(SocketAddr, SocketAddr)>,
        mut complain: impl FnMut(&io::Error) + Send + 'static,
    ) -> Watch<F> {
        let Some(file) = &self.file else { return watch };
        match ends.and_then(|(client, server)| file.connection(client, server)) {
            Ok(capture) => watch.captured(capture, complain),
            Err(error) => {
                complain(&error);
                watch
            }
        }
    }
}
