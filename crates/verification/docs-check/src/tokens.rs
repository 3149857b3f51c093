//! Splits source text into tokens: names, numbers and punctuation.
//!
//! Comments, strings and attributes are dropped, except attributes such as `#[cfg(test)]`, which
//! become [`Token::TestOnly`]. The tokens are much simpler than a syntax tree, but they suffice to
//! find definitions, imports and paths. The arguments of macros are split like any other code.

/// A token of source text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// A name or a keyword.
    Name(String),
    /// A number, as it is written.
    Number(String),
    /// A single character of punctuation.
    Sign(char),
    /// An attribute such as `#[cfg(test)]`: the item after it exists only in tests.
    TestOnly,
}

impl Token {
    /// Returns `true` if this token is the name or keyword `name`.
    #[must_use]
    pub fn is_name(&self, name: &str) -> bool {
        matches!(self, Self::Name(own) if own == name)
    }
}

/// Returns the tokens of a Rust file.
#[must_use]
pub fn rust(source: &str) -> Vec<Token> {
    tokens(source, false)
}

/// Returns the tokens of a JavaScript file.
#[must_use]
pub fn javascript(source: &str) -> Vec<Token> {
    tokens(source, true)
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
            let length = attribute(rest);
            if is_test_only(&rest[..length]) {
                tokens.push(Token::TestOnly);
            }
            length
        } else if c.is_alphabetic() || c == '_' || c == '$' {
            let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '$').unwrap_or(rest.len());
            tokens.push(Token::Name(rest[..length].to_owned()));
            length
        } else if c.is_numeric() {
            let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            tokens.push(Token::Number(rest[..length].to_owned()));
            length
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

/// Returns the length of a block comment. Block comments nest in Rust, but not in JavaScript.
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

/// Returns the length of a string in quotation marks, including both marks. A backslash escapes the
/// next character.
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

/// Returns the length of a raw string, such as `r"..."` or `br#"..."#`, or `None` if the text does
/// not begin with a raw string.
fn raw_string(text: &str) -> Option<usize> {
    let start = ["r", "br", "cr"].iter().find_map(|p| text.strip_prefix(p))?;
    let hashes = start.bytes().take_while(|b| *b == b'#').count();
    let body = start[hashes..].strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    let end = body.find(&close)?;
    Some(text.len() - body.len() + end + close.len())
}

/// Returns the length of a character literal such as `'x'`, or of the `'` at the beginning of a
/// lifetime.
fn character_or_lifetime(text: &str) -> usize {
    let mut inner = text[1..].chars();
    match (inner.next(), inner.next()) {
        (Some('\\'), _) => quoted(text, '\''),
        (Some(c), Some('\'')) => c.len_utf8() + 2,
        _ => 1,
    }
}

/// Returns the length of an attribute such as `#[...]`.
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

/// Returns `true` if an attribute excludes the item after it from all builds except tests.
fn is_test_only(attribute: &str) -> bool {
    let compact: String = attribute.split_whitespace().collect();
    compact == "#[cfg(test)]" || compact.starts_with("#[cfg(all(test,")
}

/// Returns `true` if a JavaScript value may follow the token `before`. If so, a `/` in that
/// position begins a regular expression; otherwise, it is a division sign.
fn a_value_may_follow(before: Option<&Token>) -> bool {
    match before {
        None | Some(Token::TestOnly) => true,
        Some(Token::Name(word)) => word == "return" || word == "typeof" || word == "case",
        Some(Token::Number(_)) => false,
        Some(Token::Sign(sign)) => !matches!(sign, ')' | ']' | '}'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(tokens: &[Token]) -> Vec<&str> {
        tokens.iter().filter_map(|t| if let Token::Name(name) = t { Some(name.as_str()) } else { None }).collect()
    }

    #[test]
    fn comments_strings_and_attributes_are_dropped() {
        let source = r##"a /* b /* c */ d */ e // f
            "g \" h" r#"i " j"# #[derive(K)] l b"m" '"' n"##;
        assert_eq!(names(&rust(source)), ["a", "e", "l", "b", "n"]);
    }

    #[test]
    fn numbers_keep_their_spelling() {
        let number = |text: &str| Token::Number(text.to_owned());
        assert_eq!(rust("0x7f << 1_000u64"), [number("0x7f"), Token::Sign('<'), Token::Sign('<'), number("1_000u64")]);
    }

    #[test]
    fn only_attributes_for_tests_leave_a_token() {
        let marks = |source| rust(source).iter().filter(|t| **t == Token::TestOnly).count();
        assert_eq!(marks("#[cfg(test)] mod tests; #[cfg( all(test, unix) )] mod more;"), 2);
        assert_eq!(marks("#[cfg(not(test))] fn a() {} #[cfg(unix)] fn b() {} #[test] fn c() {}"), 0);
    }
}
