//! The rules of frames.

use dissector::{
    BrokenRule, Conversation,
    Direction::{ToClient, ToServer},
    Options, RecordKind,
};
use protocol::{
    CloseCode, Limits, Violation,
    frame::{LengthForm, Opcode},
};

use super::support::assert_broken;
use crate::common::{
    KEY, REQUEST, RESPONSE, after_handshake, dissect, dissect_with, field, frame_with_form, from_client, from_server,
    masked, number, rules, unmasked, violations,
};

#[test]
fn rules_of_every_frame() {
    let code = |code| Violation::CloseCodeInvalid(CloseCode(code));
    let five_in = |form| frame_with_form(0x82, b"Hello", Some(KEY), form);
    for (name, frame, violation, range) in [
        ("RSV1", masked(0xC1, b"x"), Violation::ReservedBitsSet(0x40), 0..1),
        ("RSV2 and RSV3", masked(0xB2, b"x"), Violation::ReservedBitsSet(0x30), 0..1),
        ("opcode 3", masked(0x83, b"x"), Violation::ReservedOpcode(0x3), 0..1),
        ("opcode B", masked(0x8B, b"x"), Violation::ReservedOpcode(0xB), 0..1),
        ("5 in 16 bits", five_in(LengthForm::Sixteen), Violation::LengthNotShortest(5), 1..4),
        ("5 in 64 bits", five_in(LengthForm::SixtyFour), Violation::LengthNotShortest(5), 1..10),
        ("a Ping without FIN", masked(0x09, b"x"), Violation::FragmentedControl(Opcode::Ping), 0..1),
        ("a Ping of 126 bytes", masked(0x89, &[0; 126]), Violation::ControlTooLong(Opcode::Ping), 1..4),
        ("no mask", unmasked(0x81, b"x"), Violation::UnmaskedFrame, 1..2),
        ("continuation", masked(0x80, b"x"), Violation::ContinuationOfNothing, 0..1),
        ("half a code", masked(0x88, b"\x03"), Violation::CloseBodyOneByte, 6..7),
        ("code 1005", masked(0x88, b"\x03\xED"), code(1005), 6..8),
        ("code 0", masked(0x88, b"\x00\x00why"), code(0), 6..8),
        ("a reason in Latin-1", masked(0x88, b"\x03\xE8gr\xFC\xDFe"), Violation::CloseReasonNotUtf8, 8..13),
        ("FF in a text", masked(0x81, b"ab\xFFcd"), Violation::TextNotUtf8, 8..9),
        ("half a character", masked(0x81, b"ab\xE2\x82"), Violation::TextNotUtf8, 9..10),
    ] {
        let record = from_client(frame.clone());
        assert_eq!((record.complete, record.length), (true, frame.len() as u64), "{name}");
        assert_broken(&[record], &BrokenRule::Violation(violation), range);
    }
    let record = from_server(masked(0x81, b"x"));
    assert_broken(&[record], &BrokenRule::Violation(Violation::MaskedFrame), 1..2);
}

#[test]
fn a_frame_whose_length_has_the_top_bit_set_is_dissected_as_far_as_it_has_arrived() {
    let wire = [0x82, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, b'a', b'b'];
    let record = from_server(wire.to_vec());
    assert_eq!((record.complete, record.length), (false, 12));
    assert_eq!(field(&record, "websocket.payload_length_ext_64").value, number(u64::MAX));
    let too_big = Violation::FrameTooBig { length: u64::MAX, limit: Limits::DEFAULT.max_frame_bytes };
    assert_eq!(violations(&record), [Violation::LengthTopBitSet(u64::MAX), too_big]);
}

#[test]
fn all_rules_that_one_header_breaks_are_reported() {
    // FIN missing, all reserved bits set, opcode A, no mask, and a length of 5 in 64 bits.
    let record = from_client(frame_with_form(0x7A, b"Hello", None, LengthForm::SixtyFour));
    assert_eq!(
        violations(&record),
        [
            Violation::ReservedBitsSet(0x70),
            Violation::FragmentedControl(Opcode::Pong),
            Violation::ControlTooLong(Opcode::Pong),
            Violation::LengthNotShortest(5),
            Violation::UnmaskedFrame,
        ]
    );
}

#[test]
fn rules_between_frames() {
    let violation = BrokenRule::Violation;
    for (rule, frames, range) in [
        (violation(Violation::MessageInsideMessage), [masked(0x01, b"a"), masked(0x81, b"b")], 0..1),
        (violation(Violation::MessageInsideMessage), [masked(0x02, b"a"), masked(0x01, b"b")], 0..1),
        (violation(Violation::ContinuationOfNothing), [masked(0x81, b"a"), masked(0x80, b"b")], 0..1),
        (violation(Violation::TextNotUtf8), [masked(0x01, b"\xE2\x82"), masked(0x80, b"(")], 6..7),
        (violation(Violation::TextNotUtf8), [masked(0x01, b"\xE2"), masked(0x80, b"")], 5..6),
        (BrokenRule::AfterClose, [masked(0x88, b""), masked(0x81, b"b")], 0..6),
        (BrokenRule::AfterClose, [masked(0x88, b"\x03\xE8"), masked(0x88, b"\x03\xE8")], 0..6),
    ] {
        assert_broken(&after_handshake(&frames.map(|frame| (ToServer, frame))), &rule, range);
    }
}

#[test]
fn an_invalid_text_is_reported_once_and_the_next_one_is_validated_again() {
    let frames = [masked(0x01, b"\xFF"), masked(0x00, b"\xFF"), masked(0x80, b"\xFF"), masked(0x81, b"\xFF")];
    let records = after_handshake(&[(ToServer, frames.concat())]);
    let found: Vec<_> = records.iter().map(violations).collect();
    assert_eq!(found, [vec![Violation::TextNotUtf8], vec![], vec![], vec![Violation::TextNotUtf8]]);
}

#[test]
fn the_limits_are_those_of_the_options() {
    let limits = Limits::DEFAULT.max_frame_bytes(10).max_message_bytes(15).max_fragments(2);
    let options = Options { limits, ..Options::default() };
    for (violation, frames, range) in [
        (Violation::FrameTooBig { length: 11, limit: 10 }, vec![masked(0x82, &[0; 11])], 1..2),
        (Violation::MessageTooBig { limit: 15 }, vec![masked(0x02, &[0; 10]), masked(0x80, &[0; 6])], 1..2),
        (Violation::TooManyFragments { limit: 2 }, vec![masked(0x02, b""), masked(0x00, b""), masked(0x80, b"")], 0..1),
    ] {
        let pieces: Vec<_> = frames.into_iter().map(|frame| (ToServer, frame)).collect();
        let records = dissect_with(Conversation::after_handshake(options.clone()), &pieces);
        assert_broken(&records, &BrokenRule::Violation(violation), range);
    }
}

#[test]
fn a_client_that_does_not_wait_for_the_response_breaks_a_rule() {
    let early = [REQUEST.as_bytes(), &masked(0x81, b"early"), &masked(0x81, b"too")].concat();
    let records =
        dissect(&[(ToServer, early), (ToClient, RESPONSE.as_bytes().to_vec()), (ToServer, masked(0x81, b"late"))]);
    let kinds: Vec<_> = records.iter().map(|record| (record.kind, rules(record))).collect();
    assert_eq!(
        kinds,
        [
            (RecordKind::Request, vec![]),
            (RecordKind::Response, vec![]),
            (RecordKind::Frame, vec![BrokenRule::BeforeResponse]),
            (RecordKind::Frame, vec![]),
            (RecordKind::Frame, vec![]),
        ]
    );
}
