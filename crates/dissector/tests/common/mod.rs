//! Bytes for the tests: heads and frames, right ones and wrong ones.
#![allow(dead_code, reason = "each test file uses its own part")]

use dissector::{
    Conversation,
    Direction::{self, ToClient, ToServer},
    Field, Options, Record, Value,
};
use protocol::{
    NegotiatedDeflate,
    extension::Deflater,
    frame::{MaskingKey, apply_mask},
    handshake::extensions::parse_line,
};

/// The request of RFC 6455, section 1.3, without what a test leaves out.
pub(crate) const REQUEST: &str = "GET /chat HTTP/1.1\r\n\
    Host: server.example.com\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\n\r\n";

/// The answer to it.
pub(crate) const RESPONSE: &str = "HTTP/1.1 101 Switching Protocols\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// The masking key of RFC 6455, section 5.7.
pub(crate) const KEY: MaskingKey = MaskingKey([0x37, 0xFA, 0x21, 0x3D]);

/// A head with one more line.
pub(crate) fn with(head: &str, line: &str) -> String {
    format!("{}\r\n{line}\r\n\r\n", head.trim_end())
}

/// A head in which `old` is replaced by `new`.
#[track_caller]
pub(crate) fn but(head: &str, old: &str, new: &str) -> String {
    assert!(head.contains(old), "there is no '{old}' to be replaced");
    head.replace(old, new)
}

/// A frame with any first byte, masked if there is a key, with the shortest length.
pub(crate) fn frame(first: u8, payload: &[u8], key: Option<MaskingKey>) -> Vec<u8> {
    let form = match payload.len() {
        0..=125 => 7,
        126..=0xFFFF => 16,
        _ => 64,
    };
    frame_as(first, payload, key, form)
}

/// A frame whose length is written in 7, 16 or 64 bits.
pub(crate) fn frame_as(first: u8, payload: &[u8], key: Option<MaskingKey>, form: u8) -> Vec<u8> {
    let mask = if key.is_some() { 0x80 } else { 0 };
    let length = (payload.len() as u64).to_be_bytes();
    let mut frame = vec![first];
    match form {
        7 => frame.push(mask | length[7]),
        16 => {
            frame.push(mask | 126);
            frame.extend(&length[6..]);
        }
        _ => {
            frame.push(mask | 127);
            frame.extend(length);
        }
    }
    let start = frame.len();
    frame.extend(payload);
    if let Some(key) = key {
        apply_mask(&mut frame[start..], key);
        frame.splice(start..start, key.0);
    }
    frame
}

/// A client's frame.
pub(crate) fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    frame(first, payload, Some(KEY))
}

/// A server's frame.
pub(crate) fn plain(first: u8, payload: &[u8]) -> Vec<u8> {
    frame(first, payload, None)
}

/// RFC 7692, section 7.2.3.1: "Hello" in one block.
pub(crate) const HELLO: [u8; 7] = [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00];

/// RFC 7692, section 7.2.3.2: "Hello" again, as a reference to the message before.
pub(crate) const HELLO_AGAIN: [u8; 5] = [0xF2, 0x00, 0x11, 0x00, 0x00];

/// A handshake that agrees on these elements of `Sec-WebSocket-Extensions`, and what follows it.
pub(crate) fn agreed(element: &str, frames: &[(Direction, Vec<u8>)]) -> Vec<(Direction, Vec<u8>)> {
    let line = format!("Sec-WebSocket-Extensions: {element}");
    let heads = [(ToServer, with(REQUEST, &line)), (ToClient, with(RESPONSE, &line))];
    let heads = heads.map(|(direction, head)| (direction, head.into_bytes()));
    heads.into_iter().chain(frames.iter().cloned()).collect()
}

/// What the end compresses with that sends this way, where `element` was offered and accepted.
pub(crate) fn deflater(direction: Direction, element: &str) -> Deflater {
    let elements = parse_line(element).expect("an element of the header");
    let compression =
        NegotiatedDeflate::negotiated(direction.sender(), &elements, &elements).expect("nothing is wrong");
    Deflater::new(&compression.expect("it is permessage-deflate"))
}

/// A frame that fits the direction.
pub(crate) fn sent(direction: Direction, first: u8, payload: &[u8]) -> (Direction, Vec<u8>) {
    let key = (direction == ToServer).then_some(KEY);
    (direction, frame(first, payload, key))
}

/// Everything that comes of a list of pieces, the ends of both streams included.
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

/// The same from the first byte of a connection on.
pub(crate) fn dissect(pieces: &[(Direction, Vec<u8>)]) -> Vec<Record> {
    dissect_with(Conversation::new(Options::default()), pieces)
}

/// A handshake that went well, then these.
pub(crate) fn after_handshake(pieces: &[(Direction, Vec<u8>)]) -> Vec<Record> {
    dissect_with(Conversation::after_handshake(Options::default()), pieces)
}

/// The only record of these bytes of a client.
#[track_caller]
pub(crate) fn from_client(bytes: Vec<u8>) -> Record {
    only(after_handshake(&[(ToServer, bytes)]))
}

/// The only record of these bytes of a server.
#[track_caller]
pub(crate) fn from_server(bytes: Vec<u8>) -> Record {
    only(after_handshake(&[(ToClient, bytes)]))
}

#[track_caller]
pub(crate) fn only(records: Vec<Record>) -> Record {
    let [record] = records.try_into().unwrap_or_else(|records: Vec<_>| panic!("{} records", records.len()));
    record
}

/// A field by Wireshark's name.
#[track_caller]
pub(crate) fn field<'a>(record: &'a Record, name: &str) -> &'a Field {
    record.field(name).unwrap_or_else(|| panic!("there is no {name} in {}", record.summary))
}

/// A field by its label.
#[track_caller]
pub(crate) fn labelled<'a>(record: &'a Record, label: &str) -> &'a Field {
    let found = record.walk().map(|(_, field)| field).find(|field| field.label == label);
    found.unwrap_or_else(|| panic!("nothing is called {label} in {}", record.summary))
}

/// The rules that a record breaks, by name.
pub(crate) fn rules(record: &Record) -> Vec<String> {
    record.findings.iter().map(|finding| finding.fault.name()).collect()
}

/// A number with a name.
pub(crate) fn named(value: u64, name: &'static str) -> Value {
    Value::Number { value, name: Some(name.into()) }
}

pub(crate) fn number(value: u64) -> Value {
    Value::Number { value, name: None }
}

pub(crate) fn text(text: &str) -> Value {
    Value::Text { text: text.to_owned(), left_out: 0 }
}

pub(crate) fn bytes(bytes: &[u8]) -> Value {
    Value::Bytes { bytes: bytes.to_vec(), left_out: 0 }
}
