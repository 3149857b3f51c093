//! From a frame to its fields.

use std::{borrow::Cow, ops::Range};

use protocol::{
    CloseCode,
    frame::{LengthForm, Opcode, ReservedBits, apply_mask},
    message::MessageKind,
};

use super::{
    FrameUnit, Part,
    layout::{FIN, LENGTH, Layout, MASK, OPCODE, RESERVED},
    rules,
};
use crate::{
    conversation::Shared,
    excerpt::Excerpt,
    field::{Field, Value},
    glossary::{self, Term},
    inflating::Stop,
    message::{Coding, OpenMessage},
    printable::printable,
    record::RecordKind,
    stream::{Dissection, Frames},
};

/// How many characters of a payload a summary shows: as many as fit beside the rest on a line of 80.
const SUMMARY_CHARACTERS: usize = 48;

pub(super) fn dissect(frame: &FrameUnit, shared: &Shared, frames: &Frames) -> Dissection {
    let mut fields = first_byte(frame.header.first().copied(), shared);
    fields.extend(second_byte(frame.header.get(1).copied()));
    fields.extend(rest_of_header(&frame.header));
    let mut bytes = frame.header.clone();
    let mut summary = format!("Frame, {} bytes of its header", bytes.len());
    let mut findings = rules::of_part(&frame.header);
    if let Some(layout) = &frame.layout {
        bytes.extend(as_on_the_wire(layout, frame.payload.bytes()));
        let message = frames.message.as_ref().filter(|_| frame.part != Part::None);
        fields.extend(payload(frame, layout, message));
        summary = summarise(frame, layout, message);
        findings.clone_from(&frame.findings);
        // Of a payload that is not all there, what is there is to blame.
        for finding in &mut findings {
            finding.range.end = finding.range.end.min(frame.length());
        }
    }
    Dissection { kind: RecordKind::Frame, bytes, length: frame.length(), summary, fields, findings }
}

fn as_on_the_wire(layout: &Layout, payload: &[u8]) -> Vec<u8> {
    let mut wire = payload.to_vec();
    if let Some(key) = layout.key {
        apply_mask(&mut wire, key);
    }
    wire
}

fn first_byte(byte: Option<u8>, shared: &Shared) -> Vec<Field> {
    let Some(byte) = byte else { return Vec::new() };
    let opcode = Opcode::from_bits(byte).ok();
    let is_control = byte & 0x08 != 0;
    let fin = byte & FIN != 0;
    let fin_means = match (fin, opcode) {
        (true, Some(Opcode::Text | Opcode::Binary)) => "the whole message is in this frame",
        (true, Some(Opcode::Continuation)) => "the last frame of its message",
        (true, _) => "as in every control frame",
        (false, _) if is_control => "a control frame must not be fragmented",
        (false, _) => "more frames of this message follow",
    };
    vec![
        Field::new(&glossary::FIN, 0..1, Value::Flag(fin)).bits(FIN).means(fin_means),
        reserved(byte, shared),
        Field::new(
            &glossary::OPCODE,
            0..1,
            Value::Number { value: u64::from(byte & OPCODE), name: Some(name(opcode)) },
        )
        .bits(OPCODE)
        .means(match opcode {
            Some(Opcode::Continuation) => "goes on with the message that is open",
            Some(Opcode::Text) => "begins a message that is UTF-8 text",
            Some(Opcode::Binary) => "begins a message of bytes",
            Some(Opcode::Close) => "says that the connection is to be closed, or agrees",
            Some(Opcode::Ping) => "asks for a Pong",
            Some(Opcode::Pong) => "answers a Ping, or is a sign of life",
            None if is_control => "reserved for control frames that nobody has defined",
            None => "reserved for data frames that nobody has defined",
        }),
    ]
}

/// An opcode's name, as in Wireshark.
fn name(opcode: Option<Opcode>) -> Cow<'static, str> {
    Cow::Borrowed(match opcode {
        Some(Opcode::Continuation) => "Continuation",
        Some(Opcode::Text) => "Text",
        Some(Opcode::Binary) => "Binary",
        Some(Opcode::Close) => "Connection Close",
        Some(Opcode::Ping) => "Ping",
        Some(Opcode::Pong) => "Pong",
        None => "Unknown",
    })
}

