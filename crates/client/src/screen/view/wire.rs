//! The wire: a line for each head and each frame, newest last.

use dissector::{Direction, Record, printable};
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::Paragraph,
};

use super::{block, inner, is_focused, style::Styles, text::fit};
use crate::screen::{
    layout,
    model::{Focus, Model},
};

/// Numbers have room for so many digits before anything has to move.
const DIGITS: usize = 2;

pub(super) fn draw(model: &Model, styles: Styles, frame: &mut Frame<'_>, area: Rect) {
    if area.is_empty() {
        return;
    }
    let (inside, columns, rows) = inner(area);
    let more = if model.wire.follows() { "" } else { " (newer below; Esc)" };
    frame.render_widget(block(fit(&format!(" wire{more} "), columns), is_focused(model, Focus::Wire)), area);
    let chosen = model.wire.index();
    // As wide as the newest, so that what stands behind the numbers stands in a column.
    let digits = model.wire.entries().back().map_or(0, |entry| entry.number.to_string().len()).max(DIGITS);
    let first = layout::first_visible(area, model.wire.entries().len(), chosen);
    let lines: Vec<Line<'_>> = model
        .wire
        .entries()
        .iter()
        .enumerate()
        .skip(first)
        .take(rows)
        .map(|(index, entry)| {
            let mut line = line(&format!("{:>digits$} ", entry.number), &entry.record, styles, columns);
            if chosen == Some(index) {
                // Reversed behind the mark, so that its colour still tells the direction.
                for span in &mut line.spans[1..] {
                    span.style = span.style.patch(styles.chosen());
                }
            }
            line
        })
        .collect();
    frame.render_widget(Paragraph::new(lines), inside);
}

fn line(number: &str, record: &Record, styles: Styles, columns: usize) -> Line<'static> {
    let mark = match record.direction {
        Direction::ToServer => " > ",
        Direction::ToClient => " < ",
    };
    let wrong = if record.findings.is_empty() { "" } else { "!" };
    let cut = if record.complete { "" } else { " (not complete)" };
    let room = columns.saturating_sub(3 + number.len() + wrong.len());
    let mut text = fit(&format!("{}{cut}", printable(&record.summary)), room);
    // To the edge, so that what is chosen is a bar.
    text.push_str(&" ".repeat(room.saturating_sub(super::text::width(&text))));
    Line::from(vec![
        Span::styled(mark, styles.direction(record.direction)),
        Span::styled(number.to_owned(), Styles::quiet()),
        Span::styled(wrong, styles.wrong()),
        Span::raw(text),
    ])
}
