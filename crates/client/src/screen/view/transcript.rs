//! Draws the pane with the transcript of the conversation.

use dissector::{Direction, printable};
use ratatui::{
    Frame,
    layout::Rect,
    style::Style,
    text::{Line, Span},
    widgets::Paragraph,
};

use super::{
    pane::{block, inner},
    style::Styles,
    text::{fit, wrap},
};
use crate::screen::model::{
    Model,
    focus::Focus,
    transcript::{Speaker, TranscriptEntry},
};

pub(super) fn draw(model: &Model, styles: Styles, frame: &mut Frame<'_>, area: Rect) {
    let (inside, columns, rows) = inner(area);
    let more = if model.transcript.follows() { "" } else { " (newer below; Esc)" };
    let title = fit(&format!(" {}{more} ", printable(&model.url)), columns);
    frame.render_widget(block(title, model.focus == Focus::Transcript), area);
    // Start with the newest entry and stop when the area is full, so that older entries cost no
    // time.
    let mut lines: Vec<Line<'_>> = Vec::new();
    for entry in model.transcript.entries().iter().take(model.transcript.visible()).rev() {
        let mut entry = entry_lines(entry, styles, columns);
        entry.append(&mut lines);
        lines = entry;
        if lines.len() >= rows {
            lines.drain(..lines.len() - rows);
            break;
        }
    }
    frame.render_widget(Paragraph::new(lines), inside);
}

/// Returns the lines of an entry. The first one starts with a mark.
fn entry_lines(entry: &TranscriptEntry, styles: Styles, columns: usize) -> Vec<Line<'static>> {
    let (mark, style, text_style) = match entry.speaker {
        Speaker::User => (">", styles.direction(Direction::ToServer), Styles::bold()),
        Speaker::Server => ("<", styles.direction(Direction::ToClient), Style::new()),
        Speaker::Notice => ("·", Styles::quiet(), Styles::quiet()),
        Speaker::Error => ("!", styles.wrong(), Style::new()),
    };
    let mut text = entry.text.clone();
    if entry.times > 1 {
        text.push_str(&format!("  ({} times)", entry.times));
    }
    let lines = wrap(&text, columns.saturating_sub(2));
    lines
        .into_iter()
        .enumerate()
        .map(|(index, line)| {
            let mark = if index == 0 { Span::styled(mark, style) } else { Span::raw(" ") };
            Line::from(vec![mark, Span::raw(" "), Span::styled(line, text_style)])
        })
        .collect()
}
