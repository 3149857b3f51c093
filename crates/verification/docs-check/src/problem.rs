//! The type of the problems that all checks report.

use std::{fmt, path::PathBuf};

/// A statement in a file that does not agree with the repository.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The path of the file, relative to the root of the repository.
    pub file: PathBuf,
    /// The line of the problem, counted from 1. The value 0 means that the problem concerns the
    /// whole file.
    pub line: usize,
    /// A description of the mismatch, and how to resolve it.
    pub advice: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.advice)
    }
}
