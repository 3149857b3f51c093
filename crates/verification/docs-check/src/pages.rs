//! Checks that the pages agree with the files that they link to.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs, io,
    path::{Component, Path, PathBuf},
};

use crate::{
    constants::{self, ConstantValue},
    items::{self, Items},
    markdown::{self, Link, Page},
    option_defaults,
    problem::Problem,
    quantity,
};

/// The README of the repository.
const FRONT: &str = "README.md";
/// The folder of the book's chapters.
const CHAPTERS: &str = "docs/src";
/// The book's table of contents.
const SUMMARY: &str = "docs/src/SUMMARY.md";

/// The folders that are searched for pages (`*.md` files). The [`SKIPPED`] folders in them are not
/// searched.
const FOLDERS: [&str; 3] = ["docs", "crates", "example"];
/// The names of folders with generated or downloaded files, which are not searched for pages.
const SKIPPED: [&str; 3] = ["target", "node_modules", "book"];

/// Checks `README.md`, every chapter of the book, and every other page of the repository at `root`.
///
/// # Errors
/// Fails if a page or a folder cannot be read.
pub fn check(root: &Path) -> io::Result<Vec<Problem>> {
    let mut checker = Checker { root, pages: BTreeMap::new(), items: HashMap::new(), problems: Vec::new() };
    checker.read_page(Path::new(FRONT))?;
    for folder in FOLDERS.map(Path::new).into_iter().filter(|folder| root.join(folder).is_dir()) {
        checker.read_folder(folder)?;
    }
    let pages: Vec<PathBuf> = checker.pages.keys().cloned().collect();
    for page in &pages {
        checker.check_page(page);
    }
    checker.check_summary();
    checker.problems.sort();
    Ok(checker.problems)
}

struct Checker<'a> {
    root: &'a Path,
    /// The pages to check, by their path relative to the root of the repository.
    pages: BTreeMap<PathBuf, Page>,
    /// The names in the source files to which pages link.
    items: HashMap<PathBuf, Items>,
    problems: Vec<Problem>,
}

