//! The screen: `draw(model, frame)`, which looks at the model and changes nothing.

mod frame;
mod help;
mod lines;
mod style;
mod talk;
mod text;
mod wire;

use ratatui::{
    Frame,
    layout::Rect,
    widgets::{Block, BorderType},
};

use self::style::Styles;
use super::{
    layout,
    model::{Focus, Model},
};

/// Draws everything.
pub(crate) fn draw(model: &Model, frame: &mut Frame<'_>) {
    let area = frame.area();
    let areas = layout::areas((area.width, area.height), model.numbers.series.len());
    let styles = Styles { colours: model.colours };
    talk::draw(model, styles, frame, areas.talk);
    talk::draw_numbers(model, frame, areas.numbers);
    wire::draw(model, styles, frame, areas.wire);
    frame::draw(model, styles, frame, areas.frame);
    lines::draw_status(model, styles, frame, areas.status);
    lines::draw_keys(model, styles, frame, areas.keys);
    lines::draw_input(model, frame, areas.input);
    if model.help {
        help::draw(frame, area);
    }
}

/// A frame with a title; a thick one where the arrow keys go.
fn block(title: String, focused: bool) -> Block<'static> {
    let border = if focused { BorderType::Thick } else { BorderType::Plain };
    Block::bordered().border_type(border).title(title)
}

/// The inside of a frame as rows, `columns` wide.
fn inner(area: Rect) -> (Rect, usize, usize) {
    let inner = Block::bordered().inner(area);
    (inner, usize::from(inner.width), usize::from(inner.height))
}

fn is_focused(model: &Model, focus: Focus) -> bool {
    model.focus == focus
}

#[cfg(test)]
mod tests;
