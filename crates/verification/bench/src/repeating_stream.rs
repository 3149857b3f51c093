//! A byte stream in memory that takes the place of a socket, so that no system call is measured.
//!
//! Reads return copies of the same bytes again and again, a limited number at a time. Writes are
//! counted and dropped. The stream implements both blocking and asynchronous traits, because some
//! libraries need the blocking traits and others the asynchronous ones.

use std::{
    cell::Cell,
    io::{self, Read, Write},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use bytes::BufMut;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream that repeats its bytes. A clone has its own read position, but shares the count of
/// written bytes with the original.
#[derive(Debug, Clone)]
pub struct RepeatingStream {
    bytes: Rc<[u8]>,
    at: usize,
    per_read: usize,
    waits: bool,
    delivered: bool,
    written: Rc<Cell<usize>>,
}

impl RepeatingStream {
    /// Creates a stream that repeats `bytes` and returns at most `per_read` of them per read.
    ///
    /// If `waits` is true, every second read finds nothing, as on a slow connection. A library then
    /// also has to do the work that it can skip while bytes keep arriving.
    #[must_use]
    pub fn new(bytes: impl Into<Rc<[u8]>>, per_read: usize, waits: bool) -> Self {
        Self { bytes: bytes.into(), at: 0, per_read, waits, delivered: false, written: Rc::default() }
    }

    /// Returns the number of bytes that were written.
    #[must_use]
    pub fn written(&self) -> usize {
        self.written.get()
    }

    /// Counts `count` bytes as written, for a library that writes into a buffer and not to a
    /// stream.
    pub fn count_written(&self, count: usize) {
        self.written.set(self.written.get() + count);
    }

    /// Returns the next piece, of at most `room` bytes, or `None` if this read finds nothing.
    fn piece(&mut self, room: usize) -> Option<&[u8]> {
        if self.waits && self.delivered {
            self.delivered = false;
            return None;
        }
        self.delivered = true;
        let start = self.at;
        let len = self.per_read.min(room).min(self.bytes.len() - start);
        self.at = (start + len) % self.bytes.len();
        Some(&self.bytes[start..start + len])
    }

    /// Reads once from the stream, and appends the bytes to `buffer`. Returns `false` if this read
    /// finds nothing.
    pub fn fill(&mut self, buffer: &mut impl BufMut) -> bool {
        match self.piece(usize::MAX) {
            Some(piece) => {
                buffer.put_slice(piece);
                true
            }
            None => false,
        }
    }
}

impl Read for RepeatingStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let piece = self.piece(buffer.len()).ok_or(io::ErrorKind::WouldBlock)?;
        buffer[..piece.len()].copy_from_slice(piece);
        Ok(piece.len())
    }
}

impl Write for RepeatingStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.count_written(bytes.len());
        Ok(bytes.len())
    }

    fn write_vectored(&mut self, pieces: &[io::IoSlice<'_>]) -> io::Result<usize> {
        let count = pieces.iter().map(|piece| piece.len()).sum();
        self.count_written(count);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsyncRead for RepeatingStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.piece(buffer.remaining()) {
            Some(piece) => {
                buffer.put_slice(piece);
                Poll::Ready(Ok(()))
            }
            None => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }
}

impl AsyncWrite for RepeatingStream {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(self.write(bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(self.write_vectored(pieces))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
