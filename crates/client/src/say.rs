//! What the program has to say about itself.

use std::{
    fmt::Display,
    io::{self, Write},
};

/// Writes a line to standard error. If nobody reads it any more there is nobody to tell; `eprintln!` would panic.
pub(crate) fn say(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}
