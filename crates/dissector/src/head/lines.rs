//! The lines of a head, and their positions.

use std::{borrow::Cow, ops::Range};

/// A line of a head. `range` counts from the first byte of the head and includes the line ending. A
/// header field that is folded over several lines counts as one line here.
#[derive(Debug)]
pub(super) enum HeadLine<'a> {
    /// A header line. `value_start` is the position of the value. If the header field is `folded`,
    /// positions within `value` differ from those in the head.
    Header { name: Cow<'a, str>, value: Cow<'a, str>, value_start: u64, folded: bool, range: Range<u64> },
    /// The first line, or a line without a colon.
    Other { text: Cow<'a, str>, range: Range<u64> },
    /// The empty line that ends the head.
    Empty(Range<u64>),
}

impl HeadLine<'_> {
    pub(super) const fn range(&self) -> &Range<u64> {
        match self {
            Self::Header { range, .. } | Self::Other { range, .. } | Self::Empty(range) => range,
        }
    }
}

/// Splits a head, complete or not, into lines. Empty lines before the first line are skipped, as a
/// server should do (RFC 9112, section 2.2).
pub(super) fn split_lines(head: &[u8]) -> Vec<HeadLine<'_>> {
    let mut lines = Vec::new();
    let mut end = 0;
    for line in head.split_inclusive(|&byte| byte == b'\n') {
        let range = end..end + line.len() as u64;
        end = range.end;
        let text = without_line_ending(line);
        match (lines.is_empty(), text.is_empty()) {
            (true, true) => {}
            (true, false) => lines.push(HeadLine::Other { text: String::from_utf8_lossy(text), range }),
            (false, true) => lines.push(HeadLine::Empty(range)),
            (false, false) => match lines.last_mut() {
                Some(HeadLine::Header { value, folded, range: whole, .. }) if matches!(text[0], b' ' | b'\t') => {
                    fold(value, text.trim_ascii());
                    *folded = true;
                    whole.end = range.end;
                }
                _ => lines.push(header_line(text, range)),
            },
        }
    }
    lines
}

fn header_line(text: &[u8], range: Range<u64>) -> HeadLine<'_> {
    let Some(colon) = text.iter().position(|&byte| byte == b':') else {
        return HeadLine::Other { text: String::from_utf8_lossy(text), range };
    };
    let value = text[colon + 1..].trim_ascii_start();
    HeadLine::Header {
        name: String::from_utf8_lossy(&text[..colon]),
        value_start: range.start + (text.len() - value.len()) as u64,
        value: String::from_utf8_lossy(value.trim_ascii_end()),
        folded: false,
        range,
    }
}

/// Appends a folded line to the value of its header field, with a space instead of the line ending
/// (RFC 9112, section 5.2).
fn fold(value: &mut Cow<'_, str>, line: &[u8]) {
    if !value.is_empty() && !line.is_empty() {
        value.to_mut().push(' ');
    }
    value.to_mut().push_str(&String::from_utf8_lossy(line));
}

fn without_line_ending(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}
