//! Checks the tables of modules in the documentation of crates and modules.
//!
//! Many crate roots and `mod.rs` files begin with a table of their modules:
//!
//! ```text
//!   //! | module | contents |
//!   //! |---|---|
//!   //! | [`header`], `mask` | ... |            a module that this file declares
//!   //! | `receiver/fast_path` | ... |          a module within such a module, also with `::`
//!   //! | here | ... |                          this file itself
//! ```
//!
//! A column titled `module` or `file` contains names of modules. Each of these modules must exist,
//! and together the tables in a file must name every module that the file declares. Tables without
//! such a column are ignored.

use std::{collections::BTreeSet, fs, io, path::Path};

use crate::{
    modules::{Module, ModuleTree},
    problem::Problem,
};

/// Checks the tables in all files of the package in `folder`, which is relative to `repository`.
///
/// # Errors
/// Fails if a source file cannot be read, or if a module has no file.
pub fn check(repository: &Path, folder: &Path) -> io::Result<Vec<Problem>> {
    let mut problems = Vec::new();
    for root in ["src/lib.rs", "src/main.rs"].map(|file| repository.join(folder).join(file)) {
        if !root.exists() {
            continue;
        }
        let tree = ModuleTree::read(&root)?;
        let mut seen = BTreeSet::new();
        for module in &tree.modules {
            // The first module found in a file is the file itself, and any others are blocks in it.
            // Skip these blocks, because the documentation at the beginning of the file does not
            // describe them.
            if seen.insert(&module.file) {
                let file = module.file.strip_prefix(repository).unwrap_or(&module.file);
                let report = |(line, advice)| Problem { file: file.to_owned(), line, advice };
                problems.extend(problems_of(&tree, module)?.into_iter().map(report));
            }
        }
    }
    Ok(problems)
}

/// Returns the line and the description of each problem in a file's documentation.
fn problems_of(tree: &ModuleTree, module: &Module) -> io::Result<Vec<(usize, String)>> {
    let source = fs::read_to_string(&module.file)?;
    let Some(named) = named_modules(&source) else { return Ok(Vec::new()) };
    let mut problems = Vec::new();
    for (line, name) in &named {
        let segments: Vec<&str> = name.split(['/', ':']).filter(|segment| !segment.is_empty()).collect();
        if find(tree, module, &segments).is_none() {
            problems.push((*line, format!("the table names `{name}`, but this file has no such module")));
        }
    }
    let is_file = |child: &usize| tree.modules[*child].file != module.file;
    for (name, _) in module.children.iter().filter(|(_, child)| is_file(child)) {
        if !named.iter().any(|(_, named)| named == name) {
            let line = named.first().map_or(0, |(line, _)| *line);
            problems.push((line, format!("the table does not name the module `{name}`")));
        }
    }
    Ok(problems)
}

fn find<'a>(tree: &'a ModuleTree, module: &'a Module, segments: &[&str]) -> Option<&'a Module> {
    segments.iter().try_fold(module, |module, name| module.children.get(*name).map(|child| &tree.modules[*child]))
}

/// Returns the module names in the module tables of a file, with their line numbers. Returns `None`
/// if the documentation at the beginning of the file has no such table.
fn named_modules(source: &str) -> Option<Vec<(usize, String)>> {
    let mut named = None;
    // The index of the column that contains module names, if the current table has such a column.
    let mut column = None;
    let mut in_table = false;
    let lines = source.lines().enumerate().take_while(|(_, line)| line.starts_with("//!"));
    for (number, line) in lines {
        let row = line.trim_start_matches("//!").trim();
        if !row.starts_with('|') {
            in_table = false;
            continue;
        }
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        if !in_table {
            in_table = true;
            column = cells.iter().position(|cell| matches!(*cell, "module" | "file"));
            if column.is_some() {
                named.get_or_insert_with(Vec::new);
            }
            continue;
        }
        let Some(cell) = column.and_then(|column| cells.get(column)) else { continue };
        // Split the cell at its backticks. Every second part was between backticks, so treat it as
        // a name.
        for name in cell.split('`').skip(1).step_by(2) {
            let name = name.trim_start_matches("mod@").trim_start_matches("crate::");
            named.get_or_insert_with(Vec::new).push((number + 1, name.to_owned()));
        }
    }
    named
}