/// The three bits as one field; bit by bit too if there is something to see.
fn reserved(byte: u8, shared: &Shared) -> Field {
    let bits = ReservedBits::from_first_byte(byte).bits();
    let flag = |term, bit: ReservedBits| Field::new(term, 0..1, Value::Flag(bits & bit.bits() != 0)).bits(bit.bits());
    let mut inner = Vec::new();
    let begins_message = matches!(Opcode::from_bits(byte), Ok(Opcode::Text | Opcode::Binary));
    if shared.deflate.is_some() {
        let compressed = bits & ReservedBits::RSV1.bits() != 0;
        inner.push(flag(&glossary::PMC, ReservedBits::RSV1).means(match (compressed, begins_message) {
            (true, true) => "RSV1: this message is compressed",
            (true, false) => "RSV1: allowed in the first frame of a message only",
            (false, true) => "RSV1: this message is not compressed",
            (false, false) => "RSV1: only the first frame of a message says whether it is compressed",
        }));
    } else if bits & ReservedBits::RSV1.bits() != 0 {
        inner.push(
            flag(&glossary::RSV1, ReservedBits::RSV1).means("would mark a compressed message, had that been agreed on"),
        );
    }
    for (term, bit) in [(&glossary::RSV2, ReservedBits::RSV2), (&glossary::RSV3, ReservedBits::RSV3)] {
        if bits & bit.bits() != 0 {
            inner.push(flag(term, bit).means("no extension gives it a meaning"));
        }
    }
    let means = if bits == 0 { "no extension changes this frame" } else { "an extension is at work, or should be" };
    Field::new(&glossary::RSV, 0..1, Value::Bits(bits >> RESERVED.trailing_zeros()))
        .bits(RESERVED)
        .means(means)
        .holding(inner)
}

fn second_byte(byte: Option<u8>) -> Vec<Field> {
    let Some(byte) = byte else { return Vec::new() };
    let masked = byte & MASK != 0;
    let seven = byte & LENGTH;
    // The words with which Wireshark shows that the number is not the length.
    let (name, means) = match LengthForm::announced_by(byte) {
        LengthForm::Seven => (None, if seven == 1 { "one byte" } else { "bytes, as they are: it fits seven bits" }),
        LengthForm::Sixteen => (Some("Extended Payload Length (16 bits)"), "the length is in the next two bytes"),
        LengthForm::SixtyFour => (Some("Extended Payload Length (64 bits)"), "the length is in the next eight bytes"),
    };
    vec![
        Field::new(&glossary::MASK, 1..2, Value::Flag(masked)).bits(MASK).means(if masked {
            "the payload is masked, as clients' are; the key stands in front of it"
        } else {
            "the payload is as it is, as servers' are"
        }),
        Field::new(&glossary::LENGTH, 1..2, Value::Number { value: u64::from(seven), name: name.map(Cow::Borrowed) })
            .bits(LENGTH)
            .means(means),
    ]
}

/// Extended length and masking key, as far as they are there.
fn rest_of_header(header: &[u8]) -> Vec<Field> {
    let mut fields = Vec::new();
    let (Some(&second), Some(rest)) = (header.get(1), header.get(2..)) else { return fields };
    let form = LengthForm::announced_by(second);
    let (extended, key) = rest.split_at(form.extended_bytes().min(rest.len()));
    let begin = 2 + extended.len() as u64;
    if !extended.is_empty() {
        let term = if form == LengthForm::Sixteen { &glossary::LENGTH_16 } else { &glossary::LENGTH_64 };
        let field = |value| Field::new(term, 2..begin, value);
        fields.push(if extended.len() == form.extended_bytes() {
            let length = extended.iter().fold(0, |length, &byte| length << 8 | u64::from(byte));
            field(Value::number(length)).means("bytes; the highest byte comes first")
        } else {
            field(Value::bytes(extended, 0)).means("the rest of it has not come yet")
        });
    }
    if second & MASK != 0 && !key.is_empty() {
        let key = &key[..key.len().min(4)];
        let field = Field::new(&glossary::MASKING_KEY, begin..begin + key.len() as u64, Value::bytes(key, 0));
        fields.push(if key.len() == 4 {
            field.means("byte i of the payload meets byte i mod 4 of this")
        } else {
            field.means("the rest of it has not come yet")
        });
    }
    fields
}

/// The payload: as it is on the wire if it is masked, then as it was meant.
fn payload(frame: &FrameUnit, layout: &Layout, message: Option<&OpenMessage>) -> Vec<Field> {
    let mut fields = Vec::new();
    let range = layout.header_length..layout.header_length + frame.payload.total();
    let is_last = layout.fin() && frame.is_complete();
    if range.is_empty() {
        // A message may end with a frame that adds nothing to it. Wireshark says nothing then.
        if frame.part == Part::Later
            && is_last
            && let Some(message) = message
        {
            fields.push(without_payload(message, range));
        }
        return fields;
    }
    if layout.key.is_some() {
        let wire = as_on_the_wire(layout, frame.payload.bytes());
        let field = Field::new(&glossary::MASKED_PAYLOAD, range.clone(), Value::bytes(&wire, frame.payload.left_out()));
        fields.push(field.means(unmasking(layout, &wire)));
    }
    let inner = match (message, frame.part) {
        (Some(message), Part::First) if is_last => vec![whole(message, range.clone())],
        (Some(message), Part::First) => vec![fragment(frame, message, &range)],
        (Some(message), _) if is_last => vec![fragment(frame, message, &range), whole(message, range.clone())],
        (Some(message), _) => vec![fragment(frame, message, &range)],
        (None, _) => vec![outside_of_messages(layout, &frame.payload, &range)],
    };
    fields.push(Field::new(&glossary::PAYLOAD, range, Value::Group).holding(inner));
    fields
}

