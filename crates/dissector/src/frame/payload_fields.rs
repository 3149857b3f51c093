//! The fields of a frame's payload.

use std::{borrow::Cow, ops::Range};

use protocol::{
    CloseCode,
    frame::{Opcode, RawHeader},
    message::MessageKind,
};

use super::unit::{FrameUnit, MessagePosition};
use crate::{
    excerpt::Excerpt,
    field::{Field, FieldValue},
    glossary::{self, Term},
    inflate::InflateFailure,
    message::{MessageCoding, MessageInProgress},
};

/// Creates the fields for the payload: the masked payload, if the frame is masked, and the unmasked
/// payload. `wire` is the beginning of the payload as it was sent, and `message` is the message to
/// which the frame belongs.
pub(super) fn payload_fields(
    frame: &FrameUnit,
    header: &RawHeader,
    wire: &[u8],
    message: Option<&MessageInProgress>,
) -> Vec<Field> {
    let mut fields = Vec::new();
    let start = header.header_len() as u64;
    let range = start..start + frame.payload.total();
    let is_last = header.fin() && frame.is_complete();
    if range.is_empty() {
        // The last frame of a message may have no payload. Wireshark then does not show the message,
        // and no record would show it here either, so add the message as a derived field.
        if frame.position == MessagePosition::Later
            && is_last
            && let Some(message) = message
        {
            fields.push(message_without_payload(message, range));
        }
        return fields;
    }
    if header.masking_key.is_some() {
        let value = FieldValue::bytes(wire, frame.payload.left_out());
        let field = Field::new(&glossary::MASKED_PAYLOAD, range.clone(), value);
        fields.push(field.with_meaning(unmasking_example(header, wire)));
    }
    let inner = match (message, frame.position) {
        (Some(message), MessagePosition::First) if is_last => vec![whole_message(message, range.clone())],
        (Some(message), MessagePosition::First) => vec![fragment(frame, message, &range)],
        (Some(message), _) if is_last => {
            vec![fragment(frame, message, &range), whole_message(message, range.clone())]
        }
        (Some(message), _) => vec![fragment(frame, message, &range)],
        (None, _) => vec![payload_outside_of_messages(header, &frame.payload, &range)],
    };
    fields.push(Field::new(&glossary::PAYLOAD, range, FieldValue::Group).with_fields(inner));
    fields
}

/// Returns an example that shows how the first byte is unmasked: `7f ^ 37 = 48, "H"`.
fn unmasking_example(header: &RawHeader, wire: &[u8]) -> String {
    match (wire.first(), header.masking_key) {
        (Some(&first), Some(key)) => {
            let plain = first ^ key.0[0];
            let character =
                if plain.is_ascii_graphic() { format!(", \"{}\"", char::from(plain)) } else { String::new() };
            format!("the first byte: {first:02x} ^ {:02x} = {plain:02x}{character}", key.0[0])
        }
        _ => String::new(),
    }
}

/// Creates the field for the message that this frame completes.
fn whole_message(message: &MessageInProgress, range: Range<u64>) -> Field {
    let meaning = match message.fragments {
        1 => "the message".to_owned(),
        fragments => format!("the message, joined from {fragments} frames"),
    };
    match &message.coding {
        MessageCoding::Identity => {
            let value = content(&message.payload, message.kind);
            Field::new(message_term(message), range, value).with_meaning(meaning)
        }
        MessageCoding::Deflate { inflated, failure } => {
            let inner = inflated_message(message, inflated, *failure, &range);
            let payload = FieldValue::bytes(message.payload.bytes(), message.payload.left_out());
            let meaning = format!("{meaning}, compressed{}", failure_clause(*failure));
            Field::new(&glossary::COMPRESSED, range, payload)
                .with_meaning(meaning)
                .with_fields(inner.into_iter().collect())
        }
    }
}

/// Creates the field for a message whose last frame is empty. The field is derived from earlier
/// frames.
fn message_without_payload(message: &MessageInProgress, range: Range<u64>) -> Field {
    match &message.coding {
        MessageCoding::Deflate { inflated, failure: None } => {
            Field::new(&glossary::MESSAGE, range, content(inflated, message.kind))
                .with_meaning(format!("the message, joined from {} frames and inflated", message.fragments))
                .derived()
        }
        MessageCoding::Deflate { .. } => whole_message(message, range).derived(),
        MessageCoding::Identity => Field { term: &glossary::MESSAGE, ..whole_message(message, range) }
            .with_label(glossary::MESSAGE.label)
            .derived(),
    }
}

