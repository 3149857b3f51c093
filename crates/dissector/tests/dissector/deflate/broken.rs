//! Broken rules of compression, and messages that cannot be inflated.

use dissector::{
    Conversation,
    Direction::{ToClient, ToServer},
    FieldValue, Options,
};
use protocol::{HandshakeViolation, Limits, RfcSection, Violation, frame::Opcode};

use super::support::{NO_TAKEOVER, TAKEOVER, assert_text, client_frames, frames};
use crate::common::{
    HELLO, HELLO_AGAIN, REQUEST, RESPONSE, after_handshake, bytes, deflater, dissect, dissect_with, field,
    handshake_violation, labelled, masked, sent, text, unmasked, violations, with_extension, with_line,
};

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
    let options = Options { payload_bytes: 200, limits, ..Options::default() };
    // A bomb that packs 64 MiB into 64 KiB, and a message that exceeds the limit by one byte.
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
    // The other two reserved bits have no meaning here either.
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
