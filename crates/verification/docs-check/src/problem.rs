//! The type that every check reports.

use std::{fmt, path::PathBuf};

/// A statement in a file that does not agree with the repository.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file, relative to the root of the repository.
    pub file: PathBuf,
    /// The line, counted from 1. It is 0 if the problem concerns the whole file.
    pub line: usize,
    /// The mismatch, and how to resolve it.
    pub advice: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.advice)
    }
}
