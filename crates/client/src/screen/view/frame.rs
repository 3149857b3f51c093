//! The selected frame, taken apart: its bytes, its fields, and what the chosen field means.
//!
//! ```text
//!   0000  81 85 37 fa 21 3d 7f 9f     bytes, each in the colour of its field, those of the chosen field reversed
//!   0008  4d 51 58                    as many as there is room for beside the fields, and how many more there are
//!
//!   ▌ 1... .... = Fin: True     5.2   a line for each field, with the section where it is specified
//!   ...
//!
//!   what the value means, why the field is there, and the RFC
//! ```

use dissector::{Field, Record, printable, render};
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::Paragraph,
};

use super::{
    block, inner, is_focused,
    style::Styles,
    text::{fit, width, wrap},
};
use crate::screen::model::{Focus, Model};

/// From so many rows on, there are empty lines between bytes, fields and explanation.
const ROOMY: usize = 20;

pub(super) fn draw(model: &Model, styles: Styles, frame: &mut Frame<'_>, area: Rect) {
    if area.is_empty() {
        return;
    }
    let (inside, columns, rows) = inner(area);
    let focused = is_focused(model, Focus::Frame);
    let Some(entry) = model.wire.selected() else {
        return frame.render_widget(block(" frame ".to_owned(), focused), area);
    };
    let record = &entry.record;
    let title = fit(&format!(" {}: {} ", entry.number, printable(&record.summary)), columns);
    frame.render_widget(block(title, focused), area);

    let fields = model.fields();
    let chosen = fields.get(model.field).map(|(_, field)| *field);
    // The explanation takes what it needs, up to a third; the bytes a fifth, and what the fields leave; the fields get the
    // rest.
    let mut explained = explanation(record, chosen, columns, styles, (rows / 3).max(2));
    // Empty lines are easy on the eye where there is room for them.
    let gaps = usize::from(rows >= ROOMY);
    let left_by_fields = rows.saturating_sub(explained.len() + 2 * gaps + fields.len());
    let hex_rows = (rows / 5).max(2).max(left_by_fields);
    let mut lines = hex(record, chosen, styles, columns, hex_rows, gaps);
    lines.resize((lines.len() + gaps).min(hex_rows + gaps), Line::default());
    let field_rows = rows.saturating_sub(explained.len() + lines.len() + gaps);
    let first = model.field.saturating_sub(field_rows / 2).min(fields.len().saturating_sub(field_rows));
    for (index, (depth, field)) in fields.iter().enumerate().skip(first).take(field_rows) {
        lines.push(field_line(*depth, field, index == model.field, styles, columns));
    }
    lines.resize(rows.saturating_sub(explained.len()), Line::default());
    lines.append(&mut explained);
    frame.render_widget(Paragraph::new(lines), inside);
}

