//! What the tests share: bytes written as people read them, one end of a connection under a virtual clock, and two ends
//! joined by a wire that is a queue.
//!
//! Frames in the tests are written by hand, as a server sends them, fields apart: `"81 05 48656c6c6f"`. Where a rule
//! binds both roles, the test runs for both, and what travels from the client is given the MASK bit and the key
//! 00000000, which leaves the payload readable. Other keys are used where masking itself is the subject.

#![allow(dead_code)] // Each test file is a program of its own and uses a part of this.

pub(crate) mod deflate;
pub(crate) mod head;
pub(crate) mod memory;

use std::{
    collections::VecDeque,
    fmt,
    time::{Duration, Instant},
};

use bytes::Buf;
use protocol::{
    CloseCode, CloseFrame, Config, Connection, DeflateOptions, Event, Limits, Message, MessageKind, NegotiatedDeflate,
    Role, Transmit, Violation,
    frame::{MaskingKey, MaskingKeys},
};

// ---- Bytes ----------------------------------------------------------------------------------------------------------

/// Bytes from hexadecimal digits; white space between the fields is for the reader.
#[track_caller]
pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits: String = text.split_whitespace().collect();
    assert!(digits.is_ascii() && digits.len().is_multiple_of(2), "half a byte in {text:?}");
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap_or_else(|_| panic!("not hexadecimal: {text:?}")))
        .collect()
}

/// The opposite of [`hex`], for messages of failed tests; long strings are cut.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    let shown: Vec<String> = bytes.iter().take(48).map(|byte| format!("{byte:02x}")).collect();
    let more = if bytes.len() > 48 { format!(" ... ({} bytes)", bytes.len()) } else { String::new() };
    shown.join(" ") + &more
}

/// The key of the RFC's examples.
pub(crate) const EXAMPLE_KEY: MaskingKey = MaskingKey([0x37, 0xFA, 0x21, 0x3D]);

/// A frame as a client sends it with the key 00000000: MASK set, the key behind the length, the payload as it is.
pub(crate) fn masked(mut frame: Vec<u8>) -> Vec<u8> {
    let key_at = match frame[1] {
        126 => 4,
        127 => 10,
        _ => 2,
    };
    frame[1] |= 0x80;
    if frame.len() >= key_at {
        frame.splice(key_at..key_at, [0; 4]);
    }
    frame
}

/// Hand-written frames as `sender` puts them on the wire.
#[track_caller]
pub(crate) fn wire(sender: Role, frames: &[&str]) -> Vec<u8> {
    let frames = frames.iter().map(|frame| hex(frame));
    match sender {
        Role::Server => frames.flatten().collect(),
        Role::Client => frames.flat_map(masked).collect(),
    }
}

/// Keys in the order in which they are to be used. One more than expected is a failed test.
pub(crate) fn scripted_keys(keys: &[[u8; 4]]) -> Box<dyn MaskingKeys> {
    let mut keys: VecDeque<MaskingKey> = keys.iter().copied().map(MaskingKey).collect();
    Box::new(move || keys.pop_front().expect("a key was drawn for a frame that should not be"))
}

/// The same key again and again.
pub(crate) fn always(key: MaskingKey) -> Box<dyn MaskingKeys> {
    Box::new(move || key)
}

/// The other role.
pub(crate) const fn peer_of(role: Role) -> Role {
    match role {
        Role::Client => Role::Server,
        Role::Server => Role::Client,
    }
}

// ---- What came, what goes -------------------------------------------------------------------------------------------

/// An [`Event`] as a value that can be kept and compared, or the rule that was broken.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Heard {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<(u16, String)>),
    Broken(Violation),
}

pub(crate) fn text(text: &str) -> Heard {
    Heard::Text(text.to_owned())
}

#[track_caller]
pub(crate) fn binary(bytes: &str) -> Heard {
    Heard::Binary(hex(bytes))
}

#[track_caller]
pub(crate) fn ping(payload: &str) -> Heard {
    Heard::Ping(hex(payload))
}

#[track_caller]
pub(crate) fn pong(payload: &str) -> Heard {
    Heard::Pong(hex(payload))
}

