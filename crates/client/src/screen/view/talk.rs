//! The conversation, and the numbers in it.

use dissector::{Direction, printable};
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
use crate::screen::model::{
    Focus, Model,
    talk::{Said, Speaker},
};

pub(super) fn draw(model: &Model, styles: Styles, frame: &mut Frame<'_>, area: Rect) {
    let (inside, columns, rows) = inner(area);
    let more = if model.talk.follows() { "" } else { " (newer below; Esc)" };
    let title = fit(&format!(" {}{more} ", model.url), columns);
    frame.render_widget(block(title, is_focused(model, Focus::Talk)), area);
    // From the newest upwards until the area is full: what was said long ago costs nothing.
    let mut lines: Vec<Line<'_>> = Vec::new();
    for said in model.talk.entries().iter().take(model.talk.visible()).rev() {
        let mut entry = entry(said, styles, columns);
        entry.append(&mut lines);
        lines = entry;
        if lines.len() >= rows {
            lines.drain(..lines.len() - rows);
            break;
        }
    }
    frame.render_widget(Paragraph::new(lines), inside);
}

/// Something that was said, in lines behind its mark.
fn entry(said: &Said, styles: Styles, columns: usize) -> Vec<Line<'static>> {
    let (mark, style, text_style) = match said.speaker {
        Speaker::Us => (">", styles.direction(Direction::ToServer), Styles::bold()),
        Speaker::Server => ("<", styles.direction(Direction::ToClient), ratatui::style::Style::new()),
        Speaker::Note => ("·", Styles::quiet(), Styles::quiet()),
        Speaker::Mistake => ("!", styles.wrong(), ratatui::style::Style::new()),
    };
    let mut text = said.text.clone();
    if said.times > 1 {
        text.push_str(&format!("  ({} times)", said.times));
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

pub(super) fn draw_numbers(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    if area.is_empty() {
        return;
    }
    let (inside, columns, rows) = inner(area);
    frame.render_widget(block(fit(" numbers in the messages ", columns), false), area);
    let series = &model.numbers.series[..model.numbers.series.len().min(rows)];
    let widest = |of: &dyn Fn(usize) -> usize| (0..series.len()).map(of).max().unwrap_or(0);
    let values: Vec<String> = series.iter().map(crate::screen::model::numbers::Series::newest).collect();
    let value_columns = widest(&|index| width(&values[index]));
    // The rest is for the bars.
    let name_columns = widest(&|index| width(&series[index].name)).min(columns * 2 / 5);
    let bars = columns.saturating_sub(name_columns + value_columns + 2);
    let lines: Vec<Line<'_>> = series
        .iter()
        .zip(&values)
        .map(|(series, value)| {
            let name = fit(&printable(&series.name), name_columns);
            let padding = " ".repeat(name_columns.saturating_sub(width(&name)) + value_columns - width(value));
            Line::from(vec![
                Span::raw(format!("{name} {padding}")),
                Span::styled(value.clone(), Styles::bold()),
                Span::raw(" "),
                Span::raw(series.bars(bars)),
            ])
        })
        .collect();
    frame.render_widget(Paragraph::new(lines), inside);
}
