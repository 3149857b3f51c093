//! The driver, which moves bytes between the engine and the byte stream, tells the engine the time,
//! and wakes tasks.
//!
//! All state that must survive an `.await` is in [`Driver`], not in a future. No state is lost when
//! a future is dropped half-way, for example because another branch of a `select!` completed first.
//!
//! # Reading
//!
//! [`Driver::poll_step`] takes these steps, in this order:
//!
//! ```text
//!   1. an event in the bytes that have arrived  -> return it
//!   2. something to send                        -> write it: one write per read
//!   3. a deadline that has passed               -> notify the engine, go to 1
//!   4. bytes at the socket                      -> read, go to 1
//!      no memory for them in the budget         -> wait for the budget instead
//!   5. wait for any of these
//! ```
//!
//! Because step 2 comes after step 1, a loop that answers each message with
//! [`feed`](crate::WebSocket::feed) sends the answers to all the messages from one read in a single
//! write.
//!
//! While too many answers are queued, [`Driver::poll_serve`] processes no messages. Until there is
//! room again, it reads only a little at a time and handles only control frames: see
//! [`Driver::poll_capacity_for_answer`].
//!
//! In three cases, the driver writes before step 2, each time with [`Driver::transmit_now`]:
//!
//! * **The application is about to receive a frame, and an automatic answer is queued.** The
//!   application may drop the connection when it receives a Close. When it receives a Ping, or the
//!   message after a Ping, it may work for a long time before it polls the connection again.
//!   ([`Driver::poll_serve`] does not need this write, because the application's function cannot
//!   wait.)
//! * **The task has used up its [budget](crate::budget) and yields.** Queued bytes must not wait
//!   until the task runs again.
//! * **The application's function returns an error, which ends [`Driver::poll_serve`].** The
//!   application may then drop the connection.
//!
//! # Waking
//!
//! After [`into_split`](crate::WebSocket::into_split), two tasks poll one connection: the *reader*
//! and the *writer*. The reader writes to the socket too, because it sends Pongs and the answer to
//! a Close. Both tasks may therefore wait for the same event, but a socket or a timer remembers
//! only the waker of the task that polled it last. Where both tasks may be waiting, each registers
//! a shared waker, which wakes both.
//!
//! | awaited event | waiting task | registered waker | woken by |
//! |---|---|---|---|
//! | the socket to become readable | the reader | its own | the socket |
//! | the socket to become writable | either | both ([`SharedWakers`]) | the socket; the other task when it has written |
//! | a deadline, while no task waits to write | the reader | its own | the timer |
//! | a deadline, while a task waits to write | either | both ([`SharedWakers`]) | the timer |
//! | a changed deadline, or an error of the writer | the reader | its own, kept in `reader` | [`Driver::wake_reader`] |
//! | room in the memory budget, or the time limit of that wait | the reader | its own | the connection that gives memory back; the timer of the limit |

use std::{
    future::poll_fn,
    io,
    pin::{Pin, pin},
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
    task::coop,
    time::{Instant, Sleep},
};
use tokio_util::io::{poll_read_buf, poll_write_buf};

use crate::{
    budget::Budget,
    buffer_pool,
    clock::now,
    error::Error,
    event::Event,
    memory_budget::MemoryBudget,
    memory_share::{Held, MemoryShare, WaitedTooLong},
    read_planner::ReadPlanner,
    wakers::{SharedWakers, Side},
};

/// The number of queued bytes at which a sender must wait for the queue to be written. It equals
/// the size of a block, so an echo of everything received in one read can be sent in one write.
const MAX_QUEUED: usize = buffer_pool::BLOCK;

/// The maximum size, in bytes, of a read that is made even if the memory budget has no room. Such
/// reads are made in three cases: while answers are waiting for the peer to read, before a deadline
/// is handled, and when input is ignored. The size is enough for thirty control frames. It is small
/// because the bytes may also belong to a message, in which case they stay in memory until the
/// message is processed.
const CONTROL_READ: usize = 4 << 10;

