//! A piece of source code, and the deliberate mistake that replaces it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// A mistake in one file.
#[derive(Debug)]
pub struct Mistake {
    /// The name.
    pub name: &'static str,
    /// The mistake in words.
    pub description: &'static str,
    /// The path of the file, relative to the root of the repository.
    pub file: &'static str,
    /// The piece of source to replace. It occurs exactly once in the file.
    pub original: &'static str,
    /// The source that replaces it.
    pub mistaken: &'static str,
    /// The arguments with which the technique finds the mistake.
    pub arguments: &'static [&'static str],
}

/// Returns the root of the repository.
#[must_use]
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

impl Mistake {
    /// Returns the contents of the file with the mistake in place of the original.
    ///
    /// # Errors
    /// Fails if the file cannot be read, or does not contain the original exactly once.
    pub fn apply(&self) -> io::Result<String> {
        let path = repository().join(self.file);
        let source = fs::read_to_string(&path)?;
        match source.matches(self.original).count() {
            1 => Ok(source.replacen(self.original, self.mistaken, 1)),
            count => Err(io::Error::other(format!(
                "{}: the source that the mistake {:?} replaces occurs {count} times, not once. Adapt the mistake to \
                 the new source.",
                path.display(),
                self.name
            ))),
        }
    }
}
