//! Checks and writes the chapters' code blocks that show source code.
//!
//! | mark | text of the block |
//! |---|---|
//! | `code: FILE fn name` | an item of a source file, without its citations |
//! | `code: FILE` | the whole file, without its citations |
//! | `code: FILE figure` | the first figure in the comment at the head of the file |
//!
//! A path is relative to the root of the repository. Citations are left out because the second pane
//! of the book shows them in its margin. The chapters of *Build* have their own marks; see
//! [`build_chapters`](crate::build_chapters).

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    marks::{MarkedBlock, marked_blocks},
    problem::Problem,
    steps,
};

/// The folder of the book's chapters.
const CHAPTERS: &str = "docs/src";
/// The folder of the chapters of *Build*, whose marks `build_chapters` checks.
const BUILD: &str = "docs/src/build";
/// The name of the mark.
const MARK: &str = "code";

/// Compares the code in all chapters with the source.
///
/// # Errors
/// Fails if a chapter cannot be read.
pub fn check(root: &Path) -> io::Result<Vec<Problem>> {
    let mut problems = Vec::new();
    for path in chapters(root)? {
        let text = fs::read_to_string(root.join(&path))?;
        let mut report = |line, advice| problems.push(Problem { file: path.clone(), line, advice });
        let blocks = match marked_blocks(&text) {
            Ok(blocks) => blocks,
            Err(mistake) => {
                report(mistake.line, mistake.advice);
                continue;
            }
        };
        for block in blocks.iter().filter(|block| block.name == MARK) {
            match compute(root, block) {
                Ok(code) if code == text[block.range.clone()] => {}
                Ok(_) => report(
                    block.line,
                    format!("the block `{}` is out of date: run `cargo run -p docs-check`", block.arguments),
                ),
                Err(advice) => report(block.line, advice),
            }
        }
    }
    Ok(problems)
}

/// Writes the code in all chapters. Returns the problems that only an author can fix.
///
/// # Errors
/// Fails if a chapter cannot be read or written.
pub fn update(root: &Path) -> io::Result<Vec<Problem>> {
    for path in chapters(root)? {
        let before = fs::read_to_string(root.join(&path))?;
        let mut text = before.clone();
        for block in marked_blocks(&before).unwrap_or_default().into_iter().rev() {
            if block.name == MARK
                && let Ok(code) = compute(root, &block)
            {
                text.replace_range(block.range, &code);
            }
        }
        if text != before {
            fs::write(root.join(&path), text)?;
        }
    }
    check(root)
}

/// Returns the paths of the chapters, except for those of *Build*.
fn chapters(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut folders = vec![PathBuf::from(CHAPTERS)];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder))? {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                if path != Path::new(BUILD) {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "md") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn compute(root: &Path, block: &MarkedBlock) -> Result<String, String> {
    let (file, item) = block.arguments.split_once(' ').unwrap_or((&block.arguments, ""));
    let source = fs::read_to_string(root.join(file)).map_err(|error| format!("`{file}` cannot be read: {error}"))?;
    match item {
        "" => Ok(without_citations(&source)),
        "figure" => figure(&source).ok_or_else(|| format!("the comment at the head of `{file}` has no figure")),
        item => steps::item(&source, item)
            .map(|item| without_citations(&item))
            .map_err(|advice| format!("`{file}`: {advice}")),
    }
}

fn without_citations(code: &str) -> String {
    let is_citation = |line: &&str| ["//=", "//#"].iter().any(|mark| line.trim_start().starts_with(mark));
    code.split_inclusive('\n').filter(|line| !is_citation(line)).collect()
}

/// Returns the first fenced block in the comment at the beginning of a file.
fn figure(source: &str) -> Option<String> {
    let comment = source.lines().map_while(|line| line.strip_prefix("//!"));
    let mut lines = comment.map(|line| line.strip_prefix(' ').unwrap_or(line));
    lines.find(|line| line.starts_with("```"))?;
    Some(lines.take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect())
}
