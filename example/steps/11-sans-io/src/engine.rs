//! The protocol without a socket and without a clock, for both ends of a connection.
//!
//! ```text
//!   bytes of the peer ──▶ receive ──────▶ poll_event ──▶ messages
//!   bytes to the peer ◀── poll_transmit ◀────── send ◀── messages
//!            the time ──▶ handle_timeout, which is due at poll_timeout
//! ```

use std::{
    mem,
    time::{Duration, Instant},
};

use base64::{Engine, prelude::BASE64_STANDARD};

use crate::{
    frame::{BINARY, CLOSE, CONTINUATION, Frame, MAX_MESSAGE, PING, PONG, TEXT, encode_frame, take_frame},
    handshake::{accept, check_response, rejection, request, take_head},
    violation::{MESSAGE_TOO_BIG, NOT_UTF8, Violation},
};

pub(crate) enum Message {
    Text(String),
    Binary(Vec<u8>),
}

/// A message or a Close from the peer. The engine answers a Ping and a Close automatically.
pub(crate) enum Event {
    Message(Message),
    /// The peer's Close with this code. 1005 means a Close without a code.
    Close(u16),
}

/// The next step of the driver.
pub(crate) enum Transmit<'a> {
    /// Write these bytes, and remove the ones that have been written.
    Bytes(&'a mut Vec<u8>),
    /// Close this direction of the TCP connection, and keep reading.
    HalfClose,
    /// Drop the socket. The connection is over.
    Disconnect,
}

enum Role {
    Server,
    Client {
        /// The `Sec-WebSocket-Key` of the request.
        key: String,
        /// The source of masking keys.
        masking_key: fn() -> [u8; 4],
    },
}

#[derive(PartialEq)]
enum State {
    /// The request (on a server) or the response (on a client) has not yet arrived.
    Opening,
    Open,
    /// Nothing more is queued, and what still arrives is ignored.
    Closing,
}

/// The peer's next step, to which the deadline applies. Within one step, further bytes do not
/// extend the deadline.
#[derive(PartialEq)]
enum Awaited {
    Head,
    Frame,
    Pong,
    RestOfMessage,
    EndOfTcp,
}

impl Awaited {
    const fn timeout(&self) -> Duration {
        Duration::from_secs(match self {
            // Either of these takes one round trip, which is shorter than this limit even on a slow
            // network.
            Self::Head | Self::EndOfTcp => 5,
            // Silence is allowed, but a peer that has lost its network must be noticed. So the
            // engine sends a Ping after 30 seconds of silence, and then allows the peer 30 seconds
            // more to send any frame.
            Self::Frame | Self::Pong => 30,
            // Even a slow network (140 kbit/s) transfers the longest message in one minute.
            Self::RestOfMessage => 60,
        })
    }
}

/// One end of a connection.
pub(crate) struct Connection {
    role: Role,
    state: State,
    input: Vec<u8>,
    output: Vec<u8>,
    /// The message whose last fragment has not yet arrived.
    unfinished: Option<Frame>,
    awaited: Awaited,
    deadline: Instant,
    /// Whether to close this direction of the TCP connection once the output has been written.
    half_close: bool,
    /// Whether the peer has closed its direction of the TCP connection, or has missed a deadline.
    ended: bool,
}

impl Connection {
    pub(crate) fn server(now: Instant) -> Self {
        Self::new(Role::Server, Vec::new(), now)
    }

    /// Creates the client's end of a connection. `nonce` and the results of `masking_key` must be
    /// random.
    pub(crate) fn client(host: &str, path: &str, nonce: [u8; 16], masking_key: fn() -> [u8; 4], now: Instant) -> Self {
        let key = BASE64_STANDARD.encode(nonce);
        let request = request(host, path, &key).into_bytes();
        Self::new(Role::Client { key, masking_key }, request, now)
    }

    fn new(role: Role, output: Vec<u8>, now: Instant) -> Self {
        Self {
            role,
            state: State::Opening,
            input: Vec::new(),
            output,
            unfinished: None,
            deadline: now + Awaited::Head.timeout(),
            awaited: Awaited::Head,
            half_close: false,
            ended: false,
        }
    }

    /// Takes bytes that have arrived, in pieces of any size.
    pub(crate) fn receive(&mut self, bytes: &[u8]) {
        self.input.extend(bytes);
    }

    /// Records that the peer has closed its direction of the TCP connection.
    pub(crate) fn receive_eof(&mut self) {
        self.ended = true;
    }

    /// Returns the next event, or `None` if more bytes are needed. An error states the rule that
    /// the peer has broken. In that case, the engine has already failed the connection.
    pub(crate) fn poll_event(&mut self, now: Instant) -> Result<Option<Event>, Violation> {
        self.next_event(now).inspect_err(|violation| self.fail(violation, now))
    }

    fn next_event(&mut self, now: Instant) -> Result<Option<Event>, Violation> {
        if self.state == State::Opening {
            let Some(head) = take_head(&mut self.input)? else { return Ok(None) };
            match &self.role {
                Role::Server => self.output.extend(accept(&head)?.as_bytes()),
                Role::Client { key, .. } => check_response(&head, key)?,
            }
            self.state = State::Open;
            self.wait_for(Awaited::Frame, now);
        }
        let from_client = self.is_server();
        while self.state == State::Open {
            let Some(frame) = take_frame(&mut self.input, from_client)? else {
                let begun = !self.input.is_empty() || self.unfinished.is_some();
                if begun && self.awaited != Awaited::RestOfMessage {
                    self.wait_for(Awaited::RestOfMessage, now);
                }
                return Ok(None);
            };
            let event = self.handle_frame(frame, now)?;
            if self.state == State::Open && self.unfinished.is_none() {
                self.wait_for(Awaited::Frame, now);
            }
            if event.is_some() {
                return Ok(event);
            }
        }
        self.input.clear();
        Ok(None)
    }