/// An engine, a byte stream, and the state that the driver keeps between two polls.
#[derive(Debug)]
pub(crate) struct Driver<S> {
    stream: S,
    engine: Connection,
    reads: ReadPlanner,
    budget: Budget,
    /// The memory that this connection has taken from the budget, if it has one.
    memory: MemoryShare,
    /// The timer, present while the engine has a deadline. It is boxed, because most connections
    /// have no deadline most of the time, and an unboxed timer would take up space even then.
    timer: Option<Pin<Box<Sleep>>>,
    /// The time of the last read after which the engine had a deadline.
    read_at: std::time::Instant,
    /// The waker of the reading task, for changes that this task did not make itself, such as a new
    /// deadline.
    reader: Option<Waker>,
    /// The wakers of both tasks, while one of them waits for the socket to become writable.
    wakers: Option<Arc<SharedWakers>>,
    /// Whether nothing more can be read, either because the peer has ended its direction of the
    /// stream or because a read has failed.
    eof: bool,
    /// Whether bytes that were written to the stream may still be in its buffer, as they can be
    /// with TLS.
    flushing: bool,
    /// Whether the engine has requested a half-close that the stream has not finished.
    half_closing: bool,
    /// Whether the engine has asked the driver to drop the stream.
    disconnected: bool,
    /// Whether the driver gave up on a flush, so that bytes in the stream's buffer may be lost.
    flush_discarded: bool,
    /// Whether the peer missed a deadline while this task was waiting to write and could not read,
    /// because the input was already full.
    left_input: bool,
    /// The error to report at the end of the connection, or a note that the end has been reported.
    outcome: Option<Box<Outcome>>,
}

/// The end of the connection, as the reading task reports it.
#[derive(Debug)]
enum Outcome {
    Violation(Violation),
    Io(io::Error),
    NoMemory(WaitedTooLong),
    /// The end has been reported, and nothing follows.
    Reported,
}

/// The result of one call to [`Driver::poll_step`].
#[derive(Debug)]
enum Step {
    /// An event that the engine's fast path for messages did not return.
    Event(Event),
    /// Bytes arrived, or a deadline passed: poll the engine again.
    Progress,
    /// The connection is over.
    End(Option<Error>),
}

/// Methods without I/O.
impl<S> Driver<S> {
    pub(crate) fn new(stream: S, engine: Connection) -> Self {
        Self {
            stream,
            engine,
            reads: ReadPlanner::default(),
            budget: Budget::default(),
            memory: MemoryShare::default(),
            timer: None,
            read_at: now(),
            reader: None,
            wakers: None,
            eof: false,
            flushing: false,
            half_closing: false,
            disconnected: false,
            flush_discarded: false,
            left_input: false,
            outcome: None,
        }
    }

    pub(crate) fn set_memory_budget(&mut self, budget: MemoryBudget) {
        self.memory = MemoryShare::of(budget);
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
        self.budget.spend_on_message(message.len());
        buffer_pool::supply_send_buffer(&mut self.engine);
        self.engine.send(message)
    }

    pub(crate) fn queue_prepared(&mut self, message: &PreparedMessage) -> Result<(), UsageError> {
        // Charge for one frame only, because the payload was encoded earlier.
        self.budget.spend_on_frames(1);
        buffer_pool::supply_send_buffer(&mut self.engine);
        self.engine.send_prepared(message)
    }

    pub(crate) fn queue_fragment(&mut self, kind: MessageKind, part: &[u8], last: bool) -> Result<(), UsageError> {
        self.budget.spend_on_message(part.len());
        buffer_pool::supply_send_buffer(&mut self.engine);
        self.engine.send_fragment(kind, part, last)
    }

    pub(crate) fn queue_ping(&mut self, payload: &[u8]) -> Result<(), UsageError> {
        self.budget.spend_on_frames(1);
        self.engine.ping(payload)
    }

    pub(crate) fn queue_pong(&mut self, payload: &[u8]) -> Result<(), UsageError> {
        self.budget.spend_on_frames(1);
        self.engine.pong(payload)
    }

    /// Queues a Close, unless the closing handshake has started.
    pub(crate) fn queue_close(&mut self, frame: Option<CloseFrame>) -> Result<(), UsageError> {
        if self.engine.state() == State::Open {
            self.engine.close(frame, now())?;
            // Starting the closing handshake changes the deadline, but the reader is still waiting
            // for the old one. Wake the reader, so that it waits for the new deadline.
            self.wake_reader();
        }
        Ok(())
    }

    /// Queues an event of any kind.
    pub(crate) fn queue_event(&mut self, event: Event) -> Result<(), UsageError> {
        match event {
            Event::Message(message) => self.queue(message),
            Event::Ping(payload) => self.queue_ping(&payload),
            Event::Pong(payload) => self.queue_pong(&payload),
            Event::Close(frame) => self.queue_close(frame),
        }
    }

    /// Wakes the reading task after a change that it could not notice by itself.
    fn wake_reader(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }

