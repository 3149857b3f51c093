//! What a source file defines.
//!
//! A file is cut into names and punctuation; comments and strings go. Then two questions are easy to answer: which names
//! stand where a definition stands, and which names occur at all. That is far from a parser, and near enough to notice
//! that something was renamed or has moved to another file.

use std::collections::HashSet;

/// The names of one source file.
#[derive(Debug, Default)]
pub struct Items {
    /// Names that the file defines: functions, types, constants, modules, fields, variants.
    pub defined: HashSet<String>,
    /// Every name that occurs outside comments and strings.
    pub mentioned: HashSet<String>,
}

/// A piece of source text.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Name(String),
    Sign(char),
}

/// What a Rust file defines.
#[must_use]
pub fn of_rust(source: &str) -> Items {
    let tokens = tokens(source, false);
    let mut defined = HashSet::new();
    for (at, token) in tokens.iter().enumerate() {
        let Token::Name(word) = token else { continue };
        match word.as_str() {
            "fn" | "struct" | "enum" | "union" | "const" | "static" | "mod" | "trait" | "type" => {
                let Some(Token::Name(name)) = tokens.get(at + 1) else {
                    continue;
                };
                // `const fn`, `const async fn` and `static mut` are not the names of anything.
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

/// The variants of an enum or the fields of a struct, from the tokens that follow its name.
fn collect_members(tokens: &[Token], variants: bool, defined: &mut HashSet<String>) {
    // The body opens with the first `{`; a `;` before it means there is none. (`struct A(u8);`, `struct B;`)
    let Some(open) = tokens.iter().position(|t| *t == Token::Sign('{') || *t == Token::Sign(';')) else {
        return;
    };
    if tokens[open] == Token::Sign(';') {
        return;
    }
    let mut depth = 0_usize;
    // Whether the next name at depth 1 begins a member: after `{` and after a comma that no generic list encloses.
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

/// What a JavaScript file defines.
#[must_use]
pub fn of_javascript(source: &str) -> Items {
    const CONTROL: [&str; 6] = ["if", "for", "while", "switch", "catch", "function"];
    let tokens = tokens(source, true);
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
            // `name: value` in an object, `name = value` of a field.
            _ if next == Some(&Token::Sign(':')) => {
                defined.insert(word.clone());
            }
            // `name(arguments) {` is a method.
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

/// The token behind the bracket that closes the one at `open`.
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

fn tokens(source: &str, javascript: bool) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut rest = source;
    while let Some(c) = rest.chars().next() {
        let skip = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest, javascript)
        } else if c == '/' && javascript && a_value_may_follow(tokens.last()) {
            quoted(rest, '/')
        } else if c == '"' || (javascript && (c == '\'' || c == '`')) {
            quoted(rest, c)
        } else if !javascript && raw_string(rest).is_some() {
            raw_string(rest).unwrap_or(rest.len())
        } else if !javascript && c == '\'' {
            character_or_lifetime(rest)
        } else if !javascript && rest.starts_with("#[") {
            attribute(rest)
        } else if c.is_alphabetic() || c == '_' || c == '$' {
            let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '$').unwrap_or(rest.len());
            tokens.push(Token::Name(rest[..length].to_owned()));
            length
        } else if c.is_numeric() {
            // Which number does not matter, but that a value stands here does: what follows it is a division.
            tokens.push(Token::Sign('0'));
            rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
        } else {
            if !c.is_whitespace() {
                tokens.push(Token::Sign(c));
            }
            c.len_utf8()
        };
        rest = &rest[skip..];
    }
    tokens
}

/// The length of a block comment. Rust's nest, JavaScript's do not.
fn block_comment(text: &str, javascript: bool) -> usize {
    if javascript {
        return text[2..].find("*/").map_or(text.len(), |n| n + 4);
    }
    let mut depth = 0_usize;
    let mut at = 0;
    while at < text.len() {
        let here = &text.as_bytes()[at..];
        if here.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if here.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    text.len()
}

/// The length of a text between two equal quotation marks; a backslash protects what follows it.
fn quoted(text: &str, mark: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == mark => return at + c.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

/// The length of `r"..."`, `br#"..."#` and their like, if one begins here.
fn raw_string(text: &str) -> Option<usize> {
    let start = ["r", "br", "cr"].iter().find_map(|p| text.strip_prefix(p))?;
    let hashes = start.bytes().take_while(|b| *b == b'#').count();
    let body = start[hashes..].strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    let end = body.find(&close)?;
    Some(text.len() - body.len() + end + close.len())
}

/// The length of `'x'` or of the `'` of a lifetime.
fn character_or_lifetime(text: &str) -> usize {
    let mut inner = text[1..].chars();
    match (inner.next(), inner.next()) {
        (Some('\\'), _) => quoted(text, '\''),
        (Some(c), Some('\'')) => c.len_utf8() + 2,
        _ => 1,
    }
}

/// The length of `#[...]`.
fn attribute(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 1;
    while let Some(c) = text[at..].chars().next() {
        match c {
            '"' => {
                at += quoted(&text[at..], '"');
                continue;
            }
            '[' => depth += 1,
            ']' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
        at += c.len_utf8();
    }
    text.len()
}

/// Whether a `/` here begins a regular expression rather than a division.
fn a_value_may_follow(before: Option<&Token>) -> bool {
    match before {
        None => true,
        Some(Token::Name(word)) => word == "return" || word == "typeof" || word == "case",
        Some(Token::Sign(sign)) => !matches!(sign, ')' | ']' | '}' | '0'),
    }
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
            static LIMIT: u8 = 1; pub const async fn later() {}
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
    fn a_call_is_a_mention_and_no_definition() {
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
