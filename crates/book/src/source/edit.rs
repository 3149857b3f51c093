//! Changes the text of a page.

use std::ops::Range;

/// Text that replaces a range of a page. If the range is empty, the text is inserted.
#[derive(Debug, Clone)]
pub(super) struct Edit {
    pub(super) range: Range<usize>,
    pub(super) text: String,
}

/// Applies edits to a page. Their ranges must not overlap.
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

/// Returns the number of the line that contains an offset, counted from 1.
pub(super) fn line(content: &str, offset: usize) -> usize {
    content[..offset].matches('\n').count() + 1
}
