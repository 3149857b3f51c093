//! Draws the border of a pane.

use ratatui::{
    layout::Rect,
    widgets::{Block, BorderType},
};

use crate::screen::{layout, model::transcript::PaneSize};

/// Creates a border with a title. The border is thick if the pane has the focus.
pub(super) fn block(title: String, focused: bool) -> Block<'static> {
    let border = if focused { BorderType::Thick } else { BorderType::Plain };
    Block::bordered().border_type(border).title(title)
}

/// Returns the area inside a border, and the size of that area in columns and rows.
pub(super) fn inner(area: Rect) -> (Rect, usize, usize) {
    let PaneSize { columns, rows } = layout::inside(area);
    (Block::bordered().inner(area), columns, rows)
}
