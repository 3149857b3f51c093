//! The dissection of one unit, from which a record is made.
//!
//! A **unit** is a head, a body or a frame. The modules `head` and `frame` produce a dissection; a
//! stream adds the number, the position and the times to make a [`Record`](crate::record::Record).

use crate::{
    excerpt::Excerpt,
    field::{Field, FieldValue},
    glossary,
    record::{Finding, RecordKind},
};

/// The dissection of a unit, independent of the unit's position in the conversation.
#[derive(Debug)]
pub(crate) struct Dissection {
    pub(crate) kind: RecordKind,
    pub(crate) bytes: Vec<u8>,
    pub(crate) length: u64,
    pub(crate) summary: String,
    pub(crate) fields: Vec<Field>,
    pub(crate) findings: Vec<Finding>,
}

impl Dissection {
    /// Creates the dissection of an HTTP body, as a single field.
    pub(crate) fn of_body(body: &Excerpt) -> Self {
        let value = FieldValue::lossy_text(body.bytes(), body.left_out());
        let field = Field::new(&glossary::BODY, 0..body.total(), value);
        Self::of_one_field(RecordKind::Body, body, field, "HTTP body")
    }

    /// Creates a dissection with a single field, for bytes that cannot be divided into fields.
    pub(crate) fn of_unknown(bytes: &Excerpt) -> Self {
        let value = FieldValue::bytes(bytes.bytes(), bytes.left_out());
        let field = Field::new(&glossary::UNREADABLE, 0..bytes.total(), value);
        Self::of_one_field(RecordKind::Unknown, bytes, field, "Unknown")
    }

    fn of_one_field(kind: RecordKind, excerpt: &Excerpt, field: Field, title: &str) -> Self {
        Self {
            kind,
            bytes: excerpt.bytes().to_vec(),
            length: excerpt.total(),
            summary: format!("{title}, {} bytes", excerpt.total()),
            fields: vec![field],
            findings: Vec::new(),
        }
    }
}