    /// Remembers the waker of the reading task.
    fn remember_reader(&mut self, cx: &Context<'_>) {
        match &mut self.reader {
            Some(reader) => reader.clone_from(cx.waker()),
            None => self.reader = Some(cx.waker().clone()),
        }
    }

    /// Returns a waker that wakes both this task and the task that polls for the other `Side`.
    fn waker_for_both(&mut self, cx: &Context<'_>, side: Side) -> Waker {
        let wakers = self.wakers.get_or_insert_with(|| {
            let wakers = Arc::<SharedWakers>::default();
            // The caller is about to poll the stream or the timer with the shared waker. Each of
            // them remembers only the latest waker, and the reader may be waiting with an earlier
            // one, so register the reader's waker here too.
            if let Some(reader) = &self.reader {
                wakers.wait(Side::Read, reader);
            }
            wakers
        });
        wakers.wait(side, cx.waker());
        Waker::from(Arc::clone(wakers))
    }

    /// Returns the memory that this connection holds while it works. Only the filled part of a
    /// borrowed block counts.
    fn held(&self) -> Held {
        let filled = self.engine.message_capacity() + self.engine.queued_bytes();
        Held { filled: filled + self.engine.input_len(), allocated: filled + self.reads.input_memory(&self.engine) }
    }

    /// Releases memory if the connection is about to wait or to yield. Every method that a task
    /// polls ends with this call, so a task that is not running holds a block only if it needs the
    /// block.
    #[inline]
    fn release_if_pending<T>(&mut self, polled: Poll<T>) -> Poll<T> {
        if polled.is_pending() {
            self.release_memory();
        }
        polled
    }

    /// Puts the thread's blocks back, keeps the unprocessed input and the queued output in buffers
    /// of about their size, and takes the memory for these buffers from the budget. If the budget
    /// has too little, moves the input and the output to buffers of exactly their size.
    pub(crate) fn release_memory(&mut self) {
        for is_scarce in [false, true] {
            self.reads.release_input(&mut self.engine, is_scarce);
            buffer_pool::shrink_send_buffer(&mut self.engine, is_scarce);
            let Held { filled, allocated } = self.held();
            // A waiting connection keeps the whole buffer of its send queue, so count the unfilled
            // part too.
            let unfilled = self.engine.send_queue_capacity() - self.engine.queued_bytes();
            let held = Held { filled, allocated: allocated + unfilled };
            let is_covered = self.memory.cover(held);
            self.memory.settle(held);
            if is_covered {
                break;
            }
        }
    }

    /// Passes the time to the engine, and records the violation if the engine returns one.
    fn handle_timeout(&mut self) {
        // While this connection waits for the memory budget, it does not read, so it cannot know
        // whether the peer has met the deadline.
        if self.memory.is_waiting() {
            self.engine.handle_reading_paused(now());
        }
        if let Err(violation) = self.engine.handle_timeout(now()) {
            self.outcome = Some(Box::new(Outcome::Violation(violation)));
        }
    }

    /// Closes the connection because there is no memory for what the peer sends.
    fn abandon(&mut self, error: WaitedTooLong) {
        let frame = CloseFrame::new(CloseCode::TRY_AGAIN_LATER, "no memory is left for this message");
        self.engine.abandon(frame.ok(), now());
        // All further input is discarded, so it needs no memory.
        self.memory = MemoryShare::default();
        self.outcome.get_or_insert_with(|| Box::new(Outcome::NoMemory(error)));
    }

    /// Records a failed write, but does not end the connection: the peer may be gone, but the bytes
    /// that it sent earlier can still be read.
    fn handle_write_error(&mut self, error: io::Error) {
        self.engine.handle_write_error(now());
        self.outcome.get_or_insert_with(|| Box::new(Outcome::Io(error)));
    }

    /// Records a failed read. Nothing more will arrive, and nothing more can be sent.
    fn handle_read_error(&mut self, error: io::Error) {
        self.eof = true;
        self.engine.handle_read_error();
        // If a violation or an earlier error has been recorded, keep it, because it is a better
        // explanation of why the connection ended.
        self.outcome.get_or_insert_with(|| Box::new(Outcome::Io(error)));
    }

    /// Returns the error for a sender whose bytes were discarded.
    fn discarded_error(&self) -> Error {
        let close_info = self.engine.close_info();
        let message = match close_info.violation {
            Some(Violation::PongOverdue) if self.left_input => {
                "the peer was sending and did not read, and this end did not read either because it was sending: read \
                 while you send, with into_split"
            }
            Some(Violation::PongOverdue) => {
                "the peer accepted no more bytes and sent none before the time-out of the keep-alive"
            }
            Some(_) => "the peer broke a rule before everything was written",
            None if close_info.timed_out => "the peer did not read before the time-out for closing",
            None => "the connection ended before everything was written",
        };
        Error::Io(io::Error::new(io::ErrorKind::BrokenPipe, message))
    }

