//! Draws the screen: `draw(model, frame)` reads the model and changes nothing.

mod footer;
mod frame;
mod help;
mod hex_dump;
mod numbers;
mod pane;
mod style;
mod text;
mod transcript;
mod wire;

use dissector::is_harmful;
use ratatui::{Frame, buffer::Buffer};

use self::style::Styles;
use super::{layout, model::Model};

/// Draws everything.
pub(crate) fn draw(model: &Model, frame: &mut Frame<'_>) {
    let area = frame.area();
    let areas = layout::areas((area.width, area.height), model.numbers.series.len());
    let styles = Styles { colours: model.colours };
    transcript::draw(model, styles, frame, areas.transcript);
    numbers::draw(model, frame, areas.numbers);
    wire::draw(model, styles, frame, areas.wire);
    frame::draw(model, styles, frame, areas.frame);
    footer::draw_status(model, styles, frame, areas.status);
    footer::draw_keys(model, styles, frame, areas.keys);
    footer::draw_input(model, frame, areas.input);
    if model.help {
        help::draw(frame, area);
    }
    replace_harmful(frame.buffer_mut());
}

/// Replaces the characters that could control the terminal. This is the last step before the
/// picture reaches the terminal, so it covers every pane.
///
/// The panes themselves show such a character as an escape, because an escape takes more columns and
/// so has to be there before they cut and wrap their text. A replacement here means that a pane has
/// forgotten one.
fn replace_harmful(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        if cell.symbol().contains(is_harmful) {
            cell.set_symbol("�");
        }
    }
}

#[cfg(test)]
mod tests;
