//! The lines at the bottom: the state of the connection, the input, and the keys or a hint.

use dissector::{is_harmful, printable};
use ratatui::{
    Frame,
    layout::{Position, Rect},
    style::Style,
    text::{Line, Span},
    widgets::Paragraph,
};
use websocket::protocol::State;

use super::style::Styles;
use crate::screen::{
    model::{Model, focus::Focus},
    text::{bytes, fit, row_ranges, suffix, width},
};

/// Draws the state, the negotiated parameters, the round-trip time, and the traffic in each
/// direction.
pub(super) fn draw_status(model: &Model, styles: Styles, frame: &mut Frame<'_>, area: Rect) {
    let columns = usize::from(area.width);
    let state = format!(" {} ", model.state);
    let room = columns.saturating_sub(state.len());
    let wide = wide_status(model);
    let rest = if width(&wide) <= room { wide } else { short_status(model) };
    let style = if model.state == State::Open { styles.selected() } else { styles.wrong() };
    let line = Line::from(vec![Span::styled(state, style), Span::raw(fit(&printable(&rest), room))]);
    frame.render_widget(Paragraph::new(line), area);
}

fn wide_status(model: &Model) -> String {
    let round_trip = round_trip(model);
    let subprotocol = model.subprotocol.as_deref().unwrap_or("none");
    let extensions = if model.extensions.is_empty() { "none".to_owned() } else { model.extensions.join(", ") };
    let [sent, received] = model.totals();
    // The byte counts include the handshake and every header, so they are labelled `on the wire`
    // rather than as the size of the messages.
    format!(
        " subprotocol: {subprotocol} │ extensions: {extensions} │ round trip: {round_trip} │ messages: > {} < {} │ on the \
         wire: > {} < {}",
        sent.messages,
        received.messages,
        bytes(sent.bytes),
        bytes(received.bytes)
    )
}

/// Formats the status for a narrow terminal. Omits anything that was not negotiated. Also omits the
/// extensions' parameters, because the handshake shows them anyway. The parts that never change
/// come last, because the end may be cut off.
fn short_status(model: &Model) -> String {
    let extensions = model.extensions.iter().filter_map(|name| name.split(';').next());
    let negotiated: Vec<_> = model.subprotocol.as_deref().into_iter().chain(extensions).collect();
    let gap = if negotiated.is_empty() { "" } else { " │ " };
    let [sent, received] = model.totals();
    format!(
        " RTT {} │ msg > {} < {} │ wire > {} < {}{gap}{}",
        round_trip(model),
        sent.messages,
        received.messages,
        bytes(sent.bytes),
        bytes(received.bytes),
        negotiated.join(", ")
    )
}

fn round_trip(model: &Model) -> String {
    model.wire_log.round_trip().map_or_else(|| "-".to_owned(), |time| format!("{:.2} ms", time.as_secs_f64() * 1000.0))
}

/// Draws the part of the input line around the cursor.
pub(super) fn draw_input(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    if area.is_empty() {
        return;
    }
    // The mark takes two columns, and the cursor takes one if it is after the last character.
    let columns = usize::from(area.width).saturating_sub(3);
    // Measure only this many characters on either side of the cursor, which is far more than a line
    // shows. Measuring all of a long paste at every redraw would take too much time.
    let nearby = 4 * columns.max(1);
    let text = model.editor.text();
    let at = model.editor.before_cursor().len();
    let from = text.floor_char_boundary(at.saturating_sub(nearby * 4));
    let to = text.ceil_char_boundary((at + nearby * 4).min(text.len()));
    let before = visible_controls(&text[from..at]);
    let visible = suffix(&before, columns);
    let after = fit(&visible_controls(&text[at..to]), columns.saturating_sub(width(visible)));
    let style = if model.focus == Focus::Input { Styles::bold() } else { Style::new() };
    let line = Line::from(vec![Span::styled("> ", style), Span::raw(visible.to_owned()), Span::raw(after)]);
    frame.render_widget(Paragraph::new(line), area);
    let column = u16::try_from(2 + width(visible)).unwrap_or(u16::MAX);
    frame.set_cursor_position(Position::new(area.x + column.min(area.width.saturating_sub(1)), area.y));
}

