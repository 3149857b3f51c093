//! Reads the source files of the workspace.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use anyhow::{Context, Result};

use super::{
    citations::{self, Citation},
    items::{self, Item},
};

/// The path, relative to the root of the repository, of the folder that contains the book's
/// chapters.
pub(super) const CHAPTERS: &str = "docs/src";
/// The paths, relative to the root of the repository, of the folders and files that the pane shows.
const SHOWN: [&str; 12] = [
    ".cargo",
    ".ci",
    ".duvet",
    "Cargo.toml",
    "README.md",
    "crates",
    "docs/ARCHITECTURE.md",
    "docs/CHANGELOG.md",
    "docs/CONTRIBUTING.md",
    "docs/SECURITY.md",
    "docs/book.toml",
    "example",
];
/// The folder of the images that the repository's pages share.
const IMAGES: &str = "img";
/// The names of folders that are skipped because they contain generated or downloaded files.
const SKIPPED: [&str; 3] = ["target", "node_modules", "__pycache__"];
/// The maximum size, in bytes, of a file that is shown. The largest source file is less than a
/// quarter of this size, so a file that exceeds it can hardly be source code.
const MAX_BYTES: u64 = 256 * 1024;

/// The source files and folders, each under its path relative to the root of the repository.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    pub(super) files: BTreeMap<String, SourceFile>,
    /// The names of the entries in each folder. The name of a subfolder ends with `/`.
    pub(super) folders: BTreeMap<String, Vec<String>>,
    /// The images outside the book that pages may show.
    pub(super) images: BTreeSet<String>,
}

/// A source file.
#[derive(Debug)]
pub(super) struct SourceFile {
    pub(super) text: String,
    pub(super) items: Vec<Item>,
    pub(super) citations: Vec<Citation>,
}

impl Workspace {
    /// Reads the source files of the workspace at `root`.
    ///
    /// # Errors
    /// Fails if a file cannot be read, or if a Rust file cannot be parsed.
    pub(super) fn read(root: &Path) -> Result<Self> {
        let mut workspace = Self::default();
        for path in SHOWN {
            if root.join(path).is_dir() {
                workspace.read_folder(root, path)?;
            } else if root.join(path).exists() {
                workspace.read_file(root, path)?;
            }
        }
        if root.join(IMAGES).is_dir() {
            for entry in fs::read_dir(root.join(IMAGES))? {
                let path = format!("{IMAGES}/{}", entry?.file_name().display());
                if [".svg", ".png"].iter().any(|kind| path.ends_with(kind)) {
                    workspace.images.insert(path);
                }
            }
        }
        Ok(workspace)
    }

    fn read_folder(&mut self, root: &Path, folder: &str) -> Result<()> {
        let mut names = Vec::new();
        let entries = fs::read_dir(root.join(folder)).with_context(|| format!("{folder} cannot be read"))?;
        for entry in entries {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let path = format!("{folder}/{name}");
            let kind = entry.file_type()?;
            if kind.is_dir() && !SKIPPED.contains(&name.as_str()) {
                self.read_folder(root, &path)?;
                names.push(format!("{name}/"));
            } else if kind.is_file() && self.read_file(root, &path)? {
                names.push(name);
            }
        }
        // Put folders before files.
        names.sort_by_key(|name| (!name.ends_with('/'), name.clone()));
        self.folders.insert(folder.to_owned(), names);
        Ok(())
    }

    /// Reads a file, and returns `true` if the pane shows it. The pane does not show a file that is
    /// too large or is not text.
    fn read_file(&mut self, root: &Path, path: &str) -> Result<bool> {
        let full = root.join(path);
        if fs::metadata(&full)?.len() > MAX_BYTES {
            return Ok(false);
        }
        let bytes = fs::read(&full).with_context(|| format!("{path} cannot be read"))?;
        let Ok(text) = String::from_utf8(bytes) else { return Ok(false) };
        let items = items::of(path, &text).with_context(|| format!("{path} cannot be parsed"))?;
        let citations = if path.ends_with(".rs") { citations::of(&text) } else { Vec::new() };
        self.files.insert(path.to_owned(), SourceFile { text, items, citations });
        Ok(true)
    }
}

impl SourceFile {
    /// Returns the smallest item to which a comment belongs. `last` is the number of the comment's
    /// last line.
    pub(super) fn item_at(&self, last: usize) -> Option<&Item> {
        // A comment above an item belongs to that item, so search for the first line that follows
        // the comment.
        let line =
            self.text.lines().enumerate().skip(last).find(|(_, text)| !text.trim_start().starts_with("//"))?.0 + 1;
        self.items
            .iter()
            .filter(|item| item.first <= line && line <= item.last)
            .min_by_key(|item| item.last - item.first)
    }
}
