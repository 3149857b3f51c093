//! The rules for a frame header, implemented in one place (sections 5.1, 5.2, 5.4, 5.5 and 10.4;
//! RFC 7692, section 6.1).
//!
//! A header can break several rules. They are reported in the order in which a receiver checks
//! them. The engine stops at the first report and fails the connection, whereas the dissector
//! collects all reports. To report a broken rule, a check calls a closure, which returns a
//! [`ControlFlow`] that says whether to continue. The engine and the dissector can therefore share
//! the code, and the engine does not need to build a list.
//!
//! | function | needs | rules |
//! |---|---|---|
//! | [`check_first_bytes`] | the first two bytes | opcode, control frames |
//! | [`check_length`] | the whole header | the form of the payload length |
//! | [`check_in_context`] | the whole header, and the frames before it | reserved bits, mask, order of fragments, size |
//! | [`check`] | the whole header, and the frames before it | all rules |

use std::ops::ControlFlow;

use super::{
    LengthForm, Opcode, ReservedBits,
    layout::{FIN, LENGTH, RawHeader},
};
use crate::{
    limits::{Limits, MAX_CONTROL_PAYLOAD},
    role::Role,
    violation::Violation,
};

/// The maximum payload length of a frame. The eight-byte form keeps its top bit at 0, so that the
/// number also fits a signed 64-bit integer, the only 64-bit integer in some languages (section
/// 5.2).
pub const MAX_PAYLOAD_LENGTH: u64 = 0x7FFF_FFFF_FFFF_FFFF;

/// The state of the connection on which a header arrives.
#[derive(Debug, Clone, Copy)]
pub struct HeaderContext<'a> {
    /// The role of the endpoint that receives the frame.
    pub receiver: Role,
    /// The reserved bits to which negotiated extensions assign a meaning.
    pub negotiated: ReservedBits,
    /// The message whose last fragment has not arrived; `None` between messages.
    pub open_message: Option<OpenMessageInfo>,
    /// The receiver's limits.
    pub limits: &'a Limits,
}

/// The information that the rules need about an incomplete message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenMessageInfo {
    /// The number of payload bytes that have arrived, or `None` for a compressed message, whose
    /// size is known only once it has been inflated.
    pub len: Option<u64>,
    /// The number of frames that have arrived.
    pub fragments: u32,
}

/// Checks a frame header against all the rules.
///
/// # Errors
/// If `report` returns [`ControlFlow::Break`], the check stops and returns that value.
pub fn check<B>(
    header: &RawHeader,
    context: &HeaderContext<'_>,
    mut report: impl FnMut(Violation) -> ControlFlow<B>,
) -> ControlFlow<B> {
    check_first_bytes(header.first_byte, header.second_byte, &mut report)?;
    check_length(header, &mut report)?;
    check_in_context(header, context, report)
}

/// Checks the rules that the first two bytes can break, before the rest of the header has arrived.
///
/// # Errors
/// If `report` returns [`ControlFlow::Break`], the check stops and returns that value.
#[inline]
pub fn check_first_bytes<B>(
    first: u8,
    second: u8,
    mut report: impl FnMut(Violation) -> ControlFlow<B>,
) -> ControlFlow<B> {
    let Some(opcode) = Opcode::from_bits(first) else {
        // Skipping a frame with an unknown opcode would seem more lenient, but its sender would
        // believe that the receiver had understood it. The connection fails instead, so that both
        // endpoints always agree on which frames were understood.
        //= docs/src/rfc6455.md#section-5-2
        //# An endpoint that receives an unknown opcode MUST fail the connection.
        return report(Violation::ReservedOpcode(first & super::layout::OPCODE));
    };
    if opcode.is_control() {
        // A control frame must be cheap to handle in the middle of a large message. It is therefore
        // never fragmented, and is short enough for the seven-bit form of the length.
        //= docs/src/rfc6455.md#section-5-5
        //# A control frame MUST NOT be fragmented.
        //= docs/src/rfc6455.md#section-5-4
        //# A control frame itself MUST NOT be split into fragments.
        if first & FIN == 0 {
            report(Violation::FragmentedControl(opcode))?;
        }
        // The values 126 and 127 announce a longer form of the length. No control frame can need
        // that form, so these values are violations too, whatever length follows.
        if usize::from(second & LENGTH) > MAX_CONTROL_PAYLOAD {
            report(Violation::ControlTooLong(opcode))?;
        }
    }
    ControlFlow::Continue(())
}

/// Checks that the top bit of the payload length is 0 and that the length has its shortest form.
///
/// # Errors
/// If `report` returns [`ControlFlow::Break`], the check stops and returns that value.
#[inline]
pub fn check_length<B>(header: &RawHeader, mut report: impl FnMut(Violation) -> ControlFlow<B>) -> ControlFlow<B> {
    let length = header.payload_length;
    //= docs/src/rfc6455.md#section-5-2
    //# The most significant bit of an 8-byte length MUST be 0.
    if length > MAX_PAYLOAD_LENGTH {
        return report(Violation::LengthTopBitSet(length));
    }
    //= docs/src/rfc6455.md#section-5-2
    //# A length MUST be encoded in the shortest of the three forms that can hold it.
    if LengthForm::shortest(length) != header.length_form {
        return report(Violation::LengthNotShortest(length));
    }
    ControlFlow::Continue(())
}

