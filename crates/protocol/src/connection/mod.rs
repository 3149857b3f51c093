//! A WebSocket connection after its opening handshake, without a socket (sections 5.5, 6 and 7).
//!
//! Bytes and the time go in; events, bytes and instructions come out. Whoever owns the socket, the *driver*, moves them:
//!
//! ```text
//!   socket ──▶ receive(bytes) ──▶ ┌────────────┐ ──▶ poll_event() ──▶ application
//!              receive_eof()      │ Connection │
//!   socket ◀── poll_transmit() ◀─ └────────────┘ ◀── send() ping() close() ◀── application
//!                                   │       ▲
//!                       poll_timeout()     handle_timeout()
//!                                   ▼       │
//!                                     clock
//! ```
//!
//! Most messages can be had in shorter ways than by `poll_event`:
//!
//! | call | for |
//! |---|---|
//! | [`poll_event`](Connection::poll_event) | everything: messages, control frames, and what is wrong |
//! | [`poll_message`](Connection::poll_message) | a message that lies in the input whole, without asking for the time; then `poll_event` |
//! | [`poll_message_with_outbound`](Connection::poll_message_with_outbound) | the same, with the way to answer it while it is being looked at |
//! | [`has_complete_frame`](Connection::has_complete_frame) | whether to go on before what is queued is sent |
//! | [`has_input`](Connection::has_input) | whether `poll_event` could find anything at all |
//!
//! | file | what it holds |
//! |---|---|
//! | here | the connection, and what it does with what arrives |
//! | `receiver` | from bytes to messages and control frames; `receiver/whole`: the short way to most messages |
//! | `event` | what the application is told |
//! | `sending` | what the application may send when |
//! | `sender` | from messages to frames in the output |
//! | `compression` | what is different about both for compressed messages |
//! | `output` | bytes on their way out |
//! | `control` | what the peer's control frames ask for |
//! | `closing` | how it ends: facts, states, who closes TCP |
//! | `timers` | deadlines |
//!
//! The same calls with the same arguments always give the same results, so every rule can be tested without a network
//! and without waiting.
//!
//! Whether bytes are copied or shared is decided in four places, each by what it would cost there:
//!
//! | from | where | why |
//! |---|---|---|
//! | 2 KiB | `event`: a message that is kept shares the input | below, it would hold on to a whole buffer |
//! | 4 KiB | `output`: a payload is written from where it lies | below, a copy costs less than one more piece of a write |
//! | 16 KiB | `receiver`: a payload is unmasked and checked in pieces | so much stays in the core's own cache |
//! | 64 KiB | `sending`: an echo shares the memory of what it answers | below, it lies in a buffer that the next read wants |

mod closing;
mod compression;
mod control;
mod event;
mod receiver;
mod send_queue;
mod sender;
mod sending;
mod timers;

