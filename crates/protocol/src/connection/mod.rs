//! A WebSocket connection after its opening handshake, without a socket (sections 5.5, 6 and 7).
//!
//! Bytes and the time go in; events, bytes and instructions come out. The **driver**, which owns
//! the socket, moves all of these between the socket, the clock and the application:
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
//! The same calls with the same arguments always return the same results, so every rule can be
//! tested without a network and without waiting.
//!
//! | file | what it holds |
//! |---|---|
//! | here | [`Connection`], whose methods call the types below |
//! | `input` | the bytes from the peer that have not been consumed |
//! | `receiver` | the decoding of bytes into messages and control frames |
//! | `event` | the messages and control frames that the application receives |
//! | `outbound` | sending while a received message is borrowed, and the check before the application sends |
//! | `sender` | the encoding of messages into frames |
//! | `send_queue` | the bytes to be written |
//! | `prepared` | a message that is encoded once for many connections |
//! | `deflate` | the compression and decompression of messages |
//! | `control` | the limit on the peer's control frames, and the Pongs that answer them |
//! | `closing` | the end of a connection: facts, states, and which endpoint closes the TCP connection |
//! | `timers` | deadlines |
//! | `message_deadline` | the deadline by which a message that has begun to arrive must be complete |
//!
//! Four size thresholds decide how the bytes of a payload are handled. Each threshold follows from
//! costs that the module in the second column explains:
//!
//! | size | where | why |
//! |---|---|---|
//! | 4 KiB or more | `send_queue`: an unmasked payload is queued without a copy | copying a smaller payload costs less than another entry in a vectored write |
//! | more than 16 KiB | `receiver`: the payload of a text message is unmasked and validated in pieces | a piece stays in the core's first-level cache |
//! | more than 64 KiB | `event`: a message that the application keeps can share the input's memory | a smaller message is copied, because sharing could keep a much larger buffer alive |
//! | 64 KiB or more | `outbound`: a message that is sent back can share its memory with the send queue | a smaller message is copied, because it is usually in the buffer that the next read needs |

mod closing;
mod control;
mod deflate;
mod event;
mod input;
mod message_deadline;
mod outbound;
mod prepared;
mod receiver;
mod send_queue;
mod sender;
mod timers;

use std::{
    fmt,
    ops::Range,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::BytesMut;

pub use self::{
    closing::{CloseInfo, Endpoint, State},
    event::{Event, MessageRef},
    outbound::Outbound,
    prepared::PreparedMessage,
    send_queue::SendQueue,
};
use self::{
    closing::{Closing, TcpStep},
    control::ControlFrameState,
    receiver::{Decoded, Receiver},
    sender::Sender,
    timers::Timers,
};
#[cfg(feature = "deflate")]
use crate::extension::NegotiatedDeflate;
use crate::{
    close::{CloseCode, CloseFrame},
    config::Config,
    frame::{MaskingKeys, Opcode},
    message::{Message, MessageKind},
    role::Role,
    usage_error::UsageError,
    violation::Violation,
};

/// One endpoint of an open WebSocket connection, without I/O. The [module](self) explains how the
/// calls fit together.
pub struct Connection {
    config: Arc<Config>,
    receiver: Receiver,
    sender: Sender,
    closing: Closing,
    /// Created when the peer sends its first control frame.
    control: Option<Box<ControlFrameState>>,
    timers: Timers,
}

/// The driver's next step with the transport.
#[derive(Debug)]
pub enum Transmit<'a> {
    /// Write these bytes, [`advance`](bytes::Buf::advance) past those that were written, and poll
    /// again.
    Bytes(&'a mut SendQueue),
    /// End the sending direction of the TCP connection (`shutdown`), and keep reading until the
    /// peer ends its direction (section 7.1.1).
    HalfClose,
    /// Drop the TCP connection. No further step follows.
    Disconnect,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Do not print any payload, because users' messages must not end up in a log.
        f.debug_struct("Connection")
            .field("role", &self.role())
            .field("state", &self.state())
            .field("queued_bytes", &self.queued_bytes())
            .finish_non_exhaustive()
    }
}

/// Creation and inspection.
impl Connection {
    /// Creates a client's endpoint. `keys` supplies a new masking key for each frame.
    ///
    /// Many connections can share one `config`: pass it in an [`Arc`].
    #[must_use]
    pub fn client(config: impl Into<Arc<Config>>, keys: Box<dyn MaskingKeys>, now: Instant) -> Self {
        Self::new(Role::Client, config.into(), Some(keys), now)
    }

