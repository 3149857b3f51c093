//! Writes the data that the second pane shows: a script for each file and folder, and one for the
//! names that the book explains.
//!
//! Each script calls a function of `source.js` and passes it the data, so that a `<script>` element
//! can load it. A page that is opened from disk has no other way to load data.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use serde::Serialize;

use super::{
    address,
    names::Names,
    rules::Rules,
    workspace::{SourceFile, Workspace},
};

/// A source file, in the form that the pane needs.
#[derive(Serialize)]
struct File<'a> {
    path: &'a str,
    text: &'a str,
    /// Each item: its name, its first line, the line of its name, and its last line.
    items: Vec<(&'a str, usize, usize, usize)>,
    citations: Vec<CitationData<'a>>,
}

/// A comment that cites a rule.
#[derive(Serialize)]
struct CitationData<'a> {
    first: usize,
    last: usize,
    test: bool,
    sentence: &'a str,
    section: &'a str,
    /// The page and the anchor of the rule.
    page: String,
    anchor: &'a str,
    /// The other places that cite the rule, each with its address, its name, and whether it is a
    /// test.
    others: Vec<(&'a str, &'a str, bool)>,
}

/// A folder, in the form that the pane needs.
#[derive(Serialize)]
struct Folder<'a> {
    path: &'a str,
    entries: &'a [String],
}

/// Writes the scripts into `folder`.
pub(super) fn write(workspace: &Workspace, rules: &Rules, names: &Names, folder: &Path) -> Result<()> {
    for (path, file) in &workspace.files {
        write_script(&folder.join(format!("{path}.js")), &data_of(rules, path, file))?;
    }
    for (path, entries) in &workspace.folders {
        write_script(&folder.join(format!("{path}.js")), &Folder { path, entries })?;
    }
    write_script(&folder.join("names.js"), names)
}

fn data_of<'a>(rules: &'a Rules, path: &'a str, file: &'a SourceFile) -> File<'a> {
    let items = file.items.iter().map(|item| (&*item.name, item.first, item.line, item.last)).collect();
    let citations = file.citations.iter().filter_map(|citation| {
        let (anchor, rule) = rules.cited(path, citation.first)?;
        let item = file.item_at(citation.last).map(|item| &*item.name);
        let here = address::of(path, item, Some(anchor));
        let others = rule.sites.iter().filter(|site| site.address != here);
        Some(CitationData {
            first: citation.first,
            last: citation.last,
            test: citation.is_test,
            sentence: &citation.sentence,
            section: &rule.section,
            page: rule.html(),
            anchor,
            others: others.map(|site| (&*site.address, &*site.name, site.is_test)).collect(),
        })
    });
    File { path, text: &file.text, items, citations: citations.collect() }
}

fn write_script(path: &Path, data: &impl Serialize) -> Result<()> {
    let folder = path.parent().context("a script lies in a folder")?;
    let script = format!("bookSource({});\n", serde_json::to_string(data)?);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, script))
        .with_context(|| format!("{} cannot be written", path.display()))
}
