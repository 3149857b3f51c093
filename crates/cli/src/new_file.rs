//! Creates the files that the programs write.

use std::{
    fs::{File, OpenOptions},
    io,
    path::Path,
};

/// Creates a file that only its owner can read, and opens it for writing.
///
/// The programs write the bytes of a connection to the file, including cookies and passwords, so no
/// other user of the computer may read it. Nothing may exist at the path yet: the user may still
/// need an existing file, and in a folder to which others can write, a link could lead to any of
/// the user's files.
///
/// # Errors
/// Returns [`io::ErrorKind::AlreadyExists`] if anything exists at this path, even a dangling link.
/// Any other error comes from the file system.
pub fn create_new_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    // On Windows, a new file has the permissions of its folder, and a user's own folders are
    // private.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
