//! Heads and frames for the tests, both valid and invalid, and helpers that dissect them.
#![allow(dead_code, reason = "each test program uses a part of it")]

use dissector::{
    BrokenRule, Conversation,
    Direction::{self, ToClient, ToServer},
    Field, FieldValue, Options, Record,
};
use protocol::{
    HandshakeViolation, Violation,
    extension::Deflater,
    frame::{LengthForm, MaskingKey, apply_mask},
    handshake::extensions::parse_line,
    observer::negotiated_deflate,
};

/// The request of RFC 6455, section 1.3, without optional header fields.
pub(crate) const REQUEST: &str = "GET /chat HTTP/1.1\r\n\
    Host: server.example.com\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\n\r\n";

/// The response to [`REQUEST`].
pub(crate) const RESPONSE: &str = "HTTP/1.1 101 Switching Protocols\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// The masking key of RFC 6455, section 5.7.
pub(crate) const KEY: MaskingKey = MaskingKey([0x37, 0xFA, 0x21, 0x3D]);

/// "Hello", compressed in one block (RFC 7692, section 7.2.3.1).
pub(crate) const HELLO: [u8; 7] = [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00];

/// "Hello" again, as a reference to the previous message (RFC 7692, section 7.2.3.2).
pub(crate) const HELLO_AGAIN: [u8; 5] = [0xF2, 0x00, 0x11, 0x00, 0x00];

// ---- Heads --------------------------------------------------------------------------------------

/// Adds a line to a head.
pub(crate) fn with_line(head: &str, line: &str) -> String {
    format!("{}\r\n{line}\r\n\r\n", head.trim_end())
}

/// Replaces `old` with `new` in a head.
#[track_caller]
pub(crate) fn replaced(head: &str, old: &str, new: &str) -> String {
    assert!(head.contains(old), "the head does not contain '{old}'");
    head.replace(old, new)
}

/// Returns a handshake that agrees on these elements of `Sec-WebSocket-Extensions`, followed by
/// `frames`.
pub(crate) fn with_extension(element: &str, frames: &[(Direction, Vec<u8>)]) -> Vec<(Direction, Vec<u8>)> {
    let line = format!("Sec-WebSocket-Extensions: {element}");
    let heads = [(ToServer, with_line(REQUEST, &line)), (ToClient, with_line(RESPONSE, &line))];
    let heads = heads.map(|(direction, head)| (direction, head.into_bytes()));
    heads.into_iter().chain(frames.iter().cloned()).collect()
}

// ---- Frames -------------------------------------------------------------------------------------

/// Returns a frame with this first byte and the shortest form of the length. It is masked if there
/// is a key.
pub(crate) fn frame(first: u8, payload: &[u8], key: Option<MaskingKey>) -> Vec<u8> {
    frame_with_form(first, payload, key, LengthForm::shortest(payload.len() as u64))
}

/// Returns a frame whose length is written in this form.
pub(crate) fn frame_with_form(first: u8, payload: &[u8], key: Option<MaskingKey>, form: LengthForm) -> Vec<u8> {
    let mask = if key.is_some() { 0x80 } else { 0 };
    let length = (payload.len() as u64).to_be_bytes();
    let mut frame = vec![first];
    match form {
        LengthForm::Seven => frame.push(mask | length[7]),
        LengthForm::Sixteen => {
            frame.push(mask | 126);
            frame.extend(&length[6..]);
        }
        LengthForm::SixtyFour => {
            frame.push(mask | 127);
            frame.extend(length);
        }
    }
    let payload_start = frame.len();
    frame.extend(payload);
    if let Some(key) = key {
        apply_mask(&mut frame[payload_start..], key);
        frame.splice(payload_start..payload_start, key.0);
    }
    frame
}

/// Returns a masked frame, as a client sends it.
pub(crate) fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    frame(first, payload, Some(KEY))
}

/// Returns an unmasked frame, as a server sends it.
pub(crate) fn unmasked(first: u8, payload: &[u8]) -> Vec<u8> {
    frame(first, payload, None)
}

/// Returns a frame that is masked if this direction requires it.
pub(crate) fn sent(direction: Direction, first: u8, payload: &[u8]) -> (Direction, Vec<u8>) {
    let key = (direction == ToServer).then_some(KEY);
    (direction, frame(first, payload, key))
}