    /// Creates a server's endpoint.
    #[must_use]
    pub fn server(config: impl Into<Arc<Config>>, now: Instant) -> Self {
        Self::new(Role::Server, config.into(), None, now)
    }

    fn new(role: Role, config: Arc<Config>, keys: Option<Box<dyn MaskingKeys>>, now: Instant) -> Self {
        Self {
            receiver: Receiver::new(role, Arc::clone(&config)),
            sender: Sender::new(role, keys),
            closing: Closing::default(),
            control: None,
            timers: Timers::new(config.keep_alive, now),
            config,
        }
    }

    /// Enables compression with the parameters that the opening handshake negotiated. The
    /// connection may then compress the messages that it sends, and accepts compressed messages.
    /// Call this method before the connection is used.
    //= docs/src/rfc7692.md#section-5
    //# After a valid response, both ends MUST exchange messages as described in section 6, with the
    //# agreed parameters.
    #[cfg(feature = "deflate")]
    #[must_use]
    pub fn with_deflate(mut self, negotiated: &NegotiatedDeflate) -> Self {
        self.sender.enable_deflate(deflate::Deflating::new(negotiated));
        self.receiver.enable_deflate(deflate::Inflating::new(negotiated));
        self
    }

    /// Returns the role of this endpoint.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.sender.role()
    }

    /// Returns the state: OPEN, CLOSING or CLOSED. The state can change during
    /// [`poll_event`](Self::poll_event), [`close`](Self::close),
    /// [`handle_timeout`](Self::handle_timeout), [`abandon`](Self::abandon) and
    /// [`poll_transmit`](Self::poll_transmit).
    #[must_use]
    pub fn state(&self) -> State {
        self.closing.state()
    }

    /// Returns the connection's state as a value that can be printed, for tools that compare
    /// states. As long as no compression is in use, two connections that print the same text behave
    /// in the same way, apart from their masking keys. Never write the result to a log, because it
    /// contains payloads.
    #[cfg(feature = "inspect")]
    pub fn inspect(&self) -> impl fmt::Debug {
        // Do not use `..` here, so that a new field cannot be forgotten.
        let Self { config, receiver, sender, closing, control, timers } = self;
        (config, receiver, sender, closing, control, timers)
    }

    /// Returns a summary of how the connection ended, as far as this endpoint knows. The summary is
    /// final once the [`state`](Self::state) is CLOSED.
    #[must_use]
    pub fn close_info(&self) -> CloseInfo {
        self.closing.close_info()
    }
}

/// Receiving: from the transport to the application.
impl Connection {
    /// Appends bytes from the peer to the input. The bytes may arrive in pieces of any size. Call
    /// [`poll_event`](Self::poll_event) afterwards.
    pub fn receive(&mut self, bytes: &[u8]) {
        self.receiver.input_mut().extend(bytes);
    }

    /// Takes the input buffer, so that a driver can read into it directly. Put it back with
    /// [`put_input`](Self::put_input) before you call any other method.
    ///
    /// The buffer holds the bytes that have not been consumed. It may be empty, and it may have no
    /// capacity.
    #[inline]
    #[must_use = "the connection has no input until the buffer is put back"]
    pub fn take_input(&mut self) -> BytesMut {
        self.receiver.input_mut().take()
    }

    /// Puts back the buffer from [`take_input`](Self::take_input). New bytes may have been
    /// appended, and the driver may have moved everything to a buffer of another size, but the
    /// unconsumed bytes that the buffer held must still be at the front.
    #[inline]
    pub fn put_input(&mut self, input: BytesMut) {
        self.receiver.input_mut().put(input);
    }

    /// Returns the number of received bytes that have not been consumed.
    #[inline]
    #[must_use]
    pub fn input_len(&self) -> usize {
        self.receiver.unconsumed_len()
    }

    /// Returns the number of received bytes that this connection holds: the unconsumed input, and
    /// the part of an incomplete message that has arrived. If that message is compressed, its
    /// inflated bytes are counted. Queued output is not counted.
    #[must_use]
    pub fn received_bytes(&self) -> usize {
        self.receiver.held_len()
    }

