//! Every field of a frame: its range, its bits and its value.

use std::ops::Range;

use dissector::{
    Conversation,
    Direction::{ToClient, ToServer},
    FieldValue, Options, Record, RecordKind,
};

use crate::common::{
    HELLO, after_handshake, bytes, dissect, dissect_with, field, from_client, from_server, labelled, masked, named,
    number, only, text, unmasked, with_extension,
};

/// Asserts the range, the bit mask and the value of a field.
#[track_caller]
fn assert_field(record: &Record, name: &str, range: Range<u64>, mask: Option<u8>, value: &FieldValue) {
    let field = field(record, name);
    assert_eq!((&field.range, field.mask, &field.value), (&range, mask, value), "{name}");
    assert!(!field.derived, "{name} is in the bytes");
}

#[test]
fn the_masked_hello_of_section_5_7() {
    let record = from_client(vec![0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58]);
    assert_eq!((record.kind, record.offset, record.length, record.complete), (RecordKind::Frame, 0, 11, true));
    assert_field(&record, "websocket.fin", 0..1, Some(0x80), &FieldValue::Flag(true));
    assert_field(&record, "websocket.rsv", 0..1, Some(0x70), &FieldValue::Bits(0));
    assert_field(&record, "websocket.opcode", 0..1, Some(0x0F), &named(1, "Text"));
    assert_field(&record, "websocket.mask", 1..2, Some(0x80), &FieldValue::Flag(true));
    assert_field(&record, "websocket.payload_length", 1..2, Some(0x7F), &number(5));
    assert_field(&record, "websocket.masking_key", 2..6, None, &bytes(&[0x37, 0xFA, 0x21, 0x3D]));
    assert_field(&record, "websocket.masked_payload", 6..11, None, &bytes(&[0x7F, 0x9F, 0x4D, 0x51, 0x58]));
    assert_field(&record, "websocket.payload", 6..11, None, &FieldValue::Group);
    assert_field(&record, "websocket.payload.text", 6..11, None, &text("Hello"));
    assert_eq!(record.summary, "Text, 5 bytes: Hello");
    assert_eq!(record.findings, []);
}

#[test]
fn an_unmasked_frame_has_no_key_and_no_masked_payload() {
    let record = from_server(unmasked(0x81, b"Hello"));
    assert_field(&record, "websocket.mask", 1..2, Some(0x80), &FieldValue::Flag(false));
    assert_field(&record, "websocket.payload.text", 2..7, None, &text("Hello"));
    for name in ["websocket.masking_key", "websocket.masked_payload"] {
        assert_eq!(record.field(name), None);
    }
}

#[test]
fn each_length_form_has_its_field() {
    let record = from_server(unmasked(0x82, &[7; 125]));
    assert_field(&record, "websocket.payload_length", 1..2, Some(0x7F), &number(125));
    assert_eq!(record.field("websocket.payload_length_ext_16"), None);

    let record = from_server(unmasked(0x82, &[7; 126]));
    let announces = named(126, "Extended Payload Length (16 bits)");
    assert_field(&record, "websocket.payload_length", 1..2, Some(0x7F), &announces);
    assert_field(&record, "websocket.payload_length_ext_16", 2..4, None, &number(126));
    assert_field(&record, "data.data", 4..130, None, &bytes(&[7; 126]));

    let record = from_client(masked(0x82, &vec![7; 65_536]));
    let announces = named(127, "Extended Payload Length (64 bits)");
    assert_field(&record, "websocket.payload_length", 1..2, Some(0x7F), &announces);
    assert_field(&record, "websocket.payload_length_ext_64", 2..10, None, &number(65_536));
    assert_field(&record, "websocket.masking_key", 10..14, None, &bytes(&[0x37, 0xFA, 0x21, 0x3D]));
    assert_eq!(field(&record, "websocket.payload").range, 14..65_550);
}

#[test]
fn every_opcode_has_its_name_and_its_payload_field() {
    for (opcode, name, payload, value) in [
        (0x1, "Text", "websocket.payload.text", text("abc")),
        (0x2, "Binary", "data.data", bytes(b"abc")),
        (0x3, "Unknown", "websocket.payload.unknown", bytes(b"abc")),
        (0x7, "Unknown", "websocket.payload.unknown", bytes(b"abc")),
        (0x9, "Ping", "websocket.payload.ping", bytes(b"abc")),
        (0xA, "Pong", "websocket.payload.pong", bytes(b"abc")),
        (0xB, "Unknown", "websocket.payload.unknown", bytes(b"abc")),
        (0xF, "Unknown", "websocket.payload.unknown", bytes(b"abc")),
    ] {
        let record = from_client(masked(0x80 | opcode, b"abc"));
        assert_field(&record, "websocket.opcode", 0..1, Some(0x0F), &named(opcode.into(), name));
        assert_eq!(field(&record, payload).value, value, "{name}");
    }
}

