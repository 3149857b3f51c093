//! One direction: collects bytes until a unit is complete, and knows which kind comes next.
//!
//! ```text
//!   to the server    Request ─▶ Body? ─▶ Waiting ──101──▶ Frame ─▶ Frame ─▶ ...
//!                       ▲                   │
//!                       └───any other status┘
//!
//!   to the client    Response ──101──▶ Frame ─▶ Frame ─▶ ...
//!                       ▲  │
//!                       └──┴── Body? ◀── any other status
//!
//!   both             a head that cannot be read ─▶ Unknown, to the end
//! ```

use std::time::SystemTime;

use crate::{
    conversation::{Answer, Shared},
    excerpt::Excerpt,
    field::{Field, Value},
    frame::FrameUnit,
    glossary,
    head::{BodyLength, Collected, HeadUnit, Offer, dissect_request, dissect_response},
    inflating::Inflating,
    message::OpenMessage,
    record::{Direction, Fault, Finding, Record, RecordKind},
};

#[derive(Debug)]
pub(crate) struct Stream {
    direction: Direction,
    /// How many bytes came before the present unit.
    offset: u64,
    /// When the present unit's first byte came.
    begun: Option<SystemTime>,
    unit: Unit,
    /// What lies between the frames of one direction.
    frames: Frames,
}

/// What frames of one direction have to know of those before them.
#[derive(Debug)]
pub(crate) struct Frames {
    /// The message whose last frame is still to come.
    pub(crate) message: Option<OpenMessage>,
    /// What inflates compressed messages, once there was one.
    pub(crate) inflating: Option<Inflating>,
    /// A Close frame went through.
    pub(crate) closed: bool,
    /// The next frame was sent before the handshake was answered.
    pub(crate) early: bool,
}

/// What is being collected.
#[derive(Debug)]
enum Unit {
    Head(HeadUnit),
    /// `left` is how much is to come; `None` when only the end of the stream ends it.
    Body {
        left: Option<u64>,
        seen: Excerpt,
    },
    /// Bytes of a client that cannot be told yet from frames or from another request.
    Waiting(Vec<u8>),
    Frame(FrameUnit),
    Unknown(Excerpt),
}

/// A unit, taken apart.
#[derive(Debug)]
pub(crate) struct Dissection {
    pub(crate) kind: RecordKind,
    pub(crate) bytes: Vec<u8>,
    pub(crate) length: u64,
    pub(crate) summary: String,
    pub(crate) fields: Vec<Field>,
    pub(crate) findings: Vec<Finding>,
}

impl Stream {
    /// A stream that begins with an HTTP head.
    pub(crate) const fn of_heads(direction: Direction) -> Self {
        Self {
            direction,
            offset: 0,
            begun: None,
            unit: Unit::Head(HeadUnit::new()),
            frames: Frames { message: None, inflating: None, closed: false, early: false },
        }
    }

    /// From here on there are frames.
    pub(crate) fn switch_to_frames(&mut self) {
        self.unit = Unit::Frame(FrameUnit::new());
    }

    pub(crate) fn push(
        &mut self,
        mut bytes: &[u8],
        time: Option<SystemTime>,
        shared: &mut Shared,
        sink: &mut dyn FnMut(Record),
    ) {
        while !bytes.is_empty() {
            bytes = self.step(bytes, time, shared, sink);
        }
    }

