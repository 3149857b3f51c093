//! The selected record in the zoomed pane: every byte that the record keeps, and every field in
//! full.
//!
//! ```text
//!   the rules that the record breaks
//!
//!   0000  81 85 37 fa 21 3d 7f 9f 4d 51 58                  all bytes that are kept
//!
//!     1... .... = Fin: True                           5.2
//!   > .... 0001 = Opcode: Text (1)                    5.2
//!       what the value of the selected field means, why the field exists, and the RFC
//!     1... .... = Mask: True                          5.2
//!   ...
//! ```
//!
//! If the rows do not all fit, the pane shows those around the selected field, and the user can
//! scroll to the others.

use std::ops::{Range, RangeInclusive};

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
    frame::{section, swatch, title},
    hex_dump::hex_lines,
    pane::{block, inner},
    style::Styles,
};
use crate::screen::{
    layout,
    model::{Model, focus::Focus},
    text::{width, wrap},
};

/// The number of columns by which an explanation is indented relative to its field.
const INDENT: usize = 4;

/// All rows of the pane.
struct Page {
    lines: Vec<Line<'static>>,
    /// The rows of the selected field and its explanation.
    selected: Range<usize>,
}

pub(super) fn draw(model: &Model, styles: Styles, frame: &mut Frame<'_>, area: Rect) {
    if area.is_empty() {
        return;
    }
    let (inside, columns, rows) = inner(area);
    let focused = model.focus == Focus::Frame;
    let Some(entry) = model.wire_log.selected() else {
        return frame.render_widget(block(" frame ".to_owned(), focused), area);
    };
    frame.render_widget(block(title(entry, columns), focused), area);
    let page = page(&entry.record, &model.fields(), model.field, styles, columns);
    let top = page.first_row(rows).saturating_add_signed(model.frame_scroll).min(page.last_top(rows));
    let lines: Vec<Line<'_>> = page.lines.into_iter().skip(top).take(rows).collect();
    frame.render_widget(Paragraph::new(lines), inside);
}

/// Returns how far the page can be scrolled up and down from the selected field, in rows.
pub(super) fn scroll_range(model: &Model) -> RangeInclusive<isize> {
    let size = layout::inside(layout::areas(model).frame);
    let Some(entry) = model.wire_log.selected() else { return 0..=0 };
    let page = page(&entry.record, &model.fields(), model.field, Styles { colours: false }, size.columns);
    let (first, last) = (page.first_row(size.rows), page.last_top(size.rows));
    let distance = |rows: usize| isize::try_from(rows).unwrap_or(isize::MAX);
    -distance(first)..=distance(last - first)
}

impl Page {
    /// Returns the index of the row that is at the top before the user scrolls. The selected field
    /// is then visible, as is its explanation if it fits.
    fn first_row(&self, rows: usize) -> usize {
        self.selected.end.saturating_sub(rows).min(self.selected.start).min(self.last_top(rows))
    }

    /// Returns the index of the top row when the page is scrolled to its end.
    fn last_top(&self, rows: usize) -> usize {
        self.lines.len().saturating_sub(rows)
    }
}

fn page(record: &Record, fields: &[(usize, &Field)], selected: usize, styles: Styles, columns: usize) -> Page {
    let selected_field = fields.get(selected).map(|(_, field)| *field);
    let mut lines = explanation::broken_rules(record, styles, columns);
    if !lines.is_empty() {
        lines.push(Line::default());
    }
    lines.append(&mut hex_lines(record, selected_field, styles, columns));
    lines.push(Line::default());
    let mut selected_rows = 0..0;
    for (index, (depth, field)) in fields.iter().enumerate() {
        let start = lines.len();
        let is_selected = index == selected;
        lines.append(&mut field_lines(*depth, field, is_selected, styles, columns));
        if is_selected {
            lines.append(&mut explained(*depth, field, columns));
            selected_rows = start..lines.len();
        }
    }
    Page { lines, selected: selected_rows }
}

/// Returns the rows of a field. The first row ends with a reference to the section that specifies
/// the field.
fn field_lines(depth: usize, field: &Field, selected: bool, styles: Styles, columns: usize) -> Vec<Line<'static>> {
    let section = section(field);
    let room = columns.saturating_sub(2 + section.len() + 1);
    let indent = "  ".repeat(depth);
    let rows = wrap(&printable(&render::whole_field_line(field)), room.saturating_sub(indent.len()));
    let style = if selected { styles.selected() } else { Style::new() };
    let line = |(index, row): (usize, String)| {
        let text = format!("{indent}{row}");
        let gap = " ".repeat(room.saturating_sub(width(&text)) + 1);
        let end = if index == 0 { section.clone() } else { String::new() };
        Line::from(vec![
            Span::styled(swatch(selected && index == 0), styles.part(field.term.part)),
            Span::raw(" "),
            Span::styled(text, style),
            Span::raw(gap),
            Span::styled(end, Styles::quiet()),
        ])
    };
    rows.into_iter().enumerate().map(line).collect()
}

/// Returns the explanation of the selected field.
fn explained(depth: usize, field: &Field, columns: usize) -> Vec<Line<'static>> {
    let indent = 2 * depth + INDENT;
    let mut lines = explanation::meaning(field, columns.saturating_sub(indent));
    lines.push(Line::styled(field.term.reference.to_string(), Styles::quiet()));
    for line in &mut lines {
        line.spans.insert(0, Span::raw(" ".repeat(indent)));
    }
    lines
}
