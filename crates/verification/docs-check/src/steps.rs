//! Reads the steps in `example/steps`, and computes the differences between each step and the
//! previous one.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use similar::{Algorithm, TextDiff};

/// The folder of the steps.
const STEPS: &str = "example/steps";
/// The number of unchanged lines around a change, as in Git.
const CONTEXT: usize = 3;

/// A step: its folder, and the files that its chapter explains.
#[derive(Debug)]
pub struct Step {
    /// The name of the folder, such as `05-the-loop`. The chapter has the same name.
    pub name: String,
    /// The text of each source file, and the dependencies in `Cargo.toml`, by path.
    pub files: BTreeMap<String, String>,
}

impl Step {
    /// Reads all steps, in order. Step 0 has no files.
    ///
    /// # Errors
    /// Fails if a folder or a file cannot be read.
    pub fn all(root: &Path) -> io::Result<Vec<Self>> {
        let folder = root.join(STEPS);
        let mut steps = Vec::new();
        for entry in fs::read_dir(&folder)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name.starts_with(|first: char| first.is_ascii_digit()) {
                let files = files(&folder.join(&name))?;
                steps.push(Self { name, files });
            }
        }
        steps.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(steps)
    }

    /// Returns the files that differ from the previous step, with the hunks of each difference.
    #[must_use]
    pub fn changes(&self, before: &Self) -> BTreeMap<&str, Vec<String>> {
        let changed = self.files.iter().map(|(path, text)| {
            let old = before.files.get(path).map_or("", String::as_str);
            (path.as_str(), hunks(old, text))
        });
        changed.filter(|(_, hunks)| !hunks.is_empty()).collect()
    }
}

/// Reads the source files of a step, and the dependencies in its `Cargo.toml`. The rest of
/// `Cargo.toml` is the same in all steps, apart from the name of the package.
fn files(folder: &Path) -> io::Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    let manifest = folder.join("Cargo.toml");
    if !manifest.is_file() {
        return Ok(files);
    }
    let manifest = fs::read_to_string(manifest)?;
    let dependencies = manifest.find("[dependencies]").unwrap_or(manifest.len());
    files.insert("Cargo.toml".to_owned(), manifest[dependencies..].to_owned());
    let mut folders = vec![PathBuf::from("src")];
    while let Some(inner) = folders.pop() {
        for entry in fs::read_dir(folder.join(&inner))? {
            let entry = entry?;
            let path = inner.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else {
                files.insert(path.to_string_lossy().into_owned(), fs::read_to_string(entry.path())?);
            }
        }
    }
    Ok(files)
}

/// Returns the hunks of the difference between two texts, each with its `@@ ... @@` line.
fn hunks(old: &str, new: &str) -> Vec<String> {
    let diff = TextDiff::configure().algorithm(Algorithm::Patience).diff_lines(old, new);
    let hunks: Vec<String> =
        diff.unified_diff().context_radius(CONTEXT).iter_hunks().map(|hunk| hunk.to_string()).collect();
    // In a diff, an unchanged empty line consists of a single space. Remove this space, because
    // text editors strip spaces at the end of a line.
    hunks.iter().map(|hunk| hunk.lines().map(|line| format!("{}\n", line.trim_end())).collect()).collect()
}

/// Returns the item that begins with `start`, such as `fn accept` or `struct Frame`, from a source
/// file, together with the item's documentation. The indentation of the item's first line is
/// removed from every line.
///
/// # Errors
/// Returns an error message if no item begins with `start`, or if several do.
pub fn item(source: &str, start: &str) -> Result<String, String> {
    let lines: Vec<&str> = source.lines().collect();
    let begins = |line: &str| {
        let line =
            ["pub(crate) ", "pub(super) ", "pub ", "const ", "async "].iter().fold(line.trim_start(), |line, word| {
                if start.starts_with(word) { line } else { line.trim_start_matches(word) }
            });
        line.strip_prefix(start).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    };
    let found: Vec<usize> = (0..lines.len()).filter(|index| begins(lines[*index])).collect();
    let &[first] = &found[..] else {
        return Err(format!("{} items begin with `{start}`, but it should be one", found.len()));
    };
    let indentation = &lines[first][..lines[first].len() - lines[first].trim_start().len()];
    let last = if lines[first].ends_with([';', '}']) {
        first
    } else {
        let ends = |line: &&str| line.strip_prefix(indentation).is_some_and(|rest| rest.starts_with(['}', ']']));
        first + lines[first..].iter().position(ends).ok_or_else(|| format!("`{start}` has no end"))?
    };
    let is_documentation = |line: &&&str| line.trim_start().starts_with("//") || line.trim_start().starts_with("#[");
    let first = first - lines[..first].iter().rev().take_while(is_documentation).count();
    Ok(lines[first..=last].iter().map(|line| format!("{}\n", line.strip_prefix(indentation).unwrap_or(line))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_hunk_has_its_lines() {
        let old: String = (1..=20).map(|n| format!("{n}\n")).collect();
        let new = old.replace("\n5\n", "\nfive\n").replace("\n18\n", "\n");
        assert_eq!(
            hunks(&old, &new),
            [
                "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n",
                "@@ -15,6 +15,5 @@\n 15\n 16\n 17\n-18\n 19\n 20\n"
            ]
        );
        assert_eq!(hunks("", "a\n\nb\n"), ["@@ -0,0 +1,3 @@\n+a\n+\n+b\n"]);
        assert_eq!(hunks("same\n", "same\n"), [""; 0]);
    }

    const SOURCE: &str = "\
/// One.
const ONE: u8 = 1;

impl A {
    /// Does it.
    #[must_use]
    pub(crate) const fn run(&self) -> u8 {
        match self {
            _ => ONE,
        }
    }

    fn runner() {}
}
";

    #[test]
    fn an_item_has_its_documentation_and_no_indentation() {
        let expected = "/// Does it.\n#[must_use]\npub(crate) const fn run(&self) -> u8 {\n    match self {\n        _ => ONE,\n    }\n}\n";
        assert_eq!(item(SOURCE, "fn run"), Ok(expected.to_owned()));
        assert_eq!(item(SOURCE, "fn runner"), Ok("fn runner() {}\n".to_owned()));
        assert_eq!(item(SOURCE, "const ONE"), Ok("/// One.\nconst ONE: u8 = 1;\n".to_owned()));
    }

    #[test]
    fn an_item_that_does_not_exist_is_an_error() {
        assert_eq!(item(SOURCE, "fn ru"), Err("0 items begin with `fn ru`, but it should be one".to_owned()));
    }
}
