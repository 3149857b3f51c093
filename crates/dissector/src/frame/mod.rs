//! The frame (RFC 6455, sections 5.1 to 5.5): collected, judged, and taken apart.
//!
//! ```text
//!   ┌── header, 2 to 14 bytes ──┬── payload ───────────────────────── - -
//!   │ judged when it is there   │ unmasked and checked as it passes; its beginning is kept
//!   └───────────────────────────┴──────────────────────────────────── - -
//! ```

mod fields;
mod layout;
mod rules;

use protocol::{
    CloseFrame, Violation,
    frame::{Opcode, apply_mask},
    message::MessageKind,
};

use self::layout::Layout;
use crate::{
    conversation::Shared,
    excerpt::Excerpt,
    message::{Coding, OpenMessage},
    record::{Direction, Fault, Finding},
    stream::{Dissection, Frames},
};

/// How much of a payload is unmasked at a time: the bytes belong to the caller, so they are copied first, and a large
/// payload should not need a large copy.
const PIECE: usize = 4 << 10;

/// A frame that is being collected.
#[derive(Debug)]
pub(crate) struct FrameUnit {
    /// The header's bytes so far.
    header: Vec<u8>,
    /// The header, once it is complete.
    layout: Option<Layout>,
    /// What the frame is for its message.
    part: Part,
    /// The payload so far, unmasked.
    payload: Excerpt,
    /// What the payload adds to a compressed message.
    inflated: Excerpt,
    findings: Vec<Finding>,
}

/// What a frame is for its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Of no message: a control frame, or one that makes no sense.
    None,
    /// The only frame or the first.
    First,
    /// One more.
    Later,
}