impl Checker<'_> {
    fn read_page(&mut self, path: &Path) -> io::Result<()> {
        let text = fs::read_to_string(self.root.join(path))?;
        self.pages.insert(path.to_owned(), markdown::parse(&text));
        Ok(())
    }

    fn read_folder(&mut self, folder: &Path) -> io::Result<()> {
        for entry in fs::read_dir(self.root.join(folder))? {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                if SKIPPED.iter().any(|name| *entry.file_name() == **name) {
                    continue;
                }
                self.read_folder(&path)?;
            } else if path.extension().is_some_and(|e| e == "md") {
                self.read_page(&path)?;
            }
        }
        Ok(())
    }

    fn report(&mut self, page: &Path, line: usize, advice: impl Into<String>) {
        self.problems.push(Problem { file: page.to_owned(), line, advice: advice.into() });
    }

    fn check_page(&mut self, path: &Path) {
        let Some(page) = self.pages.get_mut(path) else {
            return;
        };
        let (links, mistakes) = (std::mem::take(&mut page.links), std::mem::take(&mut page.mistakes));
        for mistake in mistakes {
            self.report(path, mistake.line, mistake.advice);
        }
        for link in &links {
            if let Err(advice) = self.check_link(path, link) {
                self.report(path, link.line, advice);
            }
        }
        if let Some(page) = self.pages.get_mut(path) {
            page.links = links;
        }
    }

    fn check_link(&mut self, page: &Path, link: &Link) -> Result<(), String> {
        let target = link.target.as_str();
        if target.is_empty() {
            return Err(format!("the link `{}` has no target", link.text));
        }
        if has_scheme(target) {
            return Ok(());
        }
        let (file, fragment) = match target.split_once('#') {
            Some((file, fragment)) => (file, Some(fragment)),
            None => (target, None),
        };
        if file.starts_with('/') {
            return Err(format!("`{target}` begins with `/`: write it relative to the page"));
        }
        let path = if file.is_empty() {
            page.to_owned()
        } else {
            resolve(page, file).ok_or_else(|| format!("`{target}` is outside the repository"))?
        };
        if !self.root.join(&path).exists() {
            return Err(format!("`{target}` does not exist: there is no `{}`", path.display()));
        }
        match extension(&path) {
            "md" => self.check_fragment(&path, fragment),
            "rs" | "js" if fragment.is_some() => Err(format!(
                "`{target}`: line numbers in a source file change; name the item in the text of the link instead"
            )),
            "rs" if link.title.is_some() => self.check_number(&path, link),
            "rs" | "js" if !link.image => self.check_source(&path, &link.text),
            _ => Ok(()),
        }
    }

    fn check_fragment(&mut self, path: &Path, fragment: Option<&str>) -> Result<(), String> {
        let Some(fragment) = fragment else {
            return Ok(());
        };
        if !self.pages.contains_key(path) {
            // The target is a page outside the searched folders, such as the page of an example. It
            // has not been read yet, so read it now to check the link's fragment.
            self.read_page(path).map_err(|e| format!("cannot read `{}`: {e}", path.display()))?;
        }
        let anchors = &self.pages[path].anchors;
        if anchors.iter().any(|a| a == fragment) {
            return Ok(());
        }
        let near = anchors.iter().find(|a| a.contains(fragment) || fragment.contains(a.as_str()));
        let hint = near.map_or_else(|| "see its headings".to_owned(), |a| format!("perhaps `#{a}`"));
        Err(format!("`#{fragment}` is not a heading of `{}`: {hint}", path.display()))
    }

    /// Checks a link whose text is a quantity, and whose title is the name of a constant or an
    /// option: `[320 KiB](queue.rs "QUEUED_MAX")`, `[1 MiB](args.rs "--max-message")`.
    fn check_number(&self, path: &Path, link: &Link) -> Result<(), String> {
        let constant = link.title.as_deref().unwrap_or_default();
        let stated = quantity::parse(&link.text)
            .ok_or_else(|| format!("`{}` is not a number, but the title names a constant", link.text))?;
        let evaluate = if constant.starts_with("--") { option_defaults::evaluate } else { constants::evaluate };
        let actual = evaluate(&self.root.join(path), constant)
            .map_err(|error| format!("`{constant}` in `{}`: {error}", path.display()))?;
        if stated == actual {
            return Ok(());
        }
        let actual = match actual {
            ConstantValue::Number(number) => number.to_string(),
            ConstantValue::Time(time) => format!("{time:?}"),
        };
        Err(format!("the page says `{}`, but `{constant}` in `{}` is {actual}", link.text, path.display()))
    }

    /// Checks a link whose text is code and whose target is a source file. The file must define the
    /// last name in the text.
    fn check_source(&mut self, path: &Path, text: &str) -> Result<(), String> {
        let Some(code) = text.strip_prefix('`').and_then(|t| t.strip_suffix('`')) else {
            return Ok(());
        };
        // A link text such as `frame/mask.rs` names the file itself, so only the path can be
        // checked.
        if code.ends_with(".rs") || code.ends_with(".js") {
            return if path.ends_with(code) {
                Ok(())
            } else {
                Err(format!("the text says `{code}`, but the target is `{}`", path.display()))
            };
        }
        if names_module(path, code) {
            return Ok(());
        }
        let (owner, name) = names(code);
        let Some(name) = name else {
            return Err(format!("`{code}` contains no name that `{}` could define", path.display()));
        };
        if !self.items.contains_key(path) {
            let source = fs::read_to_string(self.root.join(path)).map_err(|e| format!("`{}`: {e}", path.display()))?;
            let found = if extension(path) == "rs" { items::of_rust(&source) } else { items::of_javascript(&source) };
            self.items.insert(path.to_owned(), found);
        }
        let items = &self.items[path];
        if !items.defined.contains(name) {
            let state = if items.mentioned.contains(name) {
                "mentions it but does not define it"
            } else {
                "does not contain it"
            };
            return Err(format!(
                "`{name}` is not defined in `{}`, which {state}: correct the text or the target",
                path.display()
            ));
        }
        match owner {
            Some(owner) if !items.mentioned.contains(owner) => Err(format!(
                "`{}` defines `{name}` but never mentions `{owner}`: correct the text or the target",
                path.display()
            )),
            _ => Ok(()),
        }
    }

    fn check_summary(&mut self) {
        let summary = Path::new(SUMMARY);
        let Some(page) = self.pages.get(summary) else {
            self.report(summary, 0, "the book has no table of contents");
            return;
        };
        let mut listed = BTreeSet::new();
        let mut twice = Vec::new();
        for link in &page.links {
            if let Some(path) = resolve(summary, &link.target)
                && !listed.insert(path.clone())
            {
                twice.push((link.line, path));
            }
        }
        let chapters = self.pages.keys().filter(|page| page.starts_with(CHAPTERS) && *page != summary);
        let missing: Vec<PathBuf> = chapters.filter(|p| !listed.contains(*p)).cloned().collect();
        for (line, path) in twice {
            self.report(summary, line, format!("`{}` is listed twice", path.display()));
        }
        for path in missing {
            self.report(&path, 0, "this chapter is not in SUMMARY.md, so readers of the book will not find it");
        }
    }
}

