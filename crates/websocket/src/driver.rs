//! The driver: moves bytes between the engine and the byte stream, tells the engine the time, and wakes tasks.
//!
//! Everything that must survive an `.await` is in [`Driver`], never in a future. A future that is dropped half-way, as
//! `select!` does with the branch that lost, has therefore taken nothing with it.
//!
//! # Reading
//!
//! The steps of [`Driver::poll_step`], in order:
//!
//! ```text
//!   1. an event in the bytes that have arrived  -> return it
//!   2. something to send                        -> write it: one write for everything that the last read caused
//!   3. a deadline that has passed               -> tell the engine, go to 1
//!   4. bytes at the socket                      -> read, go to 1
//!   5. wait for any of these
//! ```
//!
//! Step 2 comes after step 1, so a loop that answers each message with [`feed`](crate::WebSocket::feed) sends all its
//! answers to one read in one write.
//!
//! # Waking
//!
//! After [`into_split`](crate::WebSocket::into_split) two tasks poll one connection, the *reader* and the *writer*, and both
//! of them write: the reader sends Pongs and the answer to a Close. A socket and a timer each remember only the waker of
//! the last task that waited for them. So a task that waits for something that the other may wait for too registers a
//! waker that wakes both.
//!
//! | waiting for | who waits | registered waker | woken by |
//! |---|---|---|---|
//! | the socket to become readable | the reader | its own | the socket |
//! | the socket to become writable | either | both ([`SharedWakers`]) | the socket; the other task when it has written |
//! | a deadline, unsplit | the reader | its own | the timer |
//! | a deadline, while a task waits to write | either | both ([`SharedWakers`]) | the timer |
//! | a changed deadline, or an error that the writer saw | the reader | its own, kept in `reader` | [`Driver::wake_reader`] |

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
};

use bytes::{Buf, BufMut, Bytes};
use protocol::{
    CloseCode, CloseFrame, Connection, Event as EngineEvent, Message, MessageKind, MessageRef, Outbound,
    PreparedMessage, SendQueue, State, Transmit, UsageError, Violation,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Instant, Sleep},
};
use tokio_util::io::{poll_read_buf, poll_write_buf};

use crate::{
    buffer_pool,
    clock::now,
    error::Error,
    event::Event,
    read_planner::ReadPlanner,
    wakers::{SharedWakers, Side},
};

/// The bytes that may wait to be written before sending waits too: as much as one read can bring, so that all answers
/// to one read leave in one write.
const MAX_QUEUED: usize = buffer_pool::BLOCK;

/// An engine, a byte stream, and what the driver remembers between two polls.
#[derive(Debug)]
pub(crate) struct Driver<S> {
    stream: S,
    engine: Connection,
    reads: ReadPlanner,
    /// Present while the engine has a deadline. Boxed, because most connections have none most of the time.
    timer: Option<Pin<Box<Sleep>>>,
    /// When bytes were last read, if the engine had a deadline then.
    read_at: std::time::Instant,
    /// The waker of the reading task, for changes of deadlines that it did not see.
    reader: Option<Waker>,
    /// The wakers of both tasks, while one of them waits for the socket to become writable.
    wakers: Option<Arc<SharedWakers>>,
    /// The peer has ended its direction of the stream: nothing more can be read.
    eof: bool,
    /// Bytes were written that the stream may still hold back, as TLS does.
    flushing: bool,
    /// The engine wants a half-close, and the stream has not finished it.
    half_closing: bool,
    /// The engine has released the stream.
    disconnected: bool,
    /// The error to return once the stream is closed.
    outcome: Option<Box<Outcome>>,
}

/// How the connection ended, for the task that reads.
#[derive(Debug)]
enum Outcome {
    Violation(Violation),
    Io(io::Error),
    /// The end has been reported: nothing follows.
    Reported,
}

/// The result of one step of reading.
#[derive(Debug)]
enum Step {
    /// An event that is not on the fast path.
    Event(Event),
    /// Bytes arrived, or a deadline passed: poll the engine again.
    Progress,
    /// The connection is over.
    End(Option<Error>),
}

/// Without I/O.
impl<S> Driver<S> {
    pub(crate) fn new(stream: S, engine: Connection) -> Self {
        Self {
            stream,
            engine,
            reads: ReadPlanner::default(),
            timer: None,
            read_at: now(),
            reader: None,
            wakers: None,
            eof: false,
            flushing: false,
            half_closing: false,
            disconnected: false,
            outcome: None,
        }
    }

    pub(crate) const fn engine(&self) -> &Connection {
        &self.engine
    }

    pub(crate) const fn stream(&self) -> &S {
        &self.stream
    }

    pub(crate) const fn stream_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    pub(crate) fn into_parts(self) -> (S, Connection) {
        (self.stream, self.engine)
    }

