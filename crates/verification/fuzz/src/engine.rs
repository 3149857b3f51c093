//! Runs our engine on bytes from a peer, and records all its events and output.

use std::time::{Duration, Instant};

use bytes::Buf;
use protocol::{CloseInfo, Config, Connection, Event, Limits, Message, Role, Transmit, Violation, frame::MaskingKey};

use crate::splits::pieces;

/// An event that the application received, with its data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReceivedEvent {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
    /// A Ping.
    Ping(Vec<u8>),
    /// A Pong.
    Pong(Vec<u8>),
    /// A Close, with its code and reason if it has a body.
    Close(Option<(u16, String)>),
}

/// What the engine reported after it received some bytes and then the end of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineRecord {
    /// The events that the application received, in order.
    pub events: Vec<ReceivedEvent>,
    /// The rule that the bytes broke, if any.
    pub violation: Option<Violation>,
    /// The bytes that the engine sent: Pongs and a Close.
    pub sent: Vec<u8>,
    /// The TCP operations that the engine requested from its driver, in order: `H` for half-close,
    /// `D` for disconnect.
    pub tcp_steps: String,
    /// The close information, as the engine reported it once the connection had ended.
    pub close_info: CloseInfo,
}

/// A running engine, and the events and output recorded so far.
struct EngineRun {
    connection: Connection,
    now: Instant,
    events: Vec<ReceivedEvent>,
    violation: Option<Violation>,
    sent: Vec<u8>,
    tcp_steps: String,
    /// The number of bytes that the engine has received.
    received: usize,
}

/// Returns either `wide` or much lower limits, depending on one bit of `seed`. With `wide`, an
/// input can contain large messages; with the lower limits, even a short input can exceed them.
pub const fn limits(seed: u32, wide: Limits) -> Limits {
    if seed & 2 == 0 {
        wide
    } else {
        Limits::DEFAULT.max_frame_bytes(200).max_message_bytes(300).max_fragments(4).max_control_frames_per_second(8)
    }
}

/// Creates an engine. A client uses the masking key 00000000, which leaves the payload unchanged.
pub fn connection(role: Role, limits: &Limits) -> Connection {
    connection_at(role, limits, Instant::now())
}

/// Creates an engine as [`connection`] does, with `now` as the current time.
pub fn connection_at(role: Role, limits: &Limits, now: Instant) -> Connection {
    let config = Config::default().limits(limits.clone());
    match role {
        Role::Server => Connection::server(config, now),
        Role::Client => Connection::client(config, Box::new(|| MaskingKey([0; 4])), now),
    }
}

/// Passes `pieces` to an engine, one per read, followed by the end of the stream.
///
/// # Panics
/// Panics if the engine uses more memory for its input than the received bytes justify, returns
/// events after the end of the connection, or does not end the connection.
pub fn feed<'a>(connection: Connection, pieces: impl IntoIterator<Item = &'a [u8]>) -> EngineRecord {
    let mut run = EngineRun {
        connection,
        now: Instant::now(),
        events: Vec::new(),
        violation: None,
        sent: Vec::new(),
        tcp_steps: String::new(),
        received: 0,
    };
    for piece in pieces {
        run.received += piece.len();
        run.connection.receive(piece);
        run.poll_events();
    }
    run.connection.receive_eof();
    run.poll_events();
    // Advance the clock far beyond all deadlines, so that the connection has nothing left to wait
    // for.
    run.now += Duration::from_secs(3600);
    let result = run.connection.handle_timeout(run.now);
    assert_eq!(result, Ok(()), "the engine has not sent a Ping that waits for an answer");
    run.poll_events();
    assert_eq!(run.connection.state(), protocol::State::Closed, "the stream has ended, and time has passed");
    let EngineRun { connection, events, violation, sent, tcp_steps, .. } = run;
    EngineRecord { events, violation, sent, tcp_steps, close_info: connection.close_info() }
}

/// Passes `bytes` to three engines: to the first in one piece, to the second in pieces whose sizes
/// `seed` determines, and to the third byte by byte. Checks that the three records are the same.
///
/// # Panics
/// Panics if the records differ, or if [`feed`] panics.
pub fn feed_in_any_split(connection: impl Fn() -> Connection, seed: u32, bytes: &[u8]) -> EngineRecord {
    let whole = feed(connection(), [bytes]);
    let split = feed(connection(), pieces(seed, bytes));
    assert_eq!(whole, split, "in one piece, and in {seed:#x} pieces");
    let single = feed(connection(), bytes.chunks(1));
    assert_eq!(whole, single, "in one piece, and byte by byte");
    whole
}

impl EngineRun {
    fn poll_events(&mut self) {
        loop {
            let event = match self.connection.poll_event(self.now) {
                Ok(Some(event)) => owned(event),
                Ok(None) => break,
                Err(violation) => {
                    let before = self.violation.replace(violation);
                    assert_eq!(before, None, "a connection fails only once");
                    continue;
                }
            };
            assert_eq!(self.violation, None, "no event may follow a violation, but {event:?} did");
            let is_closed = matches!(self.events.last(), Some(ReceivedEvent::Close(_)));
            assert!(!is_closed, "no event may follow a Close, but {event:?} did");
            self.events.push(event);
            self.transmit();
        }
        self.transmit();
        // Memory must grow with the number of bytes that have arrived, not with the length that a
        // header announces. A growing buffer doubles its capacity, so allow a little more than
        // twice the number of received bytes.
        let input = self.connection.take_input();
        let capacity = input.capacity();
        self.connection.put_input(input);
        assert!(capacity <= 2 * self.received + 1024, "{capacity} bytes of memory for {} received", self.received);
    }

    fn transmit(&mut self) {
        loop {
            match self.connection.poll_transmit() {
                None => return,
                Some(Transmit::Bytes(output)) => {
                    let len = output.remaining();
                    assert!(len > 0, "the engine must not ask to write nothing");
                    self.sent.extend_from_slice(&output.copy_to_bytes(len));
                }
                Some(Transmit::HalfClose) => self.tcp_steps.push('H'),
                Some(Transmit::Disconnect) => {
                    self.tcp_steps.push('D');
                    return;
                }
            }
        }
    }
}

/// Copies an event, so that the record can own it.
///
/// # Panics
/// Panics if a text message is not UTF-8.
pub fn owned(event: Event<'_>) -> ReceivedEvent {
    match event {
        Event::Message(message) => match message.into_message() {
            // The engine has already validated the text. Validate the bytes again, so that this
            // check does not depend on the engine.
            Message::Text(text) => ReceivedEvent::Text(
                String::from_utf8(text.as_str().as_bytes().to_vec()).expect("the engine has validated the text"),
            ),
            Message::Binary(payload) => ReceivedEvent::Binary(payload.to_vec()),
        },
        Event::Ping(payload) => ReceivedEvent::Ping(payload.to_vec()),
        Event::Pong(payload) => ReceivedEvent::Pong(payload.to_vec()),
        Event::Close(frame) => ReceivedEvent::Close(frame.map(|frame| (frame.code().0, frame.reason().to_owned()))),
    }
}
