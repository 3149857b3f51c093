//! A stream that two can write to: the engine, and the laboratory beside it.
//!
//! ```text
//!   engine ──▶ Lane ──┬──▶ tap ──▶ TCP
//!                     │
//!   Bypass ───────────┘   raw bytes, between two writes of the engine
//!          ── pace ───▶   one byte at a time
//! ```
//!
//! Raw bytes can make nonsense of a connection. So they come in by a handle that nobody has but the one who made the lane,
//! and the engine's bytes wait until they are through. That they stand between two frames, and not within one, is up to
//! the caller: it lets the engine write everything first.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep},
};

/// How much is read at once. A frame may be as small as two bytes, and each is shown; between two reads the keyboard gets
/// its turn.
const READ_MAX: usize = 4 << 10;

#[derive(Debug)]
struct Inner<S> {
    stream: S,
    /// What the laboratory has to write, from `written` on.
    raw: Vec<u8>,
    written: usize,
    pace: Option<Pace>,
}

#[derive(Debug)]
struct Pace {
    every: Duration,
    next: Pin<Box<Sleep>>,
}

/// The engine's end.
#[derive(Debug)]
pub(crate) struct Lane<S>(Arc<Mutex<Inner<S>>>);

/// The laboratory's end. To be used by the task that drives the engine: both wait for the same socket.
#[derive(Debug)]
pub(crate) struct Bypass<S>(Arc<Mutex<Inner<S>>>);

/// A lane on a stream.
pub(crate) fn lane<S>(stream: S) -> (Lane<S>, Bypass<S>) {
    let inner = Arc::new(Mutex::new(Inner { stream, raw: Vec::new(), written: 0, pace: None }));
    (Lane(Arc::clone(&inner)), Bypass(inner))
}

/// The lock is never held across an await, and what it guards is whole whatever panics.
fn lock<S>(inner: &Mutex<Inner<S>>) -> MutexGuard<'_, Inner<S>> {
    inner.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S: AsyncRead + AsyncWrite + Unpin> Bypass<S> {
    /// Writes bytes as they are, behind everything that the engine has written.
    ///
    /// # Errors
    /// Those of the stream.
    pub(crate) async fn write(&self, bytes: &[u8]) -> io::Result<()> {
        lock(&self.0).raw.extend_from_slice(bytes);
        std::future::poll_fn(|cx| {
            let mut inner = lock(&self.0);
            ready!(inner.poll_raw(cx))?;
            Pin::new(&mut inner.stream).poll_flush(cx)
        })
        .await
    }

    /// From now on one byte at a time, with so much time between two; `None` for as fast as it goes.
    pub(crate) fn pace(&self, every: Option<Duration>) {
        lock(&self.0).pace = every.map(|every| Pace { every, next: Box::pin(sleep(Duration::ZERO)) });
    }
}

impl<S: AsyncWrite + Unpin> Inner<S> {
    fn poll_raw(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.written < self.raw.len() {
            match ready!(Pin::new(&mut self.stream).poll_write(cx, &self.raw[self.written..]))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => self.written += count,
            }
        }
        self.raw.clear();
        self.written = 0;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Lane<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut bytes = [0; READ_MAX];
        let mut part = ReadBuf::new(&mut bytes[..READ_MAX.min(buffer.remaining())]);
        ready!(Pin::new(&mut lock(&self.0).stream).poll_read(cx, &mut part))?;
        buffer.put_slice(part.filled());
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Lane<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let inner = &mut *lock(&self.0);
        ready!(inner.poll_raw(cx))?;
        let Some(pace) = &mut inner.pace else { return Pin::new(&mut inner.stream).poll_write(cx, bytes) };
        ready!(pace.next.as_mut().poll(cx));
        let written = ready!(Pin::new(&mut inner.stream).poll_write(cx, &bytes[..bytes.len().min(1)]))?;
        pace.next.as_mut().reset(Instant::now() + pace.every);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut inner = lock(&self.0);
        ready!(inner.poll_raw(cx))?;
        Pin::new(&mut inner.stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut inner = lock(&self.0);
        ready!(inner.poll_raw(cx))?;
        Pin::new(&mut inner.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn raw_bytes_stand_between_two_writes() {
        // Room for three bytes: writing the rest has to wait for the reader.
        let (near, mut far) = duplex(3);
        let (mut lane, bypass) = lane(near);
        let writing = async {
            lane.write_all(b"one").await.unwrap();
            bypass.write(b"--raw--").await.unwrap();
            lane.write_all(b"two").await.unwrap();
            lane.shutdown().await.unwrap();
        };
        let mut all = Vec::new();
        let (_, read) = tokio::join!(writing, far.read_to_end(&mut all));
        read.unwrap();
        assert_eq!(all, b"one--raw--two");
    }

    #[tokio::test(start_paused = true)]
    async fn at_a_pace_each_byte_leaves_alone() {
        let (near, mut far) = duplex(64);
        let (mut lane, bypass) = lane(near);
        bypass.pace(Some(Duration::from_secs(1)));
        let begun = Instant::now();
        let reading = async {
            let mut reads = Vec::new();
            for _ in 0..4 {
                let mut bytes = [0; 64];
                let count = far.read(&mut bytes).await.unwrap();
                reads.push((bytes[..count].to_vec(), begun.elapsed().as_secs()));
            }
            reads
        };
        let writing = async { lane.write_all(b"slow").await.unwrap() };
        let (reads, ()) = tokio::join!(reading, writing);
        let expected: Vec<_> = (0..).zip(b"slow").map(|(at, byte)| (vec![*byte], at)).collect();
        assert_eq!(reads, expected);
    }
}