#[test]
fn an_empty_payload_has_no_field() {
    for first in [0x81, 0x82, 0x88, 0x89, 0x8A] {
        let record = from_client(masked(first, b""));
        assert_eq!(record.field("websocket.payload"), None, "{first:x}");
        assert_eq!(record.field("websocket.masked_payload"), None, "{first:x}");
        assert_eq!((record.length, &record.findings), (6, &vec![]));
    }
}

#[test]
fn a_close_has_a_code_and_a_reason() {
    let record = from_client(masked(0x88, b"\x03\xE8bye"));
    assert_field(&record, "websocket.payload.close", 6..11, None, &FieldValue::Group);
    assert_field(&record, "websocket.payload.close.status_code", 6..8, None, &named(1000, "normal closure"));
    assert_field(&record, "websocket.payload.close.reason", 8..11, None, &text("bye"));
    assert_eq!(record.summary, "Close 1000 (normal closure): bye");

    let record = from_server(unmasked(0x88, b"\x0F\xA0"));
    assert_field(&record, "websocket.payload.close.status_code", 2..4, None, &named(4000, "private"));
    assert_eq!(record.field("websocket.payload.close.reason"), None);
}

#[test]
fn fragments_add_up_to_the_message_and_a_ping_between_them_does_not() {
    let records = after_handshake(&[(
        ToServer,
        [masked(0x01, b"Hel"), masked(0x89, b"ping"), masked(0x00, b""), masked(0x80, b"lo")].concat(),
    )]);
    let [first, ping, empty, last] = &records[..] else { panic!("{} records", records.len()) };
    assert_eq!(first.field("websocket.payload.text"), None, "the text is shown when it is complete, as in Wireshark");
    assert_eq!(labelled(first, "Fragment").value, text("Hel"));
    assert_field(ping, "websocket.payload.ping", 6..10, None, &bytes(b"ping"));
    assert_eq!(empty.field("websocket.payload"), None);
    assert_eq!(labelled(last, "Fragment").value, text("lo"));
    assert_eq!(field(last, "websocket.payload.text").value, text("Hello"));
    assert_eq!(field(last, "websocket.payload.text").meaning, "the message, joined from 3 frames");
    assert_eq!(
        records.iter().map(|record| record.summary.as_str()).collect::<Vec<_>>(),
        [
            "Text, first fragment, 3 bytes: Hel",
            "Ping, 4 bytes: ping",
            "Continuation, 0 bytes",
            "Continuation, last fragment, 2 bytes: lo",
        ]
    );
    assert!(records.iter().all(|record| record.findings.is_empty()));
}

#[test]
fn a_message_may_end_with_an_empty_frame() {
    let records = after_handshake(&[(ToClient, [unmasked(0x02, b"ab"), unmasked(0x80, b"")].concat())]);
    let message = labelled(&records[1], "Message");
    assert_eq!(message.value, bytes(b"ab"));
    assert!(message.derived, "this frame contains none of its bytes");
}

#[test]
fn the_messages_of_the_two_directions_are_separate() {
    let records = after_handshake(&[
        (ToServer, masked(0x01, b"Hel")),
        (ToClient, unmasked(0x02, b"ab")),
        (ToServer, masked(0x80, b"lo")),
        (ToClient, unmasked(0x80, b"cd")),
    ]);
    assert_eq!(field(&records[2], "websocket.payload.text").value, text("Hello"));
    assert_eq!(field(&records[3], "data.data").value, bytes(b"abcd"));
}

#[test]
fn a_character_may_be_cut_by_fragments() {
    let euro = "€".as_bytes();
    let records = after_handshake(&[(ToClient, [unmasked(0x01, &euro[..2]), unmasked(0x80, &euro[2..])].concat())]);
    assert_eq!(field(&records[1], "websocket.payload.text").value, text("€"));
    assert!(records.iter().all(|record| record.findings.is_empty()));
}

#[test]
fn each_reserved_bit_is_shown_and_explained() {
    for (first, label, mask, bits) in [(0xC1, "RSV1", 0x40, 4), (0xA1, "RSV2", 0x20, 2), (0x91, "RSV3", 0x10, 1)] {
        let record = from_server(unmasked(first, b"x"));
        assert_field(&record, "websocket.rsv", 0..1, Some(0x70), &FieldValue::Bits(bits));
        let bit = labelled(&record, label);
        assert_eq!((bit.mask, &bit.value), (Some(mask), &FieldValue::Flag(true)));
        assert!(!bit.meaning.is_empty());
    }
}

