//! A stream: one direction of a connection, divided into units.
//!
//! ```text
//!   to the server    Request ─▶ Body? ─▶ Waiting ──101──▶ Frame ─▶ Frame ─▶ ...
//!                       ▲                   │
//!                       └─any other status──┘
//!
//!   to the client    Response ──101──▶ Frame ─▶ Frame ─▶ ...
//!                       ▲  │
//!                       └──┴── Body? ◀── any other status
//!
//!   both             a head that cannot be parsed ─▶ Unknown, to the end
//! ```

use std::time::SystemTime;

use crate::{
    context::{ConnectionContext, DirectionContext, NextProtocol},
    excerpt::Excerpt,
    frame::{FrameUnit, dissect_frame},
    head::{AfterHead, HeadUnit, after_request, after_response, dissect_request, dissect_response},
    record::{Direction, Record},
    unit::Dissection,
};

/// One direction of a connection.
#[derive(Debug)]
pub(crate) struct Stream {
    direction: Direction,
    /// The number of bytes before the current unit.
    offset: u64,
    /// The time of the current unit's first byte.
    started_at: Option<SystemTime>,
    unit: CurrentUnit,
    frames: DirectionContext,
}

/// The unit that is being collected.
#[derive(Debug)]
enum CurrentUnit {
    Head(HeadUnit),
    /// A body. `remaining` is the number of bytes that have not arrived yet; it is `None` if the
    /// body lasts until the stream ends.
    Body {
        remaining: Option<u64>,
        excerpt: Excerpt,
    },
    /// Bytes that a client sent before the response to its request. The response determines whether
    /// they are frames or another request.
    Waiting(Vec<u8>),
    Frame(FrameUnit),
    Unknown(Excerpt),
}

impl Stream {
    /// Creates a stream that begins with an HTTP head.
    pub(crate) const fn new(direction: Direction) -> Self {
        Self {
            direction,
            offset: 0,
            started_at: None,
            unit: CurrentUnit::Head(HeadUnit::new()),
            frames: DirectionContext::new(),
        }
    }

    /// Starts a new frame as the current unit.
    pub(crate) fn switch_to_frames(&mut self) {
        self.unit = CurrentUnit::Frame(FrameUnit::new());
    }

    /// Processes all of `bytes`, and passes the record of each completed unit to `sink`.
    pub(crate) fn push(
        &mut self,
        mut bytes: &[u8],
        time: Option<SystemTime>,
        context: &mut ConnectionContext,
        sink: &mut dyn FnMut(Record),
    ) {
        while !bytes.is_empty() {
            bytes = self.push_unit(bytes, time, context, sink);
        }
    }

