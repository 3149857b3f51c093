//! The `Sec-WebSocket-Extensions` header, with which the two sides agree on extensions (sections 9
//! and 11.3.2).
//!
//! ```text
//!   Sec-WebSocket-Extensions = extension-list
//!   extension-list           = 1#extension
//!   extension                = token *( ";" param )
//!   param                    = token [ "=" ( token | quoted-string ) ]
//!
//!   permessage-deflate; client_max_window_bits; server_max_window_bits=10, x-other
//!   └─────┬──────────┘  └─────────┬──────────┘  └──────────┬────────────┘
//!       name            a parameter without a value    and one with
//! ```
//!
//! The client lists the extensions that it would like to use, in order of preference. The server
//! answers with some of these extensions, or omits the header.

use std::fmt;

use http::{HeaderMap, header::SEC_WEBSOCKET_EXTENSIONS};

use super::{
    grammar::{self, Scanner, is_token},
    violation::HandshakeViolation,
};
use crate::usage_error::UsageError;

/// One element of the list: an extension with its parameters, as a client offers it or a server
/// accepts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    name: String,
    parameters: Vec<(String, Option<String>)>,
}

impl Extension {
    /// Creates an extension without parameters.
    ///
    /// # Errors
    /// [`UsageError::NotAToken`] for a name that is not a token.
    pub fn new(name: impl Into<String>) -> Result<Self, UsageError> {
        Ok(Self { name: token(name.into())?, parameters: Vec::new() })
    }

    /// Adds a parameter, with or without a value.
    ///
    /// # Errors
    /// [`UsageError::NotAToken`] for a name or a value that is not a token. Quotes around a value
    /// would not help, because the text inside the quotes must be a token too (section 9.1).
    pub fn with(mut self, name: impl Into<String>, value: Option<&str>) -> Result<Self, UsageError> {
        let value = value.map(|value| token(value.to_owned())).transpose()?;
        self.parameters.push((token(name.into())?, value));
        Ok(self)
    }

    /// Creates an extension from a name that is known to be a token.
    pub(crate) fn known(name: &str) -> Self {
        Self { name: name.to_owned(), parameters: Vec::new() }
    }

    /// Adds a parameter whose name and value are known to be tokens.
    pub(crate) fn and(mut self, name: &str, value: Option<String>) -> Self {
        self.parameters.push((name.to_owned(), value));
        self
    }

    /// Returns the registered name, such as `permessage-deflate`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the parameters in the order in which the header lists them, with the values
    /// unquoted.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.parameters.iter().map(|(name, value)| (name.as_str(), value.as_deref()))
    }

    /// Parses all `Sec-WebSocket-Extensions` lines as one list.
    ///
    /// # Errors
    /// [`HandshakeViolation::ExtensionsMalformed`] if a line does not follow the grammar, or the
    /// list is empty.
    pub(crate) fn parse_all(headers: &HeaderMap) -> Result<Vec<Self>, HandshakeViolation> {
        let mut extensions = Vec::new();
        //= docs/src/rfc6455.md#section-9-1
        //# A list of extensions MAY be split across several headers or combined into one.
        //= docs/src/rfc6455.md#section-11-3-2
        //# A request MAY have several `Sec-WebSocket-Extensions` headers.
        //= docs/src/rfc6455.md#section-11-3-2
        //# A response MAY have several `Sec-WebSocket-Extensions` headers.
        for line in grammar::lines(headers, &SEC_WEBSOCKET_EXTENSIONS) {
            //= docs/src/rfc6455.md#section-9-1
            //# An endpoint that receives a list of extensions that violates the grammar MUST fail
            //# the connection immediately.
            let found = line.and_then(parse_line).ok_or(HandshakeViolation::ExtensionsMalformed)?;
            extensions.extend(found);
        }
        //= docs/src/rfc6455.md#section-4-3
        //# `1#` is a comma-separated list of at least one element; empty elements and white space
        //# around elements are ignored.
        if extensions.is_empty() && headers.contains_key(SEC_WEBSOCKET_EXTENSIONS) {
            return Err(HandshakeViolation::ExtensionsMalformed);
        }
        Ok(extensions)
    }
}

/// Parses one header line, whose grammar is `1#extension`. Returns `None` if the line is malformed.
/// An empty line is an empty list.
#[must_use]
pub fn parse_line(line: &str) -> Option<Vec<Extension>> {
    let mut scanner = Scanner::new(line);
    let mut extensions = Vec::new();
    while !scanner.at_end() {
        // Skip an empty element between two commas, which the list syntax allows.
        if scanner.accept(',') {
            continue;
        }
        extensions.push(parse_extension(&mut scanner)?);
        // Only a comma can follow an element.
        if !scanner.at_end() && !scanner.accept(',') {
            return None;
        }
    }
    Some(extensions)
}

fn parse_extension(scanner: &mut Scanner<'_>) -> Option<Extension> {
    let mut extension = Extension { name: scanner.token()?.to_owned(), parameters: Vec::new() };
    while scanner.accept(';') {
        let name = scanner.token()?.to_owned();
        let value = if scanner.accept('=') { Some(scanner.token_or_quoted()?) } else { None };
        extension.parameters.push((name, value));
    }
    Some(extension)
}

fn token(text: String) -> Result<String, UsageError> {
    if is_token(&text) { Ok(text) } else { Err(UsageError::NotAToken(text)) }
}

/// Prints the element as it appears in the header.
impl fmt::Display for Extension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        for (name, value) in self.parameters() {
            write!(f, "; {name}")?;
            if let Some(value) = value {
                write!(f, "={value}")?;
            }
        }
        Ok(())
    }
}
