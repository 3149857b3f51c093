//! The mouse: the wheel scrolls what is under it, a click on the wire chooses a frame, a click elsewhere the focus.

use ratatui::{
    crossterm::event::{MouseButton, MouseEvent, MouseEventKind},
    layout::Position,
};

use super::{Focus, Model};
use crate::screen::layout;

/// Lines for one step of the wheel, as in most programs.
const WHEEL: isize = 3;

impl Model {
    pub(super) fn mouse(&mut self, mouse: MouseEvent) {
        let areas = layout::areas(self.size, self.numbers.series.len());
        let at = Position::new(mouse.column, mouse.row);
        let by = match mouse.kind {
            MouseEventKind::ScrollUp => -1,
            MouseEventKind::ScrollDown => 1,
            MouseEventKind::Down(MouseButton::Left) => return self.click(&areas, at),
            _ => return,
        };
        if areas.talk.contains(at) {
            self.talk.step(by * WHEEL);
        } else if areas.wire.contains(at) {
            self.step_wire(by);
        } else if areas.frame.contains(at) {
            self.step_field(by);
        }
    }

    fn click(&mut self, areas: &layout::Areas, at: Position) {
        self.help = false;
        self.focus = if areas.wire.contains(at) {
            let first = layout::first_visible(areas.wire, self.wire.entries().len(), self.wire.index());
            // One row of the area is its frame.
            if let Some(row) = at.y.checked_sub(areas.wire.y + 1) {
                let index = first + usize::from(row);
                if index < self.wire.entries().len() {
                    self.wire.select(index);
                    self.field = self.telling_field();
                }
            }
            Focus::Wire
        } else if areas.talk.contains(at) {
            Focus::Talk
        } else if areas.frame.contains(at) {
            Focus::Frame
        } else {
            Focus::Input
        };
    }
}