    /// Takes as many of `bytes` as belong to the present unit, and gives back the rest. Completes at most one unit.
    pub(crate) fn step<'a>(
        &mut self,
        bytes: &'a [u8],
        time: Option<SystemTime>,
        shared: &mut Shared,
        sink: &mut dyn FnMut(Record),
    ) -> &'a [u8] {
        if self.is_between_units() {
            self.begun = time;
        }
        match &mut self.unit {
            Unit::Head(head) => {
                let (taken, collected) = head.push(bytes, shared.options.limits.max_head_bytes);
                if !matches!(collected, Collected::Part) {
                    self.finish_head(time, shared, sink);
                }
                &bytes[taken..]
            }
            Unit::Body { left, seen } => {
                let all = bytes.len() as u64;
                let taken = usize::try_from(left.unwrap_or(all).min(all)).unwrap_or(bytes.len());
                seen.push(&bytes[..taken]);
                if let Some(left) = left {
                    *left -= taken as u64;
                    if *left == 0 {
                        self.finish(true, time, shared, sink);
                        self.after_http(shared);
                    }
                }
                &bytes[taken..]
            }
            Unit::Waiting(waiting) => {
                waiting.extend_from_slice(bytes);
                // A client that says so much without an answer has made up its mind. So do we.
                if waiting.len() > shared.options.limits.max_head_bytes {
                    let answer = shared.likely_answer();
                    self.release(answer, shared, sink);
                }
                &[]
            }
            Unit::Frame(frame) => {
                let taken = frame.push(bytes, self.direction, shared, &mut self.frames);
                if frame.is_complete() {
                    frame.close_up(&mut self.frames);
                    self.finish(true, time, shared, sink);
                    // What the frame completed is over, now that the record has been made of it.
                    if let Unit::Frame(frame) = &self.unit {
                        frame.leave(&mut self.frames);
                    }
                    self.switch_to_frames();
                }
                &bytes[taken..]
            }
            Unit::Unknown(seen) => {
                seen.push(bytes);
                &[]
            }
        }
    }

    /// Goes on with what had to wait, if the answer is there.
    pub(crate) fn resume(&mut self, shared: &mut Shared, sink: &mut dyn FnMut(Record)) {
        if matches!(self.unit, Unit::Waiting(_))
            && let Some(answer) = shared.answer.take()
        {
            self.release(answer, shared, sink);
        }
    }

    fn release(&mut self, answer: Answer, shared: &mut Shared, sink: &mut dyn FnMut(Record)) {
        let Unit::Waiting(waiting) = &mut self.unit else { return };
        let waiting = std::mem::take(waiting);
        self.unit = match answer {
            Answer::WebSocket => Unit::Frame(FrameUnit::new()),
            Answer::OtherProtocol => Unit::Unknown(Excerpt::new(shared.options.payload_bytes)),
            Answer::Http => Unit::Head(HeadUnit::new()),
        };
        self.frames.early = !waiting.is_empty() && answer == Answer::WebSocket;
        let time = self.begun;
        self.push(&waiting, time, shared, sink);
    }

    fn finish_head(&mut self, time: Option<SystemTime>, shared: &mut Shared, sink: &mut dyn FnMut(Record)) {
        let Unit::Head(head) = &self.unit else { return };
        let limits = &shared.options.limits;
        let next = match self.direction {
            Direction::ToServer => match dissect_request(head, limits).1 {
                None => Next::Lost,
                Some(facts) => {
                    shared.offer = Some(facts.offer);
                    match facts.body {
                        BodyLength::None => Next::Wait,
                        BodyLength::Known(length) => Next::Body(Some(length)),
                        BodyLength::ToTheEnd => Next::Body(None),
                    }
                }
            },
            Direction::ToClient => match dissect_response(head, shared.offer.as_ref(), limits).1 {
                None => Next::Lost,
                Some(facts) if facts.status == 101 => {
                    let wanted = shared.offer.as_ref().is_none_or(Offer::wants_websocket);
                    shared.extensions = facts.extensions;
                    shared.deflate = facts.deflate;
                    shared.answer = Some(if wanted { Answer::WebSocket } else { Answer::OtherProtocol });
                    if wanted { Next::Frames } else { Next::Lost }
                }
                // 100 and 103 announce an answer and are none.
                Some(facts) if facts.status < 200 => Next::Head,
                Some(facts) => {
                    shared.answer = Some(Answer::Http);
                    match facts.body {
                        BodyLength::None => Next::Head,
                        BodyLength::Known(length) => Next::Body(Some(length)),
                        BodyLength::ToTheEnd => Next::Body(None),
                    }
                }
            },
        };
        self.finish(true, time, shared, sink);
        let excerpt = Excerpt::new(shared.options.payload_bytes);
        self.unit = match next {
            Next::Head => Unit::Head(HeadUnit::new()),
            Next::Body(left) => Unit::Body { left, seen: excerpt },
            Next::Frames => Unit::Frame(FrameUnit::new()),
            Next::Lost => Unit::Unknown(excerpt),
            Next::Wait => {
                self.after_http(shared);
                return;
            }
        };
    }

    /// What follows a complete request or response that opens nothing.
    fn after_http(&mut self, shared: &mut Shared) {
        self.unit = match (self.direction, shared.answer) {
            (Direction::ToClient, _) => Unit::Head(HeadUnit::new()),
            (Direction::ToServer, None) => Unit::Waiting(Vec::new()),
            // The server was faster.
            (Direction::ToServer, Some(answer)) => {
                shared.answer = None;
                match answer {
                    Answer::WebSocket => Unit::Frame(FrameUnit::new()),
                    Answer::OtherProtocol => Unit::Unknown(Excerpt::new(shared.options.payload_bytes)),
                    Answer::Http => Unit::Head(HeadUnit::new()),
                }
            }
        };
    }

    /// Gives the present unit to `sink`. The next one begins behind it.
    fn finish(&mut self, complete: bool, time: Option<SystemTime>, shared: &mut Shared, sink: &mut dyn FnMut(Record)) {
        if let (Unit::Frame(frame), Some(passed)) = (&self.unit, &mut shared.passed)
            && (!frame.is_close() || self.frames.closed)
        {
            passed.units += 1;
            passed.bytes += frame.length();
            self.offset += frame.length();
            shared.next_number += 1;
            return;
        }
        let Some(mut record) = self.partial(shared) else { return };
        record.complete = complete;
        record.ended = time;
        self.offset += record.length;
        shared.next_number += 1;
        sink(record);
    }

    pub(crate) fn end(&mut self, time: Option<SystemTime>, shared: &mut Shared, sink: &mut dyn FnMut(Record)) {
        if matches!(self.unit, Unit::Waiting(_)) {
            let answer = shared.likely_answer();
            self.release(answer, shared, sink);
        }
        // Only these two end with the stream; everything else was cut short by it.
        let complete = matches!(self.unit, Unit::Body { left: None, .. } | Unit::Unknown(_));
        self.finish(complete, time, shared, sink);
        self.unit = Unit::Unknown(Excerpt::new(shared.options.payload_bytes));
    }

    pub(crate) fn partial(&self, shared: &Shared) -> Option<Record> {
        if self.is_between_units() {
            return None;
        }
        let limits = &shared.options.limits;
        let dissection = match &self.unit {
            Unit::Head(head) => match self.direction {
                Direction::ToServer => dissect_request(head, limits).0,
                Direction::ToClient => dissect_response(head, shared.offer.as_ref(), limits).0,
            },
            Unit::Body { seen, .. } => plain(RecordKind::Body, seen),
            Unit::Waiting(waiting) => {
                let mut seen = Excerpt::new(shared.options.payload_bytes);
                seen.push(waiting);
                plain(RecordKind::Unknown, &seen)
            }
            Unit::Frame(frame) => frame.dissect(shared, &self.frames),
            Unit::Unknown(seen) => plain(RecordKind::Unknown, seen),
        };
        Some(Record {
            number: shared.next_number,
            direction: self.direction,
            kind: dissection.kind,
            offset: self.offset,
            length: dissection.length,
            bytes: dissection.bytes,
            complete: false,
            begun: self.begun,
            ended: None,
            summary: dissection.summary,
            fields: dissection.fields,
            findings: dissection.findings,
        })
    }

    const fn is_between_units(&self) -> bool {
        match &self.unit {
            Unit::Head(head) => head.is_empty(),
            Unit::Waiting(waiting) => waiting.is_empty(),
            Unit::Frame(frame) => frame.is_empty(),
            Unit::Body { seen, .. } | Unit::Unknown(seen) => seen.total() == 0,
        }
    }
}

