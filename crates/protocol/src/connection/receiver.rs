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

mod fast_path;

use std::{ops::Range, sync::Arc};

use bytes::{Buf, Bytes, BytesMut};

use super::{Config, compression::Inflating};
use crate::{
    Role,
    frame::{FrameHeader, MaskingKey, Opcode, apply_mask},
    message::MessageKind,
    utf8::Utf8Validator,
    violation::Violation,
};

/// How much of a large payload is unmasked before it is checked as text: a piece that is still in the core's own cache
/// (32 KiB and more on any processor of these years) when the check reads it again.
const CACHED_PIECE: usize = 16 << 10;

/// What [`Receiver::next`] found.
#[derive(Debug)]
pub(super) enum Decoded {
    /// A control frame: its payload lies in the input at this place.
    Control(Opcode, Range<usize>),
    /// A message that came in one frame: its payload lies in the input at this place.
    Unfragmented(MessageKind, Range<usize>),
    /// A message that came in several frames, put together.
    Reassembled(MessageKind, Bytes),
}

/// The receiving half of a connection.
#[derive(Debug)]
pub(super) struct Receiver {
    role: Role,
    /// For its limits.
    config: Arc<Config>,
    /// MASK as the peer has to set it, in its place in a header's second byte.
    mask_bit: u8,
    /// The longest payload for the [short way](whole): what the limits allow, and not more than a piece of the long
    /// way, which is better at large ones.
    fast_path_limit: usize,
    //= docs/src/rfc6455.md#section-5-2
    //# The use of an extension MUST be agreed on in the opening handshake, in the way that the extension lays down.
    //= docs/src/rfc6455.md#section-5-8
    //# The two sides MUST agree on the extensions that they use during the opening handshake.
    /// There if compression was agreed on. RSV1 has a meaning then. Fixed when the connection is made: nothing is agreed on
    /// later.
    pub(super) inflating: Option<Box<Inflating>>,
    /// Bytes as they came, from the socket or from a test.
    pub(super) input: BytesMut,
    /// Where the bytes begin that were not handled yet. What lies before is dropped when more input is needed, all at
    /// once, because moving the start of a buffer costs more than counting.
    pub(super) start: usize,
    /// The frame whose header was read and whose payload is not complete.
    frame: Option<OpenFrame>,
    /// The message whose last fragment is still to come.
    message: Option<Box<OpenMessage>>,
    /// The check of the text message that is arriving. Lives here and not in `message`, because a message in one frame
    /// needs it too when that frame takes several reads.
    utf8: Utf8Validator,
    /// Something has come since this was last cleared. The keep-alive takes it for a sign of life.
    pub(super) activity: bool,
}

/// A frame that may be here: its header was judged, and only its payload matters from now on.
#[derive(Debug)]
struct OpenFrame {
    role: FrameRole,
    key: Option<MaskingKey>,
    /// Payload length in bytes. A compressed payload does not stay in the input: what has been decompressed is taken off the
    /// frame, which gets shorter with each read.
    length: usize,
    /// How much of the payload is already unmasked and checked, from its start. Always 0 for a compressed one.
    processed: usize,
}

/// What a frame is for its message.
#[derive(Debug, Clone, Copy)]
enum FrameRole {
    /// Not a part of any message.
    Control(Opcode),
    /// All of it.
    Unfragmented(MessageKind),
    /// A piece of it; the last one has FIN.
    Fragment { kind: MessageKind, last: bool },
    /// All of a compressed message, or a piece of it.
    Compressed { kind: MessageKind, last: bool },
}

#[derive(Debug)]
struct OpenMessage {
    kind: MessageKind,
    compressed: bool,
    /// What has come of it, unless it is compressed: then it is where it is decompressed to.
    payload: BytesMut,
    fragments: u32,
}

impl OpenMessage {
    fn new(kind: MessageKind, compressed: bool) -> Box<Self> {
        Box::new(Self { kind, compressed, payload: BytesMut::new(), fragments: 0 })
    }
}

