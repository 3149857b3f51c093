//! Collects the bytes of a frame, and checks them as they arrive.

use protocol::{
    CloseFrame, Violation,
    frame::{Opcode, RawHeader, apply_mask, rules::begins_compressed_message},
    message::MessageKind,
};

use super::{ranges::payload_range, rules};
use crate::{
    context::{ConnectionContext, DirectionContext},
    excerpt::Excerpt,
    message::{MessageCoding, MessageInProgress},
    record::{Direction, Finding},
};

/// The maximum number of payload bytes that are unmasked at a time. The input is borrowed from the
/// caller, so the bytes are copied before they are unmasked. Copying piece by piece avoids a large
/// buffer for a large payload.
const PIECE: usize = 4 << 10;

/// A frame, complete or not.
#[derive(Debug)]
pub(crate) struct FrameUnit {
    /// The bytes of the header that have arrived so far.
    pub(super) header_bytes: Vec<u8>,
    /// The header, once it is complete. It may be invalid.
    pub(super) header: Option<RawHeader>,
    pub(super) position: MessagePosition,
    /// The unmasked payload that has arrived so far.
    pub(super) payload: Excerpt,
    /// The result of inflating this payload, if it belongs to a compressed message.
    pub(super) inflated: Excerpt,
    pub(super) findings: Vec<Finding>,
}

/// The position of a frame in its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MessagePosition {
    /// The frame does not belong to a message: it is a control frame, has a reserved opcode, or
    /// continues a message that never began.
    Outside,
    /// The frame is the first or the only frame of its message.
    First,
    /// The frame continues a message.
    Later,
}

