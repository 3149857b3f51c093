//! Makes text from a peer safe to print on a terminal.
//!
//! A terminal acts on control characters. An escape sequence in a message can move the cursor,
//! rename the window, overwrite the lines above, or in some terminals type a command. A program
//! cannot trust the messages of its peer, so this module replaces their control characters with
//! visible escapes.
//!
//! [`is_harmful`] decides which characters are escaped. A program should assemble each line first
//! and then pass the whole line through one of these functions, so that no part of it is missed: a
//! line of text through [`printable`], and a line of JSON through [`printable_json`].

use std::{borrow::Cow, fmt::Write};

/// Returns the text on one line, with harmful characters escaped, such as `\n` or `\u{1b}`.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    escape(text, is_harmful, escape_as_rust)
}

/// Returns the text on one line, with harmful characters escaped as in [`printable`], but keeps
/// tabs. Tabs are harmless, but wider than other characters, so use this function only where the
/// line has room for them.
#[must_use]
pub fn printable_with_tabs(text: &str) -> Cow<'_, str> {
    escape(text, |character| character != '\t' && is_harmful(character), escape_as_rust)
}

/// Returns the text with harmful characters escaped as in [`printable`], but keeps its line feeds.
/// Use this function only for text whose line breaks come from the program itself.
#[must_use]
pub fn printable_lines(text: &str) -> Cow<'_, str> {
    escape(text, |character| character != '\n' && is_harmful(character), escape_as_rust)
}

/// Returns a line of JSON in which harmful characters are replaced with JSON escapes such as
/// `\u001b`. The JSON's value does not change.
///
/// JSON itself requires such an escape only for U+0000 to U+001F. An escape is valid only inside a
/// string, so `json` must not contain a harmful character, such as a line break, between two
/// values.
#[must_use]
pub fn printable_json(json: &str) -> Cow<'_, str> {
    escape(json, is_harmful, |line, character| {
        for unit in character.encode_utf16(&mut [0; 2]) {
            // Writing to a String cannot fail.
            let _ = write!(line, "\\u{unit:04x}");
        }
    })
}

/// Returns `true` if the character can control a terminal or mislead a reader, and so must not be
/// printed as it is.
///
/// | characters | reason |
/// |---|---|
/// | control characters: U+0000 to U+001F, U+007F to U+009F | the terminal executes them |
/// | U+2028 and U+2029 | they end a line, so a peer could begin a line that looks like ours |
/// | the characters with the property `Bidi_Control` | they change the writing direction, so a line can look different from its content |
/// | other format characters that cannot be seen | two texts that look the same can differ |
///
/// U+200C and U+200D are not treated as harmful, because Persian, Hindi and many emoji need them.
#[must_use]
pub fn is_harmful(character: char) -> bool {
    let ends_a_line = matches!(character, '\u{2028}' | '\u{2029}');
    let changes_direction =
        matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let cannot_be_seen = matches!(
        character,
        '\u{ad}'                      // soft hyphen
        | '\u{180e}'                  // Mongolian vowel separator
        | '\u{200b}'                  // zero width space
        | '\u{2060}'..='\u{2065}'     // word joiner, invisible operators
        | '\u{206a}'..='\u{206f}'     // deprecated format characters
        | '\u{feff}'                  // byte order mark
        | '\u{fff9}'..='\u{fffb}'     // interlinear annotations
        | '\u{1bca0}'..='\u{1bca3}'   // shorthand format controls
        | '\u{1d173}'..='\u{1d17a}'   // musical format controls
        | '\u{e0000}'..='\u{e007f}'   // tags
    );
    character.is_control() || ends_a_line || changes_direction || cannot_be_seen
}

/// Replaces each harmful character in `text` with the substitute that `replace` appends.
fn escape(text: &str, is_harmful: impl Fn(char) -> bool, replace: impl Fn(&mut String, char)) -> Cow<'_, str> {
    if !text.contains(&is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut line = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_harmful(character) {
            replace(&mut line, character);
        } else {
            line.push(character);
        }
    }
    Cow::Owned(line)
}

fn escape_as_rust(line: &mut String, character: char) {
    line.extend(character.escape_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_text_stays_as_it_is() {
        for text in ["", "hello", "Grüße, 世界 🎉", r"a\nb", "می\u{200c}خواهم", "👩\u{200d}🔬"] {
            assert_eq!(printable(text), text);
            assert_eq!(printable_json(text), text);
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
        for mark in ['\u{61c}', '\u{200e}', '\u{200f}'] {
            assert!(is_harmful(mark), "{mark:?}");
        }
    }

    #[test]
    fn a_line_ends_only_where_the_program_ends_it() {
        assert_eq!(printable("a\u{2028}b\u{2029}c\u{85}d"), r"a\u{2028}b\u{2029}c\u{85}d");
        assert_eq!(printable_lines("a\nb\u{2028}c\r"), "a\nb\\u{2028}c\\r");
    }

    #[test]
    fn characters_that_cannot_be_seen_are_shown() {
        assert_eq!(printable("ad\u{200b}min\u{feff}\u{e0041}"), r"ad\u{200b}min\u{feff}\u{e0041}");
    }

    #[test]
    fn the_escapes_of_json_keep_the_value() {
        let text = "\x1b\x7f\u{9b}\u{202e}\u{e0041}";
        let json = serde_json::to_string(text).expect("a string has a JSON form");
        assert_eq!(printable_json(&json), r#""\u001b\u007f\u009b\u202e\udb40\udc41""#);
        assert_eq!(serde_json::from_str::<String>(&printable_json(&json)).expect("JSON"), text);
    }

    #[test]
    fn tabs_stay_where_there_is_room_for_them() {
        assert_eq!(printable("a\tb"), r"a\tb");
        assert_eq!(printable_with_tabs("a\tb\r"), "a\tb\\r");
    }
}
