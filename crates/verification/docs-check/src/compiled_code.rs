//! Checks that all Rust code on the pages of *Run* is compiled.
//!
//! Readers copy this code into their own programs. Each Rust code block is therefore either a copy
//! of the source, with a [mark](crate::shown_code), or a documentation test of `websocket`.

use std::{fs, io, path::Path};

use crate::problem::Problem;

/// The folder of the pages.
const PAGES: &str = "docs/src/run";
/// The file that includes the pages as documentation tests.
const TESTED_IN: &str = "crates/websocket/src/lib.rs";

/// Finds, on each page, the first Rust code block that is not compiled.
///
/// # Errors
/// Fails if a page or a file cannot be read.
pub fn check(root: &Path) -> io::Result<Vec<Problem>> {
    let tests = fs::read_to_string(root.join(TESTED_IN))?;
    let mut problems = Vec::new();
    for entry in fs::read_dir(root.join(PAGES))? {
        let file = Path::new(PAGES).join(entry?.file_name());
        let page = fs::read_to_string(root.join(&file))?;
        problems.extend(unchecked_block(&file, &page, &tests).map(|(line, advice)| Problem { file, line, advice }));
    }
    problems.sort_by(|one, other| one.file.cmp(&other.file));
    Ok(problems)
}

/// Returns the line number, counted from 1, of the first block that is not compiled, and advice on
/// what to do.
fn unchecked_block(file: &Path, page: &str, tests: &str) -> Option<(usize, String)> {
    let is_tested = tests.contains(&format!("{}\")", file.display()));
    let mut before = "";
    for (index, line) in page.lines().enumerate() {
        if line.starts_with("```rust") && !before.starts_with("<!-- code:") {
            if line.contains("ignore") {
                let advice = "this code is not compiled: remove `ignore`, or show the code of an example";
                return Some((index + 1, advice.to_owned()));
            }
            if !is_tested {
                let advice = format!("this code is not compiled: include the page in `{TESTED_IN}`");
                return Some((index + 1, advice));
            }
        }
        before = line;
    }
    None
}