/// `7f ^ 37 = 48, "H"`: the first byte as an example.
fn unmasking(layout: &Layout, wire: &[u8]) -> String {
    match (wire.first(), layout.key) {
        (Some(&first), Some(key)) => {
            let plain = first ^ key.0[0];
            let character =
                if plain.is_ascii_graphic() { format!(", \"{}\"", char::from(plain)) } else { String::new() };
            format!("the first byte: {first:02x} ^ {:02x} = {plain:02x}{character}", key.0[0])
        }
        _ => String::new(),
    }
}

/// The message, which this frame completes.
fn whole(message: &OpenMessage, range: Range<u64>) -> Field {
    let means = match message.fragments {
        1 => "the message".to_owned(),
        fragments => format!("the message, put together from {fragments} frames"),
    };
    match &message.coding {
        Coding::Identity => {
            Field::new(message_term(message), range, content(&message.payload, message.kind)).means(means)
        }
        Coding::Deflate { inflated, stop } => {
            let inner = whole_inflated(message, inflated, *stop, &range);
            let payload = Value::bytes(message.payload.bytes(), message.payload.left_out());
            let means = format!("{means}, compressed{}", obstacle(*stop));
            Field::new(&glossary::COMPRESSED, range, payload).means(means).holding(inner.into_iter().collect())
        }
    }
}

/// The message, where the frame that completes it adds nothing to it: it follows from other frames.
fn without_payload(message: &OpenMessage, range: Range<u64>) -> Field {
    match &message.coding {
        Coding::Deflate { inflated, stop: None } => {
            Field::new(&glossary::MESSAGE, range, content(inflated, message.kind))
                .means(format!("the message, put together from {} frames and inflated", message.fragments))
                .derived()
        }
        Coding::Deflate { .. } => whole(message, range).derived(),
        Coding::Identity => {
            Field { term: &glossary::MESSAGE, ..whole(message, range) }.labelled(glossary::MESSAGE.label).derived()
        }
    }
}

/// Wireshark's fields for a whole message. It has none for a compressed one: these show what it inflates to.
const fn message_term(message: &OpenMessage) -> &'static Term {
    match message.kind {
        MessageKind::Text => &glossary::TEXT,
        MessageKind::Binary => &glossary::BINARY,
    }
}

/// What the whole message inflates to, as far as it does. There are no bytes of it in the frame: it follows from those of
/// the compressed payload.
fn whole_inflated(message: &OpenMessage, inflated: &Excerpt, stop: Option<Stop>, range: &Range<u64>) -> Option<Field> {
    let (term, means) = match stop {
        None => (
            message_term(message),
            format!("the message, inflated from {} bytes to {}", message.payload.total(), inflated.total()),
        ),
        Some(_) if inflated.total() == 0 => return None,
        Some(_) => (&glossary::INFLATED, "the beginning of the message, as far as it was inflated".to_owned()),
    };
    Some(Field::new(term, range.clone(), content(inflated, message.kind)).means(means).derived())
}

/// Why a compressed message is not inflated, or not to its end.
fn obstacle(stop: Option<Stop>) -> String {
    match stop {
        None => String::new(),
        Some(Stop::Invalid) => "; this is not DEFLATE, or not all of it".to_owned(),
        Some(Stop::TooBig(limit)) => format!("; it is inflated up to the limit of {limit} bytes and no further"),
        Some(Stop::Lost) => {
            "; it may refer to messages before it, and one of those could not be inflated, so neither is this"
                .to_owned()
        }
    }
}

/// This frame's piece of the message, and what it adds if it is compressed.
fn fragment(frame: &FrameUnit, message: &OpenMessage, range: &Range<u64>) -> Field {
    let means = format!("piece {} of the message", message.fragments);
    let Coding::Deflate { stop, .. } = &message.coding else {
        return Field::new(&glossary::FRAGMENT, range.clone(), content(&frame.payload, message.kind)).means(means);
    };
    let value = Value::bytes(frame.payload.bytes(), frame.payload.left_out());
    let field =
        Field::new(&glossary::FRAGMENT, range.clone(), value).means(format!("{means}, compressed{}", obstacle(*stop)));
    if frame.inflated.total() == 0 {
        return field;
    }
    let added = Field::new(&glossary::INFLATED, range.clone(), content(&frame.inflated, message.kind));
    field.holding(vec![added.means("what this piece adds to the message").derived()])
}

