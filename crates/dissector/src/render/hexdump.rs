//! Renders a record as a hex dump: its bytes in the colours of their fields, followed by a list of
//! the fields.
//!
//! ```text
//! 00000000  81 85 37 fa 21 3d 7f 9f  4d 51 58                |..7.!=..MQX|
//!           aa bb cc cc cc cc dd dd  dd dd dd
//!   a  1... .... = Fin: True
//!   a  .000 .... = Reserved: 0x0
//!   ...
//!   c  Masking-Key: 37fa213d
//! ```
//!
//! The letters carry the same information as the colours, for terminals that show no colours and
//! for readers who cannot distinguish them.

use std::fmt::{Display, Write};

use super::{palette, tree::line};
use crate::{field::Field, glossary::RecordPart, printable::printable, record::Record};

/// The number of bytes per row. Most hex dumps use 16, and a power of two makes the offsets easy to
/// read.
const ROW: usize = 16;

/// A run of bytes that share a letter: the bytes of one outermost field, or of several fields with
/// the same range.
struct ByteRun<'a> {
    letter: char,
    fields: Vec<&'a Field>,
    part: RecordPart,
}

/// Renders the record's bytes in at most `rows` rows of 16, with its fields below them. If `colour`
/// is `true`, the text contains ANSI escape sequences for colours.
#[must_use]
pub fn hex_dump(record: &Record, rows: usize, colour: bool) -> String {
    let mut text = String::new();
    let shown = record.bytes.len().min(rows.saturating_mul(ROW));
    let runs = runs(record);
    let run_of = |position: usize| {
        let position = position as u64;
        runs.iter().find(|run| run.fields.iter().any(|field| !field.derived && field.range.contains(&position)))
    };
    for (index, row) in record.bytes[..shown].chunks(ROW).enumerate() {
        let first = index * ROW;
        let (mut hex, mut letters, mut ascii) = (String::new(), String::new(), String::new());
        for (column, &byte) in row.iter().enumerate() {
            let run = run_of(first + column);
            let letter = run.map_or(' ', |run| run.letter);
            let character = if byte.is_ascii_graphic() || byte == b' ' { char::from(byte) } else { '.' };
            let gap = if column == ROW / 2 { "  " } else { " " };
            let _ = write!(hex, "{gap}{}", paint(format_args!("{byte:02x}"), run.map(|run| run.part), colour));
            let _ = write!(letters, "{gap}{letter}{letter}");
            let _ = write!(ascii, "{}", paint(character, run.map(|run| run.part), colour));
        }
        // Pad a short row, so that its text starts in the same column as in full rows. Each byte
        // takes three columns, and the gap in the middle takes one.
        let width = row.len() * 3 + usize::from(row.len() > ROW / 2);
        let padding = " ".repeat(ROW * 3 + 1 - width);
        let offset = record.offset + first as u64;
        let _ = writeln!(text, "{offset:08x} {hex}{padding}  |{ascii}|");
        let _ = writeln!(text, "         {}", letters.trim_end());
    }
    let more = record.length - shown as u64;
    if more > 0 {
        let _ = writeln!(text, "          … {more} bytes more");
    }
    for run in &runs {
        for field in &run.fields {
            for (depth, inner) in field.walk() {
                let letter = paint(run.letter, Some(inner.term.part), colour);
                let _ = writeln!(text, "  {letter}  {}{}", "  ".repeat(depth), line(inner));
            }
        }
    }
    for finding in &record.findings {
        let _ = writeln!(text, "  !  {}", printable(&finding.to_string()));
    }
    text
}

/// Groups the outermost fields into runs. Fields with the same range share a run.
fn runs(record: &Record) -> Vec<ByteRun<'_>> {
    let mut runs: Vec<ByteRun<'_>> = Vec::new();
    for field in &record.fields {
        match runs.last_mut() {
            Some(run) if run.fields.iter().any(|other| other.range == field.range) => {
                run.fields.push(field);
                // If several fields share these bytes, use the colour of the last field, which is
                // the most informative one: the opcode in the first byte of a frame, and the length
                // in the second.
                run.part = field.term.part;
            }
            _ => {
                // A head may have more lines than there are letters, so after `z` the letters start
                // again at `a`.
                let letter = char::from(b'a' + u8::try_from(runs.len() % 26).unwrap_or(0));
                runs.push(ByteRun { letter, fields: vec![field], part: field.term.part });
            }
        }
    }
    runs
}

fn paint(what: impl Display, part: Option<RecordPart>, colour: bool) -> String {
    match part {
        Some(part) if colour => {
            let style = palette::of(part).style();
            format!("{style}{what}{style:#}")
        }
        _ => what.to_string(),
    }
}
