//! What each key does.
//!
//! Whatever the focus, characters go to the input line: nobody should have to look for it.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::{Effect, Focus, Model};
use crate::screen::layout;

impl Model {
    pub(super) fn key(&mut self, key: KeyEvent) -> Vec<Effect> {
        if key.kind == KeyEventKind::Release {
            return Vec::new();
        }
        self.hint = None;
        if key.code != KeyCode::Tab {
            self.listed = 0;
        }
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        if self.help {
            // Any key closes it, and does nothing else unless it is one that is always obeyed.
            self.help = false;
            if !control {
                return Vec::new();
            }
        }
        let code = match key.code {
            // A line feed: the Enter of those who typed ahead, before the terminal was ours.
            KeyCode::Char('j') if control => KeyCode::Enter,
            code => code,
        };
        match code {
            KeyCode::Char('c') if control => return self.stop(),
            KeyCode::Char('d') if control && self.editor.text().is_empty() => return self.stop(),
            KeyCode::Char('l') if control => return vec![Effect::Redraw],
            KeyCode::Enter if alt => self.editor.insert("\n"),
            KeyCode::Enter if self.focus == Focus::Wire => self.focus = Focus::Frame,
            KeyCode::Enter => {
                self.focus = Focus::Input;
                return self.enter();
            }
            KeyCode::F(1) => self.help = true,
            KeyCode::Tab => self.complete(),
            KeyCode::BackTab => self.focus = self.focus.previous(),
            KeyCode::Esc => {
                self.focus = Focus::Input;
                self.talk.follow();
                self.wire.follow();
                self.field = self.telling_field();
            }
            KeyCode::Char('p') if control => self.step_wire(-1),
            KeyCode::Char('n') if control => self.step_wire(1),
            KeyCode::Up if alt || control => self.step_wire(-1),
            KeyCode::Down if alt || control => self.step_wire(1),
            KeyCode::Up => self.step(-1),
            KeyCode::Down => self.step(1),
            KeyCode::PageUp => self.page(-1),
            KeyCode::PageDown => self.page(1),
            KeyCode::Home | KeyCode::End if self.focus != Focus::Input => {
                let all = if key.code == KeyCode::Home { isize::MIN } else { isize::MAX };
                self.step(all);
            }
            _ => self.edit(key, control, alt),
        }
        Vec::new()
    }

    /// Keys of the input line; those of every other program that has one.
    fn edit(&mut self, key: KeyEvent, control: bool, alt: bool) {
        let editor = &mut self.editor;
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
                self.focus = Focus::Input;
                editor.insert(character.encode_utf8(&mut [0; 4]));
            }
            _ => {}
        }
    }

    fn step(&mut self, by: isize) {
        match self.focus {
            Focus::Input if by < 0 => self.editor.older(),
            Focus::Input => self.editor.newer(),
            Focus::Talk => self.talk.step(by),
            Focus::Wire => self.step_wire(by),
            Focus::Frame => self.step_field(by),
        }
    }

    fn page(&mut self, by: isize) {
        let areas = layout::areas(self.size, self.numbers.series.len());
        let rows = |rows: u16| by * isize::try_from(rows.saturating_sub(3).max(1)).unwrap_or(1);
        match self.focus {
            Focus::Input | Focus::Talk => self.talk.step(rows(areas.talk.height)),
            Focus::Wire => self.step_wire(rows(areas.wire.height)),
            Focus::Frame => self.step_field(rows(areas.frame.height) / 2),
        }
    }
}
