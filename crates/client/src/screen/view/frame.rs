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

use dissector::{Field, Record, printable, render};
use ratatui::{
    Frame,
    layout::Rect,
    style::Style,
    text::{Line, Span},
    widgets::Paragraph,
};

use super::{
    hex_dump::hex_dump,
    pane::{block, inner},
    style::Styles,
    text::{fit, width, wrap},
};
use crate::screen::model::{Model, focus::Focus};

/// The minimum number of rows at which empty lines separate bytes, fields and explanation.
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
    let title = fit(&format!(" {}: {} ", entry.number, printable(&record.summary)), columns);
    frame.render_widget(block(title, focused), area);

    let fields = model.fields();
    let selected = fields.get(model.field).map(|(_, field)| *field);
    // The explanation takes the rows that it needs, up to a third. The bytes take a fifth of the
    // rows, or more if the fields leave rows free. The fields get the rest.
    let mut explained = explanation(record, selected, columns, styles, (rows / 3).max(2));
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

fn field_line(depth: usize, field: &Field, selected: bool, styles: Styles, columns: usize) -> Line<'static> {
    let swatch = if selected { ">" } else { " " };
    let section = match field.term.reference.rfc {
        6455 => field.term.reference.section.to_owned(),
        rfc => format!("{rfc}: {}", field.term.reference.section),
    };
    let room = columns.saturating_sub(2 + section.len() + 1);
    let text = fit(&printable(&format!("{}{}", "  ".repeat(depth), render::field_line(field))), room);
    let gap = " ".repeat(room.saturating_sub(width(&text)) + 1);
    let style = if selected { styles.selected() } else { Style::new() };
    Line::from(vec![
        Span::styled(swatch, styles.part(field.term.part)),
        Span::raw(" "),
        Span::styled(text, style),
        Span::raw(gap),
        Span::styled(section, Styles::quiet()),
    ])
}

/// Explains in at most `rows` lines which rules the record violates and what the selected field
/// means. The last line names the section that specifies the field.
fn explanation(
    record: &Record,
    selected: Option<&Field>,
    columns: usize,
    styles: Styles,
    rows: usize,
) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for finding in &record.findings {
        let text = finding.to_string();
        lines.extend(wrap(&printable(&text), columns).into_iter().map(|line| Line::styled(line, styles.wrong())));
    }
    let Some(field) = selected else { return lines };
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
        // The ellipsis shows that the explanation is cut off. A larger terminal shows the rest.
        reference.insert_str(0, "… ");
    }
    lines.push(Line::styled(fit(&reference, columns), Styles::quiet()));
    lines
}
