//! Draws the pane with the lesson: what the user has just done, and what to do next.

use std::ops::RangeInclusive;

use ratatui::{Frame, layout::Rect, style::Style, text::Line, widgets::Paragraph};

use super::{
    pane::{block, inner},
    style::Styles,
};
use crate::screen::{
    layout,
    lesson::progress::LessonRow,
    model::{Model, focus::Focus},
    text::fit,
};

pub(super) fn draw(model: &Model, styles: Styles, frame: &mut Frame<'_>, area: Rect) {
    if area.is_empty() {
        return;
    }
    let (inside, columns, visible) = inner(area);
    let rows = model.lessons.rows(columns);
    let is_cut = rows.len() > visible;
    let title = fit(&format!(" {} ", model.lessons.title()), columns);
    let zoom = if is_cut && model.zoomed.is_none() { "Tab, F2: all; " } else { "" };
    let below = fit(&format!(" {zoom}/lesson hint, next, off "), columns);
    frame.render_widget(block(title, model.focus == Focus::Lesson).title_bottom(below), area);
    let top = first_row(&rows, visible).saturating_add_signed(model.lessons.scroll).min(rows.len());
    let lines: Vec<Line<'_>> = rows
        .into_iter()
        .skip(top)
        .take(visible)
        .map(|(row, text)| match row {
            LessonRow::Report => Line::styled(text, styles.done()),
            LessonRow::Task => Line::styled(text, Style::new()),
            LessonRow::Missing => Line::styled(text, styles.wrong()),
            LessonRow::Hint => Line::styled(text, Styles::quiet()),
            LessonRow::Line => Line::styled(text, Styles::bold()),
        })
        .collect();
    frame.render_widget(Paragraph::new(lines), inside);
}

/// Returns how far the pane can be scrolled up and down, in rows.
pub(super) fn scroll_range(model: &Model) -> RangeInclusive<isize> {
    let size = layout::inside(layout::areas(model).lesson);
    let rows = model.lessons.rows(size.columns);
    let first = first_row(&rows, size.rows);
    let distance = |rows: usize| isize::try_from(rows).unwrap_or(isize::MAX);
    -distance(first)..=distance(rows.len().saturating_sub(size.rows).saturating_sub(first))
}

/// Returns the index of the top row before the user scrolls. If not everything fits, the task takes
/// precedence over the report on the previous task, and the row that states what is missing takes
/// precedence over the task.
fn first_row(rows: &[(LessonRow, String)], visible: usize) -> usize {
    let is_missing = rows.iter().any(|(row, _)| *row == LessonRow::Missing);
    let may_go = |row: LessonRow| row == LessonRow::Report || (is_missing && row == LessonRow::Task);
    let before = rows.iter().take_while(|(row, _)| may_go(*row)).count();
    before.min(rows.len().saturating_sub(visible))
}
