//! The help, over everything else.

use ratatui::{
    Frame,
    layout::Rect,
    text::Line,
    widgets::{Clear, Paragraph},
};

use super::{
    block,
    text::{fit, width},
};
use crate::screen::command::COMMANDS;

/// What is no command.
const TEXT: (&str, &str) = ("text", "is sent as it is; Alt-Enter breaks the line");

/// And what looks like one.
const SLASH: (&str, &str) = ("//text", "sends a text that begins with /");

/// Keys and the mouse. A terminal of 80 columns and 24 rows has room for these and no more.
const KEYS: &[(&str, &str)] = &[
    ("Tab, Shift-Tab", "complete, list names; go from pane to pane"),
    ("Up, Down", "lines entered before; in a pane: choose"),
    ("PgUp, PgDn", "scroll the conversation, or the pane"),
    ("Ctrl-P, Ctrl-N", "frame before, frame after (Alt-Up, Alt-Down)"),
    ("Esc", "back to the input and to what is newest"),
    ("mouse", "wheel: scroll; click: choose a frame or a pane"),
    ("Ctrl-A E W U K L", "start, end; delete word, to start, to end; redraw"),
    ("Ctrl-C, Ctrl-D", "close and leave; once more: at once"),
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
    let place = Rect::new(area.x + (area.width - width) / 2, area.y + (area.height - height) / 2, width, height);
    frame.render_widget(Clear, place);
    frame.render_widget(Paragraph::new(lines).block(block(" help (any key closes it) ".to_owned(), true)), place);
}
