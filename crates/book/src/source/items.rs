//! Finds the items of a source file and the lines that they occupy.
//!
//! | file | item | its name |
//! |---|---|---|
//! | Rust | function, type, constant, module, macro | `check` |
//! | | method, associated constant, variant, field | `Driver::poll_read` |
//! | | field of a constant | `DEFAULT::max_frame_bytes` |
//! | | in a module of the same file | `tests::a_name` |
//! | Markdown | heading | its anchor: `reporting-a-problem` |
//! | JavaScript, Python | function, class, constant | `table` |

use anyhow::Result;
use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use syn::{Expr, Fields, ForeignItem, ImplItem, Member, Stmt, TraitItem, Type, spanned::Spanned};

/// An item of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    /// The name, preceded by the names of the enclosing items: `Driver::poll_read`.
    pub(super) name: String,
    /// The number of the first line, counted from 1. If there is a doc comment, the item begins
    /// with it.
    pub(super) first: usize,
    /// The line of its name.
    pub(super) line: usize,
    /// The last line.
    pub(super) last: usize,
}

/// Returns the items of a file, in the order of the lines on which they begin.
///
/// # Errors
/// Fails if a Rust file cannot be parsed.
pub(super) fn of(path: &str, text: &str) -> Result<Vec<Item>> {
    let mut items = match path.rsplit_once('.') {
        Some((_, "rs")) => of_rust(text)?,
        Some((_, "md")) => of_markdown(text),
        Some((_, "js" | "mjs" | "py")) => of_script(text),
        _ => Vec::new(),
    };
    items.sort_by_key(|item| (item.first, usize::MAX - item.last));
    Ok(items)
}

/// The reason why a name does not resolve to an item.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unresolved {
    /// The file does not define the name.
    Unknown,
    /// Several items of the file have this name.
    Ambiguous(Vec<String>),
}

/// Returns the item that `code` names, where `code` is the text of a link to the file `path`. The
/// text may leave out the enclosing modules and types if no other item has the same name.
///
/// # Errors
/// Returns the reason if the name does not resolve to exactly one item.
pub(super) fn resolve<'a>(items: &'a [Item], path: &str, code: &str) -> Result<&'a Item, Unresolved> {
    let name = code.split(['(', '<', '!', ' ']).next().unwrap_or_default().replace('.', "::");
    let mut name = name.as_str();
    loop {
        let suffix = format!("::{name}");
        let exact = items.iter().filter(|item| item.name == name);
        let inner = items.iter().filter(|item| item.name.ends_with(&suffix));
        let mut found: Vec<&Item> = exact.chain(inner).collect();
        // An outer item hides the inner ones: `Message` means the type, not a variant of the same
        // name.
        let depth = |item: &Item| item.name.matches("::").count();
        let least = found.iter().map(|item| depth(item)).min().unwrap_or_default();
        found.retain(|item| depth(item) == least);
        // The same method may be defined twice, for two configurations, so count it once.
        found.dedup_by(|a, b| a.name == b.name);
        match (found.as_slice(), name.split_once("::")) {
            ([item, rest @ ..], _) if rest.iter().all(|other| other.name == item.name) => return Ok(item),
            ([], Some((module, rest))) if names_module(path, module) => name = rest,
            ([], _) => return Err(Unresolved::Unknown),
            (several, _) => return Err(Unresolved::Ambiguous(several.iter().map(|item| item.name.clone()).collect())),
        }
    }
}

/// Returns `true` if `module` is the name of the file itself or of a folder in its path, such as a
/// crate.
fn names_module(path: &str, module: &str) -> bool {
    path.split('/').any(|part| part.strip_suffix(".rs").unwrap_or(part) == module)
}

// --- Rust ----------------------------------------------------------------------------------------

fn of_rust(text: &str) -> Result<Vec<Item>> {
    let file = syn::parse_file(text)?;
    let mut rust = Rust::default();
    file.items.iter().for_each(|item| rust.item(item));
    Ok(rust.found)
}

/// Collects the items of a Rust file.
#[derive(Default)]
struct Rust {
    found: Vec<Item>,
    /// The names of the items that enclose the current one.
    around: Vec<String>,
}

impl Rust {
    fn add(&mut self, name: &impl ToString, name_span: Span, whole: Span) {
        let mut path = self.around.clone();
        path.push(name.to_string());
        self.found.push(Item {
            name: path.join("::"),
            first: whole.start().line,
            line: name_span.start().line,
            last: whole.end().line,
        });
    }

    fn inside(&mut self, name: &impl ToString, collect: impl FnOnce(&mut Self)) {
        self.around.push(name.to_string());
        collect(self);
        self.around.pop();
    }

