//! Checks and writes the code blocks of the book that come from examples.
//!
//! ```text
//!   <!-- example: crates/websocket/examples/echo_server.rs fn echo -->     one item of a file
//!   <!-- example: crates/websocket/examples/client.rs -->                  the whole file
//! ```
//!
//! The path begins at the root of the repository. The compiler checks the file, and this module keeps
//! the page the same as the file. Every other block of Rust is compiled as a documentation test of
//! `websocket`, so no code of these pages is unchecked. The chapters about the steps have [marks of
//! their own](crate::build_chapters).

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    marks::{MarkedBlock, marked_blocks},
    problem::Problem,
    steps,
};

/// The folder of the pages whose code comes from examples.
const PAGES: &str = "docs/src/run";

/// The file that includes the pages as documentation tests.
const TESTED_IN: &str = "crates/websocket/src/lib.rs";

/// Compares the marked blocks of all pages with the files that the marks name, and checks that all
/// other Rust is compiled.
///
/// # Errors
/// Fails if a page cannot be read.
pub fn check(root: &Path) -> io::Result<Vec<Problem>> {
    let mut problems = Vec::new();
    for (path, text) in pages(root)? {
        let problem = |line, advice| Problem { file: path.clone(), line, advice };
        problems.extend(unchecked_line(root, &path, &text)?.map(|(line, advice)| problem(line, advice)));
        match marked_blocks(&text) {
            Ok(blocks) => problems.extend(blocks.iter().filter_map(|block| match compute(root, block) {
                Ok(code) if code == text[block.range.clone()] => None,
                Ok(_) => Some(problem(
                    block.line,
                    format!("the block `{}` is out of date: run `cargo run -p docs-check`", block.arguments),
                )),
                Err(advice) => Some(problem(block.line, advice)),
            })),
            Err(mistake) => problems.push(problem(mistake.line, mistake.advice)),
        }
    }
    Ok(problems)
}

/// Writes the marked blocks of all pages. Returns the problems that only an author can solve.
///
/// # Errors
/// Fails if a page cannot be read or written.
pub fn update(root: &Path) -> io::Result<Vec<Problem>> {
    for (path, text) in pages(root)? {
        let mut updated = text.clone();
        for block in marked_blocks(&text).unwrap_or_default().into_iter().rev() {
            if let Ok(code) = compute(root, &block) {
                updated.replace_range(block.range, &code);
            }
        }
        if updated != text {
            fs::write(root.join(path), updated)?;
        }
    }
    check(root)
}

/// Reads the pages, in the order of their names. Returns none if the folder does not exist.
fn pages(root: &Path) -> io::Result<Vec<(PathBuf, String)>> {
    let mut pages = Vec::new();
    let folder = match fs::read_dir(root.join(PAGES)) {
        Ok(folder) => folder,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(pages),
        Err(error) => return Err(error),
    };
    for entry in folder {
        let path = Path::new(PAGES).join(entry?.file_name());
        if path.extension().is_some_and(|extension| extension == "md") {
            let text = fs::read_to_string(root.join(&path))?;
            pages.push((path, text));
        }
    }
    pages.sort();
    Ok(pages)
}

/// Returns the first block of Rust that is neither marked nor compiled, and what to do about it.
fn unchecked_line(root: &Path, path: &Path, text: &str) -> io::Result<Option<(usize, String)>> {
    let lines: Vec<&str> = text.lines().collect();
    let is_marked = |index: usize| index > 0 && lines[index - 1].starts_with("<!-- example:");
    let unmarked = |index: &usize| lines[*index].starts_with("```rust") && !is_marked(*index);
    let mut blocks = (0..lines.len()).filter(unmarked).peekable();
    let Some(&first) = blocks.peek() else {
        return Ok(None);
    };
    if let Some(ignored) = blocks.find(|index| lines[*index].contains("ignore")) {
        let advice = "this code is not compiled: remove `ignore`, or take the code from an example".to_owned();
        return Ok(Some((ignored + 1, advice)));
    }
    let is_tested = fs::read_to_string(root.join(TESTED_IN))?.contains(&format!("{}\")", path.display()));
    let advice = format!("this code is not compiled: include the page in `{TESTED_IN}`");
    Ok((!is_tested).then_some((first + 1, advice)))
}

fn compute(root: &Path, block: &MarkedBlock) -> Result<String, String> {
    if block.name != "example" {
        return Err(format!("the mark `{}` belongs to the chapters about the steps", block.name));
    }
    let (file, item) = block.arguments.split_once(' ').unwrap_or((&block.arguments, ""));
    let source = fs::read_to_string(root.join(file)).map_err(|error| format!("`{file}`: {error}"))?;
    if item.is_empty() { Ok(source) } else { steps::item(&source, item) }
}