impl Receiver {
    pub(super) fn new(role: Role, config: Arc<Config>) -> Self {
        let limits = &config.limits;
        // A message in one frame is a message of one fragment. Where not even one is allowed, the long way says so.
        let limit = if limits.fragments == 0 { 0 } else { limits.max_frame_bytes.min(limits.max_message_bytes) };
        Self {
            role,
            mask_bit: if role == Role::Server { 0x80 } else { 0 },
            fast_path_limit: limit.min(CACHED_PIECE),
            config,
            inflating: None,
            input: BytesMut::new(),
            start: 0,
            frame: None,
            message: None,
            utf8: Utf8Validator::new(),
            activity: false,
        }
    }

    /// Finds the next control frame or message in the input; `None` when more bytes are needed.
    pub(super) fn next(&mut self) -> Result<Option<Decoded>, Violation> {
        if let Some((kind, range)) = self.next_unfragmented() {
            return Ok(Some(Decoded::Unfragmented(kind, range)));
        }
        loop {
            let mut frame = match self.frame.take() {
                Some(frame) => frame,
                None => match self.begin_frame()? {
                    Some(frame) => frame,
                    None => {
                        self.compact();
                        return Ok(None);
                    }
                },
            };
            let arrived = frame.length.min(self.unprocessed());
            if let FrameRole::Compressed { kind, last } = frame.role {
                self.inflate(&mut frame, arrived, kind, last)?;
            } else {
                self.unmask_and_validate(&mut frame, arrived)?;
            }
            if frame.processed < frame.length {
                self.frame = Some(frame);
                self.compact();
                return Ok(None);
            }
            let range = self.start..self.start + frame.length;
            self.start = range.end;
            match frame.role {
                FrameRole::Control(opcode) => return Ok(Some(Decoded::Control(opcode, range))),
                FrameRole::Unfragmented(kind) => {
                    self.check_end(kind)?;
                    return Ok(Some(Decoded::Unfragmented(kind, range)));
                }
                FrameRole::Fragment { kind, last } => {
                    if let Some((kind, payload)) = self.add_fragment(kind, last, range)? {
                        return Ok(Some(Decoded::Reassembled(kind, payload)));
                    }
                }
                FrameRole::Compressed { kind, last } => {
                    if let Some((kind, payload)) = self.end_compressed(kind, last)? {
                        return Ok(Some(Decoded::Reassembled(kind, payload)));
                    }
                }
            }
        }
    }

    /// Reads and judges a header; `None` while it is incomplete.
    #[inline]
    fn begin_frame(&mut self) -> Result<Option<OpenFrame>, Violation> {
        //= docs/src/rfc6455.md#section-6-2
        //# An endpoint MUST read the bytes that come in as frames laid out as in section 5.2.
        let Some((header, len)) = FrameHeader::parse(&self.input[self.start..])? else { return Ok(None) };
        let role = self.validate(&header)?;
        self.start += len;
        self.activity = true;
        // It was compared with a limit that is a usize.
        #[allow(clippy::cast_possible_truncation)]
        let length = header.payload_length as usize;
        Ok(Some(OpenFrame { role, key: header.masking_key, length, processed: 0 }))
    }