    fn item(&mut self, item: &syn::Item) {
        use syn::Item::{Const, Enum, Fn, ForeignMod, Impl, Macro, Mod, Static, Struct, Trait, Type, Union};
        let whole = item.span();
        match item {
            Const(item) => {
                self.add(&item.ident, item.ident.span(), whole);
                self.inside(&item.ident, |rust| rust.value(&item.expr));
            }
            Static(item) => {
                self.add(&item.ident, item.ident.span(), whole);
                self.inside(&item.ident, |rust| rust.value(&item.expr));
            }
            Fn(item) => {
                self.add(&item.sig.ident, item.sig.ident.span(), whole);
                self.inside(&item.sig.ident, |rust| rust.block(&item.block));
            }
            Struct(item) => {
                self.add(&item.ident, item.ident.span(), whole);
                self.inside(&item.ident, |rust| rust.fields(&item.fields));
            }
            Union(item) => self.add(&item.ident, item.ident.span(), whole),
            Type(item) => self.add(&item.ident, item.ident.span(), whole),
            Enum(item) => {
                self.add(&item.ident, item.ident.span(), whole);
                self.inside(&item.ident, |rust| {
                    for variant in &item.variants {
                        rust.add(&variant.ident, variant.ident.span(), variant.span());
                        rust.inside(&variant.ident, |rust| rust.fields(&variant.fields));
                    }
                });
            }
            Trait(item) => {
                self.add(&item.ident, item.ident.span(), whole);
                self.inside(&item.ident, |rust| item.items.iter().for_each(|item| rust.trait_item(item)));
            }
            Impl(item) => {
                if let Some(name) = type_name(&item.self_ty) {
                    self.inside(&name, |rust| item.items.iter().for_each(|item| rust.impl_item(item)));
                }
            }
            Mod(item) => {
                self.add(&item.ident, item.ident.span(), whole);
                if let Some((_, items)) = &item.content {
                    self.inside(&item.ident, |rust| items.iter().for_each(|item| rust.item(item)));
                }
            }
            Macro(item) => match &item.ident {
                Some(name) => self.add(name, name.span(), whole),
                None => self.tokens(item.mac.tokens.clone()),
            },
            ForeignMod(item) => {
                for item in &item.items {
                    if let ForeignItem::Fn(item) = item {
                        self.add(&item.sig.ident, item.sig.ident.span(), item.span());
                    }
                }
            }
            _ => {}
        }
    }

    fn trait_item(&mut self, item: &TraitItem) {
        match item {
            TraitItem::Const(it) => self.add(&it.ident, it.ident.span(), item.span()),
            TraitItem::Fn(it) => self.add(&it.sig.ident, it.sig.ident.span(), item.span()),
            TraitItem::Type(it) => self.add(&it.ident, it.ident.span(), item.span()),
            _ => {}
        }
    }

    fn impl_item(&mut self, item: &ImplItem) {
        match item {
            ImplItem::Const(it) => {
                self.add(&it.ident, it.ident.span(), item.span());
                self.inside(&it.ident, |rust| rust.value(&it.expr));
            }
            ImplItem::Fn(it) => {
                self.add(&it.sig.ident, it.sig.ident.span(), item.span());
                self.inside(&it.sig.ident, |rust| rust.block(&it.block));
            }
            ImplItem::Type(it) => self.add(&it.ident, it.ident.span(), item.span()),
            _ => {}
        }
    }

    fn fields(&mut self, fields: &Fields) {
        for field in fields {
            if let Some(name) = &field.ident {
                self.add(name, name.span(), field.span());
            }
        }
    }

    /// Collects the fields of a constant.
    fn value(&mut self, value: &Expr) {
        let Expr::Struct(value) = value else { return };
        for field in &value.fields {
            if let Member::Named(name) = &field.member {
                self.add(name, name.span(), field.span());
            }
        }
    }

    /// Collects the items in the body of a function.
    fn block(&mut self, block: &syn::Block) {
        for statement in &block.stmts {
            if let Stmt::Item(item) = statement {
                self.item(item);
            }
        }
    }

    /// Collects the functions in the arguments of a macro such as `proptest!`. The parser leaves
    /// these arguments as tokens.
    fn tokens(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for (at, token) in tokens.iter().enumerate() {
            let [TokenTree::Ident(keyword), TokenTree::Ident(name), rest @ ..] = &tokens[at..] else {
                if let TokenTree::Group(group) = token {
                    self.tokens(group.stream());
                }
                continue;
            };
            let body = rest.iter().find_map(|token| match token {
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Some(group),
                _ => None,
            });
            if *keyword == "fn"
                && let Some(body) = body
            {
                let (first, last) = (keyword.span().start().line, body.span_close().end().line);
                self.found.push(Item { name: name.to_string(), first, line: first, last });
            }
        }
    }
}

