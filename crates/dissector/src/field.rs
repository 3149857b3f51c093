//! Fields: the parts of a record.

use std::{borrow::Cow, ops::Range};

use crate::glossary::Term;

/// A part of a record that has its own meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The glossary entry: the field's name in Wireshark, the reason for its existence and the
    /// section that specifies it.
    pub term: &'static Term,
    /// The label of this field. Usually, this is the label in the glossary entry. For a header
    /// line, it is the name of the header field as it was sent.
    pub label: Cow<'static, str>,
    /// The range of the field's bytes, counted from the first byte of the record. A derived field
    /// has the range of the field that contains it, or an empty range if it was computed only from
    /// earlier frames.
    pub range: Range<u64>,
    /// The bits of the byte that belong to the field, if the field is smaller than one byte; `None`
    /// for whole bytes.
    pub mask: Option<u8>,
    /// The value of the field.
    pub value: FieldValue,
    /// The meaning of this value, as a phrase or a sentence without a full stop; empty if the value
    /// needs no explanation.
    pub meaning: Cow<'static, str>,
    /// Whether the field was computed from other fields instead of being sent. Wireshark and the
    /// renderings of this crate show such fields in brackets.
    pub derived: bool,
    /// The fields inside this one.
    pub fields: Vec<Self>,
}

/// The value of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldValue {
    /// No value: the field only groups the fields inside it.
    Group,
    /// A single bit.
    Flag(bool),
    /// Several bits that do not form a number, shifted down to the lowest bit. They are shown in
    /// hexadecimal.
    Bits(u8),
    /// A number, and its name if it has one.
    Number {
        /// The number.
        value: u64,
        /// The name of the number, such as `Text` for opcode 1.
        name: Option<Cow<'static, str>>,
    },
    /// Text. Any bytes that are not valid UTF-8 are replaced with U+FFFD.
    Text {
        /// The text or its beginning.
        text: String,
        /// The number of further bytes that were not kept.
        left_out: u64,
    },
    /// Bytes that are not text.
    Bytes {
        /// The bytes, or the first of them if not all were kept.
        bytes: Vec<u8>,
        /// The number of further bytes that were not kept.
        left_out: u64,
    },
}

impl Field {
    /// Creates a field with the term's label, without bits, meaning or inner fields.
    pub(crate) fn new(term: &'static Term, range: Range<u64>, value: FieldValue) -> Self {
        Self {
            term,
            label: Cow::Borrowed(term.label),
            range,
            mask: None,
            value,
            meaning: Cow::Borrowed(""),
            derived: false,
            fields: Vec::new(),
        }
    }

    pub(crate) const fn with_mask(mut self, mask: u8) -> Self {
        self.mask = Some(mask);
        self
    }

    pub(crate) fn with_meaning(mut self, meaning: impl Into<Cow<'static, str>>) -> Self {
        self.meaning = meaning.into();
        self
    }

    pub(crate) const fn derived(mut self) -> Self {
        self.derived = true;
        self
    }

    pub(crate) fn with_label(mut self, label: impl Into<Cow<'static, str>>) -> Self {
        self.label = label.into();
        self
    }

    pub(crate) fn with_fields(mut self, fields: Vec<Self>) -> Self {
        self.fields = fields;
        self
    }

    /// Returns this field and all fields inside it, outer fields before inner ones. Each field is
    /// paired with its depth, which is 0 for this field.
    pub fn walk(&self) -> impl Iterator<Item = (usize, &Self)> {
        let mut open = vec![(0, self)];
        std::iter::from_fn(move || {
            let (depth, field) = open.pop()?;
            open.extend(field.fields.iter().rev().map(|inner| (depth + 1, inner)));
            Some((depth, field))
        })
    }
}

impl FieldValue {
    pub(crate) const fn number(value: u64) -> Self {
        Self::Number { value, name: None }
    }

    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into(), left_out: 0 }
    }

    /// Creates a text value from bytes that are not necessarily UTF-8. `left_out` is the number of
    /// further bytes that were not kept.
    pub(crate) fn lossy_text(bytes: &[u8], left_out: u64) -> Self {
        // The limit on the kept bytes may cut a character in two. The incomplete character is not
        // the sender's mistake, so leave it out. Replacing it with U+FFFD would make valid text
        // look invalid.
        let kept = match std::str::from_utf8(bytes) {
            Err(error) if left_out > 0 && error.error_len().is_none() => error.valid_up_to(),
            _ => bytes.len(),
        };
        let text = String::from_utf8_lossy(&bytes[..kept]).into_owned();
        Self::Text { text, left_out: left_out + (bytes.len() - kept) as u64 }
    }

    pub(crate) fn bytes(bytes: &[u8], left_out: u64) -> Self {
        Self::Bytes { bytes: bytes.to_vec(), left_out }
    }
}
