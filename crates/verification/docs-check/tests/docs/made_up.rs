//! Small made-up repositories, and what the checks say about them.

use std::{fmt::Display, fs, io, path::Path};

/// The problems of a repository before and after an update, and the chapter that the update wrote.
pub(crate) type Outcome = (Vec<String>, Vec<String>, String);

/// Writes a repository with these files, checks it, updates it, and reads `chapter`. `folder` is
/// the repository's path within the folder for all tests.
pub(crate) fn checked_and_updated<P: Display>(
    folder: &str,
    files: &[(&str, &str)],
    chapter: &str,
    check: fn(&Path) -> io::Result<Vec<P>>,
    update: fn(&Path) -> io::Result<Vec<P>>,
) -> Outcome {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
    let _ = fs::remove_dir_all(&root);
    for (path, text) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("a folder can be made");
        fs::write(path, text).expect("a file can be written");
    }
    let texts = |problems: Vec<P>| problems.iter().map(ToString::to_string).collect();
    let before = texts(check(&root).expect("the chapters can be read"));
    let after = texts(update(&root).expect("the chapters can be written"));
    let chapter = fs::read_to_string(root.join(chapter)).expect("the chapter can be read");
    fs::remove_dir_all(&root).expect("the folder can be removed");
    (before, after, chapter)
}
