//! The grammar of headers: tokens and comma-separated lists (section 4.3; RFC 2616, sections 2.1
//! and 2.2).
//!
//! ```text
//!   token         = 1*<any ASCII character except controls and separators>
//!   separators    = ( ) < > @ , ; : \ " / [ ] ? = { } space tab
//!   quoted-string = '"' *( any character except '"' and '\' | '\' any character ) '"'
//!   #rule         = elements between commas; white space around them and empty ones are ignored
//! ```
//!
//! A list may be spread over several header lines: two lines `A: x` and `A: y` mean the same as
//! `A: x, y`.

use http::{HeaderMap, HeaderName};

/// Returns whether a token may contain `byte`.
pub(crate) const fn is_token_byte(byte: u8) -> bool {
    matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9'
        | b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~')
}

/// Returns `true` if `text` is a token, that is, at least one character long and made up only of
/// token characters.
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token_byte)
}

/// Returns the values of all header lines with this name, without surrounding white space. A value
/// that is not visible ASCII is returned as `None`.
pub(crate) fn lines<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = Option<&'a str>> + use<'a> {
    headers.get_all(name).iter().map(|value| value.to_str().ok().map(trim))
}

/// Returns the value of a header that must appear exactly once, without surrounding white space. A
/// value that is not visible ASCII is returned as an empty string, which is not a valid value for
/// any header read with this function.
pub(crate) fn only_line<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut lines = lines(headers, name);
    match (lines.next(), lines.next()) {
        (Some(only), None) => Some(only.unwrap_or_default()),
        _ => None,
    }
}

/// Returns the elements of a comma-separated list that may be spread over several lines. Skips
/// empty elements.
pub(crate) fn list<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> + use<'a> {
    lines(headers, name).flatten().flat_map(|line| line.split(',')).map(trim).filter(|element| !element.is_empty())
}

/// Returns `true` if the list in this header contains `token`, ignoring ASCII case.
///
/// A common mistake is to compare the whole value with the token. Such a comparison would reject
/// Firefox, which sends `Connection: keep-alive, Upgrade`.
pub(crate) fn list_has(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    //= docs/src/rfc6455.md#section-2-1
    //# Two strings match *ignoring ASCII case* if they differ at most in the case of the letters A
    //# to Z.
    list(headers, name).any(|element| element.eq_ignore_ascii_case(token))
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// A scanner that reads a header value from left to right.
#[derive(Debug)]
pub(crate) struct Scanner<'a> {
    rest: &'a str,
}

impl<'a> Scanner<'a> {
    pub(crate) const fn new(value: &'a str) -> Self {
        Self { rest: value }
    }

    fn skip_white_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }

    /// Returns whether only white space is left.
    pub(crate) fn at_end(&mut self) -> bool {
        self.skip_white_space();
        self.rest.is_empty()
    }

    /// Skips `separator` if it is the next character. Returns whether it was skipped.
    pub(crate) fn accept(&mut self, separator: char) -> bool {
        self.skip_white_space();
        match self.rest.strip_prefix(separator) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Takes the next token. Returns `None` if the next character cannot begin a token.
    pub(crate) fn token(&mut self) -> Option<&'a str> {
        self.skip_white_space();
        let end = self.rest.bytes().position(|byte| !is_token_byte(byte)).unwrap_or(self.rest.len());
        let (token, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!token.is_empty()).then_some(token)
    }

    /// Takes a token, or a quoted string whose content is a token once quotes and backslashes are
    /// removed.
    pub(crate) fn token_or_quoted(&mut self) -> Option<String> {
        if !self.accept('"') {
            return self.token().map(str::to_owned);
        }
        let mut value = String::new();
        let mut characters = self.rest.char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    self.rest = &self.rest[at + 1..];
                    //= docs/src/rfc6455.md#section-4-3
                    //# A quoted value MUST be a token after its quotes and backslashes are removed.
                    //= docs/src/rfc6455.md#section-9-1
                    //# A quoted parameter value MUST be a token after it is unquoted.
                    return is_token(&value).then_some(value);
                }
                '\\' => value.push(characters.next()?.1),
                _ => value.push(character),
            }
        }
        None
    }
}
