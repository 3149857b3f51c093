//! Makes text from a peer safe to print on a terminal.
//!
//! A terminal executes control characters. An escape sequence in a message can move the cursor,
//! rename the window, overwrite the lines above, or in some terminals type a command. A program
//! cannot trust the messages of its peer, so this module replaces their control characters with
//! visible escapes.

use std::borrow::Cow;

/// Returns the text on one line, with harmful characters escaped, such as `\n` or `\u{1b}`.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    escape(text, is_harmful)
}

/// Returns the text on one line, with harmful characters escaped as in [`printable`], but keeps
/// tabs. Tabs are harmless. They are wider than other characters, so use this function only where
/// the line has room for them.
#[must_use]
pub fn printable_with_tabs(text: &str) -> Cow<'_, str> {
    escape(text, |character| character != '\t' && is_harmful(character))
}

/// Returns whether printing the character on a terminal can do more than show it.
///
/// Control characters are harmful. Characters that change the writing direction are harmful too,
/// because they can make a line look different from its actual content.
#[must_use]
pub fn is_harmful(character: char) -> bool {
    character.is_control() || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn escape(text: &str, is_harmful: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut line = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_harmful(character) {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    Cow::Owned(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_text_stays_as_it_is() {
        for text in ["", "hello", "Grüße, 世界 🎉", r"a\nb"] {
            assert_eq!(printable(text), text);
        }
    }

    #[test]
    fn control_characters_are_shown_and_not_obeyed() {
        assert_eq!(printable("\x1b[2J\x07"), r"\u{1b}[2J\u{7}");
        assert_eq!(printable("one\r\n< two"), r"one\r\n< two");
        assert_eq!(printable("\u{9b}31m\x7f\0"), r"\u{9b}31m\u{7f}\u{0}");
    }

    #[test]
    fn the_direction_of_writing_cannot_be_changed() {
        assert_eq!(printable("abc\u{202e}fdp"), r"abc\u{202e}fdp");
        assert_eq!(printable_with_tabs("abc\u{2066}fdp"), r"abc\u{2066}fdp");
    }

    #[test]
    fn tabs_stay_where_there_is_room_for_them() {
        assert_eq!(printable("a\tb"), r"a\tb");
        assert_eq!(printable_with_tabs("a\tb\r"), "a\tb\\r");
    }
}