    /// Returns the size, in bytes, of the memory in which an incomplete message is reassembled or
    /// inflated. It is at least as large as the part of the message that it holds.
    #[must_use]
    pub fn message_capacity(&self) -> usize {
        self.receiver.message_capacity()
    }

    /// Sets the number of [`received_bytes`](Self::received_bytes) at which inflating stops. By
    /// default, there is no such limit, because
    /// [`Limits::max_message_bytes`](crate::Limits::max_message_bytes) limits each message.
    ///
    /// A driver that limits what it reads needs this limit too, because one compressed byte can
    /// inflate to more than a thousand bytes. Once the limit is reached, the rest of the compressed
    /// payload stays in the input, and [`poll_event`](Self::poll_event) returns `None` until the
    /// limit is raised. The limit may be exceeded by the output of a single compressed byte, which
    /// is at most [`MAX_INFLATED_FROM_BYTE`](crate::extension::MAX_INFLATED_FROM_BYTE) bytes.
    pub fn set_inflate_limit(&mut self, limit: usize) {
        self.receiver.set_inflate_limit(limit);
    }

    /// Returns `true` if [`poll_event`](Self::poll_event) has left compressed input behind because
    /// of [`set_inflate_limit`](Self::set_inflate_limit).
    #[must_use]
    pub fn is_inflate_limited(&self) -> bool {
        self.receiver.is_inflate_limited()
    }

    /// Returns the number of bytes of the current frame's payload that have yet to arrive or be
    /// processed, or 0 between frames. [`poll_event`](Self::poll_event) updates this number.
    ///
    /// The number follows from the length that the peer announced. Use it to limit a read, but do
    /// not allocate that many bytes in advance.
    #[must_use]
    pub fn payload_remaining(&self) -> usize {
        self.receiver.payload_remaining()
    }

    /// Records that the peer has ended its stream, because a read returned 0 bytes. Call
    /// [`poll_event`](Self::poll_event) afterwards.
    pub fn receive_eof(&mut self) {
        self.closing.on_eof_read();
    }

    /// Records that a read failed: nothing more will arrive, and nothing more can be sent. The
    /// bytes that arrived before the error can still be processed.
    pub fn handle_read_error(&mut self) {
        self.closing.on_read_error();
        self.discard_output();
    }

    /// Records that a write failed: nothing more can be sent. The bytes that the peer has sent can
    /// still be read, until the peer's stream ends or the deadline for closing passes. Those bytes
    /// often include the Close that explains why the peer left.
    pub fn handle_write_error(&mut self, now: Instant) {
        //= docs/src/rfc6455.md#section-7-1-7
        //# An endpoint MAY omit that Close frame if the nature of the error makes it unlikely that
        //# the peer can receive and process the frame.
        self.closing.on_write_error();
        self.discard_output();
        self.start_close_timer_unless_running(now);
    }

    /// Records that the transport accepts no more bytes for now, because a write would block.
    ///
    /// This call is optional. It lets the keep-alive recognise a slow peer that is still reading:
    /// if the transport accepts bytes after this call, the peer has made room for them.
    pub const fn handle_write_blocked(&mut self) {
        self.sender.queue_mut().mark_refused();
    }

