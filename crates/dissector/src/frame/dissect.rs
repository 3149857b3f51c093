//! The dissection of a frame.

use protocol::frame::apply_mask;

use super::{
    header_fields::{extended_header_fields, first_byte_fields, second_byte_fields},
    payload_fields::payload_fields,
    rules,
    summary::summarize,
    unit::{FrameUnit, MessagePosition},
};
use crate::{
    context::{ConnectionContext, DirectionContext},
    record::RecordKind,
    unit::Dissection,
};

/// Dissects a frame, complete or not.
pub(crate) fn dissect_frame(frame: &FrameUnit, context: &ConnectionContext, frames: &DirectionContext) -> Dissection {
    let mut bytes = frame.header.clone();
    let mut fields = first_byte_fields(&frame.header, context.reserved_bits_in_use());
    fields.extend(second_byte_fields(&frame.header));
    fields.extend(extended_header_fields(&frame.header));
    let (summary, findings) = match &frame.layout {
        None => {
            let summary = format!("Frame, {} bytes of its header", bytes.len());
            (summary, rules::check_partial_header(&frame.header))
        }
        Some(layout) => {
            let mut wire = frame.payload.bytes().to_vec();
            if let Some(key) = layout.key {
                apply_mask(&mut wire, key);
            }
            bytes.extend(&wire);
            let message = frames.message.as_ref().filter(|_| frame.position != MessagePosition::Outside);
            fields.extend(payload_fields(frame, layout, &wire, message));
            let mut findings = frame.findings.clone();
            // A finding may cover the whole payload, of which only a part has come.
            for finding in &mut findings {
                finding.range.end = finding.range.end.min(frame.length());
            }
            (summarize(frame, layout, message), findings)
        }
    };
    Dissection { kind: RecordKind::Frame, bytes, length: frame.length(), summary, fields, findings }
}
