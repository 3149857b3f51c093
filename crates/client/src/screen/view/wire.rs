//! Draws the pane with the wire: a line for each head and each frame, with the newest at the
//! bottom.

use dissector::{Direction, Record, printable};
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::Paragraph,
};

use super::{
    pane::{block, inner},
    style::Styles,
};
use crate::screen::{
    layout,
    model::{Model, focus::Focus},
    text::{fit, width},
};

/// The minimum width of the column of record numbers, in digits.
const DIGITS: usize = 2;

pub(super) fn draw(model: &Model, styles: Styles, frame: &mut Frame<'_>, area: Rect) {
    if area.is_empty() {
        return;
    }
    let (inside, columns, rows) = inner(area);
    let more = if model.wire_log.follows() { "" } else { " (newer below; Esc)" };
    frame.render_widget(block(fit(&format!(" wire{more} "), columns), model.focus == Focus::Wire), area);
    let selected = model.wire_log.index();
    // All numbers take as many columns as the newest one, so that the summaries are aligned.
    let digits = model.wire_log.entries().back().map_or(0, |entry| entry.number.to_string().len()).max(DIGITS);
    let first = layout::first_visible(area, model.wire_log.entries().len(), selected);
    let lines: Vec<Line<'_>> = model
        .wire_log
        .entries()
        .iter()
        .enumerate()
        .skip(first)
        .take(rows)
        .map(|(index, entry)| {
            let mut line = record_line(&format!("{:>digits$} ", entry.number), &entry.record, styles, columns);
            if selected == Some(index) {
                // The direction mark is not shown in reverse video, so that its colour still shows
                // the direction.
                for span in &mut line.spans[1..] {
                    span.style = span.style.patch(styles.selected());
                }
            }
            line
        })
        .collect();
    frame.render_widget(Paragraph::new(lines), inside);
}

fn record_line(number: &str, record: &Record, styles: Styles, columns: usize) -> Line<'static> {
    let mark = match record.direction {
        Direction::ToServer => " > ",
        Direction::ToClient => " < ",
    };
    let wrong = if record.findings.is_empty() { "" } else { "!" };
    let cut = if record.complete { "" } else { " (not complete)" };
    let room = columns.saturating_sub(3 + number.len() + wrong.len());
    let mut text = fit(&format!("{}{cut}", printable(&record.summary)), room);
    // Pad the text to the edge, so that the selected line appears as a bar.
    text.push_str(&" ".repeat(room.saturating_sub(width(&text))));
    Line::from(vec![
        Span::styled(mark, styles.direction(record.direction)),
        Span::styled(number.to_owned(), Styles::quiet()),
        Span::styled(wrong, styles.wrong()),
        Span::raw(text),
    ])
}
