//! Tests the driver, `websocket`, on an in-memory stream that follows a script.
//!
//! An input is a script of steps. A step either changes the stream or calls a method of the
//! connection:
//!
//! ```text
//!   seed (4 bytes)   role and form (1 byte)   step   step   ...
//!
//!   step = one byte: the low four bits select the step, and the high four bits its variant
//!          a second byte for the steps that need a length, and then as many bytes
//! ```
//!
//! Every call is polled once and then dropped if it is still pending. So the target also tests that
//! nothing is lost when a future is dropped.

use std::{collections::VecDeque, future::Future, io, pin::pin, task::Poll, time::Duration};

use bytes::Bytes;
use protocol::{Limits, Message, MessageKind, Role};
use testkit::stream::{ScriptedStream, StreamScript, scripted_stream};
use tokio::runtime::Runtime;
use websocket::{CloseCode, Error, Event, ReadHalf, WebSocket, WriteHalf};

use crate::{
    engine::{EngineRecord, ReceivedEvent, connection, connection_at, feed, limits},
    splits::{pieces, seed},
};

/// Checks the driver against an engine that receives the same bytes directly.
///
/// # Panics
/// Panics if the driver loses or changes a message in either direction, if it does not report the
/// same violation as the engine, or if it never reports the end of the connection.
pub fn run(input: &[u8]) {
    let Some((seed, rest)) = seed(input) else { return };
    let Some((&form, steps)) = rest.split_first() else { return };
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
    let mut session = Session::new(&runtime, seed, form);
    session.run_steps(steps);
    session.finish();
    session.check_received(seed);
    session.check_sent();
}

/// The connection under test, either whole or split into its two halves.
enum Endpoint {
    Whole(Box<WebSocket<ScriptedStream>>),
    Halves(ReadHalf<ScriptedStream>, WriteHalf<ScriptedStream>),
}

/// Calls a method that both a `WebSocket` and one of its halves have.
macro_rules! call {
    ($session:ident, $half:ident => $call:expr) => {
        match &mut $session.endpoint {
            Endpoint::Whole($half) => poll_once($session.runtime, $call),
            Endpoint::Halves(read, write) => {
                let $half = select!($half, read, write);
                poll_once($session.runtime, $call)
            }
        }
    };
}

/// Selects the half to call: the read half if the first argument is `reader`, or the write half if
/// it is `writer`.
macro_rules! select {
    (reader, $read:ident, $write:ident) => {{
        let _ = $write;
        $read
    }};
    (writer, $read:ident, $write:ident) => {{
        let _ = $read;
        $write
    }};
}

/// A connection, its script, and what has happened so far.
struct Session<'a> {
    runtime: &'a Runtime,
    role: Role,
    endpoint: Endpoint,
    script: StreamScript,
    /// The bytes that the driver can read from the stream before the stream ends or fails.
    incoming: Vec<u8>,
    /// Whether the script has ended the incoming stream.
    incoming_ended: bool,
    /// Whether the script has made reads fail. `write_error` is the corresponding flag for writes.
    read_error: bool,
    write_error: bool,
    /// The events that the driver has returned.
    received: VecDeque<ReceivedEvent>,
    /// Whether the driver has reported the end.
    ended: bool,
    error: Option<Error>,
    /// The messages and Pings that the driver has accepted for sending, in order.
    sent: Vec<ReceivedEvent>,
    /// The message that is being sent in fragments, if any: its kind, and its payload so far.
    fragments: Option<(MessageKind, Vec<u8>)>,
    /// Whether the driver has written everything that it accepted.
    flushed: bool,
}

impl<'a> Session<'a> {
    fn new(runtime: &'a Runtime, seed: u32, form: u8) -> Self {
        let _guard = runtime.enter();
        let role = if form & 1 == 0 { Role::Server } else { Role::Client };
        let (stream, script) = scripted_stream();
        // The runtime's clock is paused, so no time passes during the script, and a per-second
        // limit applies to the script as a whole. The same is true of the engine that receives the
        // same bytes directly.
        let now = tokio::time::Instant::now().into_std();
        let whole = WebSocket::new(stream, connection_at(role, &limits(seed, Limits::DEFAULT), now));
        let endpoint = if form & 2 == 0 {
            Endpoint::Whole(Box::new(whole))
        } else {
            let (read, write) = whole.into_split();
            Endpoint::Halves(read, write)
        };
        if form & 4 != 0 {
            script.disable_vectored_writes();
        }
        Self {
            runtime,
            role,
            endpoint,
            script,
            incoming: Vec::new(),
            incoming_ended: false,
            read_error: false,
            write_error: false,
            received: VecDeque::new(),
            ended: false,
            error: None,
            sent: Vec::new(),
            fragments: None,
            flushed: false,
        }
    }

