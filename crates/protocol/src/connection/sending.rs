//! From the application to the output: what may be sent when (sections 5.4, 5.5, 6.1 and 7.1.2).

use std::time::Instant;

use super::{
    Closing, Connection, MessageRef, Role, State,
    sender::{PreparedMessage, Sender},
};
use crate::{
    close::{CloseCode, CloseFrame},
    frame::Opcode,
    limits::MAX_CONTROL_PAYLOAD,
    message::{Message, MessageKind},
    usage_error::UsageError,
};

/// The way to answer a message while it still lies where it arrived.
///
/// What is sent here is queued, and leaves with what else the connection has to transmit.
pub struct Outbound<'a> {
    pub(super) sender: &'a mut Sender,
    pub(super) closing: &'a Closing,
}

/// From this size on, the memory of a message that is sent back is shared and not copied: it has most likely a buffer of its
/// own. A smaller one lies in a buffer with others, which is better not kept from the next read.
const SEND_BACK_SHARED_FROM: usize = 64 << 10;

impl std::fmt::Debug for Outbound<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outbound").finish_non_exhaustive()
    }
}

impl Outbound<'_> {
    /// Sends a message back as it came.
    ///
    /// # Errors
    /// As for [`Connection::send`].
    #[inline]
    pub fn send_back(&mut self, message: MessageRef<'_>) -> Result<(), UsageError> {
        if message.as_bytes().len() >= SEND_BACK_SHARED_FROM {
            return self.send(message.into_message());
        }
        self.send_borrowed(message.kind(), message.as_bytes())
    }

    /// Sends a text message.
    ///
    /// # Errors
    /// As for [`Connection::send`].
    #[inline]
    pub fn send_text(&mut self, text: &str) -> Result<(), UsageError> {
        self.send_borrowed(MessageKind::Text, text.as_bytes())
    }

    /// Sends a binary message.
    ///
    /// # Errors
    /// As for [`Connection::send`].
    #[inline]
    pub fn send_binary(&mut self, bytes: &[u8]) -> Result<(), UsageError> {
        self.send_borrowed(MessageKind::Binary, bytes)
    }

    /// Sends a message that is kept elsewhere too. A large payload is not copied.
    ///
    /// # Errors
    /// As for [`Connection::send`].
    #[inline]
    pub fn send(&mut self, message: Message) -> Result<(), UsageError> {
        check_open(self.closing)?;
        self.sender.send(message)
    }

    #[inline]
    fn send_borrowed(&mut self, kind: MessageKind, payload: &[u8]) -> Result<(), UsageError> {
        check_open(self.closing)?;
        self.sender.send_borrowed(kind, payload)
    }
}

impl Connection {
    /// Sends a message in one frame (section 6.1).
    ///
    /// # Errors
    /// [`UsageError::AfterClose`] unless the state is OPEN; [`UsageError::MessageOpen`] inside a fragmented message.
    #[inline]
    pub fn send(&mut self, message: Message) -> Result<(), UsageError> {
        //= docs/src/rfc6455.md#section-6-1
        //# To send a message, an endpoint MUST take the steps that follow.
        check_open(&self.closing)?;
        self.sender.send(message)
    }

