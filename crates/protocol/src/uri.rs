//! `ws:` and `wss:` URIs (sections 3 and 11.1).
//!
//! ```text
//!   ws-URI  = "ws:"  "//" host [ ":" port ] path [ "?" query ]
//!   wss-URI = "wss:" "//" host [ ":" port ] path [ "?" query ]
//!
//!   wss://example.org:8443/chat?room=7
//!   └┬┘   └────┬────┘ └┬─┘└────┬─────┘
//!   secure    host    port   resource name
//! ```
//!
//! A WebSocket URI has no fragment (`#...`): a fragment names a part of a document, and a
//! connection is not a document.
//!
//! The host and the port together are the [`Authority`]. A `Host` header has the same grammar.

use std::{
    fmt,
    net::{Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

/// The default port of `ws:`, which is also the default port of HTTP.
const DEFAULT_PORT: u16 = 80;
/// The default port of `wss:`, which is also the default port of HTTPS.
const DEFAULT_SECURE_PORT: u16 = 443;

/// A valid WebSocket URI, split into its components.
///
/// ```
/// let uri: protocol::Uri = "wss://Example.org/chat?room=7".parse()?;
/// assert!(uri.secure());
/// assert_eq!((uri.host(), uri.port()), ("example.org", 443));
/// assert_eq!(uri.resource_name(), "/chat?room=7");
/// # Ok::<(), protocol::UriError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Uri {
    secure: bool,
    host: String,
    port: u16,
    resource_name: String,
}

/// A host, and the port if one is given: the part of a URI that names the server, or the value of a
/// `Host` header.
///
/// ```
/// let authority: protocol::Authority = "Example.org:8443".parse()?;
/// assert_eq!((authority.host(), authority.port()), ("example.org", Some(8443)));
/// # Ok::<(), protocol::UriError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Authority {
    host: String,
    port: Option<u16>,
}

impl Authority {
    /// Returns the host in lower case: a name, an IPv4 address, or an IPv6 address in its shortest
    /// form and without its brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the port, or `None` if none is given.
    #[must_use]
    pub const fn port(&self) -> Option<u16> {
        self.port
    }
}

/// The reason why a string is not a valid WebSocket URI or [`Authority`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum UriError {
    /// The scheme is neither `ws` nor `wss`.
    Scheme,
    /// The scheme is not followed by `//`.
    Slashes,
    /// A user name or password precedes the host.
    UserInfo,
    /// The host is empty.
    HostMissing,
    /// The host contains a character that is not allowed in a host, or is an invalid IPv4 address.
    Host,
    /// The address in brackets is not an IPv6 address.
    Ipv6,
    /// The port is not a number from 1 to 65535.
    Port,
    /// The path or the query contains a space, a control character, or a `%` without two
    /// hexadecimal digits; or the path contains a `\`, which browsers treat as a `/`.
    Resource,
    /// The URI has a fragment.
    Fragment,
    /// The path and the query together are longer than the 65,534 bytes that [`http::Uri`] can
    /// hold. Returned only where a value of that type is needed.
    TooLong,
}

impl fmt::Display for UriError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheme => "a WebSocket URI begins with ws:// or wss://",
            Self::Slashes => "'//' must follow the scheme, as in ws://example.org/",
            Self::UserInfo => "a WebSocket URI has no user name or password; send an Authorization header instead",
            Self::HostMissing => "there is no host in the URI, as in ws://example.org/",
            Self::Host => "the host has a character that is not allowed (write an international name in its xn-- form)",
            Self::Ipv6 => "there is no IPv6 address in the brackets, as in ws://[::1]:8080/",
            Self::Port => "the port must be a number from 1 to 65535",
            Self::Resource => {
                "the path has a character that is not allowed: a space, a control character, a '\\', or a '%' without two \
                 hexadecimal digits after it (write it as %XX)"
            }
            Self::Fragment => "a WebSocket URI has no fragment (write a '#' that is data as %23)",
            Self::TooLong => "the path and the query are longer than 65,534 bytes",
        })
    }
}

impl std::error::Error for UriError {}

