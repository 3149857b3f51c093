//! A mistake in a page or a source file.

use std::fmt;

/// A mistake that makes the build fail. `Display` prints it as compilers do: `docs/src/a.md:12:
/// advice`.
#[derive(Debug)]
pub(super) struct Problem {
    /// The path of the file, relative to the root of the repository.
    pub(super) file: String,
    /// The line, counted from 1.
    pub(super) line: usize,
    /// A description of the mistake and of how to correct it.
    pub(super) advice: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.advice)
    }
}
