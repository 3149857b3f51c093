//! A byte stream in memory: what remains of a socket when the system is taken away.
//!
//! It gives the same bytes over and over, copied out as a socket's are, so many at a time, and swallows what is written.
//! The blocking and the asynchronous way to read are both here, because the libraries differ in which they want.

use std::{
    cell::Cell,
    io::{self, Read, Write},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use bytes::BufMut;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The stream. Clones read for themselves and count together what is written.
#[derive(Debug, Clone)]
pub struct Wire {
    bytes: Rc<[u8]>,
    at: usize,
    per_read: usize,
    waits: bool,
    delivered: bool,
    written: Rc<Cell<usize>>,
}

impl Wire {
    /// A stream of `bytes`, again and again, at most `per_read` of them at a time.
    ///
    /// With `waits`, every second read finds nothing, as on a connection whose bytes come slowly: then a library does not
    /// get away with what it does only while bytes keep coming.
    #[must_use]
    pub fn new(bytes: impl Into<Rc<[u8]>>, per_read: usize, waits: bool) -> Self {
        Self { bytes: bytes.into(), at: 0, per_read, waits, delivered: false, written: Rc::default() }
    }

    /// How many bytes were written.
    #[must_use]
    pub fn written(&self) -> usize {
        self.written.get()
    }

    /// Notes that `count` bytes were written, for those who have a buffer and no stream.
    pub fn note_written(&self, count: usize) {
        self.written.set(self.written.get() + count);
    }

    /// The next piece, of at most `room` bytes; `None` if there is nothing just now.
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

    /// Reads into a buffer that grows; says whether anything came.
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

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let piece = self.piece(buffer.len()).ok_or(io::ErrorKind::WouldBlock)?;
        buffer[..piece.len()].copy_from_slice(piece);
        Ok(piece.len())
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.note_written(bytes.len());
        Ok(bytes.len())
    }

    fn write_vectored(&mut self, pieces: &[io::IoSlice<'_>]) -> io::Result<usize> {
        let count = pieces.iter().map(|piece| piece.len()).sum();
        self.note_written(count);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsyncRead for Wire {
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

impl AsyncWrite for Wire {
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
