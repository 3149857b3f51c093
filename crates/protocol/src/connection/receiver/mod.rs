//! The receiving half of a connection, which turns bytes into messages and control frames (sections
//! 5.1 to 5.6, 6.2 and 8.1).
//!
//! ```text
//!   input ─▶ header   ─▶ rules  ─▶ unmask and validate ─▶ frame     ─▶ control frame ──────▶ out
//!            complete?   kept?     what has arrived       complete?    complete message ───▶ out
//!               │ no       │ no           │ not UTF-8        │ no      fragment: keep, and loop
//!               ▼          ▼              ▼                  ▼
//!             wait     violation      violation            wait
//! ```
//!
//! Each byte of a valid payload is unmasked and validated once. A frame that arrives in a thousand
//! reads is unmasked and validated a thousandth at a time, in place, so the last read causes no
//! more work than the first. The receiver never copies the payload of an uncompressed message in
//! one frame: the application sees it as a slice of the input.
//!
//! | file | what it holds |
//! |---|---|
//! | here | the receive loop, for every frame |
//! | `fast_path` | a decoder with fewer steps, for the most common frame |
//! | `reassembly` | the message whose last fragment has not arrived |

mod fast_path;
mod reassembly;

use std::{
    ops::{ControlFlow, Range},
    sync::Arc,
};

use bytes::Bytes;

use self::reassembly::OpenMessage;
use super::{deflate::Inflating, input::InputBuffer};
use crate::{
    config::Config,
    extension::MAX_INFLATED_FROM_BYTE,
    frame::{
        MaskingKey, Opcode, RawHeader, ReservedBits, apply_mask,
        rules::{self, HeaderContext},
    },
    message::MessageKind,
    role::Role,
    utf8::Utf8Validator,
    violation::Violation,
};

/// The maximum size, in bytes, of the pieces in which a large payload is unmasked and then
/// validated. A piece is still in the core's first-level cache (32 KiB or more on current
/// processors) when the validator reads it.
const CACHED_PIECE: usize = 16 << 10;

/// A frame or message that [`Receiver::next`] has decoded.
#[derive(Debug)]
pub(super) enum Decoded {
    /// A control frame. Its payload is this range of the input.
    Control(Opcode, Range<usize>),
    /// A message that arrived in one frame. Its payload is this range of the input.
    Unfragmented(MessageKind, Range<usize>),
    /// A message that was reassembled or inflated into a separate buffer.
    Reassembled(MessageKind, Bytes),
}

/// The receiving half of a connection.
#[derive(Debug)]
pub(super) struct Receiver {
    role: Role,
    /// The configuration, whose limits the receiver enforces.
    config: Arc<Config>,
    /// The required value of the MASK bit in the peer's frames, at its position in the second byte.
    mask_bit: u8,
    /// The maximum payload length, in bytes, that the [fast path](fast_path) accepts. It is within
    /// the configured limits, and at most one [`CACHED_PIECE`], because the slow path handles large
    /// payloads faster. `None` if the fast path accepts no message.
    fast_path_limit: Option<usize>,
    /// The decompressor, if compression was negotiated. The peer may set RSV1 only if the
    /// decompressor is present. This field is set before the connection is used.
    //= docs/src/rfc6455.md#section-5-2
    //# The use of an extension MUST be negotiated in the opening handshake, in the way that the
    //# extension specifies.
    //= docs/src/rfc6455.md#section-5-8
    //# All extensions that the two sides use MUST be negotiated during the opening handshake.
    inflating: Option<Box<Inflating>>,
    input: InputBuffer,
    /// The frame whose header has been decoded and whose payload is incomplete.
    frame: Option<OpenFrame>,
    /// The message whose last fragment has not yet arrived.
    message: Option<Box<OpenMessage>>,
    /// The validator of the text message that is arriving. It is not part of `message`, because a
    /// message in one frame needs it too when that frame takes several reads.
    utf8: Utf8Validator,
    /// Whether a byte has been processed, or [`record_activity`](Self::record_activity) called,
    /// since this flag was last reset. The keep-alive treats this as a sign of life.
    activity: bool,
    /// The number of headers that [`begin_frame`](Self::begin_frame) has decoded since
    /// [`take_frame_count`](Self::take_frame_count) was last called.
    frames: usize,
    /// Whether a message, or a control frame outside a message, has ended since this flag was last
    /// reset. If so, a message that is incomplete now began after that, and has its own deadline.
    message_ended: bool,
    /// The number of payload bytes of the incomplete message that have arrived, before
    /// decompression. The fast path never changes this number, because it handles only messages
    /// that are complete when it finds them.
    arrived: usize,
    /// The number of held bytes at which inflating stops.
    inflate_limit: usize,
    /// Whether compressed input was left behind because of `inflate_limit`.
    is_inflate_limited: bool,
}