    /// Returns the next event, or `None` if the input holds no further event.
    ///
    /// This method queues the answers that the protocol requires (a Pong, a Close), so call
    /// [`poll_transmit`](Self::poll_transmit) afterwards.
    ///
    /// # Errors
    /// Returns the rule that the peer broke, but only once. Before it returns this error, the
    /// method fails the connection (section 7.1.7): it queues a Close with a suitable code, and
    /// will process no more input.
    pub fn poll_event(&mut self, now: Instant) -> Result<Option<Event<'_>>, Violation> {
        Ok(self.poll_event_with_outbound(now)?.map(|(event, _)| event))
    }

    /// Returns the next event, like [`poll_event`](Self::poll_event). A message comes with an
    /// [`Outbound`], which can answer the message while it is still borrowed.
    ///
    /// # Errors
    /// As for [`poll_event`](Self::poll_event).
    pub fn poll_event_with_outbound(
        &mut self,
        now: Instant,
    ) -> Result<Option<(Event<'_>, Option<Outbound<'_>>)>, Violation> {
        // After a violation, the peer's Close or `abandon`, all input is ignored (sections 7.1.7
        // and 1.4). Discard the input, but still detect the end of the stream, because that is when
        // the TCP connection is dropped.
        if self.closing.ignores_input() {
            self.receiver.discard();
            self.handle_more_input_needed(now);
            return Ok(None);
        }
        let message = match self.receiver.next() {
            Ok(Some(Decoded::Control(opcode, range))) => {
                return self.handle_control_frame(opcode, range, now).map(|event| Some((event, None)));
            }
            // The message is still in the input, so return a reference to it rather than a copy.
            Ok(Some(Decoded::Unfragmented(kind, range))) => {
                MessageRef::in_place(kind, self.receiver.input_mut(), range)
            }
            Ok(Some(Decoded::Reassembled(kind, payload))) => MessageRef::owned(kind, payload),
            // Some of the bytes that have arrived have not been inflated yet. The end of the stream
            // comes after these bytes, so do not handle it yet.
            Ok(None) if self.receiver.is_inflate_limited() => return Ok(None),
            // All complete frames have been processed. If the peer's stream has ended, handle its
            // end now.
            Ok(None) => {
                if let Some(timeout) = self.config.message_timeout
                    && self.receiver.is_message_incomplete()
                {
                    self.timers.watch_message(timeout, &mut self.receiver, now);
                }
                self.handle_more_input_needed(now);
                return Ok(None);
            }
            Err(violation) => return Err(self.fail(violation, now)),
        };
        Ok(Some((Event::Message(message), Some(Outbound { sender: &mut self.sender, closing: &self.closing }))))
    }

    /// Returns the next message if, like nearly every message, it is a small, uncompressed, single
    /// frame that is complete in the input.
    ///
    /// This is the fast path. It takes no `now` argument, because such a message neither starts nor
    /// stops a deadline. `None` means *call [`poll_event`](Self::poll_event)*, not *no message*.
    #[inline]
    pub fn poll_message(&mut self) -> Option<MessageRef<'_>> {
        self.poll_message_with_outbound().map(|(message, _)| message)
    }

    /// Returns the next message like [`poll_message`](Self::poll_message), and with it an
    /// [`Outbound`] that can answer the message while it is still borrowed.
    #[inline]
    pub fn poll_message_with_outbound(&mut self) -> Option<(MessageRef<'_>, Outbound<'_>)> {
        if self.closing.ignores_input() {
            // Return `None`, so that the caller takes the slow path, which discards the input.
            return None;
        }
        let (kind, range) = self.receiver.next_unfragmented()?;
        // The message borrows the receiving half, and the `Outbound` borrows the sending half, so
        // the caller can use both at the same time.
        let message = MessageRef::in_place(kind, self.receiver.input_mut(), range);
        Some((message, Outbound { sender: &mut self.sender, closing: &self.closing }))
    }

    /// Returns `true` if [`poll_event`](Self::poll_event) has anything to process: bytes, or the
    /// end of the peer's stream.
    #[inline]
    #[must_use]
    pub fn has_input(&self) -> bool {
        self.receiver.unconsumed_len() > 0 || self.closing.is_eof_pending()
    }

    /// Returns `true` if all further input is ignored. This is the case after a violation, after
    /// the peer's Close (sections 7.1.7 and 1.4), after [`abandon`](Self::abandon), and after the
    /// end of the connection. The next poll discards such input, so it does not pile up in memory.
    /// Keep reading even so, because the connection must still detect the end of the stream.
    #[must_use]
    pub fn ignores_input(&self) -> bool {
        self.closing.ignores_input()
    }

    /// Returns `true` if the input holds a complete frame, or a header already known to be invalid.
    /// The next [`poll_event`](Self::poll_event) then processes it without more bytes. `poll_event`
    /// may still return `None`, because a fragment other than the last one of its message produces
    /// no event.
    ///
    /// While this method returns `true`, a driver can delay writing, so that the answers to several
    /// messages go out in one write.
    #[must_use]
    pub fn has_complete_frame(&self) -> bool {
        !self.closing.ignores_input() && self.receiver.has_complete_frame()
    }

    /// Returns `true` if the input continues with a data frame. Returns `false` if nothing has
    /// arrived, or if the next frame is a control frame or has a reserved opcode.
    ///
    /// A driver whose send queue is full can still call [`poll_event`](Self::poll_event) while this
    /// method returns `false`, so that it does not miss the peer's Close. Waiting for room in the
    /// queue first could take forever, because a peer that has sent its Close may never read the
    /// queued bytes.
    #[must_use]
    pub fn is_message_next(&self) -> bool {
        self.receiver.is_message_next()
    }

    /// Returns the number of frames that [`poll_event`](Self::poll_event) has decoded since this
    /// method was last called. Messages that took the fast path, as all messages from
    /// [`poll_message`](Self::poll_message) do, are not counted.
    ///
    /// One call to `poll_event` may decode thousands of fragments and return no event. A driver
    /// that shares its thread with other tasks can use this method to measure how much work a call
    /// has done, and then let the other tasks run.
    #[must_use]
    pub const fn take_frame_count(&mut self) -> usize {
        self.receiver.take_frame_count()
    }

    /// Handles a control frame from the peer. `range` is the range of its payload in the input.
    fn handle_control_frame(
        &mut self,
        opcode: Opcode,
        range: Range<usize>,
        now: Instant,
    ) -> Result<Event<'_>, Violation> {
        // Count first, so that a control frame above the limit causes no further work.
        let control = self.control.get_or_insert_default();
        let limit = self.config.limits.max_control_frames_per_second;
        if control.count_frame(now) > limit {
            return Err(self.fail(Violation::TooManyControlFrames { limit }, now));
        }
        //= docs/src/rfc6455.md#section-6-2
        //# An endpoint MUST handle a control frame as described in section 5.5.
        match opcode {
            //= docs/src/rfc6455.md#section-5-5-2
            //# An endpoint that receives a Ping MUST send a Pong in response, unless it has already
            //# received a Close frame.
            Opcode::Ping => {
                let payload = self.receiver.input().slice(range);
                control.answer_ping(payload, &mut self.sender);
                Ok(Event::Ping(payload))
            }
            Opcode::Pong => {
                self.timers.on_pong(now);
                Ok(Event::Pong(self.receiver.input().slice(range)))
            }
            // Only a Close is left, because the receiver returns no other opcode as a control
            // frame.
            _ => self.handle_close_frame(range, now),
        }
    }

    /// Handles the peer's Close, and answers it unless this endpoint has already sent a Close.
    fn handle_close_frame(&mut self, range: Range<usize>, now: Instant) -> Result<Event<'_>, Violation> {
        let body = match CloseFrame::parse(self.receiver.input().slice(range)) {
            Ok(body) => body,
            Err(violation) => return Err(self.fail(violation, now)),
        };
        // Record the peer's Close before the answer, because the Close that is recorded first
        // determines the initiator of the closing handshake.
        self.closing.on_close_received(body.clone());
        self.timers.forget_message();
        self.start_close_timer(now);
        // The answer repeats the code. It omits the reason, because the peer already knows it.
        //= docs/src/rfc6455.md#section-5-5-1
        //# An endpoint that receives a Close frame and has not sent one MUST send one in response.
        //= docs/src/rfc6455.md#section-5-5-1
        //# An endpoint SHOULD respond to a Close frame as soon as practical.
        self.send_close(body.as_ref().map(CloseFrame::without_reason), now);
        Ok(Event::Close(body))
    }

    /// Handles the end of the peer's stream, if it has been read. Call this method when no further
    /// frame can be decoded from the bytes before it.
    fn handle_more_input_needed(&mut self, now: Instant) {
        if self.closing.on_more_input_needed() {
            // The queued bytes can still be sent, so give the peer as much time to read them as it
            // would get to answer a Close.
            self.start_close_timer_unless_running(now);
        }
    }

    /// Fails the connection (section 7.1.7). This method handles every violation.
    ///
    /// A Close reports the reason to the peer, no more input is processed, and the TCP connection
    /// is half-closed as soon as the Close has been written.
    fn fail(&mut self, violation: Violation, now: Instant) -> Violation {
        // If our Close has already been sent, `send_close` does nothing and starts no timer. The
        // peer must still get a new deadline, so start the timer here as well.
        //
        // A peer that has not answered a Ping will not answer a Close either, and it has already
        // had the full time-out of the keep-alive. So its deadline for closing passes immediately:
        // the driver writes what the transport accepts, and disconnects.
        //= docs/src/rfc6455.md#section-7-1-7
        //# If the connection is established, an endpoint that fails it SHOULD first send a Close
        //# frame with an appropriate status code.
        self.send_close(Some(CloseFrame::for_violation(&violation)), now);
        self.timers.forget_message();
        match violation {
            Violation::PongOverdue => self.timers.start_close(Duration::ZERO, now),
            _ => self.start_close_timer(now),
        }
        self.closing.on_violation(violation.clone());
        //= docs/src/rfc6455.md#section-7-1-7
        //# After failing the connection, an endpoint MUST NOT process any more data from the peer,
        //# not even a Close frame.
        self.receiver.discard();
        violation
    }
}

