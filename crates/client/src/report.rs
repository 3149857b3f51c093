//! Writes the program's own messages to standard error.

use std::{
    fmt::Display,
    io::{self, Write},
};

use dissector::printable;

/// Writes a line to standard error. The line may quote the server, so characters that could control
/// the terminal are escaped.
///
/// A failed write is ignored, because standard error is the only place to report it. `eprintln!`
/// would panic instead.
pub(crate) fn report(line: impl Display) {
    let _ = writeln!(io::stderr(), "{}", printable(&line.to_string()));
}
