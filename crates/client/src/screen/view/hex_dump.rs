//! Formats the bytes of the selected record.

use dissector::{Field, Record};
use ratatui::text::{Line, Span};

use super::style::Styles;
use crate::screen::text::width;

/// Formats the bytes in at most `rows` lines, one of which is the line where the selected field
/// starts. If all bytes fit in `rows + spare` lines, the spare lines show bytes too.
///
/// If some bytes do not fit, one of the `spare` lines gives the number of bytes left out. Without a
/// spare line, that number follows the last byte or, if it does not fit there, replaces the last
/// line.
pub(super) fn hex_dump(
    record: &Record,
    selected: Option<&Field>,
    styles: Styles,
    columns: usize,
    rows: usize,
    spare: usize,
) -> Vec<Line<'static>> {
    let row = bytes_in_row(columns);
    let all = record.bytes.len().div_ceil(row);
    let words = |more: u64| {
        let (long, short) = (format!(" … {more} more"), format!(" …+{more}"));
        if width_of(row) + width(&long) <= columns { long } else { short }
    };
    let is_whole = record.length == record.bytes.len() as u64;
    let beside = spare == 0 && width_of(row) + width(&words(record.length)) <= columns;
    let rows = match spare {
        // All bytes fit if the spare lines are used too, so no line is needed for the number of
        // bytes left out.
        _ if is_whole && all <= rows + spare => rows + spare,
        // The last line shows the number of bytes left out, so there is one line fewer for bytes.
        0 if !beside => rows.saturating_sub(1),
        _ => rows,
    };
    let start = selected.map_or(0, |field| usize::try_from(field.range.start).unwrap_or(usize::MAX)) / row;
    let first = start.saturating_sub(rows / 2).min(all.saturating_sub(rows));
    let shown = record.bytes.chunks(row).enumerate().skip(first).take(rows);
    let more = record.length.saturating_sub((((first + rows) * row).min(record.bytes.len())) as u64);
    let mut lines: Vec<Line<'_>> =
        shown.map(|(index, bytes)| hex_line(record, selected, styles, index * row, bytes, row)).collect();
    match lines.last_mut() {
        Some(last) if more > 0 && beside => last.push_span(Span::styled(words(more), Styles::quiet())),
        _ if more > 0 => {
            lines.push(Line::styled(format!("      … {}", more_bytes(more)), Styles::quiet()));
        }
        _ => {}
    }
    lines
}

/// Formats all bytes that the record keeps, and states how many it leaves out.
pub(super) fn hex_lines(
    record: &Record,
    selected: Option<&Field>,
    styles: Styles,
    columns: usize,
) -> Vec<Line<'static>> {
    let row = bytes_in_row(columns);
    let chunks = record.bytes.chunks(row).enumerate();
    let mut lines: Vec<Line<'_>> =
        chunks.map(|(index, bytes)| hex_line(record, selected, styles, index * row, bytes, row)).collect();
    let more = record.length.saturating_sub(record.bytes.len() as u64);
    if more > 0 {
        lines.push(Line::styled(format!("      … {}, not kept", more_bytes(more)), Styles::quiet()));
    }
    lines
}

fn more_bytes(more: u64) -> String {
    format!("{more} byte{} more", if more == 1 { "" } else { "s" })
}

/// Returns the width, in columns, of a line with this many bytes: six columns for the offset and a
/// gap, three for each byte, another gap, and one for each byte as a character.
const fn width_of(row: usize) -> usize {
    6 + row * 3 + 1 + row
}

/// Returns the number of bytes that a line of this many columns shows.
fn bytes_in_row(columns: usize) -> usize {
    [16, 8].into_iter().find(|row| width_of(*row) <= columns).unwrap_or(4)
}

/// Returns one line: the offset, the bytes in hexadecimal, and the bytes as characters.
fn hex_line(
    record: &Record,
    selected: Option<&Field>,
    styles: Styles,
    offset: usize,
    bytes: &[u8],
    row: usize,
) -> Line<'static> {
    let mut spans = vec![Span::styled(format!("{offset:04x}  "), Styles::quiet())];
    let mut characters = vec![Span::raw(" ".repeat((row - bytes.len()) * 3 + 1))];
    for (position, byte) in (offset as u64..).zip(bytes) {
        // Several fields can share a byte. If one of them is selected, it determines the style of
        // the byte.
        let style = match selected.filter(|field| field.range.contains(&position)) {
            Some(field) => styles.part(field.term.part).patch(styles.selected()),
            None => record.field_at(position).map(|field| styles.part(field.term.part)).unwrap_or_default(),
        };
        let graphic = byte.is_ascii_graphic() || *byte == b' ';
        spans.push(Span::styled(format!("{byte:02x}"), style));
        spans.push(Span::raw(" "));
        characters.push(Span::styled(if graphic { char::from(*byte) } else { '.' }.to_string(), style));
    }
    spans.append(&mut characters);
    Line::from(spans)
}

#[cfg(test)]
mod tests {
    use dissector::Direction;

    use super::*;
    use crate::screen::model::test_records::records;

    #[test]
    fn the_number_of_bytes_that_are_not_kept_has_its_line() {
        // A record that keeps only three rows of its bytes.
        let mut record = records(&[(Direction::ToClient, &[&[0x81, 100][..], &[b'x'; 100]].concat())]).remove(0);
        record.bytes.truncate(48);
        for (rows, spare) in [(2, 1), (3, 1), (3, 0), (2, 0), (4, 1)] {
            // At this width, the number of omitted bytes does not fit after the last byte.
            let lines = hex_dump(&record, None, Styles { colours: false }, width_of(16), rows, spare);
            assert!(lines.len() <= rows + spare, "{rows} + {spare}: {}", lines.len());
            let shown = 16 * (lines.len() - 1);
            let last = lines.last().map(ToString::to_string);
            assert_eq!(last, Some(format!("      … {} bytes more", 102 - shown)), "{rows} + {spare}");
        }
    }
}
