//! From the stream to the application: reads, deadlines, and how the end is told.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{BufMut, Bytes};
use protocol::{CloseCode, Event as EngineEvent, Message, MessageRef, Outbound};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::Instant,
};
use tokio_util::io::poll_read_buf;

use super::{Event, Failure, WebSocket, now};
use crate::{buffer_pool, error::Error, wakers::Side};

/// What came of one turn.
#[derive(Debug)]
enum Turn {
    /// An event, and not one of the common kind.
    Event(Event),
    /// Bytes arrived, or a deadline passed: it is worth looking again.
    News,
    /// It is over.
    End(Option<Error>),
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// The next message; `None` when the connection has been closed, after which [`closure`](Self::close_info) says how.
    ///
    /// # Errors
    /// Once, when the connection ended in another way than by a closing handshake: [`Error::Violation`], [`Error::Io`]
    /// or [`Error::EndedWithoutClose`]. Messages that were complete before have been handed out.
    pub async fn next(&mut self) -> Option<Result<Message, Error>> {
        poll_fn(|cx| self.poll_message(cx)).await
    }

    /// The next event: as [`next`](Self::next), with control frames.
    ///
    /// # Errors
    /// As for [`next`](Self::next).
    pub async fn next_event(&mut self) -> Option<Result<Event, Error>> {
        poll_fn(|cx| self.poll_event(cx)).await
    }

    /// Hands each message to `answer` where it lies, with the way to answer it, until the connection has been closed.
    ///
    /// The fastest way to serve, for answers that need nothing to be waited for: no message is copied or allocated, all that
    /// one read brought is answered in one write, and if the peer reads more slowly than it sends, this stops reading until
    /// it has caught up.
    ///
    /// ```
    /// # async fn example(stream: tokio::net::TcpStream) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut connection = websocket::accept(stream).await?;
    /// connection.serve(|message, outbound| Ok(outbound.send_back(message)?)).await?;
    /// println!("{}", connection.close_info());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As for [`next`](Self::next), and what `answer` returns; after that, one can go on with the next message.
    pub async fn serve<F>(&mut self, mut answer: F) -> Result<(), Error>
    where
        F: FnMut(MessageRef<'_>, &mut Outbound<'_>) -> Result<(), Error>,
    {
        poll_fn(|cx| self.poll_serve(cx, &mut answer)).await
    }

