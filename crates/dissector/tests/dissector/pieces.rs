//! The records do not depend on where the bytes are cut, no input causes a panic, and memory is
//! bounded.

use dissector::{
    Conversation,
    Direction::{self, ToClient, ToServer},
    Options, Record, RecordKind, render,
};
use proptest::{collection::vec, prelude::*};
use protocol::{Limits, frame::MaskingKey};

use crate::common::{
    HELLO, HELLO_AGAIN, KEY, REQUEST, RESPONSE, deflater, frame, masked, unmasked, with_extension, with_line,
};

/// Small limits, which random bytes can reach.
fn options() -> Options {
    let limits = Limits::DEFAULT
        .max_head_bytes(1000)
        .max_headers(20)
        .max_frame_bytes(200)
        .max_message_bytes(300)
        .max_fragments(3);
    Options { payload_bytes: 130, limits, ..Options::default() }
}

/// Dissects bytes that are cut into pieces. `sizes` are the sizes of the pieces, repeated from the
/// start as often as necessary.
fn dissect_in_pieces(
    conversation: impl Fn() -> Conversation,
    input: &[(Direction, Vec<u8>)],
    sizes: &[usize],
) -> Vec<Record> {
    let mut conversation = conversation();
    let mut records = Vec::new();
    let mut sizes = sizes.iter().copied().cycle();
    for (direction, bytes) in input {
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let (piece, later) = rest.split_at(sizes.next().unwrap_or(usize::MAX).clamp(1, rest.len()));
            rest = later;
            conversation.push(*direction, piece, None, &mut |record| records.push(record));
        }
    }
    for direction in Direction::BOTH {
        conversation.end(direction, None, &mut |record| records.push(record));
    }
    records
}

/// Asserts that the records of one direction cover each byte exactly once. Returns the number of
/// bytes.
fn bytes_in_records(records: &[Record], direction: Direction) -> u64 {
    let mut offset = 0;
    for record in records.iter().filter(|record| record.direction == direction) {
        assert_eq!(record.offset, offset, "no byte is missing, and none comes twice");
        offset += record.length;
    }
    offset
}

fn bytes_in_input(input: &[(Direction, Vec<u8>)], direction: Direction) -> u64 {
    input.iter().filter(|(other, _)| *other == direction).map(|(_, bytes)| bytes.len() as u64).sum()
}

/// A whole conversation with units of every kind.
fn conversation_with_everything() -> Vec<(Direction, Vec<u8>)> {
    let request = with_line(REQUEST, "Sec-WebSocket-Protocol: a, b\r\nOrigin: http://example.com");
    vec![
        (ToServer, request.into_bytes()),
        (ToClient, [RESPONSE.as_bytes(), &unmasked(0x81, "Grüße".as_bytes())].concat()),
        (ToServer, [masked(0x01, b"\xE2\x82"), masked(0x89, b"p"), masked(0x80, b"\xAC")].concat()),
        (ToClient, [unmasked(0x8A, b"p"), unmasked(0x82, &[7; 250])].concat()),
        (ToServer, [masked(0x81, &[b'x'; 140]), masked(0x81, b"a\xFFb"), masked(0xF3, b"?")].concat()),
        (ToClient, unmasked(0x88, b"\x03\xE8bye")),
        (ToServer, [masked(0x88, b"\x03\xE8"), masked(0x81, b"late")].concat()),
    ]
}

#[test]
fn pieces_of_every_size_give_the_same_records() {
    let input = conversation_with_everything();
    let expected = dissect_in_pieces(|| Conversation::new(options()), &input, &[usize::MAX]);
    assert_eq!(expected.len(), 14);
    for size in 1..40 {
        let records = dissect_in_pieces(|| Conversation::new(options()), &input, &[size]);
        assert_eq!(records, expected, "pieces of {size}");
    }
}

#[test]
fn every_cut_in_two_gives_the_same_records() {
    for (direction, wire) in [(ToServer, masked(0x81, &[b'x'; 200])), (ToClient, frame(0x7A, b"Hello", Some(KEY)))] {
        let input = [(direction, wire.clone())];
        let expected = dissect_in_pieces(|| Conversation::after_handshake(options()), &input, &[usize::MAX]);
        for at in 1..wire.len() {
            let records = dissect_in_pieces(|| Conversation::after_handshake(options()), &input, &[at, usize::MAX]);
            assert_eq!(records, expected, "cut at {at}");
        }
    }
}

