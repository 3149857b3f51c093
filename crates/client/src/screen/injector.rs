//! A stream with two writers: the engine, and an injector of raw bytes.
//!
//! ```text
//!   engine ──▶ InjectableStream ──┬──▶ tap ──▶ TCP
//!                                 │
//!   Injector ─────────────────────┘   raw bytes, between two writes of the engine
//!            ── pace ───▶             one byte at a time
//! ```
//!
//! Raw bytes can corrupt the connection, so only the code that created the stream has the handle
//! for writing them. The engine's bytes must wait until the raw bytes have been written. The caller
//! must make sure that the raw bytes fall between two frames: it waits until the engine has written
//! everything, and only then injects them.

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

/// The maximum number of bytes that one read returns. A frame can be as small as two bytes, and the
/// screen shows every frame. Reads are therefore kept small: each adds at most about two thousand
/// frames, so the run loop soon handles the keyboard again.
const READ_MAX: usize = 4 << 10;

#[derive(Debug)]
struct InjectorState<S> {
    stream: S,
    /// The raw bytes. The first `written` of them have been written.
    raw: Vec<u8>,
    written: usize,
    pace: Option<Pace>,
}

#[derive(Debug)]
struct Pace {
    interval: Duration,
    next: Pin<Box<Sleep>>,
}

/// The handle that the engine uses as its stream.
#[derive(Debug)]
pub(crate) struct InjectableStream<S>(Arc<Mutex<InjectorState<S>>>);

/// The handle that writes raw bytes. Use it only in the task that drives the engine: both handles
/// write to the same socket, and the socket wakes only the last task that waited for it.
#[derive(Debug)]
pub(crate) struct Injector<S>(Arc<Mutex<InjectorState<S>>>);

/// Wraps a stream. Returns the engine's handle and the handle that writes raw bytes.
pub(crate) fn injectable<S>(stream: S) -> (InjectableStream<S>, Injector<S>) {
    let state = Arc::new(Mutex::new(InjectorState { stream, raw: Vec::new(), written: 0, pace: None }));
    (InjectableStream(Arc::clone(&state)), Injector(state))
}

/// Locks the state. The lock is never held across an await. A panic cannot leave the state
/// inconsistent, so a poisoned lock is used like any other.
fn lock<S>(state: &Mutex<InjectorState<S>>) -> MutexGuard<'_, InjectorState<S>> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S: AsyncRead + AsyncWrite + Unpin> Injector<S> {
    /// Writes bytes unchecked, after everything that the engine has written.
    ///
    /// # Errors
    /// Returns the errors of the stream.
    pub(crate) async fn write(&self, bytes: &[u8]) -> io::Result<()> {
        lock(&self.0).raw.extend_from_slice(bytes);
        std::future::poll_fn(|cx| {
            let mut state = lock(&self.0);
            ready!(state.poll_write_raw(cx))?;
            Pin::new(&mut state.stream).poll_flush(cx)
        })
        .await
    }

    /// Makes the engine write one byte at a time, with this interval between two bytes. With
    /// `None`, the engine writes at full speed again.
    pub(crate) fn pace(&self, interval: Option<Duration>) {
        lock(&self.0).pace = interval.map(|interval| Pace { interval, next: Box::pin(sleep(Duration::ZERO)) });
    }
}

impl<S: AsyncWrite + Unpin> InjectorState<S> {
    fn poll_write_raw(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
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

impl<S: AsyncRead + Unpin> AsyncRead for InjectableStream<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut bytes = [0; READ_MAX];
        let mut part = ReadBuf::new(&mut bytes[..READ_MAX.min(buffer.remaining())]);
        ready!(Pin::new(&mut lock(&self.0).stream).poll_read(cx, &mut part))?;
        buffer.put_slice(part.filled());
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for InjectableStream<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let state = &mut *lock(&self.0);
        ready!(state.poll_write_raw(cx))?;
        let Some(pace) = &mut state.pace else { return Pin::new(&mut state.stream).poll_write(cx, bytes) };
        ready!(pace.next.as_mut().poll(cx));
        let written = ready!(Pin::new(&mut state.stream).poll_write(cx, &bytes[..bytes.len().min(1)]))?;
        pace.next.as_mut().reset(Instant::now() + pace.interval);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = lock(&self.0);
        ready!(state.poll_write_raw(cx))?;
        Pin::new(&mut state.stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = lock(&self.0);
        ready!(state.poll_write_raw(cx))?;
        Pin::new(&mut state.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn raw_bytes_are_written_between_two_writes_of_the_engine() {
        // The stream has room for only three bytes, so the raw bytes must wait for the reader, and
        // the engine's next bytes must wait for the raw bytes.
        let (near, mut far) = duplex(3);
        let (mut stream, injector) = injectable(near);
        let writing = async {
            stream.write_all(b"one").await.unwrap();
            injector.write(b"--raw--").await.unwrap();
            stream.write_all(b"two").await.unwrap();
            stream.shutdown().await.unwrap();
        };
        let mut all = Vec::new();
        let (_, read) = tokio::join!(writing, far.read_to_end(&mut all));
        read.unwrap();
        assert_eq!(all, b"one--raw--two");
    }

    #[tokio::test(start_paused = true)]
    async fn with_a_pace_each_byte_is_written_alone() {
        let (near, mut far) = duplex(64);
        let (mut stream, injector) = injectable(near);
        injector.pace(Some(Duration::from_secs(1)));
        let started = Instant::now();
        let reading = async {
            let mut reads = Vec::new();
            for _ in 0..4 {
                let mut bytes = [0; 64];
                let count = far.read(&mut bytes).await.unwrap();
                reads.push((bytes[..count].to_vec(), started.elapsed().as_secs()));
            }
            reads
        };
        let writing = async { stream.write_all(b"slow").await.unwrap() };
        let (reads, ()) = tokio::join!(reading, writing);
        let expected: Vec<_> = (0..).zip(b"slow").map(|(seconds, byte)| (vec![*byte], seconds)).collect();
        assert_eq!(reads, expected);
    }
}
