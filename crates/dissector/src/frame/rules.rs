//! The rules that a header can break. A receiver stops at the first; here all are named.

use std::ops::Range;

use protocol::{
    Violation,
    frame::{FrameHeader, LengthForm, Opcode},
};

use super::layout::{FIN, Layout, OPCODE};
use crate::{
    conversation::Shared,
    message::Coding,
    record::{Direction, Fault, Finding},
    stream::Frames,
};

/// Everything that is wrong with a header, given what came before it in the same direction.
pub(super) fn of_header(
    header: &[u8],
    layout: &Layout,
    direction: Direction,
    shared: &Shared,
    frames: &Frames,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut find = |range, fault| findings.push(Finding::new(range, fault));
    if frames.early {
        find(0..layout.header_length, Fault::BeforeAnswer);
    }
    if frames.closed {
        find(0..layout.header_length, Fault::AfterClose);
    }
    let unknown = layout.reserved().without(layout.reserved_known(shared));
    if !unknown.is_empty() {
        find(0..1, Fault::Violation(Violation::ReservedBitsSet(unknown.bits())));
    }
    if let Some(opcode) = layout.opcode()
        && layout.has_compressed_bit(shared)
        && !layout.is_compressed(shared)
    {
        find(0..1, Fault::Violation(Violation::CompressedBitMisplaced(opcode)));
    }
    for violation in of_any_header(header) {
        find(place(&violation, layout.form), Fault::Violation(violation));
    }
    match (direction, layout.key) {
        (Direction::ToServer, None) => find(1..2, Fault::Violation(Violation::UnmaskedFrame)),
        (Direction::ToClient, Some(_)) => find(1..2, Fault::Violation(Violation::MaskedFrame)),
        _ => {}
    }
    if let Some(violation) = of_sequence(layout, frames) {
        find(0..1, Fault::Violation(violation));
    }
    if let Some(violation) = of_size(layout, shared, frames) {
        find(place(&violation, layout.form), Fault::Violation(violation));
    }
    findings
}

/// What can be seen of a header before it is complete: some rules are broken by its first two bytes.
pub(super) fn of_part(header: &[u8]) -> Vec<Finding> {
    // Of the length only the seven bits count: what follows them has not come.
    let finding = |violation| Finding::new(place(&violation, LengthForm::Seven), Fault::Violation(violation));
    of_any_header(header).into_iter().map(finding).collect()
}

/// The rules that hold for every frame, whoever sends it. The protocol's parser names the first one that is broken; to hear
/// of the next it is asked again, with that fault mended.
fn of_any_header(header: &[u8]) -> Vec<Violation> {
    let mut header = header.to_vec();
    let mut violations = Vec::new();
    while let Err(violation) = FrameHeader::parse(&header) {
        match violation {
            Violation::ReservedOpcode(_) | Violation::ControlTooLong(_) => {
                header[0] = header[0] & !OPCODE | Opcode::Binary.bits();
            }
            Violation::FragmentedControl(_) => header[0] |= FIN,
            // What is left is the length, and a length is wrong in one way only.
            _ => {
                violations.push(violation);
                break;
            }
        }
        violations.push(violation);
    }
    violations
}

/// Whether the frame may stand here: messages do not overlap (RFC 6455, section 5.4).
fn of_sequence(layout: &Layout, frames: &Frames) -> Option<Violation> {
    match (layout.opcode()?, &frames.message) {
        (Opcode::Continuation, None) => Some(Violation::ContinuationOfNothing),
        (Opcode::Text | Opcode::Binary, Some(_)) => Some(Violation::MessageInsideMessage),
        _ => None,
    }
}

/// Whether a receiver with these limits would take it (RFC 6455, section 10.4).
fn of_size(layout: &Layout, shared: &Shared, frames: &Frames) -> Option<Violation> {
    let limits = &shared.options.limits;
    let length = layout.payload_length;
    // The size of a compressed message is not known from its headers: it is looked at while it is inflated.
    let (before, fragments) = match (layout.opcode()?, &frames.message) {
        (Opcode::Text | Opcode::Binary, _) => ((!layout.is_compressed(shared)).then_some(0), 0),
        (Opcode::Continuation, Some(message)) => {
            let is_plain = matches!(message.coding, Coding::Identity);
            (is_plain.then(|| message.payload.total()), message.fragments)
        }
        _ => return None,
    };
    if length > limits.max_frame_bytes as u64 {
        Some(Violation::FrameTooBig { length, limit: limits.max_frame_bytes })
    } else if before.is_some_and(|before| before.saturating_add(length) > limits.max_message_bytes as u64) {
        Some(Violation::MessageTooBig { limit: limits.max_message_bytes })
    } else if fragments >= limits.fragments {
        Some(Violation::TooManyFragments { limit: limits.fragments })
    } else {
        None
    }
}

/// The bytes that break a rule.
fn place(violation: &Violation, form: LengthForm) -> Range<u64> {
    match violation {
        Violation::LengthNotShortest(_)
        | Violation::LengthTopBitSet(_)
        | Violation::ControlTooLong(_)
        | Violation::FrameTooBig { .. }
        | Violation::MessageTooBig { .. } => 1..2 + form.extended_bytes() as u64,
        _ => 0..1,
    }
}
