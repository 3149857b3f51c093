//! Changes the text of a page.

use std::ops::Range;

/// A replacement of a range of a page. An empty range inserts the text.
#[derive(Debug, Clone)]
pub(super) struct Edit {
    pub(super) range: Range<usize>,
    pub(super) text: String,
}

/// Applies edits, whose ranges must not overlap, to a page.
pub(super) fn apply(content: &str, mut edits: Vec<Edit>) -> String {
    edits.sort_by_key(|edit| edit.range.start);
    let mut out = String::with_capacity(content.len());
    let mut end = 0;
    for Edit { range, text } in edits {
        out.push_str(&content[end..range.start]);
        out.push_str(&text);
        end = range.end;
    }
    out.push_str(&content[end..]);
    out
}

/// Returns the line of an offset, counted from 1.
pub(super) fn line(content: &str, offset: usize) -> usize {
    content[..offset].matches('\n').count() + 1
}
