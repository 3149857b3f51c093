//! Finds cycles of files that import each other.
//!
//! If `a.rs` imports a name from `b.rs`, and `b.rs` imports a name from `a.rs`, you cannot fully
//! understand either file without reading the other. A crate without such cycles can be read file
//! by file, starting with the files that import nothing.
//!
//! The files form a graph: each import is an arrow from the importing file to the file that
//! *defines* the name. Files that only re-export the name with `pub use`, as `lib.rs` and `mod.rs`
//! often do, are skipped. A `mod` declaration is not an arrow.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, io,
    path::{Path, PathBuf},
};

use crate::modules::{Definition, Module, ModuleTree};

/// For each file, the files that it imports from, and the imported names.
type Arrows = BTreeMap<PathBuf, BTreeMap<PathBuf, BTreeSet<String>>>;

/// A group of files that all import from each other, directly or through other files in the group.
#[derive(Debug, PartialEq, Eq)]
pub struct ImportCycle {
    /// The imports between the files in the group: the importing file, the defining file, and the
    /// imported names.
    pub imports: Vec<(PathBuf, PathBuf, BTreeSet<String>)>,
}

impl fmt::Display for ImportCycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (from, to, names) in &self.imports {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            writeln!(f, "  {} imports {} from {}", from.display(), names.join(", "), to.display())?;
        }
        Ok(())
    }
}

/// Returns the import cycles in the library and in each program of the package in `folder`.
///
/// The paths in the result are relative to `folder`.
///
/// # Errors
/// Fails if a source file cannot be read, or if a module has no file.
pub fn import_cycles(folder: &Path) -> io::Result<Vec<ImportCycle>> {
    let source = folder.join("src");
    let mut roots: Vec<PathBuf> = ["lib.rs", "main.rs"].iter().map(|name| source.join(name)).collect();
    let programs = source.join("bin");
    if programs.is_dir() {
        for entry in programs.read_dir()? {
            let path = entry?.path();
            roots.push(if path.is_dir() { path.join("main.rs") } else { path });
        }
    }
    let mut cycles = Vec::new();
    for root in roots.iter().filter(|root| root.exists()) {
        let tree = ModuleTree::read(root)?;
        cycles.extend(cycles_among(&arrows(&tree, folder)));
    }
    Ok(cycles)
}

fn arrows(tree: &ModuleTree, folder: &Path) -> Arrows {
    let mut arrows = Arrows::new();
    let relative = |module: &Module| module.file.strip_prefix(folder).unwrap_or(&module.file).to_owned();
    for (number, module) in tree.modules.iter().enumerate() {
        let mut imported = BTreeSet::new();
        let mut add = |definition: Definition| {
            if let Definition::Item { module, name } = definition {
                imported.insert((module, name));
            }
        };
        for import in &module.imports {
            match &import.name {
                // A public import re-exports the name. The file depends on the name only if its own
                // code uses the name as well. This file's code does not, so skip the import.
                Some(name) if import.public && !module.mentioned.contains(name) => {}
                Some(_) => add(tree.resolve(number, &import.path)),
                // A glob import makes all names of a module available, so count only the names that
                // the file uses.
                None => match tree.resolve(number, &import.path) {
                    Definition::Module(source) => {
                        module.mentioned.iter().filter_map(|name| tree.member(source, name)).for_each(&mut add);
                    }
                    definition => add(definition),
                },
            }
        }
        module.paths.iter().map(|path| tree.resolve(number, path)).for_each(&mut add);
        let from = relative(module);
        for (definer, name) in imported {
            let to = relative(&tree.modules[definer]);
            if to != from {
                arrows.entry(from.clone()).or_default().entry(to).or_default().insert(name);
            }
        }
    }
    arrows
}

/// Groups the files into import cycles. Two files are in the same cycle if each can be reached from
/// the other.
fn cycles_among(arrows: &Arrows) -> Vec<ImportCycle> {
    let reach: BTreeMap<&PathBuf, BTreeSet<&PathBuf>> =
        arrows.keys().map(|file| (file, reachable(arrows, file))).collect();
    let mut cycles = Vec::new();
    let mut seen = BTreeSet::new();
    for (file, reached) in &reach {
        if !reached.contains(file) || seen.contains(file) {
            continue;
        }
        let group: BTreeSet<&PathBuf> =
            reached.iter().copied().filter(|other| reach.get(other).is_some_and(|back| back.contains(file))).collect();
        let imports = group.iter().flat_map(|from| {
            arrows[*from]
                .iter()
                .filter(|(to, _)| group.contains(to))
                .map(|(to, names)| ((*from).clone(), to.clone(), names.clone()))
        });
        cycles.push(ImportCycle { imports: imports.collect() });
        seen.extend(group);
    }
    cycles
}

/// Returns the files that `file` imports from, directly or through other files.
fn reachable<'a>(arrows: &'a Arrows, file: &PathBuf) -> BTreeSet<&'a PathBuf> {
    let mut found = BTreeSet::new();
    let mut pending: Vec<&PathBuf> = arrows[file].keys().collect();
    while let Some(next) = pending.pop() {
        if found.insert(next)
            && let Some(imports) = arrows.get(next)
        {
            pending.extend(imports.keys());
        }
    }
    found
}
