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

/// Keys that are not in the line at the bottom, or not always.
const KEYS: &[(&str, &str)] = &[
    ("Tab, Shift-Tab", "complete a command; go from pane to pane"),
    ("Ctrl-P, Ctrl-N", "frame before, frame after (Alt-Up, Alt-Down)"),
    ("Esc", "back to the input and to what is newest"),
    ("Alt-Enter", "a line break within a text"),
    ("Ctrl-A E W U K", "start, end, delete a word, to the start, to the end"),
    ("Ctrl-L", "draw everything anew"),
    ("Ctrl-C, Ctrl-D", "close and leave; once more: at once"),
];

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect) {
    let commands = COMMANDS.iter().map(|command| (format!("{} {}", command.name, command.usage), command.help));
    let keys = KEYS.iter().map(|(key, help)| ((*key).to_owned(), *help));
    let rows: Vec<(String, &str)> = commands.chain(keys).collect();
    let left = rows.iter().map(|(name, _)| width(name)).max().unwrap_or(0);
    let columns = usize::from(area.width.saturating_sub(4));
    let mut lines: Vec<Line<'_>> =
        vec![Line::raw(fit("Text is sent as it is; // sends a text that begins with /.", columns))];
    lines.extend(rows.iter().map(|(name, help)| Line::raw(fit(&format!("{name:left$}  {help}"), columns))));
    let longest = lines.iter().map(Line::width).max().unwrap_or(0);
    let size = |inside: usize, all: u16| u16::try_from(inside + 2).unwrap_or(u16::MAX).min(all);
    let (width, height) = (size(longest, area.width), size(lines.len(), area.height));
    let place = Rect::new(area.x + (area.width - width) / 2, area.y + (area.height - height) / 2, width, height);
    frame.render_widget(Clear, place);
    frame.render_widget(Paragraph::new(lines).block(block(" help (any key closes it) ".to_owned(), true)), place);
}
