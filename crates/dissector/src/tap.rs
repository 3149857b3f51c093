//! A stream that shows each byte it carries.
//!
//! ```text
//!   program ◀──▶ WebSocket ◀──▶ Tapped ◀──▶ TCP, or TLS over TCP
//!                                 │
//!                                 └──▶ Tap: every byte read, every byte written
//! ```
//!
//! It stands between the WebSocket and the socket, above TLS, so what it shows can be read. Only what really went counts: if
//! the socket takes three of ten bytes, the tap sees three, and the other seven when they are written again. A program that
//! does not want to look does not wrap its stream, and pays nothing.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};

use protocol::Role;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::record::Direction;

/// What watches a stream. Both calls happen in the middle of reading and writing, so they should be quick and must not wait.
pub trait Tap {
    /// These bytes went this way.
    fn bytes(&mut self, direction: Direction, bytes: &[u8]);

    /// No more will go this way: the end was read, or the sending side was shut down. May be said more than once.
    fn end(&mut self, direction: Direction);
}

/// A stream with a [`Tap`] on it.
#[derive(Debug)]
pub struct Tapped<S, T> {
    stream: S,
    tap: T,
    role: Role,
}

impl<S, T: Tap> Tapped<S, T> {
    /// Puts a tap on a stream. `role` is whose stream it is: what a client writes goes to the server.
    pub const fn new(stream: S, role: Role, tap: T) -> Self {
        Self { stream, tap, role }
    }

    /// The stream.
    pub const fn get_ref(&self) -> &S {
        &self.stream
    }

    /// The tap.
    pub const fn tap(&mut self) -> &mut T {
        &mut self.tap
    }

    /// The stream and the tap.
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
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        let inward = self.outward().opposite();
        match &buffer.filled()[before..] {
            // Nothing read is the end of the stream, unless nothing was asked for.
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