pub(crate) fn close(code: u16, reason: &str) -> Heard {
    Heard::Close(Some((code, reason.to_owned())))
}

pub(crate) fn empty_close() -> Heard {
    Heard::Close(None)
}

pub(crate) fn broken(violation: Violation) -> Heard {
    Heard::Broken(violation)
}

impl From<Event<'_>> for Heard {
    fn from(event: Event<'_>) -> Self {
        match event {
            Event::Message(message) => {
                let looked_at = message.as_bytes().to_vec();
                let kind = message.kind();
                let kept = message.into_message();
                assert_eq!(kept.kind(), kind);
                assert_eq!(kept.as_bytes(), &looked_at[..], "looked at and kept are the same");
                match kept {
                    Message::Text(text) => Self::Text(text.as_str().to_owned()),
                    Message::Binary(bytes) => Self::Binary(bytes.to_vec()),
                }
            }
            Event::Ping(payload) => Self::Ping(payload.to_vec()),
            Event::Pong(payload) => Self::Pong(payload.to_vec()),
            Event::Close(body) => Self::Close(body.map(|CloseFrame { code, reason }| (code.0, reason))),
        }
    }
}

impl fmt::Debug for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) if text.len() > 60 => write!(f, "text of {} bytes", text.len()),
            Self::Text(text) => write!(f, "text {text:?}"),
            Self::Binary(bytes) => write!(f, "binary {}", to_hex(bytes)),
            Self::Ping(bytes) => write!(f, "ping {}", to_hex(bytes)),
            Self::Pong(bytes) => write!(f, "pong {}", to_hex(bytes)),
            Self::Close(None) => f.write_str("close"),
            Self::Close(Some((code, reason))) => write!(f, "close {code} {reason:?}"),
            Self::Broken(violation) => write!(f, "broken {violation:?}"),
        }
    }
}

/// A [`Transmit`] as a value.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Bytes(Vec<u8>),
    HalfClose,
    Disconnect,
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "[{}]", to_hex(bytes)),
            Self::HalfClose => f.write_str("half-close"),
            Self::Disconnect => f.write_str("disconnect"),
        }
    }
}

/// Adds a step to others; bytes behind bytes are more bytes.
fn push_step(steps: &mut Vec<Step>, step: Step) {
    match (steps.last_mut(), step) {
        (Some(Step::Bytes(before)), Step::Bytes(bytes)) => before.extend(bytes),
        (_, step) => steps.push(step),
    }
}

// ---- One end --------------------------------------------------------------------------------------------------------

/// One connection and its clock. A client masks with the key 00000000 unless the test gives it others.
pub(crate) struct End {
    pub(crate) connection: Connection,
    pub(crate) now: Instant,
}

/// The default configuration with other limits.
pub(crate) fn limits(change: impl FnOnce(&mut Limits)) -> Config {
    let mut config = Config::default();
    change(&mut config.limits);
    config
}

/// Runs a test for a server and for a client.
pub(crate) fn both(test: impl Fn(&mut End)) {
    both_with(&Config::default(), test);
}

/// Runs a test for a server and for a client that are configured in this way.
pub(crate) fn both_with(config: &Config, test: impl Fn(&mut End)) {
    for role in [Role::Server, Role::Client] {
        println!("as a {role:?}"); // shown when the test fails
        test(&mut End::new(role, config.clone()));
    }
}

impl End {
    pub(crate) fn new(role: Role, config: Config) -> Self {
        Self::at(Instant::now(), role, config)
    }

    pub(crate) fn at(now: Instant, role: Role, config: Config) -> Self {
        let connection = match role {
            Role::Server => Connection::server(config, now),
            Role::Client => Connection::client(config, always(MaskingKey([0; 4])), now),
        };
        Self { connection, now }
    }

    pub(crate) fn server() -> Self {
        Self::new(Role::Server, Config::default())
    }

    pub(crate) fn client() -> Self {
        Self::new(Role::Client, Config::default())
    }

    /// This end, compressing.
    pub(crate) fn compressing(self, compression: &NegotiatedDeflate) -> Self {
        Self { connection: self.connection.with_deflate(compression), ..self }
    }

