//! From the application to the output: what may be sent when, and how it becomes frames (sections 5.4, 5.5, 6.1 and 7.1.2).

use std::time::Instant;

use bytes::Bytes;

use super::{Connection, Role, State, compression::Compressed};
use crate::{
    close::{CloseCode, CloseFrame},
    extension::DeflateOptions,
    frame::{FrameHeader, MaskingKeys, Opcode, ReservedBits},
    limits::MAX_CONTROL_PAYLOAD,
    message::{Kind, Message},
    misuse::Misuse,
    utf8::Utf8Validator,
};

/// A message encoded once, to be sent to any number of clients: see [`Connection::send_prepared`].
#[derive(Debug, Clone)]
pub struct Prepared {
    frame: Bytes,
    /// The same compressed, for connections that have agreed on it.
    pub(super) compressed: Option<Compressed>,
}

impl Prepared {
    /// Encodes a message as a server sends it: one frame, without a mask.
    #[must_use]
    pub fn new(message: &Message) -> Self {
        let payload = message.as_bytes();
        let head = frame_header(message.kind().opcode(), true, payload.len()).encode();
        Self { frame: [&head[..], payload].concat().into(), compressed: None }
    }

    /// Encodes a message as it is and compressed, with the server's window, level and threshold in `options`. A connection
    /// that has agreed on compression, and on a window as large as that or larger, is sent the compressed frame.
    ///
    /// The frame refers to no other message. A connection with context takeover forgets its window when it sends it, so
    /// what it compresses by itself next gets a little larger.
    #[must_use]
    pub fn compressed(message: &Message, options: &DeflateOptions) -> Self {
        Self { compressed: Compressed::new(message, options), ..Self::new(message) }
    }
}

impl Connection {
    /// Sends a message in one frame (section 6.1).
    ///
    /// # Errors
    /// [`Misuse::AfterClose`] unless the state is OPEN; [`Misuse::MessageOpen`] inside a fragmented message.
    #[inline]
    pub fn send(&mut self, message: Message) -> Result<(), Misuse> {
        //= docs/src/rfc6455.md#section-6-1
        //# To send a message, an endpoint MUST take the steps that follow.
        self.check_may_begin()?;
        if self.deflating.is_some() && self.send_deflated(message.kind(), message.as_bytes()) {
            return Ok(());
        }
        //= docs/src/rfc6455.md#section-6-1
        //# The opcode of the first frame MUST say whether the data are text or binary.
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
        if self.deflating.is_some() && self.send_deflated(kind, payload) {
            return Ok(());
        }
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
        if self.deflating.is_some() && self.send_compressed(prepared) {
            return Ok(());
        }
        self.output.push_encoded(&prepared.frame);
        Ok(())
    }

    //= docs/src/rfc6455.md#section-6-1
    //# If the data are large, or not all there yet, an endpoint MAY send them in several frames as section 5.4 says.
    //= docs/src/rfc6455.md#section-5-4
    //# A sender MAY make its fragments of any size.
    /// Sends a part of a message as a frame of its own (section 5.4). The first part says the `kind`, and so do all
    /// others; `last` ends the message. Parts may be empty, and a text may be cut inside a character.
    ///
    /// # Errors
    /// [`Misuse::AfterClose`]; [`Misuse::MessageOpen`] for a part of another kind than the open message's;
    /// [`Misuse::NotUtf8`] for a text that is none, in which case this part was not sent.
    pub fn send_fragment(&mut self, kind: Kind, part: &[u8], last: bool) -> Result<(), Misuse> {
        //= docs/src/rfc6455.md#section-6-1
        //# If the state of the connection changes meanwhile, an endpoint MUST abandon the steps that are left.
        if self.state() != State::Open {
            return Err(Misuse::AfterClose);
        }
        let (opcode, mut utf8) = match self.sending.as_deref() {
            None => (kind.opcode(), Utf8Validator::new()),
            Some((open, utf8)) if *open == kind => (Opcode::Continuation, utf8.clone()),
            Some(_) => return Err(Misuse::MessageOpen),
        };
        if kind == Kind::Text && (utf8.push(part).is_err() || (last && !utf8.is_complete())) {
            return Err(Misuse::NotUtf8);
        }
        //= docs/src/rfc6455.md#section-6-1
        //# FIN MUST be set in the last frame of the message.
        self.sending = (!last).then(|| Box::new((kind, utf8)));
        if self.deflating.is_some() && self.send_deflated_fragment(opcode, part, last) {
            return Ok(());
        }
        let header = masked(&mut self.keys, frame_header(opcode, last, part.len()));
        self.output.push_copied(&header, part);
        Ok(())
    }

