//! What stands where: a function of the terminal's size and of nothing else but whether there are numbers to draw.
//!
//! ```text
//!   80 x 24                               from 140 columns on
//!   ┌ conversation ─────┬ numbers ──┐     ┌ conversation ┬ wire ──┬ frame ──────┐
//!   │                   │           │     │              │        │             │
//!   ├ wire ───┬ frame ──┴───────────┤     │              │        │             │
//!   │         │                     │     ├ numbers ─────┤        │             │
//!   └─────────┴─────────────────────┘     └──────────────┴────────┴─────────────┘
//!   status                                status
//!   > input                               > input
//!   keys                                  keys
//! ```

use ratatui::layout::Rect;

/// From so many columns on, everything stands side by side.
const WIDE: u16 = 140;

/// A terminal with fewer columns or rows shows the conversation alone.
const SMALL: (u16, u16) = (50, 14);

/// Where everything stands. What has no place is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Areas {
    pub(crate) talk: Rect,
    pub(crate) numbers: Rect,
    pub(crate) wire: Rect,
    pub(crate) frame: Rect,
    pub(crate) status: Rect,
    pub(crate) input: Rect,
    pub(crate) keys: Rect,
}

/// The areas of a terminal of this many columns and rows, with so many numbers to draw.
pub(crate) fn areas((columns, rows): (u16, u16), numbers: usize) -> Areas {
    // The three lines at the bottom; on a terminal with fewer rows, the last of them.
    let body = Rect::new(0, 0, columns, rows.saturating_sub(3));
    let line = |from_bottom: u16| match rows.checked_sub(from_bottom) {
        Some(row) => Rect::new(0, row, columns, 1),
        None => Rect::ZERO,
    };
    let numbers = u16::try_from(numbers).unwrap_or(u16::MAX);
    let (talk, chart, wire, frame) = if columns < SMALL.0 || rows < SMALL.1 {
        (body, Rect::ZERO, Rect::ZERO, Rect::ZERO)
    } else if columns >= WIDE {
        let (left, rest) = beside(body, percent(columns, 36));
        let (wire, frame) = beside(rest, percent(columns, 26));
        // Two rows for its border; never more than half.
        let height = if numbers == 0 { 0 } else { (numbers.saturating_add(2)).min(left.height / 2) };
        let (talk, chart) = above(left, left.height - height);
        (talk, chart, wire, frame)
    } else {
        let (upper, lower) = above(body, percent(body.height, 38));
        let width = if numbers == 0 { 0 } else { percent(columns, 40) };
        let (talk, chart) = beside(upper, columns - width);
        let (wire, frame) = beside(lower, percent(columns, 38));
        (talk, chart, wire, frame)
    };
    Areas { talk, numbers: chart, wire, frame, status: line(3), input: line(2), keys: line(1) }
}

fn percent(whole: u16, part: u16) -> u16 {
    // A part of a u16 is one.
    u16::try_from(u32::from(whole) * u32::from(part) / 100).unwrap_or(whole)
}

/// Cuts an area into a left part of so many columns and the rest.
const fn beside(area: Rect, columns: u16) -> (Rect, Rect) {
    let rest = Rect::new(area.x + columns, area.y, area.width - columns, area.height);
    (Rect::new(area.x, area.y, columns, area.height), rest)
}

/// Cuts an area into an upper part of so many rows and the rest.
const fn above(area: Rect, rows: u16) -> (Rect, Rect) {
    let rest = Rect::new(area.x, area.y + rows, area.width, area.height - rows);
    (Rect::new(area.x, area.y, area.width, rows), rest)
}

/// The first of `count` lines that an area with a border shows, so that `selected` is among them; the last ones if it is.
pub(crate) fn first_visible(area: Rect, count: usize, selected: Option<usize>) -> usize {
    let rows = usize::from(area.height.saturating_sub(2));
    let last = count.saturating_sub(rows);
    // In the middle, so that one sees what came before and after.
    selected.map_or(last, |selected| selected.saturating_sub(rows / 2).min(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_lies_outside_or_over_another() {
        for columns in 0..220 {
            for rows in 0..70 {
                for numbers in [0, 1, 6, 12] {
                    let areas = areas((columns, rows), numbers);
                    let all = Rect::new(0, 0, columns, rows);
                    let each =
                        [areas.talk, areas.numbers, areas.wire, areas.frame, areas.status, areas.input, areas.keys];
                    for (index, area) in each.iter().enumerate() {
                        assert_eq!(area.intersection(all).area(), area.area(), "{columns} x {rows}: {area:?}");
                        for other in &each[index + 1..] {
                            assert_eq!(area.intersection(*other).area(), 0, "{columns} x {rows}: {area:?}, {other:?}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_chosen_can_be_seen() {
        let area = Rect::new(0, 0, 10, 12);
        assert_eq!(first_visible(area, 5, Some(4)), 0);
        assert_eq!(first_visible(area, 100, Some(99)), 90);
        assert_eq!(first_visible(area, 100, Some(50)), 45);
        assert_eq!(first_visible(area, 100, Some(2)), 0);
        assert_eq!(first_visible(area, 100, None), 90);
    }
}