use std::{
    fmt,
    ops::Range,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::{Buf, BytesMut};

pub use self::{
    closing::{CloseInfo, Endpoint, State},
    event::{Event, MessageRef},
    send_queue::SendQueue,
    sender::PreparedMessage,
    sending::Outbound,
    timers::KeepAlive,
};
use self::{
    closing::{Closing, TcpStep},
    control::ControlFrames,
    event::Payload,
    receiver::{Decoded, Receiver},
    sender::Sender,
    timers::KeepAliveState,
};
use crate::{
    close::{CloseCode, CloseFrame},
    frame::MaskingKeys,
    limits::Limits,
    message::MessageKind,
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
    //= docs/src/rfc6455.md#section-7-3
    //# A client SHOULD NOT close the connection at will.
    //= docs/src/rfc6455.md#section-7-1-7
    //# Except for all this, and for what its application asks, a client SHOULD NOT close the connection.
    //= docs/src/rfc6455.md#section-7-2-1
    //# Except for these cases and for what its application asks, a client SHOULD NOT close the connection.
    /// Whether to send Pings unasked. Off by default: a client has no business ending a connection that is merely quiet
    /// (section 7.3); servers do well to switch it on.
    pub keep_alive: Option<KeepAlive>,
}

impl Default for Config {
    fn default() -> Self {
        Self { limits: Limits::DEFAULT, close_timeout: Duration::from_secs(5), keep_alive: None }
    }
}

/// One end of an open WebSocket connection, without I/O. See the [module](self) for how the calls fit together.
pub struct Connection {
    config: Arc<Config>,
    receiver: Receiver,
    sender: Sender,
    closing: Closing,
    /// The peer has ended its stream; what came before may still be in the input.
    eof_read: bool,
    /// Made when the peer sends its first control frame.
    control: Option<Box<ControlFrames>>,
    /// The keep-alive, if there is one, until the connection begins to close.
    keep_alive: Option<Box<KeepAliveState>>,
    /// When the peer has to have done what closing asks of it.
    close_deadline: Option<Instant>,
}

/// What the driver is to do with TCP next.
#[derive(Debug)]
pub enum Transmit<'a> {
    /// Write these bytes, [`advance`](Buf::advance) past those that were written, and ask again.
    Bytes(&'a mut SendQueue),
    /// End this direction of TCP (`shutdown`), and go on reading until the peer ends the other (section 7.1.1).
    HalfClose,
    /// Drop the TCP connection. Nothing follows.
    Disconnect,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No payload: what people say to each other has no place in a log.
        f.debug_struct("Connection")
            .field("role", &self.sender.role)
            .field("state", &self.state())
            .field("queued_bytes", &self.queued_bytes())
            .finish_non_exhaustive()
    }
}

impl Connection {
    /// A client's end. `keys` gives a new masking key for each frame.
    ///
    /// One `config` can serve many connections: hand it over in an [`Arc`].
    #[must_use]
    pub fn client(config: impl Into<Arc<Config>>, keys: Box<dyn MaskingKeys>, now: Instant) -> Self {
        Self::new(Role::Client, config.into(), Some(keys), now)
    }

    /// A server's end.
    #[must_use]
    pub fn server(config: impl Into<Arc<Config>>, now: Instant) -> Self {
        Self::new(Role::Server, config.into(), None, now)
    }

    fn new(role: Role, config: Arc<Config>, keys: Option<Box<dyn MaskingKeys>>, now: Instant) -> Self {
        Self {
            receiver: Receiver::new(role, Arc::clone(&config)),
            sender: Sender::new(role, keys),
            closing: Closing::default(),
            eof_read: false,
            control: None,
            keep_alive: config.keep_alive.map(|every| Box::new(KeepAliveState::new(every, now))),
            close_deadline: None,
            config,
        }
    }

