//! Reads the members of the workspace.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Returns the folders of the workspace's packages, relative to its root.
///
/// # Errors
/// Fails if `Cargo.toml` cannot be read.
pub fn workspace_members(repository: &Path) -> io::Result<Vec<PathBuf>> {
    let manifest = fs::read_to_string(repository.join("Cargo.toml"))?;
    let members = manifest.split_once("\nmembers = [").and_then(|(_, rest)| rest.split_once(']')).unwrap_or_default().0;
    Ok(members.split('"').skip(1).step_by(2).map(PathBuf::from).collect())
}