impl FrameUnit {
    pub(crate) const fn new() -> Self {
        Self {
            header: Vec::new(),
            layout: None,
            part: Part::None,
            payload: Excerpt::new(0),
            inflated: Excerpt::new(0),
            findings: Vec::new(),
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.header.is_empty()
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.layout.is_some_and(|layout| layout.payload_length == self.payload.total())
    }

    /// How many bytes of it have come.
    pub(crate) const fn length(&self) -> u64 {
        self.header.len() as u64 + self.payload.total()
    }

    pub(crate) fn is_close(&self) -> bool {
        self.layout.is_some_and(|layout| layout.opcode() == Some(Opcode::Close))
    }

    /// Takes bytes up to the end of the frame; says how many.
    pub(crate) fn push(&mut self, bytes: &[u8], direction: Direction, shared: &Shared, frames: &mut Frames) -> usize {
        let mut taken = 0;
        while self.layout.is_none() {
            let Some(&byte) = bytes.get(taken) else { return taken };
            self.header.push(byte);
            taken += 1;
            if let Some(layout) = Layout::read(&self.header) {
                self.layout = Some(layout);
                self.payload = Excerpt::new(shared.options.payload_bytes);
                self.inflated = Excerpt::new(shared.options.payload_bytes);
                self.begin(&layout, direction, shared, frames);
            }
        }
        taken + self.push_payload(&bytes[taken..], shared, frames)
    }

    /// Judges a header that has become complete.
    fn begin(&mut self, layout: &Layout, direction: Direction, shared: &Shared, frames: &mut Frames) {
        self.findings = rules::of_header(&self.header, layout, direction, shared, frames);
        frames.early = false;
        let Ok(opcode) = Opcode::from_bits(layout.first) else { return };
        let kind = match opcode {
            Opcode::Text => MessageKind::Text,
            Opcode::Binary => MessageKind::Binary,
            Opcode::Continuation => {
                if let Some(message) = &mut frames.message {
                    message.fragments = message.fragments.saturating_add(1);
                    self.part = Part::Later;
                }
                return;
            }
            Opcode::Close | Opcode::Ping | Opcode::Pong => return,
        };
        let coding = match &shared.deflate {
            Some(deflate) if layout.is_compressed(shared) => {
                let inflating = frames.inflating.get_or_insert_with(|| deflate.inflating(direction));
                Coding::Deflate { inflated: Excerpt::new(shared.options.payload_bytes), stop: inflating.begin().err() }
            }
            _ => Coding::Identity,
        };
        // If another message is open, its sender has forgotten it. What comes belongs to this one.
        frames.message = Some(OpenMessage::new(kind, coding, shared.options.payload_bytes));
        self.part = Part::First;
    }

    fn push_payload(&mut self, bytes: &[u8], shared: &Shared, frames: &mut Frames) -> usize {
        let Some(layout) = self.layout else { return 0 };
        let missing = layout.payload_length - self.payload.total();
        let taken = usize::try_from(missing).unwrap_or(usize::MAX).min(bytes.len());
        let mut piece = [0; PIECE];
        for wire in bytes[..taken].chunks(PIECE) {
            let plain = &mut piece[..wire.len()];
            plain.copy_from_slice(wire);
            if let Some(key) = layout.key {
                // The key repeats after four bytes, so only the lowest bits of the position count.
                let offset = usize::try_from(self.payload.total() % 4).unwrap_or(0);
                apply_mask(plain, key.at(offset));
            }
            self.admit(plain, &layout, shared, frames);
            self.payload.push(plain);
        }
        taken
    }

    /// Adds a piece of the payload to the message that it belongs to, if it does.
    fn admit(&mut self, plain: &[u8], layout: &Layout, shared: &Shared, frames: &mut Frames) {
        let Some(message) = frames.message.as_mut().filter(|_| self.part != Part::None) else { return };
        if let (Coding::Deflate { .. }, Some(inflating)) = (&message.coding, &mut frames.inflating) {
            let limit = shared.options.limits.max_message_bytes;
            for violation in message.push_compressed(plain, inflating, limit, &mut self.inflated) {
                // Which byte is to blame cannot be told: each changes what the next ones mean.
                self.findings.push(Finding::new(layout.body(), Fault::Violation(violation)));
            }
        } else if let Some(bad) = message.push(plain) {
            let at = layout.header_length + self.payload.total() + bad as u64;
            self.findings.push(Finding::new(at..at + 1, Fault::Violation(Violation::TextNotUtf8)));
        }
    }

    /// The rules that only a complete frame can break.
    pub(crate) fn close_up(&mut self, frames: &mut Frames) {
        let Some(layout) = self.layout else { return };
        if self.part != Part::None
            && layout.fin()
            && let Some(message) = &mut frames.message
            && let Some(violation) = message.end(frames.inflating.as_mut())
        {
            let end = layout.end();
            let last = end.saturating_sub(1)..end;
            let range = match violation {
                Violation::DeflateInvalid if !layout.body().is_empty() => layout.body(),
                _ => last,
            };
            self.findings.push(Finding::new(range, Fault::Violation(violation)));
        }
        if layout.opcode() == Some(Opcode::Close)
            && self.payload.left_out() == 0
            && let Err(violation) = CloseFrame::parse(self.payload.bytes())
        {
            let body = layout.body();
            let range = match violation {
                Violation::CloseCodeInvalid(_) => body.start..body.start + 2,
                Violation::CloseReasonNotUtf8 => body.start + 2..body.end,
                _ => body,
            };
            self.findings.push(Finding::new(range, Fault::Violation(violation)));
        }
    }

    /// What a complete frame changes for those behind it.
    pub(crate) fn leave(&self, frames: &mut Frames) {
        let Some(layout) = self.layout else { return };
        if self.part != Part::None && layout.fin() {
            frames.message = None;
        }
        if layout.opcode() == Some(Opcode::Close) {
            frames.closed = true;
        }
    }

    /// Takes the frame apart, complete or not.
    pub(crate) fn dissect(&self, shared: &Shared, frames: &Frames) -> Dissection {
        fields::dissect(self, shared, frames)
    }
}