    fn poll_serve<F>(&mut self, cx: &mut Context<'_>, answer: &mut F) -> Poll<Result<(), Error>>
    where
        F: FnMut(MessageRef<'_>, &mut Outbound<'_>) -> Result<(), Error>,
    {
        loop {
            ready!(self.poll_capacity(cx))?;
            if let Some((message, mut outbound)) = self.engine.poll_message_with_outbound() {
                answer(message, &mut outbound)?;
                continue;
            }
            match ready!(self.poll_turn(cx)) {
                Turn::Event(Event::Message(message)) => answer(message.into(), &mut self.engine.outbound())?,
                Turn::Event(_) | Turn::News => {}
                Turn::End(error) => return Poll::Ready(error.map_or(Ok(()), Err)),
            }
        }
    }

    pub(crate) fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Message, Error>>> {
        loop {
            if let Some(message) = self.engine.poll_message() {
                return Poll::Ready(Some(Ok(message.into_message())));
            }
            match ready!(self.poll_turn(cx)) {
                Turn::Event(Event::Message(message)) => return Poll::Ready(Some(Ok(message))),
                Turn::Event(_) | Turn::News => {}
                Turn::End(error) => return Poll::Ready(error.map(Err)),
            }
        }
    }

    pub(crate) fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Event, Error>>> {
        loop {
            if let Some(message) = self.engine.poll_message() {
                return Poll::Ready(Some(Ok(Event::Message(message.into_message()))));
            }
            match ready!(self.poll_turn(cx)) {
                Turn::Event(event) => return Poll::Ready(Some(Ok(event))),
                Turn::News => {}
                Turn::End(error) => return Poll::Ready(error.map(Err)),
            }
        }
    }

    /// Everything but the messages that lie in the input whole: for those, the callers above ask first, and without a look at
    /// the clock.
    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<Turn> {
        if self.engine.has_input() {
            match self.engine.poll_event(now()) {
                Ok(Some(event)) => return Poll::Ready(Turn::Event(owned(event))),
                Ok(None) => {}
                // Told at the end, when the peer has been told.
                Err(violation) => self.fail(Failure::Violation(violation)),
            }
        }
        // A socket that takes no more bytes must not keep us from reading: the peer may be waiting for us to do just that.
        if let Poll::Ready(Err(error)) = self.poll_transmit(cx, Side::Reader) {
            self.handle_write_error(error);
        }
        if self.disconnected {
            return Poll::Ready(Turn::End(self.end()));
        }
        // A peer that never pauses would never let the timer have its turn. All that had come when the deadline passed has
        // been looked at by now.
        if self.engine.poll_timeout().is_some_and(|deadline| deadline <= self.read_at) {
            self.handle_timeout(now());
            return Poll::Ready(Turn::News);
        }
        match self.poll_read(cx) {
            Poll::Ready(Ok(())) => {
                if self.engine.poll_timeout().is_some() {
                    self.read_at = now();
                }
                return Poll::Ready(Turn::News);
            }
            Poll::Ready(Err(error)) => {
                self.ended = true;
                self.engine.handle_read_error();
                self.failure.get_or_insert_with(|| Box::new(Failure::Io(error)));
                return Poll::Ready(Turn::News);
            }
            Poll::Pending => {}
        }
        if self.poll_timer(cx, Side::Reader).is_ready() {
            return Poll::Ready(Turn::News);
        }
        self.reads.put_input(&mut self.engine);
        self.remember_reader(cx);
        Poll::Pending
    }

    /// Reads once, into the engine's own buffer.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.ended {
            // Reading again would give the same end, at once, for ever.
            return Poll::Pending;
        }
        let limit = self.reads.prepare_read(&mut self.engine);
        let mut input = self.engine.input().limit(limit);
        let count = ready!(poll_read_buf(Pin::new(&mut self.stream), cx, &mut input))?;
        if count == 0 {
            self.ended = true;
            self.engine.receive_eof();
        }
        self.reads.note(&mut self.engine);
        // For the answers.
        buffer_pool::take_output(&mut self.engine);
        Poll::Ready(Ok(()))
    }

    /// Waits for the engine's next deadline; ready when it has passed and was handled.
    pub(super) fn poll_timer(&mut self, cx: &mut Context<'_>, side: Side) -> Poll<()> {
        let Some(deadline) = self.engine.poll_timeout().map(Instant::from_std) else {
            self.timer = None;
            return Poll::Pending;
        };
        // A timer, too, remembers one task only.
        let shared = match (&self.wakers, side) {
            (None, Side::Reader) => None,
            _ => Some(self.wake_all(cx, side)),
        };
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        if timer.deadline() != deadline {
            timer.as_mut().reset(deadline);
        }
        ready!(timer.as_mut().poll(&mut Context::from_waker(shared.as_ref().unwrap_or(cx.waker()))));
        self.timer = None;
        if matches!(side, Side::Writer) && self.engine.input().len() < buffer_pool::BLOCK {
            // Nobody reads while one task waits to write. What the peer has said meanwhile may be what the deadline is
            // about; it is taken in here and handled later.
            let _ = self.poll_read(cx);
        }
        self.handle_timeout(now());
        if matches!(side, Side::Writer) {
            self.wake_reader();
        }
        Poll::Ready(())
    }

    fn handle_timeout(&mut self, now: std::time::Instant) {
        if let Err(violation) = self.engine.handle_timeout(now) {
            self.fail(Failure::Violation(violation));
        }
    }

    fn fail(&mut self, failure: Failure) {
        self.failure = Some(Box::new(failure));
    }

    /// Lets the reading task look again: something has changed that it did not see.
    pub(super) fn wake_reader(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }

    fn remember_reader(&mut self, cx: &Context<'_>) {
        match &mut self.reader {
            Some(reader) => reader.clone_from(cx.waker()),
            None => self.reader = Some(cx.waker().clone()),
        }
    }

    /// A write failed. The peer may be gone, but what it said before it went has yet to be read.
    pub(super) fn handle_write_error(&mut self, error: io::Error) {
        self.engine.handle_write_error(now());
        self.failure.get_or_insert_with(|| Box::new(Failure::Io(error)));
    }

    /// What to say at the end: the reason once, if there is one to tell, then nothing.
    fn end(&mut self) -> Option<Error> {
        match self.failure.replace(Box::new(Failure::Told)).map(|failure| *failure) {
            Some(Failure::Told) => None,
            //= docs/src/rfc6455.md#section-7-1-7
            //# A client that fails the connection MAY report the problem to its user.
            Some(Failure::Violation(violation)) => Some(Error::Violation(violation)),
            // Once the peer has said Close, it does not matter how TCP ended.
            _ if self.engine.close_info().code != CloseCode::ABNORMAL_CLOSURE => None,
            Some(Failure::Io(error)) => Some(Error::Io(error)),
            None => Some(Error::EndedWithoutClose),
        }
    }
}

fn owned(event: EngineEvent<'_>) -> Event {
    match event {
        EngineEvent::Message(message) => Event::Message(message.into_message()),
        EngineEvent::Ping(payload) => Event::Ping(Bytes::copy_from_slice(payload)),
        EngineEvent::Pong(payload) => Event::Pong(Bytes::copy_from_slice(payload)),
        EngineEvent::Close(frame) => Event::Close(frame),
    }
}
