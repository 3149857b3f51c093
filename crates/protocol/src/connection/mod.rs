//! A WebSocket connection after its opening handshake, without a socket (sections 5.5, 6 and 7).
//!
//! Bytes and the time go in; events, bytes and instructions come out. Whoever owns the socket, the *driver*, moves them:
//!
//! ```text
//!   socket ──▶ receive(bytes) ──▶ ┌────────────┐ ──▶ poll_event() ──▶ application
//!              receive_end()      │ Connection │
//!   socket ◀── poll_transmit() ◀─ └────────────┘ ◀── send() ping() close() ◀── application
//!                                   │       ▲
//!                       poll_timeout()     handle_timeout()
//!                                   ▼       │
//!                                     clock
//! ```
//!
//! The same calls with the same arguments always give the same results, so every rule can be tested without a network
//! and without waiting.

mod closing;
mod output;
mod receiver;
mod timers;

use std::{
    fmt,
    ops::Range,
    time::{Duration, Instant},
};

use bytes::{Buf, Bytes, BytesMut};

use self::{
    closing::{Closing, TcpStep},
    receiver::{Arrived, Receiver},
    timers::Timers,
};
pub use self::{
    closing::{Closure, End, State},
    output::Output,
    timers::KeepAlive,
};
use crate::{
    close::{CloseCode, CloseFrame},
    frame::{FrameHeader, MaskingKeys, Opcode, ReservedBits},
    limits::{Limits, MAX_CONTROL_PAYLOAD},
    message::{Kind, Message, Text},
    misuse::Misuse,
    utf8::Utf8Validator,
    violation::Violation,
};

/// Which side of the connection this end is (section 1.2). The roles differ in who masks and in who closes TCP first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Opened the connection. Masks what it sends.
    Client,
    /// Accepted the connection. Never masks.
    Server,
}

/// How a connection is to behave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// What is taken from the peer before the connection fails.
    pub limits: Limits,
    /// How long the peer may take to answer a Close, and then to close TCP. 5 seconds by default: several round trips
    /// around the world. [`Duration::MAX`] sets no deadline.
    pub close_timeout: Duration,
    /// Whether to send Pings unasked. Off by default: a client has no business ending a connection that is merely quiet
    /// (section 7.3); servers do well to switch it on.
    pub keep_alive: Option<KeepAlive>,
}

impl Default for Config {
    fn default() -> Self {
        Self { limits: Limits::DEFAULT, close_timeout: Duration::from_secs(5), keep_alive: None }
    }
}

/// What can be seen of a peer from here: how much it has sent that nobody has looked at, and how much it has taken.
#[derive(Debug, Default)]
struct Seen {
    unhandled: usize,
    left: u64,
}

/// Pongs that may wait in the output before the next one takes the place of those not yet there.
///
/// A peer that sends Pings and does not read would otherwise make the queue of answers grow for ever. Answering only
/// the latest is allowed (section 5.5.3), so memory stays at 64 frames of at most 131 bytes.
const MAX_PONGS_QUEUED: u32 = 64;

/// One end of an open WebSocket connection, without I/O. See the [module](self) for how the calls fit together.
pub struct Connection {
    role: Role,
    config: Config,
    /// A client's source of masking keys; a server has none.
    keys: Option<Box<dyn MaskingKeys>>,
    receiver: Receiver,
    output: Output,
    closing: Closing,
    timers: Timers,
    /// The peer has ended its stream; what came before may still be in the input.
    end_seen: bool,
    /// A fragmented message of ours is open: its kind, and the check of its text.
    sending: Option<(Kind, Utf8Validator)>,
    /// Pongs in the output, and where the last of them ends there.
    pongs_queued: u32,
    pongs_end: u64,
    /// The latest Ping's payload, when the output already holds [`MAX_PONGS_QUEUED`].
    pong_owed: Option<Bytes>,
    /// The keep-alive's Pings so far; the number is their payload.
    pings_sent: u32,
    /// When the next one is due, while the last has no answer.
    next_ping: Option<Instant>,
    /// Where the last one stands in the output.
    ping_place: Range<u64>,
    /// What could be seen of the peer when the wait for its Pong began.
    seen: Seen,
    /// Control frames in the present second, and when it began.
    control_frames: (Option<Instant>, u32),
}

