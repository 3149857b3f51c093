//! Reads the modules of a crate, and finds the file that defines a name.
//!
//! ```text
//!   lib.rs     pub use self::frame::Opcode;    passes the name on
//!   frame/     mod.rs  pub use opcode::Opcode; passes the name on
//!              opcode.rs  pub enum Opcode      defines it
//!   uri.rs     use crate::Opcode;              imports it, from opcode.rs
//! ```
//!
//! The parser works on [tokens]. It recognises `mod`, `use` and paths such as
//! `frame::Opcode::Text`, skips all items with `#[cfg(test)]`, and does not expand macros.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use crate::tokens::{self, Token};

/// The modules of a library or of a program.
#[derive(Debug)]
pub struct ModuleTree {
    /// The modules. The first module is the crate root.
    pub modules: Vec<Module>,
}

/// A module: a file, or a block `mod name { ... }` in a file.
#[derive(Debug)]
pub struct Module {
    /// The file that contains the module.
    pub file: PathBuf,
    /// The modules that are declared in this module, by name. Each value is an index into
    /// [`ModuleTree::modules`].
    pub children: BTreeMap<String, usize>,
    /// The names of the other items that are declared in the module.
    pub items: BTreeSet<String>,
    /// The names that `use` declarations import.
    pub imports: Vec<Import>,
    /// The paths of two or more segments in the module's code, such as `frame::Opcode::Text`.
    pub paths: BTreeSet<Vec<String>>,
    /// The names that occur in the module's code outside `use` declarations: as a type, in a call,
    /// or at the beginning of a path.
    pub mentioned: BTreeSet<String>,
    /// The folder that contains the files of the module's children.
    folder: PathBuf,
    parent: Option<usize>,
}

/// A `use` declaration's import of one name, or of all names in a module.
#[derive(Debug)]
pub struct Import {
    /// The path as written, without an alias. For a glob import, the path before `::*`.
    pub path: Vec<String>,
    /// The name under which the path is known in the importing module; `None` for a glob import.
    pub name: Option<String>,
    /// Whether the `use` declaration has a visibility such as `pub`, so that it re-exports the
    /// name.
    pub public: bool,
}

/// The definition to which a path leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Definition {
    /// A module of this crate.
    Module(usize),
    /// An item of this crate.
    Item {
        /// The module that declares the item.
        module: usize,
        /// The name of the item.
        name: String,
    },
    /// An item of another crate, a generic parameter, or a name from the prelude.
    Foreign,
}

impl ModuleTree {
    /// Reads the crate whose root file is `root`, and the files of all its modules.
    ///
    /// # Errors
    /// Returns [`io::ErrorKind::NotFound`] if a module has no file, or the error from a failed
    /// read.
    pub fn read(root: &Path) -> io::Result<Self> {
        let mut tree = Self { modules: Vec::new() };
        let folder = root.parent().unwrap_or(Path::new("")).to_owned();
        tree.read_file(root, folder, None)?;
        Ok(tree)
    }

    fn read_file(&mut self, file: &Path, folder: PathBuf, parent: Option<usize>) -> io::Result<usize> {
        let source = fs::read_to_string(file)?;
        let tokens = tokens::rust(&source);
        let module = self.add(file, folder, parent);
        ModuleParser { tree: self, tokens: &tokens, at: 0 }.module(module)?;
        Ok(module)
    }

    fn add(&mut self, file: &Path, folder: PathBuf, parent: Option<usize>) -> usize {
        self.modules.push(Module {
            file: file.to_owned(),
            children: BTreeMap::new(),
            items: BTreeSet::new(),
            imports: Vec::new(),
            paths: BTreeSet::new(),
            mentioned: BTreeSet::new(),
            folder,
            parent,
        });
        self.modules.len() - 1
    }

    /// Follows a path in the code of `module` to the definition of the path's last name.
    ///
    /// A path to a member of a type, such as `Opcode::Text`, leads to the type itself. Re-exports
    /// are followed.
    #[must_use]
    pub fn resolve(&self, module: usize, path: &[String]) -> Definition {
        self.resolve_from(module, path, &mut Vec::new())
    }

    /// Returns the definition of `name` as a member of `module`, if the module has such a member.
    #[must_use]
    pub fn member(&self, module: usize, name: &str) -> Option<Definition> {
        self.member_of(module, name, true, &mut Vec::new())
    }

    /// Follows a path as [`resolve`](Self::resolve) does. `visited` contains the names that are
    /// being looked up. Without it, two modules that import everything from each other would cause
    /// endless recursion.
    fn resolve_from(&self, module: usize, path: &[String], visited: &mut Vec<(usize, String, bool)>) -> Definition {
        let (mut module, mut rest) = match path.first().map(String::as_str) {
            Some("crate" | "$crate") => (0, &path[1..]),
            Some("self") => (module, &path[1..]),
            Some("super") => (module, path),
            Some(name) => match self.member_of(module, name, path.len() == 1, visited) {
                Some(Definition::Module(child)) => (child, &path[1..]),
                Some(definition) => return definition,
                None => return Definition::Foreign,
            },
            None => return Definition::Foreign,
        };
        while let [name, tail @ ..] = rest {
            if name == "super" {
                module = self.modules[module].parent.unwrap_or(0);
            } else {
                match self.member_of(module, name, tail.is_empty(), visited) {
                    Some(Definition::Module(child)) => module = child,
                    Some(definition) => return definition,
                    // The path leads into this crate, but no module declares the name. A macro must
                    // have generated the item, so assume that it exists.
                    None => return Definition::Item { module, name: name.clone() },
                }
            }
            rest = tail;
        }
        Definition::Module(module)
    }