    /// A client that masks with these keys, in this order.
    pub(crate) fn client_with_keys(keys: &[[u8; 4]]) -> Self {
        let now = Instant::now();
        Self { connection: Connection::client(Config::default(), scripted_keys(keys), now), now }
    }

    pub(crate) fn role(&self) -> Role {
        self.connection.role()
    }

    /// Takes bytes exactly as they are, and gives what follows from them.
    pub(crate) fn hears_bytes(&mut self, bytes: &[u8]) -> Vec<Heard> {
        self.connection.receive(bytes);
        self.events()
    }

    /// Takes frames as this end's peer would send them, in one read, and gives what follows from them.
    #[track_caller]
    pub(crate) fn hears(&mut self, frames: &[&str]) -> Vec<Heard> {
        self.hears_bytes(&wire(peer_of(self.role()), frames))
    }

    /// The peer ends its stream.
    pub(crate) fn hears_end(&mut self) -> Vec<Heard> {
        self.connection.receive_eof();
        self.events()
    }

    /// All events that are there. Goes on after a violation: there must be one only.
    pub(crate) fn events(&mut self) -> Vec<Heard> {
        let mut heard = Vec::new();
        loop {
            match self.connection.poll_event(self.now) {
                Ok(Some(event)) => heard.push(event.into()),
                Ok(None) => return heard,
                Err(violation) => heard.push(broken(violation)),
            }
            assert!(heard.len() < 200_000, "events without end");
        }
    }

    /// Everything that is to be done with TCP now.
    pub(crate) fn steps(&mut self) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut turns = 0;
        while let Some(transmit) = self.connection.poll_transmit() {
            let step = match transmit {
                Transmit::Bytes(output) => Step::Bytes(output.copy_to_bytes(output.remaining()).to_vec()),
                Transmit::HalfClose => Step::HalfClose,
                Transmit::Disconnect => Step::Disconnect,
            };
            push_step(&mut steps, step);
            turns += 1;
            assert!(turns < 1000, "work without end");
        }
        steps
    }

    /// What is to be done with TCP while the peer reads nothing: no byte can be written.
    pub(crate) fn steps_while_blocked(&mut self) -> Vec<Step> {
        let mut steps = Vec::new();
        while let Some(transmit) = self.connection.poll_transmit() {
            match transmit {
                Transmit::Bytes(_) => break,
                Transmit::HalfClose => steps.push(Step::HalfClose),
                Transmit::Disconnect => steps.push(Step::Disconnect),
            }
        }
        steps
    }

    /// Steps as the tests write them: frames, `half-close`, `disconnect`.
    #[track_caller]
    pub(crate) fn spelled(&self, steps: &[&str]) -> Vec<Step> {
        let mut spelled = Vec::new();
        for &step in steps {
            let step = match step {
                "half-close" => Step::HalfClose,
                "disconnect" => Step::Disconnect,
                frame => Step::Bytes(wire(self.role(), &[frame])),
            };
            push_step(&mut spelled, step);
        }
        spelled
    }

    /// Checks what is to be done with TCP now: frames as they are written for a server, `half-close`, `disconnect`.
    #[track_caller]
    pub(crate) fn transmits(&mut self, steps: &[&str]) {
        let expected = self.spelled(steps);
        assert_eq!(self.steps(), expected, "transmitted by the {:?}", self.role());
    }

    /// Like [`transmits`](Self::transmits), where the roles differ.
    #[track_caller]
    pub(crate) fn transmits_by_role(&mut self, server: &[&str], client: &[&str]) {
        match self.role() {
            Role::Server => self.transmits(server),
            Role::Client => self.transmits(client),
        }
    }

    /// The bytes that are to be sent; nothing else may be to be done.
    #[track_caller]
    pub(crate) fn sent(&mut self) -> Vec<u8> {
        match &self.steps()[..] {
            [] => Vec::new(),
            [Step::Bytes(bytes)] => bytes.clone(),
            other => panic!("more than bytes: {other:?}"),
        }
    }

    /// Checks that this end fails the connection (section 7.1.7): it sends a Close with this code and a reason, then ends
    /// its stream. Gives the reason.
    #[track_caller]
    pub(crate) fn transmits_failure(&mut self, code: u16) -> String {
        let steps = self.steps();
        let [Step::Bytes(close), Step::HalfClose] = &steps[..] else { panic!("not failed: {steps:?}") };
        let (header_len, mask_bit) = if self.role() == Role::Client { (6, 0x80) } else { (2, 0) };
        let (header, body) = close.split_at(header_len);
        assert_eq!(header[0], 0x88, "a Close: {steps:?}");
        assert_eq!(usize::from(header[1] ^ mask_bit), body.len(), "nothing behind the Close: {steps:?}");
        assert!(body.len() <= 125, "a Close is a control frame: {steps:?}");
        assert_eq!(body[..2], code.to_be_bytes(), "the code: {steps:?}");
        String::from_utf8(body[2..].to_vec()).expect("a reason is UTF-8")
    }

    /// Checks that nothing is to be done.
    #[track_caller]
    pub(crate) fn transmits_nothing(&mut self) {
        self.transmits(&[]);
    }

    /// Lets time pass, with the deadlines handled when they come, as a driver does.
    pub(crate) fn wait(&mut self, duration: Duration) -> Vec<Heard> {
        let until = self.now + duration;
        let mut heard = Vec::new();
        let mut turns = 0;
        while let Some(deadline) = self.connection.poll_timeout().filter(|deadline| *deadline <= until) {
            self.now = self.now.max(deadline);
            if let Err(violation) = self.connection.handle_timeout(self.now) {
                heard.push(broken(violation));
            }
            turns += 1;
            assert!(turns < 1000, "deadlines without end");
        }
        self.now = until;
        heard
    }

    /// Starts the closing handshake with a code and a reason.
    #[track_caller]
    pub(crate) fn close(&mut self, code: u16, reason: &str) {
        let frame = CloseFrame { code: CloseCode(code), reason: reason.to_owned() };
        self.connection.close(Some(frame), self.now).expect("a code that may be sent");
    }

    /// Starts the closing handshake with an empty body.
    pub(crate) fn close_without_code(&mut self) {
        self.connection.close(None, self.now).expect("an empty Close may always be sent");
    }

    /// The close code that the application is told, and whether the end was clean.
    pub(crate) fn ending(&self) -> (u16, bool) {
        let close_info = self.connection.close_info();
        (close_info.code.0, close_info.was_clean)
    }
}

