//! Taps: observers that see every byte of a stream (feature `tap`).
//!
//! ```text
//!   program ◀──▶ WebSocket ◀──▶ Tapped ◀──▶ TCP, or TLS over TCP
//!                                 │
//!                                 └──▶ Tap: every byte read, every byte written
//! ```
//!
//! A tapped stream is placed between the WebSocket and the socket, above TLS, so the tap sees
//! decrypted bytes. It sees only bytes that were actually transferred: if the socket accepts three
//! of ten bytes, the tap sees those three, and it sees the other seven once a later write has sent
//! them. A program that needs no tap leaves its stream unwrapped, so it pays nothing for this
//! feature.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};

use protocol::Role;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::record::Direction;

/// An observer of a stream. The stream calls the observer's methods while it reads and writes, so
/// they should be quick and must not block.
pub trait Tap {
    /// Observes bytes that were transferred in this direction.
    fn bytes(&mut self, direction: Direction, bytes: &[u8]);

    /// Observes the end of this direction: the end of the stream was read, or the write side was
    /// shut down. The stream may report the same end more than once.
    fn end(&mut self, direction: Direction);
}

/// A stream that reports its bytes to a [`Tap`].
#[derive(Debug)]
pub struct Tapped<S, T> {
    stream: S,
    tap: T,
    role: Role,
}

impl<S, T: Tap> Tapped<S, T> {
    /// Wraps a stream. `role` is the role of the endpoint that uses the stream. The role determines
    /// the directions: a client writes to the server, and a server writes to the client.
    pub const fn new(stream: S, role: Role, tap: T) -> Self {
        Self { stream, tap, role }
    }

    /// Returns the stream.
    pub const fn get_ref(&self) -> &S {
        &self.stream
    }

    /// Returns the tap.
    pub const fn tap(&mut self) -> &mut T {
        &mut self.tap
    }

    /// Returns the stream and the tap.
    pub fn into_parts(self) -> (S, T) {
        (self.stream, self.tap)
    }

    const fn outward(&self) -> Direction {
        Direction::from_sender(self.role)
    }
}

impl<S: AsyncRead + Unpin, T: Tap + Unpin> AsyncRead for Tapped<S, T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let has_room = buffer.remaining() > 0;
        let result = ready!(Pin::new(&mut self.stream).poll_read(cx, buffer));
        let inward = self.outward().opposite();
        if let Err(error) = result {
            // The peer closed the TCP connection without first sending the close_notify alert of
            // TLS. The tap treats this as an ordinary end of the stream.
            if error.kind() == io::ErrorKind::UnexpectedEof {
                self.tap.end(inward);
            }
            return Poll::Ready(Err(error));
        }
        match &buffer.filled()[before..] {
            // A read of no bytes means the end of the stream, unless the buffer had no room for
            // bytes.
            [] if has_room => self.tap.end(inward),
            [] => {}
            bytes => self.tap.bytes(inward, bytes),
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin, T: Tap + Unpin> AsyncWrite for Tapped<S, T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes))?;
        let outward = self.outward();
        if written > 0 {
            self.tap.bytes(outward, &bytes[..written]);
        }
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, slices))?;
        let outward = self.outward();
        let mut left = written;
        for slice in slices {
            let taken = left.min(slice.len());
            if taken > 0 {
                self.tap.bytes(outward, &slice[..taken]);
            }
            left -= taken;
        }
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
        let outward = self.outward();
        self.tap.end(outward);
        Poll::Ready(Ok(()))
    }
}