    /// Returns the definition of `name` as a member of `module`. If a module and a function have
    /// the same name, the last name of a path (`is_last`) refers to the function, and an earlier
    /// name refers to the module.
    fn member_of(
        &self,
        module: usize,
        name: &str,
        is_last: bool,
        visited: &mut Vec<(usize, String, bool)>,
    ) -> Option<Definition> {
        let key = (module, name.to_owned(), is_last);
        if visited.contains(&key) {
            return None;
        }
        visited.push(key);
        let Module { children, items, imports, .. } = &self.modules[module];
        let mut found = Vec::new();
        if items.contains(name) {
            found.push(Definition::Item { module, name: name.to_owned() });
        }
        if let Some(child) = children.get(name) {
            found.push(Definition::Module(*child));
        }
        for import in imports.iter().filter(|import| import.name.as_deref() == Some(name)) {
            found.push(self.resolve_from(module, &import.path, visited));
        }
        if found.is_empty() {
            for import in imports.iter().filter(|import| import.name.is_none()) {
                if let Definition::Module(source) = self.resolve_from(module, &import.path, visited) {
                    found.extend(self.member_of(source, name, is_last, visited));
                }
            }
        }
        visited.pop();
        let wanted = found.iter().position(|definition| match definition {
            Definition::Item { .. } => is_last,
            Definition::Module(_) => !is_last,
            Definition::Foreign => false,
        });
        (!found.is_empty()).then(|| found.swap_remove(wanted.unwrap_or(0)))
    }
}

struct ModuleParser<'a> {
    tree: &'a mut ModuleTree,
    tokens: &'a [Token],
    at: usize,
}

impl<'a> ModuleParser<'a> {
    /// Reads the contents of a module, up to the end of the file or the `}` that closes the
    /// module's block.
    fn module(&mut self, module: usize) -> io::Result<()> {
        // The number of open braces within the module. A keyword declares an item of the module
        // only at depth 0, because a function in an `impl` block belongs to its type.
        let mut depth = 0_usize;
        while let Some(token) = self.tokens.get(self.at) {
            match token {
                Token::Sign('{') => depth += 1,
                Token::Sign('}') if depth == 0 => return Ok(()),
                Token::Sign('}') => depth -= 1,
                Token::TestOnly => {
                    self.skip_item();
                    continue;
                }
                Token::Name(word) => match word.as_str() {
                    // Skip the parentheses of `pub(in crate::frame)`, which contain a path but do
                    // not use an item.
                    "pub" if self.sign(1, '(') => self.skip_brackets(1),
                    "mod" if self.name(1).is_some() => {
                        self.declaration_of_module(module)?;
                        continue;
                    }
                    // `use<'a>` in a type is not an import, so do not parse it as one.
                    "use" if !self.sign(1, '<') => {
                        self.import(module);
                        continue;
                    }
                    "fn" | "struct" | "enum" | "union" | "const" | "static" | "trait" | "type" => {
                        if depth == 0
                            && let Some(name) = self.name(1).map(str::to_owned)
                        {
                            self.tree.modules[module].items.insert(name);
                        }
                        // Skip the name that is being declared, because a declaration does not
                        // count as a use of the name.
                        if !self.name(1).is_some_and(|name| name == "fn" || name == "mut") {
                            self.at += 1;
                        }
                    }
                    "macro_rules" if depth == 0 && self.sign(1, '!') => {
                        if let Some(name) = self.name(2).map(str::to_owned) {
                            self.tree.modules[module].items.insert(name);
                        }
                    }
                    _ => {
                        self.path(module);
                        continue;
                    }
                },
                _ => {}
            }
            self.at += 1;
        }
        Ok(())
    }

    /// Parses `mod name;` or `mod name { ... }`.
    fn declaration_of_module(&mut self, parent: usize) -> io::Result<()> {
        let Some(name) = self.name(1).map(str::to_owned) else { return Ok(()) };
        let folder = self.tree.modules[parent].folder.join(&name);
        let child = if self.sign(2, '{') {
            let file = self.tree.modules[parent].file.clone();
            let child = self.tree.add(&file, folder, Some(parent));
            self.at += 3;
            self.module(child)?;
            child
        } else {
            let beside = folder.with_extension("rs");
            let inside = folder.join("mod.rs");
            let file = if beside.exists() { beside } else { inside };
            self.at += 2;
            self.tree
                .read_file(&file, folder, Some(parent))
                .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", file.display())))?
        };
        self.tree.modules[parent].children.insert(name, child);
        self.at += 1;
        Ok(())
    }

