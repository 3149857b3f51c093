//! Finds out what a terminal can display.

use std::{env, ffi::OsStr, io::IsTerminal};

/// Returns `true` if colours should be written to `stream`.
///
/// Colours are written only to a terminal that supports them, and only if the user has not switched
/// them off. Setting `NO_COLOR` to a non-empty string switches them off (<https://no-color.org/>).
#[must_use]
pub fn use_colours(stream: &impl IsTerminal) -> bool {
    let [no_color, term] = ["NO_COLOR", "TERM"].map(env::var_os);
    colours_allowed(stream.is_terminal(), no_color.as_deref(), term.as_deref())
}

/// Returns `true` if the terminal can only print lines, without colours or cursor movement
/// (`TERM=dumb`).
#[must_use]
pub fn is_dumb() -> bool {
    is_dumb_term(env::var_os("TERM").as_deref())
}

fn colours_allowed(is_terminal: bool, no_color: Option<&OsStr>, term: Option<&OsStr>) -> bool {
    is_terminal && no_color.is_none_or(OsStr::is_empty) && !is_dumb_term(term)
}

fn is_dumb_term(term: Option<&OsStr>) -> bool {
    term.is_some_and(|term| term == "dumb")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_color_switches_colours_off() {
        assert!(colours_allowed(true, None, None));
        assert!(colours_allowed(true, Some("".as_ref()), Some("xterm".as_ref())), "set and empty counts as not set");
        assert!(!colours_allowed(true, Some("1".as_ref()), None));
        assert!(!colours_allowed(false, None, None), "a file has no use for colours");
        assert!(!colours_allowed(true, None, Some("dumb".as_ref())), "this terminal would print their codes");
    }
}
