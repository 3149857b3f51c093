//! Checks that every link in the rendered book leads to a page, an anchor, a file, or a place in
//! the source.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Component, Path, PathBuf},
};

use crate::rendered::{Page, Rendered, book};

#[test]
fn every_link_leads_somewhere() {
    let book = book();
    let mut source = Source::default();
    let mut broken = Vec::new();
    for (path, page) in &book.pages {
        // mdBook's 404 page refers to the root of a site, but a folder of files has no such root.
        if path == Path::new("404.html") {
            continue;
        }
        for target in &page.targets {
            if let Err(why) = follow(book, &mut source, path, page, target) {
                broken.push(format!("{}: {target}: {why}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{} links lead nowhere:\n{}", broken.len(), broken.join("\n"));
    assert!(source.links > 1500, "only {} links to the source were found", source.links);
}

fn follow(book: &Rendered, source: &mut Source, path: &Path, page: &Page, target: &str) -> Result<(), String> {
    if ["http://", "https://", "data:", "mailto:"].iter().any(|scheme| target.starts_with(scheme)) {
        return Ok(());
    }
    let (target, fragment) = target.split_once('#').map_or((target, None), |(target, f)| (target, Some(f)));
    let (file, query) = target.split_once('?').map_or((target, None), |(file, q)| (file, Some(q)));
    let linked = if file.is_empty() { path.to_owned() } else { join(path, file) };
    if !book.path().join(&linked).is_file() {
        return Err("there is no such file".to_owned());
    }
    if let Some(fragment) = fragment.filter(|fragment| !fragment.is_empty()) {
        let anchors = &book.pages.get(&linked).unwrap_or(page).anchors;
        // A link to a heading keeps its form in the print version, where the heading may be renamed.
        if !anchors.contains(fragment) {
            return Err("there is no such anchor".to_owned());
        }
    }
    query.map_or(Ok(()), |query| source.find(book.path(), query))
}

/// Resolves a target that is relative to a page, and returns its path.
fn join(page: &Path, target: &str) -> PathBuf {
    let mut path = page.parent().unwrap().to_owned();
    for part in Path::new(target).components() {
        match part {
            Component::ParentDir => drop(path.pop()),
            part => path.push(part),
        }
    }
    path
}

/// The scripts of the second pane, as far as links have led to them.
#[derive(Default)]
struct Source {
    /// The names of the items and the anchors of the rules in each file.
    files: BTreeMap<String, BTreeSet<String>>,
    links: usize,
}

impl Source {
    /// Checks the query of a link, such as `source=crates/a.rs:item@rule`.
    fn find(&mut self, book: &Path, query: &str) -> Result<(), String> {
        self.links += 1;
        let address = query.strip_prefix("source=").ok_or("the query names no source")?.replace("%2E", ".");
        let (place, rule) = address.split_once('@').map_or((&*address, None), |(place, rule)| (place, Some(rule)));
        let (path, item) = place.split_once(':').map_or((place, None), |(path, item)| (path, Some(item)));
        if !self.files.contains_key(path) {
            let script = book.join("source").join(format!("{path}.js"));
            let script = fs::read_to_string(script).map_err(|_| "there is no such source")?;
            let data = script.strip_prefix("bookSource(").and_then(|rest| rest.trim_end().strip_suffix(");"));
            let data: serde_json::Value =
                serde_json::from_str(data.ok_or("this is not a script")?).map_err(|e| e.to_string())?;
            let items = data["items"].as_array().into_iter().flatten().map(|item| &item[0]);
            let rules = data["citations"].as_array().into_iter().flatten().map(|citation| &citation["anchor"]);
            let names = items.chain(rules).filter_map(|name| name.as_str().map(str::to_owned)).collect();
            self.files.insert(path.to_owned(), names);
        }
        let names = &self.files[path];
        match [item, rule].into_iter().flatten().find(|name| !names.contains(*name)) {
            Some(name) => Err(format!("the source has no {name}")),
            None => Ok(()),
        }
    }
}
