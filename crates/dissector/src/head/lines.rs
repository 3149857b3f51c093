//! The lines of a head, and where they are.

use std::{borrow::Cow, ops::Range};

/// A line. `range` counts from the head's first byte and includes the line's end.
#[derive(Debug)]
pub(super) enum Line<'a> {
    /// `start` is where the value begins.
    Header { name: Cow<'a, str>, value: Cow<'a, str>, start: u64, range: Range<u64> },
    /// The first line, and a line without a colon.
    Other { text: Cow<'a, str>, range: Range<u64> },
    /// The line that ends the head.
    Empty(Range<u64>),
}

impl Line<'_> {
    pub(super) const fn range(&self) -> &Range<u64> {
        match self {
            Self::Header { range, .. } | Self::Other { range, .. } | Self::Empty(range) => range,
        }
    }
}

/// Cuts a head, complete or not, into lines. Empty lines in front of the first one are passed over, as by every server.
pub(super) fn lines(head: &[u8]) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    let mut end = 0;
    for line in head.split_inclusive(|&byte| byte == b'\n') {
        let range = end..end + line.len() as u64;
        end = range.end;
        let text = without_end(line);
        match (lines.is_empty(), text.is_empty()) {
            (true, true) => {}
            (true, false) => lines.push(Line::Other { text: String::from_utf8_lossy(text), range }),
            (false, true) => lines.push(Line::Empty(range)),
            (false, false) => lines.push(header(text, range)),
        }
    }
    lines
}

fn header(text: &[u8], range: Range<u64>) -> Line<'_> {
    let Some(colon) = text.iter().position(|&byte| byte == b':') else {
        return Line::Other { text: String::from_utf8_lossy(text), range };
    };
    let value = text[colon + 1..].trim_ascii_start();
    Line::Header {
        name: String::from_utf8_lossy(&text[..colon]),
        start: range.start + (text.len() - value.len()) as u64,
        value: String::from_utf8_lossy(value.trim_ascii_end()),
        range,
    }
}

fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}
