//! Draws the screen: `draw(model, frame)` reads the model and changes nothing.

mod explanation;
mod footer;
mod frame;
mod help;
mod hex_dump;
mod lesson;
mod numbers;
mod pane;
mod style;
mod transcript;
mod wire;
mod zoomed_frame;

use std::ops::RangeInclusive;

use dissector::is_harmful;
use ratatui::{Frame, buffer::Buffer};

use self::style::Styles;
use super::{
    layout,
    model::{Model, focus::Focus},
};

/// Draws everything.
pub(crate) fn draw(model: &Model, frame: &mut Frame<'_>) {
    let area = frame.area();
    let areas = layout::areas(model);
    let styles = Styles { colours: model.colours };
    transcript::draw(model, styles, frame, areas.transcript);
    numbers::draw(model, frame, areas.numbers);
    lesson::draw(model, styles, frame, areas.lesson);
    wire::draw(model, styles, frame, areas.wire);
    match layout::zoomed(model) {
        Some(Focus::Frame) => zoomed_frame::draw(model, styles, frame, areas.frame),
        _ => frame::draw(model, styles, frame, areas.frame),
    }
    footer::draw_status(model, styles, frame, areas.status);
    footer::draw_keys(model, styles, frame, areas.keys);
    footer::draw_input(model, frame, areas.input);
    if let Some(top) = model.help {
        help::draw(top, frame, area);
    }
    replace_harmful(frame.buffer_mut());
}

/// Replaces the characters that could control the terminal. This is the last step before the
/// picture reaches the terminal, so it covers every pane.
///
/// The panes themselves show such a character as an escape. An escape takes more columns than the
/// character, so each pane must insert its escapes before it cuts and wraps the text. A replacement
/// here means that a pane has failed to escape a character.
fn replace_harmful(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        if cell.symbol().contains(is_harmful) {
            cell.set_symbol("�");
        }
    }
}

/// Returns the number of rows that the help shows at once, on a terminal with this many columns and
/// rows.
pub(crate) fn help_rows(size: (u16, u16)) -> usize {
    help::visible_rows(size)
}

/// Returns the maximum number of rows by which the help can be scrolled.
pub(crate) fn help_scroll_max(size: (u16, u16)) -> usize {
    help::scroll_max(size)
}

/// Returns how far the zoomed frame can be scrolled up and down from the selected field, in rows.
pub(crate) fn zoomed_frame_scroll_range(model: &Model) -> RangeInclusive<isize> {
    zoomed_frame::scroll_range(model)
}

/// Returns how far the lesson can be scrolled up and down, in rows.
pub(crate) fn lesson_scroll_range(model: &Model) -> RangeInclusive<isize> {
    lesson::scroll_range(model)
}

#[cfg(test)]
mod tests;
