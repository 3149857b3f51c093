//! Checks the dissector with bytes from both directions.
//!
//! An input is a conversation in chunks:
//!
//! ```text
//!   seed (4 bytes)   beginning (1 byte)   chunk   chunk   ...
//!
//!   chunk = one byte: the highest bit selects the direction, and the others are the length
//!           as many bytes
//! ```

use std::ops::Range;

use dissector::{BrokenRule, Conversation, Direction, Field, FieldValue, Options, Record};
use protocol::{Limits, MessageKind, frame::Opcode};
use testkit::http_head::{SAMPLE_REQUEST, SAMPLE_RESPONSE};

use crate::{
    engine::{EngineRecord, ReceivedEvent, connection, feed},
    splits::{pieces, seed},
};

/// Checks the records of a conversation:
///
/// * The records do not depend on how the bytes are split into pieces.
/// * Every byte belongs to exactly one record.
/// * The fields of a record are in order, and all of them lie within its bytes.
/// * The records show the events that the engine returns for the same bytes.
///
/// # Panics
/// Panics if one of these checks fails.
pub fn run(input: &[u8]) {
    let Some((seed, rest)) = seed(input) else { return };
    let Some((&form, rest)) = rest.split_first() else { return };
    let beginning = match form & 3 {
        0 | 1 => Beginning::Frames,
        2 => Beginning::Request,
        _ => Beginning::Handshake,
    };
    let chunks = chunks(beginning, rest);
    // Use either the default limits or small ones, which even short inputs can exceed. With the
    // defaults, every payload is shown in full.
    let options = if form & 4 == 0 {
        Options::default()
    } else {
        let limits = Limits::DEFAULT.max_head_bytes(500).max_frame_bytes(200).max_message_bytes(300).max_fragments(3);
        Options { payload_bytes: 130, limits, hide_credentials: form & 8 != 0 }
    };
    let whole = dissect(&options, beginning, &chunks, |bytes| vec![bytes]);
    let split = dissect(&options, beginning, &chunks, |bytes| pieces(seed, bytes));
    assert_eq!(whole, split, "in one piece, and in {seed:#x} pieces");
    let single = dissect(&options, beginning, &chunks, |bytes| bytes.chunks(1).collect());
    assert_eq!(whole, single, "in one piece, and byte by byte");
    for direction in Direction::BOTH {
        let records: Vec<_> = whole.iter().filter(|record| record.direction == direction).collect();
        let wire: Vec<u8> =
            chunks.iter().filter(|chunk| chunk.0 == direction).flat_map(|chunk| chunk.1).copied().collect();
        check_records(&records, &wire, &options);
        if beginning == Beginning::Frames && form & 4 == 0 {
            check_against_engine(direction, &records, &wire);
        }
    }
}

/// The beginning of the conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Beginning {
    /// The handshake was not observed.
    Frames,
    /// A request, taken from the input.
    Request,
    /// A valid handshake, supplied by the target instead of the input.
    Handshake,
}

/// Returns the chunks of an input, with their directions.
fn chunks(beginning: Beginning, mut input: &[u8]) -> Vec<(Direction, &[u8])> {
    let mut chunks = Vec::new();
    if beginning == Beginning::Handshake {
        chunks.push((Direction::ToServer, SAMPLE_REQUEST.as_bytes()));
        chunks.push((Direction::ToClient, SAMPLE_RESPONSE.as_bytes()));
    }
    while let Some((&head, rest)) = input.split_first() {
        let direction = if head & 0x80 == 0 { Direction::ToServer } else { Direction::ToClient };
        let (chunk, rest) = rest.split_at(rest.len().min(usize::from(head & 0x7F)));
        chunks.push((direction, chunk));
        input = rest;
    }
    chunks
}