    fn run_steps(&mut self, mut steps: &[u8]) {
        while let Some((&step, rest)) = steps.split_first() {
            steps = rest;
            let variant = step >> 4;
            // Takes a length and then that many bytes, or all remaining bytes if there are fewer.
            let mut payload = || {
                let (&len, rest) = steps.split_first().unwrap_or((&0, &[]));
                let (payload, rest) = rest.split_at(rest.len().min(len.into()));
                steps = rest;
                payload
            };
            match step & 15 {
                0 | 1 => self.push_read(payload(), variant & 1 == 1),
                2 => self.end_incoming(variant),
                3 => self.script.allow_writes(usize::from(variant) * 3),
                4 => self.script.unblock_writes(),
                5 if variant == 15 => {
                    self.write_error = true;
                    self.script.fail_writes(io::ErrorKind::ConnectionReset);
                }
                5 => self.script.block_one_write(),
                6 if variant & 1 == 0 => self.script.block_flushes(),
                6 => self.script.unblock_flushes(),
                7 | 8 => self.next_event(),
                9 => self.next_message(),
                10 => self.serve(),
                11 => self.send(Message::text(String::from_utf8_lossy(payload()).into_owned())),
                12 => self.send(Message::binary(payload().repeat(1 << variant))),
                13 => self.send_fragment(variant, payload()),
                14 => self.send_control(variant, payload()),
                _ if variant == 15 => self.start_close(),
                _ => self.flush(),
            }
        }
    }

    fn push_read(&mut self, bytes: &[u8], one_by_one: bool) {
        // Do not add an empty read to the script, because the driver would take it for the end of
        // the stream.
        if self.incoming_ended || bytes.is_empty() {
            return;
        }
        self.incoming.extend_from_slice(bytes);
        if one_by_one { self.script.push_byte_by_byte(bytes) } else { self.script.push_read(bytes) }
    }

    fn end_incoming(&mut self, variant: u8) {
        if self.incoming_ended {
            return;
        }
        self.incoming_ended = true;
        self.read_error = variant >= 14;
        match variant {
            14 => self.script.fail_reads(io::ErrorKind::ConnectionReset),
            15 => self.script.fail_one_read(io::ErrorKind::ConnectionReset),
            _ => self.script.push_eof(),
        }
    }

    fn next_event(&mut self) {
        match call!(self, reader => reader.next_event()) {
            Poll::Pending => {}
            Poll::Ready(Some(Ok(event))) => self.record(owned(event)),
            Poll::Ready(Some(Err(error))) => self.end(Some(error)),
            Poll::Ready(None) => self.end(None),
        }
    }

    fn next_message(&mut self) {
        match call!(self, reader => reader.next()) {
            Poll::Pending => {}
            Poll::Ready(Some(Ok(message))) => self.record(owned_message(message)),
            Poll::Ready(Some(Err(error))) => self.end(Some(error)),
            Poll::Ready(None) => self.end(None),
        }
    }

    /// Echoes each message with `serve`. If the connection is split, reads one event instead,
    /// because its halves have no such method.
    fn serve(&mut self) {
        let Endpoint::Whole(whole) = &mut self.endpoint else { return self.next_event() };
        let (mut received, mut sent) = (Vec::new(), Vec::new());
        let result = poll_once(
            self.runtime,
            whole.serve(|message, outbound| {
                let event = owned_message(message.into_message());
                let message = match &event {
                    ReceivedEvent::Text(text) => Message::text(text.clone()),
                    ReceivedEvent::Binary(payload) => Message::binary(payload.clone()),
                    other => panic!("{other:?} is not a message"),
                };
                if outbound.send(message).is_ok() {
                    sent.push(event.clone());
                }
                received.push(event);
                Ok(())
            }),
        );
        received.into_iter().for_each(|event| self.record(event));
        self.sent.extend(sent);
        match result {
            Poll::Pending => {}
            Poll::Ready(Ok(())) => self.end(None),
            Poll::Ready(Err(error)) => self.end(Some(error)),
        }
    }

    fn record(&mut self, event: ReceivedEvent) {
        assert!(!self.ended, "{event:?} after the end");
        self.received.push_back(event);
    }

    fn end(&mut self, error: Option<Error>) {
        assert!(error.is_none() || !self.ended, "a second end: {error:?} after {:?}", self.error);
        self.ended = true;
        self.error = self.error.take().or(error);
    }

    fn send(&mut self, message: Message) {
        let event = owned_message(message.clone());
        if let Poll::Ready(Ok(())) = call!(self, writer => writer.feed(message)) {
            self.sent.push(event);
        }
    }

    fn send_fragment(&mut self, variant: u8, payload: &[u8]) {
        let kind = self.fragments.as_ref().map_or(MessageKind::Binary, |(kind, _)| *kind);
        let last = variant & 1 == 1;
        let sent = call!(self, writer => async {
            writer.reserve().await?.feed_fragment(kind, payload, last)
        });
        if let Poll::Ready(Ok(())) = sent {
            let (kind, mut message) = self.fragments.take().unwrap_or((kind, Vec::new()));
            message.extend_from_slice(payload);
            if last {
                self.sent.push(ReceivedEvent::Binary(message));
            } else {
                self.fragments = Some((kind, message));
            }
        }
    }

