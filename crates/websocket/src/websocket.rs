//! A connection: the protocol's engine and a byte stream, with tokio between them.
//!
//! One rule keeps this file short: all state that must survive an `.await` is in [`WebSocket`] itself, never in a
//! future. A future of [`next`](WebSocket::next) that is dropped half-way, as `select!` does with the branch that lost,
//! has therefore taken nothing with it.
//!
//! Reading, in the order in which it is tried:
//!
//! ```text
//!   1. an event in the bytes that are here     -> hand it out
//!   2. something to send                       -> write it: one write for all that the last read caused
//!   3. bytes at the socket                     -> read, go to 1
//!   4. a deadline that has passed              -> tell the engine, go to 1   (before 3 if the peer never pauses)
//!   5. wait for any of these
//! ```
//!
//! Because 2 comes after 1, a loop that answers each message it gets sends all its answers to one read in one write.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
};

use bytes::{Buf, BufMut, Bytes};
use futures_util::{Sink, Stream};
use protocol::{
    CloseCode, CloseFrame, Closure, Connection, Event as EngineEvent, Message, Output, Prepared, Received, Replies,
    State, Transmit, Violation, handshake::Extension,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Instant, Sleep},
};
use tokio_util::io::{poll_read_buf, poll_write_buf};

use crate::{
    blocks,
    error::Error,
    wakers::{SharedWakers, Side},
};

/// Bytes that may wait to be written before sending waits too. As much as one read can bring, so that the answers to it
/// leave in one write.
const QUEUED_MAX: usize = blocks::BLOCK;

/// An open WebSocket connection over a byte stream `S`.
///
/// It is a [`Stream`] of messages that arrive and a [`Sink`] for messages to send, and has methods for both and for the
/// rest. Pings are answered, the closing handshake is answered, deadlines are kept, all while the connection is being
/// read: **keep reading it**, even if you only want to send.
///
/// Every method is cancel-safe: dropping its future loses no message that arrived, and a message that was to be sent is
/// either sent whole or not at all.
#[derive(Debug)]
pub struct WebSocket<S> {
    stream: S,
    engine: Connection,
    /// What the handshake agreed on, if anything.
    agreed: Option<Box<Agreed>>,
    /// Runs while the engine has a deadline. Boxed, because most connections have none most of the time.
    timer: Option<Pin<Box<Sleep>>>,
    /// When bytes were last read.
    read_at: std::time::Instant,
    /// The task that reads, to be woken when another one has changed the deadlines.
    reader: Option<Waker>,
    /// Whoever waits for the socket to become writable, or for a deadline; made when two tasks might.
    wakers: Option<Arc<SharedWakers>>,
    /// The peer has ended its direction of the stream: there is nothing more to read.
    ended: bool,
    /// Bytes were written that the stream may still hold back, as TLS does.
    flushing: bool,
    /// A half-close was asked for, and the stream has not finished it.
    half_closing: bool,
    /// The engine has let go of the stream.
    disconnected: bool,
    /// Why reading failed, to be told when the stream is closed.
    failure: Option<Box<Failure>>,
}

#[derive(Debug)]
struct Agreed {
    subprotocol: Option<String>,
    extensions: Vec<Extension>,
}

#[derive(Debug)]
enum Failure {
    Violation(Violation),
    Io(io::Error),
    /// The error, or the end, was told: nothing follows.
    Told,
}

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

/// Something that arrived, for those who want to see more than messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A whole message.
    Message(Message),
    /// A Ping; it has been answered.
    Ping(Bytes),
    /// A Pong.
    Pong(Bytes),
    /// The peer's Close; it has been answered. Nothing follows but the end.
    Close(Option<CloseFrame>),
}

impl<S> WebSocket<S> {
    /// A connection on a stream whose opening handshake is over. [`connect`](crate::connect) and
    /// [`accept`](crate::accept) do the handshake too.
    pub fn new(stream: S, engine: Connection) -> Self {
        Self {
            stream,
            engine,
            agreed: None,
            timer: None,
            read_at: now(),
            reader: None,
            wakers: None,
            ended: false,
            flushing: false,
            half_closing: false,
            disconnected: false,
            failure: None,
        }
    }

    pub(crate) fn agreed(mut self, subprotocol: Option<String>, extensions: Vec<Extension>) -> Self {
        if subprotocol.is_some() || !extensions.is_empty() {
            self.agreed = Some(Box::new(Agreed { subprotocol, extensions }));
        }
        self
    }

    /// The subprotocol that both sides agreed on.
    pub fn subprotocol(&self) -> Option<&str> {
        self.agreed.as_ref()?.subprotocol.as_deref()
    }

    /// The extensions that both sides agreed on.
    pub fn extensions(&self) -> &[Extension] {
        self.agreed.as_ref().map_or(&[], |agreed| &agreed.extensions)
    }

