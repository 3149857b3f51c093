//! Scrolls by rows. How far a pane can scroll depends on its size, so these functions consult the
//! layout and the view.

use crate::screen::{layout, model::Model, view};

/// Scrolls the transcript by this many rows.
pub(super) fn transcript(model: &mut Model, by: isize) {
    let pane = layout::inside(layout::areas(model).transcript);
    match by {
        isize::MIN => model.transcript.scroll_to_start(pane),
        isize::MAX => model.transcript.follow(),
        by => model.transcript.scroll(by, pane),
    }
}

/// Scrolls the help by this many rows.
pub(super) fn help(model: &mut Model, by: isize) {
    let last = view::help_scroll_max(model.size);
    model.help = model.help.map(|top| top.saturating_add_signed(by).min(last));
}

/// Scrolls the zoomed frame by this many rows. The selected field stays selected.
pub(super) fn zoomed_frame(model: &mut Model, by: isize) {
    let range = view::zoomed_frame_scroll_range(model);
    model.frame_scroll = model.frame_scroll.saturating_add(by).clamp(*range.start(), *range.end());
}

/// Scrolls the lesson by this many rows.
pub(super) fn lesson(model: &mut Model, by: isize) {
    let range = view::lesson_scroll_range(model);
    model.lessons.scroll = model.lessons.scroll.saturating_add(by).clamp(*range.start(), *range.end());
}

/// Adjusts the scroll positions after the size of the terminal has changed.
pub(super) fn clamp(model: &mut Model) {
    help(model, 0);
    zoomed_frame(model, 0);
    lesson(model, 0);
}