    /// Which side this end is.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.sender.role
    }

    /// OPEN, CLOSING or CLOSED.
    #[must_use]
    pub fn state(&self) -> State {
        self.closing.state()
    }

    /// How the connection ended, as far as it is known. Final once the [`state`](Self::state) is CLOSED.
    #[must_use]
    pub fn close_info(&self) -> CloseInfo {
        self.closing.close_info()
    }

    // ---- From the peer ----------------------------------------------------------------------------------------------

    /// Takes bytes that came from the peer, however they were cut. Events follow from [`poll_event`](Self::poll_event).
    pub fn receive(&mut self, bytes: &[u8]) {
        self.input().extend_from_slice(bytes);
    }

    /// The buffer for bytes from the peer, for a driver that reads into it directly. Bytes may be added at its end, and
    /// while it is empty it may be exchanged for another.
    ///
    /// [`missing`](Self::payload_remaining) tells how many are surely wanted.
    #[inline]
    pub fn input(&mut self) -> &mut BytesMut {
        self.receiver.input()
    }

    /// Whether a complete frame lies in the input: the next [`poll_event`](Self::poll_event) will not have to wait, and
    /// whoever answers several messages at once can wait with sending the answers.
    #[must_use]
    pub fn has_complete_frame(&self) -> bool {
        !self.closing.ignores_input() && self.receiver.has_frame()
    }

    /// How many bytes of the frame that has begun to arrive are still missing; 0 between frames.
    ///
    /// A number that the peer announced: read that far, but do not allocate it.
    #[must_use]
    pub fn payload_remaining(&self) -> usize {
        self.receiver.payload_remaining()
    }

    /// Notes that the peer has ended its stream: a read gave 0 bytes.
    pub fn receive_eof(&mut self) {
        self.eof_read = true;
    }

    /// Notes that a write failed: nothing more can be sent. What the peer has sent can still be read, up to its end or to
    /// the deadline for closing; often that is the Close that explains why it left.
    pub fn handle_write_error(&mut self, now: Instant) {
        //= docs/src/rfc6455.md#section-7-1-7
        //# An endpoint MAY leave that Close out if it believes that the other side can hardly receive and process it.
        self.closing.write_failed = true;
        self.drop_output();
        self.arm_close_timer_unless_running(now);
    }

    /// Notes that a read failed: nothing more will come, and nothing more can be sent. What has arrived can still be
    /// taken.
    pub fn handle_read_error(&mut self) {
        //= docs/src/rfc6455.md#section-7-2-1
        //# If the transport is lost when nobody expects it, the client MUST fail the connection.
        self.eof_read = true;
        self.closing.write_failed = true;
        self.drop_output();
    }

    fn drop_output(&mut self) {
        self.closing.output_discarded |= self.sender.output.drop_all();
    }

    /// The next message, if it lies in the input whole and in one frame, as nearly every message does.
    ///
    /// The short way for those. It asks for no time, because nothing about such a message depends on it. `None` says
    /// nothing about what else has come: [`poll_event`](Self::poll_event) tells.
    #[inline]
    pub fn poll_message(&mut self) -> Option<MessageRef<'_>> {
        if self.closing.ignores_input() {
            return None;
        }
        let (kind, range) = self.receiver.next_unfragmented()?;
        Some(self.received(kind, range))
    }

    /// The next message as [`poll_message`](Self::poll_message) gives it, and beside it the way to answer it while it is being
    /// looked at.
    #[inline]
    pub fn poll_message_with_outbound(&mut self) -> Option<(MessageRef<'_>, Outbound<'_>)> {
        if self.closing.ignores_input() {
            return None;
        }
        let (kind, range) = self.receiver.next_unfragmented()?;
        // Field by field: the message borrows the receiving half while the answer uses the sending one.
        let Self { receiver: Receiver { input, start, .. }, sender, closing, .. } = self;
        Some((MessageRef { kind, payload: Payload::InPlace { input, start, range } }, Outbound { sender, closing }))
    }

    /// A message that lies in the input.
    #[inline]
    fn received(&mut self, kind: MessageKind, range: Range<usize>) -> MessageRef<'_> {
        let Receiver { input, start, .. } = &mut self.receiver;
        MessageRef { kind, payload: Payload::InPlace { input, start, range } }
    }

    /// Whether there is anything for [`poll_event`](Self::poll_event) to look at: bytes, or the end of the stream.
    #[inline]
    #[must_use]
    pub fn has_input(&self) -> bool {
        self.receiver.unprocessed() > 0 || (self.eof_read && !self.closing.eof_reached)
    }

    /// The next thing that the peer said; `None` until more bytes come.
    ///
    /// Answers that the protocol demands (a Pong, a Close) are queued here, so call
    /// [`poll_transmit`](Self::poll_transmit) afterwards.
    ///
    /// # Errors
    /// The rule that the peer broke, once. The connection has then been failed (section 7.1.7): a fitting Close is
    /// queued and nothing more will be read.
    pub fn poll_event(&mut self, now: Instant) -> Result<Option<Event<'_>>, Violation> {
        if self.closing.ignores_input() {
            self.receiver.discard();
            self.handle_eof(now);
            return Ok(None);
        }
        let arrived = match self.receiver.next() {
            Ok(Some(arrived)) => arrived,
            Ok(None) => {
                self.handle_eof(now);
                return Ok(None);
            }
            Err(violation) => return Err(self.fail(violation, now)),
        };
        match arrived {
            Decoded::Control(opcode, range) => self.control_frame(opcode, range, now).map(Some),
            Decoded::Unfragmented(kind, range) => Ok(Some(Event::Message(self.received(kind, range)))),
            Decoded::Reassembled(kind, payload) => {
                Ok(Some(Event::Message(MessageRef { kind, payload: Payload::Assembled(payload) })))
            }
        }
    }

    /// Takes note of the end of the peer's stream, once all that came before it has been handled: it is still worth
    /// having.
    fn handle_eof(&mut self, now: Instant) {
        if self.eof_read && !self.closing.eof_reached {
            self.closing.eof_reached = true;
            // What is queued may still be sent, for as long as a Close would be waited for.
            self.arm_close_timer_unless_running(now);
        }
    }

    /// Fails the connection (section 7.1.7): the one way in which every broken rule ends.
    ///
    /// The peer is told why with a Close, nothing more that it sends is read, and TCP is half-closed as soon as the
    /// Close is out.
    fn fail(&mut self, violation: Violation, now: Instant) -> Violation {
        //= docs/src/rfc6455.md#section-7-1-7
        //# If the connection was established, an endpoint SHOULD send a Close with a fitting code before it closes.
        let code = violation.close_code().unwrap_or(CloseCode::PROTOCOL_ERROR);
        self.send_close(Some(CloseFrame::for_violation(code, &violation)), now);
        self.arm_close_timer(now);
        self.closing.failed = Some(Box::new(violation.clone()));
        //= docs/src/rfc6455.md#section-7-1-7
        //# After failing the connection an endpoint MUST NOT process anything more from the other side, not even a
        //# Close.
        self.receiver.discard();
        violation
    }

    // ---- To the transport ----------------------------------------------------------------------------------------------

    /// Whether something that was queued had to be dropped, because the transport failed or the peer was given up.
    #[must_use]
    pub const fn dropped_output(&self) -> bool {
        self.closing.output_discarded
    }

    /// How many bytes wait to be written. A caller that produces faster than the peer reads looks here, and stops.
    #[must_use]
    pub fn queued_bytes(&self) -> usize {
        self.sender.output.remaining()
    }

    /// The buffer in which small frames are gathered, while nothing is queued: it may then be exchanged for another. A
    /// driver that takes it away from a connection that is about to wait leaves it without any.
    #[inline]
    pub const fn output_buffer(&mut self) -> Option<&mut BytesMut> {
        self.sender.output.buffer()
    }

    /// What the driver is to do with TCP next; `None` when there is nothing to do.
    pub fn poll_transmit(&mut self) -> Option<Transmit<'_>> {
        if self.closing.write_failed {
            self.drop_output();
        } else {
            self.send_owed_pong();
        }
        //= docs/src/rfc6455.md#section-7-1-1
        //# An endpoint MAY close the connection by whatever means there are when it has to, for example under attack.
        //
        // Whoever gave up on the peer does not wait until it has read what is queued.
        if self.sender.output.has_remaining() && !self.closing.timed_out {
            return Some(Transmit::Bytes(&mut self.sender.output));
        }
        match self.closing.tcp_step(self.sender.role)? {
            TcpStep::HalfClose => {
                self.closing.half_closed = true;
                Some(Transmit::HalfClose)
            }
            TcpStep::Disconnect => {
                self.closing.disconnected = true;
                (self.keep_alive, self.close_deadline) = (None, None);
                self.drop_output();
                Some(Transmit::Disconnect)
            }
        }
    }
}