    /// Parses a `use` declaration, such as `use a::{b, c as d, e::*};`.
    fn import(&mut self, module: usize) {
        let public = self.at.checked_sub(1).is_some_and(|before| match &self.tokens[before] {
            Token::Name(word) => word == "pub",
            Token::Sign(sign) => *sign == ')',
            _ => false,
        });
        self.at += 1;
        self.import_tree(module, &[], public);
        // Skip the `;`.
        self.at += 1;
    }

    /// Parses one branch of a `use` tree: everything up to a comma, a closing brace or the
    /// semicolon.
    fn import_tree(&mut self, module: usize, prefix: &[String], public: bool) {
        let mut path = prefix.to_vec();
        let mut name = None;
        let mut is_glob = false;
        while let Some(token) = self.tokens.get(self.at) {
            match token {
                Token::Sign('{') => {
                    self.at += 1;
                    while !self.sign(0, '}') && self.at < self.tokens.len() {
                        self.import_tree(module, &path, public);
                        if self.sign(0, ',') {
                            self.at += 1;
                        }
                    }
                    self.at += 1;
                    return;
                }
                Token::Sign('*') => is_glob = true,
                Token::Sign(',' | '}' | ';') => break,
                Token::Name(word) if word == "as" => {
                    name = self.name(1).map(str::to_owned);
                    self.at += 1;
                }
                // `self` in `use a::{self}` means `a`, so it adds nothing to the path.
                Token::Name(word) if word == "self" && !path.is_empty() => {}
                Token::Name(word) => path.push(word.clone()),
                _ => {}
            }
            self.at += 1;
        }
        let name = if is_glob { None } else { name.or_else(|| path.last().cloned()) };
        self.tree.modules[module].imports.push(Import { path, name, public });
    }

    /// Parses a name in code, or a path of several names joined by `::`.
    fn path(&mut self, module: usize) {
        let after_dot = self.at > 0 && self.tokens[self.at - 1] == Token::Sign('.');
        // In `<T as Trait>::Output` and `::std::fmt`, the names after the first colons do not
        // belong to this module, so do not look them up in it.
        let after_colons = self.at > 1 && self.tokens[self.at - 2..self.at] == [Token::Sign(':'), Token::Sign(':')];
        let mut path = Vec::new();
        while let Some(name) = self.name(0) {
            path.push(name.to_owned());
            self.at += 1;
            if !(self.sign(0, ':') && self.sign(1, ':') && self.name(2).is_some()) {
                break;
            }
            self.at += 2;
        }
        if after_dot || after_colons {
            return;
        }
        // A single name in lower case may be a field or a local variable that happens to have the
        // name of a function in another module. So count a name only if it is called or
        // capitalised.
        let is_capitalized = path[0].starts_with(char::is_uppercase);
        let Module { mentioned, paths, .. } = &mut self.tree.modules[module];
        if path.len() > 1 {
            mentioned.insert(path[0].clone());
            paths.insert(path);
        } else if is_capitalized || self.tokens.get(self.at).is_some_and(|next| matches!(next, Token::Sign('(' | '!')))
        {
            mentioned.extend(path);
        }
    }

    /// Skips the item after `#[cfg(test)]`, up to its `;` or to the end of its block.
    fn skip_item(&mut self) {
        while self.tokens.get(self.at) == Some(&Token::TestOnly) {
            self.at += 1;
        }
        let is_block = |item: &str| !matches!(item, "use" | "const" | "static" | "let" | "type");
        let ends_with_block =
            (0..4).filter_map(|ahead| self.name(ahead)).find(|word| *word != "pub").is_some_and(is_block);
        while let Some(token) = self.tokens.get(self.at) {
            match token {
                Token::Sign('{' | '(' | '[') => {
                    let was_brace = *token == Token::Sign('{');
                    self.skip_brackets(0);
                    if was_brace && ends_with_block {
                        self.at += 1;
                        return;
                    }
                }
                Token::Sign(';') => {
                    self.at += 1;
                    return;
                }
                _ => {}
            }
            self.at += 1;
        }
    }

    /// Moves to the bracket that closes the opening bracket `ahead` tokens after the current token.
    fn skip_brackets(&mut self, ahead: usize) {
        self.at += ahead;
        let mut depth = 0_usize;
        while let Some(token) = self.tokens.get(self.at) {
            match token {
                Token::Sign('{' | '(' | '[') => depth += 1,
                Token::Sign('}' | ')' | ']') => {
                    depth -= 1;
                    if depth == 0 {
                        return;
                    }
                }
                _ => {}
            }
            self.at += 1;
        }
    }

    fn name(&self, ahead: usize) -> Option<&'a str> {
        match self.tokens.get(self.at + ahead) {
            Some(Token::Name(name)) => Some(name),
            _ => None,
        }
    }

    fn sign(&self, ahead: usize, sign: char) -> bool {
        self.tokens.get(self.at + ahead) == Some(&Token::Sign(sign))
    }
}