// ---- Two ends -------------------------------------------------------------------------------------------------------

/// What is on its way from one end to the other.
#[derive(Debug, Default)]
struct Wire {
    bytes: VecDeque<u8>,
    /// The sender has ended its direction.
    ended: bool,
    /// The receiver has been told.
    end_told: bool,
    /// The receiver does not read, and the kernel's buffers are full.
    blocked: bool,
}

/// A client and a server, joined.
pub(crate) struct Pair {
    pub(crate) client: End,
    pub(crate) server: End,
    to_client: Wire,
    to_server: Wire,
    /// How many bytes one read gives.
    pub(crate) read_size: usize,
    pub(crate) heard_by_client: Vec<Heard>,
    pub(crate) heard_by_server: Vec<Heard>,
    /// Who did what to TCP, in order; bytes aside.
    pub(crate) tcp: Vec<(Role, Step)>,
    /// Everything that each end has sent.
    pub(crate) sent_by_client: Vec<u8>,
    pub(crate) sent_by_server: Vec<u8>,
}

impl Pair {
    pub(crate) fn new() -> Self {
        Self::with(Config::default(), Config::default())
    }

    pub(crate) fn with(client: Config, server: Config) -> Self {
        let now = Instant::now();
        Self {
            client: End::at(now, Role::Client, client),
            server: End::at(now, Role::Server, server),
            to_client: Wire::default(),
            to_server: Wire::default(),
            read_size: usize::MAX,
            heard_by_client: Vec::new(),
            heard_by_server: Vec::new(),
            tcp: Vec::new(),
            sent_by_client: Vec::new(),
            sent_by_server: Vec::new(),
        }
    }