/// Returns the glossary term for the field that Wireshark uses for a whole message. Wireshark has
/// no separate field for a compressed message, so an inflated message has the same term as one that
/// was not compressed.
const fn message_term(message: &MessageInProgress) -> &'static Term {
    match message.kind {
        MessageKind::Text => &glossary::TEXT,
        MessageKind::Binary => &glossary::BINARY,
    }
}

/// Creates the field for the inflated message, or for its beginning if inflating failed. The field
/// is derived from the compressed payload, because the frame does not contain the inflated bytes.
fn inflated_message(
    message: &MessageInProgress,
    inflated: &Excerpt,
    failure: Option<InflateFailure>,
    range: &Range<u64>,
) -> Option<Field> {
    let (term, meaning) = match failure {
        None => (
            message_term(message),
            format!("the message, inflated from {} bytes to {}", message.payload.total(), inflated.total()),
        ),
        Some(_) if inflated.total() == 0 => return None,
        Some(_) => (&glossary::INFLATED, "the beginning of the message, as far as it could be inflated".to_owned()),
    };
    Some(Field::new(term, range.clone(), content(inflated, message.kind)).with_meaning(meaning).derived())
}

/// Returns the clause that explains why a compressed message was not inflated completely.
fn failure_clause(failure: Option<InflateFailure>) -> String {
    match failure {
        None => String::new(),
        Some(InflateFailure::Invalid) => "; this is not valid DEFLATE, or not all of it".to_owned(),
        Some(InflateFailure::TooBig(limit)) => format!("; it is inflated only up to the limit of {limit} bytes"),
        Some(InflateFailure::ContextLost) => {
            "; it may refer to messages before it, one of which could not be inflated, so this one cannot be either"
                .to_owned()
        }
    }
}

/// Creates the field for the fragment that this frame carries. If the fragment is compressed, an
/// inner field shows the inflated bytes, if any, that the fragment adds to the message.
fn fragment(frame: &FrameUnit, message: &MessageInProgress, range: &Range<u64>) -> Field {
    let meaning = format!("fragment {} of the message", message.fragments);
    let MessageCoding::Deflate { failure, .. } = &message.coding else {
        let value = content(&frame.payload, message.kind);
        return Field::new(&glossary::FRAGMENT, range.clone(), value).with_meaning(meaning);
    };
    let value = FieldValue::bytes(frame.payload.bytes(), frame.payload.left_out());
    let field = Field::new(&glossary::FRAGMENT, range.clone(), value)
        .with_meaning(format!("{meaning}, compressed{}", failure_clause(*failure)));
    if frame.inflated.total() == 0 {
        return field;
    }
    let added = Field::new(&glossary::INFLATED, range.clone(), content(&frame.inflated, message.kind));
    field.with_fields(vec![added.with_meaning("the bytes that this fragment adds to the message").derived()])
}

fn content(excerpt: &Excerpt, kind: MessageKind) -> FieldValue {
    match kind {
        MessageKind::Text => FieldValue::lossy_text(excerpt.bytes(), excerpt.left_out()),
        MessageKind::Binary => FieldValue::bytes(excerpt.bytes(), excerpt.left_out()),
    }
}

/// Creates the field for the payload of a control frame, or of a frame that cannot be interpreted.
fn payload_outside_of_messages(header: &RawHeader, payload: &Excerpt, range: &Range<u64>) -> Field {
    let field = |term| Field::new(term, range.clone(), FieldValue::bytes(payload.bytes(), payload.left_out()));
    match header.opcode() {
        Some(Opcode::Close) => close_body(payload, range),
        Some(Opcode::Ping) => field(&glossary::PING).with_meaning("the Pong must return it"),
        Some(Opcode::Pong) => field(&glossary::PONG).with_meaning("the payload of the Ping, if it answers one"),
        _ => field(&glossary::UNKNOWN).with_meaning("its meaning is not known"),
    }
}

fn close_body(payload: &Excerpt, range: &Range<u64>) -> Field {
    let field = Field::new(&glossary::CLOSE, range.clone(), FieldValue::Group);
    let &[high, low, ref reason @ ..] = payload.bytes() else {
        return field.with_meaning("half a status code");
    };
    let code = CloseCode(u16::from_be_bytes([high, low]));
    let (start, end) = (range.start, range.end);
    let value = FieldValue::Number { value: u64::from(code.0), name: Some(Cow::Borrowed(code.name())) };
    let meaning = if code.is_sendable() { "a code that may be sent" } else { "a code that must not be sent" };
    let mut inner = vec![Field::new(&glossary::CLOSE_CODE, start..start + 2, value).with_meaning(meaning)];
    if !reason.is_empty() {
        let value = FieldValue::lossy_text(reason, payload.left_out());
        inner.push(Field::new(&glossary::CLOSE_REASON, start + 2..end, value));
    }
    field.with_fields(inner)
}
