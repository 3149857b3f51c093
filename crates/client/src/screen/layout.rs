//! Computes the layout from the size of the terminal and from the content to show.
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
//!
//! When a lesson is shown, its pane replaces the pane with the numbers. A zoomed pane takes all the
//! space above the status line. On a small terminal, the pane that has the focus always takes this
//! space.

use dissector::printable;
use ratatui::{layout::Rect, widgets::Block};

use super::{
    model::{Model, focus::Focus, transcript::PaneSize},
    text::row_ranges,
};

/// The minimum width of the terminal, in columns, at which the transcript, the wire and the frame
/// are shown side by side.
const WIDE: u16 = 140;

/// The columns and rows of the smallest terminal that shows several panes at once.
const SMALL: (u16, u16) = (50, 14);

/// The maximum height of a lesson that is shown beside the transcript, as a percentage of the space
/// above the status line.
const LESSON_PERCENT: u16 = 60;

/// The divisor that limits the height of the list of keys or the hint. Even a long hint takes at
/// most the terminal's rows divided by this number.
const HINT_PART: u16 = 2;

/// The areas of the panes and lines. A pane that is not shown has an empty area.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Areas {
    pub(crate) transcript: Rect,
    pub(crate) numbers: Rect,
    pub(crate) lesson: Rect,
    pub(crate) wire: Rect,
    pub(crate) frame: Rect,
    pub(crate) status: Rect,
    pub(crate) input: Rect,
    pub(crate) keys: Rect,
}

/// The content that affects the layout, in addition to the size of the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Content {
    /// The number of series to draw.
    series: usize,
    /// The number of rows that the lesson needs inside its border, or `None` if it is not shown.
    lesson_rows: Option<u16>,
    /// The number of rows for the list of keys or for the hint.
    key_rows: u16,
    /// The pane that takes all the space above the status, if there is one.
    zoomed: Option<Focus>,
}

/// Divides the terminal into areas for the content that the model shows.
pub(crate) fn areas(model: &Model) -> Areas {
    let (columns, rows) = model.size;
    let most = (rows / HINT_PART).max(1);
    let key_rows = model.hint.as_ref().map_or(1, |hint| {
        let hint_rows = row_ranges(&printable(hint), usize::from(columns)).take(usize::from(most)).count();
        u16::try_from(hint_rows).unwrap_or(most)
    });
    let series = if model.shows_numbers() { model.numbers.series.len() } else { 0 };
    let lesson_rows = model.lessons.is_shown().then(|| {
        let needed = model.lessons.rows(usize::from(lesson_columns(columns).saturating_sub(2))).len();
        u16::try_from(needed).unwrap_or(u16::MAX)
    });
    divide(model.size, Content { series, lesson_rows, key_rows, zoomed: zoomed(model) })
}

/// Returns the pane that takes all the space above the status, if there is one.
pub(crate) fn zoomed(model: &Model) -> Option<Focus> {
    model.zoomed.or(is_small(model.size).then_some(model.focus))
}

/// Returns `true` if a terminal of this size shows only one pane at a time.
pub(crate) const fn is_small((columns, rows): (u16, u16)) -> bool {
    columns < SMALL.0 || rows < SMALL.1
}

/// Returns the number of columns of the lesson's pane, including its border.
fn lesson_columns(columns: u16) -> u16 {
    if columns >= WIDE { percent(columns, 36) } else { percent(columns, 62) }
}

