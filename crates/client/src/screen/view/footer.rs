//! The three lines at the bottom: the state of the connection, the input, and the keys.

use dissector::{is_harmful, printable};
use ratatui::{
    Frame,
    layout::{Position, Rect},
    style::Style,
    text::{Line, Span},
    widgets::Paragraph,
};
use websocket::protocol::State;

use super::{
    style::Styles,
    text::{bytes, fit, suffix, width},
};
use crate::screen::model::{Model, focus::Focus};

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
    // and not as bytes of the messages.
    format!(
        " subprotocol: {subprotocol} │ extensions: {extensions} │ round trip: {round_trip} │ messages: > {} < {} │ on the \
         wire: > {} < {}",
        sent.messages,
        received.messages,
        bytes(sent.bytes),
        bytes(received.bytes)
    )
}

/// Formats the status for a narrow terminal. Omits whatever was not negotiated. Also omits the
/// parameters of the extensions, because the handshake shows them anyway. The parts that never
/// change come last, because the end may be cut off.
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
    // Measure only this many characters before and after the cursor, which is far more than a line
    // shows. Measuring all of a long paste for every picture would take too much time.
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

/// Draws the keys of the pane that has the focus, or a hint about the input.
pub(super) fn draw_keys(model: &Model, styles: Styles, frame: &mut Frame<'_>, area: Rect) {
    let columns = usize::from(area.width);
    let line = match &model.hint {
        Some(hint) => Line::styled(fit(&printable(hint), columns), styles.wrong()),
        None => {
            let [long, short] = keys(model.focus);
            Line::styled(fit(if width(long) <= columns { long } else { short }, columns), Styles::quiet())
        }
    };
    frame.render_widget(Paragraph::new(line), area);
}

/// Returns the keys in a long form and in a short form. The short form fits into 80 columns.
const fn keys(focus: Focus) -> [&'static str; 2] {
    match focus {
        Focus::Input => [
            "Enter send │ Tab next pane │ ↑↓ history │ PgUp/Dn scroll │ ^P/^N frame │ F1 help │ ^C quit",
            "Enter send  Tab pane  ↑↓ history  PgUp/Dn scroll  ^P/^N frame  F1 help  ^C quit",
        ],
        Focus::Transcript => [
            "↑↓ PgUp/Dn scroll the conversation │ Tab next pane │ Esc back │ F1 help │ ^C quit",
            "↑↓ PgUp/Dn scroll  Tab pane  Esc back  F1 help  ^C quit",
        ],
        Focus::Wire => [
            "↑↓ select a frame │ Enter its fields │ Tab next pane │ Esc newest │ F1 help │ ^C quit",
            "↑↓ select a frame  Enter its fields  Tab pane  Esc newest  F1 help  ^C quit",
        ],
        Focus::Frame => [
            "↑↓ select a field │ Tab next pane │ ^P/^N frame │ Esc newest │ F1 help │ ^C quit",
            "↑↓ select a field  Tab pane  ^P/^N frame  Esc newest  F1 help  ^C quit",
        ],
    }
}