    /// Returns whether the end of the connection has been reported.
    pub(crate) fn is_terminated(&self) -> bool {
        matches!(self.outcome.as_deref(), Some(Outcome::Reported))
    }

    /// Queues a message.
    #[inline]
    pub(crate) fn queue(&mut self, message: Message) -> Result<(), UsageError> {
        buffer_pool::supply_send_buffer(&mut self.engine);
        self.engine.send(message)
    }

    pub(crate) fn queue_prepared(&mut self, message: &PreparedMessage) -> Result<(), UsageError> {
        buffer_pool::supply_send_buffer(&mut self.engine);
        self.engine.send_prepared(message)
    }

    pub(crate) fn queue_fragment(&mut self, kind: MessageKind, part: &[u8], last: bool) -> Result<(), UsageError> {
        buffer_pool::supply_send_buffer(&mut self.engine);
        self.engine.send_fragment(kind, part, last)
    }

    pub(crate) fn queue_ping(&mut self, payload: &[u8]) -> Result<(), UsageError> {
        self.engine.ping(payload)
    }

    pub(crate) fn queue_pong(&mut self, payload: &[u8]) -> Result<(), UsageError> {
        self.engine.pong(payload)
    }

    /// Queues a Close, unless the closing handshake has started.
    pub(crate) fn queue_close(&mut self, frame: Option<CloseFrame>) -> Result<(), UsageError> {
        if self.engine.state() == State::Open {
            self.engine.close(frame, now())?;
            // The reader waits for the old deadline.
            self.wake_reader();
        }
        Ok(())
    }

    /// Queues whatever the event is.
    pub(crate) fn queue_event(&mut self, event: Event) -> Result<(), UsageError> {
        match event {
            Event::Message(message) => self.queue(message),
            Event::Ping(payload) => self.queue_ping(&payload),
            Event::Pong(payload) => self.queue_pong(&payload),
            Event::Close(frame) => self.queue_close(frame),
        }
    }

    /// Makes the reading task look again: something has changed that it did not see.
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

    /// Returns a waker that wakes this task and the one on the other side.
    fn waker_for_both(&mut self, cx: &Context<'_>, side: Side) -> Waker {
        let wakers = self.wakers.get_or_insert_with(|| {
            let wakers = Arc::<SharedWakers>::default();
            // The reader may wait already, with a waker that the socket is about to forget.
            if let Some(reader) = &self.reader {
                wakers.wait(Side::Reader, reader);
            }
            wakers
        });
        wakers.wait(side, cx.waker());
        Waker::from(Arc::clone(wakers))
    }

    fn handle_timeout(&mut self) {
        if let Err(violation) = self.engine.handle_timeout(now()) {
            self.outcome = Some(Box::new(Outcome::Violation(violation)));
        }
    }

    /// Records a failed write. The peer may be gone, but what it sent before can still be read.
    fn handle_write_error(&mut self, error: io::Error) {
        self.engine.handle_write_error(now());
        self.outcome.get_or_insert_with(|| Box::new(Outcome::Io(error)));
    }

    /// Returns what to report at the end: the error once, if there is one, and then nothing.
    fn take_outcome(&mut self) -> Option<Error> {
        match self.outcome.replace(Box::new(Outcome::Reported)).map(|outcome| *outcome) {
            Some(Outcome::Reported) => None,
            //= docs/src/rfc6455.md#section-7-1-7
            //# A client that fails the connection MAY report the problem to its user.
            Some(Outcome::Violation(violation)) => Some(Error::Violation(violation)),
            // Once the peer has sent a Close, it does not matter how TCP ended.
            _ if self.engine.close_info().code != CloseCode::ABNORMAL_CLOSURE => None,
            Some(Outcome::Io(error)) => Some(Error::Io(error)),
            None => Some(Error::EndedWithoutClose),
        }
    }
}

/// Reading.
impl<S: AsyncRead + AsyncWrite + Unpin> Driver<S> {
    /// Polls for the next message and skips control frames.
    pub(crate) fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Message, Error>>> {
        loop {
            if let Some(message) = self.engine.poll_message() {
                return Poll::Ready(Some(Ok(message.into_message())));
            }
            match ready!(self.poll_step(cx)) {
                Step::Event(Event::Message(message)) => return Poll::Ready(Some(Ok(message))),
                Step::Event(_) | Step::Progress => {}
                Step::End(error) => return Poll::Ready(error.map(Err)),
            }
        }
    }

    /// Polls for the next message or control frame.
    pub(crate) fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Event, Error>>> {
        loop {
            if let Some(message) = self.engine.poll_message() {
                return Poll::Ready(Some(Ok(Event::Message(message.into_message()))));
            }
            match ready!(self.poll_step(cx)) {
                Step::Event(event) => return Poll::Ready(Some(Ok(event))),
                Step::Progress => {}
                Step::End(error) => return Poll::Ready(error.map(Err)),
            }
        }
    }

