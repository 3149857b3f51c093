//! Handles the mouse. The wheel scrolls the pane under the pointer. A click moves the focus. In the
//! wire pane, a click also selects a record.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use crate::screen::{
    layout::{self, Areas},
    model::{Model, focus::Focus},
};

/// The number of transcript entries that one step of the wheel scrolls. Most programs scroll by
/// three lines.
const WHEEL_LINES: isize = 3;

pub(super) fn handle(model: &mut Model, mouse: MouseEvent) {
    let areas = layout::areas(model.size, model.numbers.series.len());
    let at = Position::new(mouse.column, mouse.row);
    let by = match mouse.kind {
        MouseEventKind::ScrollUp => -1,
        MouseEventKind::ScrollDown => 1,
        MouseEventKind::Down(MouseButton::Left) => return click(model, &areas, at),
        _ => return,
    };
    if areas.transcript.contains(at) {
        model.transcript.step(by * WHEEL_LINES);
    } else if areas.wire.contains(at) {
        model.step_record(by);
    } else if areas.frame.contains(at) {
        model.step_field(by);
    }
}

fn click(model: &mut Model, areas: &Areas, at: Position) {
    model.help = false;
    model.focus = if areas.wire.contains(at) {
        let log = &mut model.wire_log;
        let first = layout::first_visible(areas.wire, log.entries().len(), log.index());
        // The first row of the area is its border, on which a click selects nothing.
        if let Some(row) = at.y.checked_sub(areas.wire.y + 1) {
            let index = first + usize::from(row);
            if index < log.entries().len() {
                log.select(index);
                model.select_initial_field();
            }
        }
        Focus::Wire
    } else if areas.transcript.contains(at) {
        Focus::Transcript
    } else if areas.frame.contains(at) {
        Focus::Frame
    } else {
        Focus::Input
    };
}