/// Sending: from the application to the transport.
impl Connection {
    /// Queues a message in one frame (section 6.1).
    ///
    /// # Errors
    /// - [`UsageError::AfterClose`] unless the state is OPEN;
    /// - [`UsageError::MessageOpen`] inside a fragmented message.
    #[inline]
    pub fn send(&mut self, message: Message) -> Result<(), UsageError> {
        //= docs/src/rfc6455.md#section-6-1
        //# To send a message, an endpoint MUST take the following steps.
        self.outbound().send(message)
    }

    /// Queues a text message from a borrowed string.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub fn send_text(&mut self, text: &str) -> Result<(), UsageError> {
        self.outbound().send_text(text)
    }

    /// Queues a binary message from borrowed bytes.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub fn send_binary(&mut self, bytes: &[u8]) -> Result<(), UsageError> {
        self.outbound().send_binary(bytes)
    }

    /// Queues a message that was encoded in advance. Only a server can send a prepared message,
    /// because a client masks each frame with a new key.
    ///
    /// # Errors
    /// As for [`send`](Self::send), and [`UsageError::PreparedForServers`] on a client.
    pub fn send_prepared(&mut self, prepared: &PreparedMessage) -> Result<(), UsageError> {
        self.outbound().send_prepared(prepared)
    }

    /// Queues a part of a message as a separate frame (section 5.4). All parts of a message have
    /// the same `kind`. Set `last` to `true` for the part that ends the message. A part may be
    /// empty, and a part of a text message may end inside a character.
    ///
    /// # Errors
    /// If this method returns an error, the part was not queued:
    /// - [`UsageError::AfterClose`] unless the state is OPEN;
    /// - [`UsageError::MessageOpen`] for a part whose kind differs from that of the open message;
    /// - [`UsageError::NotUtf8`] if the text is not valid UTF-8.
    //= docs/src/rfc6455.md#section-6-1
    //# If the data is large or not yet complete, an endpoint MAY send it in several frames as
    //# described in section 5.4.
    //= docs/src/rfc6455.md#section-5-4
    //# A sender MAY choose any size for the fragments of a data message.
    pub fn send_fragment(&mut self, kind: MessageKind, part: &[u8], last: bool) -> Result<(), UsageError> {
        self.outbound().send_fragment(kind, part, last)
    }

    /// Queues a Ping (section 5.5.2). The peer's Pong repeats `payload`.
    ///
    /// # Errors
    /// - [`UsageError::AfterClose`] unless the state is OPEN;
    /// - [`UsageError::ControlTooLong`] if `payload` is longer than 125 bytes.
    //= docs/src/rfc6455.md#section-5-5-2
    //# A Ping MAY carry application data.
    //= docs/src/rfc6455.md#section-5-5-2
    //# An endpoint MAY send a Ping at any time between the opening handshake and the end of the
    //# connection.
    pub fn ping(&mut self, payload: &[u8]) -> Result<(), UsageError> {
        self.outbound().send_control(Opcode::Ping, payload)
    }

    /// Queues an unsolicited Pong (section 5.5.3). The connection answers Pings by itself.
    ///
    /// # Errors
    /// As for [`ping`](Self::ping).
    //= docs/src/rfc6455.md#section-5-5-3
    //# An endpoint MAY send an unsolicited Pong.
    pub fn pong(&mut self, payload: &[u8]) -> Result<(), UsageError> {
        self.outbound().send_control(Opcode::Pong, payload)
    }

    /// Starts the closing handshake (section 7.1.2), or does nothing if it has already started.
    /// With `None`, the Close has an empty body, and the peer reports code 1005.
    ///
    /// The peer's messages may keep arriving until its Close arrives.
    ///
    /// # Errors
    /// [`UsageError::CloseCodeNotSendable`] for code 1010 on a server.
    //= docs/src/rfc6455.md#section-7-1-2
    //# To start the closing handshake, an endpoint MUST send a Close frame with the given code and
    //# reason.
    //= docs/src/rfc6455.md#section-7-4
    //# An endpoint MAY indicate why it closes an established connection.
    //= docs/src/rfc6455.md#section-7-3
    //# A server MAY close the connection whenever it likes.
    pub fn close(&mut self, frame: Option<CloseFrame>, now: Instant) -> Result<(), UsageError> {
        // Code 1010 reports that the server has not accepted an extension, so only a client may
        // send this code (section 7.4.1). A server that needs an extension rejects the opening
        // handshake instead.
        if let Some(CloseCode::MANDATORY_EXTENSION) = frame.as_ref().map(CloseFrame::code)
            && self.role() == Role::Server
        {
            return Err(UsageError::CloseCodeNotSendable(CloseCode::MANDATORY_EXTENSION));
        }
        if self.state() == State::Open {
            // Send the Close at once, even in the middle of a fragmented message, because only the
            // caller knows whether more fragments follow. A caller that wants to finish the message
            // sends the remaining fragments before it closes.
            self.send_close(frame, now);
        }
        Ok(())
    }

    /// Borrows the sending half. See
    /// [`poll_message_with_outbound`](Self::poll_message_with_outbound).
    #[inline]
    pub const fn outbound(&mut self) -> Outbound<'_> {
        Outbound { sender: &mut self.sender, closing: &self.closing }
    }

    /// Returns the number of queued bytes. An application that produces data faster than the peer
    /// reads should check this number, and pause while it is large.
    #[must_use]
    pub fn queued_bytes(&self) -> usize {
        self.sender.queue().len()
    }

    /// Returns `true` if queued bytes were discarded because the transport failed or the peer
    /// missed a deadline.
    #[must_use]
    pub const fn has_discarded_output(&self) -> bool {
        self.closing.has_discarded_output()
    }

    /// Returns the capacity of the send buffer, in which small frames are collected; `None` while
    /// bytes are queued.
    #[inline]
    #[must_use]
    pub fn send_buffer_capacity(&self) -> Option<usize> {
        self.sender.queue().idle_capacity()
    }

    /// Takes the send buffer from an idle connection, or returns `None` while bytes are queued. The
    /// next frame that is sent allocates a new buffer, unless you call
    /// [`put_send_buffer`](Self::put_send_buffer) first.
    pub fn take_send_buffer(&mut self) -> Option<BytesMut> {
        self.sender.take_buffer()
    }

    /// Supplies a send buffer. Its contents are cleared, so only its capacity matters. Does nothing
    /// while bytes are queued.
    pub fn put_send_buffer(&mut self, buffer: BytesMut) {
        self.sender.queue_mut().put_buffer(buffer);
    }

    /// Returns the size, in bytes, of the memory that the send queue uses. It is at least as large
    /// as [`queued_bytes`](Self::queued_bytes).
    #[must_use]
    pub fn send_queue_capacity(&self) -> usize {
        self.sender.queue().capacity()
    }

    /// Moves the queued small frames to new memory of exactly their size if they use less than
    /// about a quarter of the send buffer. When memory is scarce (`is_scarce`), moves them unless
    /// they fill the buffer. Returns the old buffer, so that another connection can use it, or
    /// `None` if nothing was moved. Call this method when the transport accepts no more bytes.
    pub fn shrink_send_queue(&mut self, is_scarce: bool) -> Option<BytesMut> {
        self.sender.queue_mut().shrink(is_scarce)
    }

    /// Returns the driver's next step with the transport, or `None` when there is nothing to do.
    /// Poll again after each step, and after every call that can queue something.
    pub fn poll_transmit(&mut self) -> Option<Transmit<'_>> {
        if self.closing.has_write_failed() {
            // The transport has failed, so bytes that were queued since the error cannot be sent
            // either. Discard them.
            self.discard_output();
        } else if let Some(control) = &mut self.control {
            // All queued Pongs may have been written since the last call. If so, any Pong that is
            // still owed to the peer can be queued.
            control.send_owed_pong(&mut self.sender);
        }
        // Write the queued bytes before taking any step to close the TCP connection. If the peer
        // has missed a deadline, do not wait any longer for it to read.
        //= docs/src/rfc6455.md#section-7-1-1
        //# An endpoint MAY close the connection by any available means when it has to, for example
        //# during an attack.
        if !self.sender.queue().is_empty() && !self.closing.has_timed_out() {
            return Some(Transmit::Bytes(self.sender.queue_mut()));
        }
        // Unless the peer has missed a deadline, everything has been written by now, so a
        // half-close does not cut off the Close that was queued before it.
        let step = self.closing.tcp_step(self.role())?;
        self.closing.on_tcp_step(step);
        match step {
            // The close timer keeps running, because the peer still has to close its direction
            // before the deadline.
            TcpStep::HalfClose => Some(Transmit::HalfClose),
            TcpStep::Disconnect => {
                // No step follows. Free everything that the connection still holds.
                self.timers.stop();
                self.discard_output();
                Some(Transmit::Disconnect)
            }
        }
    }

    /// Closes the connection for a local reason, such as a lack of memory for the peer's message,
    /// although the peer has broken no rule. `frame` tells the peer the reason. Like a failed
    /// connection, an abandoned one processes no more input, not even the peer's Close, and its TCP
    /// connection is half-closed as soon as the Close has been written.
    pub fn abandon(&mut self, frame: Option<CloseFrame>, now: Instant) {
        self.send_close(frame, now);
        self.timers.forget_message();
        self.start_close_timer(now);
        self.closing.on_abandoned();
        self.receiver.discard();
    }

    /// Queues a Close, unless one has already been sent.
    fn send_close(&mut self, frame: Option<CloseFrame>, now: Instant) {
        if self.closing.is_close_sent() {
            return;
        }
        // From now on, the peer has a deadline for its answer.
        self.start_close_timer(now);
        let mut body = Vec::new();
        if let Some(frame) = &frame {
            frame.write_to(&mut body);
        }
        // Drop any Pong that is still owed to the peer, because the Close shows just as well that
        // this end is alive. (A Ping that arrives later is still answered, until the peer's Close
        // arrives.) No data frame may follow a Close, so `queue_close` also frees the compressor.
        if let Some(control) = &mut self.control {
            control.forget_owed_pong();
        }
        self.sender.queue_close(&body);
        self.closing.on_close_sent(frame);
    }

    /// Empties the send queue, and records the loss if anything was in it.
    fn discard_output(&mut self) {
        let with_close = self.sender.is_close_queued();
        if self.sender.discard_queue() {
            self.closing.on_output_discarded(with_close);
        }
    }
}