impl Uri {
    /// Returns `true` if the connection uses TLS, that is, if the scheme is `wss`.
    #[must_use]
    pub const fn secure(&self) -> bool {
        self.secure
    }

    /// Returns the host in lower case: a name, an IPv4 address, or an IPv6 address in its shortest
    /// form and without its brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the port in the URI, or the default port of the scheme if the URI has no port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Returns the resource name, which is the target of the request: the path (at least `/`),
    /// followed by `?` and the query if the URI has one.
    #[must_use]
    pub fn resource_name(&self) -> &str {
        &self.resource_name
    }

    /// Returns the value of the `Host` header: the host, in brackets if it is an IPv6 address,
    /// followed by the port unless it is the scheme's default (section 4.1).
    #[must_use]
    pub fn host_header(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let default = if self.secure { DEFAULT_SECURE_PORT } else { DEFAULT_PORT };
        //= docs/src/rfc6455.md#section-4-1
        //# The request MUST have a `Host` header with the host, followed by `:` and the port unless
        //# the port is the default.
        if self.port == default { host } else { format!("{host}:{}", self.port) }
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", if self.secure { "wss" } else { "ws" }, self.host_header(), self.resource_name)
    }
}

impl FromStr for Uri {
    type Err = UriError;

    //= docs/src/rfc6455.md#section-4-1
    //# The host, port, resource name, and secure flag MUST be those of a valid WebSocket URI.
    fn from_str(uri: &str) -> Result<Self, UriError> {
        let (scheme, rest) = uri.split_once(':').ok_or(UriError::Scheme)?;
        //= docs/src/rfc6455.md#section-3
        //# A URI is *secure* when its scheme is `wss`, in any mixture of upper and lower case.
        let secure = match scheme {
            _ if scheme.eq_ignore_ascii_case("ws") => false,
            _ if scheme.eq_ignore_ascii_case("wss") => true,
            _ => return Err(UriError::Scheme),
        };
        let rest = rest.strip_prefix("//").ok_or(UriError::Slashes)?;
        //= docs/src/rfc6455.md#section-3
        //# A WebSocket URI MUST NOT have a fragment identifier, which is the part after a `#`.
        //= docs/src/rfc6455.md#section-3
        //# A `#` that is part of the path or the query MUST be written as `%23`.
        if rest.contains('#') {
            return Err(UriError::Fragment);
        }
        let (authority, resource) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err(UriError::UserInfo);
        }
        let Authority { host, port } = authority.parse()?;
        Ok(Self {
            secure,
            host,
            //= docs/src/rfc6455.md#section-3
            //# The port in a WebSocket URI is OPTIONAL; the default is 80 for `ws` and 443 for
            //# `wss`.
            port: port.unwrap_or(if secure { DEFAULT_SECURE_PORT } else { DEFAULT_PORT }),
            resource_name: parse_resource(resource)?,
        })
    }
}

impl FromStr for Authority {
    type Err = UriError;

    /// Splits an authority, `host [ ":" port ]`.
    fn from_str(authority: &str) -> Result<Self, UriError> {
        let (host, port) = if let Some(rest) = authority.strip_prefix('[') {
            // An IPv6 address is written in brackets, because the address itself contains colons.
            let (address, after) = rest.split_once(']').ok_or(UriError::Ipv6)?;
            let address: Ipv6Addr = address.parse().map_err(|_| UriError::Ipv6)?;
            let port = match after.strip_prefix(':') {
                Some(port) => port,
                None if after.is_empty() => "",
                None => return Err(UriError::Port),
            };
            (address.to_string(), port)
        } else {
            let (host, port) = authority.split_once(':').unwrap_or((authority, ""));
            (parse_host(host)?, port)
        };
        // The grammar allows a colon without a number, which means the default port.
        if port.is_empty() {
            return Ok(Self { host, port: None });
        }
        // Check the digits first: `parse` would also accept a leading `+`, which the grammar does
        // not allow.
        if !port.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(UriError::Port);
        }
        match port.parse() {
            // No server listens on port 0, so reject it like a number that is too large.
            Ok(0) | Err(_) => Err(UriError::Port),
            Ok(port) => Ok(Self { host, port: Some(port) }),
        }
    }
}

