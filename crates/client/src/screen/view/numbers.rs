//! Draws the pane with a chart of each number in the messages.

use dissector::printable;
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::Paragraph,
};

use super::{
    pane::{block, inner},
    style::Styles,
    text::{fit, width},
};
use crate::screen::model::{Model, numbers::NumberSeries};

pub(super) fn draw(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    if area.is_empty() {
        return;
    }
    let (inside, columns, rows) = inner(area);
    frame.render_widget(block(fit(" numbers in the messages ", columns), false), area);
    let series = &model.numbers.series[..model.numbers.series.len().min(rows)];
    let widest = |of: &dyn Fn(usize) -> usize| (0..series.len()).map(of).max().unwrap_or(0);
    let values: Vec<String> = series.iter().map(NumberSeries::newest).collect();
    let value_columns = widest(&|index| width(&values[index]));
    // The names take at most two fifths of the columns, so that room is left for the bars.
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