#[test]
fn the_bytes_of_a_client_that_does_not_wait_may_be_cut_anywhere_too() {
    // These are more bytes than a stream keeps while it waits for the response.
    let early = [REQUEST.as_bytes().to_vec(), masked(0x82, &[7; 100]).repeat(12)].concat();
    for input in [vec![(ToServer, early.clone())], vec![(ToServer, early), (ToClient, RESPONSE.into())]] {
        let expected = dissect_in_pieces(|| Conversation::new(options()), &input, &[usize::MAX]);
        assert_eq!(expected.iter().filter(|record| record.kind == RecordKind::Frame).count(), 12);
        for size in [1, 7, 106, 1000, 1001] {
            let records = dissect_in_pieces(|| Conversation::new(options()), &input, &[size]);
            assert_eq!(records, expected, "pieces of {size}");
        }
    }
}

/// Generates bytes that are often frames, so that the tests get past the header.
fn frames() -> impl Strategy<Value = Vec<u8>> {
    let any_frame = (any::<u8>(), vec(any::<u8>(), 0..150), any::<Option<[u8; 4]>>())
        .prop_map(|(first, payload, key)| frame(first, &payload, key.map(MaskingKey)));
    prop_oneof![4 => any_frame, 1 => vec(any::<u8>(), 0..40)]
}

/// Generates bytes that are often heads.
fn heads() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"GET / HTTP/1.1\r\n".to_vec()),
        Just(b"HTTP/1.1 101 Switching Protocols\r\n".to_vec()),
        Just(b"HTTP/1.1 200 OK\r\n".to_vec()),
        Just(b"HTTP/1.1 100 Continue\r\n".to_vec()),
        Just(b"Upgrade: websocket\r\n".to_vec()),
        Just(b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n".to_vec()),
        Just(b"Sec-WebSocket-Extensions: permessage-deflate; x=\"y\"\r\n".to_vec()),
        Just(b"Cookie: a=b;  c ;;\xFF\r\n".to_vec()),
        Just(b"Content-Length: 3\r\n".to_vec()),
        Just(b"\r\n".to_vec()),
        Just(b"\n".to_vec()),
        Just(b"\r".to_vec()),
        Just(REQUEST.as_bytes().to_vec()),
        Just(RESPONSE.as_bytes().to_vec()),
        vec(any::<u8>(), 0..20),
    ];
    vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn direction() -> impl Strategy<Value = Direction> {
    prop_oneof![Just(ToServer), Just(ToClient)]
}

