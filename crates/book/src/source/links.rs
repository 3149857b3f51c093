//! Turns a page's links to source files into addresses of the second pane.

use std::path::{Component, Path};

use mdbook_markdown::{
    MarkdownOptions, new_cmark_parser,
    pulldown_cmark::{Event, LinkType, Tag, TagEnd},
};

use super::{
    address,
    edit::{self, Edit},
    items::{self, Item, Unresolved},
    problem::Problem,
    workspace::{CHAPTERS, Workspace},
};

/// A link or an image that is being read.
struct OpenLink<'a> {
    target: String,
    title: String,
    is_inline: bool,
    start: usize,
    /// The pieces of the link's text. The first member of each pair says whether the piece is code.
    text: Vec<(bool, String)>,
    content: &'a str,
}

/// Returns the edits for the links on `page`: the target of a link to a source file becomes an
/// address, and the target of a link to an image of the repository becomes the path of its copy.
/// Reports links that lead nowhere.
pub(super) fn edits(page: &str, content: &str, workspace: &Workspace, problems: &mut Vec<Problem>) -> Vec<Edit> {
    let mut edits = Vec::new();
    // A link may contain an image, but not another link.
    let mut open: Vec<OpenLink<'_>> = Vec::new();
    for (event, range) in new_cmark_parser(content, &MarkdownOptions::default()).into_offset_iter() {
        match event {
            Event::Start(
                Tag::Link { link_type, dest_url, title, .. } | Tag::Image { link_type, dest_url, title, .. },
            ) => {
                let is_inline = link_type == LinkType::Inline;
                let (target, title) = (dest_url.into_string(), title.into_string());
                open.push(OpenLink { target, title, is_inline, start: range.start, text: Vec::new(), content });
            }
            Event::Code(code) => {
                if let Some(link) = open.last_mut() {
                    link.text.push((true, code.into_string()));
                }
            }
            Event::Text(text) => {
                if let Some(link) = open.last_mut() {
                    link.text.push((false, text.into_string()));
                }
            }
            Event::End(TagEnd::Link | TagEnd::Image) => {
                let Some(link) = open.pop() else { continue };
                match link.edit(page, range.end, workspace) {
                    Ok(edit) => edits.extend(edit),
                    Err(advice) => {
                        let line = edit::line(content, link.start);
                        problems.push(Problem { file: page.to_owned(), line, advice });
                    }
                }
            }
            _ => {}
        }
    }
    edits
}

impl OpenLink<'_> {
    /// Returns the edit, or `None` if the link stays as it is. The error says what is wrong with
    /// the link.
    fn edit(&self, page: &str, end: usize, workspace: &Workspace) -> Result<Option<Edit>, String> {
        let (file, fragment) = match self.target.split_once('#') {
            Some((file, fragment)) => (file, Some(fragment)),
            None => (self.target.as_str(), None),
        };
        if file.is_empty() || file.contains(':') || file.starts_with('/') {
            return Ok(None);
        }
        let path = resolve(page, file).ok_or_else(|| format!("`{file}` is outside the repository"))?;
        if path.starts_with(&format!("{CHAPTERS}/")) {
            return Ok(None);
        }
        if !self.is_inline {
            return Err("write this link as [text](target)".to_owned());
        }
        let address = if let Some(file) = workspace.files.get(&path) {
            let item = self.item(&path, &file.items, fragment)?;
            address::of(&path, item.map(|item| &*item.name), None)
        } else if workspace.folders.contains_key(&path) {
            address::of(&path, None, None)
        } else if workspace.images.contains(&path) {
            let depth = page[CHAPTERS.len() + 1..].matches('/').count();
            return Ok(Some(self.retarget(end, file, format!("{}{path}", "../".repeat(depth)))?));
        } else {
            return Err(format!("`{path}` does not exist, or is not a source file of the workspace"));
        };
        Ok(Some(self.retarget(end, file, address::in_page(page, &address))?))
    }

    /// Returns the edit that replaces the link's target, which begins with `file`.
    fn retarget(&self, end: usize, file: &str, text: String) -> Result<Edit, String> {
        // The link's text may contain an image, which has a target too. But nothing after the
        // link's own target can contain `](`, so that target follows the last `](`.
        let raw = &self.content[self.start..end];
        let bracket = raw.rfind("](").ok_or("write this link as [text](target)")? + 2;
        let offset = raw[bracket..].find(file).ok_or("write this link as [text](target)")?;
        let start = self.start + bracket + offset;
        Ok(Edit { range: start..start + self.target.len(), text })
    }

    /// Returns the item that the link names in its title, its text, or the fragment of its target.
    /// A title such as `--max-message` names a command-line option, and refers to the field for
    /// that option.
    fn item<'i>(&self, path: &str, items: &'i [Item], fragment: Option<&str>) -> Result<Option<&'i Item>, String> {
        let option = self.title.strip_prefix("--").map(|option| option.replace('-', "_"));
        let name = if let Some(heading) = fragment {
            heading
        } else if let Some(field) = &option {
            field
        } else if !self.title.is_empty() {
            &self.title
        } else if let [(true, code)] = self.text.as_slice() {
            // A link text such as `frame/mask.rs` or `frame/mask` names the file itself, and one
            // such as `example/steps` names a folder that contains it, so there is no item to look
            // up. In a file without items, a name cannot be checked.
            let stem = path.strip_suffix(".rs").unwrap_or(path);
            let module = stem.strip_suffix("/mod").unwrap_or(stem);
            let is_file = [path, stem, module].iter().any(|path| path.ends_with(&**code))
                || path.starts_with(&format!("{code}/"));
            if is_file || items.is_empty() {
                return Ok(None);
            }
            code
        } else {
            return Ok(None);
        };
        match items::resolve(items, path, name) {
            Ok(item) => Ok(Some(item)),
            Err(Unresolved::Unknown) => {
                Err(format!("`{path}` does not define `{name}`: correct the text or the target of the link"))
            }
            Err(Unresolved::Ambiguous(several)) => {
                Err(format!("`{path}` defines `{name}` several times: write one of {}", several.join(", ")))
            }
        }
    }
}

/// Converts a target relative to a page into a path relative to the repository. Returns `None` if
/// the target is outside the repository.
fn resolve(page: &str, target: &str) -> Option<String> {
    let mut path: Vec<&str> = page.split('/').collect();
    path.pop();
    for part in Path::new(target).components() {
        match part {
            Component::Normal(name) => path.push(name.to_str()?),
            Component::CurDir => {}
            Component::ParentDir => {
                path.pop()?;
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(path.join("/"))
}
