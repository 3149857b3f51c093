//! Draws the help window in front of everything else.

use ratatui::{
    Frame,
    layout::Rect,
    text::Line,
    widgets::{Clear, Paragraph},
};

use super::pane::block;
use crate::screen::{
    command::COMMANDS,
    layout,
    text::{fit, width, wrap},
};

/// The help for an input line that is not a command.
const TEXT: (&str, &str) = ("text", "send this text; Alt-Enter adds a line break");

/// The help for sending a text message that begins with a slash, as a command does.
const SLASH: (&str, &str) = ("//text", "send a text that begins with /");

/// The help for the keys and the mouse.
const KEYS: &[(&str, &str)] = &[
    ("Tab, Shift-Tab", "complete, list completions; next, previous pane"),
    ("F2", "zoom the pane: show all of it on the whole screen"),
    ("Up, Down", "earlier lines; in a pane: select or scroll"),
    ("PgUp, PgDn", "scroll the conversation or the pane"),
    ("Ctrl-P, Ctrl-N", "previous, next frame (also Alt-Up, Alt-Down)"),
    ("Esc", "end the zoom; back to input and newest; empty the line"),
    ("mouse", "wheel: scroll; click: select a frame or a pane"),
    ("Ctrl-A E W U K L", "start, end; delete word, to start, to end; redraw"),
    ("Ctrl-C, Ctrl-D", "close and leave; press again to leave at once"),
];

/// The number of columns between a name and its explanation.
const GAP: usize = 2;

/// The minimum number of columns for an explanation beside its name. On a narrower terminal, the
/// explanation goes below the name.
const EXPLANATION_MIN: usize = 20;

/// Returns the rows of the help, none of them wider than `columns`.
fn rows(columns: usize) -> Vec<String> {
    let commands = COMMANDS.iter().map(|command| (format!("{} {}", command.name, command.usage), command.help));
    let others = |rows: &'static [(&str, &'static str)]| rows.iter().map(|(name, help)| ((*name).to_owned(), *help));
    let entries: Vec<(String, &str)> =
        others(&[TEXT]).chain(commands).chain(others(&[SLASH])).chain(others(KEYS)).collect();
    let left = entries.iter().map(|(name, _)| width(name)).max().unwrap_or(0);
    let right = columns.saturating_sub(left + GAP);
    let mut rows = Vec::new();
    for (name, help) in entries {
        if right < EXPLANATION_MIN {
            rows.extend(wrap(&name, columns));
            rows.extend(wrap(help, columns.saturating_sub(GAP)).into_iter().map(|row| format!("  {row}")));
            continue;
        }
        for (index, row) in wrap(help, right).into_iter().enumerate() {
            let name = if index == 0 { name.as_str() } else { "" };
            rows.push(format!("{name:left$}  {row}"));
        }
    }
    rows
}

/// Returns the rows of the help, wrapped to fit a bordered window on a terminal of this size.
fn rows_in((columns, _): (u16, u16)) -> Vec<String> {
    // At least one column of the screen stays visible on each side of the help, so that the help
    // looks like a window.
    rows(usize::from(columns.saturating_sub(4)))
}

/// Returns the number of rows that the window shows at once.
pub(super) fn visible_rows((columns, rows): (u16, u16)) -> usize {
    layout::inside(Rect::new(0, 0, columns, rows)).rows
}

/// Returns the maximum number of rows by which the help can be scrolled.
pub(super) fn scroll_max(size: (u16, u16)) -> usize {
    rows_in(size).len().saturating_sub(visible_rows(size))
}

/// Draws the help, scrolled down by `top` rows.
pub(super) fn draw(top: usize, frame: &mut Frame<'_>, area: Rect) {
    let terminal = (area.width, area.height);
    let rows = rows_in(terminal);
    let visible = visible_rows(terminal);
    let last = (top + visible).min(rows.len());
    let title = if rows.len() <= visible {
        " help (Esc closes it) ".to_owned()
    } else {
        format!(" help {}-{last} of {} (↑↓ PgUp/Dn scroll, Esc closes it) ", top + 1, rows.len())
    };
    let longest = rows.iter().map(|row| width(row)).max().unwrap_or(0);
    let size = |inside: usize, all: u16| u16::try_from(inside + 2).unwrap_or(u16::MAX).min(all);
    let (width, height) = (size(longest, area.width), size(rows.len(), area.height));
    let window = Rect::new(area.x + (area.width - width) / 2, area.y + (area.height - height) / 2, width, height);
    let title = fit(&title, layout::inside(window).columns);
    let lines: Vec<Line<'_>> = rows.into_iter().skip(top).take(visible).map(Line::raw).collect();
    frame.render_widget(Clear, window);
    frame.render_widget(Paragraph::new(lines).block(block(title, true)), window);
}