    /// A client and a server with these configurations, and with what they agree on from these options.
    pub(crate) fn compressing(config: &Config, client: &DeflateOptions, server: &DeflateOptions) -> Self {
        let (of_client, of_server) = deflate::agree(client, server);
        let pair = Self::with(config.clone(), config.clone());
        Self { client: pair.client.compressing(&of_client), server: pair.server.compressing(&of_server), ..pair }
    }

    /// Stops or starts what travels to this end.
    pub(crate) fn block(&mut self, receiver: Role, blocked: bool) {
        match receiver {
            Role::Client => self.to_client.blocked = blocked,
            Role::Server => self.to_server.blocked = blocked,
        }
    }

    /// Moves everything until both ends have nothing more to do.
    pub(crate) fn drive(&mut self) {
        for _ in 0..100_000 {
            let moved = self.move_from(Role::Client) | self.move_from(Role::Server);
            if !moved {
                return;
            }
        }
        panic!("the two ends never come to rest");
    }

    /// Lets time pass at both ends, and drives them whenever a deadline has come.
    pub(crate) fn wait(&mut self, duration: Duration) {
        let until = self.client.now + duration;
        loop {
            let next = [&self.client, &self.server].into_iter().filter_map(|end| end.connection.poll_timeout()).min();
            let Some(next) = next.filter(|next| *next <= until) else { break };
            self.set_now(next);
            self.drive();
        }
        self.set_now(until);
        self.drive();
    }

    fn set_now(&mut self, now: Instant) {
        let duration = now.saturating_duration_since(self.client.now);
        self.heard_by_client.extend(self.client.wait(duration));
        self.heard_by_server.extend(self.server.wait(duration));
    }

    /// One step of one sender, and one read at the other end.
    fn move_from(&mut self, sender: Role) -> bool {
        let (from, to, wire, back, heard, sent) = match sender {
            Role::Client => (
                &mut self.client,
                &mut self.server,
                &mut self.to_server,
                &mut self.to_client,
                &mut self.heard_by_server,
                &mut self.sent_by_client,
            ),
            Role::Server => (
                &mut self.server,
                &mut self.client,
                &mut self.to_client,
                &mut self.to_server,
                &mut self.heard_by_client,
                &mut self.sent_by_server,
            ),
        };
        let mut moved = false;
        let steps = if wire.blocked { from.steps_while_blocked() } else { from.steps() };
        for step in steps {
            moved = true;
            match &step {
                Step::Bytes(bytes) => {
                    assert!(!wire.ended, "bytes after the end of the stream");
                    sent.extend(bytes);
                    wire.bytes.extend(bytes);
                    continue;
                }
                Step::HalfClose => wire.ended = true,
                Step::Disconnect => {
                    wire.ended = true;
                    // Whatever is still on its way back arrives nowhere.
                    back.bytes.clear();
                    back.end_told = true;
                }
            }
            self.tcp.push((sender, step));
        }
        if !wire.blocked && !wire.bytes.is_empty() {
            let size = self.read_size.min(wire.bytes.len());
            let read: Vec<u8> = wire.bytes.drain(..size).collect();
            heard.extend(to.hears_bytes(&read));
            moved = true;
        } else if wire.bytes.is_empty() && wire.ended && !wire.end_told {
            wire.end_told = true;
            heard.extend(to.hears_end());
            moved = true;
        }
        moved
    }
}

/// How TCP is to end after a closing handshake: the server ends its stream first, then both let go (section 7.1.1).
pub(crate) const SERVER_CLOSES_TCP_FIRST: [(Role, Step); 3] =
    [(Role::Server, Step::HalfClose), (Role::Client, Step::Disconnect), (Role::Server, Step::Disconnect)];

// ---- Small things ---------------------------------------------------------------------------------------------------

/// Seconds.
pub(crate) const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Milliseconds.
pub(crate) const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// The name of a violation's variant, without what it holds.
pub(crate) fn name_of(violation: &Violation) -> String {
    let debug = format!("{violation:?}");
    debug.split(['(', ' ']).next().unwrap_or_default().to_owned()
}

/// The two kinds of messages.
pub(crate) const KINDS: [MessageKind; 2] = [MessageKind::Text, MessageKind::Binary];
