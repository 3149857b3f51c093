//! Valid compressed messages: the inflated text or bytes.

use dissector::{
    BrokenRule, Conversation,
    Direction::{self, ToClient, ToServer},
    Options, Record, render,
};
use protocol::Violation;

use super::support::{NO_TAKEOVER, TAKEOVER, assert_text, client_frames, frames};
use crate::common::{
    HELLO, HELLO_AGAIN, KEY, REQUEST, RESPONSE, bytes, deflater, dissect, field, frame, labelled, masked, only, rules,
    sent, text, violations, with_extension, with_line,
};

fn summaries(records: &[Record]) -> Vec<&str> {
    records.iter().map(|record| record.summary.as_str()).collect()
}

#[test]
fn a_compressed_text_is_shown_inflated() {
    let record = &client_frames(TAKEOVER, &[(0xC1, &HELLO)])[0];
    let compressed = labelled(record, "Compressed");
    assert_eq!((&compressed.value, compressed.derived), (&bytes(&HELLO), false));
    let inflated = field(record, "websocket.payload.text");
    assert_eq!(inflated.value, text("Hello"));
    // The frame does not contain the bytes of the text, so the field is derived from the payload.
    assert!(inflated.derived);
    assert_eq!(inflated.range, 6..13);
    assert_eq!(inflated.meaning, "the message, inflated from 7 bytes to 5");
    let unmasked = &frames(TAKEOVER, &[sent(ToClient, 0xC1, &HELLO)])[0];
    assert_eq!(unmasked.field_at(4).map(|field| field.label.as_ref()), Some("Compressed"));
    assert_eq!(record.summary, "Text, 5 bytes from 7: Hello");

    let tree = render::tree(record);
    assert!(tree.contains("        Compressed: f248cdc9c90700\n            [Text: Hello]\n"), "{tree}");
    let dump = render::hex_dump(record, 16, false);
    assert!(dump.contains("[Text: Hello]"), "{dump}");
    let json = render::json(record);
    assert!(json.contains(r#""label":"Text","start":6,"end":13,"derived":true,"value":"Hello""#), "{json}");
}

#[test]
fn a_compressed_binary_message_is_shown_as_data() {
    let record = &client_frames(TAKEOVER, &[(0xC2, &HELLO)])[0];
    assert_eq!(field(record, "data.data").value, bytes(b"Hello"));
    assert_eq!(record.field("websocket.payload.text"), None);
    assert_eq!(record.summary, "Binary, 5 bytes from 7: Hello");
}

#[test]
fn a_message_may_refer_to_earlier_ones_of_its_direction() {
    let records = frames(
        TAKEOVER,
        &[
            sent(ToServer, 0xC1, &HELLO),
            // The server's messages cannot refer to the client's.
            sent(ToClient, 0xC1, &HELLO_AGAIN),
            sent(ToServer, 0x81, b"an uncompressed message, which is not referred to"),
            sent(ToServer, 0x89, b"ping"),
            sent(ToServer, 0xC1, &HELLO_AGAIN),
            sent(ToServer, 0xC1, &HELLO_AGAIN),
        ],
    );
    assert_text(&records[0], "Hello");
    assert_eq!(violations(&records[1]), [Violation::DeflateInvalid]);
    assert_text(&records[2], "an uncompressed message, which is not referred to");
    assert_text(&records[4], "Hello");
    assert_text(&records[5], "Hello");
}

#[test]
fn every_message_of_a_compressor_is_inflated_whatever_was_agreed_on() {
    for element in [
        TAKEOVER,
        NO_TAKEOVER,
        "permessage-deflate; server_max_window_bits=8; client_max_window_bits=8",
        "permessage-deflate; server_max_window_bits=15; client_max_window_bits=9; server_no_context_takeover",
    ] {
        for direction in Direction::BOTH {
            let mut deflater = deflater(direction, element);
            let messages: Vec<String> = (0..20).map(|number| format!("{number} of 20, ").repeat(number * 10)).collect();
            let all: Vec<_> = messages
                .iter()
                .map(|message| sent(direction, 0xC1, &deflater.deflate(message.as_bytes(), true)))
                .collect();
            for (record, message) in frames(element, &all).iter().zip(&messages) {
                assert_text(record, message);
            }
        }
    }
}

#[test]
fn a_message_may_consist_of_several_blocks_of_any_kind() {
    let records = client_frames(
        TAKEOVER,
        &[
            // The examples of RFC 7692, section 7.2.3: a block without compression, and two blocks.
            (0xC1, &[0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00]),
            (0xC1, &[0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00]),
            // BFINAL ends the DEFLATE stream, and the next one begins with an empty window.
            (0xC1, &[0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00]),
            (0xC1, &HELLO_AGAIN),
        ],
    );
    for record in &records[..3] {
        assert_text(record, "Hello");
    }
    assert_eq!(violations(&records[3]), [Violation::DeflateInvalid], "the window is empty");
}

#[test]
fn an_empty_message_inflates_to_nothing() {
    let records = client_frames(TAKEOVER, &[(0xC1, &[0x00]), (0xC1, b""), (0xC1, &HELLO)]);
    assert_text(&records[0], "");
    assert_eq!(records[1].field("websocket.payload"), None, "as in every frame without a payload");
    assert_text(&records[2], "Hello");
    assert_eq!(summaries(&records), ["Text, 0 bytes from 1", "Text, 0 bytes from 0", "Text, 5 bytes from 7: Hello"]);
}

#[test]
fn each_frame_shows_the_bytes_it_adds_and_the_last_one_shows_the_message() {
    let records = client_frames(
        TAKEOVER,
        &[
            (0x41, &HELLO[..3]),
            (0x89, b"ping"),
            (0x00, b""),
            (0x00, &HELLO[3..5]),
            (0x80, &HELLO[5..]),
            (0xC1, &HELLO_AGAIN),
        ],
    );
    assert_eq!(
        summaries(&records),
        [
            "Text, first fragment, 2 bytes from 3: He",
            "Ping, 4 bytes: ping",
            "Continuation, 0 bytes from 0",
            "Continuation, 2 bytes from 2: ll",
            "Continuation, last fragment, 1 byte from 2: o",
            "Text, 5 bytes from 5: Hello",
        ]
    );
    let (first, last) = (&records[0], &records[4]);
    assert_eq!(labelled(first, "Fragment").value, bytes(&HELLO[..3]));
    let added = labelled(first, "Inflated");
    assert_eq!((&added.value, added.derived, &added.range), (&text("He"), true, &(6..9)));
    assert_eq!(first.field("websocket.payload.text"), None, "the text is shown when it is complete");
    assert_eq!(labelled(last, "Inflated").value, text("o"));
    assert_eq!(labelled(last, "Compressed").value, bytes(&HELLO), "all fragments");
    assert_eq!(labelled(last, "Compressed").meaning, "the message, joined from 4 frames, compressed");
    assert_text(last, "Hello");
    assert!(records.iter().all(|record| record.findings.is_empty()));
}

#[test]
fn a_compressed_message_may_end_with_an_empty_frame() {
    let records = client_frames(TAKEOVER, &[(0x41, &HELLO), (0x80, b"")]);
    let message = labelled(&records[1], "Message");
    assert_eq!((&message.value, message.derived), (&text("Hello"), true));
    // Without its last byte the message is incomplete.
    let records = client_frames(TAKEOVER, &[(0x41, &HELLO[..6]), (0x80, b"")]);
    assert_eq!(violations(&records[1]), [Violation::DeflateInvalid]);
    assert_eq!(records[1].findings[0].range, 5..6);
    assert_eq!(labelled(&records[1], "Inflated").value, text("Hello"));
}

#[test]
fn a_character_may_be_cut_by_compressed_fragments() {
    let mut deflater = deflater(ToClient, TAKEOVER);
    let [first, last] = [deflater.deflate(b"\xE2\x82", false), deflater.deflate(b"\xAC", true)];
    let records = frames(TAKEOVER, &[sent(ToClient, 0x41, &first), sent(ToClient, 0x80, &last)]);
    assert_eq!(records[0].findings, []);
    assert_text(&records[1], "\u{20AC}");
}

#[test]
fn a_valid_response_to_any_of_the_offers_is_accepted() {
    for (offer, accepted) in [
        ("permessage-deflate; client_max_window_bits", "permessage-deflate; client_max_window_bits=8"),
        ("permessage-deflate", "permessage-deflate; server_max_window_bits=12; client_no_context_takeover"),
        ("permessage-deflate; server_max_window_bits=10, permessage-deflate", "permessage-deflate"),
        // An offer with an unknown parameter counts as if it had not been made.
        ("permessage-deflate; y, permessage-deflate", "permessage-deflate; server_no_context_takeover"),
    ] {
        let head = |head, element: &str| with_line(head, &format!("Sec-WebSocket-Extensions: {element}")).into_bytes();
        let records = dissect(&[(ToServer, head(REQUEST, offer)), (ToClient, head(RESPONSE, accepted))]);
        assert_eq!(records[1].findings, [], "{accepted}");
    }
}

#[test]
fn frames_before_the_response_are_inflated_once_it_has_arrived() {
    let mut pieces = with_extension(TAKEOVER, &[]);
    pieces[0].1.extend(masked(0xC1, &HELLO));
    let records = dissect(&pieces);
    assert_eq!(rules(&records[2]), [BrokenRule::BeforeResponse]);
    assert_eq!(field(&records[2], "websocket.payload.text").value, text("Hello"));
}

#[test]
fn an_incomplete_compressed_frame_shows_the_bytes_it_has_added() {
    let mut conversation = Conversation::new(Options::default());
    for (direction, bytes) in with_extension(TAKEOVER, &[]) {
        conversation.push(direction, &bytes, None, &mut |_| {});
    }
    let (_, frame) = sent(ToClient, 0xC1, &HELLO);
    conversation.push(ToClient, &frame[..7], None, &mut |_| panic!("the frame is not complete"));
    let record = conversation.partial(ToClient).expect("a frame has begun");
    assert_eq!(labelled(&record, "Inflated").value, text("Hell"));
    // The finding covers the bytes that have arrived.
    let invalid = compressed_frame(&[0xFF; 20]);
    conversation.push(ToServer, &invalid[..10], None, &mut |_| panic!("the frame is not complete"));
    let record = conversation.partial(ToServer).expect("a frame has begun");
    assert_eq!((violations(&record), &record.findings[0].range), (vec![Violation::DeflateInvalid], &(6..10)));
}

fn compressed_frame(payload: &[u8]) -> Vec<u8> {
    frame(0xC1, payload, Some(KEY))
}

#[test]
fn later_messages_may_refer_to_messages_that_were_only_counted() {
    let mut conversation = Conversation::new(Options::default());
    let mut records = Vec::new();
    for (direction, bytes) in with_extension(TAKEOVER, &[]) {
        conversation.push(direction, &bytes, None, &mut |_| {});
    }
    let passed = conversation.pass(ToServer, &compressed_frame(&HELLO), None, &mut |record| records.push(record));
    assert_eq!((passed.units, records.len()), (1, 0));
    conversation.push(ToServer, &compressed_frame(&HELLO_AGAIN), None, &mut |record| records.push(record));
    assert_text(&only(records), "Hello");
}