/// Checks the rules that depend on the sender of the frame and on the frames before it.
///
/// # Errors
/// If `report` returns [`ControlFlow::Break`], the check stops and returns that value.
#[inline]
pub fn check_in_context<B>(
    header: &RawHeader,
    context: &HeaderContext<'_>,
    mut report: impl FnMut(Violation) -> ControlFlow<B>,
) -> ControlFlow<B> {
    let opcode = header.opcode();
    if !header.reserved().is_empty() {
        check_reserved_bits(header, context.negotiated, &mut report)?;
    }
    // Reject a wrong MASK bit. Accepting it would hide a bug in the sender, and the bug would then
    // appear only with a stricter receiver.
    match (context.receiver, header.masking_key) {
        //= docs/src/rfc6455.md#section-5-1
        //# A server that receives an unmasked frame MUST close the connection.
        (Role::Server, None) => report(Violation::UnmaskedFrame)?,
        //= docs/src/rfc6455.md#section-5-1
        //# A client that receives a masked frame MUST close the connection.
        (Role::Client, Some(_)) => report(Violation::MaskedFrame)?,
        _ => {}
    }
    let before = match (opcode, context.open_message) {
        // The remaining rules do not apply to an unknown opcode or to a control frame. A control
        // frame is not part of a message, and its size was checked with the first two bytes.
        (None | Some(Opcode::Close | Opcode::Ping | Opcode::Pong), _) => return ControlFlow::Continue(()),
        //= docs/src/rfc6455.md#section-5-4
        //# A continuation frame MUST NOT appear if there is no message to continue.
        (Some(Opcode::Continuation), None) => return report(Violation::ContinuationOfNothing),
        (Some(Opcode::Continuation), Some(open)) => open,
        (Some(Opcode::Text | Opcode::Binary), open) => {
            //= docs/src/rfc6455.md#section-5-4
            //# A text or binary frame MUST NOT appear before the current message has ended.
            if open.is_some() {
                report(Violation::MessageInsideMessage)?;
            }
            OpenMessageInfo { len: (!begins_compressed_message(header, context.negotiated)).then_some(0), fragments: 0 }
        }
    };
    check_size(header.payload_length, before, context.limits, report)
}

/// Returns `true` if the frame is the first one of a compressed message (RFC 7692, section 6.1).
#[inline]
#[must_use]
pub fn begins_compressed_message(header: &RawHeader, negotiated: ReservedBits) -> bool {
    negotiated.contains(ReservedBits::RSV1)
        && header.reserved().contains(ReservedBits::RSV1)
        && matches!(header.opcode(), Some(Opcode::Text | Opcode::Binary))
}

/// Checks the reserved bits against the extensions that were negotiated.
fn check_reserved_bits<B>(
    header: &RawHeader,
    negotiated: ReservedBits,
    report: &mut impl FnMut(Violation) -> ControlFlow<B>,
) -> ControlFlow<B> {
    // If the opcode is unknown, no extension assigns a meaning to any bit of the frame, so none of
    // the bits is allowed.
    let negotiated = if header.opcode().is_some() { negotiated } else { ReservedBits::NONE };
    // A reserved bit that no extension uses must not be ignored, because the sender assumes that
    // the bit changes the meaning of the payload.
    //= docs/src/rfc6455.md#section-5-2
    //# An endpoint that receives a frame with a reserved bit set MUST fail the connection, unless a
    //# negotiated extension defines the bit.
    let unknown = header.reserved().without(negotiated);
    if !unknown.is_empty() {
        report(Violation::ReservedBitsSet(unknown.bits()))?;
    }
    match header.opcode() {
        //= docs/src/rfc7692.md#section-6-1
        //# An endpoint that receives a control frame or a later fragment with RSV1 set MUST fail
        //# the connection.
        Some(opcode @ (Opcode::Continuation | Opcode::Close | Opcode::Ping | Opcode::Pong))
            if negotiated.contains(ReservedBits::RSV1) && header.reserved().contains(ReservedBits::RSV1) =>
        {
            report(Violation::CompressedBitMisplaced(opcode))
        }
        _ => ControlFlow::Continue(()),
    }
}

/// Checks a data frame's size, using the length in its header, before any memory is needed for the
/// payload (section 10.4). `before` describes the part of the message that has already arrived.
#[inline]
fn check_size<B>(
    length: u64,
    before: OpenMessageInfo,
    limits: &Limits,
    mut report: impl FnMut(Violation) -> ControlFlow<B>,
) -> ControlFlow<B> {
    if length > limits.max_frame_bytes as u64 {
        return report(Violation::FrameTooBig { length, limit: limits.max_frame_bytes });
    }
    // The size of a compressed message is not known yet, so the receiver checks it later, while it
    // inflates the payload.
    if before.len.is_some_and(|len| len.saturating_add(length) > limits.max_message_bytes as u64) {
        return report(Violation::MessageTooBig { limit: limits.max_message_bytes });
    }
    if before.fragments >= limits.max_fragments {
        return report(Violation::TooManyFragments { limit: limits.max_fragments });
    }
    ControlFlow::Continue(())
}