    fn send_control(&mut self, variant: u8, payload: &[u8]) {
        let is_ping = variant & 1 == 0;
        let sent = call!(self, writer => async {
            let permit = writer.reserve().await?;
            if is_ping { permit.feed_ping(payload) } else { permit.feed_pong(payload) }
        });
        if is_ping && let Poll::Ready(Ok(())) = sent {
            self.sent.push(ReceivedEvent::Ping(payload.to_vec()));
        }
    }

    fn start_close(&mut self) {
        let _ = call!(self, writer => writer.start_close(CloseCode::NORMAL, "done"));
    }

    fn flush(&mut self) {
        let _ = call!(self, writer => writer.flush());
    }

    /// Unblocks the stream, ends its input, and reads until the driver reports the end of the
    /// connection.
    fn finish(&mut self) {
        self.script.unblock_writes();
        self.script.unblock_flushes();
        let flushed = call!(self, writer => writer.flush());
        self.flushed = matches!(flushed, Poll::Ready(Ok(())));
        self.end_incoming(0);
        let mut waits = 0;
        while !self.ended {
            let before = self.received.len();
            self.next_event();
            if self.received.len() == before && !self.ended {
                waits += 1;
                assert!(waits < 100 + 2 * self.incoming.len(), "the connection never ends");
                if self.script.is_drained() {
                    self.runtime.block_on(tokio::time::advance(Duration::from_secs(60)));
                }
            }
        }
        // Once the connection has ended, reads and flushes must return at once.
        assert!(call!(self, reader => reader.next_event()).is_ready(), "a read waits after the end");
        assert!(call!(self, writer => writer.flush()).is_ready(), "a flush waits after the end");
    }

    /// Compares what the driver returned with what the engine returns for the same bytes.
    fn check_received(&mut self, seed: u32) {
        let engine = connection(self.role, &limits(seed, Limits::DEFAULT));
        let EngineRecord { events, violation, .. } = feed(engine, pieces(seed, &self.incoming));
        for event in events {
            if self.received.front() == Some(&event) {
                self.received.pop_front();
            } else {
                // The methods `next` and `serve` may skip control frames, but never a message.
                let is_message = matches!(event, ReceivedEvent::Text(_) | ReceivedEvent::Binary(_));
                assert!(!is_message, "lost: {event:?}; instead {:?}", self.received.front());
            }
        }
        assert_eq!(self.received, [], "events that the engine does not know");
        match (violation, &self.error) {
            (Some(expected), Some(Error::Violation(reported))) => assert_eq!(*reported, expected),
            (Some(expected), other) => panic!("{expected:?} is not reported, but {other:?}"),
            (None, Some(Error::Violation(reported))) => panic!("{reported:?} is reported"),
            (None, Some(Error::Io(error))) => assert!(self.read_error || self.write_error, "{error:?}"),
            (None, _) => {}
        }
    }

    /// Passes all written bytes to an engine in the role of the peer. Checks that this engine
    /// receives, in order, the messages and Pings that the driver accepted, and that none is
    /// missing if the driver was flushed.
    fn check_sent(&self) {
        let peer = if self.role == Role::Server { Role::Client } else { Role::Server };
        let written = self.script.written();
        let peer = connection(peer, &Limits::DEFAULT.max_control_frames_per_second(u32::MAX));
        let EngineRecord { events, violation, .. } = feed(peer, [&written[..]]);
        assert_eq!(violation, None, "the driver has written invalid frames: {written:02x?}");
        let is_sent = |event: &ReceivedEvent| !matches!(event, ReceivedEvent::Pong(_) | ReceivedEvent::Close(_));
        let arrived: Vec<_> = events.into_iter().filter(is_sent).collect();
        assert!(self.sent.starts_with(&arrived), "sent {:?}, but {arrived:?} arrived", self.sent);
        if self.flushed {
            assert_eq!(arrived.len(), self.sent.len(), "flushed {:?}, but only {arrived:?} arrived", self.sent);
        }
    }
}

/// Polls a future once, within the runtime, and drops it.
fn poll_once<F: Future>(runtime: &Runtime, future: F) -> Poll<F::Output> {
    let mut future = pin!(future);
    runtime.block_on(std::future::poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))))
}

fn owned_message(message: Message) -> ReceivedEvent {
    match message {
        Message::Text(text) => ReceivedEvent::Text(text.as_str().to_owned()),
        Message::Binary(payload) => ReceivedEvent::Binary(payload.to_vec()),
    }
}

fn owned(event: Event) -> ReceivedEvent {
    let payload = |payload: Bytes| payload.to_vec();
    match event {
        Event::Message(message) => owned_message(message),
        Event::Ping(bytes) => ReceivedEvent::Ping(payload(bytes)),
        Event::Pong(bytes) => ReceivedEvent::Pong(payload(bytes)),
        Event::Close(frame) => ReceivedEvent::Close(frame.map(|frame| (frame.code().0, frame.reason().to_owned()))),
    }
}
