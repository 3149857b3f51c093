//! The terminal that the program writes to, if it is one.

use std::{
    env,
    fmt::Display,
    io::{self, IsTerminal, Write},
};

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
