//! Messages from the program itself, on standard error.

use std::{
    fmt::Display,
    io::{self, Write},
};

/// Writes a line to standard error.
///
/// A failed write is ignored: once standard error is closed, nobody is left to tell. `eprintln!`
/// would panic instead.
pub(crate) fn report(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}
