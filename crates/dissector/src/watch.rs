//! A tap that takes apart what passes: what `--trace` and `--capture` are made of.
//!
//! ```text
//!   Tapped ── bytes ──▶ Watch ──▶ Conversation ──▶ Record ──▶ a closure: print it, show it
//!                         └─────▶ Capture ──▶ a file for Wireshark
//! ```

use std::{
    fmt,
    fs::File,
    io::{self, BufWriter, Write},
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use protocol::Role;

use crate::{
    capture::Capture,
    conversation::{Conversation, Options},
    printable::printable,
    record::{Direction, Record},
    render,
    tap::Tap,
};

/// How many rows of 16 bytes of a record are shown: a screenful. The whole of a long message is in the JSON's counts and in
/// a capture.
const ROWS_SHOWN: usize = 16;

/// How records are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people: a line that says which way it went and what it is, the bytes, and the fields under them.
    Text {
        /// Whether to use colours.
        colour: bool,
    },
    /// For programs: a line of JSON for each record, see [`render::json`].
    Json,
}

impl Format {
    /// A record as it is printed, with a line end. `role` is whose trace it is: `>` marks what it sends and `<` what it
    /// receives. `connection`, if not empty, tells several connections of one program apart.
    #[must_use]
    pub fn print(self, record: &Record, role: Role, connection: &str) -> String {
        match self {
            Self::Text { colour } => {
                let mark = if record.direction.sender() == role { '>' } else { '<' };
                let space = if connection.is_empty() { "" } else { " " };
                let cut = if record.complete { "" } else { " (not complete)" };
                let dump = render::hex_dump(record, ROWS_SHOWN, colour);
                format!("{connection}{space}{mark} {}{cut}\n{dump}\n", printable(&record.summary))
            }
            Self::Json if connection.is_empty() => render::json(record) + "\n",
            // The record is an object; the name of the connection becomes its first member.
            Self::Json => format!("{{\"connection\":\"{connection}\",{}\n", &render::json(record)[1..]),
        }
    }
}

/// A file that several connections of one program are captured into.
///
/// Each connection begins a section of its own in the file. Packets of older connections may stand in the sections of newer
/// ones, which does no harm: all sections describe the same interface.
#[derive(Clone)]
pub struct CaptureFile(Arc<Mutex<BufWriter<File>>>);

impl fmt::Debug for CaptureFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CaptureFile")
    }
}

impl CaptureFile {
    /// Creates the file, or empties it.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn create(path: &Path) -> io::Result<Self> {
        Ok(Self(Arc::new(Mutex::new(BufWriter::new(File::create(path)?)))))
    }

    /// Begins the capture of a connection.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn connection(&self, client: SocketAddr, server: SocketAddr) -> io::Result<Capture<Section>> {
        Capture::new(Section { file: self.clone(), block: Vec::new() }, client, server, SystemTime::now())
    }
}

/// One connection's part of a [`CaptureFile`]: passes on whole blocks, so that connections do not write into each other's.
#[derive(Debug)]
pub struct Section {
    file: CaptureFile,
    block: Vec<u8>,
}

impl Write for Section {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.block.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    /// Blocks are complete whenever [`Capture::flush`] can be called.
    fn flush(&mut self) -> io::Result<()> {
        let mut file = self.file.0.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(&self.block)?;
        self.block.clear();
        // Whoever looks into the file meanwhile finds everything that has happened.
        file.flush()
    }
}

/// A [`Tap`] that gives each record to a closure, and all bytes to a capture if there is one.
pub struct Watch<F> {
    conversation: Conversation,
    capture: Option<Capture<Section>>,
    complain: Box<dyn FnMut(&io::Error) + Send>,
    each: F,
}

impl<F> fmt::Debug for Watch<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch")
            .field("conversation", &self.conversation)
            .field("capture", &self.capture)
            .finish_non_exhaustive()
    }
}

impl<F: FnMut(Record)> Watch<F> {
    /// Watches a connection from its first byte.
    pub fn new(each: F) -> Self {
        Self { conversation: Conversation::new(Options::default()), capture: None, complain: Box::new(|_| {}), each }
    }

    /// Captures it as well. `complain` is told once if that fails, because the disk is full for example.
    #[must_use]
    pub fn captured(mut self, capture: Capture<Section>, complain: impl FnMut(&io::Error) + Send + 'static) -> Self {
        self.capture = Some(capture);
        self.complain = Box::new(complain);
        self
    }

    /// Writes to the capture. When that fails, there is no more capturing; the connection goes on.
    fn capture(&mut self, write: impl FnOnce(&mut Capture<Section>) -> io::Result<()>) {
        let Some(capture) = &mut self.capture else { return };
        if let Err(error) = write(capture).and_then(|()| capture.flush()) {
            self.capture = None;
            (self.complain)(&error);
        }
    }
}

impl<F: FnMut(Record)> Tap for Watch<F> {
    fn bytes(&mut self, direction: Direction, bytes: &[u8]) {
        let now = SystemTime::now();
        self.capture(|capture| capture.data(direction, bytes, now));
        self.conversation.push(direction, bytes, Some(now), &mut self.each);
    }

    fn end(&mut self, direction: Direction) {
        let now = SystemTime::now();
        self.capture(|capture| capture.end(direction, now));
        self.conversation.end(direction, Some(now), &mut self.each);
    }
}