    //= docs/src/rfc6455.md#section-5-5-2
    //# A Ping MAY carry application data.
    //= docs/src/rfc6455.md#section-5-5-2
    //# An endpoint MAY send a Ping at any time between the opening handshake and the end of the connection.
    /// Sends a Ping (section 5.5.2). The peer's Pong repeats `payload`.
    ///
    /// # Errors
    /// [`Misuse::AfterClose`] once a Close was sent or received; [`Misuse::ControlTooLong`] above 125 bytes.
    pub fn ping(&mut self, payload: &[u8]) -> Result<(), Misuse> {
        self.own_control(Opcode::Ping, payload)
    }

    //= docs/src/rfc6455.md#section-5-5-3
    //# A Pong MAY be sent without having been asked for.
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
        //= docs/src/rfc6455.md#section-5-4
        //# Control frames MAY stand between the fragments of a message.
        self.control(opcode, payload);
        Ok(())
    }

    //= docs/src/rfc6455.md#section-7-1-2
    //# To start the closing handshake, an endpoint MUST send a Close with the code and the reason that it was given.
    //= docs/src/rfc6455.md#section-7-4
    //# An endpoint MAY say why it closes an established connection.
    //= docs/src/rfc6455.md#section-7-3
    //# A server MAY close the connection whenever it likes.
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

    /// Queues a Close unless one was sent.
    pub(super) fn send_close(&mut self, frame: Option<CloseFrame>, now: Instant) {
        if self.closing.sent.is_some() {
            return;
        }
        self.arm_close_timer(now);
        let mut body = Vec::new();
        if let Some(frame) = &frame {
            frame.write_to(&mut body);
        }
        if let Some(control) = &mut self.control {
            control.pong_owed = None;
        }
        // No data will follow.
        self.deflating = None;
        self.control(Opcode::Close, &body);
        self.closing.close_sent(frame);
    }

    /// Queues a control frame.
    pub(super) fn control(&mut self, opcode: Opcode, payload: &[u8]) {
        let header = masked(&mut self.keys, frame_header(opcode, true, payload.len()));
        self.output.push_copied(&header, payload);
    }

    /// Whether a message may begin.
    #[inline]
    fn check_may_begin(&self) -> Result<(), Misuse> {
        //= docs/src/rfc6455.md#section-5-1
        //# Either side MAY send data frames at any time after the opening handshake and until it sends a Close.
        //= docs/src/rfc6455.md#section-6-1
        //# An endpoint MUST make sure that the connection is OPEN before it sends a message.
        //= docs/src/rfc6455.md#section-5-5-1
        //# An endpoint MUST NOT send any data frame after its Close.
        if self.state() != State::Open {
            return Err(Misuse::AfterClose);
        }
        //= docs/src/rfc6455.md#section-5-4
        //# The fragments of one message MUST NOT stand between those of another, unless an agreed extension can sort
        //# them out.
        if self.sending.is_some() {
            return Err(Misuse::MessageOpen);
        }
        Ok(())
    }
}

//= docs/src/rfc6455.md#section-6-1
//# An endpoint MUST put the data of the message into a frame as section 5.2 lays it out.
//= docs/src/rfc6455.md#section-5-2
//# Each of the three reserved bits MUST be 0 unless the two sides agreed on an extension that gives it a meaning.
/// The header of a frame without a mask and without an extension.
pub(super) const fn frame_header(opcode: Opcode, fin: bool, len: usize) -> FrameHeader {
    FrameHeader { fin, reserved: ReservedBits::NONE, opcode, masking_key: None, payload_length: len as u64 }
}

//= docs/src/rfc6455.md#section-5-1
//# A client MUST mask every frame that it sends.
//= docs/src/rfc6455.md#section-5-1
//# A server MUST NOT mask a frame that it sends.
//= docs/src/rfc6455.md#section-5-3
//# A client MUST pick a new masking key for each frame.
//= docs/src/rfc6455.md#section-5-5-1
//# A client MUST mask its Close as section 5.3 says.
//= docs/src/rfc6455.md#section-6-1
//# If a client sends the message, its frames MUST be masked as section 5.3 says.
/// A client's frame, of whatever kind, gets a key of its own; a server's none.
#[inline]
pub(super) fn masked(keys: &mut Option<Box<dyn MaskingKeys>>, header: FrameHeader) -> FrameHeader {
    FrameHeader { masking_key: keys.as_mut().map(|keys| keys.next_key()), ..header }
}
