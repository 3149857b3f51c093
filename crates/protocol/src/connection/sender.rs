//! The sending half of a connection, which turns messages into queued frames (sections 5.4 and
//! 6.1).
//!
//! Before the application's messages, Pings and Pongs reach this module,
//! [`Outbound`](super::outbound::Outbound) checks that they may still be sent. This module cannot
//! check that itself, because it does not know whether the connection is closing.

use std::fmt;

use bytes::BytesMut;

use super::{deflate::Deflating, prepared::PreparedMessage, send_queue::SendQueue};
use crate::{
    frame::{FrameHeader, MaskingKeys, Opcode},
    message::{Message, MessageKind},
    role::Role,
    usage_error::UsageError,
    utf8::Utf8Validator,
};

/// The sending half of a connection.
pub(super) struct Sender {
    role: Role,
    /// A client's source of masking keys; `None` on a server.
    keys: Option<Box<dyn MaskingKeys>>,
    queue: SendQueue,
    /// The position in the queue where our Close ends; 0 if no Close was queued.
    close_end: u64,
    /// The kind of the fragmented message that this endpoint is sending, with the validator for its
    /// text. `None` unless such a message is incomplete.
    open: Option<Box<(MessageKind, Utf8Validator)>>,
    /// Present if compression was negotiated.
    deflating: Option<Box<Deflating>>,
}

/// Prints every field except the source of masking keys, which cannot be printed.
impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { role, keys: _, queue, close_end, open, deflating } = self;
        f.debug_struct("Sender")
            .field("role", role)
            .field("queue", queue)
            .field("close_end", close_end)
            .field("open", open)
            .field("deflating", deflating)
            .finish_non_exhaustive()
    }
}

impl Sender {
    pub(super) fn new(role: Role, keys: Option<Box<dyn MaskingKeys>>) -> Self {
        Self { role, keys, queue: SendQueue::default(), close_end: 0, open: None, deflating: None }
    }

    pub(super) const fn role(&self) -> Role {
        self.role
    }

    pub(super) const fn queue(&self) -> &SendQueue {
        &self.queue
    }

    pub(super) const fn queue_mut(&mut self) -> &mut SendQueue {
        &mut self.queue
    }

    /// Enables compression for the messages that are sent from now on.
    #[cfg(feature = "deflate")]
    pub(super) fn enable_deflate(&mut self, deflating: Deflating) {
        self.deflating = Some(Box::new(deflating));
    }

    /// Queues a Close. No data frame will follow, so this method also frees the compressor.
    pub(super) fn queue_close(&mut self, body: &[u8]) {
        self.deflating = None;
        self.queue_frame(Opcode::Close, true, body);
        self.close_end = self.queue.end();
    }

    /// Returns `true` if a Close is queued and has not been sent completely.
    pub(super) const fn is_close_queued(&self) -> bool {
        !self.queue.has_sent(self.close_end)
    }

    /// Discards the queue and its memory. Returns `true` if the queue held any bytes.
    pub(super) fn discard_queue(&mut self) -> bool {
        self.close_end = 0;
        self.queue.discard()
    }

    /// Takes the send buffer: see
    /// [`Connection::take_send_buffer`](super::Connection::take_send_buffer).
    pub(super) fn take_buffer(&mut self) -> Option<BytesMut> {
        self.queue.take_buffer()
    }

    /// Queues a message in one frame.
    #[inline]
    pub(super) fn send(&mut self, message: Message) -> Result<(), UsageError> {
        self.check_no_message_is_open()?;
        if self.send_deflated(message.kind(), message.as_bytes()) {
            return Ok(());
        }
        //= docs/src/rfc6455.md#section-6-1
        //# The opcode of the first frame MUST indicate whether the data is text or binary.
        let opcode = message.kind().opcode();
        let payload = message.into_bytes();
        let header = self.with_masking_key(FrameHeader::plain(opcode, true, payload.len()));
        self.queue.push(&header, payload);
        Ok(())
    }

