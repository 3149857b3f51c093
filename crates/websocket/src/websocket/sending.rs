//! From the application to the stream: what is sent, and the writes that take it out.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
};

use bytes::Buf;
use protocol::{CloseCode, CloseFrame, CloseInfo, Message, PreparedMessage, SendQueue, State, Transmit};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::io::poll_write_buf;

use super::{WebSocket, now};
use crate::{
    buffer_pool,
    error::Error,
    wakers::{SharedWakers, Side},
};

/// Bytes that may wait to be written before sending waits too. As much as one read can bring, so that the answers to it
/// leave in one write.
const QUEUED_MAX: usize = buffer_pool::BLOCK;

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// Sends a message.
    ///
    /// It is written to the stream before this returns, with one exception: while further messages lie here that have
    /// arrived and were not read yet, it waits until those have been read, so that their answers leave together. To have
    /// it written even then, [`flush`](Self::flush).
    ///
    /// # Errors
    /// [`Error::Usage`] when the connection is not open any more; [`Error::Io`].
    pub async fn send(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        poll_fn(|cx| self.poll_capacity(cx)).await?;
        self.queue(message.into())?;
        self.flush_unless_more_arrived().await
    }

    /// Sends a message that was encoded once for many connections; a server's method. As [`send`](Self::send) otherwise.
    ///
    /// # Errors
    /// As for [`send`](Self::send), and [`protocol::UsageError::PreparedForServers`].
    pub async fn send_prepared(&mut self, message: &PreparedMessage) -> Result<(), Error> {
        poll_fn(|cx| self.poll_capacity(cx)).await?;
        self.queue_prepared(message)?;
        self.flush_unless_more_arrived().await
    }

    /// Sends a part of a message as a frame of its own; `last` ends the message. See [`protocol::Connection::send_fragment`].
    ///
    /// # Errors
    /// As for [`send`](Self::send), and the misuses of [`protocol::Connection::send_fragment`].
    pub async fn send_fragment(&mut self, kind: protocol::MessageKind, part: &[u8], last: bool) -> Result<(), Error> {
        poll_fn(|cx| self.poll_capacity(cx)).await?;
        self.queue_fragment(kind, part, last)?;
        self.flush_unless_more_arrived().await
    }

    /// Sends a Ping. The Pong comes as an [`Event::Pong`](crate::Event::Pong), if the connection is read with
    /// [`next_event`](Self::next_event).
    ///
    /// # Errors
    /// [`protocol::UsageError::ControlTooLong`] above 125 bytes, otherwise as for [`send`](Self::send).
    pub async fn ping(&mut self, payload: &[u8]) -> Result<(), Error> {
        self.queue_ping(payload)?;
        self.flush().await
    }

    /// Sends a Pong that nobody asked for.
    ///
    /// # Errors
    /// As for [`ping`](Self::ping).
    pub async fn pong(&mut self, payload: &[u8]) -> Result<(), Error> {
        self.queue_pong(payload)?;
        self.flush().await
    }

    /// Writes everything that was sent.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub async fn flush(&mut self) -> Result<(), Error> {
        poll_fn(|cx| self.poll_drain(cx)).await
    }

    /// Closes the connection: sends a Close, waits for the peer's and for the end of TCP, within the deadline of
    /// [`Config::close_timeout`](protocol::Config::close_timeout). Messages that still arrive are dropped; to see them,
    /// use [`start_close`](Self::start_close) and go on reading.
    ///
    /// On a connection that is already closing or closed it only waits for the end.
    ///
    /// # Errors
    /// [`Error::Usage`] for a code or a reason that cannot be sent.
    pub async fn close(&mut self, code: CloseCode, reason: &str) -> Result<CloseInfo, Error> {
        self.queue_close(Some(CloseFrame::new(code, reason)?))?;
        // How it ended is in the closure.
        while self.next_event().await.is_some() {}
        Ok(self.close_info())
    }

    /// Sends a Close and returns once it is written. Read on until the end, for the peer's answer.
    ///
    /// # Errors
    /// As for [`close`](Self::close), and [`Error::Io`].
    pub async fn start_close(&mut self, code: CloseCode, reason: &str) -> Result<(), Error> {
        self.queue_close(Some(CloseFrame::new(code, reason)?))?;
        self.flush().await
    }

    #[inline]
    pub(crate) fn queue(&mut self, message: Message) -> Result<(), Error> {
        buffer_pool::take_output(&mut self.engine);
        Ok(self.engine.send(message)?)
    }

    pub(crate) fn queue_prepared(&mut self, message: &PreparedMessage) -> Result<(), Error> {
        buffer_pool::take_output(&mut self.engine);
        Ok(self.engine.send_prepared(message)?)
    }

    pub(crate) fn queue_ping(&mut self, payload: &[u8]) -> Result<(), Error> {
        Ok(self.engine.ping(payload)?)
    }

    pub(crate) fn queue_pong(&mut self, payload: &[u8]) -> Result<(), Error> {
        Ok(self.engine.pong(payload)?)
    }

    pub(crate) fn queue_fragment(&mut self, kind: protocol::MessageKind, part: &[u8], last: bool) -> Result<(), Error> {
        buffer_pool::take_output(&mut self.engine);
        Ok(self.engine.send_fragment(kind, part, last)?)
    }

    pub(crate) fn queue_close(&mut self, frame: Option<CloseFrame>) -> Result<(), Error> {
        if self.engine.state() == State::Open {
            self.engine.close(frame, now())?;
            // For the new deadline.
            self.wake_reader();
        }
        Ok(())
    }

    //= docs/src/rfc6455.md#section-2-1
    //# An endpoint MAY keep what it sends for a while, and pass it on together with what comes next.
    #[inline]
    async fn flush_unless_more_arrived(&mut self) -> Result<(), Error> {
        if self.engine.has_complete_frame() { Ok(()) } else { self.flush().await }
    }

    /// Waits until there is room for another message.
    pub(crate) fn poll_capacity(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.engine.queued_bytes() < QUEUED_MAX {
            return Poll::Ready(Ok(()));
        }
        self.poll_drain(cx)
    }

    /// Waits until everything queued is written.
    pub(crate) fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        loop {
            match self.poll_transmit(cx, Side::Writer) {
                Poll::Pending => {}
                Poll::Ready(Ok(())) if self.engine.dropped_output() => {
                    let message = "the connection ended before everything was written";
                    return Poll::Ready(Err(Error::Io(io::Error::new(io::ErrorKind::BrokenPipe, message))));
                }
                Poll::Ready(Ok(())) => return Poll::Ready(Ok(())),
                Poll::Ready(Err(error)) => {
                    // Whoever reads is told as well, at the end.
                    self.handle_write_error(error.kind().into());
                    self.wake_reader();
                    return Poll::Ready(Err(Error::Io(error)));
                }
            }
            // A peer that takes nothing must not hold us for ever: deadlines pass here too.
            ready!(self.poll_timer(cx, Side::Writer));
        }
    }

    /// Does all that the engine wants done with the stream; ready when nothing is left.
    pub(super) fn poll_transmit(&mut self, cx: &mut Context<'_>, side: Side) -> Poll<io::Result<()>> {
        let mut result = self.poll_transmit_once(cx);
        if result.is_pending() {
            // The stream has remembered this task's waker and forgotten any other's. Ask again with one that wakes all.
            let waker = self.wake_all(cx, side);
            result = self.poll_transmit_once(&mut Context::from_waker(&waker));
        }
        // What the other task waited for may be done now, by this one.
        if result.is_ready()
            && let Some(wakers) = self.wakers.take()
        {
            // Whoever is woken asks again, and so leaves word where it is to be found. An idle connection needs no such thing.
            wakers.wake_other(side);
        }
        result
    }

    /// A waker that wakes this task and the one on the other side.
    pub(super) fn wake_all(&mut self, cx: &Context<'_>, side: Side) -> Waker {
        let wakers = self.wakers.get_or_insert_with(|| {
            let wakers = Arc::<SharedWakers>::default();
            // The reader waits already, with a waker that will be forgotten now.
            if let Some(reader) = &self.reader {
                wakers.wait(Side::Reader, reader);
            }
            wakers
        });
        wakers.wait(side, cx.waker());
        Waker::from(Arc::clone(wakers))
    }

    fn poll_transmit_once(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut stream = Pin::new(&mut self.stream);
        loop {
            if self.half_closing {
                let shut = ready!(stream.as_mut().poll_shutdown(cx));
                self.half_closing = false;
                shut?;
            }
            match self.engine.poll_transmit() {
                None => {
                    buffer_pool::put_output(&mut self.engine);
                    if self.flushing {
                        ready!(stream.as_mut().poll_flush(cx))?;
                        self.flushing = false;
                    }
                    return Poll::Ready(Ok(()));
                }
                //= docs/src/rfc6455.md#section-6-1
                //# The frames MUST be transmitted over the network connection.
                Some(Transmit::Bytes(output)) => {
                    if ready!(poll_write(stream.as_mut(), cx, output))? == 0 && output.has_remaining() {
                        return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                    }
                    self.flushing = true;
                }
                //= docs/src/rfc6455.md#section-7-1-1
                //# An endpoint SHOULD close TCP cleanly, and the TLS session before it, and discard what still arrives.
                Some(Transmit::HalfClose) => self.half_closing = true,
                Some(Transmit::Disconnect) => {
                    self.disconnected = true;
                    // For TLS this says goodbye; for TCP, dropping the stream is all there is to do. Nobody waits for it.
                    let _ = stream.as_mut().poll_shutdown(cx);
                }
            }
        }
    }
}

/// Writes once, as much as the stream takes.
fn poll_write<S: AsyncWrite>(
    stream: Pin<&mut S>,
    cx: &mut Context<'_>,
    output: &mut SendQueue,
) -> Poll<io::Result<usize>> {
    if output.chunk().len() < output.remaining() {
        return poll_write_buf(stream, cx, output);
    }
    // One piece, as nearly always: the system call for several costs the kernel more, even with one.
    let count = ready!(stream.poll_write(cx, output.chunk()))?;
    output.advance(count);
    Poll::Ready(Ok(count))
}
