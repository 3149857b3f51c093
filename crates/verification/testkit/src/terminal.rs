//! Text that tries to control a terminal, and a check that none of it reached one.
//!
//! The check has its own list of harmful characters. If it asked the code under test, it could not
//! notice a character that is missing there.

/// Text with which a peer tries to control a terminal, or to make a line look different from its
/// content: control sequences (ESC, the one-character CSI, BEL, DEL, NEL), characters that change
/// the writing direction, line separators, and invisible characters.
pub const HOSTILE: &str = "\x1b]0;pwned\x07\x1b[2J\u{9b}31m\u{85}\x7f\0\u{ad}\u{61c}\u{200b}\u{200e}\u{200f}\u{2028}\
    \u{2029}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2060}\u{2066}\u{2067}\u{2068}\u{2069}\u{206a}\u{feff}\u{fff9}\
    \u{e0041}";

/// Panics if `text` contains a character that must not reach a terminal. Line feeds are allowed,
/// because all multi-line output contains them.
#[track_caller]
pub fn assert_harmless(what: &str, text: &str) {
    let harmful = |character: &char| match character {
        '\n' => false,
        '\0'..='\x1f' | '\x7f'..='\u{9f}' => true,
        other => !other.is_ascii() && HOSTILE.contains(*other),
    };
    if let Some(character) = text.chars().find(harmful) {
        let line = text.split('\n').find(|line| line.contains(character)).unwrap_or_default();
        panic!("{what} contains {character:?} in the line {line:?}");
    }
}

/// Removes the control sequences with which a program colours its own output.
#[must_use]
pub fn without_colours(text: &str) -> String {
    let mut parts = text.split("\x1b[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.trim_start_matches(|character: char| character.is_ascii_digit() || character == ';');
        match digits.strip_prefix('m') {
            Some(rest) => plain.push_str(rest),
            // This is some other sequence, so keep it for the check to find.
            None => plain.extend(["\x1b[", part]),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_removed_and_nothing_else() {
        assert_eq!(without_colours("a\x1b[38;5;16mb\x1b[0mc"), "abc");
        assert_eq!(without_colours("a\x1b[2Jb"), "a\x1b[2Jb");
    }

    #[test]
    fn each_hostile_character_is_found() {
        assert_harmless("ordinary text", "Grüße, 世界 👩‍👩‍👧\n");
        for character in HOSTILE.chars().filter(|character| character.is_control() || !character.is_ascii()) {
            let found = std::panic::catch_unwind(|| assert_harmless("a text", &character.to_string()));
            assert!(found.is_err(), "{character:?}");
        }
    }
}