#[test]
fn rsv1_marks_a_compressed_message_where_that_was_agreed_on() {
    let records = dissect(&with_extension(
        "permessage-deflate",
        &[
            (ToServer, [masked(0xC1, &HELLO), masked(0x81, b"plain"), masked(0x89, b"")].concat()),
            (ToClient, [unmasked(0x41, &HELLO[..3]), unmasked(0x80, &HELLO[3..])].concat()),
        ],
    ));
    let [_, _, whole, uncompressed, ping, first, last] = &records[..] else { panic!("{} records", records.len()) };
    assert_field(whole, "websocket.rsv", 0..1, Some(0x70), &FieldValue::Bits(4));
    assert_field(whole, "websocket.pmc", 0..1, Some(0x40), &FieldValue::Flag(true));
    assert_eq!(labelled(whole, "Compressed").value, bytes(&HELLO));
    assert_field(uncompressed, "websocket.pmc", 0..1, Some(0x40), &FieldValue::Flag(false));
    assert_field(uncompressed, "websocket.payload.text", 6..11, None, &text("plain"));
    assert_field(ping, "websocket.pmc", 0..1, Some(0x40), &FieldValue::Flag(false));
    assert_field(first, "websocket.pmc", 0..1, Some(0x40), &FieldValue::Flag(true));
    assert_eq!(labelled(last, "Compressed").value, bytes(&HELLO), "both fragments");
    assert!(records.iter().all(|record| record.findings.is_empty()), "compressed bytes are not validated as text");
}

#[test]
fn a_large_payload_is_shown_by_its_beginning() {
    let options = Options { payload_bytes: 200, ..Options::default() };
    let conversation = || Conversation::after_handshake(options.clone());
    let record = only(dissect_with(conversation(), &[(ToServer, masked(0x82, &[7; 1000]))]));
    assert_eq!((record.length, record.bytes.len()), (1008, 208));
    assert_eq!(field(&record, "data.data").value, FieldValue::Bytes { bytes: vec![7; 200], left_out: 800 });
    assert_eq!(field(&record, "websocket.payload").range, 8..1008, "the range covers the whole payload");

    // The limit cuts a character in two, but this does not count as an error in the text.
    let euros = "€".repeat(100);
    let record = only(dissect_with(conversation(), &[(ToClient, unmasked(0x81, euros.as_bytes()))]));
    let expected = FieldValue::Text { text: "€".repeat(66), left_out: 102 };
    assert_eq!(field(&record, "websocket.payload.text").value, expected);
    assert_eq!(record.findings, []);
}

#[test]
fn the_payload_of_a_control_frame_is_shown_in_full_whatever_the_limit() {
    let options = Options { payload_bytes: 1, ..Options::default() };
    let record = only(dissect_with(Conversation::after_handshake(options), &[(ToServer, masked(0x89, &[7; 125]))]));
    assert_eq!(record.bytes.len() as u64, record.length);
}

#[test]
fn an_incomplete_frame_is_dissected_as_far_as_it_has_arrived() {
    let wire = masked(0x81, &[b'x'; 300]);
    let mut conversation = Conversation::after_handshake(Options::default());
    assert_eq!(conversation.partial(ToServer), None, "no frame has begun");
    let mut names = Vec::new();
    for (at, byte) in wire[..10].iter().enumerate() {
        conversation.push(ToServer, &[*byte], None, &mut |_| panic!("no frame is complete"));
        let record = conversation.partial(ToServer).expect("a frame has begun");
        assert_eq!((record.length, record.complete), (at as u64 + 1, false));
        names.push(record.fields.last().and_then(|field| field.term.name).unwrap_or_default());
    }
    assert_eq!(
        names,
        [
            "websocket.opcode",
            "websocket.payload_length",
            "websocket.payload_length_ext_16",
            "websocket.payload_length_ext_16",
            "websocket.masking_key",
            "websocket.masking_key",
            "websocket.masking_key",
            "websocket.masking_key",
            "websocket.payload",
            "websocket.payload",
        ]
    );
    assert_eq!(conversation.partial(ToClient), None);

    let mut records = Vec::new();
    conversation.end(ToServer, None, &mut |record| records.push(record));
    let record = only(records);
    assert!(!record.complete, "the stream ended within the frame");
    assert_eq!(labelled(&record, "Fragment").value, text("xx"));
}

#[test]
fn offsets_count_the_bytes_of_one_direction() {
    let records = after_handshake(&[
        (ToServer, masked(0x81, b"a")),
        (ToClient, unmasked(0x81, b"b")),
        (ToServer, masked(0x81, b"cd")),
        (ToServer, masked(0x81, b"e")),
    ]);
    assert_eq!(records.iter().map(|record| record.offset).collect::<Vec<_>>(), [0, 0, 7, 15]);
    assert_eq!(records.iter().map(|record| record.number).collect::<Vec<_>>(), [0, 1, 2, 3]);
}

#[test]
fn the_innermost_field_of_a_byte_is_found() {
    let record = from_client(masked(0x88, b"\x03\xE8bye"));
    let name = |position| record.field_at(position).and_then(|field| field.term.name);
    assert_eq!(name(0), Some("websocket.fin"));
    assert_eq!(name(3), Some("websocket.masking_key"));
    assert_eq!(name(7), Some("websocket.masked_payload"));
    assert_eq!(name(11), None, "after the frame");
}
