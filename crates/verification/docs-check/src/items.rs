//! Finds the names that a source file defines and mentions.
//!
//! A name counts as defined if it follows a keyword such as `fn` or `struct`, or if it is a field
//! or a variant. This rule is much simpler than a parser, but it is enough to notice when an item
//! has been renamed or moved to another file.

use std::collections::HashSet;

use crate::tokens::{self, Token};

/// The names of one source file.
#[derive(Debug, Default)]
pub struct Items {
    /// The names that the file defines: functions, types, constants, modules, fields, variants.
    pub defined: HashSet<String>,
    /// Every name that occurs outside comments and strings.
    pub mentioned: HashSet<String>,
}

/// Returns the names in a Rust file.
#[must_use]
pub fn of_rust(source: &str) -> Items {
    let tokens = tokens::rust(source);
    let mut defined = HashSet::new();
    for (at, token) in tokens.iter().enumerate() {
        let Token::Name(word) = token else { continue };
        match word.as_str() {
            "fn" | "struct" | "enum" | "union" | "const" | "static" | "mod" | "trait" | "type" => {
                let Some(Token::Name(name)) = tokens.get(at + 1) else {
                    continue;
                };
                // In `const fn`, `const extern "C" fn` and `static mut`, the next word is another
                // keyword, so do not count it as a defined name.
                let function_follows = tokens.get(at + 2) == Some(&Token::Name("fn".to_owned()));
                if name == "fn" || name == "mut" || function_follows {
                    continue;
                }
                defined.insert(name.clone());
                if word == "enum" || word == "struct" || word == "union" {
                    collect_members(&tokens[at + 2..], word == "enum", &mut defined);
                }
            }
            "macro_rules" => {
                if let (Some(Token::Sign('!')), Some(Token::Name(name))) = (tokens.get(at + 1), tokens.get(at + 2)) {
                    defined.insert(name.clone());
                }
            }
            _ => {}
        }
    }
    Items { defined, mentioned: names(&tokens) }
}

/// Collects the variants of an enum if `variants` is true, or the fields of a struct otherwise.
/// `tokens` begins after the name of the type.
fn collect_members(tokens: &[Token], variants: bool, defined: &mut HashSet<String>) {
    // The body opens with the first `{`. If a `;` comes first, as in `struct A(u8);` or
    // `struct B;`, the type has no body and therefore no named members.
    let Some(open) = tokens.iter().position(|t| *t == Token::Sign('{') || *t == Token::Sign(';')) else {
        return;
    };
    if tokens[open] == Token::Sign(';') {
        return;
    }
    let mut depth = 0_usize;
    // Whether the next name at depth 1 begins a member, as it does after `{` and after a comma.
    let mut fresh = false;
    for (at, token) in tokens[open..].iter().enumerate() {
        match token {
            Token::Sign('{' | '(' | '[') => {
                depth += 1;
                if depth == 1 {
                    fresh = true;
                }
            }
            Token::Sign('}' | ')' | ']') => {
                depth -= 1;
                if depth == 0 {
                    return;
                }
            }
            Token::Sign(',') if depth == 1 => fresh = true,
            Token::Name(name) if depth == 1 && fresh && name != "pub" => {
                let colon = tokens.get(open + at + 1) == Some(&Token::Sign(':'));
                if variants || colon {
                    defined.insert(name.clone());
                }
                fresh = false;
            }
            _ => {}
        }
    }
}

/// Returns the names in a JavaScript file.
#[must_use]
pub fn of_javascript(source: &str) -> Items {
    const CONTROL: [&str; 6] = ["if", "for", "while", "switch", "catch", "function"];
    let tokens = tokens::javascript(source);
    let mut defined = HashSet::new();
    for (at, token) in tokens.iter().enumerate() {
        let Token::Name(word) = token else { continue };
        let next = tokens.get(at + 1);
        match word.as_str() {
            "function" | "class" | "const" | "let" | "var" => {
                if let Some(Token::Name(name)) = next {
                    defined.insert(name.clone());
                }
            }
            // `name: value` defines a property of an object.
            _ if next == Some(&Token::Sign(':')) => {
                defined.insert(word.clone());
            }
            // `name(arguments) {` defines a method.
            _ if next == Some(&Token::Sign('('))
                && !CONTROL.contains(&word.as_str())
                && after_brackets(&tokens, at + 1) == Some(&Token::Sign('{')) =>
            {
                defined.insert(word.clone());
            }
            _ => {}
        }
    }
    Items { defined, mentioned: names(&tokens) }
}

/// Returns the token after the bracket that closes the bracket at `open`.
fn after_brackets(tokens: &[Token], open: usize) -> Option<&Token> {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token {
            Token::Sign('(') => depth += 1,
            Token::Sign(')') => {
                depth -= 1;
                if depth == 0 {
                    return tokens.get(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

fn names(tokens: &[Token]) -> HashSet<String> {
    tokens.iter().filter_map(|t| if let Token::Name(name) = t { Some(name.clone()) } else { None }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(items: &Items) -> Vec<&str> {
        let mut all: Vec<_> = items.defined.iter().map(String::as_str).collect();
        all.sort_unstable();
        all
    }

    #[test]
    fn rust_definitions_are_found() {
        let source = r##"
            //! fn not_this() {}
            /* struct Nor; /* this */ enum E { No } */
            pub(crate) const fn width() -> usize { 1 }
            static LIMIT: u8 = 1; pub const extern "C" fn later() {}
            mod inner;
            macro_rules! twice { () => {} }
            impl Frame { pub async fn read(&mut self) { helper(); let s = "fn quoted()"; let r = r#"fn "raw""#; } }
            #[derive(Debug)]
            pub struct Frame<'a> { pub header: Header, #[doc = "fn x() ]"] pub(crate) payload: &'a [u8] }
            struct Mask([u8; 4]);
            enum Opcode { Text = 1, Close { code: u16 }, Pair(u8, u8), Last }
            trait Wire { type Error; const SIZE: usize; }
        "##;
        let expected = [
            "Close", "Error", "Frame", "LIMIT", "Last", "Mask", "Opcode", "Pair", "SIZE", "Text", "Wire", "header",
            "inner", "later", "payload", "read", "twice", "width",
        ];
        assert_eq!(sorted(&of_rust(source)), expected);
    }

    #[test]
    fn a_call_is_a_mention_but_not_a_definition() {
        let items = of_rust("fn a() { b(); c::d() }");
        assert!(items.mentioned.contains("b") && items.mentioned.contains("d"));
        assert_eq!(sorted(&items), ["a"]);
    }

    #[test]
    fn lifetimes_and_characters_do_not_open_strings() {
        let items = of_rust(r"fn a<'x>(c: &'x str) { m('{', '\'', 'é') } fn b() {}");
        assert_eq!(sorted(&items), ["a", "b"]);
    }

    #[test]
    fn javascript_definitions_are_found() {
        let source = r#"
            // function notThis() {}
            const { createServer } = require('node:http'); const port = 8080 / 2;
            function start(options) { if (a) { b(); } return /fn "x"(/.test(s); }
            class Clock extends Base { tick(now, { ms }) { later(() => { c(); }); } }
            const table = { key: `value ${port}`, run() {} };
            socket.on('data', function onData(chunk) {});
        "#;
        let expected = ["Clock", "key", "onData", "port", "run", "start", "table", "tick"];
        assert_eq!(sorted(&of_javascript(source)), expected);
    }
}