/// A frame whose header has passed the checks. Only its payload remains to be processed.
#[derive(Debug)]
struct OpenFrame {
    class: FrameClass,
    key: Option<MaskingKey>,
    /// The payload length in bytes. For a compressed payload, the bytes that have been inflated are
    /// subtracted, because they do not stay in the input.
    length: usize,
    /// The number of payload bytes that have been unmasked and, in a text message, validated.
    /// Always 0 for a compressed payload.
    processed: usize,
}

/// The class of a frame, which determines how its payload is processed.
#[derive(Debug, Clone, Copy)]
enum FrameClass {
    /// A control frame, which is not part of a message.
    Control(Opcode),
    /// A data frame that is a whole message.
    Unfragmented(MessageKind),
    /// A fragment of a message; `last` is its FIN bit.
    Fragment { kind: MessageKind, last: bool },
    /// A compressed message, or a fragment of one.
    Compressed { kind: MessageKind, last: bool },
}

impl Receiver {
    pub(super) fn new(role: Role, config: Arc<Config>) -> Self {
        let limits = &config.limits;
        // A message in one frame counts as one fragment. If the limits allow no fragment at all,
        // even an empty message must take the slow path, which reports the violation.
        let fast_path_limit = (limits.max_fragments > 0)
            .then_some(limits.max_frame_bytes.min(limits.max_message_bytes).min(CACHED_PIECE));
        Self {
            role,
            mask_bit: if role == Role::Server { crate::frame::layout::MASK } else { 0 },
            fast_path_limit,
            config,
            inflating: None,
            input: InputBuffer::default(),
            frame: None,
            message: None,
            utf8: Utf8Validator::new(),
            activity: false,
            frames: 0,
            message_ended: true,
            arrived: 0,
            inflate_limit: usize::MAX,
            is_inflate_limited: false,
        }
    }

    /// Accepts compressed messages from now on.
    #[cfg(feature = "deflate")]
    pub(super) fn enable_deflate(&mut self, inflating: Inflating) {
        self.inflating = Some(Box::new(inflating));
    }

    /// Decodes the next control frame or message. Returns `None` when the input ends before a
    /// control frame or message is complete, or when inflating stops at its limit.
    pub(super) fn next(&mut self) -> Result<Option<Decoded>, Violation> {
        // Try the fast path first, because nearly every message is one complete, uncompressed
        // frame. `None` means only that the fast path cannot decode what comes next, so the slow
        // path follows.
        if let Some((kind, range)) = self.next_unfragmented() {
            return Ok(Some(Decoded::Unfragmented(kind, range)));
        }
        loop {
            // Resume the frame whose payload was incomplete, or decode the next header.
            let mut frame = match self.frame.take() {
                Some(frame) => frame,
                None => match self.begin_frame()? {
                    Some(frame) => frame,
                    None => {
                        // The next header is incomplete, so no more frames can be decoded until the
                        // next read. Drop the consumed bytes now, because dropping them once per
                        // read costs less than after each frame.
                        self.input.compact();
                        return Ok(None);
                    }
                },
            };
            // Process the part of the payload that has arrived, even if the rest is missing. If a
            // frame arrives in small pieces, each byte is then processed only once, when it
            // arrives, and invalid UTF-8 is found at the first byte that cannot be valid.
            let available = frame.length.min(self.input.unconsumed_len());
            if let FrameClass::Compressed { kind, last } = frame.class {
                self.inflate(&mut frame, available, kind, last)?;
            } else {
                self.unmask_and_validate(&mut frame, available)?;
            }
            // If the frame is incomplete, keep it and wait for more input.
            if frame.processed < frame.length {
                self.frame = Some(frame);
                self.input.compact();
                return Ok(None);
            }
            // The frame is complete. Consume it before acting on it, so that an early return below
            // cannot cause it to be decoded twice.
            let range = self.input.consume(frame.length);
            match frame.class {
                // A control frame is not part of the message that it interrupts (section 5.4), so
                // return it at once and leave that message as it is.
                FrameClass::Control(opcode) => {
                    self.message_ended |= self.message.is_none();
                    return Ok(Some(Decoded::Control(opcode, range)));
                }
                // A text message must not end inside a character, so check that its last character
                // is complete.
                FrameClass::Unfragmented(kind) => {
                    self.check_complete(kind)?;
                    self.end_message();
                    return Ok(Some(Decoded::Unfragmented(kind, range)));
                }
                // Only the last fragment completes the message. After any other fragment, the loop
                // continues with the next frame.
                FrameClass::Fragment { kind, last } => {
                    if let Some(payload) = self.add_fragment(kind, last, range)? {
                        self.end_message();
                        return Ok(Some(Decoded::Reassembled(kind, payload)));
                    }
                }
                // The payload of a compressed frame was inflated above, into the buffer of its
                // message, so all that remains is to count the frame.
                FrameClass::Compressed { kind, last } => {
                    if let Some(payload) = self.end_compressed_frame(kind, last)? {
                        self.end_message();
                        return Ok(Some(Decoded::Reassembled(kind, payload)));
                    }
                }
            }
        }
    }