/// Divides a terminal of `columns` by `rows` into areas.
fn divide((columns, rows): (u16, u16), content: Content) -> Areas {
    // The lowest rows show the status, the input and the keys. If the terminal has too few rows for
    // all three, it shows only those nearest to the bottom.
    let Content { series, lesson_rows, key_rows, zoomed } = content;
    let body = Rect::new(0, 0, columns, rows.saturating_sub(2 + key_rows));
    let lines = |from_bottom: u16, height: u16| match rows.checked_sub(from_bottom) {
        Some(row) => Rect::new(0, row, columns, height),
        None => Rect::ZERO,
    };
    let mut areas = Areas {
        transcript: Rect::ZERO,
        numbers: Rect::ZERO,
        lesson: Rect::ZERO,
        wire: Rect::ZERO,
        frame: Rect::ZERO,
        status: lines(2 + key_rows, 1),
        input: lines(1 + key_rows, 1),
        keys: lines(key_rows, key_rows),
    };
    let series = u16::try_from(series).unwrap_or(u16::MAX);
    if let Some(zoomed) = zoomed {
        match zoomed {
            Focus::Input | Focus::Transcript => areas.transcript = body,
            Focus::Numbers => areas.numbers = body,
            Focus::Lesson => areas.lesson = body,
            Focus::Wire => areas.wire = body,
            Focus::Frame => areas.frame = body,
        }
    } else if columns >= WIDE {
        let (left, rest) = beside(body, percent(columns, 36));
        (areas.wire, areas.frame) = beside(rest, percent(columns, 26));
        // The border takes two rows. The lower pane takes at most half of the height, so that the
        // transcript stays readable.
        let height = |rows: u16| (rows.saturating_add(2)).min(left.height / 2);
        match lesson_rows {
            Some(rows) => (areas.transcript, areas.lesson) = above(left, left.height - height(rows)),
            None if series == 0 => areas.transcript = left,
            None => (areas.transcript, areas.numbers) = above(left, left.height - height(series)),
        }
    } else {
        let usual = percent(body.height, 38);
        // A lesson gets more rows if it needs them, but not so many that the frame it is about
        // becomes unreadable.
        let height =
            lesson_rows.map_or(usual, |rows| rows.saturating_add(2).clamp(usual, percent(body.height, LESSON_PERCENT)));
        let (upper, lower) = above(body, height);
        match lesson_rows {
            Some(_) => (areas.transcript, areas.lesson) = beside(upper, columns - lesson_columns(columns)),
            None if series == 0 => areas.transcript = upper,
            None => (areas.transcript, areas.numbers) = beside(upper, columns - percent(columns, 40)),
        }
        (areas.wire, areas.frame) = beside(lower, percent(columns, 38));
    }
    areas
}

/// Returns the columns and rows inside the border of a pane.
pub(crate) fn inside(area: Rect) -> PaneSize {
    let inner = Block::bordered().inner(area);
    PaneSize { columns: usize::from(inner.width), rows: usize::from(inner.height) }
}

fn percent(whole: u16, part: u16) -> u16 {
    // The result is at most `whole`, so it fits in a `u16`.
    u16::try_from(u32::from(whole) * u32::from(part) / 100).unwrap_or(whole)
}

/// Splits an area into a left part, which is `columns` wide, and the rest.
const fn beside(area: Rect, columns: u16) -> (Rect, Rect) {
    let rest = Rect::new(area.x + columns, area.y, area.width - columns, area.height);
    (Rect::new(area.x, area.y, columns, area.height), rest)
}

/// Splits an area into an upper part, which is `rows` high, and the rest.
const fn above(area: Rect, rows: u16) -> (Rect, Rect) {
    let rest = Rect::new(area.x, area.y + rows, area.width, area.height - rows);
    (Rect::new(area.x, area.y, area.width, rows), rest)
}

/// Returns the index of the first line that a bordered area shows if there are `count` lines in
/// total. The line with the index `selected` is visible. Without a selection, the area shows the
/// last lines.
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

    fn contents() -> impl Iterator<Item = Content> {
        let one = |series, key_rows, zoomed| Content { series, lesson_rows: None, key_rows, zoomed };
        let lessons = [1, 9, 200].map(|rows| Content { lesson_rows: Some(rows), ..one(0, 1, None) });
        let several = [0, 1, 6, 12].map(|series| one(series, 1, None));
        let zoomed = [Focus::Input, Focus::Numbers, Focus::Frame].map(|focus| one(6, 1, Some(focus)));
        several.into_iter().chain(zoomed).chain([one(6, 3, None)]).chain(lessons)
    }

    #[test]
    fn areas_do_not_overlap_and_stay_on_the_screen() {
        for columns in 0..220 {
            for rows in 0..70 {
                for content in contents() {
                    let areas = divide((columns, rows), content);
                    let all = Rect::new(0, 0, columns, rows);
                    let each = [
                        areas.transcript,
                        areas.numbers,
                        areas.lesson,
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
