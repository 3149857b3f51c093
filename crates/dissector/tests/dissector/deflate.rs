//! Compressed messages (permessage-deflate, RFC 7692): the inflated text or bytes, and the errors.

use dissector::{
    BrokenRule, Conversation,
    Direction::{self, ToClient, ToServer},
    FieldValue, Options, Record, render,
};
use protocol::{HandshakeViolation, Limits, RfcSection, Violation, frame::Opcode};

use crate::common::{
    HELLO, HELLO_AGAIN, KEY, REQUEST, RESPONSE, after_handshake, bytes, deflater, dissect, dissect_with, field, frame,
    handshake_violation, labelled, masked, only, rules, sent, text, unmasked, violations, with_extension, with_line,
};

/// Both ends may refer to earlier messages.
const TAKEOVER: &str = "permessage-deflate";

/// Neither end may refer to earlier messages.
const NO_TAKEOVER: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

/// Dissects frames after a handshake that agreed on `element`. Returns the records of the frames.
fn frames(element: &str, frames: &[(Direction, Vec<u8>)]) -> Vec<Record> {
    dissect(&with_extension(element, frames)).split_off(2)
}

/// Dissects frames from the client with these first bytes and payloads.
fn client_frames(element: &str, payloads: &[(u8, &[u8])]) -> Vec<Record> {
    let all: Vec<_> = payloads.iter().map(|(first, payload)| sent(ToServer, *first, payload)).collect();
    frames(element, &all)
}

fn summaries(records: &[Record]) -> Vec<&str> {
    records.iter().map(|record| record.summary.as_str()).collect()
}

/// Asserts that a frame breaks no rule and completes a message with this text.
#[track_caller]
fn assert_text(record: &Record, expected: &str) {
    assert_eq!(field(record, "websocket.payload.text").value, text(expected), "{}", record.summary);
    assert_eq!(record.findings, [], "{}", record.summary);
}

