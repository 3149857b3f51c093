//! Handles the keyboard.
//!
//! Characters always go to the input line, whichever pane has the focus, so the user can type at
//! any time.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::layout::Rect;

use super::{entry, leaving, scrolling};
use crate::screen::{
    event::Effect,
    layout,
    model::{Model, focus::Focus},
    view,
};

pub(super) fn handle(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    if key.kind == KeyEventKind::Release {
        return Vec::new();
    }
    model.hint = None;
    if key.code != KeyCode::Tab {
        model.next_completion = 0;
    }
    // Windows reports AltGr as Control and Alt together. On many keyboards, AltGr types characters
    // such as `@` and `{`.
    let alt_gr = key.modifiers.contains(KeyModifiers::CONTROL | KeyModifiers::ALT);
    let is_typed = matches!(key.code, KeyCode::Char(_)) && alt_gr;
    let control = key.modifiers.contains(KeyModifiers::CONTROL) && !is_typed;
    let alt = key.modifiers.contains(KeyModifiers::ALT) && !is_typed;
    if model.help.is_some() && !control && handle_in_help(model, key.code) {
        return Vec::new();
    }
    model.help = None;
    let code = match key.code {
        // If the user presses Enter before the client has switched the terminal to raw mode, a line
        // feed arrives. It looks the same as Ctrl-J, so treat Ctrl-J as Enter.
        KeyCode::Char('j') if control => KeyCode::Enter,
        code => code,
    };
    match code {
        KeyCode::Char('c') if control => return leaving::stop(model),
        KeyCode::Char('d') if control && model.editor.text().is_empty() => return leaving::stop(model),
        KeyCode::Char('l') if control => return vec![Effect::Redraw],
        KeyCode::Enter if alt => model.editor.insert("\n"),
        KeyCode::Enter if model.focus == Focus::Wire => model.set_focus(Focus::Frame),
        KeyCode::Enter => {
            model.focus = Focus::Input;
            return entry::enter(model);
        }
        KeyCode::F(1) => model.help = Some(0),
        KeyCode::F(2) => model.toggle_zoom(),
        KeyCode::Tab => entry::complete(model),
        KeyCode::BackTab => model.step_focus(false),
        // End the zoom, but keep the selection.
        KeyCode::Esc if model.zoomed.is_some() => model.zoomed = None,
        // Esc has nothing else to do here, so empty the input line. The history keeps the text.
        KeyCode::Esc if is_at_the_input_and_the_newest(model) => {
            model.editor.take();
        }
        KeyCode::Esc => {
            model.focus = Focus::Input;
            model.transcript.follow();
            model.follow_records();
            model.lessons.scroll = 0;
        }
        KeyCode::Char('p') if control => model.step_record(-1),
        KeyCode::Char('n') if control => model.step_record(1),
        KeyCode::Up if alt || control => model.step_record(-1),
        KeyCode::Down if alt || control => model.step_record(1),
        KeyCode::Up => step(model, -1),
        KeyCode::Down => step(model, 1),
        KeyCode::PageUp => step_page(model, -1),
        KeyCode::PageDown => step_page(model, 1),
        KeyCode::Home if model.focus != Focus::Input => step(model, isize::MIN),
        KeyCode::End if model.focus != Focus::Input => step(model, isize::MAX),
        _ => edit(model, key, control, alt),
    }
    Vec::new()
}

/// Returns `true` if the input has the focus and every pane shows its newest content.
const fn is_at_the_input_and_the_newest(model: &Model) -> bool {
    matches!(model.focus, Focus::Input)
        && model.transcript.follows()
        && model.wire_log.follows()
        && model.lessons.scroll == 0
}

/// Handles a key while the help is shown. Returns `true` if the key has no further effect. Returns
/// `false` for a character, which closes the help and is then typed into the input line.
fn handle_in_help(model: &mut Model, code: KeyCode) -> bool {
    let page = isize::try_from(view::help_rows(model.size).saturating_sub(1).max(1)).unwrap_or(1);
    match code {
        KeyCode::Up => scrolling::help(model, -1),
        KeyCode::Down => scrolling::help(model, 1),
        KeyCode::PageUp => scrolling::help(model, -page),
        KeyCode::PageDown => scrolling::help(model, page),
        KeyCode::Home => scrolling::help(model, isize::MIN),
        KeyCode::End => scrolling::help(model, isize::MAX),
        KeyCode::Esc | KeyCode::Enter | KeyCode::F(1) => model.help = None,
        KeyCode::Char(_) => return false,
        _ => {}
    }
    true
}

/// Handles the keys that edit the input line. Most of them work as they do in a shell (readline).
fn edit(model: &mut Model, key: KeyEvent, control: bool, alt: bool) {
    let editor = &mut model.editor;
    match key.code {
        KeyCode::Left if control || alt => editor.word_left(),
        KeyCode::Right if control || alt => editor.word_right(),
        KeyCode::Left => editor.left(),
        KeyCode::Right => editor.right(),
        KeyCode::Home => editor.home(),
        KeyCode::End => editor.end(),
        KeyCode::Backspace if alt => editor.delete_word(),
        KeyCode::Backspace => editor.backspace(),
        KeyCode::Delete => editor.delete_next(),
        KeyCode::Char(character) if control => match character {
            'a' => editor.home(),
            'e' => editor.end(),
            'b' => editor.left(),
            'f' => editor.right(),
            'd' => editor.delete_next(),
            'h' => editor.backspace(),
            'w' => editor.delete_word(),
            'u' => editor.delete_to_start(),
            'k' => editor.delete_to_end(),
            _ => {}
        },
        KeyCode::Char('b') if alt => editor.word_left(),
        KeyCode::Char('f') if alt => editor.word_right(),
        KeyCode::Char(character) if !alt => {
            model.focus = Focus::Input;
            editor.insert(character.encode_utf8(&mut [0; 4]));
        }
        _ => {}
    }
}

/// Handles the arrow keys, Home and End: moves by `by` rows, records or fields in the pane that has
/// the focus.
fn step(model: &mut Model, by: isize) {
    match model.focus {
        Focus::Input if by < 0 => model.editor.older(),
        Focus::Input => model.editor.newer(),
        Focus::Transcript => scrolling::transcript(model, by),
        Focus::Lesson => scrolling::lesson(model, by),
        // This pane does not scroll. To show more of the numbers, the user can zoom it.
        Focus::Numbers => {}
        Focus::Wire => model.step_record(by),
        Focus::Frame => model.step_field(by),
    }
}

/// Handles `PageUp` and `PageDown`: moves by about the height of the pane. In the input line, these
/// keys scroll the zoomed pane or, if no pane is zoomed, the transcript.
fn step_page(model: &mut Model, by: isize) {
    let areas = layout::areas(model);
    let is_zoomed = layout::zoomed(model).is_some();
    // One row of the previous page stays visible, so that users do not lose their place.
    let page = |area: Rect| by * isize::try_from(layout::inside(area).rows.saturating_sub(1).max(1)).unwrap_or(1);
    let pane = if model.focus == Focus::Input { model.zoomed.unwrap_or(Focus::Transcript) } else { model.focus };
    match pane {
        Focus::Input | Focus::Transcript => scrolling::transcript(model, page(areas.transcript)),
        Focus::Lesson => scrolling::lesson(model, page(areas.lesson)),
        Focus::Numbers => {}
        Focus::Wire => model.step_record(page(areas.wire)),
        Focus::Frame if is_zoomed => scrolling::zoomed_frame(model, page(areas.frame)),
        Focus::Frame => model.step_field(page(areas.frame) / 2),
    }
}
