//! The names, sentences and sections of broken rules.

use dissector::{
    BrokenRule,
    Direction::{ToClient, ToServer},
};
use protocol::{CloseCode, HandshakeViolation, RfcSection, Role, Violation, frame::Opcode};

use crate::common::{after_handshake, from_client, masked, unmasked};

#[test]
fn each_finding_names_the_section_of_its_rule() {
    let record = from_client(unmasked(0x81, b"x"));
    let rule = &record.findings[0].rule;
    assert_eq!(rule.to_string(), "a client's frames must be masked (RFC 6455, section 5.1)");
    assert_eq!(rule.section(), Some(RfcSection { rfc: 6455, section: "5.1" }));
    let records = after_handshake(&[(ToServer, masked(0x88, b"")), (ToServer, masked(0x89, b""))]);
    let rule = &records[1].findings[0].rule;
    assert_eq!(rule.to_string(), "nothing may follow a Close frame (RFC 6455, section 5.5.1)");
    assert_eq!(rule.section(), Some(RfcSection { rfc: 6455, section: "5.5.1" }));
}

#[test]
fn each_broken_rule_has_a_name_in_one_word() {
    let named = |violation| BrokenRule::Violation(violation).name();
    assert_eq!(named(Violation::UnmaskedFrame), "UnmaskedFrame");
    assert_eq!(named(Violation::ReservedBitsSet(0x40)), "ReservedBitsSet");
    assert_eq!(named(Violation::MessageTooBig { limit: 1 }), "MessageTooBig");
    assert_eq!(BrokenRule::Handshake(HandshakeViolation::HostNotOnce).name(), "HostNotOnce");
    assert_eq!(BrokenRule::AfterClose.name(), "AfterClose");
}

#[test]
fn a_rule_about_one_of_several_fields_in_a_byte_names_its_field() {
    let field = |violation| BrokenRule::Violation(violation).field();
    assert_eq!(field(Violation::MaskedFrame), Some("websocket.mask"));
    assert_eq!(field(Violation::LengthNotShortest(5)), Some("websocket.payload_length"));
    assert_eq!(field(Violation::ReservedBitsSet(0x40)), Some("websocket.rsv"));
    assert_eq!(field(Violation::CompressedBitMisplaced(Opcode::Ping)), Some("websocket.pmc"));
    assert_eq!(field(Violation::ReservedOpcode(3)), Some("websocket.opcode"));
    assert_eq!(field(Violation::FragmentedControl(Opcode::Ping)), Some("websocket.fin"));
    assert_eq!(field(Violation::LengthTopBitSet(u64::MAX)), Some("websocket.payload_length_ext_64"));
    assert_eq!(field(Violation::CloseCodeInvalid(CloseCode(1005))), Some("websocket.payload.close.status_code"));
    assert_eq!(field(Violation::TextNotUtf8), None, "the bytes tell");
}

#[test]
fn the_receiver_of_a_direction_is_the_other_end() {
    assert_eq!(ToServer.receiver(), Role::Server);
    assert_eq!(ToClient.receiver(), Role::Client);
}