    /// Whether a whole frame lies in the input, or one that is wrong.
    pub(super) fn has_frame(&self) -> bool {
        let rest = &self.input[self.start..];
        if rest.is_empty() {
            return false;
        }
        if self.peek_unfragmented().is_some() {
            return true;
        }
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
    pub(super) fn payload_remaining(&self) -> usize {
        self.frame.as_ref().map_or(0, |frame| frame.length - frame.processed)
    }

    /// How many bytes lie here that were not handled yet.
    pub(super) fn unprocessed(&self) -> usize {
        self.input.len() - self.start
    }

    /// Forgets all input, now and later bytes alike: after a Close or a violation nothing counts any more (sections
    /// 1.4 and 7.1.7).
    pub(super) fn discard(&mut self) {
        self.input.clear();
        self.start = 0;
        self.frame = None;
        self.message = None;
        self.inflating = None;
    }

    /// Whether a frame may stand here, judged by its header alone, before a byte of its payload is looked at; and what it
    /// is for its message.
    #[inline]
    fn validate(&self, header: &FrameHeader) -> Result<FrameRole, Violation> {
        let compressed = self.validate_reserved_bits(header)?;
        // A receiver that let these pass would hide the error from whoever made it, until the day another one does not.
        match (self.role, header.masking_key) {
            //= docs/src/rfc6455.md#section-5-1
            //# A server that receives an unmasked frame MUST close the connection.
            (Role::Server, None) => return Err(Violation::UnmaskedFrame),
            //= docs/src/rfc6455.md#section-5-1
            //# A client that receives a masked frame MUST close the connection.
            (Role::Client, Some(_)) => return Err(Violation::MaskedFrame),
            _ => {}
        }
        let kind = match header.opcode {
            //= docs/src/rfc6455.md#section-5-4
            //# An endpoint MUST be able to handle control frames in the middle of a message that is arriving in
            //# fragments.
            //
            // It is no part of that message. Its size was checked with its header.
            opcode @ (Opcode::Close | Opcode::Ping | Opcode::Pong) => return Ok(FrameRole::Control(opcode)),
            //= docs/src/rfc6455.md#section-6-2
            //# An endpoint MUST take note of the type that the opcode of a data frame gives.
            Opcode::Text => Some(MessageKind::Text),
            Opcode::Binary => Some(MessageKind::Binary),
            Opcode::Continuation => None,
        };
        //= docs/src/rfc6455.md#section-5-4
        //# An endpoint MUST accept messages in one frame and messages in several.
        match (&self.message, kind) {
            (None, Some(kind)) if compressed => {
                self.check_size(header, None, 0)?;
                Ok(FrameRole::Compressed { kind, last: header.fin })
            }
            (Some(open), None) if open.compressed => {
                self.check_size(header, None, open.fragments)?;
                Ok(FrameRole::Compressed { kind: open.kind, last: header.fin })
            }
            (None, Some(kind)) => {
                self.check_size(header, Some(0), 0)?;
                //= docs/src/rfc6455.md#section-5-2
                //# The first frame of a message MAY be its last one too.
                Ok(if header.fin { FrameRole::Unfragmented(kind) } else { FrameRole::Fragment { kind, last: false } })
            }
            (Some(open), None) => {
                self.check_size(header, Some(open.payload.len()), open.fragments)?;
                //= docs/src/rfc6455.md#section-5-4
                //# All fragments of a message MUST be of the type that the first frame's opcode gives, which is text,
                //# binary or reserved.
                Ok(FrameRole::Fragment { kind: open.kind, last: header.fin })
            }
            //= docs/src/rfc6455.md#section-5-4
            //# A continuation frame MUST NOT come while no message is open.
            (None, None) => Err(Violation::ContinuationOfNothing),
            //= docs/src/rfc6455.md#section-5-4
            //# A text or binary frame MUST NOT come before the open message has ended.
            (Some(_), Some(_)) => Err(Violation::MessageInsideMessage),
        }
    }

    /// 10.4: what is too long is refused while it is still a number in a header. `size` bytes in `fragments` frames are
    /// there already. No size is known of a compressed message: it is looked at while it is decompressed.
    #[inline]
    fn check_size(&self, header: &FrameHeader, size: Option<usize>, fragments: u32) -> Result<(), Violation> {
        let limits = &self.config.limits;
        if header.payload_length > limits.max_frame_bytes as u64 {
            return Err(Violation::FrameTooBig { length: header.payload_length, limit: limits.max_frame_bytes });
        }
        if size.is_some_and(|size| header.payload_length > limits.max_message_bytes.saturating_sub(size) as u64) {
            return Err(Violation::MessageTooBig { limit: limits.max_message_bytes });
        }
        if fragments >= limits.fragments {
            return Err(Violation::TooManyFragments { limit: limits.fragments });
        }
        Ok(())
    }

    /// Unmasks the payload's bytes that are new, up to `arrived`, and checks them if they are text.
    #[inline]
    fn unmask_and_validate(&mut self, frame: &mut OpenFrame, arrived: usize) -> Result<(), Violation> {
        let fresh = &mut self.input[self.start + frame.processed..self.start + arrived];
        let key = frame.key.map(|key| key.at(frame.processed));
        self.activity |= !fresh.is_empty();
        frame.processed = arrived;
        if !matches!(
            frame.role,
            FrameRole::Unfragmented(MessageKind::Text) | FrameRole::Fragment { kind: MessageKind::Text, .. }
        ) {
            if let Some(key) = key {
                apply_mask(fresh, key);
            }
            return Ok(());
        }
        //= docs/src/rfc6455.md#section-8-1
        //# An endpoint that is to read bytes as UTF-8 and finds that they are none MUST fail the connection.
        //
        // Here at the first byte that cannot be part of it.
        for piece in fresh.chunks_mut(CACHED_PIECE) {
            if let Some(key) = key {
                //= docs/src/rfc6455.md#section-6-2
                //# A server MUST unmask the data frames that it receives from a client.
                //
                // A piece's length is a multiple of four, so each begins with the same key byte.
                apply_mask(piece, key);
            }
            self.utf8.push(piece).map_err(|_| Violation::TextNotUtf8)?;
        }
        Ok(())
    }

    /// Unmasks and decompresses what has arrived of a compressed payload, and checks what it gives. It is not needed any
    /// more then: what is left is like a smaller frame.
    fn inflate(
        &mut self,
        frame: &mut OpenFrame,
        arrived: usize,
        kind: MessageKind,
        last: bool,
    ) -> Result<(), Violation> {
        let fresh = &mut self.input[self.start..self.start + arrived];
        if let Some(key) = &mut frame.key {
            apply_mask(fresh, *key);
            *key = key.at(arrived);
        }
        self.start += arrived;
        self.activity |= arrived > 0;
        frame.length -= arrived;
        // It is there: without it, no frame is judged to be compressed.
        let Some(inflating) = &mut self.inflating else { return Ok(()) };
        let (message, rest) = inflating.add(fresh, last && frame.length == 0, self.config.limits.max_message_bytes);
        // What came first is judged first, so that it does not matter whether the rest has arrived with it.
        if kind == MessageKind::Text {
            self.utf8.push(message).map_err(|_| Violation::TextNotUtf8)?;
        }
        rest
    }

    /// The end of a message is where a cut character becomes an error: nothing can complete it any more.
    #[inline]
    fn check_end(&self, kind: MessageKind) -> Result<(), Violation> {
        //= docs/src/rfc6455.md#section-5-6
        //# The whole of a text message MUST be valid UTF-8.
        if kind == MessageKind::Text && !self.utf8.is_complete() { Err(Violation::TextNotUtf8) } else { Ok(()) }
    }

    /// Puts a complete fragment behind those that came before it (section 5.4); gives the message if this is the last.
    fn add_fragment(
        &mut self,
        kind: MessageKind,
        last: bool,
        range: Range<usize>,
    ) -> Result<Option<(MessageKind, Bytes)>, Violation> {
        //= docs/src/rfc6455.md#section-5-4
        //# Without an extension that says otherwise, an endpoint MUST NOT depend on where a message is cut into frames.
        //= docs/src/rfc6455.md#section-5-4
        //# The fragments of a message MUST reach the recipient in the order in which they were sent.
        let message = self.message.get_or_insert_with(|| OpenMessage::new(kind, false));
        message.payload.extend_from_slice(&self.input[range]);
        message.fragments += 1;
        if !last {
            return Ok(None);
        }
        self.check_end(kind)?;
        //= docs/src/rfc6455.md#section-6-2
        //# The data frame behind a message's last one MUST be taken for the beginning of a new message.
        Ok(self.message.take().map(|message| (kind, message.payload.freeze())))
    }

    /// Notes that a frame of a compressed message is complete; gives the message if this is the last.
    fn end_compressed(&mut self, kind: MessageKind, last: bool) -> Result<Option<(MessageKind, Bytes)>, Violation> {
        self.message.get_or_insert_with(|| OpenMessage::new(kind, true)).fragments += 1;
        if !last {
            return Ok(None);
        }
        self.check_end(kind)?;
        self.message = None;
        Ok(self.inflating.as_mut().map(|inflating| (kind, inflating.take())))
    }

    /// The input, without what was handled.
    #[inline]
    pub(super) fn input(&mut self) -> &mut BytesMut {
        if self.start > 0 {
            self.compact();
        }
        &mut self.input
    }

    /// Drops the bytes that were handled from the front of the input.
    fn compact(&mut self) {
        if self.unprocessed() == 0 {
            // An empty buffer begins at its beginning again.
            self.input.clear();
        } else {
            self.input.advance(self.start);
        }
        self.start = 0;
    }
}
