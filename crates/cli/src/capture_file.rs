//! A capture file that all connections of one program share.

use std::{
    fmt,
    fs::File,
    io::{self, BufWriter, Write},
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use dissector::capture::Capture;

use crate::new_file::create_new_file;

/// A pcapng file into which several connections are captured.
///
/// Each connection starts a new section in the file. Packets of older connections may appear in the
/// sections of newer ones. This does no harm, because all sections describe the same interface.
#[derive(Clone)]
pub struct CaptureFile(Arc<Mutex<BufWriter<File>>>);

impl fmt::Debug for CaptureFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CaptureFile")
    }
}

impl CaptureFile {
    /// Creates the file, as [`create_new_file`] does.
    ///
    /// # Errors
    /// Returns the errors of [`create_new_file`].
    pub fn create(path: &Path) -> io::Result<Self> {
        Ok(Self(Arc::new(Mutex::new(BufWriter::new(create_new_file(path)?)))))
    }

    /// Starts to capture a connection between these two addresses.
    ///
    /// # Errors
    /// Returns the file system's error.
    pub fn connection(&self, client: SocketAddr, server: SocketAddr) -> io::Result<Capture<CaptureSection>> {
        Capture::new(CaptureSection { file: self.clone(), block: Vec::new() }, client, server, SystemTime::now())
    }
}

/// Writes one connection to a [`CaptureFile`].
///
/// The writer collects bytes and writes only whole blocks to the file, so that connections do not
/// write into the middle of each other's blocks.
#[derive(Debug)]
pub struct CaptureSection {
    file: CaptureFile,
    block: Vec<u8>,
}

impl Write for CaptureSection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.block.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    /// Writes the collected blocks. [`Capture::flush`] calls this method only between blocks, so
    /// the blocks are complete.
    fn flush(&mut self) -> io::Result<()> {
        let mut file = self.file.0.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(&self.block)?;
        self.block.clear();
        // A user may open the file while the program runs, so flush the buffer: the file then
        // contains everything captured so far.
        file.flush()
    }
}
