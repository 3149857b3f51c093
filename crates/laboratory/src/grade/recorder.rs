//! A stream that records the bytes it carries, so that the judge can show them.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The maximum number of bytes to keep in each direction. The longest message whose bytes are worth
/// showing is 64 KiB long, and a check that floods the peer must not fill the memory.
const KEPT: usize = 256 << 10;

/// The bytes of a connection in the order in which the judge has written and read them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recording {
    /// The pieces of both directions.
    pub pieces: Vec<RecordedPiece>,
    /// The number of bytes kept so far in each direction: first those received, then those sent.
    kept: [usize; 2],
}

/// The bytes of one write or of one read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedPiece {
    /// Whether the judge sent the bytes. If not, it received them.
    pub sent: bool,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Recording {
    /// Returns all bytes of one direction, up to the maximum that a recording keeps.
    #[must_use]
    pub fn bytes(&self, sent: bool) -> Vec<u8> {
        self.pieces.iter().filter(|piece| piece.sent == sent).flat_map(|piece| &piece.bytes).copied().collect()
    }

    fn add(&mut self, sent: bool, bytes: &[u8]) {
        let kept = &mut self.kept[usize::from(sent)];
        let bytes = &bytes[..bytes.len().min(KEPT - *kept)];
        if !bytes.is_empty() {
            *kept += bytes.len();
            self.pieces.push(RecordedPiece { sent, bytes: bytes.to_vec() });
        }
    }
}

/// A handle to the recording of a connection that may still be in use.
#[derive(Debug, Clone, Default)]
pub(crate) struct RecordingHandle(Arc<Mutex<Recording>>);

impl RecordingHandle {
    pub(crate) fn take(&self) -> Recording {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns what the judge has received so far.
    pub(crate) fn received(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).bytes(false)
    }

    /// Replaces this recording with the one taken from another handle.
    pub(crate) fn replace(&self, other: &Self) {
        let recording = other.take();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = recording;
    }

    fn add(&self, sent: bool, bytes: &[u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).add(sent, bytes);
    }
}

/// A stream that records the bytes it carries.
#[derive(Debug)]
pub(crate) struct Recorder<S> {
    stream: S,
    recording: RecordingHandle,
}

impl<S> Recorder<S> {
    pub(crate) const fn new(stream: S, recording: RecordingHandle) -> Self {
        Self { stream, recording }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Recorder<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        self.recording.add(false, &buf.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Recorder<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let count = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes))?;
        self.recording.add(true, &bytes[..count]);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, BufWriter, duplex};

    use super::*;

    fn piece(sent: bool, bytes: &[u8]) -> RecordedPiece {
        RecordedPiece { sent, bytes: bytes.to_vec() }
    }

    #[tokio::test]
    async fn both_directions_are_recorded_in_order() {
        let (near, mut far) = duplex(64);
        let recording = RecordingHandle::default();
        // The `BufWriter` writes its bytes only if the recorder passes the flush on to it.
        let mut recorder = Recorder::new(BufWriter::new(near), recording.clone());
        recorder.write_all(b"Ping").await.expect("it is open");
        recorder.flush().await.expect("it is open");
        let mut input = [0; 4];
        far.read_exact(&mut input).await.expect("it is open");
        far.write_all(b"Pong").await.expect("it is open");
        recorder.read_exact(&mut input).await.expect("it is open");
        recorder.write_all(b"Close").await.expect("it is open");
        recorder.shutdown().await.expect("it is open");
        let mut rest = Vec::new();
        far.read_to_end(&mut rest).await.expect("it has ended");
        assert_eq!(rest, b"Close");

        assert_eq!(recording.received(), b"Pong");
        let pieces = [piece(true, b"Ping"), piece(false, b"Pong"), piece(true, b"Close")];
        assert_eq!(recording.take().pieces, pieces);
        assert_eq!(recording.take(), Recording::default());
    }

    #[test]
    fn each_direction_is_kept_up_to_256_kib() {
        let recording = RecordingHandle::default();
        let other = RecordingHandle::default();
        let half = vec![b'x'; 150 << 10];
        for sent in [true, true, true, false] {
            other.add(sent, &half);
        }
        recording.add(true, b"forgotten");
        recording.replace(&other);
        let recording = recording.take();
        assert_eq!(recording.bytes(true), vec![b'x'; 256 << 10]);
        assert_eq!(recording.bytes(false), half);
        // No byte of the third write was kept.
        assert_eq!(recording.pieces.len(), 3);
    }
}
