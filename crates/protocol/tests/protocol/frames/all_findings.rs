//! The rules for a header when the caller collects every finding, as the dissector does.

use std::ops::ControlFlow;

use protocol::{
    Limits, Role, Violation,
    frame::{
        Opcode, RawHeader, ReservedBits,
        rules::{self, HeaderContext},
    },
};
use testkit::hex::hex;

/// Returns every rule that a client's header breaks if it arrives between two messages while
/// compression is in use.
fn findings(header: &str) -> Vec<Violation> {
    let header = RawHeader::read(&hex(header)).unwrap();
    let limits = Limits::default();
    let context =
        HeaderContext { receiver: Role::Server, negotiated: ReservedBits::RSV1, open_message: None, limits: &limits };
    let mut findings = Vec::new();
    let ControlFlow::Continue(()) = rules::check(&header, &context, |violation| {
        findings.push(violation);
        ControlFlow::<std::convert::Infallible>::Continue(())
    });
    findings
}

#[test]
fn a_reserved_bit_without_a_meaning_is_one_finding() {
    assert_eq!(findings("c1 80 00000000"), [], "RSV1 marks a compressed message");
    assert_eq!(findings("a1 80 00000000"), [Violation::ReservedBitsSet(0x20)]);
    assert_eq!(findings("a9 80 00000000"), [Violation::ReservedBitsSet(0x20)]);
}

#[test]
fn the_bit_of_compressed_messages_is_misplaced_on_a_control_frame() {
    assert_eq!(findings("c9 80 00000000"), [Violation::CompressedBitMisplaced(Opcode::Ping)]);
    assert_eq!(
        findings("e9 80 00000000"),
        [Violation::ReservedBitsSet(0x20), Violation::CompressedBitMisplaced(Opcode::Ping)]
    );
}
