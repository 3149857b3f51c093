//! What may reach a terminal.
//!
//! A terminal obeys what is written to it: an escape character in a message can move the cursor, rename the window,
//! paint over what stands above, or in some terminals type a command. Who sends the messages is somebody else. So
//! control characters are shown, not obeyed.

use std::{
    borrow::Cow,
    env,
    fmt::Display,
    io::{self, IsTerminal, Write},
};

/// The text on one line, with control characters as `\n` or `\u{1b}`.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_harmful(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// A tab does no harm. Characters that turn the direction of writing do: with them a line reads as something else than
/// what it says.
fn is_harmful(character: char) -> bool {
    (character.is_control() && character != '\t')
        || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether to use colours: only on a terminal, and not if the user has said no (<https://no-color.org>).
pub(crate) fn colours(stream: &impl IsTerminal) -> bool {
    stream.is_terminal()
        && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        && env::var_os("TERM").is_none_or(|value| value != "dumb")
}

/// Writes a line to standard error. If nobody reads it any more there is nobody to tell; `eprintln!` would panic.
pub(crate) fn say(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn ordinary_text_stays_as_it_is() {
        for text in ["", "hello", "a\tb", "Grüße, 世界 🎉", r"a\nb"] {
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
    fn the_direction_of_writing_cannot_be_turned() {
        assert_eq!(printable("abc\u{202e}fdp"), r"abc\u{202e}fdp");
    }
}