    /// Takes the bytes that belong to the current unit, and returns the rest. Completes at most one
    /// unit.
    pub(crate) fn push_unit<'a>(
        &mut self,
        bytes: &'a [u8],
        time: Option<SystemTime>,
        context: &mut ConnectionContext,
        sink: &mut dyn FnMut(Record),
    ) -> &'a [u8] {
        if self.is_between_units() {
            self.started_at = time;
        }
        match &mut self.unit {
            CurrentUnit::Head(head) => {
                let (taken, is_finished) = head.push(bytes, context.options.limits.max_head_bytes);
                if is_finished {
                    self.finish_head(time, context, sink);
                }
                &bytes[taken..]
            }
            CurrentUnit::Body { remaining, excerpt } => {
                let available = bytes.len() as u64;
                let taken = usize::try_from(remaining.unwrap_or(available).min(available)).unwrap_or(bytes.len());
                excerpt.push(&bytes[..taken]);
                if let Some(remaining) = remaining {
                    *remaining -= taken as u64;
                    if *remaining == 0 {
                        self.emit(true, time, context, sink);
                        self.begin_after_http(context);
                    }
                }
                &bytes[taken..]
            }
            CurrentUnit::Waiting(waiting) => {
                waiting.extend_from_slice(bytes);
                // Beyond this limit, stop waiting for the response, so that memory use stays
                // bounded. A client that sends this much before the response expects its request to
                // succeed, so dissect the bytes on that assumption.
                if waiting.len() > context.options.limits.max_head_bytes {
                    let protocol = context.take_likely_protocol();
                    self.release(protocol, context, sink);
                }
                &[]
            }
            CurrentUnit::Frame(frame) => {
                let taken = frame.push(bytes, self.direction, context, &mut self.frames);
                if frame.is_complete() {
                    frame.check_end(&mut self.frames);
                    self.emit(true, time, context, sink);
                    // If the frame completes a message, `update_context` discards that message. The
                    // record of the frame shows the message, so emit the record first.
                    if let CurrentUnit::Frame(frame) = &self.unit {
                        frame.update_context(&mut self.frames);
                    }
                    self.switch_to_frames();
                }
                &bytes[taken..]
            }
            CurrentUnit::Unknown(excerpt) => {
                excerpt.push(bytes);
                &[]
            }
        }
    }

    /// If the response has arrived, dissects the bytes that the client sent between its request and
    /// the response.
    pub(crate) fn resume(&mut self, context: &mut ConnectionContext, sink: &mut dyn FnMut(Record)) {
        if matches!(self.unit, CurrentUnit::Waiting(_))
            && let Some(protocol) = context.next_protocol.take()
        {
            self.release(protocol, context, sink);
        }
    }

    /// Dissects, as units of this protocol, the bytes that have been kept since the client's
    /// request.
    fn release(&mut self, protocol: NextProtocol, context: &mut ConnectionContext, sink: &mut dyn FnMut(Record)) {
        let CurrentUnit::Waiting(waiting) = &mut self.unit else { return };
        let waiting = std::mem::take(waiting);
        self.unit = CurrentUnit::of_protocol(protocol, context);
        self.frames.before_response = !waiting.is_empty() && protocol == NextProtocol::WebSocket;
        let time = self.started_at;
        self.push(&waiting, time, context, sink);
    }

    /// Emits the record of a finished head, and begins the unit that follows it.
    fn finish_head(&mut self, time: Option<SystemTime>, context: &mut ConnectionContext, sink: &mut dyn FnMut(Record)) {
        let CurrentUnit::Head(head) = &self.unit else { return };
        let next = match self.direction {
            Direction::ToServer => after_request(head, context),
            Direction::ToClient => after_response(head, context),
        };
        self.emit(true, time, context, sink);
        let excerpt = Excerpt::new(context.options.payload_bytes);
        self.unit = match next {
            AfterHead::Head => CurrentUnit::Head(HeadUnit::new()),
            AfterHead::Body(remaining) => CurrentUnit::Body { remaining, excerpt },
            AfterHead::Frames => CurrentUnit::Frame(FrameUnit::new()),
            AfterHead::Unknown => CurrentUnit::Unknown(excerpt),
            AfterHead::Undecided => {
                self.begin_after_http(context);
                return;
            }
        };
    }

    /// Begins the unit that follows a complete HTTP message without an upgrade.
    fn begin_after_http(&mut self, context: &mut ConnectionContext) {
        self.unit = match self.direction {
            Direction::ToClient => CurrentUnit::Head(HeadUnit::new()),
            Direction::ToServer => match context.next_protocol.take() {
                None => CurrentUnit::Waiting(Vec::new()),
                // The response arrived before the request was complete, so the protocol is already
                // known.
                Some(protocol) => CurrentUnit::of_protocol(protocol, context),
            },
        };
    }

    /// Passes the record of the current unit to `sink`. During a call to
    /// [`Conversation::pass`](crate::Conversation::pass), every frame except the first Close is
    /// counted instead.
    fn emit(
        &mut self,
        complete: bool,
        time: Option<SystemTime>,
        context: &mut ConnectionContext,
        sink: &mut dyn FnMut(Record),
    ) {
        if let (CurrentUnit::Frame(frame), Some(passed)) = (&self.unit, &mut context.passed)
            && (!frame.is_close() || self.frames.closed)
        {
            passed.units += 1;
            passed.bytes += frame.length();
            self.offset += frame.length();
            context.next_number += 1;
            return;
        }
        let Some(mut record) = self.partial(context) else { return };
        record.complete = complete;
        record.ended_at = time;
        self.offset += record.length;
        context.next_number += 1;
        sink(record);
    }

    /// Ends the stream. Passes the record of an incomplete unit to `sink`.
    pub(crate) fn end(
        &mut self,
        time: Option<SystemTime>,
        context: &mut ConnectionContext,
        sink: &mut dyn FnMut(Record),
    ) {
        if matches!(self.unit, CurrentUnit::Waiting(_)) {
            let protocol = context.take_likely_protocol();
            self.release(protocol, context, sink);
        }
        // Unknown bytes last until the stream ends, as does a body of unknown length, so these two
        // units are now complete. The end of the stream cuts off any other unit.
        let complete = matches!(self.unit, CurrentUnit::Body { remaining: None, .. } | CurrentUnit::Unknown(_));
        self.emit(complete, time, context, sink);
        self.unit = CurrentUnit::Unknown(Excerpt::new(context.options.payload_bytes));
    }

    /// Returns the record of the current unit, with the bytes that have arrived so far; `None`
    /// between two units.
    pub(crate) fn partial(&self, context: &ConnectionContext) -> Option<Record> {
        if self.is_between_units() {
            return None;
        }
        let options = &context.options;
        let dissection = match &self.unit {
            CurrentUnit::Head(head) => match self.direction {
                Direction::ToServer => dissect_request(head, options).0,
                Direction::ToClient => dissect_response(head, context.request.as_ref(), options).0,
            },
            CurrentUnit::Body { excerpt, .. } => Dissection::of_body(excerpt),
            CurrentUnit::Waiting(waiting) => {
                let mut excerpt = Excerpt::new(context.options.payload_bytes);
                excerpt.push(waiting);
                Dissection::of_unknown(&excerpt)
            }
            CurrentUnit::Frame(frame) => dissect_frame(frame, context, &self.frames),
            CurrentUnit::Unknown(excerpt) => Dissection::of_unknown(excerpt),
        };
        Some(Record {
            number: context.next_number,
            direction: self.direction,
            kind: dissection.kind,
            offset: self.offset,
            length: dissection.length,
            bytes: dissection.bytes,
            complete: false,
            started_at: self.started_at,
            ended_at: None,
            summary: dissection.summary,
            fields: dissection.fields,
            findings: dissection.findings,
        })
    }

    const fn is_between_units(&self) -> bool {
        match &self.unit {
            CurrentUnit::Head(head) => head.is_empty(),
            CurrentUnit::Waiting(waiting) => waiting.is_empty(),
            CurrentUnit::Frame(frame) => frame.is_empty(),
            CurrentUnit::Body { excerpt, .. } | CurrentUnit::Unknown(excerpt) => excerpt.total() == 0,
        }
    }
}

impl CurrentUnit {
    /// Creates the unit that begins when the client's stream continues with this protocol.
    fn of_protocol(protocol: NextProtocol, context: &ConnectionContext) -> Self {
        match protocol {
            NextProtocol::WebSocket => Self::Frame(FrameUnit::new()),
            NextProtocol::Other => Self::Unknown(Excerpt::new(context.options.payload_bytes)),
            NextProtocol::Http => Self::Head(HeadUnit::new()),
        }
    }
}