    /// Calls `answer` with each message, until the connection ends.
    pub(crate) fn poll_serve<F>(&mut self, cx: &mut Context<'_>, answer: &mut F) -> Poll<Result<(), Error>>
    where
        F: FnMut(MessageRef<'_>, &mut Outbound<'_>) -> Result<(), Error>,
    {
        loop {
            // Backpressure: do not even look at the next message while the answers pile up.
            ready!(self.poll_capacity(cx))?;
            if let Some((message, mut outbound)) = self.engine.poll_message_with_outbound() {
                answer(message, &mut outbound)?;
                continue;
            }
            match ready!(self.poll_step(cx)) {
                Step::Event(Event::Message(message)) => answer(message.into(), &mut self.engine.outbound())?,
                Step::Event(_) | Step::Progress => {}
                Step::End(error) => return Poll::Ready(error.map_or(Ok(()), Err)),
            }
        }
    }

    /// Takes one step. It finds everything but the messages of the fast path: the callers above poll for those first, because
    /// they need no look at the clock.
    fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        // 1. An event in the bytes that have arrived.
        if self.engine.has_input() {
            match self.engine.poll_event(now()) {
                Ok(Some(event)) => return Poll::Ready(Step::Event(to_owned_event(event))),
                Ok(None) => {}
                // Reported to the caller only at the end, after our Close frame has been flushed.
                Err(violation) => self.outcome = Some(Box::new(Outcome::Violation(violation))),
            }
        }
        // 2. Something to send. `Pending` is no reason to stop: the peer may be waiting for us to read
        // before it reads itself.
        if let Poll::Ready(Err(error)) = self.poll_transmit(cx, Side::Reader) {
            self.handle_write_error(error);
        }
        if self.disconnected {
            return Poll::Ready(Step::End(self.take_outcome()));
        }
        // 3. A deadline that had passed when bytes were last read. All of those bytes have been processed
        // by now, so the deadline is judged fairly. Without this step a peer that never pauses would
        // keep us from ever polling the timer.
        if self.engine.poll_timeout().is_some_and(|deadline| deadline <= self.read_at) {
            self.handle_timeout();
            return Poll::Ready(Step::Progress);
        }
        // 4. Bytes at the socket.
        match self.poll_read(cx) {
            Poll::Ready(Ok(())) => {
                if self.engine.poll_timeout().is_some() {
                    self.read_at = now();
                }
                return Poll::Ready(Step::Progress);
            }
            Poll::Ready(Err(error)) => {
                self.eof = true;
                self.engine.handle_read_error();
                // A violation or an earlier error is the better explanation.
                self.outcome.get_or_insert_with(|| Box::new(Outcome::Io(error)));
                return Poll::Ready(Step::Progress);
            }
            Poll::Pending => {}
        }
        if self.poll_timer(cx, Side::Reader).is_ready() {
            return Poll::Ready(Step::Progress);
        }
        // 5. Wait. An idle connection keeps no buffer.
        self.reads.release_input(&mut self.engine);
        self.remember_reader(cx);
        Poll::Pending
    }

    /// Reads once, into the engine's own buffer.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.eof {
            // Reading again would return the same end at once, for ever.
            return Poll::Pending;
        }
        let (mut input, limit) = self.reads.take_input(&mut self.engine);
        let polled = poll_read_buf(Pin::new(&mut self.stream), cx, &mut (&mut input).limit(limit));
        // Before the `?` and the `ready!`: the engine needs its buffer back whatever happened.
        self.reads.put_input(&mut self.engine, input, matches!(polled, Poll::Ready(Ok(_))));
        if ready!(polled)? == 0 {
            self.eof = true;
            self.engine.receive_eof();
        }
        // The messages that were read will probably be answered.
        buffer_pool::supply_send_buffer(&mut self.engine);
        Poll::Ready(Ok(()))
    }

    /// Waits for the engine's next deadline. Ready when it has passed and was handled.
    fn poll_timer(&mut self, cx: &mut Context<'_>, side: Side) -> Poll<()> {
        let Some(deadline) = self.engine.poll_timeout().map(Instant::from_std) else {
            self.timer = None;
            return Poll::Pending;
        };
        // The timer remembers one waker. While the other task may need it too, register both.
        let shared = match (&self.wakers, side) {
            (None, Side::Reader) => None,
            _ => Some(self.waker_for_both(cx, side)),
        };
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        if timer.deadline() != deadline {
            timer.as_mut().reset(deadline);
        }
        ready!(timer.as_mut().poll(&mut Context::from_waker(shared.as_ref().unwrap_or(cx.waker()))));
        self.timer = None;
        if matches!(side, Side::Writer) && self.engine.input_len() < buffer_pool::BLOCK {
            // Nobody reads while an unsplit connection waits to write. What the peer has sent meanwhile,
            // a Pong for example, may decide about the deadline. Take it in now; the next read handles it.
            let _ = self.poll_read(cx);
        }
        self.handle_timeout();
        if matches!(side, Side::Writer) {
            self.wake_reader();
        }
        Poll::Ready(())
    }
}

