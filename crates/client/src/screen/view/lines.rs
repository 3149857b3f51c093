//! The three lines at the bottom: the connection's state, the input, the keys.

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
    text::{bytes, ending, fit, width},
};
use crate::screen::model::{Focus, Model};

/// State, what was agreed on, round-trip time, and what went each way.
pub(super) fn draw_status(model: &Model, styles: Styles, frame: &mut Frame<'_>, area: Rect) {
    let columns = usize::from(area.width);
    let round_trip =
        model.wire.round_trip().map_or_else(|| "-".to_owned(), |time| format!("{:.2} ms", time.as_secs_f64() * 1000.0));
    let subprotocol = model.subprotocol.as_deref().unwrap_or("none");
    let extensions = if model.extensions.is_empty() { "none".to_owned() } else { model.extensions.join(", ") };
    let [sent, received] = model.sums();
    // The handshake and every header are among the bytes, so they are not those of the messages.
    let wire = [sent, received].map(|sums| bytes(sums.bytes));
    let wide = format!(
        " subprotocol: {subprotocol} │ extensions: {extensions} │ round trip: {round_trip} │ messages: > {} < {} │ on the \
         wire: > {} < {}",
        sent.messages, received.messages, wire[0], wire[1]
    );
    let state = format!(" {} ", model.state);
    let room = columns.saturating_sub(state.len());
    let rest = if width(&wide) <= room {
        wide
    } else {
        // What was not agreed on needs no place here; an extension's parameters are in the handshake. If something has to
        // be cut off, it is what does not change.
        let extensions = model.extensions.iter().filter_map(|name| name.split(';').next());
        let agreed: Vec<_> = model.subprotocol.as_deref().into_iter().chain(extensions).collect();
        let gap = if agreed.is_empty() { "" } else { " │ " };
        format!(
            " RTT {round_trip} │ msg > {} < {} │ wire > {} < {}{gap}{}",
            sent.messages,
            received.messages,
            wire[0],
            wire[1],
            agreed.join(", ")
        )
    };
    let style = if model.state == State::Open { styles.chosen() } else { styles.wrong() };
    let line = Line::from(vec![Span::styled(state, style), Span::raw(fit(&printable(&rest), room))]);
    frame.render_widget(Paragraph::new(line), area);
}

/// The input line, with the part of it in which the cursor is.
pub(super) fn draw_input(model: &Model, frame: &mut Frame<'_>, area: Rect) {
    if area.is_empty() {
        return;
    }
    // The mark, and a column for the cursor behind the last character.
    let columns = usize::from(area.width).saturating_sub(3);
    // Far more than a line shows: measuring a long paste on every frame would take time.
    let nearby = 4 * columns.max(1);
    let text = model.editor.text();
    let at = model.editor.before_cursor().len();
    let from = text.floor_char_boundary(at.saturating_sub(nearby * 4));
    let to = text.ceil_char_boundary((at + nearby * 4).min(text.len()));
    let before = shown(&text[from..at]);
    let visible = ending(&before, columns);
    let behind = fit(&shown(&text[at..to]), columns.saturating_sub(width(visible)));
    let style = if model.focus == Focus::Input { Styles::bold() } else { Style::new() };
    let line = Line::from(vec![Span::styled("> ", style), Span::raw(visible.to_owned()), Span::raw(behind)]);
    frame.render_widget(Paragraph::new(line), area);
    let column = u16::try_from(2 + width(visible)).unwrap_or(u16::MAX);
    frame.set_cursor_position(Position::new(area.x + column.min(area.width.saturating_sub(1)), area.y));
}

/// A paste may bring line ends and worse; on this line they are signs.
fn shown(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\n' => '⏎',
            '\t' => '→',
            character if is_harmful(character) => '�',
            character => character,
        })
        .collect()
}

/// What the keys do here, or what there is to say about the input.
pub(super) fn draw_keys(model: &Model, styles: Styles, frame: &mut Frame<'_>, area: Rect) {
    let columns = usize::from(area.width);
    let line = match &model.hint {
        Some(hint) => Line::styled(fit(&printable(hint), columns), styles.wrong()),
        None => {
            let keys = match model.focus {
                Focus::Input => {
                    "Enter send │ Tab next pane │ ↑↓ history │ PgUp/Dn scroll │ ^P/^N frame │ F1 help │ ^C quit"
                }
                Focus::Talk => "↑↓ PgUp/Dn scroll the conversation │ Tab next pane │ Esc back │ F1 help │ ^C quit",
                Focus::Wire => "↑↓ choose a frame │ Enter its fields │ Tab next pane │ Esc newest │ F1 help │ ^C quit",
                Focus::Frame => "↑↓ choose a field │ Tab next pane │ ^P/^N frame │ Esc newest │ F1 help │ ^C quit",
            };
            let short = match model.focus {
                Focus::Input => "Enter send  Tab pane  ↑↓ history  PgUp/Dn scroll  ^P/^N frame  F1 help  ^C quit",
                Focus::Talk => "↑↓ PgUp/Dn scroll  Tab pane  Esc back  F1 help  ^C quit",
                Focus::Wire => "↑↓ choose a frame  Enter its fields  Tab pane  Esc newest  F1 help  ^C quit",
                Focus::Frame => "↑↓ choose a field  Tab pane  ^P/^N frame  Esc newest  F1 help  ^C quit",
            };
            let keys = if width(keys) <= columns { keys } else { short };
            Line::styled(fit(keys, columns), Styles::quiet())
        }
    };
    frame.render_widget(Paragraph::new(line), area);
}
