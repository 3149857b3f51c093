//! The rules that a header can break. A receiver stops at the first one; this module reports them all.

use std::ops::Range;

use protocol::{
    Violation,
    frame::{FrameHeader, LengthForm, Opcode},
};

use super::layout::{FIN, Layout, OPCODE};
use crate::{
    context::{ConnectionContext, DirectionContext},
    message::MessageCoding,
    record::{BrokenRule, Direction, Finding},
};

/// Returns all rules that a complete header breaks, given the earlier frames of its direction.
pub(super) fn check_header(
    header: &[u8],
    layout: &Layout,
    direction: Direction,
    context: &ConnectionContext,
    frames: &DirectionContext,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut report = |range, rule| findings.push(Finding::new(range, rule));
    if frames.before_response {
        report(0..layout.header_length, BrokenRule::BeforeResponse);
    }
    if frames.closed {
        report(0..layout.header_length, BrokenRule::AfterClose);
    }
    let in_use = context.reserved_bits_in_use();
    let unknown = layout.reserved().without(layout.known_reserved_bits(in_use));
    if !unknown.is_empty() {
        report(0..1, BrokenRule::Violation(Violation::ReservedBitsSet(unknown.bits())));
    }
    if let Some(opcode) = layout.opcode()
        && layout.has_compressed_bit(in_use)
        && !layout.begins_compressed_message(in_use)
    {
        report(0..1, BrokenRule::Violation(Violation::CompressedBitMisplaced(opcode)));
    }
    for violation in check_without_context(header) {
        report(range_of(&violation, layout.form), BrokenRule::Violation(violation));
    }
    match (direction, layout.key) {
        (Direction::ToServer, None) => report(1..2, BrokenRule::Violation(Violation::UnmaskedFrame)),
        (Direction::ToClient, Some(_)) => report(1..2, BrokenRule::Violation(Violation::MaskedFrame)),
        _ => {}
    }
    if let Some(violation) = check_sequence(layout, frames) {
        report(0..1, BrokenRule::Violation(violation));
    }
    if let Some(violation) = check_size(layout, context, frames) {
        report(range_of(&violation, layout.form), BrokenRule::Violation(violation));
    }
    findings
}

/// Returns the rules that an incomplete header breaks: the first two bytes are enough for some rules.
pub(super) fn check_partial_header(header: &[u8]) -> Vec<Finding> {
    // The extended length has not come yet, so findings about the length cover the second byte only.
    let finding = |violation| Finding::violation(range_of(&violation, LengthForm::Seven), violation);
    check_without_context(header).into_iter().map(finding).collect()
}

/// Returns the broken rules that depend on neither the sender nor the earlier frames. The protocol's
/// parser stops at the first broken rule, so each error is repaired and the parser called again.
fn check_without_context(header: &[u8]) -> Vec<Violation> {
    let mut header = header.to_vec();
    let mut violations = Vec::new();
    while let Err(violation) = FrameHeader::parse(&header) {
        match violation {
            Violation::ReservedOpcode(_) | Violation::ControlTooLong(_) => {
                header[0] = header[0] & !OPCODE | Opcode::Binary.bits();
            }
            Violation::FragmentedControl(_) => header[0] |= FIN,
            // Only the length is left, and it can break only one rule.
            _ => {
                violations.push(violation);
                break;
            }
        }
        violations.push(violation);
    }
    violations
}

/// Checks the order of fragments: messages do not overlap (RFC 6455, section 5.4).
fn check_sequence(layout: &Layout, frames: &DirectionContext) -> Option<Violation> {
    match (layout.opcode()?, &frames.message) {
        (Opcode::Continuation, None) => Some(Violation::ContinuationOfNothing),
        (Opcode::Text | Opcode::Binary, Some(_)) => Some(Violation::MessageInsideMessage),
        _ => None,
    }
}

/// Checks the limits of the receiver (RFC 6455, section 10.4).
fn check_size(layout: &Layout, context: &ConnectionContext, frames: &DirectionContext) -> Option<Violation> {
    let limits = &context.options.limits;
    let length = layout.payload_length;
    // The headers do not tell the size of a compressed message: it is checked as the message is
    // inflated.
    let (size_so_far, fragments) = match (layout.opcode()?, &frames.message) {
        (Opcode::Text | Opcode::Binary, _) => {
            let is_compressed = layout.begins_compressed_message(context.reserved_bits_in_use());
            ((!is_compressed).then_some(0), 0)
        }
        (Opcode::Continuation, Some(message)) => {
            let is_plain = matches!(message.coding, MessageCoding::Identity);
            (is_plain.then(|| message.payload.total()), message.fragments)
        }
        _ => return None,
    };
    if length > limits.max_frame_bytes as u64 {
        Some(Violation::FrameTooBig { length, limit: limits.max_frame_bytes })
    } else if size_so_far.is_some_and(|size| size.saturating_add(length) > limits.max_message_bytes as u64) {
        Some(Violation::MessageTooBig { limit: limits.max_message_bytes })
    } else if fragments >= limits.fragments {
        Some(Violation::TooManyFragments { limit: limits.fragments })
    } else {
        None
    }
}

/// Returns the bytes of a header that break the rule.
fn range_of(violation: &Violation, form: LengthForm) -> Range<u64> {
    match violation {
        Violation::LengthNotShortest(_)
        | Violation::LengthTopBitSet(_)
        | Violation::ControlTooLong(_)
        | Violation::FrameTooBig { .. }
        | Violation::MessageTooBig { .. } => 1..2 + form.extended_bytes() as u64,
        _ => 0..1,
    }
}
