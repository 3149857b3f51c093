//! From messages to frames: what a connection sends, whether it may or not (sections 5.4 and 6.1).
//!
//! Whether anything may be sent is for the connection to say, which knows how far closing has gone.

use bytes::Bytes;

use super::{
    Role,
    compression::{Compressed, Deflating},
    send_queue::SendQueue,
};
use crate::{
    extension::DeflateOptions,
    frame::{FrameHeader, MaskingKeys, Opcode, ReservedBits},
    message::{Message, MessageKind},
    usage_error::UsageError,
    utf8::Utf8Validator,
};

/// A message encoded once, to be sent to any number of clients: see [`Connection::send_prepared`](super::Connection::send_prepared).
#[derive(Debug, Clone)]
pub struct PreparedMessage {
    frame: Bytes,
    /// The same compressed, for connections that have agreed on it.
    pub(super) compressed: Option<Compressed>,
}

impl PreparedMessage {
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

/// The sending half of a connection.
pub(super) struct Sender {
    pub(super) role: Role,
    /// A client's source of masking keys; a server has none.
    keys: Option<Box<dyn MaskingKeys>>,
    pub(super) output: SendQueue,
    /// A fragmented message of ours is open: its kind, and the check of its text.
    open: Option<Box<(MessageKind, Utf8Validator)>>,
    /// There if compression was agreed on.
    pub(super) deflating: Option<Box<Deflating>>,
}

impl Sender {
    pub(super) fn new(role: Role, keys: Option<Box<dyn MaskingKeys>>) -> Self {
        Self { role, keys, output: SendQueue::default(), open: None, deflating: None }
    }

    /// Queues a message in one frame.
    #[inline]
    pub(super) fn send(&mut self, message: Message) -> Result<(), UsageError> {
        self.check_no_message_is_open()?;
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
        let header = self.masked(frame_header(opcode, true, payload.len()));
        self.output.push(&header, payload);
        Ok(())
    }

    /// Queues a message whose payload stays with the caller.
    #[inline]
    pub(super) fn send_borrowed(&mut self, kind: MessageKind, payload: &[u8]) -> Result<(), UsageError> {
        self.check_no_message_is_open()?;
        if self.deflating.is_some() && self.send_deflated(kind, payload) {
            return Ok(());
        }
        self.frame(kind.opcode(), true, payload);
        Ok(())
    }

    /// Queues a message that was encoded beforehand.
    pub(super) fn send_prepared(&mut self, prepared: &PreparedMessage) -> Result<(), UsageError> {
        if self.role == Role::Client {
            return Err(UsageError::PreparedForServers);
        }
        self.check_no_message_is_open()?;
        if self.deflating.is_some() && self.send_compressed(prepared) {
            return Ok(());
        }
        self.output.push_encoded(&prepared.frame);
        Ok(())
    }

    /// Queues a part of a message.
    pub(super) fn send_fragment(&mut self, kind: MessageKind, part: &[u8], last: bool) -> Result<(), UsageError> {
        // The check goes on with a copy, so that a part that is refused leaves no trace.
        let (opcode, mut utf8) = match self.open.as_deref() {
            None => (kind.opcode(), Utf8Validator::new()),
            Some((open, utf8)) if *open == kind => (Opcode::Continuation, utf8.clone()),
            Some(_) => return Err(UsageError::MessageOpen),
        };
        if kind == MessageKind::Text && (utf8.push(part).is_err() || (last && !utf8.is_complete())) {
            return Err(UsageError::NotUtf8);
        }
        //= docs/src/rfc6455.md#section-6-1
        //# FIN MUST be set in the last frame of the message.
        self.open = (!last).then(|| Box::new((kind, utf8)));
        if self.deflating.is_some() && self.send_deflated_fragment(opcode, part, last) {
            return Ok(());
        }
        self.frame(opcode, last, part);
        Ok(())
    }

    /// Queues a frame.
    #[inline]
    pub(super) fn frame(&mut self, opcode: Opcode, fin: bool, payload: &[u8]) {
        let header = self.masked(frame_header(opcode, fin, payload.len()));
        self.output.push_copied(&header, payload);
    }

    //= docs/src/rfc6455.md#section-5-4
    //# The fragments of one message MUST NOT stand between those of another, unless an agreed extension can sort
    //# them out.
    #[inline]
    fn check_no_message_is_open(&self) -> Result<(), UsageError> {
        if self.open.is_some() { Err(UsageError::MessageOpen) } else { Ok(()) }
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
    pub(super) fn masked(&mut self, header: FrameHeader) -> FrameHeader {
        FrameHeader { masking_key: self.keys.as_mut().map(|keys| keys.next_key()), ..header }
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
