//! From bytes to messages and control frames: the receiving half of a connection (sections 5.1 to 5.6, 6.2 and 8.1).
//!
//! ```text
//!   input ─▶ header complete? ─▶ may it be here? ─▶ unmask and check ─▶ frame complete? ─▶ control frame ─────▶ out
//!               │ no                │ no              what has arrived      │ no             whole message ─────▶ out
//!               ▼                   ▼                     │ not UTF-8       ▼                fragment: keep, go on
//!             wait              violation              violation          wait
//! ```
//!
//! Bytes are looked at once. A frame that arrives in a thousand reads is unmasked and checked a thousandth at a time, in
//! the place where it lies, so that the last read has no more to do than the first. A message that came in one frame
//! never moves at all: it is handed out as a part of the input.

use std::ops::Range;

use bytes::{Buf, BytesMut};

use crate::{
    Role,
    frame::{FrameHeader, MaskingKey, Opcode, ReservedBits, apply_mask},
    limits::Limits,
    message::Kind,
    utf8::Utf8Validator,
    violation::Violation,
};

/// How much of a large payload is unmasked before it is checked as text: a piece that is still in the core's own cache
/// (32 KiB and more on any processor of these years) when the check reads it again.
const CACHED_PIECE: usize = 16 << 10;

/// What [`Receiver::next`] found.
#[derive(Debug)]
pub(super) enum Arrived {
    /// A control frame: its payload lies in the input at this place.
    Control(Opcode, Range<usize>),
    /// A message that came in one frame: its payload lies in the input at this place.
    Whole(Kind, Range<usize>),
    /// A message that came in several frames, put together.
    Assembled(Kind, BytesMut),
}

/// The receiving half of a connection.
#[derive(Debug)]
pub(super) struct Receiver {
    role: Role,
    limits: Limits,
    /// Reserved bits that an extension has given a meaning.
    reserved_allowed: ReservedBits,
    /// Bytes as they came, from the socket or from a test.
    pub(super) input: BytesMut,
    /// Where the bytes begin that were not handled yet. What lies before is dropped when more input is needed, all at
    /// once, because moving the start of a buffer costs more than counting.
    pub(super) start: usize,
    /// The frame whose header was read and whose payload is not complete.
    frame: Option<OpenFrame>,
    /// The message whose last fragment is still to come.
    message: Option<OpenMessage>,
    /// The check of the text message that is arriving. Lives here and not in `message`, because a message in one frame
    /// needs it too when that frame takes several reads.
    utf8: Utf8Validator,
    /// Something has come since this was last cleared. The keep-alive takes it for a sign of life.
    pub(super) heard: bool,
}

/// A frame that may be here: its header was judged, and only its payload matters from now on.
#[derive(Debug)]
struct OpenFrame {
    part: Part,
    key: Option<MaskingKey>,
    /// Payload length in bytes.
    length: usize,
    /// How much of the payload is already unmasked and checked, from its start.
    done: usize,
}

/// What a frame is for its message.
#[derive(Debug, Clone, Copy)]
enum Part {
    /// Not a part of any message.
    Control(Opcode),
    /// All of it.
    Whole(Kind),
    /// A piece of it; the last one has FIN.
    Fragment { kind: Kind, last: bool },
}

#[derive(Debug)]
struct OpenMessage {
    kind: Kind,
    payload: BytesMut,
    fragments: u32,
}

impl Receiver {
    pub(super) fn new(role: Role, limits: Limits) -> Self {
        Self {
            role,
            limits,
            reserved_allowed: ReservedBits::NONE,
            input: BytesMut::new(),
            start: 0,
            frame: None,
            message: None,
            utf8: Utf8Validator::new(),
            heard: false,
        }
    }

    /// Finds the next control frame or message in the input; `None` when more bytes are needed.
    #[inline]
    pub(super) fn next(&mut self) -> Result<Option<Arrived>, Violation> {
        loop {
            let mut frame = match self.frame.take() {
                Some(frame) => frame,
                None => match self.begin_frame()? {
                    Some(frame) => frame,
                    None => {
                        self.drop_handled();
                        return Ok(None);
                    }
                },
            };
            let arrived = frame.length.min(self.unhandled());
            self.admit(&mut frame, arrived)?;
            if arrived < frame.length {
                self.frame = Some(frame);
                self.drop_handled();
                return Ok(None);
            }
            let place = self.start..self.start + frame.length;
            self.start = place.end;
            match frame.part {
                Part::Control(opcode) => return Ok(Some(Arrived::Control(opcode, place))),
                Part::Whole(kind) => {
                    self.check_end(kind)?;
                    return Ok(Some(Arrived::Whole(kind, place)));
                }
                Part::Fragment { kind, last } => {
                    if let Some((kind, payload)) = self.add_fragment(kind, last, place)? {
                        return Ok(Some(Arrived::Assembled(kind, payload)));
                    }
                }
            }
        }
    }

    /// Reads and judges a header; `None` while it is incomplete.
    #[inline]
    fn begin_frame(&mut self) -> Result<Option<OpenFrame>, Violation> {
        let Some((header, len)) = FrameHeader::parse(&self.input[self.start..])? else { return Ok(None) };
        let part = self.judge(&header)?;
        self.start += len;
        self.heard = true;
        // It was compared with a limit that is a usize.
        #[allow(clippy::cast_possible_truncation)]
        let length = header.payload_length as usize;
        Ok(Some(OpenFrame { part, key: header.masking_key, length, done: 0 }))
    }

    /// Whether a whole frame lies in the input, or one that is wrong.
    pub(super) fn has_frame(&self) -> bool {
        let rest = &self.input[self.start..];
        if let Some(frame) = &self.frame {
            return rest.len() >= frame.length;
        }
        match FrameHeader::parse(rest) {
            Ok(Some((header, len))) => (rest.len() - len) as u64 >= header.payload_length,
            Ok(None) => false,
            Err(_) => true,
        }
    }