    /// Returns the error to report when the connection ends, if there is one. Later calls return
    /// `None`.
    fn take_outcome(&mut self) -> Option<Error> {
        match self.outcome.replace(Box::new(Outcome::Reported)).map(|outcome| *outcome) {
            Some(Outcome::Reported) => None,
            //= docs/src/rfc6455.md#section-7-1-7
            //# A client that fails the connection MAY report the problem to its user.
            Some(Outcome::Violation(violation)) => Some(Error::Violation(violation)),
            Some(Outcome::NoMemory(WaitedTooLong(waited))) => Some(Error::NoMemory { waited }),
            // The peer's Close has arrived. No message can follow a Close, so none is missing, and
            // there is no reason to report a TCP error.
            _ if self.engine.close_info().code != CloseCode::ABNORMAL_CLOSURE => None,
            Some(Outcome::Io(error)) => Some(Error::Io(error)),
            None => Some(Error::EndedWithoutClose),
        }
    }
}

/// Reading.
impl<S: AsyncRead + AsyncWrite + Unpin> Driver<S> {
    /// Polls for the next message, and skips control frames.
    pub(crate) fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Message, Error>>> {
        let polled = self.poll_next_message(cx);
        self.release_if_pending(polled)
    }

    fn poll_next_message(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Message, Error>>> {
        // Whether a control frame may have been answered since the last write. This method always
        // writes before it returns `Pending`, so the flag need not outlive the call.
        let mut has_answered = false;
        loop {
            ready!(self.poll_budget(cx, Side::Read));
            if let Some(message) = self.engine.poll_message() {
                self.budget.spend_on_message(message.as_bytes().len());
                let message = message.into_message();
                if has_answered {
                    self.transmit_now(cx, Side::Read);
                }
                return Poll::Ready(Some(Ok(message)));
            }
            match ready!(self.poll_step(cx)) {
                Step::Event(Event::Message(message)) => {
                    self.budget.spend_on_message(message.len());
                    if has_answered {
                        self.transmit_now(cx, Side::Read);
                    }
                    return Poll::Ready(Some(Ok(message)));
                }
                Step::Event(_) => has_answered = true,
                Step::Progress => {}
                Step::End(error) => return Poll::Ready(error.map(Err)),
            }
        }
    }

    /// Polls for the next message or control frame.
    pub(crate) fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Event, Error>>> {
        let polled = self.poll_next_event(cx);
        self.release_if_pending(polled)
    }

    fn poll_next_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Event, Error>>> {
        loop {
            ready!(self.poll_budget(cx, Side::Read));
            let event = match self.engine.poll_message() {
                Some(message) => Event::Message(message.into_message()),
                None => match ready!(self.poll_step(cx)) {
                    Step::Event(event) => event,
                    Step::Progress => continue,
                    Step::End(error) => return Poll::Ready(error.map(Err)),
                },
            };
            match &event {
                Event::Message(message) => self.budget.spend_on_message(message.len()),
                // The engine has answered these two.
                Event::Ping(_) | Event::Close(_) => self.transmit_now(cx, Side::Read),
                Event::Pong(_) => {}
            }
            return Poll::Ready(Some(Ok(event)));
        }
    }

    /// Calls `answer` with each message, until the connection ends. Pongs are written together with
    /// the answers to messages from the same read. This batching hardly delays the Pongs, because
    /// `answer` is synchronous.
    pub(crate) fn poll_serve<F>(&mut self, cx: &mut Context<'_>, answer: &mut F) -> Poll<Result<(), Error>>
    where
        F: FnMut(MessageRef<'_>, &mut Outbound<'_>) -> Result<(), Error>,
    {
        let polled = self.poll_answers(cx, answer);
        self.release_if_pending(polled)
    }

    fn poll_answers<F>(&mut self, cx: &mut Context<'_>, answer: &mut F) -> Poll<Result<(), Error>>
    where
        F: FnMut(MessageRef<'_>, &mut Outbound<'_>) -> Result<(), Error>,
    {
        loop {
            // Backpressure: do not process the next message while too many answers are queued.
            // Otherwise a peer that sends but does not read could make the queue grow without
            // limit.
            ready!(self.poll_capacity_for_answer(cx))?;
            let answered = if let Some((message, mut outbound)) = self.engine.poll_message_with_outbound() {
                self.budget.spend_on_message(message.as_bytes().len());
                // The message is still borrowed from the input, so it can be answered without a
                // copy.
                answer(message, &mut outbound)
            } else {
                // Take the same steps as `poll_step`, but answer the message without copying it, as
                // above.
                match self.poll_engine() {
                    Some((EngineEvent::Message(message), Some(mut outbound))) => {
                        let payload = message.as_bytes().len();
                        let answered = answer(message, &mut outbound);
                        self.budget.spend_on_message(payload);
                        answered
                    }
                    Some(_) => Ok(()),
                    None => match ready!(self.poll_io(cx)) {
                        Step::Event(_) | Step::Progress => Ok(()),
                        Step::End(error) => return Poll::Ready(error.map_or(Ok(()), Err)),
                    },
                }
            };
            if answered.is_err() {
                self.transmit_now(cx, Side::Read);
                return Poll::Ready(answered);
            }
        }
    }

    /// Charges the connection's work to the task's budget. If the budget is used up, writes what is
    /// queued and returns `Pending`.
    #[inline]
    fn poll_budget(&mut self, cx: &mut Context<'_>, side: Side) -> Poll<()> {
        let paid = self.budget.poll_pay(cx);
        if paid.is_pending() {
            self.transmit_now(cx, side);
        }
        paid
    }

    /// Writes what the stream accepts now, even if the task's budget is used up. The next poll
    /// continues with the rest.
    #[cold]
    fn transmit_now(&mut self, cx: &mut Context<'_>, side: Side) {
        let transmit = coop::unconstrained(poll_fn(|cx| self.poll_transmit(cx, side)));
        if let Poll::Ready(Err(error)) = pin!(transmit).poll(cx) {
            self.handle_write_error(error);
            if matches!(side, Side::Write) {
                self.wake_reader();
            }
        }
    }

    /// Waits until the queue has room for an answer. Meanwhile, handles the control frames that
    /// come before the next message. If one of them is a Close, the wait ends, because the peer may
    /// never read what is queued.
    fn poll_capacity_for_answer(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        loop {
            // A peer may send control frames without a pause, so let other tasks run now and then.
            ready!(self.poll_budget(cx, Side::Read));
            // Once the connection is closing, no more answers follow, so no room is needed. The
            // caller's next step waits for the peer's deadline.
            if self.engine.state() != State::Open {
                return Poll::Ready(Ok(()));
            }
            if let Poll::Ready(capacity) = self.poll_queue_room(cx) {
                return Poll::Ready(capacity);
            }
            // The next message must wait for room, and so must the frames behind it, because they
            // cannot overtake it.
            if self.engine.is_message_next() {
                return Poll::Pending;
            }
            // If there is no input, do not poll the engine: at the end of the stream, polling it
            // would start the deadline for closing, although a peer that has closed only its
            // sending direction may still be reading.
            if self.engine.input_len() > 0 && (self.poll_engine().is_some() || self.engine.state() != State::Open) {
                continue;
            }
            // Even if the memory budget has no room, read a few bytes: they may contain a Close,
            // which ends the wait.
            match self.poll_read(cx, CONTROL_READ) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => self.handle_read_error(error),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Takes one of the steps that the module documentation lists. The callers above first try the
    /// engine's fast path for messages. Because that path does not need the current time, nearly
    /// all messages are received without reading the clock.
    fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        match self.poll_engine() {
            Some((event, _)) => Poll::Ready(Step::Event(to_owned_event(event))),
            None => self.poll_io(cx),
        }
    }

    /// Takes step 1: returns an event from the bytes that have arrived, if they contain one.
    fn poll_engine(&mut self) -> Option<(EngineEvent<'_>, Option<Outbound<'_>>)> {
        // Charge this call as one frame, because it costs about as much. Otherwise a stream that is
        // always ready, but does not itself use any of the budget, could keep this task running
        // forever.
        self.budget.spend_on_frames(1);
        if !self.engine.has_input() {
            return None;
        }
        self.memory.limit_inflating(&mut self.engine);
        match self.engine.poll_event_with_outbound(now()) {
            Ok(polled) => polled,
            // The violation is returned to the caller only at the end, after our Close frame has
            // been flushed.
            Err(violation) => {
                self.outcome = Some(Box::new(Outcome::Violation(violation)));
                None
            }
        }
    }

    /// Takes one of steps 2 to 5.
    fn poll_io(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        // Count the frames that produced no event: the last read may have brought thousands of
        // fragments.
        self.budget.spend_on_frames(self.engine.take_frame_count());
        // 2. Something to send. Continue even if the write is `Pending`: the peer may be waiting
        //    for this endpoint to read first, and then both would wait forever.
        if let Poll::Ready(Err(error)) = self.poll_transmit(cx, Side::Read) {
            self.handle_write_error(error);
        }
        // If the engine has asked the driver to drop the stream, the connection is over.
        if self.disconnected {
            return Poll::Ready(Step::End(self.take_outcome()));
        }
        // 3. A deadline that had already passed at the last read. All bytes of that read have been
        //    processed by now, so a frame that met the deadline, such as a Pong, would have cleared
        //    it. Without this step, a peer that sends without a pause would keep this method from
        //    ever polling the timer.
        if self.engine.poll_timeout().is_some_and(|deadline| deadline <= self.read_at) {
            self.handle_timeout();
            return Poll::Ready(Step::Progress);
        }
        // 4. Bytes waiting in the socket, if there is memory for them.
        let room = match self.poll_room(cx) {
            Poll::Ready(Ok(room)) => room,
            Poll::Ready(Err(error)) => {
                self.abandon(error);
                return Poll::Ready(Step::Progress);
            }
            Poll::Pending => 0,
        };
        if room > 0 && self.engine.is_inflate_limited() {
            // The memory is needed to inflate bytes that have already been read, so inflate those
            // bytes before reading more.
            return Poll::Ready(Step::Progress);
        }
        match self.poll_read(cx, room) {
            Poll::Ready(Ok(())) => {
                // `read_at` is used only for deadlines, so do not spend time on reading the clock
                // if there is no deadline.
                if self.engine.poll_timeout().is_some() {
                    self.read_at = now();
                }
                return Poll::Ready(Step::Progress);
            }
            Poll::Ready(Err(error)) => {
                self.handle_read_error(error);
                return Poll::Ready(Step::Progress);
            }
            Poll::Pending => {}
        }
        // Nothing can be read now. Poll the timer, so that the next deadline wakes this task.
        if self.poll_timer(cx, Side::Read).is_ready() {
            return Poll::Ready(Step::Progress);
        }
        // 5. Wait. The caller puts the buffers back.
        self.remember_reader(cx);
        Poll::Pending
    }

    /// Waits until there is memory for a read. Returns the maximum size of the read.
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, WaitedTooLong>> {
        let held = self.held();
        // Input that is ignored needs no memory. If the connection waited for memory anyway and the
        // wait timed out, the output that is still queued could be lost, even though the peer's
        // Close has arrived.
        if self.engine.ignores_input() {
            self.memory.stop_waiting();
            return Poll::Ready(Ok(self.memory.room(held, CONTROL_READ).max(CONTROL_READ)));
        }
        let wanted = self.reads.wanted(&self.engine);
        self.memory.poll_room(&mut self.engine, held, wanted, self.eof, cx)
    }

    /// Reads once, and appends at most `room` bytes to the engine's input.
    fn poll_read(&mut self, cx: &mut Context<'_>, room: usize) -> Poll<io::Result<()>> {
        if self.eof || room == 0 {
            // Do not read after the end of the stream. Every such read would return at once, so the
            // task would loop forever. Without room, a read would return 0 bytes, which would look
            // like the end of the stream.
            return Poll::Pending;
        }
        let before = self.engine.input_len();
        let (mut input, limit) = self.reads.take_input(&mut self.engine, room);
        let polled = poll_read_buf(Pin::new(&mut self.stream), cx, &mut (&mut input).limit(limit));
        // Put the buffer back before `?` or `ready!` can return early. Otherwise the unprocessed
        // bytes in it would be lost.
        self.reads.put_input(&mut self.engine, input, matches!(polled, Poll::Ready(Ok(_))));
        let count = match ready!(polled) {
            // TLS reports this error if the TCP connection ends before the TLS session does,
            // because an attacker may have cut the stream off. WebSocket detects such an attack by
            // itself: an end without a Close frame counts as abnormal. So treat this error like the
            // end of a stream without TLS.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => 0,
            result => result?,
        };
        if count == 0 {
            // A read of 0 bytes means that the peer will send nothing more.
            self.eof = true;
            self.engine.receive_eof();
        }
        self.memory.record_read(self.held(), self.engine.input_len() - before, room);
        // The messages that were read will probably be answered, so supply a buffer for the
        // answers.
        buffer_pool::supply_send_buffer(&mut self.engine);
        Poll::Ready(Ok(()))
    }

    /// Waits for the engine's next deadline. Returns `Ready` once the deadline has passed and
    /// either the engine has handled it or the connection has been lost.
    fn poll_timer(&mut self, cx: &mut Context<'_>, side: Side) -> Poll<()> {
        let Some(deadline) = self.engine.poll_timeout().map(Instant::from_std) else {
            // Drop the timer. Most connections have no deadline most of the time, and should not
            // keep memory for one.
            self.timer = None;
            return Poll::Pending;
        };
        // The timer remembers only the waker of the last poll. If the other task may be waiting for
        // the timer too, register a waker that wakes both tasks. Otherwise the other task would not
        // wake at the deadline.
        let shared = match (&self.wakers, side) {
            (None, Side::Read) => None,
            _ => Some(self.waker_for_both(cx, side)),
        };
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        // The deadline may have moved since the timer was armed, so set the timer to the new
        // deadline.
        if timer.deadline() != deadline {
            timer.as_mut().reset(deadline);
        }
        ready!(timer.as_mut().poll(&mut Context::from_waker(shared.as_ref().unwrap_or(cx.waker()))));
        self.timer = None;
        if matches!(side, Side::Write) && self.engine.input_len() < buffer_pool::BLOCK {
            // An unsplit connection does not read while it waits to write. Bytes that show that the
            // peer met the deadline, such as a Pong, may therefore still be in the socket. Read
            // once before handling the deadline. The engine then takes the bytes into account, even
            // before it processes them. Do not read if the input is already full, because this task
            // would then buffer everything that the peer sends. Even if the memory budget has no
            // room, read a little, because any byte shows that the peer is alive.
            let room = self.memory.room(self.held(), buffer_pool::BLOCK).max(CONTROL_READ);
            let read = self.poll_read(cx, room);
            self.memory.settle(self.held());
            if let Poll::Ready(Err(error)) = read {
                // The connection is lost, so its deadlines no longer matter.
                self.handle_read_error(error);
                self.wake_reader();
                return Poll::Ready(());
            }
        }
        let input_is_full = matches!(side, Side::Write) && self.engine.input_len() >= buffer_pool::BLOCK;
        self.handle_timeout();
        self.left_input |= input_is_full && matches!(self.outcome.as_deref(), Some(Outcome::Violation(_)));
        if matches!(side, Side::Write) {
            // Handling a deadline may end the connection or set another deadline. Wake the reader,
            // so that it reports the end or waits for the new deadline.
            self.wake_reader();
        }
        Poll::Ready(())
    }
}

/// Writing.
impl<S: AsyncRead + AsyncWrite + Unpin> Driver<S> {
    /// Waits until the queue has room for another message.
    pub(crate) fn poll_capacity(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let polled = self.poll_queue_room(cx);
        self.release_if_pending(polled)
    }

    fn poll_queue_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        ready!(self.poll_budget(cx, Side::Write));
        // While the queue is below the limit and the memory budget has room for it, do not write
        // yet. Messages collect in the queue and are then sent in one write.
        if self.engine.queued_bytes() < MAX_QUEUED && self.memory.cover(self.held()) {
            return Poll::Ready(Ok(()));
        }
        self.poll_empty_queue(cx)
    }

    /// Waits until everything that is queued has been written to the stream.
    pub(crate) fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let polled = self.poll_empty_queue(cx);
        self.release_if_pending(polled)
    }

    fn poll_empty_queue(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        loop {
            match self.poll_transmit(cx, Side::Write) {
                // The stream accepts no more bytes for now, and will wake this task when it accepts
                // bytes again. Meanwhile, wait for the timer below as well.
                Poll::Pending => {}
                // The queue is empty because it was discarded, not because it was written, so the
                // caller must not assume that its messages were sent.
                Poll::Ready(Ok(())) if self.engine.has_discarded_output() || self.flush_discarded => {
                    return Poll::Ready(Err(self.discarded_error()));
                }
                Poll::Ready(Ok(())) => {
                    self.memory.settle(self.held());
                    return Poll::Ready(Ok(()));
                }
                Poll::Ready(Err(error)) => {
                    // The reader reports the end of the connection, so record the error for the
                    // reader too.
                    self.handle_write_error(error.kind().into());
                    self.wake_reader();
                    return Poll::Ready(Err(Error::Io(error)));
                }
            }
            // A peer that does not read must not block this task forever, so handle deadlines here
            // too.
            ready!(self.poll_timer(cx, Side::Write));
        }
    }

    /// Takes all steps that the engine requests. Returns `Ready` when no step is left.
    fn poll_transmit(&mut self, cx: &mut Context<'_>, side: Side) -> Poll<io::Result<()>> {
        let mut result = self.poll_transmit_once(cx);
        if result.is_pending() {
            // The stream now remembers the waker of this task, and has forgotten the waker of the
            // other task. Poll again with a waker that wakes both, so that the other task does not
            // sleep forever.
            let waker = self.waker_for_both(cx, side);
            result = self.poll_transmit_once(&mut Context::from_waker(&waker));
        }
        // This task may have finished the write that the other task waits for, so wake the other
        // task. If the other task still has to wait, it registers a new waker when it polls again.
        // The shared wakers are therefore no longer needed.
        if result.is_ready()
            && let Some(wakers) = self.wakers.take()
        {
            wakers.wake_other(side);
        }
        result
    }

    /// Takes the engine's steps until no step is left or the stream is not ready.
    fn poll_transmit_once(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut stream = Pin::new(&mut self.stream);
        loop {
            // If an earlier call has begun a half-close, finish it here, because the engine
            // requests each step only once. Even if the half-close has to wait, as it can with TLS,
            // ask the engine for the next step: at the deadline, that step is to disconnect.
            if self.half_closing
                && let Poll::Ready(shut_down) = stream.as_mut().poll_shutdown(cx)
            {
                self.half_closing = false;
                shut_down?;
            }
            match self.engine.poll_transmit() {
                None if self.half_closing => return Poll::Pending,
                None => {
                    // Everything is written, so release the send buffer for other connections to
                    // use.
                    buffer_pool::release_send_buffer(&mut self.engine);
                    // One flush covers all earlier writes, so flush at the end and not after each
                    // write.
                    if self.flushing {
                        let flushed = stream.as_mut().poll_flush(cx);
                        if flushed.is_pending() && self.disconnected {
                            // No deadline is left that could end this wait, so abandon the flush.
                            self.flush_discarded = true;
                        } else {
                            ready!(flushed)?;
                        }
                        self.flushing = false;
                    }
                    return Poll::Ready(Ok(()));
                }
                //= docs/src/rfc6455.md#section-6-1
                //# The frames MUST be transmitted over the network connection.
                Some(Transmit::Bytes(queue)) => {
                    let Poll::Ready(written) = poll_write(stream.as_mut(), cx, queue) else {
                        // A write is also `Pending` if the task's budget is used up. That says
                        // nothing about the peer.
                        if coop::has_budget_remaining() {
                            self.engine.handle_write_blocked();
                        }
                        return Poll::Pending;
                    };
                    // If the stream accepts no bytes but reports no error, trying again would loop
                    // forever.
                    if written? == 0 && queue.has_remaining() {
                        return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                    }
                    self.flushing = true;
                }
                //= docs/src/rfc6455.md#section-7-1-1
                //# An endpoint SHOULD close the TCP connection cleanly, after closing any TLS
                //# session, and discard bytes that still arrive.
                Some(Transmit::HalfClose) => self.half_closing = true,
                Some(Transmit::Disconnect) => {
                    self.disconnected = true;
                    self.half_closing = false;
                    // For TLS, this call sends `close_notify`. For TCP, dropping the stream would
                    // be enough. The connection is over, so the result does not matter.
                    let _ = stream.as_mut().poll_shutdown(cx);
                }
            }
        }
    }
}

/// Writes once, and returns the number of bytes that the stream accepted.
fn poll_write<S: AsyncWrite>(
    stream: Pin<&mut S>,
    cx: &mut Context<'_>,
    queue: &mut SendQueue,
) -> Poll<io::Result<usize>> {
    if queue.chunk().len() < queue.remaining() {
        return poll_write_buf(stream, cx, queue);
    }
    // The queue is a single piece here, as it nearly always is. Use a plain write, because a
    // vectored write costs the kernel more, even for a single piece.
    let count = ready!(stream.poll_write(cx, queue.chunk()))?;
    queue.advance(count);
    Poll::Ready(Ok(count))
}

/// Copies an event out of the engine's input, so that it can outlive the next read.
fn to_owned_event(event: EngineEvent<'_>) -> Event {
    match event {
        EngineEvent::Message(message) => Event::Message(message.into_message()),
        EngineEvent::Ping(payload) => Event::Ping(Bytes::copy_from_slice(payload)),
        EngineEvent::Pong(payload) => Event::Pong(Bytes::copy_from_slice(payload)),
        EngineEvent::Close(frame) => Event::Close(frame),
    }
}