/// Creates the compressor that this direction's sender uses once `element` has been offered and
/// accepted.
pub(crate) fn deflater(direction: Direction, element: &str) -> Deflater {
    let elements = parse_line(element).expect("the element is well formed");
    let deflate = negotiated_deflate(direction.sender(), &elements, &elements).expect("no rule is broken");
    Deflater::new(&deflate.expect("the element is permessage-deflate"))
}

// ---- Dissection ---------------------------------------------------------------------------------

/// Dissects a list of pieces and ends both directions.
pub(crate) fn dissect_with(mut conversation: Conversation, pieces: &[(Direction, Vec<u8>)]) -> Vec<Record> {
    let mut records = Vec::new();
    for (direction, bytes) in pieces {
        conversation.push(*direction, bytes, None, &mut |record| records.push(record));
    }
    for direction in Direction::BOTH {
        conversation.end(direction, None, &mut |record| records.push(record));
    }
    records
}

/// Dissects a connection from its first byte.
pub(crate) fn dissect(pieces: &[(Direction, Vec<u8>)]) -> Vec<Record> {
    dissect_with(Conversation::new(Options::default()), pieces)
}

/// Dissects the frames of a connection whose handshake was not observed.
pub(crate) fn after_handshake(pieces: &[(Direction, Vec<u8>)]) -> Vec<Record> {
    dissect_with(Conversation::after_handshake(Options::default()), pieces)
}

/// Dissects one frame from a client.
#[track_caller]
pub(crate) fn from_client(bytes: Vec<u8>) -> Record {
    only(after_handshake(&[(ToServer, bytes)]))
}

/// Dissects one frame from a server.
#[track_caller]
pub(crate) fn from_server(bytes: Vec<u8>) -> Record {
    only(after_handshake(&[(ToClient, bytes)]))
}

/// Returns the only record.
#[track_caller]
pub(crate) fn only(records: Vec<Record>) -> Record {
    let [record] = records.try_into().unwrap_or_else(|records: Vec<_>| panic!("{} records", records.len()));
    record
}

// ---- Expectations -------------------------------------------------------------------------------

/// Returns the field with this name in Wireshark.
#[track_caller]
pub(crate) fn field<'a>(record: &'a Record, name: &str) -> &'a Field {
    record.field(name).unwrap_or_else(|| panic!("there is no field {name} in {}", record.summary))
}

/// Returns the field with this label.
#[track_caller]
pub(crate) fn labelled<'a>(record: &'a Record, label: &str) -> &'a Field {
    let found = record.walk().map(|(_, field)| field).find(|field| field.label == label);
    found.unwrap_or_else(|| panic!("no field has the label {label} in {}", record.summary))
}

/// Returns the rules that a record breaks.
pub(crate) fn rules(record: &Record) -> Vec<BrokenRule> {
    record.findings.iter().map(|finding| finding.rule.clone()).collect()
}

/// Returns the rules that a frame breaks, each of which must be a [`Violation`].
#[track_caller]
pub(crate) fn violations(record: &Record) -> Vec<Violation> {
    let violation = |rule| match rule {
        BrokenRule::Violation(violation) => violation,
        other => panic!("{other:?} in {}", record.summary),
    };
    rules(record).into_iter().map(violation).collect()
}

/// Returns the rule of the handshake that a head breaks, which must be its only broken rule.
#[track_caller]
pub(crate) fn handshake_violation(record: &Record) -> HandshakeViolation {
    match &rules(record)[..] {
        [BrokenRule::Handshake(violation)] => violation.clone(),
        other => panic!("{other:?} in {}", record.summary),
    }
}

pub(crate) fn named(value: u64, name: &'static str) -> FieldValue {
    FieldValue::Number { value, name: Some(name.into()) }
}

pub(crate) fn number(value: u64) -> FieldValue {
    FieldValue::Number { value, name: None }
}

pub(crate) fn text(text: &str) -> FieldValue {
    FieldValue::Text { text: text.to_owned(), left_out: 0 }
}

pub(crate) fn bytes(bytes: &[u8]) -> FieldValue {
    FieldValue::Bytes { bytes: bytes.to_vec(), left_out: 0 }
}