    /// Decodes a header and checks it against the rules. Returns `None` while the header is
    /// incomplete.
    #[inline]
    fn begin_frame(&mut self) -> Result<Option<OpenFrame>, Violation> {
        //= docs/src/rfc6455.md#section-6-2
        //# An endpoint MUST parse incoming bytes as frames as described in section 5.2.
        let bytes = self.input.unconsumed();
        // The first two bytes contain the opcode and determine how long the header is, so check
        // nothing until both have arrived.
        let &[first, second, ..] = bytes else { return Ok(None) };
        // Check the rules for these two bytes before the rest of the header has arrived, so that a
        // frame with an invalid opcode is rejected without waiting for more bytes.
        to_result(rules::check_first_bytes(first, second, ControlFlow::Break))?;
        // If the header is incomplete, nothing has been consumed, so the next call starts again
        // from the first byte of the header.
        let Some(header) = RawHeader::read(bytes) else { return Ok(None) };
        // The other rules need the whole header, and some of them also depend on the frames before
        // it.
        to_result(rules::check_length(&header, ControlFlow::Break))?;
        to_result(rules::check_in_context(&header, &self.context(), ControlFlow::Break))?;
        // `classify` never returns `None` here, because the rules above have already rejected
        // unknown opcodes, and continuation frames while no message is open.
        let Some(class) = self.classify(&header) else { return Ok(None) };
        self.input.consume(header.header_len());
        self.activity = true;
        self.frames += 1;
        // The cast cannot truncate, because the rules have already rejected every length above the
        // frame limit, which is a `usize`, and every control frame above 125 bytes.
        #[allow(clippy::cast_possible_truncation)]
        let length = header.payload_length as usize;
        Ok(Some(OpenFrame { class, key: header.masking_key, length, processed: 0 }))
    }