fn content(excerpt: &Excerpt, kind: MessageKind) -> Value {
    match kind {
        MessageKind::Text => Value::lossy(excerpt.bytes(), excerpt.left_out()),
        MessageKind::Binary => Value::bytes(excerpt.bytes(), excerpt.left_out()),
    }
}

/// The payload of a control frame, or of one that makes no sense.
fn outside_of_messages(layout: &Layout, payload: &Excerpt, range: &Range<u64>) -> Field {
    let bytes = |term| Field::new(term, range.clone(), Value::bytes(payload.bytes(), payload.left_out()));
    match layout.opcode() {
        Some(Opcode::Close) => close(payload, range),
        Some(Opcode::Ping) => bytes(&glossary::PING).means("has to come back in the Pong"),
        Some(Opcode::Pong) => bytes(&glossary::PONG).means("what the Ping said, if there was one"),
        _ => bytes(&glossary::UNKNOWN).means("nothing says what this is"),
    }
}

fn close(payload: &Excerpt, range: &Range<u64>) -> Field {
    let field = Field::new(&glossary::CLOSE, range.clone(), Value::Group);
    let &[high, low, ref reason @ ..] = payload.bytes() else {
        return field.means("half a status code");
    };
    let code = CloseCode(u16::from_be_bytes([high, low]));
    let (start, end) = (range.start, range.end);
    let value = Value::Number { value: u64::from(code.0), name: Some(Cow::Borrowed(code.name())) };
    let means = if code.is_sendable() { "a code that may be sent" } else { "a code that must not be sent" };
    let mut inner = vec![Field::new(&glossary::CLOSE_CODE, start..start + 2, value).means(means)];
    if !reason.is_empty() {
        let value = Value::lossy(reason, payload.left_out());
        inner.push(Field::new(&glossary::CLOSE_REASON, start + 2..end, value));
    }
    field.holding(inner)
}

/// The frame in a line: `Text, 5 bytes: Hello`; of a compressed message `Text, 5 bytes from 7: Hello`.
fn summarise(frame: &FrameUnit, layout: &Layout, message: Option<&OpenMessage>) -> String {
    let count = |length: u64| if length == 1 { "1 byte".to_owned() } else { format!("{length} bytes") };
    let length = layout.payload_length;
    let coding = message.map(|message| &message.coding);
    let (bytes, payload) = match coding {
        Some(Coding::Deflate { stop: Some(Stop::Lost), .. }) => {
            (format!("{} not inflated", count(length)), frame.payload.bytes())
        }
        Some(Coding::Deflate { stop, .. }) => {
            let bytes = match stop {
                None => format!("{} from {length}", count(frame.inflated.total())),
                Some(Stop::TooBig(_)) => format!("{} that inflate to too much", count(length)),
                Some(_) => format!("{} that cannot be inflated", count(length)),
            };
            (bytes, frame.inflated.bytes())
        }
        _ => (count(length), frame.payload.bytes()),
    };
    let what = match (layout.opcode(), layout.fin()) {
        (Some(Opcode::Close), _) => {
            return match payload {
                [] => "Close".to_owned(),
                [_] => "Close, half a code".to_owned(),
                &[high, low, ref reason @ ..] => {
                    let code = CloseCode(u16::from_be_bytes([high, low]));
                    let reason = preview(reason);
                    format!("Close {code}{}{reason}", if reason.is_empty() { "" } else { ": " })
                }
            };
        }
        (None, _) => format!("Opcode {:#x}", layout.first & OPCODE),
        (Some(Opcode::Continuation), true) => "Continuation, the last".to_owned(),
        (Some(opcode @ (Opcode::Text | Opcode::Binary)), false) => format!("{opcode:?}, the first part"),
        (Some(opcode), _) => format!("{opcode:?}"),
    };
    let preview = preview(payload);
    format!("{what}, {bytes}{}{preview}", if preview.is_empty() { "" } else { ": " })
}

/// The beginning of a payload in one line: as text if it is text, in hexadecimal if not.
fn preview(payload: &[u8]) -> String {
    let end = payload.len().min(SUMMARY_CHARACTERS * 4);
    let text = match std::str::from_utf8(&payload[..end]) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() && end < payload.len() => {
            std::str::from_utf8(&payload[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => "",
    };
    let is_text = !text.is_empty() && !text.contains(|c: char| c.is_control() && !c.is_ascii_whitespace());
    let (mut line, cut) = if is_text {
        let line: String = text.chars().take(SUMMARY_CHARACTERS).collect();
        (printable(&line).into_owned(), text.chars().nth(SUMMARY_CHARACTERS).is_some() || end < payload.len())
    } else {
        let shown = payload.len().min(SUMMARY_CHARACTERS / 3);
        (hex(&payload[..shown]), shown < payload.len())
    };
    if cut {
        line.push('…');
    }
    line
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}