    /// The bytes of the present frame's payload that have not arrived, 0 between frames.
    pub(super) fn missing(&self) -> usize {
        self.frame.as_ref().map_or(0, |frame| frame.length - frame.done)
    }

    /// How many bytes lie here that were not handled yet.
    pub(super) fn unhandled(&self) -> usize {
        self.input.len() - self.start
    }

    /// Forgets all input, now and later bytes alike: after a Close or a violation nothing counts any more (sections
    /// 1.4 and 7.1.7).
    pub(super) fn discard(&mut self) {
        self.input.clear();
        self.start = 0;
        self.frame = None;
        self.message = None;
    }

    /// Whether a frame may stand here, judged by its header alone, before a byte of its payload is looked at; and what it
    /// is for its message.
    #[inline]
    fn judge(&self, header: &FrameHeader) -> Result<Part, Violation> {
        // 5.2: a bit that no extension has given a meaning is not to be ignored. Its sender believes that it changes
        // what the payload means.
        let unknown = header.reserved.without(self.reserved_allowed);
        if !unknown.is_empty() {
            return Err(Violation::ReservedBitsSet(unknown.bits()));
        }
        // 5.1: masked from client to server, never from server to client. A receiver that let it pass would hide the
        // error from whoever made it, until the day another receiver does not.
        match (self.role, header.masking_key) {
            (Role::Server, None) => return Err(Violation::UnmaskedFrame),
            (Role::Client, Some(_)) => return Err(Violation::MaskedFrame),
            _ => {}
        }
        let kind = match header.opcode {
            // 5.4: control frames may come between the fragments of a message and are no part of it. Their size was
            // checked with their header.
            opcode @ (Opcode::Close | Opcode::Ping | Opcode::Pong) => return Ok(Part::Control(opcode)),
            Opcode::Text => Some(Kind::Text),
            Opcode::Binary => Some(Kind::Binary),
            Opcode::Continuation => None,
        };
        match (&self.message, kind) {
            (None, Some(kind)) => {
                self.check_size(header, 0, 0)?;
                Ok(if header.fin { Part::Whole(kind) } else { Part::Fragment { kind, last: false } })
            }
            (Some(open), None) => {
                self.check_size(header, open.payload.len(), open.fragments)?;
                // The first fragment's opcode is the whole message's (6.2).
                Ok(Part::Fragment { kind: open.kind, last: header.fin })
            }
            (None, None) => Err(Violation::ContinuationOfNothing),
            (Some(_), Some(_)) => Err(Violation::MessageInsideMessage),
        }
    }

    /// 10.4: what is too long is refused while it is still a number in a header. `size` bytes in `fragments` frames are
    /// there already.
    #[inline]
    fn check_size(&self, header: &FrameHeader, size: usize, fragments: u32) -> Result<(), Violation> {
        if header.payload_length > self.limits.frame_bytes as u64 {
            return Err(Violation::FrameTooBig { length: header.payload_length, limit: self.limits.frame_bytes });
        }
        if header.payload_length > self.limits.message_bytes.saturating_sub(size) as u64 {
            return Err(Violation::MessageTooBig { limit: self.limits.message_bytes });
        }
        if fragments >= self.limits.fragments {
            return Err(Violation::TooManyFragments { limit: self.limits.fragments });
        }
        Ok(())
    }

    /// Unmasks the payload's bytes that are new, up to `arrived`, and checks them if they are text.
    #[inline]
    fn admit(&mut self, frame: &mut OpenFrame, arrived: usize) -> Result<(), Violation> {
        let fresh = &mut self.input[self.start + frame.done..self.start + arrived];
        let key = frame.key.map(|key| key.at(frame.done));
        self.heard |= !fresh.is_empty();
        frame.done = arrived;
        if !matches!(frame.part, Part::Whole(Kind::Text) | Part::Fragment { kind: Kind::Text, .. }) {
            if let Some(key) = key {
                apply_mask(fresh, key);
            }
            return Ok(());
        }
        // 8.1: text that is not UTF-8 fails the connection, here at the first byte that cannot be part of it.
        for piece in fresh.chunks_mut(CACHED_PIECE) {
            if let Some(key) = key {
                // A piece's length is a multiple of four, so each begins with the same key byte.
                apply_mask(piece, key);
            }
            self.utf8.push(piece).map_err(|_| Violation::TextNotUtf8)?;
        }
        Ok(())
    }

    /// The end of a message is where a cut character becomes an error: nothing can complete it any more.
    #[inline]
    fn check_end(&self, kind: Kind) -> Result<(), Violation> {
        if kind == Kind::Text && !self.utf8.is_complete() { Err(Violation::TextNotUtf8) } else { Ok(()) }
    }

    /// Puts a complete fragment behind those that came before it (section 5.4); gives the message if this is the last.
    fn add_fragment(
        &mut self,
        kind: Kind,
        last: bool,
        place: Range<usize>,
    ) -> Result<Option<(Kind, BytesMut)>, Violation> {
        let message = self.message.get_or_insert_with(|| OpenMessage { kind, payload: BytesMut::new(), fragments: 0 });
        message.payload.extend_from_slice(&self.input[place]);
        message.fragments += 1;
        if !last {
            return Ok(None);
        }
        self.check_end(kind)?;
        Ok(self.message.take().map(|message| (kind, message.payload)))
    }

    /// Drops the bytes that were handled from the front of the input.
    fn drop_handled(&mut self) {
        self.input.advance(self.start);
        self.start = 0;
    }
}