/// Validates a registered name or an IPv4 address, and returns it in lower case.
fn parse_host(host: &str) -> Result<String, UriError> {
    if host.is_empty() {
        return Err(UriError::HostMissing);
    }
    // RFC 3986 allows more characters in a name, such as percent-encoded bytes. But a name that can
    // be resolved and can appear in a certificate uses only the characters below, so reject all
    // others. An IPv4 address uses a subset of these characters.
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    if !host.bytes().all(allowed) {
        return Err(UriError::Host);
    }
    // A host that consists only of digits and dots, such as 300.1.1.1, is meant as an IPv4 address,
    // so reject it if it is not a valid address.
    let looks_like_ipv4 = host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if looks_like_ipv4 && host.parse::<Ipv4Addr>().is_err() {
        return Err(UriError::Host);
    }
    Ok(host.to_ascii_lowercase())
}

/// Builds the resource name from the part of the URI that follows the authority.
//= docs/src/rfc6455.md#section-3
//# The *resource name* is what the client requests: the path, or `/` if the path is empty, followed
//# by `?` and the query if the query is not empty.
fn parse_resource(resource: &str) -> Result<String, UriError> {
    let (path, query) = match resource.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (resource, None),
    };
    let mut name = String::from(if path.is_empty() { "/" } else { "" });
    percent_encode_into(&mut name, path, |byte| is_pchar(byte) || byte == b'/', is_unwise)?;
    if let Some(query) = query.filter(|query| !query.is_empty()) {
        name.push('?');
        let encoded = |byte| is_unwise(byte) || byte == b'\\';
        percent_encode_into(&mut name, query, |byte| is_pchar(byte) || matches!(byte, b'/' | b'?'), encoded)?;
    }
    Ok(name)
}

/// Appends `part` to `name`, percent-encoding every non-ASCII character and every byte for which
/// `encoded` returns `true`.
///
/// Text that is already percent-encoded is appended unchanged. A byte for which neither `allowed`
/// nor `encoded` returns `true` is rejected, because a line break in a path, for example, would let
/// an attacker add a header to the request.
fn percent_encode_into(
    name: &mut String,
    part: &str,
    allowed: fn(u8) -> bool,
    encoded: fn(u8) -> bool,
) -> Result<(), UriError> {
    let mut bytes = part.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            //= docs/src/rfc6455.md#section-11-1-1
            //# Outside the host of a `ws` URI, characters that the grammar excludes MUST be encoded
            //# as UTF-8, with each byte percent-encoded.
            //= docs/src/rfc6455.md#section-11-1-2
            //# Outside the host of a `wss` URI, characters that the grammar excludes MUST be
            //# encoded as UTF-8, with each byte percent-encoded.
            _ if byte >= 0x80 || encoded(byte) => name.push_str(&format!("%{byte:02X}")),
            b'%' => {
                let [Some(high), Some(low)] = [bytes.next(), bytes.next()] else { return Err(UriError::Resource) };
                if !(high.is_ascii_hexdigit() && low.is_ascii_hexdigit()) {
                    return Err(UriError::Resource);
                }
                name.extend(['%', char::from(high), char::from(low)]);
            }
            _ if allowed(byte) => name.push(char::from(byte)),
            _ => return Err(UriError::Resource),
        }
    }
    Ok(())
}

/// Returns `true` if `byte` can stand for itself as a `pchar` of RFC 3986, without
/// percent-encoding: unreserved / sub-delims / ":" / "@".
const fn is_pchar(byte: u8) -> bool {
    matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~'
        | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' | b':' | b'@')
}

/// Returns `true` if `byte` is a visible character that the grammar excludes from a path or a
/// query, although browsers and the crates `url` and `http` accept it there, and either leave it
/// unchanged or encode it.
const fn is_unwise(byte: u8) -> bool {
    matches!(byte, b'"' | b'<' | b'>' | b'[' | b']' | b'^' | b'`' | b'{' | b'|' | b'}')
}
