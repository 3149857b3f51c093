//! References to a URI, such as the target of a redirect (RFC 3986, section 5.2).
//!
//! ```text
//!   base       wss://example.org/a/b?c
//!
//!   reference  https://example.com/d     wss://example.com/d
//!              //example.com/d           wss://example.com/d
//!              /d                        wss://example.org/d
//!              d                         wss://example.org/a/d
//!              ../d                      wss://example.org/d
//!              ?d                        wss://example.org/a/b?d
//! ```

use crate::uri::{Uri, UriError};

impl Uri {
    /// Resolves a reference against this URI. A reference is, for example, the value of the
    /// `Location` header in the response to a request for this URI. The schemes `http` and `https`
    /// in the reference are treated as `ws` and `wss`. A fragment is dropped, because a WebSocket
    /// URI has none.
    ///
    /// ```
    /// let base: protocol::Uri = "wss://example.org/a/b?c".parse()?;
    /// assert_eq!(base.resolve("d")?.to_string(), "wss://example.org/a/d");
    /// assert_eq!(base.resolve("https://example.com/d")?.to_string(), "wss://example.com/d");
    /// # Ok::<(), protocol::UriError>(())
    /// ```
    ///
    /// # Errors
    /// [`UriError::Scheme`] for a scheme other than `ws`, `wss`, `http` and `https`, or another
    /// `UriError` if the resulting URI is invalid.
    pub fn resolve(&self, reference: &str) -> Result<Self, UriError> {
        let reference = reference.split('#').next().unwrap_or_default();
        if let Some((scheme, rest)) = split_scheme(reference) {
            let is = |name: &str| scheme.eq_ignore_ascii_case(name);
            return match scheme {
                _ if is("ws") || is("http") => format!("ws:{rest}").parse(),
                _ if is("wss") || is("https") => format!("wss:{rest}").parse(),
                _ => Err(UriError::Scheme),
            };
        }
        let scheme = if self.secure() { "wss" } else { "ws" };
        if reference.starts_with("//") {
            return format!("{scheme}:{reference}").parse();
        }
        let (path, query) = split_query(reference);
        let (base_path, base_query) = split_query(self.resource_name());
        let (path, query) = match path {
            "" => (base_path.to_owned(), if query.is_empty() { base_query } else { query }),
            _ if path.starts_with('/') => (without_dot_segments(path), query),
            _ => {
                let directory = base_path.rfind('/').map_or("/", |slash| &base_path[..=slash]);
                (without_dot_segments(&format!("{directory}{path}")), query)
            }
        };
        format!("{scheme}://{}{path}{query}", self.host_header()).parse()
    }

    /// Returns `true` if both URIs have the same scheme, host and port, which browsers call the
    /// same origin.
    ///
    /// ```
    /// let uri: protocol::Uri = "wss://example.org/a".parse()?;
    /// assert!(uri.is_same_origin(&"wss://example.org:443/b".parse()?));
    /// assert!(!uri.is_same_origin(&"ws://example.org:443/a".parse()?));
    /// # Ok::<(), protocol::UriError>(())
    /// ```
    #[must_use]
    pub fn is_same_origin(&self, other: &Self) -> bool {
        (self.secure(), self.host(), self.port()) == (other.secure(), other.host(), other.port())
    }
}

/// Splits `scheme:rest`. Returns `None` if the reference has no scheme.
fn split_scheme(reference: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = reference.split_once(':')?;
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    let begins_well = scheme.starts_with(|first: char| first.is_ascii_alphabetic());
    (begins_well && scheme.bytes().all(is_allowed)).then_some((scheme, rest))
}

/// Splits a reference that has neither a scheme nor a host into its path and its query. The query
/// keeps its `?`.
fn split_query(reference: &str) -> (&str, &str) {
    reference.split_at(reference.find('?').unwrap_or(reference.len()))
}

/// Removes every `.` segment, and every `..` segment together with the segment before it, from a
/// path that begins with a slash.
fn without_dot_segments(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                // A path that ends in `.` or `..` names a directory, so it keeps the slash at its
                // end.
                if is_last {
                    kept.push("");
                }
            }
            _ => kept.push(segment),
        }
    }
    format!("/{}", kept.join("/"))
}
