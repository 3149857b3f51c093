//! The first line of a head, and its parts: what stands between its spaces.

use std::ops::Range;

use super::Line;
use crate::{
    field::{Field, Value},
    glossary::Term,
};

/// Where the parts of the first line are.
pub(super) type Parts = Vec<(&'static Term, Range<u64>)>;

/// A first line that is being taken apart.
pub(super) struct FirstLine<'a> {
    /// Its bytes, without the line's end.
    pub(super) bytes: &'a [u8],
    /// Where it begins in the head.
    start: u64,
    parts: Parts,
}

impl FirstLine<'_> {
    /// The bytes from `from` to `to` as a field.
    pub(super) fn part(&mut self, term: &'static Term, from: usize, to: usize) -> Field {
        let range = self.start + from as u64..self.start + to as u64;
        self.parts.push((term, range.clone()));
        Field::new(term, range, Value::lossy(&self.bytes[from..to], 0))
    }
}

/// The first line as a field of this `term`, and where its parts are, of which `split` makes fields.
pub(super) fn first_line(
    lines: &[Line<'_>],
    head: &[u8],
    term: &'static Term,
    split: impl FnOnce(&mut FirstLine<'_>) -> Vec<Field>,
) -> (Option<Field>, Parts) {
    let Some(Line::Other { text, range }) = lines.first() else { return (None, Parts::new()) };
    let bytes = &head[usize::try_from(range.start).unwrap_or(0)..];
    let bytes = bytes[..usize::try_from(range.end - range.start).unwrap_or(bytes.len())].trim_ascii_end();
    let mut line = FirstLine { bytes, start: range.start, parts: Parts::new() };
    let fields = split(&mut line);
    (Some(Field::new(term, range.clone(), Value::text(text.as_ref())).holding(fields)), line.parts)
}

/// The first line as it came: what a head is called in one line.
pub(super) fn summary(lines: &[Line<'_>]) -> String {
    match lines.first() {
        Some(Line::Other { text, .. }) => text.clone().into_owned(),
        _ => String::new(),
    }
}