/// Something that the peer said.
#[derive(Debug)]
pub enum Event<'a> {
    /// A whole message (section 6.2).
    Message(Received<'a>),
    /// A Ping. Its Pong is already on its way (section 5.5.2).
    Ping(&'a [u8]),
    /// A Pong, asked for or not (section 5.5.3).
    Pong(&'a [u8]),
    /// The peer's Close; nothing will follow. The answer is already on its way (section 5.5.1).
    Close(Option<CloseFrame>),
}

/// A message that just arrived. Look at it where it lies, or take it with [`into_message`](Self::into_message).
#[derive(Debug)]
pub struct Received<'a> {
    kind: Kind,
    payload: Payload<'a>,
}

#[derive(Debug)]
enum Payload<'a> {
    /// In the connection's input: the message was one frame.
    InPlace { input: &'a mut BytesMut, start: &'a mut usize, place: Range<usize> },
    /// In a buffer of its own: it was put together.
    Assembled(BytesMut),
}

/// Up to this size, a message that the application keeps is copied out of the input, and above it shares the input's
/// memory. A shared piece keeps the whole buffer alive: ten bytes should not hold on to 64 KiB, and copying them costs
/// less than counting references.
const COPIED_UP_TO: usize = 2 << 10;

impl Received<'_> {
    /// Text or binary.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The payload, unmasked and checked.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.payload {
            Payload::InPlace { input, place, .. } => &input[place.clone()],
            Payload::Assembled(payload) => payload,
        }
    }

    /// The message, to keep. A large payload is not copied.
    #[must_use]
    pub fn into_message(self) -> Message {
        let bytes = match self.payload {
            Payload::InPlace { input, place, .. } if place.len() <= COPIED_UP_TO => {
                Bytes::copy_from_slice(&input[place])
            }
            Payload::InPlace { input, start, place } => {
                // The message becomes the front of the input and is cut off there.
                input.advance(place.start);
                *start = 0;
                input.split_to(place.len()).freeze()
            }
            Payload::Assembled(payload) => payload.freeze(),
        };
        match self.kind {
            Kind::Text => Message::Text(Text::from_checked(bytes)),
            Kind::Binary => Message::Binary(bytes),
        }
    }
}

/// What the driver is to do with TCP next.
#[derive(Debug)]
pub enum Transmit<'a> {
    /// Write these bytes, [`advance`](Buf::advance) past those that were written, and ask again.
    Bytes(&'a mut Output),
    /// End this direction of TCP (`shutdown`), and go on reading until the peer ends the other (section 7.1.1).
    HalfClose,
    /// Drop the TCP connection. Nothing follows.
    Disconnect,
}

/// A message encoded once, to be sent to any number of clients: see [`Connection::send_prepared`].
#[derive(Debug, Clone)]
pub struct Prepared {
    frame: Bytes,
}

impl Prepared {
    /// Encodes a message as a server sends it: one frame, without a mask.
    #[must_use]
    pub fn new(message: &Message) -> Self {
        let payload = message.as_bytes();
        let head = frame_header(message.kind().opcode(), true, payload.len()).encode();
        Self { frame: [&head[..], payload].concat().into() }
    }
}

/// The header of a frame without a mask and without an extension.
const fn frame_header(opcode: Opcode, fin: bool, len: usize) -> FrameHeader {
    FrameHeader { fin, reserved: ReservedBits::NONE, opcode, masking_key: None, payload_length: len as u64 }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No payload: what people say to each other has no place in a log.
        f.debug_struct("Connection")
            .field("role", &self.role)
            .field("state", &self.state())
            .field("queued", &self.queued())
            .finish_non_exhaustive()
    }
}

impl Connection {
    /// A client's end. `keys` gives a new masking key for each frame.
    #[must_use]
    pub fn client(config: Config, keys: Box<dyn MaskingKeys>, now: Instant) -> Self {
        Self::new(Role::Client, config, Some(keys), now)
    }

    /// A server's end.
    #[must_use]
    pub fn server(config: Config, now: Instant) -> Self {
        Self::new(Role::Server, config, None, now)
    }

    fn new(role: Role, config: Config, keys: Option<Box<dyn MaskingKeys>>, now: Instant) -> Self {
        Self {
            role,
            receiver: Receiver::new(role, config.limits.clone()),
            timers: Timers {
                ping: config.keep_alive.and_then(|keep| now.checked_add(keep.interval)),
                ..Timers::default()
            },
            config,
            keys,
            output: Output::default(),
            closing: Closing::default(),
            end_seen: false,
            sending: None,
            pongs_queued: 0,
            pongs_end: 0,
            pong_owed: None,
            pings_sent: 0,
            next_ping: None,
            ping_place: 0..0,
            seen: Seen::default(),
            control_frames: (None, 0),
        }
    }

