//! No rendering lets a peer control the terminal. The tests put control sequences into every part
//! of a connection: at each position of each head and body, and into the payload of each kind of
//! frame.

use dissector::{
    Direction::{self, ToClient, ToServer},
    Record, render,
};
use testkit::terminal::{HOSTILE, assert_harmless, without_colours};

use crate::common::{REQUEST, RESPONSE, after_handshake, dissect, sent, with_extension, with_line};

type Pieces = Vec<(Direction, Vec<u8>)>;

/// Checks every rendering of every record.
#[track_caller]
fn check(pieces: &Pieces) {
    let records = dissect(pieces);
    assert_ne!(records, []);
    records.iter().for_each(check_record);
}

#[track_caller]
fn check_record(record: &Record) {
    assert_harmless("the hex dump", &render::hex_dump(record, usize::MAX, false));
    assert_harmless("the hex dump in colour", &without_colours(&render::hex_dump(record, usize::MAX, true)));
    assert_harmless("the tree", &render::tree(record));
    assert_harmless("the explained tree", &render::explained(record));
    assert_harmless("the figure", &render::svg(record));
    let json = render::json(record);
    assert_harmless("the JSON", &json);
    let parsed: serde_json::Value = serde_json::from_str(&json).expect("it is still JSON");
    assert_eq!(parsed["summary"], record.summary, "the escapes of JSON keep every character");
    record.walk().for_each(|(_, field)| assert_harmless("a value", &render::value_text(field)));
}

/// Returns one copy of the text for each of its positions, with the control sequences inserted at
/// that position.
fn with_hostile_text_at_each_position(text: &str) -> impl Iterator<Item = Vec<u8>> {
    let positions = (0..=text.len()).filter(|&position| text.is_char_boundary(position));
    positions.map(move |position| [&text[..position], HOSTILE, &text[position..]].concat().into_bytes())
}

/// The header fields for which the dissector has a specific meaning, besides those in [`REQUEST`]
/// and [`RESPONSE`].
const HEADERS: [&str; 6] = [
    "Origin: http://a",
    "Cookie: a=b; c",
    "Authorization: Basic YQ==",
    "Sec-WebSocket-Protocol: a, b",
    "Sec-WebSocket-Extensions: permessage-deflate; a=b",
    "Content-Length: 4",
];

#[test]
fn no_part_of_a_request_reaches_the_terminal_raw() {
    let request = HEADERS.iter().fold(REQUEST.to_owned(), |head, line| with_line(&head, line));
    for request in with_hostile_text_at_each_position(&(request.replace("/chat", "/chat?a=b") + "body")) {
        check(&vec![(ToServer, request)]);
    }
}

#[test]
fn no_part_of_a_response_reaches_the_terminal_raw() {
    let request = with_line(REQUEST, "Sec-WebSocket-Protocol: a");
    let accepted = with_line(&with_line(RESPONSE, "Sec-WebSocket-Protocol: a"), "X-Other: b");
    let rejected = "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nLocation: /b\r\n\r\nthere is no /chat here";
    for response in [accepted.as_str(), rejected] {
        for response in with_hostile_text_at_each_position(response) {
            check(&vec![(ToServer, request.clone().into_bytes()), (ToClient, response)]);
        }
    }
}

#[test]
fn no_payload_reaches_the_terminal_raw() {
    let close = [&1000_u16.to_be_bytes(), HOSTILE.as_bytes()].concat();
    for direction in Direction::BOTH {
        for first_byte in [0x81, 0x82, 0x89, 0x8a, 0x83, 0x8b, 0x80, 0xf1] {
            check_frames(&[sent(direction, first_byte, HOSTILE.as_bytes())]);
        }
        check_frames(&[sent(direction, 0x88, &close)]);
        check_frames(&[sent(direction, 0x01, HOSTILE.as_bytes()), sent(direction, 0x80, b"")]);
        // Without the last byte, the text is not UTF-8. U+009B is the byte 9b in Latin-1.
        check_frames(&[sent(direction, 0x81, &HOSTILE.as_bytes()[..HOSTILE.len() - 1])]);
        check_frames(&[sent(direction, 0x81, b"\x9b31m")]);
    }
}

#[track_caller]
fn check_frames(frames: &[(Direction, Vec<u8>)]) {
    let records = after_handshake(frames);
    assert_ne!(records, []);
    records.iter().for_each(check_record);
}

#[test]
fn no_compressed_text_and_no_parameter_of_an_extension_reaches_the_terminal_raw() {
    // The block is stored, so it consists of DEFLATE's own framing and the uncompressed text.
    let length = u16::try_from(HOSTILE.len()).expect("a short text").to_le_bytes();
    let block = [&[0][..], &length, &length.map(|byte| !byte), HOSTILE.as_bytes(), &[0]].concat();
    check(&with_extension("permessage-deflate", &[sent(ToClient, 0xc1, &block)]));
    check(&with_extension(&format!("permessage-deflate; a=\"{HOSTILE}\""), &[]));
}