/// What comes behind a head.
enum Next {
    Head,
    Wait,
    Body(Option<u64>),
    Frames,
    Lost,
}

impl Shared {
    /// What the answer will be if the request gets what it asks for.
    fn likely_answer(&mut self) -> Answer {
        let wanted = self.offer.as_ref().is_some_and(Offer::wants_websocket);
        self.answer.take().unwrap_or(if wanted { Answer::WebSocket } else { Answer::Http })
    }
}

/// Bytes that are not taken apart any further.
fn plain(kind: RecordKind, seen: &Excerpt) -> Dissection {
    let range = 0..seen.total();
    let (field, what) = if kind == RecordKind::Body {
        (Field::new(&glossary::BODY, range, Value::lossy(seen.bytes(), seen.left_out())), "HTTP body")
    } else {
        (Field::new(&glossary::UNREADABLE, range, Value::bytes(seen.bytes(), seen.left_out())), "Unknown")
    };
    Dissection {
        kind,
        bytes: seen.bytes().to_vec(),
        length: seen.total(),
        summary: format!("{what}, {} bytes", seen.total()),
        fields: vec![field],
        findings: Vec::new(),
    }
}

impl Finding {
    pub(crate) const fn new(range: std::ops::Range<u64>, fault: Fault) -> Self {
        Self { range, fault }
    }
}