    /// Which side this end is.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// OPEN, CLOSING or CLOSED.
    #[must_use]
    pub fn state(&self) -> State {
        self.closing.state()
    }

    /// How the connection ended, as far as it is known. Final once the [`state`](Self::state) is CLOSED.
    #[must_use]
    pub fn closure(&self) -> Closure {
        self.closing.closure()
    }

    // ---- From the peer ----------------------------------------------------------------------------------------------

    /// Takes bytes that came from the peer, however they were cut. Events follow from [`poll_event`](Self::poll_event).
    pub fn receive(&mut self, bytes: &[u8]) {
        self.input().extend_from_slice(bytes);
    }

    /// The buffer for bytes from the peer, for a driver that reads into it directly. Bytes may be added at its end, and
    /// while it is empty it may be exchanged for another.
    ///
    /// [`missing`](Self::missing) tells how many are surely wanted.
    pub fn input(&mut self) -> &mut BytesMut {
        &mut self.receiver.input
    }

    /// Whether a complete frame lies in the input: the next [`poll_event`](Self::poll_event) will not have to wait, and
    /// whoever answers several messages at once can wait with sending the answers.
    #[must_use]
    pub fn has_event(&self) -> bool {
        !self.closing.is_deaf() && self.receiver.has_frame()
    }

    /// How many bytes of the frame that has begun to arrive are still missing; 0 between frames.
    ///
    /// A number that the peer announced: read that far, but do not allocate it.
    #[must_use]
    pub fn missing(&self) -> usize {
        self.receiver.missing()
    }

    /// Notes that the peer has ended its stream: a read gave 0 bytes.
    pub fn receive_end(&mut self) {
        self.end_seen = true;
    }

    /// Notes that a write failed: nothing more can be sent. What the peer has sent can still be read, up to its end or to
    /// the deadline for closing; often that is the Close that explains why it left.
    pub fn sending_lost(&mut self, now: Instant) {
        self.closing.mute = true;
        self.drop_output();
        self.arm_close_timer_unless_running(now);
    }

    /// Notes that a read failed: nothing more will come, and nothing more can be sent. What has arrived can still be
    /// taken.
    pub fn transport_lost(&mut self) {
        self.end_seen = true;
        self.closing.mute = true;
        self.drop_output();
    }

    fn drop_output(&mut self) {
        self.closing.cut_off |= self.output.drop_all();
    }

