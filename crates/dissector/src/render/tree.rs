//! Renders the fields as a tree, in Wireshark's notation.

use std::fmt::Write;

use super::text::{bit_pattern, own_bits, value_text, value_up_to};
use crate::{
    field::{Field, FieldValue},
    glossary::{self, RecordPart},
    printable::printable,
    record::{Record, RecordKind},
};

/// The maximum width, in columns, of each line of an explanation. This is the usual width of a
/// terminal.
const WIDTH: usize = 80;

/// Renders the record as Wireshark does: one line per field, with bits at their positions in the
/// byte and derived fields in brackets.
///
/// ```text
/// WebSocket
///     1... .... = Fin: True
///     .000 .... = Reserved: 0x0
/// ```
///
/// The broken rules come last, in brackets like Wireshark's expert information.
#[must_use]
pub fn tree(record: &Record) -> String {
    write_tree(record, false)
}

/// Renders the same tree as [`tree`], and adds, for each field, what its value means, why the field
/// exists and which section specifies it.
#[must_use]
pub fn explained(record: &Record) -> String {
    write_tree(record, true)
}

fn write_tree(record: &Record, explain: bool) -> String {
    let mut text = String::new();
    text.push_str(match record.kind {
        RecordKind::Request | RecordKind::Response | RecordKind::Body => "Hypertext Transfer Protocol",
        RecordKind::Frame => "WebSocket",
        RecordKind::Unknown => "Unknown bytes",
    });
    if !record.complete {
        text.push_str(" (not complete)");
    }
    text.push('\n');
    for (depth, field) in record.walk() {
        let indent = "    ".repeat(depth + 1);
        let _ = writeln!(text, "{indent}{}", line(field));
        if explain {
            let width = WIDTH.saturating_sub(indent.len() + 4);
            let meaning = if field.meaning.is_empty() { Vec::new() } else { wrap(&printable(&field.meaning), width) };
            for (mark, parts) in [('=', meaning), ('|', wrap(field.term.why, width))] {
                for part in parts {
                    let _ = writeln!(text, "{indent}  {mark} {part}");
                }
            }
            let _ = writeln!(text, "{indent}  | {}", field.term.reference);
        }
    }
    for finding in &record.findings {
        let _ = writeln!(text, "    [{}]", printable(&finding.to_string()));
    }
    text
}

/// Renders a field on one line, without the fields inside it: `.... 0001 = Opcode: Text (1)`.
#[must_use]
pub fn line(field: &Field) -> String {
    with_value(field, &value_text(field))
}

/// Renders a field as [`line()`] does, but does not shorten its value.
#[must_use]
pub fn whole_line(field: &Field) -> String {
    with_value(field, &value_up_to(field, usize::MAX, usize::MAX))
}

fn with_value(field: &Field, value: &str) -> String {
    let mut line = String::new();
    if let Some((byte, mask)) = own_bits(field) {
        let _ = write!(line, "{} = ", bit_pattern(byte, mask));
    }
    if is_whole_line(field) {
        // The first line of a head, or a line without a colon, is shown without a label, as in
        // Wireshark.
        line.push_str(value);
        line.push_str("\\r\\n");
    } else if field.value == FieldValue::Group || field.term == &glossary::MASKED_PAYLOAD {
        // Omit the value, because masked bytes are unreadable and a hex dump shows them anyway.
        line.push_str(&field.label);
    } else if is_header(field) {
        let _ = write!(line, "{}: {value}\\r\\n", field.label);
    } else {
        let _ = write!(line, "{}: {value}", field.label);
    }
    let line = if field.derived { format!("[{line}]") } else { line };
    // Escape the whole line, because a peer chooses the name of a header field as well as its
    // value.
    printable(&line).into_owned()
}

fn is_whole_line(field: &Field) -> bool {
    [&glossary::REQUEST_LINE, &glossary::STATUS_LINE, &glossary::STRAY_LINE].contains(&field.term)
}

/// Returns `true` if the field is a header line. A field derived from a header line does not count.
fn is_header(field: &Field) -> bool {
    matches!(field.term.part, RecordPart::Handshake | RecordPart::Header) && !field.derived
}

/// Wraps text into lines of at most `width` characters. A word that is longer than this gets its
/// own line.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
