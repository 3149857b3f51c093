//! The rules that a header can break. A receiver stops at the first broken rule, but this module
//! reports every broken rule.
//!
//! Most of the rules are checked by [`protocol::frame::rules`]. This module adds the range of the
//! bytes that break each rule, and checks two more rules: no frame may come before the response or
//! after a Close frame.

use std::{
    convert::Infallible,
    ops::{ControlFlow, Range},
};

use protocol::{
    Violation,
    frame::{
        LengthForm, RawHeader,
        rules::{self, HeaderContext, OpenMessageInfo},
    },
};

use crate::{
    context::{ConnectionContext, DirectionContext},
    message::{MessageCoding, MessageInProgress},
    record::{BrokenRule, Direction, Finding},
};

/// Returns all rules that a complete header breaks, given the earlier frames of its direction.
pub(super) fn check_header(
    header: &RawHeader,
    direction: Direction,
    context: &ConnectionContext,
    frames: &DirectionContext,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let whole_header = 0..header.header_len() as u64;
    if frames.before_response {
        findings.push(Finding::new(whole_header.clone(), BrokenRule::BeforeResponse));
    }
    if frames.closed {
        findings.push(Finding::new(whole_header, BrokenRule::AfterClose));
    }
    let header_context = HeaderContext {
        receiver: direction.receiver(),
        negotiated: context.reserved_bits_in_use(),
        open_message: frames.message.as_ref().map(open_message_info),
        limits: &context.options.limits,
    };
    let mut violations = Vec::new();
    let ControlFlow::Continue(()) = rules::check(header, &header_context, |violation| add(&mut violations, violation));
    // The reserved bits come before the opcode and the length in the header, so report their
    // violations first.
    violations.sort_by_key(|violation| {
        !matches!(violation, Violation::ReservedBitsSet(_) | Violation::CompressedBitMisplaced(_))
    });
    let finding = |violation| Finding::violation(range_of(&violation, header.length_form), violation);
    findings.extend(violations.into_iter().map(finding));
    findings
}

/// Returns the rules that an incomplete header is already known to break. Some rules can be checked
/// as soon as the first two bytes have arrived.
pub(super) fn check_partial_header(header: &[u8]) -> Vec<Finding> {
    let &[first, second, ..] = header else { return Vec::new() };
    let mut violations = Vec::new();
    let ControlFlow::Continue(()) =
        rules::check_first_bytes(first, second, |violation| add(&mut violations, violation));
    // The extended length may not have arrived yet, so findings about the length cover only the
    // second byte.
    let finding = |violation| Finding::violation(range_of(&violation, LengthForm::Seven), violation);
    violations.into_iter().map(finding).collect()
}

/// Adds a violation to the list, and lets the check continue so that further violations are found.
fn add(violations: &mut Vec<Violation>, violation: Violation) -> ControlFlow<Infallible> {
    violations.push(violation);
    ControlFlow::Continue(())
}

fn open_message_info(message: &MessageInProgress) -> OpenMessageInfo {
    let len = match message.coding {
        MessageCoding::Identity => Some(message.payload.total()),
        MessageCoding::Deflate { .. } => None,
    };
    OpenMessageInfo { len, fragments: message.fragments }
}

/// Returns the range of the header bytes that break the rule.
fn range_of(violation: &Violation, form: LengthForm) -> Range<u64> {
    match violation {
        Violation::UnmaskedFrame | Violation::MaskedFrame => 1..2,
        Violation::LengthNotShortest(_)
        | Violation::LengthTopBitSet(_)
        | Violation::ControlTooLong(_)
        | Violation::FrameTooBig { .. }
        | Violation::MessageTooBig { .. } => 1..2 + form.extended_bytes() as u64,
        _ => 0..1,
    }
}
