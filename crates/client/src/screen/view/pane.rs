//! Draws the border of a pane.

use ratatui::{
    layout::Rect,
    widgets::{Block, BorderType},
};

/// Creates a border with a title. The border is thick if the pane has the focus.
pub(super) fn block(title: String, focused: bool) -> Block<'static> {
    let border = if focused { BorderType::Thick } else { BorderType::Plain };
    Block::bordered().border_type(border).title(title)
}

/// Returns the area inside a border, and the columns and rows of that area.
pub(super) fn inner(area: Rect) -> (Rect, usize, usize) {
    let inner = Block::bordered().inner(area);
    (inner, usize::from(inner.width), usize::from(inner.height))
}