/// The bytes in at most `rows` lines, among them the first of the chosen field. What comes behind them is counted: in one
/// of the `spare` lines, else behind the last bytes, else in the place of the last line.
fn hex(
    record: &Record,
    chosen: Option<&Field>,
    styles: Styles,
    columns: usize,
    rows: usize,
    spare: usize,
) -> Vec<Line<'static>> {
    // Offset and gap, three columns for each byte, a gap, and a column for each as a character.
    let width_of = |row: usize| 6 + row * 3 + 1 + row;
    let row = if columns >= width_of(16) { 16 } else { 8 };
    let all = record.bytes.len().div_ceil(row);
    let words = |more: u64| {
        let (long, short) = (format!(" … {more} more"), format!(" …+{more}"));
        if width_of(row) + width(&long) <= columns { long } else { short }
    };
    let is_whole = record.length == record.bytes.len() as u64;
    let beside = spare == 0 && width_of(row) + width(&words(record.length)) <= columns;
    let rows = match spare {
        // The line that would say what is missing has room for it.
        _ if is_whole && all <= rows + spare => rows + spare,
        0 if !beside => rows.saturating_sub(1),
        _ => rows,
    };
    let start = chosen.map_or(0, |field| usize::try_from(field.range.start).unwrap_or(usize::MAX)) / row;
    let all = record.bytes.len().div_ceil(row);
    let rows = if all <= rows + spare { rows + spare } else { rows };
    let last = all.saturating_sub(rows);
    let first = start.saturating_sub(rows / 2).min(last);
    let shown = record.bytes.chunks(row).enumerate().skip(first).take(rows);
    let more = record.length.saturating_sub((((first + rows) * row).min(record.bytes.len())) as u64);
    let mut lines: Vec<Line<'_>> = shown
        .map(|(index, bytes)| {
            let mut spans = vec![Span::styled(format!("{:04x}  ", index * row), Styles::quiet())];
            let mut characters = vec![Span::raw(" ".repeat((row - bytes.len()) * 3 + 1))];
            for (position, byte) in (index as u64 * row as u64..).zip(bytes) {
                // Several fields may share a byte: the chosen one has it.
                let style = match chosen.filter(|field| field.range.contains(&position)) {
                    Some(field) => styles.part(field.term.part).patch(styles.chosen()),
                    None => record.field_at(position).map(|field| styles.part(field.term.part)).unwrap_or_default(),
                };
                let graphic = byte.is_ascii_graphic() || *byte == b' ';
                spans.push(Span::styled(format!("{byte:02x}"), style));
                spans.push(Span::raw(" "));
                characters.push(Span::styled(if graphic { char::from(*byte) } else { '.' }.to_string(), style));
            }
            spans.append(&mut characters);
            Line::from(spans)
        })
        .collect();
    match lines.last_mut() {
        Some(last) if more > 0 && beside => last.push_span(Span::styled(words(more), Styles::quiet())),
        _ if more > 0 => {
            let plural = if more == 1 { "" } else { "s" };
            lines.push(Line::styled(format!("      … {more} byte{plural} more"), Styles::quiet()));
        }
        _ => {}
    }
    lines
}

fn field_line(depth: usize, field: &Field, chosen: bool, styles: Styles, columns: usize) -> Line<'static> {
    let swatch = if chosen { ">" } else { " " };
    let section = match field.term.reference.rfc {
        6455 => field.term.reference.section.to_owned(),
        rfc => format!("{rfc}: {}", field.term.reference.section),
    };
    let room = columns.saturating_sub(2 + section.len() + 1);
    let text = fit(&printable(&format!("{}{}", "  ".repeat(depth), render::field_line(field))), room);
    let gap = " ".repeat(room.saturating_sub(width(&text)) + 1);
    let style = if chosen { styles.chosen() } else { ratatui::style::Style::new() };
    Line::from(vec![
        Span::styled(swatch, styles.part(field.term.part)),
        Span::raw(" "),
        Span::styled(text, style),
        Span::raw(gap),
        Span::styled(section, Styles::quiet()),
    ])
}

/// What is wrong with the record, and what the chosen field is about, in at most `rows` lines, the last of which says
/// where it is specified.
fn explanation(
    record: &Record,
    chosen: Option<&Field>,
    columns: usize,
    styles: Styles,
    rows: usize,
) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for finding in &record.findings {
        let text = format!("{}: {}", finding.rule.name(), printable(&finding.rule.to_string()));
        lines.extend(wrap(&text, columns).into_iter().map(|line| Line::styled(line, styles.wrong())));
    }
    let Some(field) = chosen else { return lines };
    if !field.meaning.is_empty() {
        lines.extend(
            wrap(&printable(&field.meaning), columns).into_iter().map(|line| Line::styled(line, Styles::bold())),
        );
    }
    let why = wrap(field.term.why, columns);
    let room = rows.saturating_sub(1);
    let cut = lines.len() + why.len() > room;
    lines.extend(why.into_iter().map(Line::raw));
    lines.truncate(room);
    let mut reference = field.term.reference.to_string();
    if cut {
        // There is more of it in a larger terminal.
        reference.insert_str(0, "… ");
    }
    lines.push(Line::styled(fit(&reference, columns), Styles::quiet()));
    lines
}