/// Returns the name of the type that an `impl` block is for.
fn type_name(of: &Type) -> Option<String> {
    match of {
        Type::Path(path) => path.path.segments.last().map(|segment| segment.ident.to_string()),
        Type::Reference(reference) => type_name(&reference.elem),
        _ => None,
    }
}

// --- Other languages -----------------------------------------------------------------------------

fn of_markdown(text: &str) -> Vec<Item> {
    let mut in_code = false;
    let mut items: Vec<Item> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        in_code ^= line.starts_with("```");
        let level = line.bytes().take_while(|byte| *byte == b'#').count();
        if !in_code && level > 0 && line[level..].starts_with(' ') {
            items.push(Item { name: slug(&line[level..]), first: index + 1, line: index + 1, last: index + 1 });
        }
    }
    items
}

/// Returns the anchor of a heading, by the rule that GitHub and mdBook use.
fn slug(heading: &str) -> String {
    let kept = heading.trim().chars().filter_map(|c| match c {
        ' ' => Some('-'),
        c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c),
        _ => None,
    });
    kept.flat_map(char::to_lowercase).collect()
}

/// Returns the functions, classes, constants and variables of a script. A definition counts only if
/// it begins its line, apart from indentation.
fn of_script(text: &str) -> Vec<Item> {
    const KEYWORDS: [&str; 6] = ["function ", "class ", "const ", "let ", "var ", "def "];
    let mut items = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_start();
        let line = line.strip_prefix("export ").unwrap_or(line);
        let line = line.strip_prefix("async ").unwrap_or(line);
        let Some(rest) = KEYWORDS.iter().find_map(|keyword| line.strip_prefix(keyword)) else { continue };
        let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_' || *c == '$').collect();
        if !name.is_empty() {
            items.push(Item { name, first: index + 1, line: index + 1, last: index + 1 });
        }
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "\
        /// A limit.\n\
        const DEFAULT: Limits = Limits {\n\
        \x20   bytes: 1,\n\
        };\n\
        pub struct Reader<'a> { at: &'a u8 }\n\
        impl<'a> Reader<'a> {\n\
        \x20   /// Reads.\n\
        \x20   pub fn next(&self) {\n\
        \x20   }\n\
        }\n\
        enum Event { Message, Close { code: u16 } }\n\
        impl Iterator for Other { fn next(&mut self) {} }\n\
        proptest! {\n\
        \x20   #[test]\n\
        \x20   fn any_cut(at in 0..9) {\n\
        \x20   }\n\
        }\n\
        mod tests { fn helper() {} }\n\
        struct Message;\n";

    #[test]
    fn items_have_their_lines() {
        let items = of("src/reader.rs", SOURCE).unwrap();
        let lines = |code: &str| resolve(&items, "src/reader.rs", code).map(|item| (item.first, item.line, item.last));
        assert_eq!(lines("Reader::next"), Ok((7, 8, 9)), "the doc comment is a part of the item");
        assert_eq!(lines("reader::Reader::next()"), Ok((7, 8, 9)), "the name of the module may come first");
        assert_eq!(lines("DEFAULT.bytes"), Ok((3, 3, 3)));
        assert_eq!(lines("Event::Close"), Ok((11, 11, 11)));
        assert_eq!(lines("any_cut"), Ok((15, 15, 16)), "in the arguments of a macro");
        assert_eq!(lines("helper"), Ok((18, 18, 18)));
        assert_eq!(lines("Message"), Ok((19, 19, 19)), "the type, and not the variant");
    }

    #[test]
    fn a_name_must_be_known_and_unique() {
        let items = of("src/reader.rs", SOURCE).unwrap();
        assert_eq!(resolve(&items, "src/reader.rs", "absent"), Err(Unresolved::Unknown));
        assert_eq!(resolve(&items, "src/reader.rs", "elsewhere::helper"), Err(Unresolved::Unknown));
        let both = vec!["Reader::next".to_owned(), "Other::next".to_owned()];
        assert_eq!(resolve(&items, "src/reader.rs", "next"), Err(Unresolved::Ambiguous(both)));
    }

    #[test]
    fn headings_and_definitions_of_scripts_are_items() {
        let names = |path, text| -> Vec<String> { of(path, text).unwrap().into_iter().map(|item| item.name).collect() };
        assert_eq!(names("a.md", "# One\n```\n# no\n```\n## What is `x`?\n"), ["one", "what-is-x"]);
        assert_eq!(names("a.mjs", "export async function go() {}\n  const at = 1;\n"), ["go", "at"]);
        assert_eq!(names("a.py", "def table(rows):\n"), ["table"]);
    }
}
