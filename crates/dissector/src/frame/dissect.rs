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
    let mut bytes = frame.header_bytes.clone();
    let mut fields = first_byte_fields(&frame.header_bytes, context.reserved_bits_in_use());
    fields.extend(second_byte_fields(&frame.header_bytes));
    fields.extend(extended_header_fields(&frame.header_bytes));
    let (summary, findings) = match &frame.header {
        None => {
            let summary = format!("Frame, {} bytes of its header", bytes.len());
            (summary, rules::check_partial_header(&frame.header_bytes))
        }
        Some(header) => {
            let mut wire = frame.payload.bytes().to_vec();
            if let Some(key) = header.masking_key {
                apply_mask(&mut wire, key);
            }
            bytes.extend(&wire);
            let message = frames.message.as_ref().filter(|_| frame.position != MessagePosition::Outside);
            fields.extend(payload_fields(frame, header, &wire, message));
            let mut findings = frame.findings.clone();
            // A finding may cover the whole payload. If only a part of the payload has arrived, cut
            // the range so that it does not extend past the end of the record.
            for finding in &mut findings {
                finding.range.end = finding.range.end.min(frame.length());
            }
            (summarize(frame, header, message), findings)
        }
    };
    Dissection { kind: RecordKind::Frame, bytes, length: frame.length(), summary, fields, findings }
}