    /// The next thing that the peer said; `None` until more bytes come.
    ///
    /// Answers that the protocol demands (a Pong, a Close) are queued here, so call
    /// [`poll_transmit`](Self::poll_transmit) afterwards.
    ///
    /// # Errors
    /// The rule that the peer broke, once. The connection has then been failed (section 7.1.7): a fitting Close is
    /// queued and nothing more will be read.
    #[inline]
    pub fn poll_event(&mut self, now: Instant) -> Result<Option<Event<'_>>, Violation> {
        if self.closing.is_deaf() {
            self.receiver.discard();
            self.note_end(now);
            return Ok(None);
        }
        let arrived = match self.receiver.next() {
            Ok(Some(arrived)) => arrived,
            Ok(None) => {
                self.note_end(now);
                return Ok(None);
            }
            Err(violation) => return Err(self.fail(violation, now)),
        };
        let payload = match arrived {
            Arrived::Control(opcode, place) => return self.control_frame(opcode, place, now).map(Some),
            Arrived::Whole(kind, place) => {
                let Receiver { input, start, .. } = &mut self.receiver;
                (kind, Payload::InPlace { input, start, place })
            }
            Arrived::Assembled(kind, payload) => (kind, Payload::Assembled(payload)),
        };
        Ok(Some(Event::Message(Received { kind: payload.0, payload: payload.1 })))
    }

    /// Takes note of the end of the peer's stream, once all that came before it has been handled: it is still worth
    /// having.
    fn note_end(&mut self, now: Instant) {
        if self.end_seen && !self.closing.end_received {
            self.closing.end_received = true;
            // What is queued may still be sent, for as long as a Close would be waited for.
            self.arm_close_timer_unless_running(now);
        }
    }

    /// Section 5.5: what each control frame asks for.
    fn control_frame(&mut self, opcode: Opcode, place: Range<usize>, now: Instant) -> Result<Event<'_>, Violation> {
        if self.too_many_control_frames(now) {
            let limit = self.config.limits.control_frames_per_second;
            return Err(self.fail(Violation::TooManyControlFrames { limit }, now));
        }
        match opcode {
            Opcode::Ping => {
                if self.pongs_queued < MAX_PONGS_QUEUED {
                    let header = masked(&mut self.keys, frame_header(Opcode::Pong, true, place.len()));
                    self.output.push_copied(&header, &self.receiver.input[place.clone()]);
                    self.pongs_queued += 1;
                    self.pongs_end = self.output.end();
                } else {
                    self.pong_owed = Some(Bytes::copy_from_slice(&self.receiver.input[place.clone()]));
                }
                Ok(Event::Ping(&self.receiver.input[place]))
            }
            Opcode::Pong => {
                // Any Pong shows that the peer lives, asked for or not, late or not.
                self.peer_lives(now);
                Ok(Event::Pong(&self.receiver.input[place]))
            }
            // The receiver passes on control frames only.
            _ => {
                let body = match CloseFrame::parse(&self.receiver.input[place]) {
                    Ok(body) => body,
                    Err(violation) => return Err(self.fail(violation, now)),
                };
                self.closing.close_received(body.clone());
                self.arm_close_timer(now);
                // 5.5.1: answer once, with the code that came.
                let answer = body.as_ref().map(|frame| CloseFrame { code: frame.code, reason: String::new() });
                self.send_close(answer, now);
                Ok(Event::Close(body))
            }
        }
    }

    /// Counts a control frame against the limit for the present second.
    fn too_many_control_frames(&mut self, now: Instant) -> bool {
        let (began, count) = &mut self.control_frames;
        match *began {
            Some(began) if now.saturating_duration_since(began) < Duration::from_secs(1) => *count += 1,
            _ => (*began, *count) = (Some(now), 1),
        }
        *count > self.config.limits.control_frames_per_second
    }

    /// Fails the connection (section 7.1.7): the one way in which every broken rule ends.
    ///
    /// The peer is told why with a Close, nothing more that it sends is read, and TCP is half-closed as soon as the
    /// Close is out.
    fn fail(&mut self, violation: Violation, now: Instant) -> Violation {
        let code = violation.close_code().unwrap_or(CloseCode::PROTOCOL_ERROR);
        self.send_close(Some(CloseFrame::for_violation(code, &violation)), now);
        self.arm_close_timer(now);
        self.closing.failed = Some(violation.clone());
        self.receiver.discard();
        violation
    }

    // ---- To the peer ------------------------------------------------------------------------------------------------

    /// Sends a message in one frame (section 6.1).
    ///
    /// # Errors
    /// [`Misuse::AfterClose`] unless the state is OPEN; [`Misuse::MessageOpen`] inside a fragmented message.
    #[inline]
    pub fn send(&mut self, message: Message) -> Result<(), Misuse> {
        self.check_may_begin()?;
        let opcode = message.kind().opcode();
        let payload = match message {
            Message::Text(text) => text.into_bytes(),
            Message::Binary(bytes) => bytes,
        };
        let header = masked(&mut self.keys, frame_header(opcode, true, payload.len()));
        self.output.push(&header, payload);
        Ok(())
    }

    /// Sends a text message whose text stays with the caller. Errors as for [`send`](Self::send).
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub fn send_text(&mut self, text: &str) -> Result<(), Misuse> {
        self.send_borrowed(Kind::Text, text.as_bytes())
    }

    /// Sends a binary message whose bytes stay with the caller.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub fn send_binary(&mut self, bytes: &[u8]) -> Result<(), Misuse> {
        self.send_borrowed(Kind::Binary, bytes)
    }

    fn send_borrowed(&mut self, kind: Kind, payload: &[u8]) -> Result<(), Misuse> {
        self.check_may_begin()?;
        let header = masked(&mut self.keys, frame_header(kind.opcode(), true, payload.len()));
        self.output.push_copied(&header, payload);
        Ok(())
    }

    /// Sends a message that was encoded beforehand; a server's only, for a client's frames are all different.
    ///
    /// # Errors
    /// As for [`send`](Self::send), and [`Misuse::PreparedForServers`] on a client.
    pub fn send_prepared(&mut self, prepared: &Prepared) -> Result<(), Misuse> {
        if self.role == Role::Client {
            return Err(Misuse::PreparedForServers);
        }
        self.check_may_begin()?;
        self.output.push_encoded(&prepared.frame);
        Ok(())
    }

    /// Sends a part of a message as a frame of its own (section 5.4). The first part says the `kind`, and so do all
    /// others; `last` ends the message. Parts may be empty, and a text may be cut inside a character.
    ///
    /// # Errors
    /// [`Misuse::AfterClose`]; [`Misuse::MessageOpen`] for a part of another kind than the open message's;
    /// [`Misuse::NotUtf8`] for a text that is none, in which case this part was not sent.
    pub fn send_fragment(&mut self, kind: Kind, part: &[u8], last: bool) -> Result<(), Misuse> {
        if self.state() != State::Open {
            return Err(Misuse::AfterClose);
        }
        let (opcode, mut utf8) = match &self.sending {
            None => (kind.opcode(), Utf8Validator::new()),
            Some((open, utf8)) if *open == kind => (Opcode::Continuation, utf8.clone()),
            Some(_) => return Err(Misuse::MessageOpen),
        };
        if kind == Kind::Text && (utf8.push(part).is_err() || (last && !utf8.is_complete())) {
            return Err(Misuse::NotUtf8);
        }
        self.sending = (!last).then_some((kind, utf8));
        let header = masked(&mut self.keys, frame_header(opcode, last, part.len()));
        self.output.push_copied(&header, part);
        Ok(())
    }

    /// Sends a Ping (section 5.5.2). The peer's Pong repeats `payload`.
    ///
    /// # Errors
    /// [`Misuse::AfterClose`] once a Close was sent or received; [`Misuse::ControlTooLong`] above 125 bytes.
    pub fn ping(&mut self, payload: &[u8]) -> Result<(), Misuse> {
        self.own_control(Opcode::Ping, payload)
    }

    /// Sends a Pong that nobody asked for (section 5.5.3). Pings are answered without it.
    ///
    /// # Errors
    /// As for [`ping`](Self::ping).
    pub fn pong(&mut self, payload: &[u8]) -> Result<(), Misuse> {
        self.own_control(Opcode::Pong, payload)
    }

    fn own_control(&mut self, opcode: Opcode, payload: &[u8]) -> Result<(), Misuse> {
        if self.state() != State::Open {
            return Err(Misuse::AfterClose);
        }
        if payload.len() > MAX_CONTROL_PAYLOAD {
            return Err(Misuse::ControlTooLong(payload.len()));
        }
        self.control(opcode, payload);
        Ok(())
    }

    /// Starts the closing handshake (section 7.1.2), or does nothing when one has begun. With `None` the
    /// Close has an empty body, which the peer reports as 1005.
    ///
    /// Data of the peer may still arrive until its own Close does.
    ///
    /// # Errors
    /// [`Misuse::CloseCodeNotSendable`], [`Misuse::CloseReasonTooLong`].
    pub fn close(&mut self, frame: Option<CloseFrame>, now: Instant) -> Result<(), Misuse> {
        if let Some(CloseFrame { code, reason }) = &frame {
            CloseFrame::new(*code, reason.as_str())?;
            // 7.4.1: what 1010 says, only a client can mean. A server that misses an extension refuses the handshake.
            if *code == CloseCode::MANDATORY_EXTENSION && self.role == Role::Server {
                return Err(Misuse::CloseCodeNotSendable(*code));
            }
        }
        if self.state() == State::Open {
            self.send_close(frame, now);
        }
        Ok(())
    }

    /// Gives the peer a deadline for what it has to do next: answer a Close, or close TCP.
    fn arm_close_timer(&mut self, now: Instant) {
        self.timers = Timers { close: now.checked_add(self.config.close_timeout), ..Timers::default() };
        self.next_ping = None;
    }

    fn arm_close_timer_unless_running(&mut self, now: Instant) {
        if self.timers.close.is_none() && self.state() != State::Closed {
            self.arm_close_timer(now);
        }
    }

    /// Queues a Close unless one was sent.
    fn send_close(&mut self, frame: Option<CloseFrame>, now: Instant) {
        if self.closing.sent.is_some() {
            return;
        }
        self.arm_close_timer(now);
        let mut body = Vec::new();
        if let Some(frame) = &frame {
            frame.write_to(&mut body);
        }
        self.pong_owed = None;
        self.control(Opcode::Close, &body);
        self.closing.close_sent(frame);
    }

    /// Queues a control frame.
    fn control(&mut self, opcode: Opcode, payload: &[u8]) {
        let header = masked(&mut self.keys, frame_header(opcode, true, payload.len()));
        self.output.push_copied(&header, payload);
    }

    /// 5.5.1 and 6.1: data only while OPEN; 5.4: not in the middle of another message.
    #[inline]
    fn check_may_begin(&self) -> Result<(), Misuse> {
        if self.state() != State::Open {
            return Err(Misuse::AfterClose);
        }
        if self.sending.is_some() {
            return Err(Misuse::MessageOpen);
        }
        Ok(())
    }

    /// Whether something that was queued had to be dropped, because the transport failed or the peer was given up.
    #[must_use]
    pub const fn dropped_output(&self) -> bool {
        self.closing.cut_off
    }

    /// How many bytes wait to be written. A caller that produces faster than the peer reads looks here, and stops.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.output.remaining()
    }

    /// What the driver is to do with TCP next; `None` when there is nothing to do.
    pub fn poll_transmit(&mut self) -> Option<Transmit<'_>> {
        if self.closing.mute {
            self.drop_output();
        } else if self.pongs_queued > 0 && self.output.has_left(self.pongs_end) {
            self.pongs_queued = 0;
            if let Some(payload) = self.pong_owed.take() {
                self.control(Opcode::Pong, &payload);
            }
        }
        // Whoever gave up on the peer does not wait until it has read what is queued.
        if self.output.has_remaining() && !self.closing.gave_up {
            return Some(Transmit::Bytes(&mut self.output));
        }
        match self.closing.tcp_step(self.role)? {
            TcpStep::HalfClose => {
                self.closing.half_closed = true;
                Some(Transmit::HalfClose)
            }
            TcpStep::Disconnect => {
                self.closing.disconnected = true;
                self.timers = Timers::default();
                self.drop_output();
                Some(Transmit::Disconnect)
            }
        }
    }

    // ---- Time -------------------------------------------------------------------------------------------------------

    /// When [`handle_timeout`](Self::handle_timeout) is to be called next. Changes with any other call.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// Does what was to be done by `now`. Calls that come too early do nothing.
    ///
    /// # Errors
    /// [`Violation::PongOverdue`] when a Ping was not answered: the connection has been failed.
    pub fn handle_timeout(&mut self, now: Instant) -> Result<(), Violation> {
        if Timers::expired(&mut self.timers.close, now) {
            self.closing.gave_up = true;
        }
        let Some(keep_alive) = self.config.keep_alive else { return Ok(()) };
        if Timers::expired(&mut self.timers.pong, now) {
            if self.was_heard() {
                // A Pong cannot overtake a large frame that is still arriving. As long as anything comes, the peer lives.
                self.peer_lives(now);
            } else if self.was_busy_taking() {
                self.wait_for_pong(keep_alive, now);
            } else {
                return Err(self.fail(Violation::PongOverdue, now));
            }
        }
        if Timers::expired(&mut self.timers.ping, now) {
            // A Ping that has not left yet is as good as a new one.
            if self.output.has_left(self.ping_place.end) {
                self.pings_sent = self.pings_sent.wrapping_add(1);
                let begin = self.output.end();
                self.control(Opcode::Ping, &self.pings_sent.to_be_bytes());
                self.ping_place = begin..self.output.end();
            }
            self.wait_for_pong(keep_alive, now);
            self.next_ping = now.checked_add(keep_alive.interval);
        }
        Ok(())
    }

    /// Looks at the peer, and gives it the time to answer a Ping.
    fn wait_for_pong(&mut self, keep_alive: KeepAlive, now: Instant) {
        self.receiver.heard = false;
        self.seen = Seen { unhandled: self.receiver.unhandled(), left: self.output.left() };
        self.timers.pong = now.checked_add(keep_alive.timeout);
    }

    /// The peer has shown that it is there: the next Ping can wait until it is due.
    fn peer_lives(&mut self, now: Instant) {
        self.timers.pong = None;
        if let Some(due) = self.next_ping.take() {
            self.timers.ping = Some(due.max(now));
        }
    }

    /// Whether anything has come since [`wait_for_pong`](Self::wait_for_pong).
    fn was_heard(&self) -> bool {
        self.receiver.heard || self.receiver.unhandled() > self.seen.unhandled
    }

    /// Whether the Ping stood behind other output, and some of that has left: no peer can answer a Ping that is not out.
    fn was_busy_taking(&self) -> bool {
        self.seen.left < self.ping_place.start && self.output.left() > self.seen.left
    }
}

/// Section 5.3: a client's frame gets a key of its own, a server's none.
#[inline]
fn masked(keys: &mut Option<Box<dyn MaskingKeys>>, header: FrameHeader) -> FrameHeader {
    FrameHeader { masking_key: keys.as_mut().map(|keys| keys.next_key()), ..header }
}