/// Asserts what must be true of every conversation, however its bytes are cut.
fn check(conversation: impl Fn() -> Conversation, input: &[(Direction, Vec<u8>)], sizes: &[usize]) {
    let records = dissect_in_pieces(&conversation, input, &[usize::MAX]);
    assert_eq!(dissect_in_pieces(&conversation, input, sizes), records, "pieces of {sizes:?}");
    for direction in Direction::BOTH {
        assert_eq!(bytes_in_records(&records, direction), bytes_in_input(input, direction));
    }
    for record in &records {
        let limit = if matches!(record.kind, RecordKind::Request | RecordKind::Response) { 1000 } else { 14 + 130 };
        assert!(record.bytes.len() <= limit, "{} bytes are kept", record.bytes.len());
        for (_, field) in record.walk() {
            assert!(field.range.start <= field.range.end && field.range.end <= record.length, "{field:?}");
        }
        // Every rendering can handle the record.
        serde_json::from_str::<serde_json::Value>(&render::json(record)).expect("the rendering is JSON");
        let texts =
            [render::tree(record), render::explained(record), render::hex_dump(record, 4, true), render::svg(record)];
        assert!(texts.iter().all(|text| !text.is_empty()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_frames_in_any_pieces(
        input in vec((direction(), vec(frames(), 1..4).prop_map(|frames| frames.concat())), 1..6),
        sizes in vec(1..50_usize, 1..10),
    ) {
        check(|| Conversation::after_handshake(options()), &input, &sizes);
    }

    #[test]
    fn any_heads_in_any_pieces(input in vec((direction(), heads()), 1..6), sizes in vec(1..50_usize, 1..10)) {
        check(|| Conversation::new(options()), &input, &sizes);
    }

    #[test]
    fn frames_after_a_handshake_in_any_pieces(
        frames in vec((direction(), frames()), 1..6),
        sizes in vec(1..50_usize, 1..10),
    ) {
        let mut input = vec![(ToServer, REQUEST.as_bytes().to_vec()), (ToClient, RESPONSE.as_bytes().to_vec())];
        input.extend(frames);
        check(|| Conversation::new(options()), &input, &sizes);
    }
}

/// Generates frames of compressed messages: whole messages, fragments, references to earlier
/// messages, invalid DEFLATE, and messages above the limit.
fn compressed_frames() -> impl Strategy<Value = Vec<u8>> {
    let bomb = deflater(ToServer, "permessage-deflate; client_no_context_takeover").deflate(&[b'x'; 5000], true);
    let first = prop_oneof![
        4 => Just(0xC1_u8), 1 => Just(0xC2), 4 => Just(0x41), 2 => Just(0x00), 4 => Just(0x80), 1 => Just(0x81),
        1 => Just(0x89), 1 => any::<u8>(),
    ];
    let payload = prop_oneof![
        6 => Just(HELLO.to_vec()),
        3 => Just(HELLO_AGAIN.to_vec()),
        2 => (0..7_usize).prop_map(|at| HELLO[..at].to_vec()),
        2 => (0..7_usize).prop_map(|at| HELLO[at..].to_vec()),
        2 => Just(bomb),
        1 => Just(vec![0x00]),
        1 => (vec(any::<u8>(), 0..150), any::<u8>())
            .prop_map(|(stored, length)| [&[0x00, length, 0x00, !length, 0xFF][..], &stored, &[0x00]].concat()),
        2 => vec(any::<u8>(), 0..20),
    ];
    (first, payload).prop_map(|(first, payload)| masked(first, &payload))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn compressed_frames_in_any_pieces(
        frames in vec(compressed_frames(), 1..12),
        takeover in any::<bool>(),
        sizes in vec(1..50_usize, 1..10),
    ) {
        let element = if takeover { "permessage-deflate" } else { "permessage-deflate; client_no_context_takeover" };
        let input = with_extension(element, &[(ToServer, frames.concat())]);
        check(|| Conversation::new(options()), &input, &sizes);
        check(|| Conversation::new(options()), &input, &[1]);
    }
}

#[test]
fn memory_does_not_grow_with_an_announced_length() {
    // A frame that announces nine exabytes, of which only a few megabytes arrive.
    let mut conversation = Conversation::after_handshake(Options::default());
    let header = [0x82, 0x7F, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];
    conversation.push(ToClient, &header, None, &mut |_| panic!("the frame is not complete"));
    for _ in 0..100 {
        conversation.push(ToClient, &[b'x'; 65_536], None, &mut |_| panic!("the frame is not complete"));
    }
    let record = conversation.partial(ToClient).expect("a frame has begun");
    assert_eq!(record.length, 10 + 100 * 65_536);
    assert_eq!(record.bytes.len(), 10 + 4096);
}

/// Counted frames still advance the offset, the record number and the message in progress. Only
/// their records are missing.
#[test]
fn frames_that_are_only_counted_do_not_change_the_other_records() {
    let first = frame(0x01, b"in two ", Some(KEY));
    let [counted, last] = [frame(0x00, b"parts, of ", Some(KEY)), frame(0x80, b"three", Some(KEY))];
    let close = frame(0x88, b"\x03\xE8", Some(KEY));
    let mut all = Vec::new();
    let mut conversation = Conversation::after_handshake(Options::default());
    for bytes in [&first, &counted, &last, &close, &close] {
        conversation.push(ToServer, bytes, None, &mut |record| all.push(record));
    }

    let mut shown = Vec::new();
    let mut conversation = Conversation::after_handshake(Options::default());
    conversation.push(ToServer, &first, None, &mut |record| shown.push(record));
    // The first byte of the next frame arrives together with the counted one.
    let (beginning, rest) = last.split_at(1);
    let passed = conversation.pass(ToServer, &[&counted, beginning].concat(), None, &mut |record| shown.push(record));
    assert_eq!((passed.units, passed.bytes), (1, counted.len() as u64));
    conversation.push(ToServer, rest, None, &mut |record| shown.push(record));
    // The first Close frame is always dissected; a second one is counted like any other frame.
    let passed = conversation.pass(ToServer, &[&close[..], &close].concat(), None, &mut |record| shown.push(record));
    assert_eq!((passed.units, passed.bytes), (1, close.len() as u64));
    assert_eq!(shown, [&all[0], &all[2], &all[3]].map(Clone::clone));
    assert!(render::tree(&shown[1]).contains("Text: in two parts, of three"), "{}", render::tree(&shown[1]));
}
