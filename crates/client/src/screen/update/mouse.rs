//! Handles the mouse. The wheel scrolls the pane under the pointer. A click moves the focus. In the
//! wire pane, a click also selects a record.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use super::scrolling;
use crate::screen::{
    layout::{self, Areas},
    model::{Model, focus::Focus},
};

/// The number of rows that one step of the wheel scrolls. Most programs scroll by three.
const WHEEL_ROWS: isize = 3;

pub(super) fn handle(model: &mut Model, mouse: MouseEvent) {
    let areas = layout::areas(model);
    let at = Position::new(mouse.column, mouse.row);
    let by = match mouse.kind {
        MouseEventKind::ScrollUp => -1,
        MouseEventKind::ScrollDown => 1,
        MouseEventKind::Down(MouseButton::Left) => return click(model, &areas, at),
        _ => return,
    };
    if model.help.is_some() {
        scrolling::help(model, by * WHEEL_ROWS);
    } else if areas.transcript.contains(at) {
        scrolling::transcript(model, by * WHEEL_ROWS);
    } else if areas.lesson.contains(at) {
        scrolling::lesson(model, by * WHEEL_ROWS);
    } else if areas.wire.contains(at) {
        model.step_record(by);
    } else if areas.frame.contains(at) && layout::zoomed(model).is_some() {
        scrolling::zoomed_frame(model, by * WHEEL_ROWS);
    } else if areas.frame.contains(at) {
        model.step_field(by);
    }
}

fn click(model: &mut Model, areas: &Areas, at: Position) {
    if model.help.take().is_some() {
        return;
    }
    let focus = if areas.wire.contains(at) {
        let log = &model.wire_log;
        let first = layout::first_visible(areas.wire, log.entries().len(), log.index());
        // A click on the border selects nothing.
        if let Some(row) = at.y.checked_sub(areas.wire.y + 1).map(usize::from)
            && row < layout::inside(areas.wire).rows
            && first + row < log.entries().len()
        {
            model.select_record(first + row);
        }
        Focus::Wire
    } else if areas.transcript.contains(at) {
        Focus::Transcript
    } else if areas.lesson.contains(at) {
        Focus::Lesson
    } else if areas.numbers.contains(at) {
        Focus::Numbers
    } else if areas.frame.contains(at) {
        Focus::Frame
    } else {
        Focus::Input
    };
    model.set_focus(focus);
}