    /// OPEN, CLOSING or CLOSED.
    pub fn state(&self) -> State {
        self.engine.state()
    }

    /// How the connection ended, once it has.
    pub fn closure(&self) -> Closure {
        self.engine.closure()
    }

    /// The byte stream beneath.
    pub fn get_ref(&self) -> &S {
        &self.stream
    }

    /// Gives the byte stream back. Bytes that were read from it and not handled yet are lost.
    pub fn into_inner(self) -> S {
        self.stream
    }

    /// Bytes that wait to be written.
    pub fn queued(&self) -> usize {
        self.engine.queued()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    // ---- Receiving --------------------------------------------------------------------------------------------------

    /// The next message; `None` when the connection has been closed, after which [`closure`](Self::closure) says how.
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
    /// connection.answer_each(|message, replies| Ok(replies.echo(message)?)).await?;
    /// println!("{}", connection.closure());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As for [`next`](Self::next), and what `answer` returns; after that, one can go on with the next message.
    pub async fn answer_each<F>(&mut self, mut answer: F) -> Result<(), Error>
    where
        F: FnMut(Received<'_>, &mut Replies<'_>) -> Result<(), Error>,
    {
        poll_fn(|cx| self.poll_answers(cx, &mut answer)).await
    }

    fn poll_answers<F>(&mut self, cx: &mut Context<'_>, answer: &mut F) -> Poll<Result<(), Error>>
    where
        F: FnMut(Received<'_>, &mut Replies<'_>) -> Result<(), Error>,
    {
        loop {
            ready!(self.poll_room(cx))?;
            if let Some((message, mut replies)) = self.engine.poll_exchange() {
                answer(message, &mut replies)?;
                continue;
            }
            match ready!(self.poll_turn(cx)) {
                Turn::Event(Event::Message(message)) => answer(message.into(), &mut self.engine.replies())?,
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
            self.sending_lost(error);
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
                self.engine.transport_lost();
                self.failure.get_or_insert_with(|| Box::new(Failure::Io(error)));
                return Poll::Ready(Turn::News);
            }
            Poll::Pending => {}
        }
        if self.poll_timer(cx, Side::Reader).is_ready() {
            return Poll::Ready(Turn::News);
        }
        blocks::return_input(&mut self.engine);
        self.remember_reader(cx);
        Poll::Pending
    }

    /// Reads once, into the engine's own buffer.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.ended {
            // Reading again would give the same end, at once, for ever.
            return Poll::Pending;
        }
        let limit = blocks::lend_input(&mut self.engine);
        let mut input = self.engine.input().limit(limit);
        let count = ready!(poll_read_buf(Pin::new(&mut self.stream), cx, &mut input))?;
        if count == 0 {
            self.ended = true;
            self.engine.receive_end();
        }
        // For the answers.
        blocks::lend_output(&mut self.engine);
        Poll::Ready(Ok(()))
    }