    /// Sends a text message whose text stays with the caller.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub fn send_text(&mut self, text: &str) -> Result<(), UsageError> {
        self.outbound().send_text(text)
    }

    /// Sends a binary message whose bytes stay with the caller.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub fn send_binary(&mut self, bytes: &[u8]) -> Result<(), UsageError> {
        self.outbound().send_binary(bytes)
    }

    /// Sends a message that was encoded beforehand; a server's only, for a client's frames are all different.
    ///
    /// # Errors
    /// As for [`send`](Self::send), and [`UsageError::PreparedForServers`] on a client.
    pub fn send_prepared(&mut self, prepared: &PreparedMessage) -> Result<(), UsageError> {
        check_open(&self.closing)?;
        self.sender.send_prepared(prepared)
    }

    //= docs/src/rfc6455.md#section-6-1
    //# If the data are large, or not all there yet, an endpoint MAY send them in several frames as section 5.4 says.
    //= docs/src/rfc6455.md#section-5-4
    //# A sender MAY make its fragments of any size.
    /// Sends a part of a message as a frame of its own (section 5.4). The first part says the `kind`, and so do all
    /// others; `last` ends the message. Parts may be empty, and a text may be cut inside a character.
    ///
    /// # Errors
    /// [`UsageError::AfterClose`]; [`UsageError::MessageOpen`] for a part of another kind than the open message's;
    /// [`UsageError::NotUtf8`] for a text that is none, in which case this part was not sent.
    pub fn send_fragment(&mut self, kind: MessageKind, part: &[u8], last: bool) -> Result<(), UsageError> {
        //= docs/src/rfc6455.md#section-6-1
        //# If the state of the connection changes meanwhile, an endpoint MUST abandon the steps that are left.
        check_open(&self.closing)?;
        self.sender.send_fragment(kind, part, last)
    }

    /// The way to send as it is handed out beside a message: see [`poll_message_with_outbound`](Self::poll_message_with_outbound).
    #[inline]
    pub const fn outbound(&mut self) -> Outbound<'_> {
        Outbound { sender: &mut self.sender, closing: &self.closing }
    }

    //= docs/src/rfc6455.md#section-5-5-2
    //# A Ping MAY carry application data.
    //= docs/src/rfc6455.md#section-5-5-2
    //# An endpoint MAY send a Ping at any time between the opening handshake and the end of the connection.
    /// Sends a Ping (section 5.5.2). The peer's Pong repeats `payload`.
    ///
    /// # Errors
    /// [`UsageError::AfterClose`] once a Close was sent or received; [`UsageError::ControlTooLong`] above 125 bytes.
    pub fn ping(&mut self, payload: &[u8]) -> Result<(), UsageError> {
        self.own_control(Opcode::Ping, payload)
    }

    //= docs/src/rfc6455.md#section-5-5-3
    //# A Pong MAY be sent without having been asked for.
    /// Sends a Pong that nobody asked for (section 5.5.3). Pings are answered without it.
    ///
    /// # Errors
    /// As for [`ping`](Self::ping).
    pub fn pong(&mut self, payload: &[u8]) -> Result<(), UsageError> {
        self.own_control(Opcode::Pong, payload)
    }

    fn own_control(&mut self, opcode: Opcode, payload: &[u8]) -> Result<(), UsageError> {
        check_open(&self.closing)?;
        if payload.len() > MAX_CONTROL_PAYLOAD {
            return Err(UsageError::ControlTooLong(payload.len()));
        }
        //= docs/src/rfc6455.md#section-5-4
        //# Control frames MAY stand between the fragments of a message.
        self.sender.frame(opcode, true, payload);
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
    /// [`UsageError::CloseCodeNotSendable`], [`UsageError::CloseReasonTooLong`].
    pub fn close(&mut self, frame: Option<CloseFrame>, now: Instant) -> Result<(), UsageError> {
        if let Some(CloseFrame { code, reason }) = &frame {
            CloseFrame::new(*code, reason.as_str())?;
            // 7.4.1: what 1010 says, only a client can mean. A server that misses an extension refuses the handshake.
            if *code == CloseCode::MANDATORY_EXTENSION && self.sender.role == Role::Server {
                return Err(UsageError::CloseCodeNotSendable(*code));
            }
        }
        if self.state() == State::Open {
            //= docs/src/rfc6455.md#section-5-5-1
            //# An endpoint MAY put off its Close until the message that it is sending has been sent.
            //= docs/src/rfc6455.md#section-5-5-1
            //# An endpoint MAY send the remaining fragments of that message before its Close.
            //
            // Both are left to the caller, who alone knows the rest: it sends it first and closes then.
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
            // Behind a Close nobody would look at it.
            control.pong_owed = None;
        }
        // No data will follow.
        self.sender.deflating = None;
        self.sender.frame(Opcode::Close, true, &body);
        self.closing.close_sent(frame);
    }
}

/// Whether anything but a Close may still be sent.
#[inline]
fn check_open(closing: &Closing) -> Result<(), UsageError> {
    //= docs/src/rfc6455.md#section-5-1
    //# Either side MAY send data frames at any time after the opening handshake and until it sends a Close.
    //= docs/src/rfc6455.md#section-6-1
    //# An endpoint MUST make sure that the connection is OPEN before it sends a message.
    //= docs/src/rfc6455.md#section-5-5-1
    //# An endpoint MUST NOT send any data frame after its Close.
    if closing.state() == State::Open { Ok(()) } else { Err(UsageError::AfterClose) }
}