/// Writing.
impl<S: AsyncRead + AsyncWrite + Unpin> Driver<S> {
    /// Waits until the queue has room for another message.
    pub(crate) fn poll_capacity(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.engine.queued_bytes() < MAX_QUEUED {
            return Poll::Ready(Ok(()));
        }
        self.poll_drain(cx)
    }

    /// Waits until everything that is queued has been written.
    pub(crate) fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        loop {
            match self.poll_transmit(cx, Side::Writer) {
                Poll::Pending => {}
                Poll::Ready(Ok(())) if self.engine.has_discarded_output() => {
                    let message = "the connection ended before everything was written";
                    return Poll::Ready(Err(Error::Io(io::Error::new(io::ErrorKind::BrokenPipe, message))));
                }
                Poll::Ready(Ok(())) => return Poll::Ready(Ok(())),
                Poll::Ready(Err(error)) => {
                    // The reader reports it as well, at the end.
                    self.handle_write_error(error.kind().into());
                    self.wake_reader();
                    return Poll::Ready(Err(Error::Io(error)));
                }
            }
            // A peer that takes nothing must not hold us for ever: deadlines pass here too.
            ready!(self.poll_timer(cx, Side::Writer));
        }
    }

    /// Takes all steps that the engine wants. Ready when none is left.
    fn poll_transmit(&mut self, cx: &mut Context<'_>, side: Side) -> Poll<io::Result<()>> {
        let mut result = self.poll_transmit_once(cx);
        if result.is_pending() {
            // The stream has remembered the waker of this task and forgotten that of the other. Poll again
            // with one that wakes both.
            let waker = self.waker_for_both(cx, side);
            result = self.poll_transmit_once(&mut Context::from_waker(&waker));
        }
        // This task may have done what the other one waits for. The woken task polls again and registers
        // anew, so an idle connection needs no shared wakers.
        if result.is_ready()
            && let Some(wakers) = self.wakers.take()
        {
            wakers.wake_other(side);
        }
        result
    }

    fn poll_transmit_once(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut stream = Pin::new(&mut self.stream);
        loop {
            // A half-close that was begun goes first: the engine has forgotten it.
            if self.half_closing {
                let shut_down = ready!(stream.as_mut().poll_shutdown(cx));
                self.half_closing = false;
                shut_down?;
            }
            match self.engine.poll_transmit() {
                None => {
                    buffer_pool::release_send_buffer(&mut self.engine);
                    // Flush once at the end, not after each write.
                    if self.flushing {
                        ready!(stream.as_mut().poll_flush(cx))?;
                        self.flushing = false;
                    }
                    return Poll::Ready(Ok(()));
                }
                //= docs/src/rfc6455.md#section-6-1
                //# The frames MUST be transmitted over the network connection.
                Some(Transmit::Bytes(queue)) => {
                    if ready!(poll_write(stream.as_mut(), cx, queue))? == 0 && queue.has_remaining() {
                        return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                    }
                    self.flushing = true;
                }
                //= docs/src/rfc6455.md#section-7-1-1
                //# An endpoint SHOULD close TCP cleanly, and the TLS session before it, and discard what still arrives.
                Some(Transmit::HalfClose) => self.half_closing = true,
                Some(Transmit::Disconnect) => {
                    self.disconnected = true;
                    // For TLS this sends close_notify. For TCP, dropping the stream is enough. Nobody waits.
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
    queue: &mut SendQueue,
) -> Poll<io::Result<usize>> {
    if queue.chunk().len() < queue.remaining() {
        return poll_write_buf(stream, cx, queue);
    }
    // One piece, as nearly always. The system call for several pieces costs the kernel more, even for one.
    let count = ready!(stream.poll_write(cx, queue.chunk()))?;
    queue.advance(count);
    Poll::Ready(Ok(count))
}

fn to_owned_event(event: EngineEvent<'_>) -> Event {
    match event {
        EngineEvent::Message(message) => Event::Message(message.into_message()),
        EngineEvent::Ping(payload) => Event::Ping(Bytes::copy_from_slice(payload)),
        EngineEvent::Pong(payload) => Event::Pong(Bytes::copy_from_slice(payload)),
        EngineEvent::Close(frame) => Event::Close(frame),
    }
}