    /// Waits for the engine's next deadline; ready when it has passed and was handled.
    fn poll_timer(&mut self, cx: &mut Context<'_>, side: Side) -> Poll<()> {
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
        if matches!(side, Side::Writer) && self.engine.input().len() < blocks::BLOCK {
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
    fn wake_reader(&mut self) {
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
    fn sending_lost(&mut self, error: io::Error) {
        self.engine.sending_lost(now());
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
            _ if self.engine.closure().code != CloseCode::ABNORMAL_CLOSURE => None,
            Some(Failure::Io(error)) => Some(Error::Io(error)),
            None => Some(Error::EndedWithoutClose),
        }
    }

    // ---- Sending ----------------------------------------------------------------------------------------------------

    /// Sends a message.
    ///
    /// It is written to the stream before this returns, with one exception: while further messages lie here that have
    /// arrived and were not read yet, it waits until those have been read, so that their answers leave together. To have
    /// it written even then, [`flush`](Self::flush).
    ///
    /// # Errors
    /// [`Error::Misuse`] when the connection is not open any more; [`Error::Io`].
    pub async fn send(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        poll_fn(|cx| self.poll_room(cx)).await?;
        self.queue(message.into())?;
        self.flush_unless_more_arrived().await
    }

    /// Sends a message that was encoded once for many connections; a server's method. As [`send`](Self::send) otherwise.
    ///
    /// # Errors
    /// As for [`send`](Self::send), and [`protocol::Misuse::PreparedForServers`].
    pub async fn send_prepared(&mut self, message: &Prepared) -> Result<(), Error> {
        poll_fn(|cx| self.poll_room(cx)).await?;
        self.queue_prepared(message)?;
        self.flush_unless_more_arrived().await
    }

    /// Sends a part of a message as a frame of its own; `last` ends the message. See [`Connection::send_fragment`].
    ///
    /// # Errors
    /// As for [`send`](Self::send), and the misuses of [`Connection::send_fragment`].
    pub async fn send_fragment(&mut self, kind: protocol::Kind, part: &[u8], last: bool) -> Result<(), Error> {
        poll_fn(|cx| self.poll_room(cx)).await?;
        self.queue_fragment(kind, part, last)?;
        self.flush_unless_more_arrived().await
    }

    /// Sends a Ping. The Pong comes as an [`Event::Pong`], if the connection is read with
    /// [`next_event`](Self::next_event).
    ///
    /// # Errors
    /// [`protocol::Misuse::ControlTooLong`] above 125 bytes, otherwise as for [`send`](Self::send).
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
        poll_fn(|cx| self.poll_written(cx)).await
    }

    /// Closes the connection: sends a Close, waits for the peer's and for the end of TCP, within the deadline of
    /// [`Config::close_timeout`](protocol::Config::close_timeout). Messages that still arrive are dropped; to see them,
    /// use [`start_close`](Self::start_close) and go on reading.
    ///
    /// On a connection that is already closing or closed it only waits for the end.
    ///
    /// # Errors
    /// [`Error::Misuse`] for a code or a reason that cannot be sent.
    pub async fn close(&mut self, code: CloseCode, reason: &str) -> Result<Closure, Error> {
        self.queue_close(Some(CloseFrame::new(code, reason)?))?;
        // How it ended is in the closure.
        while self.next_event().await.is_some() {}
        Ok(self.closure())
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
        blocks::lend_output(&mut self.engine);
        Ok(self.engine.send(message)?)
    }

    pub(crate) fn queue_prepared(&mut self, message: &Prepared) -> Result<(), Error> {
        blocks::lend_output(&mut self.engine);
        Ok(self.engine.send_prepared(message)?)
    }

    pub(crate) fn queue_ping(&mut self, payload: &[u8]) -> Result<(), Error> {
        Ok(self.engine.ping(payload)?)
    }

    pub(crate) fn queue_pong(&mut self, payload: &[u8]) -> Result<(), Error> {
        Ok(self.engine.pong(payload)?)
    }

    pub(crate) fn queue_fragment(&mut self, kind: protocol::Kind, part: &[u8], last: bool) -> Result<(), Error> {
        blocks::lend_output(&mut self.engine);
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
        if self.engine.has_event() { Ok(()) } else { self.flush().await }
    }

    /// Waits until there is room for another message.
    pub(crate) fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.engine.queued() < QUEUED_MAX {
            return Poll::Ready(Ok(()));
        }
        self.poll_written(cx)
    }

    /// Waits until everything queued is written.
    pub(crate) fn poll_written(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
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
                    self.sending_lost(error.kind().into());
                    self.wake_reader();
                    return Poll::Ready(Err(Error::Io(error)));
                }
            }
            // A peer that takes nothing must not hold us for ever: deadlines pass here too.
            ready!(self.poll_timer(cx, Side::Writer));
        }
    }

    /// Does all that the engine wants done with the stream; ready when nothing is left.
    fn poll_transmit(&mut self, cx: &mut Context<'_>, side: Side) -> Poll<io::Result<()>> {
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
    fn wake_all(&mut self, cx: &Context<'_>, side: Side) -> Waker {
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
                    blocks::return_output(&mut self.engine);
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
    output: &mut Output,
) -> Poll<io::Result<usize>> {
    if output.chunk().len() < output.remaining() {
        return poll_write_buf(stream, cx, output);
    }
    // One piece, as nearly always: the system call for several costs the kernel more, even with one.
    let count = ready!(stream.poll_write(cx, output.chunk()))?;
    output.advance(count);
    Poll::Ready(Ok(count))
}

/// tokio's clock, which tests can stop and move.
pub(crate) fn now() -> std::time::Instant {
    Instant::now().into_std()
}

fn owned(event: EngineEvent<'_>) -> Event {
    match event {
        EngineEvent::Message(message) => Event::Message(message.into_message()),
        EngineEvent::Ping(payload) => Event::Ping(Bytes::copy_from_slice(payload)),
        EngineEvent::Pong(payload) => Event::Pong(Bytes::copy_from_slice(payload)),
        EngineEvent::Close(frame) => Event::Close(frame),
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream for WebSocket<S> {
    type Item = Result<Message, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_message(cx)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Sink<Message> for WebSocket<S> {
    type Error = Error;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_room(cx)
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        self.queue(message)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_written(cx)
    }

    /// Sends a Close with the code 1000. The peer's answer is waited for by whoever reads.
    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let normal = CloseFrame { code: CloseCode::NORMAL, reason: String::new() };
        self.queue_close(Some(normal))?;
        self.poll_flush(cx)
    }
}
