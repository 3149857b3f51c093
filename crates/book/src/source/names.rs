//! Maps each term and violation to the page that explains it.
//!
//! | name | explained by |
//! |---|---|
//! | a term: the bold words before a `:` in `vocabulary.md`, such as `**Close code**:` | that entry, whose anchor is `term-close-code` |
//! | a variant of `Violation` or `HandshakeViolation` | the section that its function `section` returns |
//! | a variant for which `section` returns `None`: a limit of this implementation | the table of limits |

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result};
use mdbook_markdown::{
    MarkdownOptions, new_cmark_parser,
    pulldown_cmark::{Event, Tag, TagEnd},
};
use serde::Serialize;
use syn::{Expr, ImplItem, Lit, Pat, visit::Visit};

use super::{edit::Edit, workspace::Workspace};

/// The page that explains the terms.
const VOCABULARY: &str = "docs/src/vocabulary.md";
/// The files that define the violations.
const VIOLATIONS: [&str; 2] = ["crates/protocol/src/violation.rs", "crates/protocol/src/handshake/violation.rs"];
/// The page and anchor that explain the limits of this implementation.
const LIMITS: &str = "deviations.html#limits";

/// The names that the book explains, each with its page and anchor.
#[derive(Debug, Default, Serialize)]
pub(super) struct Names {
    terms: BTreeMap<String, String>,
    violations: BTreeMap<String, String>,
}

impl Names {
    /// Reads the vocabulary and the violations.
    ///
    /// # Errors
    /// Fails if one of the files cannot be read.
    pub(super) fn read(root: &Path, workspace: &Workspace) -> Result<Self> {
        let vocabulary = fs::read_to_string(root.join(VOCABULARY)).context("the vocabulary cannot be read")?;
        let terms = terms(&vocabulary).into_iter().map(|(_, term)| {
            let page = format!("vocabulary.html#{}", anchor(&term));
            (term.to_lowercase(), page)
        });
        let mut names = Self { terms: terms.collect(), violations: BTreeMap::new() };
        for path in VIOLATIONS {
            let file = workspace.files.get(path).with_context(|| format!("{path} does not exist"))?;
            Sections(&mut names.violations).visit_file(&syn::parse_file(&file.text)?);
        }
        Ok(names)
    }

    /// Returns the edits that add an anchor to each term of the vocabulary.
    pub(super) fn edits(&self, page: &str, content: &str) -> Vec<Edit> {
        if page != VOCABULARY {
            return Vec::new();
        }
        let anchors = terms(content)
            .into_iter()
            .map(|(start, term)| Edit { range: start..start, text: format!("<a id=\"{}\"></a>", anchor(&term)) });
        anchors.collect()
    }
}

fn anchor(term: &str) -> String {
    format!("term-{}", term.to_lowercase().replace(' ', "-"))
}

/// Returns the terms that the vocabulary explains, each with the offset at which it begins.
fn terms(content: &str) -> Vec<(usize, String)> {
    let mut terms = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (event, range) in new_cmark_parser(content, &MarkdownOptions::default()).into_offset_iter() {
        match event {
            Event::Start(Tag::Strong) => open = Some((range.start, String::new())),
            Event::Text(text) => {
                if let Some((_, term)) = &mut open {
                    term.push_str(&text);
                }
            }
            Event::End(TagEnd::Strong) => terms.extend(open.take()),
            _ => {}
        }
    }
    terms
}

/// Reads the `match` in the function `section` of a violation type.
struct Sections<'a>(&'a mut BTreeMap<String, String>);

impl<'ast> Visit<'ast> for Sections<'_> {
    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        for item in &item.items {
            if let ImplItem::Fn(function) = item
                && function.sig.ident == "section"
            {
                self.visit_block(&function.block);
            }
        }
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        let page = match &*arm.body {
            Expr::Return(_) => Some(LIMITS.to_owned()),
            Expr::Call(call) => page_of(call),
            // A section of another RFC, which the book does not restate.
            _ => None,
        };
        let mut variants = Vec::new();
        variant_names(&arm.pat, &mut variants);
        if let Some(page) = page {
            self.0.extend(variants.into_iter().map(|variant| (variant, page.clone())));
        }
    }
}

/// Returns the page and anchor for a call such as `RfcSection::websocket("5.1")`,
/// `RfcSection::deflate("6.1")` or `RfcSection::http2("5")`.
fn page_of(call: &syn::ExprCall) -> Option<String> {
    let Expr::Path(function) = &*call.func else { return None };
    let page = match &*function.path.segments.last()?.ident.to_string() {
        "websocket" => "rfc6455",
        "deflate" => "rfc7692",
        "http2" => "rfc8441",
        _ => return None,
    };
    let Expr::Lit(argument) = call.args.first()? else { return None };
    let Lit::Str(section) = &argument.lit else { return None };
    Some(format!("{page}.html#section-{}", section.value().replace('.', "-")))
}

/// Collects the names of the variants in a pattern such as `Self::A | Self::B(_) | Self::C { .. }`.
fn variant_names(pattern: &Pat, names: &mut Vec<String>) {
    let path = match pattern {
        Pat::Or(or) => return or.cases.iter().for_each(|case| variant_names(case, names)),
        Pat::Path(path) => &path.path,
        Pat::TupleStruct(tuple) => &tuple.path,
        Pat::Struct(fields) => &fields.path,
        _ => return,
    };
    names.extend(path.segments.last().map(|segment| segment.ident.to_string()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_violation_is_explained_by_its_section() {
        let source = "impl Violation {
            const fn section(&self) -> Option<RfcSection> {
                Some(match self {
                    Self::Unmasked | Self::Masked(_) => RfcSection::websocket(\"5.1\"),
                    Self::Inflate { .. } => RfcSection::deflate(\"7.2.2\"),
                    Self::ProtocolMissing => RfcSection::http2(\"5\"),
                    Self::Host => RfcSection { rfc: 9112, section: \"3.2\" },
                    Self::TooBig => return None,
                })
            }
            fn other(&self) { match self { Self::Elsewhere => RfcSection::websocket(\"1\") } }
        }";
        let mut found = BTreeMap::new();
        Sections(&mut found).visit_file(&syn::parse_file(source).unwrap());
        let found: Vec<_> = found.iter().map(|(name, page)| (&**name, &**page)).collect();
        assert_eq!(
            found,
            [
                ("Inflate", "rfc7692.html#section-7-2-2"),
                ("Masked", "rfc6455.html#section-5-1"),
                ("ProtocolMissing", "rfc8441.html#section-5"),
                ("TooBig", LIMITS),
                ("Unmasked", "rfc6455.html#section-5-1"),
            ]
        );
    }
}
