//! The pane with the selected record: its bytes, its fields, and what the selected field means.
//!
//! ```text
//!   0000  81 85 37 fa 21 3d 7f 9f    bytes, each in the colour of its field, and the number of
//!   0008  4d 51 58                   bytes left out. The bytes of the selected field are reversed.
//!
//!   ▌ 1... .... = Fin: True    5.2   a line for each field, with the section that specifies it
//!   ...
//!
//!   what the value means, why the field exists, and the RFC
//! ```
//!
//! The pane truncates anything that does not fit. `zoomed_frame` draws the zoomed pane, which
//! truncates nothing.

use dissector::{Field, Record, printable, render};
use ratatui::{
    Frame,
    layout::Rect,
    style::Style,
    text::{Line, Span},
    widgets::Paragraph,
};

use super::{
    explanation,
    hex_dump::hex_dump,
    pane::{block, inner},
    style::Styles,
};
use crate::screen::{
    model::{Model, focus::Focus, wire_log::WireEntry},
    text::{fit, width},
};

/// The minimum height, in rows, at which empty lines separate the bytes, the fields and the
/// explanation.
const ROOMY: usize = 20;

pub(super) fn draw(model: &Model, styles: Styles, frame: &mut Frame<'_>, area: Rect) {
    if area.is_empty() {
        return;
    }
    let (inside, columns, rows) = inner(area);
    let focused = model.focus == Focus::Frame;
    let Some(entry) = model.wire_log.selected() else {
        return frame.render_widget(block(" frame ".to_owned(), focused), area);
    };
    let record = &entry.record;
    frame.render_widget(block(title(entry, columns), focused), area);

    let fields = model.fields();
    let selected = fields.get(model.field).map(|(_, field)| *field);
    // The explanation takes the rows that it needs, up to a third of the pane. The bytes take a
    // fifth of the rows, or more if the fields leave rows free. The fields get the rest.
    let mut explained = explain(record, selected, focused, columns, styles, (rows / 3).max(2));
    let gaps = usize::from(rows >= ROOMY);
    let left_by_fields = rows.saturating_sub(explained.len() + 2 * gaps + fields.len());
    let hex_rows = (rows / 5).max(2).max(left_by_fields);
    let mut lines = hex_dump(record, selected, styles, columns, hex_rows, gaps);
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

/// Returns the title of the pane: the number and the summary of the record.
pub(super) fn title(entry: &WireEntry, columns: usize) -> String {
    fit(&format!(" {}: {} ", entry.number, printable(&entry.record.summary)), columns)
}

fn field_line(depth: usize, field: &Field, selected: bool, styles: Styles, columns: usize) -> Line<'static> {
    let section = section(field);
    let room = columns.saturating_sub(2 + section.len() + 1);
    let text = fit(&printable(&format!("{}{}", "  ".repeat(depth), render::field_line(field))), room);
    let gap = " ".repeat(room.saturating_sub(width(&text)) + 1);
    let style = if selected { styles.selected() } else { Style::new() };
    Line::from(vec![
        Span::styled(swatch(selected), styles.part(field.term.part)),
        Span::raw(" "),
        Span::styled(text, style),
        Span::raw(gap),
        Span::styled(section, Styles::quiet()),
    ])
}

/// Returns the mark at the beginning of a field's line.
pub(super) const fn swatch(selected: bool) -> &'static str {
    if selected { ">" } else { " " }
}

/// Returns a short reference to the section that specifies a field.
pub(super) fn section(field: &Field) -> String {
    match field.term.reference.rfc {
        6455 => field.term.reference.section.to_owned(),
        rfc => format!("{rfc}: {}", field.term.reference.section),
    }
}

/// Explains in at most `rows` lines which rules the record violates and what the selected field
/// means. The last line names the section that specifies the field and, if the explanation does not
/// fit, the keys that show all of it.
fn explain(
    record: &Record,
    selected: Option<&Field>,
    focused: bool,
    columns: usize,
    styles: Styles,
    rows: usize,
) -> Vec<Line<'static>> {
    let mut lines = explanation::broken_rules(record, styles, columns);
    let Some(field) = selected else { return lines };
    lines.append(&mut explanation::meaning(field, columns));
    let room = rows.saturating_sub(1);
    let is_cut = lines.len() > room;
    lines.truncate(room);
    let reference = field.term.reference.to_string();
    let keys = if focused { "F2" } else { "Shift-Tab, F2" };
    let long = format!("… ({keys}: all) {reference}");
    let end = match is_cut {
        false => reference,
        true if width(&long) <= columns => long,
        true => format!("… {reference}"),
    };
    lines.push(Line::styled(fit(&end, columns), Styles::quiet()));
    lines
}
