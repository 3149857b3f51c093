//! Fields: what a record is made of.

use std::{borrow::Cow, ops::Range};

use crate::glossary::Term;

/// A part of a record that has a meaning of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// What the field is: its name in Wireshark, why it exists, where it is specified.
    pub term: &'static Term,
    /// What it is called here. Mostly the term's label; for a header line the header's name as it was sent.
    pub label: Cow<'static, str>,
    /// Where it stands, in bytes from the record's first one. A derived field has the range of what it follows from.
    pub range: Range<u64>,
    /// The bits that belong to it, if it is less than one byte; `None` for whole bytes.
    pub mask: Option<u8>,
    /// What it says.
    pub value: Value,
    /// What this value means, as a phrase or a sentence without a full stop; empty where the value says it all.
    pub meaning: Cow<'static, str>,
    /// Whether it stands in no byte of its own but was computed. Wireshark shows such fields in brackets, and so do we.
    pub derived: bool,
    /// What it is made of.
    pub fields: Vec<Self>,
}

/// What a field says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Value {
    /// Nothing by itself: the field is there for the fields in it.
    Group,
    /// A single bit.
    Flag(bool),
    /// Several bits that are no number: written in hexadecimal, shifted down to the lowest bit.
    Bits(u8),
    /// A number, with the name that it has in a registry.
    Number {
        /// The number.
        value: u64,
        /// Its name, such as `Text` for opcode 1.
        name: Option<Cow<'static, str>>,
    },
    /// Text. What is not UTF-8 is replaced by U+FFFD.
    Text {
        /// The text, or its beginning.
        text: String,
        /// How many bytes of it are not in `text`, because there is a limit to what is kept.
        left_out: u64,
    },
    /// Bytes that are no text.
    Bytes {
        /// The bytes, or the first of them.
        bytes: Vec<u8>,
        /// How many more there were.
        left_out: u64,
    },
}

impl Field {
    pub(crate) fn new(term: &'static Term, range: Range<u64>, value: Value) -> Self {
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

    pub(crate) const fn bits(mut self, mask: u8) -> Self {
        self.mask = Some(mask);
        self
    }

    pub(crate) fn means(mut self, meaning: impl Into<Cow<'static, str>>) -> Self {
        self.meaning = meaning.into();
        self
    }

    pub(crate) const fn derived(mut self) -> Self {
        self.derived = true;
        self
    }

    pub(crate) fn labelled(mut self, label: impl Into<Cow<'static, str>>) -> Self {
        self.label = label.into();
        self
    }

    pub(crate) fn holding(mut self, fields: Vec<Self>) -> Self {
        self.fields = fields;
        self
    }

    /// This field and all fields in it, outermost first, each with its depth: 0 for this one.
    pub fn walk(&self) -> impl Iterator<Item = (usize, &Self)> {
        let mut open = vec![(0, self)];
        std::iter::from_fn(move || {
            let (depth, field) = open.pop()?;
            open.extend(field.fields.iter().rev().map(|inner| (depth + 1, inner)));
            Some((depth, field))
        })
    }
}

impl Value {
    pub(crate) const fn number(value: u64) -> Self {
        Self::Number { value, name: None }
    }

    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into(), left_out: 0 }
    }

    /// Bytes as text, `left_out` more of which were not kept.
    pub(crate) fn lossy(bytes: &[u8], left_out: u64) -> Self {
        // A limit does not look where it cuts. Half a character at the end is the limit's doing, not the sender's.
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
