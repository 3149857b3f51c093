//! Cuts and wraps text by its width in columns, not by its number of characters.

use std::{iter, ops::Range};

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Returns the width of `text` in columns.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// Cuts `text` to at most `columns` columns. An ellipsis shows that text was cut off.
pub(super) fn fit(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut fitting = prefix(text, columns.saturating_sub(1)).to_owned();
    if columns > 0 {
        fitting.push('…');
    }
    fitting
}

/// Returns the longest prefix of `text` that fits in `columns` columns.
fn prefix(text: &str, columns: usize) -> &str {
    let mut taken = 0;
    for (start, grapheme) in text.grapheme_indices(true) {
        taken += width(grapheme);
        if taken > columns {
            return &text[..start];
        }
    }
    text
}

/// Returns the longest suffix of `text` that fits in `columns` columns.
pub(super) fn suffix(text: &str, columns: usize) -> &str {
    let mut taken = 0;
    for (start, grapheme) in text.grapheme_indices(true).rev() {
        taken += width(grapheme);
        if taken > columns {
            return &text[start + grapheme.len()..];
        }
    }
    text
}

/// Splits `text` into rows of at most `columns` columns, at spaces where possible. Returns the byte
/// range of each row in `text`. A space at which the text is split belongs to no row.
///
/// The iterator finds the rows one at a time, so the first rows of a long text cost little.
pub(super) fn row_ranges(text: &str, columns: usize) -> impl Iterator<Item = Range<usize>> {
    // A row has at least two columns, because a wide character takes two.
    let columns = columns.max(2);
    let mut next = Some(0);
    iter::from_fn(move || {
        let start = next?;
        let rest = &text[start..];
        let full = prefix(rest, columns);
        if full.len() == rest.len() {
            next = None;
            return Some(start..text.len());
        }
        // A grapheme cluster that is wider than `columns` gets its own row. Without this exception,
        // `full` would be empty and the rows would never end.
        let full = if full.is_empty() { rest.graphemes(true).next().unwrap_or(rest) } else { full };
        let cut = match full.rfind(' ') {
            _ if rest[full.len()..].starts_with(' ') => full.len(),
            // A word that is longer than a row is split anyway. Moving it to the next row would
            // only leave the rest of this row empty.
            Some(space) if space > 0 && first_word_fits(&rest[space + 1..], columns) => space,
            _ => full.len(),
        };
        let end = start + cut;
        let space = text[end..].starts_with(' ');
        next = if end == text.len() { None } else { Some(end + usize::from(space)) };
        Some(start..end)
    })
}

/// Returns `true` if the first word of `text` fits in `columns` columns.
fn first_word_fits(text: &str, columns: usize) -> bool {
    let full = prefix(text, columns);
    full.len() == text.len() || full.contains(' ') || text[full.len()..].starts_with(' ')
}

/// Splits `text` into rows of at most `columns` columns, at spaces where possible.
pub(super) fn wrap(text: &str, columns: usize) -> Vec<String> {
    row_ranges(text, columns).map(|row| text[row].to_owned()).collect()
}

/// Formats a number of bytes compactly: `999 B`, `1.5 kB`.
pub(super) fn bytes(count: u64) -> String {
    // An `f64` has far more precision than the few digits that are displayed.
    #[allow(clippy::cast_precision_loss)]
    let size = count as f64;
    match count {
        0..1000 => format!("{count} B"),
        1000..1_000_000 => format!("{:.1} kB", size / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", size / 1e6),
        _ => format!("{:.1} GB", size / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(fit("hello", 5), "hello");
        assert_eq!(fit("hello!", 5), "hell…");
        assert_eq!(fit("世界世界", 6), "世界…");
        assert_eq!(fit("世界世界", 0), "");
        assert_eq!(suffix("世界世界", 5), "世界");
        assert_eq!(suffix("a👨‍👩‍👧‍👦", 2), "👨‍👩‍👧‍👦");
    }

    #[test]
    fn lines_are_split_at_spaces_if_possible() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("one two three", 5), ["one", "two", "three"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("a bcdef", 5), ["a", "bcdef"]);
        assert_eq!(wrap("a bcdefg", 5), ["a bcd", "efg"]);
        assert_eq!(wrap("世界世界", 3), ["世", "界", "世", "界"]);
        assert_eq!(wrap("", 3), [""]);
        for columns in 0..20 {
            for line in wrap("one  two 世界世 👨‍👩‍👧‍👦 three-four-five", columns) {
                assert!(width(&line) <= columns.max(2), "{columns}: {line}");
            }
        }
    }

    #[test]
    fn bytes_take_few_columns() {
        assert_eq!([0, 999, 1000, 1_550_000].map(bytes), ["0 B", "999 B", "1.0 kB", "1.6 MB"]);
        assert_eq!(bytes(1234), "1.2 kB");
    }
}
