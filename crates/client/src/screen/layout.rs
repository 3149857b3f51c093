//! The layout: computed from the size of the terminal and the number of series to draw.
//!
//! ```text
//!   80 x 24                               from 140 columns on
//!   ┌ transcript ───────┬ numbers ──┐     ┌ transcript ──┬ wire ──┬ frame ──────┐
//!   │                   │           │     │              │        │             │
//!   ├ wire ───┬ frame ──┴───────────┤     │              │        │             │
//!   │         │                     │     ├ numbers ─────┤        │             │
//!   └─────────┴─────────────────────┘     └──────────────┴────────┴─────────────┘
//!   status                                status
//!   > input                               > input
//!   keys                                  keys
//! ```

use ratatui::layout::Rect;

/// The minimum number of columns at which transcript, wire and frame are side by side.
const WIDE: u16 = 140;

/// The columns and rows of the smallest terminal that shows more than the transcript.
const SMALL: (u16, u16) = (50, 14);

/// The areas of the panes and lines. The area of a pane that is not shown is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Areas {
    pub(crate) transcript: Rect,
    pub(crate) numbers: Rect,
    pub(crate) wire: Rect,
    pub(crate) frame: Rect,
    pub(crate) status: Rect,
    pub(crate) input: Rect,
    pub(crate) keys: Rect,
}

/// Divides a terminal of `columns` by `rows` into areas. `series` is the number of series to draw.
pub(crate) fn areas((columns, rows): (u16, u16), series: usize) -> Areas {
    // The three lines at the bottom are for the status, the input and the keys. A terminal with
    // fewer rows shows only the lowest of these lines.
    let body = Rect::new(0, 0, columns, rows.saturating_sub(3));
    let line = |from_bottom: u16| match rows.checked_sub(from_bottom) {
        Some(row) => Rect::new(0, row, columns, 1),
        None => Rect::ZERO,
    };
    let series = u16::try_from(series).unwrap_or(u16::MAX);
    let (transcript, numbers, wire, frame) = if columns < SMALL.0 || rows < SMALL.1 {
        (body, Rect::ZERO, Rect::ZERO, Rect::ZERO)
    } else if columns >= WIDE {
        let (left, rest) = beside(body, percent(columns, 36));
        let (wire, frame) = beside(rest, percent(columns, 26));
        // The border takes two rows. The chart takes at most half of the height, so that the
        // transcript stays readable.
        let height = if series == 0 { 0 } else { (series.saturating_add(2)).min(left.height / 2) };
        let (transcript, numbers) = above(left, left.height - height);
        (transcript, numbers, wire, frame)
    } else {
        let (upper, lower) = above(body, percent(body.height, 38));
        let width = if series == 0 { 0 } else { percent(columns, 40) };
        let (transcript, numbers) = beside(upper, columns - width);
        let (wire, frame) = beside(lower, percent(columns, 38));
        (transcript, numbers, wire, frame)
    };
    Areas { transcript, numbers, wire, frame, status: line(3), input: line(2), keys: line(1) }
}

fn percent(whole: u16, part: u16) -> u16 {
    // The result is at most `whole`, so it fits into a `u16`.
    u16::try_from(u32::from(whole) * u32::from(part) / 100).unwrap_or(whole)
}

/// Splits an area into a left part with this many columns and the rest.
const fn beside(area: Rect, columns: u16) -> (Rect, Rect) {
    let rest = Rect::new(area.x + columns, area.y, area.width - columns, area.height);
    (Rect::new(area.x, area.y, columns, area.height), rest)
}

/// Splits an area into an upper part with this many rows and the rest.
const fn above(area: Rect, rows: u16) -> (Rect, Rect) {
    let rest = Rect::new(area.x, area.y + rows, area.width, area.height - rows);
    (Rect::new(area.x, area.y, area.width, rows), rest)
}

/// Returns the index of the first line that a bordered area shows, out of `count` lines. The line
/// with the index `selected` is visible. Without a selection, the area shows the last lines.
pub(crate) fn first_visible(area: Rect, count: usize, selected: Option<usize>) -> usize {
    let rows = usize::from(area.height.saturating_sub(2));
    let last = count.saturating_sub(rows);
    // If possible, the selected line is in the middle, so that the lines before and after it are
    // visible too.
    selected.map_or(last, |selected| selected.saturating_sub(rows / 2).min(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_do_not_overlap_and_stay_on_the_screen() {
        for columns in 0..220 {
            for rows in 0..70 {
                for series in [0, 1, 6, 12] {
                    let areas = areas((columns, rows), series);
                    let all = Rect::new(0, 0, columns, rows);
                    let each = [
                        areas.transcript,
                        areas.numbers,
                        areas.wire,
                        areas.frame,
                        areas.status,
                        areas.input,
                        areas.keys,
                    ];
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
    fn the_selected_line_is_visible() {
        let area = Rect::new(0, 0, 10, 12);
        assert_eq!(first_visible(area, 5, Some(4)), 0);
        assert_eq!(first_visible(area, 100, Some(99)), 90);
        assert_eq!(first_visible(area, 100, Some(50)), 45);
        assert_eq!(first_visible(area, 100, Some(2)), 0);
        assert_eq!(first_visible(area, 100, None), 90);
    }
}
