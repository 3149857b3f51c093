//! A socket whose other end is controlled by a task in the test.
//!
//! Like a tokio socket, it remembers one waker for reading and one for writing: those of the most
//! recent polls.

use std::{
    collections::VecDeque,
    future::poll_fn,
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

#[derive(Debug, Default)]
struct State {
    /// The bytes that the connection can read.
    incoming: VecDeque<u8>,
    eof: bool,
    /// The number of bytes that the connection can still write.
    room: usize,
    written: Vec<u8>,
    reader: Option<Waker>,
    writer: Option<Waker>,
    peer: Option<Waker>,
}

/// Both ends of a socket. The connection reads from it and writes to it, and the test, which plays
/// the peer, calls its methods.
#[derive(Debug, Default, Clone)]
pub struct Socket(Arc<Mutex<State>>);

impl Socket {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends bytes to the connection.
    pub fn send(&self, bytes: &[u8]) {
        let mut state = self.lock();
        state.incoming.extend(bytes);
        let reader = state.reader.take();
        drop(state);
        reader.into_iter().for_each(Waker::wake);
    }

    /// Ends the direction to the connection.
    pub fn end(&self) {
        let mut state = self.lock();
        state.eof = true;
        let reader = state.reader.take();
        drop(state);
        reader.into_iter().for_each(Waker::wake);
    }

    /// Lets the connection write further bytes.
    pub fn make_room(&self, bytes: usize) {
        let mut state = self.lock();
        state.room += bytes;
        let writer = state.writer.take();
        drop(state);
        writer.into_iter().for_each(Waker::wake);
    }

    /// Waits until the connection has written at least this many bytes in total, and returns all of
    /// them.
    pub async fn written(&self, count: usize) -> Vec<u8> {
        poll_fn(|cx| {
            let mut state = self.lock();
            if state.written.len() >= count {
                return Poll::Ready(state.written.clone());
            }
            state.peer = Some(cx.waker().clone());
            Poll::Pending
        })
        .await
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut state = self.lock();
        if state.incoming.is_empty() && !state.eof {
            state.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let len = state.incoming.len().min(buffer.remaining());
        let bytes: Vec<u8> = state.incoming.drain(..len).collect();
        buffer.put_slice(&bytes);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut state = self.lock();
        let len = bytes.len().min(state.room);
        if len == 0 {
            state.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        state.room -= len;
        state.written.extend(&bytes[..len]);
        let peer = state.peer.take();
        drop(state);
        peer.into_iter().for_each(Waker::wake);
        Poll::Ready(Ok(len))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