    /// Handles a frame from the peer, and queues the answer if it is a control frame that needs
    /// one.
    fn handle_frame(&mut self, frame: Frame, now: Instant) -> Result<Option<Event>, Violation> {
        match frame.opcode {
            PING => {
                self.queue(&Frame { opcode: PONG, ..frame });
                return Ok(None);
            }
            PONG => return Ok(None),
            CLOSE => {
                let close = answer_close(frame)?;
                self.queue(&close);
                // The server ends the TCP connection first, and the client waits until it does.
                self.finish(self.is_server(), now);
                let code = close.payload.first_chunk().map_or(1005, |code| u16::from_be_bytes(*code));
                return Ok(Some(Event::Close(code)));
            }
            _ => {}
        }
        let message = match (frame.opcode, self.unfinished.take()) {
            (CONTINUATION, Some(mut message)) => {
                message.payload.extend(frame.payload);
                Frame { fin: frame.fin, ..message }
            }
            (CONTINUATION, None) => return Err(Violation(1002, "there is no message to continue")),
            (_, Some(_)) => return Err(Violation(1002, "a message must end before the next one begins")),
            (_, None) => frame,
        };
        if message.payload.len() > MAX_MESSAGE {
            return Err(MESSAGE_TOO_BIG);
        }
        if !message.fin {
            self.unfinished = Some(message);
            return Ok(None);
        }
        Ok(Some(Event::Message(match message.opcode {
            TEXT => Message::Text(String::from_utf8(message.payload).map_err(|_| NOT_UTF8)?),
            _ => Message::Binary(message.payload),
        })))
    }

    /// Queues a message, unless the connection is closing: no message may follow a Close.
    pub(crate) fn send(&mut self, message: Message) {
        let (opcode, payload) = match message {
            Message::Text(text) => (TEXT, text.into_bytes()),
            Message::Binary(bytes) => (BINARY, bytes),
        };
        if self.state == State::Open {
            self.queue(&Frame { fin: true, opcode, payload });
        }
    }

    fn queue(&mut self, frame: &Frame) {
        let key = match &self.role {
            Role::Server => None,
            Role::Client { masking_key, .. } => Some(masking_key()),
        };
        self.output.extend(encode_frame(frame, key));
    }

    /// Returns the step that the driver must take next, or `None` if the driver must wait for the
    /// peer.
    pub(crate) fn poll_transmit(&mut self) -> Option<Transmit<'_>> {
        if !self.output.is_empty() {
            return Some(Transmit::Bytes(&mut self.output));
        }
        if self.ended {
            return Some(Transmit::Disconnect);
        }
        mem::take(&mut self.half_close).then_some(Transmit::HalfClose)
    }

    /// Returns when [`handle_timeout`](Self::handle_timeout) must be called.
    pub(crate) const fn poll_timeout(&self) -> Instant {
        self.deadline
    }

    /// Handles the deadline if `now` has reached it, and otherwise does nothing.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        if now < self.deadline {
            return;
        }
        if self.awaited == Awaited::Frame {
            self.queue(&Frame { fin: true, opcode: PING, payload: Vec::new() });
            self.wait_for(Awaited::Pong, now);
        } else {
            self.output.clear();
            self.ended = true;
        }
    }

    fn wait_for(&mut self, awaited: Awaited, now: Instant) {
        self.deadline = now + awaited.timeout();
        self.awaited = awaited;
    }

    /// Fails the connection: tells the peer which rule it has broken, and ignores what follows.
    fn fail(&mut self, violation: &Violation, now: Instant) {
        if self.state == State::Open {
            self.queue(&close_frame(violation));
        } else if self.is_server() {
            self.output.extend(rejection(violation).as_bytes());
        }
        self.finish(true, now);
    }

    fn finish(&mut self, half_close: bool, now: Instant) {
        self.state = State::Closing;
        self.half_close = half_close;
        self.wait_for(Awaited::EndOfTcp, now);
    }

    const fn is_server(&self) -> bool {
        matches!(self.role, Role::Server)
    }
}

/// Returns the Close that answers the peer's Close. It repeats the peer's code, if there is one,
/// but not the reason.
fn answer_close(mut close: Frame) -> Result<Frame, Violation> {
    if let Some((code, reason)) = close.payload.split_first_chunk() {
        // Only these codes may be sent. Code 1006, for example, must not be sent, because it means
        // that no Close was received.
        if !matches!(u16::from_be_bytes(*code), 1000..=1003 | 1007..=1014 | 3000..=4999) {
            return Err(Violation(1002, "a Close must not have this code"));
        }
        str::from_utf8(reason).map_err(|_| NOT_UTF8)?;
    } else if !close.payload.is_empty() {
        return Err(Violation(1002, "a close code has two bytes"));
    }
    close.payload.truncate(2);
    Ok(close)
}

/// Returns the Close that tells the peer which rule it has broken.
fn close_frame(violation: &Violation) -> Frame {
    let Violation(code, rule) = violation;
    Frame { fin: true, opcode: CLOSE, payload: [&code.to_be_bytes(), rule.as_bytes()].concat() }
}