impl FrameUnit {
    pub(crate) const fn new() -> Self {
        Self {
            header_bytes: Vec::new(),
            header: None,
            position: MessagePosition::Outside,
            payload: Excerpt::new(0),
            inflated: Excerpt::new(0),
            findings: Vec::new(),
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.header_bytes.is_empty()
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.header.is_some_and(|header| header.payload_length == self.payload.total())
    }

    /// Returns the number of bytes of the frame that have arrived so far.
    pub(crate) const fn length(&self) -> u64 {
        self.header_bytes.len() as u64 + self.payload.total()
    }

    pub(crate) fn is_close(&self) -> bool {
        self.header.is_some_and(|header| header.opcode() == Some(Opcode::Close))
    }

    /// Takes bytes up to the end of the frame. Returns the number of bytes taken.
    pub(crate) fn push(
        &mut self,
        bytes: &[u8],
        direction: Direction,
        context: &ConnectionContext,
        frames: &mut DirectionContext,
    ) -> usize {
        let mut taken = 0;
        while self.header.is_none() {
            let Some(&byte) = bytes.get(taken) else { return taken };
            self.header_bytes.push(byte);
            taken += 1;
            if let Some(header) = RawHeader::read(&self.header_bytes) {
                self.begin_payload(header, direction, context, frames);
            }
        }
        taken + self.push_payload(&bytes[taken..], context, frames)
    }

    /// Checks a header that has just become complete. If the frame is the first one of a message,
    /// begins that message.
    fn begin_payload(
        &mut self,
        header: RawHeader,
        direction: Direction,
        context: &ConnectionContext,
        frames: &mut DirectionContext,
    ) {
        let limit = context.options.payload_bytes;
        self.header = Some(header);
        self.payload = Excerpt::new(limit);
        self.inflated = Excerpt::new(limit);
        self.findings = rules::check_header(&header, direction, context, frames);
        frames.before_response = false;
        let kind = match header.opcode() {
            Some(Opcode::Text) => MessageKind::Text,
            Some(Opcode::Binary) => MessageKind::Binary,
            Some(Opcode::Continuation) => {
                if let Some(message) = &mut frames.message {
                    message.fragments = message.fragments.saturating_add(1);
                    self.position = MessagePosition::Later;
                }
                return;
            }
            Some(Opcode::Close | Opcode::Ping | Opcode::Pong) | None => return,
        };
        let coding = match &context.deflate {
            Some(deflate) if begins_compressed_message(&header, context.reserved_bits_in_use()) => {
                let inflater = frames.inflater.get_or_insert_with(|| deflate.inflater(direction));
                MessageCoding::Deflate { inflated: Excerpt::new(limit), failure: inflater.begin().err() }
            }
            _ => MessageCoding::Identity,
        };
        // If another message is still in progress, the sender has broken a rule, and `check_header`
        // has reported it. Later continuation frames are taken as parts of the new message, so drop
        // the old one.
        frames.message = Some(MessageInProgress::new(kind, coding, limit));
        self.position = MessagePosition::First;
    }

    fn push_payload(&mut self, bytes: &[u8], context: &ConnectionContext, frames: &mut DirectionContext) -> usize {
        let Some(header) = self.header else { return 0 };
        let remaining = header.payload_length - self.payload.total();
        let taken = usize::try_from(remaining).unwrap_or(usize::MAX).min(bytes.len());
        let mut buffer = [0; PIECE];
        for wire in bytes[..taken].chunks(PIECE) {
            let plain = &mut buffer[..wire.len()];
            plain.copy_from_slice(wire);
            if let Some(key) = header.masking_key {
                // The key repeats every four bytes, so only the position modulo 4 matters.
                let offset = usize::try_from(self.payload.total() % 4).unwrap_or(0);
                apply_mask(plain, key.at(offset));
            }
            self.push_to_message(plain, &header, context, frames);
            self.payload.push(plain);
        }
        taken
    }

    /// Appends a piece of the payload to the frame's message, if the frame belongs to one.
    fn push_to_message(
        &mut self,
        plain: &[u8],
        header: &RawHeader,
        context: &ConnectionContext,
        frames: &mut DirectionContext,
    ) {
        let Some(message) = frames.message.as_mut().filter(|_| self.position != MessagePosition::Outside) else {
            return;
        };
        if let (MessageCoding::Deflate { .. }, Some(inflater)) = (&message.coding, &mut frames.inflater) {
            let limit = context.options.limits.max_message_bytes;
            for violation in message.push_compressed(plain, inflater, limit, &mut self.inflated) {
                // In compressed data, each byte changes the meaning of the bytes after it, so the
                // mistake cannot be attributed to a single byte. The finding therefore covers the
                // whole payload.
                self.findings.push(Finding::violation(payload_range(header), violation));
            }
        } else if let Some(invalid) = message.push(plain) {
            let at = header.header_len() as u64 + self.payload.total() + invalid as u64;
            self.findings.push(Finding::violation(at..at + 1, Violation::TextNotUtf8));
        }
    }

    /// Checks the rules that only a complete frame can break.
    pub(crate) fn check_end(&mut self, frames: &mut DirectionContext) {
        let Some(header) = self.header else { return };
        if self.position != MessagePosition::Outside
            && header.fin()
            && let Some(message) = &mut frames.message
            && let Some(violation) = message.end(frames.inflater.as_mut())
        {
            let payload = payload_range(&header);
            let range = match violation {
                Violation::DeflateInvalid if !payload.is_empty() => payload,
                _ => payload.end.saturating_sub(1)..payload.end,
            };
            self.findings.push(Finding::violation(range, violation));
        }
        // If only the beginning of the body was kept, the body cannot be checked. Such a Close
        // frame is too long, and the header check has already reported the length.
        if header.opcode() == Some(Opcode::Close)
            && self.payload.left_out() == 0
            && let Err(violation) = CloseFrame::parse(self.payload.bytes())
        {
            let payload = payload_range(&header);
            let range = match violation {
                Violation::CloseCodeInvalid(_) => payload.start..payload.start + 2,
                Violation::CloseReasonNotUtf8 => payload.start + 2..payload.end,
                _ => payload,
            };
            self.findings.push(Finding::violation(range, violation));
        }
    }

    /// Updates the context for the frames that follow this one. Call this method only when this
    /// frame is complete.
    pub(crate) fn update_context(&self, frames: &mut DirectionContext) {
        let Some(header) = self.header else { return };
        if self.position != MessagePosition::Outside && header.fin() {
            frames.message = None;
        }
        if header.opcode() == Some(Opcode::Close) {
            frames.closed = true;
        }
    }
}
