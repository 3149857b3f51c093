//! Draws the help window in front of everything else.

use ratatui::{
    Frame,
    layout::Rect,
    text::Line,
    widgets::{Clear, Paragraph},
};

use super::{
    pane::block,
    text::{fit, width},
};
use crate::screen::command::COMMANDS;

/// The help for an input line that is not a command.
const TEXT: (&str, &str) = ("text", "send this text; Alt-Enter adds a line break");

/// The help for a text message that begins with a slash, like a command.
const SLASH: (&str, &str) = ("//text", "send a text that begins with /");

/// The help for the keys and the mouse. With these rows, the help fills a terminal of 80 columns
/// and 24 rows, so there is no room for another row.
const KEYS: &[(&str, &str)] = &[
    ("Tab, Shift-Tab", "complete, list completions; next, previous pane"),
    ("Up, Down", "earlier lines; in a pane: select or scroll"),
    ("PgUp, PgDn", "scroll the conversation or the pane"),
    ("Ctrl-P, Ctrl-N", "previous, next frame (also Alt-Up, Alt-Down)"),
    ("Esc", "return to the input and to the newest entries"),
    ("mouse", "wheel: scroll; click: select a frame or a pane"),
    ("Ctrl-A E W U K L", "start, end; delete word, to start, to end; redraw"),
    ("Ctrl-C, Ctrl-D", "close and leave; press again to leave at once"),
];

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect) {
    let commands = COMMANDS.iter().map(|command| (format!("{} {}", command.name, command.usage), command.help));
    let others = |rows: &'static [(&str, &'static str)]| rows.iter().map(|(name, help)| ((*name).to_owned(), *help));
    let rows: Vec<(String, &str)> =
        others(&[TEXT]).chain(commands).chain(others(&[SLASH])).chain(others(KEYS)).collect();
    let left = rows.iter().map(|(name, _)| width(name)).max().unwrap_or(0);
    let columns = usize::from(area.width.saturating_sub(4));
    let lines: Vec<Line<'_>> =
        rows.iter().map(|(name, help)| Line::raw(fit(&format!("{name:left$}  {help}"), columns))).collect();
    let longest = lines.iter().map(Line::width).max().unwrap_or(0);
    let size = |inside: usize, all: u16| u16::try_from(inside + 2).unwrap_or(u16::MAX).min(all);
    let (width, height) = (size(longest, area.width), size(lines.len(), area.height));
    let window = Rect::new(area.x + (area.width - width) / 2, area.y + (area.height - height) / 2, width, height);
    frame.render_widget(Clear, window);
    frame.render_widget(Paragraph::new(lines).block(block(" help (any key closes it) ".to_owned(), true)), window);
}