/// Returns `true` if a target begins with a scheme, such as `https:` or `mailto:`.
fn has_scheme(target: &str) -> bool {
    target.split_once(':').is_some_and(|(scheme, _)| {
        !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric() || c == '+' || c == '-' || c == '.')
    })
}

/// Converts a target that is relative to a page to a path relative to the repository. Returns
/// `None` if the target is outside the repository.
fn resolve(page: &Path, target: &str) -> Option<PathBuf> {
    let mut path = page.parent().unwrap_or(Path::new("")).to_owned();
    for part in Path::new(target).components() {
        match part {
            Component::Normal(name) => path.push(name),
            Component::CurDir => {}
            Component::ParentDir => {
                if !path.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(path)
}

fn extension(path: &Path) -> &str {
    path.extension().and_then(|e| e.to_str()).unwrap_or_default()
}

/// Returns `true` if `code` names the module of a file. For example, `link` and `screen/link` name
/// the module of `src/screen/link.rs` or `src/screen/link/mod.rs`.
fn names_module(path: &Path, code: &str) -> bool {
    let module = path.with_extension("");
    let module = if module.ends_with("mod") { module.parent().unwrap_or(&module) } else { &module };
    module.ends_with(code)
}

/// Returns the owner and the name in a code span: for `Connection::poll_event()`, they are
/// `Connection` and `poll_event`.
///
/// Only a name that begins with a capital letter counts as an owner. A module does not count,
/// because the name of a module need not occur in its file.
fn names(code: &str) -> (Option<&str>, Option<&str>) {
    let code = code.split(['(', '<', '!', ' ']).next().unwrap_or_default();
    let mut parts = code.rsplit([':', '.', '#']).filter(|part| !part.is_empty());
    let name = parts.next();
    let owner = parts.next().filter(|o| o.starts_with(char::is_uppercase));
    (owner, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_resolved_from_the_page() {
        let page = Path::new("docs/src/frames.md");
        assert_eq!(resolve(page, "masking.md"), Some(PathBuf::from("docs/src/masking.md")));
        assert_eq!(resolve(page, "./../../img/a.png"), Some(PathBuf::from("img/a.png")));
        assert_eq!(resolve(page, "../../../elsewhere"), None);
    }

    #[test]
    fn the_last_name_is_the_item() {
        assert_eq!(names("Connection::poll_event"), (Some("Connection"), Some("poll_event")));
        assert_eq!(names("frame::header::FrameHeader"), (None, Some("FrameHeader")));
        assert_eq!(names("apply_mask()"), (None, Some("apply_mask")));
        assert_eq!(names("Receiver.dataMessage"), (Some("Receiver"), Some("dataMessage")));
        assert_eq!(names("Vec<u8>"), (None, Some("Vec")));
        assert_eq!(names(""), (None, None));
    }

    #[test]
    fn a_module_is_named_by_the_end_of_its_path() {
        let module = Path::new("src/screen/link/mod.rs");
        assert!(names_module(module, "link") && names_module(module, "screen/link"));
        assert!(names_module(Path::new("src/signals.rs"), "signals"));
        assert!(!names_module(module, "mod") && !names_module(module, "nk") && !names_module(module, "screen"));
    }

    #[test]
    fn only_urls_have_a_scheme() {
        assert!(has_scheme("https://example.com/"));
        assert!(has_scheme("ws://127.0.0.1:8080/"));
        assert!(!has_scheme("a/b.md#c"));
        assert!(!has_scheme("#1006:x"));
    }
}
