//! Handles the keyboard.
//!
//! Characters always go to the input line, whichever pane has the focus, so the user can type at
//! any time.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::{entry, leaving};
use crate::screen::{
    event::Effect,
    layout,
    model::{Model, focus::Focus},
};

pub(super) fn handle(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    if key.kind == KeyEventKind::Release {
        return Vec::new();
    }
    model.hint = None;
    if key.code != KeyCode::Tab {
        model.next_completion = 0;
    }
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let alt = key.modifiers.contains(KeyModifiers::ALT);
    if model.help {
        // Any key closes the help. Only combinations with Ctrl also have their usual effect, so
        // that Ctrl-C always works.
        model.help = false;
        if !control {
            return Vec::new();
        }
    }
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
        KeyCode::Enter if model.focus == Focus::Wire => model.focus = Focus::Frame,
        KeyCode::Enter => {
            model.focus = Focus::Input;
            return entry::enter(model);
        }
        KeyCode::F(1) => model.help = true,
        KeyCode::Tab => entry::complete(model),
        KeyCode::BackTab => model.focus = model.focus.previous(),
        KeyCode::Esc => {
            model.focus = Focus::Input;
            model.transcript.follow();
            model.wire_log.follow();
            model.select_initial_field();
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

/// Handles the keys that edit the input line. They are the same as in most programs.
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

/// Moves by `by` lines in the pane that has the focus, for the arrow keys, Home and End.
fn step(model: &mut Model, by: isize) {
    match model.focus {
        Focus::Input if by < 0 => model.editor.older(),
        Focus::Input => model.editor.newer(),
        Focus::Transcript => model.transcript.step(by),
        Focus::Wire => model.step_record(by),
        Focus::Frame => model.step_field(by),
    }
}

/// Moves by about the height of the pane, for `PageUp` and `PageDown`. In the input line, these
/// keys scroll the transcript.
fn step_page(model: &mut Model, by: isize) {
    let areas = layout::areas(model.size, model.numbers.series.len());
    let page = |rows: u16| by * isize::try_from(rows.saturating_sub(3).max(1)).unwrap_or(1);
    match model.focus {
        Focus::Input | Focus::Transcript => model.transcript.step(page(areas.transcript.height)),
        Focus::Wire => model.step_record(page(areas.wire.height)),
        Focus::Frame => model.step_field(page(areas.frame.height) / 2),
    }
}