    /// Returns the state against which the next header is checked.
    fn context(&self) -> HeaderContext<'_> {
        HeaderContext {
            receiver: self.role,
            negotiated: self.negotiated_bits(),
            open_message: self.message.as_deref().map(OpenMessage::info),
            limits: &self.config.limits,
        }
    }

    const fn negotiated_bits(&self) -> ReservedBits {
        if self.inflating.is_some() { ReservedBits::RSV1 } else { ReservedBits::NONE }
    }

    /// Returns the class of a frame with a valid header.
    fn classify(&self, header: &RawHeader) -> Option<FrameClass> {
        let last = header.fin();
        let kind = match header.opcode()? {
            //= docs/src/rfc6455.md#section-5-4
            //# An endpoint MUST be able to handle control frames that arrive between the fragments
            //# of a message.
            opcode @ (Opcode::Close | Opcode::Ping | Opcode::Pong) => return Some(FrameClass::Control(opcode)),
            //= docs/src/rfc6455.md#section-5-4
            //# All fragments of a message MUST be of the type that the first frame's opcode
            //# indicates: text, binary, or a reserved type.
            Opcode::Continuation => {
                let open = self.message.as_deref()?;
                return Some(if open.is_compressed() {
                    FrameClass::Compressed { kind: open.kind(), last }
                } else {
                    FrameClass::Fragment { kind: open.kind(), last }
                });
            }
            //= docs/src/rfc6455.md#section-6-2
            //# When a data frame arrives, the endpoint MUST note the message type that its opcode
            //# indicates.
            Opcode::Text => MessageKind::Text,
            Opcode::Binary => MessageKind::Binary,
        };
        //= docs/src/rfc6455.md#section-5-4
        //# An endpoint MUST accept fragmented messages as well as unfragmented ones.
        Some(if rules::begins_compressed_message(header, self.negotiated_bits()) {
            FrameClass::Compressed { kind, last }
        //= docs/src/rfc7692.md#section-6-2
        //# An uncompressed message MUST be delivered unchanged.
        //= docs/src/rfc6455.md#section-5-2
        //# The first frame of a message MAY also be its last.
        } else if last {
            FrameClass::Unfragmented(kind)
        } else {
            FrameClass::Fragment { kind, last: false }
        })
    }

    /// Unmasks the payload up to `available` bytes, and validates it if it is text. Skips the bytes
    /// that were processed before.
    #[inline]
    fn unmask_and_validate(&mut self, frame: &mut OpenFrame, available: usize) -> Result<(), Violation> {
        let range = self.input.next_range(frame.processed, available - frame.processed);
        let fresh = self.input.slice_mut(range);
        // The key repeats every four bytes, and the last call may have stopped in the middle of it.
        // Rotate the key, so that it continues where the last call stopped.
        let key = frame.key.map(|key| key.at(frame.processed));
        self.activity |= !fresh.is_empty();
        if !matches!(frame.class, FrameClass::Control(_)) {
            self.arrived = self.arrived.saturating_add(fresh.len());
        }
        frame.processed = available;
        let is_text = matches!(
            frame.class,
            FrameClass::Unfragmented(MessageKind::Text) | FrameClass::Fragment { kind: MessageKind::Text, .. }
        );
        // Only the payload of a text message is validated here, so any other payload only needs to
        // be unmasked. The reason in a Close must be UTF-8 too, but it is validated when the Close
        // is parsed.
        if !is_text {
            if let Some(key) = key {
                apply_mask(fresh, key);
            }
            return Ok(());
        }
        // Unmask and validate one piece at a time, so that the piece is still in the cache when it
        // is validated. Validation fails at the first byte that cannot be part of valid UTF-8,
        // without waiting for the rest of the message.
        //= docs/src/rfc6455.md#section-8-1
        //# An endpoint that must interpret bytes as UTF-8, and finds that they are not valid UTF-8,
        //# MUST fail the connection.
        for piece in fresh.chunks_mut(CACHED_PIECE) {
            if let Some(key) = key {
                // The length of every piece before the last is a multiple of four, so all pieces
                // begin with the same byte of the key.
                //= docs/src/rfc6455.md#section-6-2
                //# A server MUST unmask the data frames that it receives from a client.
                apply_mask(piece, key);
            }
            self.utf8.push(piece).map_err(|_| Violation::TextNotUtf8)?;
        }
        Ok(())
    }

    /// Inflates the part of a compressed payload that has arrived, or as much of it as the limit
    /// allows.
    fn inflate(
        &mut self,
        frame: &mut OpenFrame,
        available: usize,
        kind: MessageKind,
        last: bool,
    ) -> Result<(), Violation> {
        self.is_inflate_limited = false;
        if self.inflate_limit == usize::MAX {
            return self.inflate_piece(frame, available, kind, last);
        }
        let mut rest = available;
        loop {
            // Limit the number of compressed bytes so that their output cannot exceed the inflate
            // limit, whatever they contain. However, inflate at least one byte, even if its output
            // slightly exceeds the limit, so that the loop makes progress.
            let room = self.inflate_limit.saturating_sub(self.held_len());
            if rest > 0 && room == 0 {
                self.is_inflate_limited = true;
                return Ok(());
            }
            let piece = rest.min((room / MAX_INFLATED_FROM_BYTE).max(1));
            self.inflate_piece(frame, piece, kind, last)?;
            rest -= piece;
            if rest == 0 {
                return Ok(());
            }
        }
    }

    /// Unmasks and inflates the next `available` bytes of a compressed payload, and validates the
    /// result if it is text. The compressed bytes are consumed, so the rest of the payload is
    /// treated as a shorter frame.
    fn inflate_piece(
        &mut self,
        frame: &mut OpenFrame,
        available: usize,
        kind: MessageKind,
        last: bool,
    ) -> Result<(), Violation> {
        let range = self.input.consume(available);
        let fresh = self.input.slice_mut(range);
        // These bytes are consumed, so the next call receives only the rest of the payload. Rotate
        // the key, so that it matches the first byte of the rest.
        if let Some(key) = &mut frame.key {
            apply_mask(fresh, *key);
            *key = key.at(available);
        }
        self.activity |= available > 0;
        self.arrived = self.arrived.saturating_add(available);
        frame.length -= available;
        // The decompressor is always present here, because without it the rules reject every
        // compressed frame.
        let Some(inflating) = &mut self.inflating else { return Ok(()) };
        let (inflated, result) = inflating.add(fresh, last && frame.length == 0, self.config.limits.max_message_bytes);
        // Validate the inflated bytes first, and only then return an error that occurred after
        // them. Otherwise, the reported violation would depend on how the payload was split into
        // reads.
        if kind == MessageKind::Text {
            self.utf8.push(inflated).map_err(|_| Violation::TextNotUtf8)?;
        }
        result
    }

    /// Checks that a text message does not end in the middle of a character. The message is over,
    /// so no later byte can complete that character.
    #[inline]
    fn check_complete(&self, kind: MessageKind) -> Result<(), Violation> {
        //= docs/src/rfc6455.md#section-5-6
        //# A text message as a whole MUST be valid UTF-8.
        if kind == MessageKind::Text && !self.utf8.is_complete() { Err(Violation::TextNotUtf8) } else { Ok(()) }
    }

    /// Appends a complete fragment to its message. Returns the message if this fragment is the last
    /// one.
    fn add_fragment(&mut self, kind: MessageKind, last: bool, range: Range<usize>) -> Result<Option<Bytes>, Violation> {
        // The first fragment opens the message. The rules have already checked the order of the
        // fragments, so every later fragment finds its message open.
        //= docs/src/rfc6455.md#section-5-4
        //# Unless an extension says otherwise, an endpoint MUST NOT depend on the frame boundaries
        //# within a message.
        //= docs/src/rfc6455.md#section-5-4
        //# The fragments of a message MUST reach the recipient in the order in which they were
        //# sent.
        let message = self.message.get_or_insert_with(|| OpenMessage::plain(kind));
        message.push(self.input.slice(range));
        if !last {
            return Ok(None);
        }
        self.check_complete(kind)?;
        //= docs/src/rfc6455.md#section-6-2
        //# The data frame after the last frame of a message MUST be treated as the start of a new
        //# message.
        Ok(self.message.take().map(|message| message.into_payload()))
    }

    /// Counts a complete frame of a compressed message. Returns the message if this frame is the
    /// last one.
    fn end_compressed_frame(&mut self, kind: MessageKind, last: bool) -> Result<Option<Bytes>, Violation> {
        self.message.get_or_insert_with(|| OpenMessage::compressed(kind)).count_fragment();
        if !last {
            return Ok(None);
        }
        self.check_complete(kind)?;
        // The message ends here. Its payload is in the inflater's buffer, so return the contents of
        // that buffer.
        self.message = None;
        Ok(self.inflating.as_mut().map(|inflating| inflating.take()))
    }

    /// Returns `true` if the input holds a complete frame, or a header already known to be invalid.
    pub(super) fn has_complete_frame(&self) -> bool {
        let bytes = self.input.unconsumed();
        if bytes.is_empty() {
            return false;
        }
        // Try the common case first, because it needs the fewest checks.
        if self.peek_unfragmented().is_some() {
            return true;
        }
        // The header of the current frame has been consumed, so only its payload must be complete.
        // The part of the payload that has been processed is still in the input, so compare the
        // input's length with that of the whole payload.
        if let Some(frame) = &self.frame {
            return bytes.len() >= frame.length;
        }
        let &[first, second, ..] = bytes else { return false };
        // An invalid frame counts as complete, because rejecting it needs no more bytes.
        if rules::check_first_bytes(first, second, ControlFlow::Break).is_break() {
            return true;
        }
        RawHeader::read(bytes).is_some_and(|header| {
            rules::check(&header, &self.context(), ControlFlow::Break).is_break()
                || (bytes.len() - header.header_len()) as u64 >= header.payload_length
        })
    }

    /// Returns `true` if the input continues with a data frame. Returns `false` if nothing has
    /// arrived, or if the next frame is a control frame or has a reserved opcode.
    pub(super) fn is_message_next(&self) -> bool {
        match &self.frame {
            Some(frame) => !matches!(frame.class, FrameClass::Control(_)),
            None => {
                let opcode = self.input.unconsumed().first().and_then(|&first| Opcode::from_bits(first));
                opcode.is_some_and(|opcode| !opcode.is_control())
            }
        }
    }

    /// Returns the number of payload bytes of the current frame that have not yet arrived or not
    /// yet been processed, or 0 between frames.
    pub(super) fn payload_remaining(&self) -> usize {
        self.frame.as_ref().map_or(0, |frame| frame.length - frame.processed)
    }

    /// Returns the number of received bytes that have not been consumed.
    pub(super) fn unconsumed_len(&self) -> usize {
        self.input.unconsumed_len()
    }

    /// Returns the number of bytes that are held: the unconsumed bytes, and those of the message
    /// whose last fragment has not arrived.
    pub(super) fn held_len(&self) -> usize {
        let message = self.message.as_ref().map_or(0, |message| message.payload_len());
        let inflated = self.inflating.as_ref().map_or(0, |inflating| inflating.message_len());
        self.input.unconsumed_len() + message + inflated
    }

    /// Returns the size, in bytes, of the memory for the message whose last fragment has not
    /// arrived.
    pub(super) fn message_capacity(&self) -> usize {
        let message = self.message.as_ref().map_or(0, |message| message.capacity());
        let inflated = self.inflating.as_ref().map_or(0, |inflating| inflating.capacity());
        message + inflated
    }

    pub(super) const fn set_inflate_limit(&mut self, limit: usize) {
        self.inflate_limit = limit;
    }

    pub(super) const fn is_inflate_limited(&self) -> bool {
        self.is_inflate_limited
    }

    /// Returns `true` if, since the last call to [`reset_activity`](Self::reset_activity), a byte
    /// has been processed or [`record_activity`](Self::record_activity) has been called.
    pub(super) const fn had_activity(&self) -> bool {
        self.activity
    }

    /// Makes the keep-alive treat the peer as alive, even though no byte has been processed.
    pub(super) const fn record_activity(&mut self) {
        self.activity = true;
    }

    pub(super) const fn reset_activity(&mut self) {
        self.activity = false;
    }

    /// Returns the number of frames that the slow path has decoded since the last call.
    pub(super) const fn take_frame_count(&mut self) -> usize {
        std::mem::replace(&mut self.frames, 0)
    }

    /// Records that a message is complete.
    const fn end_message(&mut self) {
        self.message_ended = true;
        self.arrived = 0;
    }

    /// Returns `true` if a message, or a control frame outside a message, has ended since the last
    /// call to [`take_message_ended`](Self::take_message_ended).
    pub(super) const fn has_message_ended(&self) -> bool {
        self.message_ended
    }

    /// Returns the same value as [`has_message_ended`](Self::has_message_ended), and resets the
    /// flag.
    pub(super) const fn take_message_ended(&mut self) -> bool {
        std::mem::replace(&mut self.message_ended, false)
    }

    /// Returns `true` if a message, a control frame or a frame header has begun to arrive but is
    /// incomplete. Call this method only after the input has been processed.
    pub(super) fn is_message_incomplete(&self) -> bool {
        self.message.is_some() || self.frame.is_some() || self.input.unconsumed_len() > 0
    }

    /// Returns how many payload bytes of the incomplete message have arrived, counted before
    /// decompression.
    pub(super) const fn arrived(&self) -> usize {
        self.arrived
    }

    pub(super) const fn input(&self) -> &InputBuffer {
        &self.input
    }

    pub(super) const fn input_mut(&mut self) -> &mut InputBuffer {
        &mut self.input
    }

    /// Discards all input, including any incomplete frame or message. Call this method when input
    /// is ignored: after the peer's Close or a violation (sections 1.4 and 7.1.7), or after this
    /// endpoint has abandoned the connection.
    pub(super) fn discard(&mut self) {
        self.input.clear();
        self.frame = None;
        self.message = None;
        self.inflating = None;
        self.is_inflate_limited = false;
    }
}

/// Converts the outcome of a check into a `Result`.
#[inline]
fn to_result(checked: ControlFlow<Violation>) -> Result<(), Violation> {
    match checked {
        ControlFlow::Break(violation) => Err(violation),
        ControlFlow::Continue(()) => Ok(()),
    }
}
