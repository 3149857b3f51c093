//! Chooses which field of a record is selected first: the field that violates a rule, or else the
//! field that the lesson is about, or else the field that identifies the record.

use dissector::{BrokenRule, Record, RecordKind};
use websocket::protocol::Violation;

/// Returns the index of the field to select first. The index counts all fields of the record, in
/// the order in which they are displayed. `lesson` is the name of the field that the lesson is
/// about.
pub(super) fn initial_field(record: &Record, lesson: Option<&str>) -> usize {
    let named = |name| record.walk().position(|(_, field)| field.term.name == Some(name));
    let found = match record.findings.first() {
        // A byte of a frame's header can belong to several fields, so its position may not identify
        // the field. If the kind of violation identifies the field, select that one. Otherwise,
        // select the field at the position of the bytes that violate the rule.
        Some(finding) => match &finding.rule {
            BrokenRule::Violation(violation) => violating_field(violation).and_then(named),
            _ => None,
        }
        .or_else(|| innermost(record, finding.range.start)),
        None if record.kind == RecordKind::Frame => lesson.and_then(named).or_else(|| named("websocket.opcode")),
        None => None,
    };
    found.unwrap_or(0)
}

/// Returns the name of the field that violates the rule, or `None` if the violation's byte range
/// already identifies it.
const fn violating_field(violation: &Violation) -> Option<&'static str> {
    Some(match violation {
        Violation::ReservedBitsSet(_) => "websocket.rsv",
        Violation::CompressedBitMisplaced(_) => "websocket.pmc",
        Violation::ReservedOpcode(_)
        | Violation::ContinuationOfNothing
        | Violation::MessageInsideMessage
        | Violation::TooManyFragments { .. } => "websocket.opcode",
        Violation::ControlTooLong(_)
        | Violation::LengthNotShortest(_)
        | Violation::LengthTopBitSet(_)
        | Violation::FrameTooBig { .. }
        | Violation::MessageTooBig { .. } => "websocket.payload_length",
        _ => return None,
    })
}

/// Returns the index of the innermost field that contains the byte at `position`. A masked payload
/// appears as two fields over the same bytes. Only the unmasked one has fields inside it, so the
/// result is one of those.
fn innermost(record: &Record, position: u64) -> Option<usize> {
    let mut fields =
        record.walk().enumerate().filter(|(_, (_, field))| !field.derived && field.range.contains(&position));
    let first = fields.next()?;
    // If several fields at the same depth share a byte, choose the first of them, which contains
    // the byte's highest bit.
    let deepest = fields.fold(first, |best, next| if next.1.0 > best.1.0 { next } else { best });
    Some(deepest.0)
}

#[cfg(test)]
mod tests {
    use dissector::{Conversation, Direction, Options};

    use super::*;
    use crate::screen::model::test_records::records;

    /// Returns the label of the initial field.
    fn label(record: &Record) -> String {
        record.walk().nth(initial_field(record, None)).expect("a field").1.label.to_string()
    }

    #[test]
    fn a_frame_starts_at_its_opcode() {
        for frame in [&[0x81, 1, b'x'][..], &[0x8a, 0], &[0x88, 2, 3, 0xe8]] {
            assert_eq!(label(&records(&[(Direction::ToClient, frame)])[0]), "Opcode");
        }
    }

    #[test]
    fn a_head_starts_at_its_first_line() {
        let mut conversation = Conversation::new(Options::default());
        let mut heads = Vec::new();
        let request = b"GET /chat HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
        conversation.push(Direction::ToServer, request, None, &mut |record| heads.push(record));
        assert_eq!((heads[0].findings.len(), initial_field(&heads[0], None)), (0, 0));
    }

    #[test]
    fn a_violation_starts_at_the_field_that_is_wrong() {
        let (to_server, to_client) = (Direction::ToServer, Direction::ToClient);
        let long = [&[0x89, 126, 0, 126][..], &[0; 126]].concat();
        for (direction, frame, wrong) in [
            (to_server, &[0x81, 1, b'x'][..], "Mask"),
            (to_client, &[0x81, 0x81, 0, 0, 0, 0, b'x'], "Mask"),
            (to_client, &[0x91, 1, b'x'], "Reserved"),
            (to_client, &[0x83, 0], "Opcode"),
            (to_client, &[0x80, 0], "Opcode"),
            (to_client, &[0x09, 0], "Fin"),
            (to_client, &[0x81, 126, 0, 1, b'x'], "Payload length"),
            (to_client, &long, "Payload length"),
            // The selected field is in the unmasked payload, because the user cannot read the
            // masked bytes.
            (to_server, &[0x88, 0x82, 0, 0, 0, 1, 0x03, 0xed], "Status code"),
            (to_server, &[0x88, 0x84, 0, 0, 0, 1, 0x03, 0xe8, b'x', 0xff], "Reason"),
            (to_server, &[0x81, 0x82, 0, 0, 0, 1, b'x', 0xff], "Text"),
        ] {
            let records = records(&[(direction, frame)]);
            assert_eq!(label(&records[0]), wrong, "{frame:02x?}: {:?}", records[0].findings);
        }
        // In a text message that is not valid UTF-8, the finding points to the first invalid byte.
        let records = records(&[(to_client, &[0x81, 2, b'x', 0xff])]);
        assert_eq!(records[0].findings[0].range.start, 3);
        assert!(label(&records[0]).starts_with("Text"), "{}", label(&records[0]));
    }
}