fn dissect<'a>(
    options: &Options,
    beginning: Beginning,
    chunks: &[(Direction, &'a [u8])],
    split: impl Fn(&'a [u8]) -> Vec<&'a [u8]>,
) -> Vec<Record> {
    let mut conversation = match beginning {
        Beginning::Frames => Conversation::after_handshake(options.clone()),
        Beginning::Request | Beginning::Handshake => Conversation::new(options.clone()),
    };
    let mut records = Vec::new();
    for &(direction, bytes) in chunks {
        for piece in split(bytes) {
            conversation.push(direction, piece, None, &mut |record| records.push(record));
        }
    }
    for direction in Direction::BOTH {
        conversation.end(direction, None, &mut |record| records.push(record));
    }
    records
}

/// Checks the records of one direction, whose bytes are `wire`.
fn check_records(records: &[&Record], wire: &[u8], options: &Options) {
    let mut offset = 0;
    for record in records {
        assert_eq!(record.offset, offset, "a byte is missing or comes twice: {record:?}");
        let at = usize::try_from(offset).expect("an input is short");
        if !options.hide_credentials {
            assert!(wire[at..].starts_with(&record.bytes), "other bytes than on the wire: {record:?}");
        }
        assert!(record.bytes.len() as u64 <= record.length, "{record:?}");
        offset += record.length;
        check_fields(&record.fields, &(0..record.length), record);
        for finding in &record.findings {
            let range = &finding.range;
            assert!(range.start <= range.end && range.end <= record.length, "{finding:?} in {record:?}");
        }
    }
    assert_eq!(offset, wire.len() as u64, "every byte is in a record");
}

/// Checks that the fields are in order and lie within `outer`. Two fields may overlap only if they
/// have exactly the same range. Examples are the bits of one byte, or a fragment and the message
/// that it completes.
fn check_fields(fields: &[Field], outer: &Range<u64>, record: &Record) {
    let mut previous = outer.start..outer.start;
    for field in fields {
        let range = &field.range;
        let is_within = outer.start <= range.start && range.start <= range.end && range.end <= outer.end;
        assert!(is_within, "{field:?} is not within {outer:?} of {record:?}");
        // A derived field has the range of the field that it was computed from.
        if !field.derived {
            assert!(*range == previous || previous.end <= range.start, "{field:?} is out of order in {record:?}");
            previous = range.clone();
        }
        check_fields(&field.fields, range, record);
    }
}

/// Checks that the records show the events that the engine returns for these bytes, up to a Close
/// or a violation.
fn check_against_engine(direction: Direction, records: &[&Record], wire: &[u8]) {
    let engine = connection(direction.receiver(), &Limits::DEFAULT);
    let EngineRecord { events, violation, .. } = feed(engine, [wire]);
    let mut records = records.iter();
    for event in events {
        let shown = records.by_ref().find_map(|record| {
            assert!(record.complete && record.findings.is_empty(), "{event:?}, but {record:?}");
            event_of(record)
        });
        assert_eq!(shown.as_ref(), Some(&event));
        if matches!(event, ReceivedEvent::Close(_)) {
            return;
        }
    }
    if let Some(violation) = violation {
        let broken = records.find(|record| !record.findings.is_empty());
        let broken = broken.unwrap_or_else(|| panic!("{violation:?} is not shown"));
        let rule = BrokenRule::Violation(violation);
        assert!(broken.findings.iter().any(|finding| finding.rule == rule), "{rule:?}, but {broken:?}");
        return;
    }
    // The engine is waiting for more bytes, so the remaining records must not show a broken rule or
    // a complete message.
    for record in records {
        assert_eq!(record.findings, [], "the engine accepts {record:?}");
        assert!(!record.complete || event_of(record).is_none(), "the engine does not receive {record:?}");
    }
}

/// Reads the event from a complete record without findings. Returns `None` for a fragment that is
/// not the last one.
fn event_of(record: &Record) -> Option<ReceivedEvent> {
    let number = |name| match record.field(name)?.value {
        FieldValue::Number { value, .. } => u16::try_from(value).ok(),
        _ => None,
    };
    let is_last = record.field("websocket.fin").map(|field| &field.value) == Some(&FieldValue::Flag(true));
    let opcode = number("websocket.opcode").and_then(|bits| Opcode::from_bits(u8::try_from(bits).ok()?));
    Some(match opcode.expect("a complete frame has an opcode, and a reserved one is a finding") {
        Opcode::Ping => ReceivedEvent::Ping(payload(record.field("websocket.payload.ping"))),
        Opcode::Pong => ReceivedEvent::Pong(payload(record.field("websocket.payload.pong"))),
        Opcode::Close => ReceivedEvent::Close(number("websocket.payload.close.status_code").map(|code| {
            let reason = payload(record.field("websocket.payload.close.reason"));
            (code, String::from_utf8(reason).expect("the reason is valid"))
        })),
        Opcode::Continuation | Opcode::Text | Opcode::Binary if !is_last => return None,
        Opcode::Text => message(record.field("websocket.payload.text"), MessageKind::Text),
        Opcode::Binary => message(record.field("data.data"), MessageKind::Binary),
        Opcode::Continuation => {
            let is_message = |field: &&Field| ["Message", "Text", "Data"].contains(&field.label.as_ref());
            let shown =
                record.walk().map(|(_, field)| field).find(is_message).expect("the last frame shows the message");
            let is_text = matches!(shown.value, FieldValue::Text { .. });
            message(Some(shown), if is_text { MessageKind::Text } else { MessageKind::Binary })
        }
    })
}

fn message(field: Option<&Field>, kind: MessageKind) -> ReceivedEvent {
    let payload = payload(field);
    match kind {
        MessageKind::Text => ReceivedEvent::Text(String::from_utf8(payload).expect("the text is valid")),
        MessageKind::Binary => ReceivedEvent::Binary(payload),
    }
}

/// Returns the payload that a field shows, or an empty payload if there is no such field.
fn payload(field: Option<&Field>) -> Vec<u8> {
    match field.map(|field| &field.value) {
        None => Vec::new(),
        Some(FieldValue::Text { text, left_out: 0 }) => text.clone().into_bytes(),
        Some(FieldValue::Bytes { bytes, left_out: 0 }) => bytes.clone(),
        Some(other) => panic!("{other:?} is not a whole payload"),
    }
}