/// Deadlines.
impl Connection {
    /// Returns the time at which [`handle_timeout`](Self::handle_timeout) must be called next, or
    /// `None` if no deadline is running. Any other call may change this time.
    #[inline]
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// Does everything that is due at `now`. A call before the deadline does nothing. Call
    /// [`poll_transmit`](Self::poll_transmit) afterwards.
    ///
    /// # Errors
    /// [`Violation::PongOverdue`] when a Ping was not answered in time, and
    /// [`Violation::MessageTooSlow`] when a message was not complete in time. In both cases, this
    /// method has failed the connection.
    pub fn handle_timeout(&mut self, now: Instant) -> Result<(), Violation> {
        // If the peer has missed the deadline for its next step in closing, record that, so that
        // `poll_transmit` drops the TCP connection.
        if self.timers.close_expired(now) {
            self.closing.on_timeout();
        }
        // If the peer has left a Ping unanswered, fail the connection in the same way as for a
        // broken rule.
        self.timers
            .run_keep_alive(&mut self.receiver, &mut self.sender, now)
            // Also fail the connection if the peer has begun a message and has not finished it in
            // time.
            .and_then(|()| self.timers.check_message(self.config.message_timeout, &self.receiver, now))
            .map_err(|violation| self.fail(violation, now))
    }

    /// Records that the driver paused reading for a while, although bytes from the peer may have
    /// been waiting. The peer is then not blamed for its silence during that time. Call this method
    /// before [`handle_timeout`](Self::handle_timeout), and before reading again.
    pub fn handle_reading_paused(&mut self, now: Instant) {
        self.receiver.record_activity();
        self.timers.restart_message(now);
    }

    /// Starts the deadline for the peer's next step, which is to answer a Close or to close the TCP
    /// connection.
    fn start_close_timer(&mut self, now: Instant) {
        self.timers.start_close(self.config.close_timeout, now);
    }

    /// Starts the deadline for the peer's next step in closing, unless the connection is over or
    /// such a deadline is already running. A running deadline must not be extended.
    fn start_close_timer_unless_running(&mut self, now: Instant) {
        if !self.timers.is_close_running() && self.state() != State::Closed {
            self.start_close_timer(now);
        }
    }
}
