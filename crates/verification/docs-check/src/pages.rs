//! Checks that the pages agree with the files that they link to.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs, io,
    path::{Component, Path, PathBuf},
};

use crate::{
    items::{self, Items},
    markdown::{self, Link, Page},
    problem::Problem,
};

/// The pages in front of the book.
const FRONT: &str = "README.md";
/// Where the chapters are.
const CHAPTERS: &str = "docs/src";
/// The book's table of contents.
const SUMMARY: &str = "docs/src/SUMMARY.md";
/// The one file that pages may lead to before it is there: duvet's report, which `.ci/duvet` makes and nobody commits.
const GENERATED: &str = "docs/src/duvet-report.html";

/// Checks `README.md` and every chapter of the book of the repository at `root`.
///
/// # Errors
///
/// When a page or a directory cannot be read.
pub fn check(root: &Path) -> io::Result<Vec<Problem>> {
    let mut checker = Checker { root, pages: BTreeMap::new(), items: HashMap::new(), problems: Vec::new() };
    checker.read_page(Path::new(FRONT))?;
    checker.read_folder(Path::new(CHAPTERS))?;
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
    /// Every page that is checked, by its path from the root.
    pages: BTreeMap<PathBuf, Page>,
    /// Source files that were referred to, read once.
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
        let (links, faults) = (std::mem::take(&mut page.links), std::mem::take(&mut page.faults));
        for fault in faults {
            self.report(path, fault.line, fault.advice);
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
            return Err(format!("the link `{}` leads nowhere: give it a target", link.text));
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
            resolve(page, file).ok_or_else(|| format!("`{target}` leads out of the repository"))?
        };
        if path == Path::new(GENERATED) {
            return Ok(());
        }
        if !self.root.join(&path).exists() {
            return Err(format!("`{target}` does not exist: there is no `{}`", path.display()));
        }
        match extension(&path) {
            "md" => self.check_fragment(&path, fragment),
            "rs" | "js" if fragment.is_some() => {
                Err(format!("`{target}`: places in a source file move; name the item in the link's text instead"))
            }
            "rs" | "js" if !link.image => self.check_source(&path, &link.text),
            _ => Ok(()),
        }
    }

    fn check_fragment(&mut self, path: &Path, fragment: Option<&str>) -> Result<(), String> {
        let Some(fragment) = fragment else {
            return Ok(());
        };
        if !self.pages.contains_key(path) {
            // A Markdown file outside the book, such as an example's own page.
            self.read_page(path).map_err(|e| format!("cannot read `{}`: {e}", path.display()))?;
        }
        let anchors = &self.pages[path].anchors;
        if anchors.iter().any(|a| a == fragment) {
            return Ok(());
        }
        let near = anchors.iter().find(|a| a.contains(fragment) || fragment.contains(a.as_str()));
        let hint = near.map_or_else(|| "see its headings".to_owned(), |a| format!("perhaps `#{a}`"));
        Err(format!("`#{fragment}` is no heading of `{}`: {hint}", path.display()))
    }

    /// A link with code as its text and a source file as its target promises a definition.
    fn check_source(&mut self, path: &Path, text: &str) -> Result<(), String> {
        let Some(code) = text.strip_prefix('`').and_then(|t| t.strip_suffix('`')) else {
            return Ok(());
        };
        // `frame/mask.rs` names the file itself.
        if code.ends_with(".rs") || code.ends_with(".js") {
            return if path.ends_with(code) {
                Ok(())
            } else {
                Err(format!("the text says `{code}`, the link leads to `{}`", path.display()))
            };
        }
        let (owner, name) = names(code);
        let Some(name) = name else {
            return Err(format!("`{code}` names nothing that could be looked for in `{}`", path.display()));
        };
        if !self.items.contains_key(path) {
            let source = fs::read_to_string(self.root.join(path)).map_err(|e| format!("`{}`: {e}", path.display()))?;
            let found = if extension(path) == "rs" { items::of_rust(&source) } else { items::of_javascript(&source) };
            self.items.insert(path.to_owned(), found);
        }
        let items = &self.items[path];
        if !items.defined.contains(name) {
            let state =
                if items.mentioned.contains(name) { "mentions it but does not define it" } else { "has no such name" };
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
        let chapters = self.pages.keys().filter(|p| p.starts_with(CHAPTERS) && *p != summary);
        let missing: Vec<PathBuf> = chapters.filter(|p| !listed.contains(*p)).cloned().collect();
        for (line, path) in twice {
            self.report(summary, line, format!("`{}` stands here twice", path.display()));
        }
        for path in missing {
            self.report(&path, 0, "this chapter is not in SUMMARY.md: readers of the book will not find it");
        }
    }
}

/// Whether a target begins with a scheme, as `https:` and `mailto:` do.
fn has_scheme(target: &str) -> bool {
    target.split_once(':').is_some_and(|(scheme, _)| {
        !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric() || c == '+' || c == '-' || c == '.')
    })
}

/// The path from the root of what a page calls `target`; `None` when that lies outside.
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

/// Of `Connection::poll_event()` the owner `Connection` and the name `poll_event`. An owner counts when it begins with a
/// capital: a module's name need not occur in the module's own file.
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
    fn the_last_name_is_what_counts() {
        assert_eq!(names("Connection::poll_event"), (Some("Connection"), Some("poll_event")));
        assert_eq!(names("frame::header::FrameHeader"), (None, Some("FrameHeader")));
        assert_eq!(names("apply_mask()"), (None, Some("apply_mask")));
        assert_eq!(names("Receiver.dataMessage"), (Some("Receiver"), Some("dataMessage")));
        assert_eq!(names("Vec<u8>"), (None, Some("Vec")));
        assert_eq!(names(""), (None, None));
    }

    #[test]
    fn addresses_have_a_scheme_and_paths_have_none() {
        assert!(has_scheme("https://example.com/"));
        assert!(has_scheme("ws://127.0.0.1:8080/"));
        assert!(!has_scheme("a/b.md#c"));
        assert!(!has_scheme("#1006:x"));
    }
}
