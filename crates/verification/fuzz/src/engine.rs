//! Our engine, given bytes, and all that came of it.

use std::time::{Duration, Instant};

use bytes::Buf;
use protocol::{CloseInfo, Config, Connection, Event, Limits, Message, Role, Transmit, Violation, frame::MaskingKey};

use crate::cuts::pieces;

/// Something that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
    /// A Ping.
    Ping(Vec<u8>),
    /// A Pong.
    Pong(Vec<u8>),
    /// A Close, with code and reason.
    Close(Option<(u16, String)>),
}

/// All that came of some bytes and the end of the stream after them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What was heard, in order.
    pub heard: Vec<Heard>,
    /// The rule that was broken, if one was.
    pub violation: Option<Violation>,
    /// What was sent: Pongs and a Close.
    pub sent: Vec<u8>,
    /// What the driver was told to do with TCP, in order: `H` for half-close, `D` for disconnect.
    pub steps: String,
    /// How it ended.
    pub close_info: CloseInfo,
}

/// An engine that is being fed.
struct Fed {
    connection: Connection,
    now: Instant,
    outcome: (Vec<Heard>, Option<Violation>, Vec<u8>, String),
    received: usize,
}

/// Limits that a short input can break. One bit of the seed decides between them and `wide` ones, so that both large
/// messages and broken limits are within an input's reach.
pub const fn limits(seed: u32, wide: Limits) -> Limits {
    if seed & 2 == 0 {
        wide
    } else {
        Limits {
            max_frame_bytes: 200,
            max_message_bytes: 300,
            fragments: 4,
            max_control_frames_per_second: 8,
            ..Limits::DEFAULT
        }
    }
}

/// An engine. A client's masks with zeros, that is, changes nothing.
pub fn connection(role: Role, limits: &Limits) -> Connection {
    let now = Instant::now();
    let config = Config { limits: limits.clone(), ..Config::default() };
    match role {
        Role::Server => Connection::server(config, now),
        Role::Client => Connection::client(config, Box::new(|| MaskingKey([0; 4])), now),
    }
}

/// Feeds an engine with `pieces`, each a read of its own, and then with the end of the stream.
///
/// # Panics
/// When it keeps more memory for its input than what arrived accounts for, or gives events after its end.
pub fn feed<'a>(connection: Connection, pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let now = Instant::now();
    let mut fed = Fed { connection, now, outcome: (Vec::new(), None, Vec::new(), String::new()), received: 0 };
    for piece in pieces {
        fed.received += piece.len();
        fed.connection.receive(piece);
        fed.take_events();
    }
    fed.connection.receive_eof();
    fed.take_events();
    // Long after all deadlines.
    fed.now += Duration::from_secs(3600);
    let late = fed.connection.handle_timeout(fed.now);
    assert_eq!(late, Ok(()), "no Ping of ours waits for an answer");
    fed.take_events();
    let (heard, violation, sent, steps) = fed.outcome;
    assert_eq!(fed.connection.state(), protocol::State::Closed, "the stream has ended, and time has passed");
    Outcome { heard, violation, sent, steps, close_info: fed.connection.close_info() }
}

/// What comes of `bytes`, after making sure that it is the same in one piece, in others, and byte by byte.
///
/// # Panics
/// When it is not, and as [`feed`] does.
pub fn feed_in_any_cut(connection: impl Fn() -> Connection, seed: u32, bytes: &[u8]) -> Outcome {
    let whole = feed(connection(), [bytes]);
    let cut = feed(connection(), pieces(seed, bytes));
    assert_eq!(whole, cut, "in one piece, and in {seed:#x} pieces");
    let single = feed(connection(), bytes.chunks(1));
    assert_eq!(whole, single, "in one piece, and byte by byte");
    whole
}

impl Fed {
    fn take_events(&mut self) {
        loop {
            let event = match self.connection.poll_event(self.now) {
                Ok(Some(event)) => owned(event),
                Ok(None) => break,
                Err(violation) => {
                    let before = self.outcome.1.replace(violation);
                    assert_eq!(before, None, "a connection fails once");
                    continue;
                }
            };
            assert_eq!(self.outcome.1, None, "nothing is heard after a violation, not {event:?}");
            assert!(!matches!(self.outcome.0.last(), Some(Heard::Close(_))), "nothing after a Close, not {event:?}");
            self.outcome.0.push(event);
            self.transmit();
        }
        self.transmit();
        // What is announced is not what has arrived. A buffer may be twice as large as what it holds, and it may be a
        // bit larger than that.
        let capacity = self.connection.input().capacity();
        assert!(capacity <= 2 * self.received + 1024, "{capacity} bytes of memory for {} received", self.received);
    }

    fn transmit(&mut self) {
        loop {
            match self.connection.poll_transmit() {
                None => return,
                Some(Transmit::Bytes(output)) => {
                    let len = output.remaining();
                    assert!(len > 0, "nothing to write is not to be written");
                    self.outcome.2.extend_from_slice(&output.copy_to_bytes(len));
                }
                Some(Transmit::HalfClose) => self.outcome.3.push('H'),
                Some(Transmit::Disconnect) => {
                    self.outcome.3.push('D');
                    return;
                }
            }
        }
    }
}

/// The event, without what it borrows.
///
/// # Panics
/// When a text is not UTF-8.
pub fn owned(event: Event<'_>) -> Heard {
    match event {
        Event::Message(message) => match message.into_message() {
            // From the bytes, so that what the engine takes for UTF-8 is checked once more.
            Message::Text(text) => {
                Heard::Text(String::from_utf8(text.as_str().as_bytes().to_vec()).expect("a text is UTF-8"))
            }
            Message::Binary(payload) => Heard::Binary(payload.to_vec()),
        },
        Event::Ping(payload) => Heard::Ping(payload.to_vec()),
        Event::Pong(payload) => Heard::Pong(payload.to_vec()),
        Event::Close(frame) => Heard::Close(frame.map(|frame| (frame.code.0, frame.reason))),
    }
}