#[test]
fn a_compressed_text_is_shown_inflated() {
    let record = &client_frames(TAKEOVER, &[(0xC1, &HELLO)])[0];
    let compressed = labelled(record, "Compressed");
    assert_eq!((&compressed.value, compressed.derived), (&bytes(&HELLO), false));
    let inflated = field(record, "websocket.payload.text");
    assert_eq!(inflated.value, text("Hello"));
    // The frame does not contain the bytes of the text: it is derived from the payload.
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
fn without_takeover_a_message_that_refers_to_an_earlier_one_is_invalid() {
    for (element, direction) in [
        ("permessage-deflate; client_no_context_takeover", ToServer),
        ("permessage-deflate; server_no_context_takeover", ToClient),
    ] {
        let opposite = direction.opposite();
        let records = frames(
            element,
            &[
                sent(direction, 0xC1, &HELLO),
                sent(direction, 0xC1, &HELLO_AGAIN),
                sent(direction, 0xC1, &HELLO),
                sent(opposite, 0xC1, &HELLO),
                sent(opposite, 0xC1, &HELLO_AGAIN),
            ],
        );
        assert_eq!(violations(&records[1]), [Violation::DeflateInvalid], "{element}");
        // The messages are independent of each other, so the next one can be inflated.
        assert_text(&records[2], "Hello");
        // The parameter applies to one direction only.
        assert_text(&records[4], "Hello");
    }
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
fn invalid_deflate_is_reported_at_its_bytes_and_inflated_as_far_as_possible() {
    for (payload, inflated) in [
        (&[0xFF, 0xFF, 0xFF][..], None),                  // a block of a type that does not exist
        (&HELLO_AGAIN, Some("H")),                        // a reference to bytes before the first message
        (&HELLO[..5], Some("Hell")),                      // truncated
        (b"Hello", None),                                 // not compressed
        (&[&HELLO[..], &[0xFF]].concat(), Some("Hello")), // followed by another byte
    ] {
        let record = &client_frames(TAKEOVER, &[(0xC1, payload)])[0];
        assert_eq!(violations(record), [Violation::DeflateInvalid], "{payload:02x?}");
        let finding = &record.findings[0];
        assert_eq!(finding.range, 6..6 + payload.len() as u64, "{payload:02x?}");
        assert_eq!(finding.rule.to_string(), "a compressed message is not valid DEFLATE (RFC 7692, section 7.2.2)");
        assert_eq!(finding.rule.section(), Some(RfcSection { rfc: 7692, section: "7.2.2" }));
        assert_eq!(labelled(record, "Compressed").value, bytes(payload));
        assert_eq!(record.field("websocket.payload.text"), None, "there is no whole message: {payload:02x?}");
        let found = record.walk().map(|(_, field)| field).find(|field| field.label == "Inflated");
        assert_eq!(found.map(|field| &field.value), inflated.map(text).as_ref(), "{payload:02x?}");
        assert!(record.summary.starts_with(&format!("Text, {} bytes that cannot be inflated", payload.len())));
    }
}

#[test]
fn after_invalid_deflate_no_message_that_may_refer_to_it_is_inflated() {
    let records = frames(
        TAKEOVER,
        &[
            sent(ToServer, 0xC1, &[0xFF]),
            sent(ToServer, 0xC1, &HELLO),
            sent(ToServer, 0x81, b"not compressed"),
            sent(ToClient, 0xC1, &HELLO),
        ],
    );
    assert_eq!(records[1].findings, [], "whether it breaks a rule cannot be known");
    assert_eq!(records[1].summary, "Text, 7 bytes not inflated: f2 48 cd c9 c9 07 00");
    assert_eq!(records[1].field("websocket.payload.text"), None);
    assert!(labelled(&records[1], "Compressed").meaning.contains("refer to messages before it"));
    assert_text(&records[2], "not compressed");
    assert_text(&records[3], "Hello");

    let records = client_frames(NO_TAKEOVER, &[(0x41, &[0xFF]), (0x80, &HELLO), (0xC1, &HELLO)]);
    assert_eq!(violations(&records[0]), [Violation::DeflateInvalid]);
    assert_eq!(records[1].findings, [], "the rule is reported once");
    assert_text(&records[2], "Hello");
}

#[test]
fn a_message_that_never_ended_leaves_nothing_in_the_next_one() {
    let twice = [(0x41, &HELLO[..3]), (0xC1, &HELLO[..])];
    let records = client_frames(NO_TAKEOVER, &twice);
    assert_eq!(violations(&records[1]), [Violation::MessageInsideMessage]);
    assert_eq!(field(&records[1], "websocket.payload.text").value, text("Hello"));
    let records = client_frames(TAKEOVER, &twice);
    assert_eq!(records[1].summary, "Text, 7 bytes not inflated: f2 48 cd c9 c9 07 00");
}

#[test]
fn a_bomb_is_inflated_up_to_the_limit_and_shown_by_its_beginning() {
    const LIMIT: usize = 1 << 20;
    let limits = Limits::DEFAULT.max_message_bytes(LIMIT);
    let options = Options { payload_bytes: 200, limits };
    // 64 MiB in 64 KiB, and one byte more than the limit.
    for (size, element) in [(64 << 20, TAKEOVER), (LIMIT + 1, NO_TAKEOVER)] {
        let bomb = deflater(ToClient, element).deflate(&vec![b'x'; size], true);
        let pieces = with_extension(
            element,
            &[sent(ToClient, 0xC1, &bomb), sent(ToClient, 0xC1, &HELLO), sent(ToClient, 0x81, b"on")],
        );
        let records = dissect_with(Conversation::new(options.clone()), &pieces).split_off(2);
        let record = &records[0];
        assert_eq!(violations(record), [Violation::MessageTooBig { limit: LIMIT }]);
        let payload_start = record.length - bomb.len() as u64;
        assert_eq!(record.findings[0].range, payload_start..record.length);
        let expected = FieldValue::Text { text: "x".repeat(200), left_out: LIMIT as u64 - 200 };
        assert_eq!(labelled(record, "Inflated").value, expected);
        assert_eq!(record.summary, format!("Text, {} bytes that inflate to too much: {}…", bomb.len(), "x".repeat(48)));
        assert!(labelled(record, "Compressed").meaning.contains("the limit of 1048576 bytes"));
        // The bomb was not inflated to its end, so messages that may refer to it cannot be
        // inflated.
        let next =
            if element == TAKEOVER { "7 bytes not inflated: f2 48 cd c9 c9 07 00" } else { "5 bytes from 7: Hello" };
        assert_eq!(records[1].summary, format!("Text, {next}"));
        assert_text(&records[2], "on");
    }
}

#[test]
fn the_limit_applies_to_the_inflated_message_not_to_its_payload() {
    let stored_block = |length: u16| {
        let letters = vec![b'x'; length.into()];
        [&[0x00][..], &length.to_le_bytes(), &(!length).to_le_bytes(), &letters, &[0x00]].concat()
    };
    let options = Options { limits: Limits::DEFAULT.max_message_bytes(100), ..Options::default() };
    for (length, expected) in [(100, vec![]), (101, vec![Violation::MessageTooBig { limit: 100 }])] {
        let pieces = with_extension(TAKEOVER, &[sent(ToServer, 0xC1, &stored_block(length))]);
        let records = dissect_with(Conversation::new(options.clone()), &pieces);
        assert_eq!(violations(&records[2]), expected, "{length} bytes");
    }
}

#[test]
fn rsv1_marks_the_first_frame_of_a_message_and_no_other() {
    let records = client_frames(TAKEOVER, &[(0x41, &HELLO[..3]), (0xC9, b"ping"), (0xC0, &HELLO[3..]), (0xC8, b"")]);
    assert_eq!(records[0].findings, []);
    for (record, opcode) in records[1..].iter().zip([Opcode::Ping, Opcode::Continuation, Opcode::Close]) {
        assert_eq!(violations(record), [Violation::CompressedBitMisplaced(opcode)]);
        let finding = &record.findings[0];
        assert_eq!(finding.range, 0..1);
        assert_eq!(finding.rule.section(), Some(RfcSection { rfc: 7692, section: "6.1" }));
    }
    assert!(records[2].findings[0].rule.to_string().contains("set on a Continuation frame"));
    // The rule is broken, but the content can still be read.
    assert_eq!(field(&records[1], "websocket.payload.ping").value, bytes(b"ping"));
    assert_eq!(field(&records[2], "websocket.payload.text").value, text("Hello"));
    // The other two bits have no meaning here either.
    let records = client_frames(TAKEOVER, &[(0xE1, &HELLO), (0xC3, b"")]);
    assert_eq!(violations(&records[0]), [Violation::ReservedBitsSet(0x20)]);
    assert_eq!(violations(&records[1]), [Violation::ReservedBitsSet(0x40), Violation::ReservedOpcode(3)]);
}

#[test]
fn rsv1_has_no_meaning_if_compression_was_not_agreed_on() {
    let offer = with_line(REQUEST, "Sec-WebSocket-Extensions: permessage-deflate");
    let declined = dissect(&[
        (ToServer, offer.into_bytes()),
        (ToClient, RESPONSE.into()),
        (ToServer, masked(0xC1, &HELLO)),
        (ToClient, unmasked(0xC1, b"plain")),
    ]);
    let not_observed = after_handshake(&[(ToServer, masked(0xC1, &HELLO)), (ToClient, unmasked(0xC1, b"plain"))]);
    for [first, second] in [[&declined[2], &declined[3]], [&not_observed[0], &not_observed[1]]] {
        assert_eq!(violations(first), [Violation::ReservedBitsSet(0x40), Violation::TextNotUtf8]);
        assert_eq!(violations(second), [Violation::ReservedBitsSet(0x40)]);
        assert_eq!(field(second, "websocket.payload.text").value, text("plain"));
        assert!(first.walk().all(|(_, field)| !["Compressed", "Inflated"].contains(&field.label.as_ref())));
    }
}

#[test]
fn a_text_has_to_be_utf_8_after_inflating_and_not_before() {
    let mut deflater = deflater(ToServer, TAKEOVER);
    let mut compressed = |message: &[u8]| deflater.deflate(message, true);
    let (bad, cut, good) = (compressed(b"ab\xFFcd"), compressed(b"ab\xE2\x82"), compressed("a\u{20AC}".as_bytes()));
    let binary = compressed(b"\xFF");
    let records = client_frames(TAKEOVER, &[(0xC1, &bad), (0xC1, &cut), (0xC1, &good), (0xC2, &binary)]);
    assert_eq!(violations(&records[0]), [Violation::TextNotUtf8]);
    // No single compressed byte can be blamed, so the finding covers the payload.
    assert_eq!(records[0].findings[0].range, 6..records[0].length);
    assert_eq!(records[0].findings[0].rule.section(), Some(RfcSection { rfc: 6455, section: "8.1" }));
    assert_eq!(field(&records[0], "websocket.payload.text").value, text("ab\u{FFFD}cd"));
    assert_eq!(violations(&records[1]), [Violation::TextNotUtf8]);
    assert_text(&records[2], "a\u{20AC}");
    assert_eq!(records[3].findings, [], "a binary message may contain any bytes");
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
fn after_an_invalid_response_to_the_offer_messages_are_still_inflated() {
    type Expected = fn(&HandshakeViolation) -> bool;
    let is_wrong_answer: Expected = |violation| matches!(violation, HandshakeViolation::DeflateAnswerWrong(_));
    let is_conflict: Expected = |violation| matches!(violation, HandshakeViolation::ExtensionConflict(_));
    let line = |element: &str| format!("Sec-WebSocket-Extensions: {element}");
    for (is_expected, section, offer, accepted) in [
        (is_wrong_answer, "7", "permessage-deflate", "permessage-deflate; x=1"),
        (is_wrong_answer, "7", "permessage-deflate", "permessage-deflate; client_max_window_bits=10"),
        (is_wrong_answer, "7", "permessage-deflate; server_max_window_bits=10", "permessage-deflate"),
        (
            is_wrong_answer,
            "7",
            "permessage-deflate; client_max_window_bits",
            "permessage-deflate; client_max_window_bits",
        ),
        (is_conflict, "5", "permessage-deflate, permessage-bzip2", "permessage-deflate, permessage-bzip2"),
    ] {
        let response = with_line(RESPONSE, &line(accepted));
        let line_start = response.find("Sec-WebSocket-Extensions").expect("the line was added") as u64;
        let records = dissect(&[
            (ToServer, with_line(REQUEST, &line(offer)).into_bytes()),
            (ToClient, response.clone().into_bytes()),
            sent(ToServer, 0xC1, &HELLO),
            sent(ToServer, 0xC1, &HELLO_AGAIN),
        ]);
        let violation = handshake_violation(&records[1]);
        assert!(is_expected(&violation), "{accepted}: {violation:?}");
        let finding = &records[1].findings[0];
        assert_eq!(finding.range, line_start..response.len() as u64 - 2, "{accepted}");
        assert_eq!(finding.rule.section(), Some(RfcSection { rfc: 7692, section }));
        assert_text(&records[2], "Hello");
        assert_text(&records[3], "Hello");
    }
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
