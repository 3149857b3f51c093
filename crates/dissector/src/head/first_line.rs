//! Dissects the first line of a head into its parts, which are separated by spaces.

use std::ops::Range;

use super::lines::HeadLine;
use crate::{
    field::{Field, FieldValue},
    glossary::Term,
};

/// The parts of the first line, and their positions in the head.
pub(super) type FirstLineParts = Vec<(&'static Term, Range<u64>)>;

/// A first line that is being split.
pub(super) struct FirstLine<'a> {
    /// The bytes of the line, without the line ending.
    pub(super) bytes: &'a [u8],
    /// The position of the line in the head.
    start: u64,
    parts: FirstLineParts,
}

impl FirstLine<'_> {
    /// Creates a field from the bytes between the positions `from` and `to` in the line.
    pub(super) fn part(&mut self, term: &'static Term, from: usize, to: usize) -> Field {
        let range = self.start + from as u64..self.start + to as u64;
        self.parts.push((term, range.clone()));
        Field::new(term, range, FieldValue::lossy_text(&self.bytes[from..to], 0))
    }
}

/// Dissects the first line. Returns the line as a field with this `term`, and the positions of its
/// parts. `split` divides the line into inner fields.
pub(super) fn dissect_first_line(
    lines: &[HeadLine<'_>],
    head: &[u8],
    term: &'static Term,
    split: impl FnOnce(&mut FirstLine<'_>) -> Vec<Field>,
) -> (Option<Field>, FirstLineParts) {
    let Some(HeadLine::Other { text, range }) = lines.first() else { return (None, FirstLineParts::new()) };
    let bytes = &head[usize::try_from(range.start).unwrap_or(0)..];
    let bytes = bytes[..usize::try_from(range.end - range.start).unwrap_or(bytes.len())].trim_ascii_end();
    let mut line = FirstLine { bytes, start: range.start, parts: FirstLineParts::new() };
    let fields = split(&mut line);
    let field = Field::new(term, range.clone(), FieldValue::text(text.as_ref())).with_fields(fields);
    (Some(field), line.parts)
}

/// The maximum number of characters in the summary of a head: two or three lines on a terminal. The
/// field for the first line contains the whole line.
const SUMMARY_CHARACTERS: usize = 200;

/// Returns the summary of a head: the beginning of its first line, unchanged.
pub(super) fn summary(lines: &[HeadLine<'_>]) -> String {
    let Some(HeadLine::Other { text, .. }) = lines.first() else { return String::new() };
    match text.char_indices().nth(SUMMARY_CHARACTERS) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text.clone().into_owned(),
    }
}