    /// Queues a message with a borrowed payload.
    #[inline]
    pub(super) fn send_borrowed(&mut self, kind: MessageKind, payload: &[u8]) -> Result<(), UsageError> {
        self.check_no_message_is_open()?;
        if self.send_deflated(kind, payload) {
            return Ok(());
        }
        self.queue_frame(kind.opcode(), true, payload);
        Ok(())
    }

    /// Queues a message that was encoded in advance.
    pub(super) fn send_prepared(&mut self, prepared: &PreparedMessage) -> Result<(), UsageError> {
        // A prepared frame is unmasked. A client must mask every frame that it sends, so it cannot
        // send a prepared one.
        if self.role == Role::Client {
            return Err(UsageError::PreparedForServers);
        }
        self.check_no_message_is_open()?;
        if let (Some(deflating), Some(compressed)) = (&mut self.deflating, &prepared.compressed)
            && deflating.admits_prepared(compressed.window_bits)
        {
            self.queue.push_encoded(&compressed.frame);
        } else {
            // This message has no compressed frame that the peer can decompress, so send its
            // uncompressed frame, which is always allowed.
            self.queue.push_encoded(&prepared.frame);
        }
        Ok(())
    }

    /// Queues a part of a message.
    pub(super) fn send_fragment(&mut self, kind: MessageKind, part: &[u8], last: bool) -> Result<(), UsageError> {
        // Validate with a copy of the state, so that a rejected part does not change the state of
        // the open message.
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
        match &mut self.deflating {
            Some(deflating) => {
                let compressed = deflating.fragment(part, last);
                let header = self.with_masking_key(FrameHeader::plain(opcode, last, compressed.len()).compressed());
                self.queue.push(&header, compressed);
            }
            None => self.queue_frame(opcode, last, part),
        }
        Ok(())
    }

    /// Queues an uncompressed frame.
    #[inline]
    pub(super) fn queue_frame(&mut self, opcode: Opcode, fin: bool, payload: &[u8]) {
        let header = self.with_masking_key(FrameHeader::plain(opcode, fin, payload.len()));
        self.queue.push_copied(&header, payload);
    }

    /// Compresses and queues a message, if compression was negotiated and is worthwhile for the
    /// message. Returns `true` if the message was queued.
    #[inline]
    fn send_deflated(&mut self, kind: MessageKind, payload: &[u8]) -> bool {
        let Some(deflating) = &mut self.deflating else { return false };
        let Some(compressed) = deflating.message(payload) else { return false };
        let header = self.with_masking_key(FrameHeader::plain(kind.opcode(), true, compressed.len()).compressed());
        self.queue.push(&header, compressed);
        true
    }

    /// Checks that no fragmented message is open, because such a message must be complete before
    /// another one begins.
    //= docs/src/rfc6455.md#section-5-4
    //# Fragments of two messages MUST NOT be interleaved unless a negotiated extension can tell
    //# them apart.
    #[inline]
    fn check_no_message_is_open(&self) -> Result<(), UsageError> {
        if self.open.is_some() { Err(UsageError::MessageOpen) } else { Ok(()) }
    }

    /// Adds a new masking key to the header of a client's frame, whatever its opcode. A server's
    /// header gets no key.
    //= docs/src/rfc6455.md#section-5-1
    //# A client MUST mask every frame that it sends.
    //= docs/src/rfc6455.md#section-5-1
    //# A server MUST NOT mask a frame that it sends.
    //= docs/src/rfc6455.md#section-5-3
    //# A client MUST pick a new masking key for each frame.
    //= docs/src/rfc6455.md#section-5-5-1
    //# A client MUST mask its Close frame as described in section 5.3.
    //= docs/src/rfc6455.md#section-6-1
    //# If a client sends the message, it MUST mask the frames as described in section 5.3.
    #[inline]
    fn with_masking_key(&mut self, header: FrameHeader) -> FrameHeader {
        FrameHeader { masking_key: self.keys.as_mut().map(|keys| keys.next_key()), ..header }
    }
}
