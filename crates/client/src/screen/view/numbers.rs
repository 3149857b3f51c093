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
};
use crate::screen::{
    model::{Model, focus::Focus, numbers::NumberSeries},
    text::{fit, width},
};

/// The minimum number of columns that a wide pane keeps free for the bars.
const BARS_MIN: usize = 20;

pub(super) fn draw(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    if area.is_empty() {
        return;
    }
    let (inside, columns, rows) = inner(area);
    let all = model.numbers.series.len();
    let series = &model.numbers.series[..all.min(rows)];
    let title = match series.len() {
        shown if shown < all => format!(" numbers ({shown} of {all}) "),
        _ => " numbers in the messages ".to_owned(),
    };
    frame.render_widget(block(fit(&title, columns), model.focus == Focus::Numbers), area);
    let widest = |of: &dyn Fn(usize) -> usize| (0..series.len()).map(of).max().unwrap_or(0);
    let values: Vec<String> = series.iter().map(NumberSeries::newest).collect();
    let value_columns = widest(&|index| width(&values[index]));
    // In a wide pane, the names leave at least `BARS_MIN` columns for the bars. In a narrow pane,
    // the names take at most two fifths of the columns.
    let left_by_bars = columns.saturating_sub(value_columns + 2 + BARS_MIN);
    let name_columns = widest(&|index| width(&series[index].name)).min(left_by_bars.max(columns * 2 / 5));
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