/// Replaces line endings, tabs and harmful characters, which a paste may contain, with visible
/// symbols.
fn visible_controls(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\n' => '⏎',
            '\t' => '→',
            character if is_harmful(character) => '�',
            character => character,
        })
        .collect()
}

/// Draws the list of keys for the pane that has the focus, or the hint about the input if there is
/// one.
pub(super) fn draw_keys(model: &Model, styles: Styles, frame: &mut Frame<'_>, area: Rect) {
    let (columns, height) = (usize::from(area.width), usize::from(area.height));
    let lines = match &model.hint {
        Some(hint) => hint_lines(&printable(hint), columns, height),
        None => vec![keys(model, columns)],
    };
    let style = if model.hint.is_some() { styles.wrong() } else { Styles::quiet() };
    let lines: Vec<Line<'_>> = lines.into_iter().map(|line| Line::styled(line, style)).collect();
    frame.render_widget(Paragraph::new(lines), area);
}

/// Splits a hint into at most `height` lines. Truncates the hint only if it needs more lines.
fn hint_lines(hint: &str, columns: usize, height: usize) -> Vec<String> {
    let mut ranges: Vec<_> = row_ranges(hint, columns).take(height).collect();
    let last = ranges.pop().map(|last| fit(hint.get(last.start..).unwrap_or_default(), columns));
    ranges.into_iter().map(|row| hint[row].to_owned()).chain(last).collect()
}

/// A key, what it does, and its rank. If the line is too narrow for all keys, those with the
/// highest ranks are left out first.
type Key = (&'static str, u8);

/// Returns as many of the focused pane's keys as fit in `columns` columns.
pub(super) fn keys(model: &Model, columns: usize) -> String {
    let (zoom, esc) = if model.zoomed.is_some() { ("F2 unzoom", "Esc unzoom") } else { ("F2 zoom", "Esc newest") };
    let (tab, frame, scroll, page) = ("Tab pane", "^P/^N frame", "PgUp/Dn scroll", "↑↓ PgUp/Dn scroll");
    let pane: &[Key] = match model.focus {
        Focus::Input => &[("Enter send", 2), (tab, 4), ("↑↓ history", 7), (scroll, 5), (frame, 6), (zoom, 3)],
        Focus::Transcript | Focus::Lesson => &[(page, 2), (tab, 4), (zoom, 3), (esc, 5)],
        Focus::Numbers => &[(tab, 4), (zoom, 3), (esc, 5)],
        Focus::Wire => &[("↑↓ select a frame", 2), ("Enter its fields", 4), (tab, 5), (zoom, 3), (esc, 6)],
        Focus::Frame if model.zoomed.is_some() => {
            &[("↑↓ select a field", 2), (scroll, 4), (tab, 6), (frame, 5), (zoom, 3), (esc, 7)]
        }
        Focus::Frame => &[("↑↓ select a field", 2), (tab, 4), (frame, 5), (zoom, 3), (esc, 6)],
    };
    let mut shown: Vec<Key> = pane.iter().copied().chain([("F1 help", 0), ("^C quit", 1)]).collect();
    let join = |keys: &[Key], gap| keys.iter().map(|(key, _)| *key).collect::<Vec<_>>().join(gap);
    let long = join(&shown, " │ ");
    if width(&long) <= columns {
        return long;
    }
    while width(&join(&shown, "  ")) > columns && shown.len() > 1 {
        let highest = shown.iter().map(|(_, rank)| *rank).max();
        shown.retain(|(_, rank)| Some(*rank) != highest);
    }
    fit(&join(&shown, "  "), columns)
}
