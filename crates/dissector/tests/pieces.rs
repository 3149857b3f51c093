//! Any cut of the bytes gives the same records; any bytes give records and never a panic; memory has a bound.

mod common;

use common::{HELLO, HELLO_AGAIN, KEY, REQUEST, RESPONSE, agreed, deflater, frame, masked, plain, with};
use dissector::{
    Conversation,
    Direction::{self, ToClient, ToServer},
    Options, Record, RecordKind, render,
};
use proptest::{collection::vec, prelude::*};
use protocol::Limits;

/// Small limits, so that the random bytes reach them.
fn options() -> Options {
    let limits = Limits {
        max_head_bytes: 1000,
        max_headers: 20,
        max_frame_bytes: 200,
        max_message_bytes: 300,
        fragments: 3,
        ..Limits::DEFAULT
    };
    Options { payload_bytes: 130, limits }
}

/// What comes of these bytes, cut into pieces of at most this many.
fn cut(conversation: impl Fn() -> Conversation, pieces: &[(Direction, Vec<u8>)], at: &[usize]) -> Vec<Record> {
    let mut conversation = conversation();
    let mut records = Vec::new();
    let mut sizes = at.iter().copied().cycle();
    for (direction, bytes) in pieces {
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

/// The bytes of one direction, put together from the records.
fn bytes_in(records: &[Record], direction: Direction) -> u64 {
    let mut offset = 0;
    for record in records.iter().filter(|record| record.direction == direction) {
        assert_eq!(record.offset, offset, "no byte is left out, and none comes twice");
        offset += record.length;
    }
    offset
}

fn total(pieces: &[(Direction, Vec<u8>)], direction: Direction) -> u64 {
    pieces.iter().filter(|(other, _)| *other == direction).map(|(_, bytes)| bytes.len() as u64).sum()
}

/// A whole conversation with a bit of everything.
fn conversation_with_everything() -> Vec<(Direction, Vec<u8>)> {
    let request = with(REQUEST, "Sec-WebSocket-Protocol: a, b\r\nOrigin: http://example.com");
    vec![
        (ToServer, request.into_bytes()),
        (ToClient, [RESPONSE.as_bytes(), &plain(0x81, "Grüße".as_bytes())].concat()),
        (ToServer, [masked(0x01, b"\xE2\x82"), masked(0x89, b"p"), masked(0x80, b"\xAC")].concat()),
        (ToClient, [plain(0x8A, b"p"), plain(0x82, &[7; 250])].concat()),
        (ToServer, [masked(0x81, &[b'x'; 140]), masked(0x81, b"a\xFFb"), masked(0xF3, b"?")].concat()),
        (ToClient, plain(0x88, b"\x03\xE8bye")),
        (ToServer, [masked(0x88, b"\x03\xE8"), masked(0x81, b"late")].concat()),
    ]
}

#[test]
fn every_cut_gives_the_same_records() {
    let pieces = conversation_with_everything();
    let expected = cut(|| Conversation::new(options()), &pieces, &[usize::MAX]);
    assert_eq!(expected.len(), 14);
    for size in 1..40 {
        assert_eq!(cut(|| Conversation::new(options()), &pieces, &[size]), expected, "pieces of {size}");
    }
}

#[test]
fn every_cut_in_two_gives_the_same_records() {
    for (direction, wire) in [(ToServer, masked(0x81, &[b'x'; 200])), (ToClient, frame(0x7A, b"Hello", Some(KEY)))] {
        let pieces = [(direction, wire.clone())];
        let expected = cut(|| Conversation::after_handshake(options()), &pieces, &[usize::MAX]);
        for at in 1..wire.len() {
            assert_eq!(cut(|| Conversation::after_handshake(options()), &pieces, &[at, usize::MAX]), expected, "{at}");
        }
    }
}

#[test]
fn a_client_that_never_waits_is_cut_anywhere_too() {
    // More than is kept while the answer is out.
    let early = [REQUEST.as_bytes().to_vec(), masked(0x82, &[7; 100]).repeat(12)].concat();
    for pieces in [vec![(ToServer, early.clone())], vec![(ToServer, early), (ToClient, RESPONSE.into())]] {
        let expected = cut(|| Conversation::new(options()), &pieces, &[usize::MAX]);
        assert_eq!(expected.iter().filter(|record| record.kind == RecordKind::Frame).count(), 12);
        for size in [1, 7, 106, 1000, 1001] {
            assert_eq!(cut(|| Conversation::new(options()), &pieces, &[size]), expected, "pieces of {size}");
        }
    }
}

/// Bytes that look like frames often enough to get behind the header.
fn frames() -> impl Strategy<Value = Vec<u8>> {
    let any_frame = (any::<u8>(), vec(any::<u8>(), 0..150), any::<Option<[u8; 4]>>())
        .prop_map(|(first, payload, key)| frame(first, &payload, key.map(protocol::frame::MaskingKey)));
    prop_oneof![4 => any_frame, 1 => vec(any::<u8>(), 0..40)]
}

/// Bytes that look like heads often enough.
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

/// What has to be true of any conversation.
fn check(conversation: impl Fn() -> Conversation, pieces: &[(Direction, Vec<u8>)], at: &[usize]) {
    let whole = cut(&conversation, pieces, &[usize::MAX]);
    assert_eq!(cut(&conversation, pieces, at), whole, "cut at {at:?}");
    for direction in Direction::BOTH {
        assert_eq!(bytes_in(&whole, direction), total(pieces, direction));
    }
    for record in &whole {
        let limit = if matches!(record.kind, RecordKind::Request | RecordKind::Response) { 1000 } else { 14 + 130 };
        assert!(record.bytes.len() <= limit, "{} bytes are kept", record.bytes.len());
        for (_, field) in record.walk() {
            assert!(field.range.start <= field.range.end && field.range.end <= record.length, "{field:?}");
        }
        // No rendering has anything against it either.
        serde_json::from_str::<serde_json::Value>(&render::json(record)).expect("JSON");
        let shown =
            [render::tree(record), render::explained(record), render::hex_dump(record, 4, true), render::svg(record)];
        assert!(shown.iter().all(|shown| !shown.is_empty()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_frames_in_any_pieces(
        pieces in vec((direction(), vec(frames(), 1..4).prop_map(|frames| frames.concat())), 1..6),
        at in vec(1..50_usize, 1..10),
    ) {
        check(|| Conversation::after_handshake(options()), &pieces, &at);
    }

    #[test]
    fn any_heads_in_any_pieces(pieces in vec((direction(), heads()), 1..6), at in vec(1..50_usize, 1..10)) {
        check(|| Conversation::new(options()), &pieces, &at);
    }

    #[test]
    fn frames_behind_a_handshake_in_any_pieces(
        pieces in vec((direction(), frames()), 1..6),
        at in vec(1..50_usize, 1..10),
    ) {
        let mut all = vec![(ToServer, REQUEST.as_bytes().to_vec()), (ToClient, RESPONSE.as_bytes().to_vec())];
        all.extend(pieces);
        check(|| Conversation::new(options()), &all, &at);
    }
}

/// Frames of compressed messages: whole ones, parts, what refers back, what is no DEFLATE, and what is more than is taken.
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
        at in vec(1..50_usize, 1..10),
    ) {
        let element = if takeover { "permessage-deflate" } else { "permessage-deflate; client_no_context_takeover" };
        let all = agreed(element, &[(ToServer, frames.concat())]);
        check(|| Conversation::new(options()), &all, &at);
        check(|| Conversation::new(options()), &all, &[1]);
    }
}

#[test]
fn what_is_kept_does_not_grow_with_what_is_announced() {
    // A frame that announces nine exabytes, of which a few megabytes come.
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

/// What passes unseen keeps its place, its number and its part in what follows: only the records of it are missing.
#[test]
fn frames_that_pass_unseen_are_counted_and_leave_nothing_out_of_step() {
    let begin = frame(0x01, b"in two ", Some(KEY));
    let [skipped, last] = [frame(0x00, b"parts, of ", Some(KEY)), frame(0x80, b"three", Some(KEY))];
    let close = frame(0x88, b"\x03\xE8", Some(KEY));
    let mut whole = Vec::new();
    let mut conversation = Conversation::after_handshake(Options::default());
    for bytes in [&begin, &skipped, &last, &close, &close] {
        conversation.push(ToServer, bytes, None, &mut |record| whole.push(record));
    }

    let mut seen = Vec::new();
    let mut conversation = Conversation::after_handshake(Options::default());
    conversation.push(ToServer, &begin, None, &mut |record| seen.push(record));
    // The first byte of the next frame comes with it.
    let (with, rest) = last.split_at(1);
    let passed = conversation.pass(ToServer, &[&skipped, with].concat(), None, &mut |record| seen.push(record));
    assert_eq!((passed.units, passed.bytes), (1, skipped.len() as u64));
    conversation.push(ToServer, rest, None, &mut |record| seen.push(record));
    // How the connection ends is shown in any case, but a second Close is only one more frame.
    let passed = conversation.pass(ToServer, &[&close[..], &close].concat(), None, &mut |record| seen.push(record));
    assert_eq!((passed.units, passed.bytes), (1, close.len() as u64));
    assert_eq!(seen, [&whole[0], &whole[2], &whole[3]].map(Clone::clone));
    assert!(render::tree(&seen[1]).contains("Text: in two parts, of three"), "{}", render::tree(&seen[1]));
}
