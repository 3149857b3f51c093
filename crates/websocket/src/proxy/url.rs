//! A proxy's URL.
//!
//! ```text
//!   socks5h://user:pa%24%24@proxy.example:1080
//!   └─┬───┘   └─────┬─────┘ └────┬──────┘ └─┬┘
//!    kind      credentials      host       port
//! ```

use std::{fmt, str::FromStr};

use percent_encoding::percent_decode_str;
use protocol::Authority;

use super::error::ProxyUrlError;

/// The default port of `http://`.
const HTTP_PORT: u16 = 80;

/// The default port of `https://`.
const HTTPS_PORT: u16 = 443;

/// The default port for SOCKS, from the IANA port registry.
const SOCKS_PORT: u16 = 1080;

/// The maximum length of a user name and of a password in SOCKS5, in bytes. SOCKS5 sends each
/// length in one byte (RFC 1929).
const SOCKS_CREDENTIAL_MAX: usize = 255;

/// A proxy: its kind, its address, and, if it requires them, a user name and a password.
///
/// | URL | proxy |
/// |---|---|
/// | `http://[USER:PASSWORD@]HOST[:PORT]`, or without `http://` | an HTTP proxy, which opens a tunnel (`CONNECT`); default port 80 |
/// | `https://[USER:PASSWORD@]HOST[:PORT]` | an HTTP proxy that is reached over TLS; default port 443 |
/// | `socks5://[USER:PASSWORD@]HOST[:PORT]` | a SOCKS5 proxy; the client resolves the server's name; default port 1080 |
/// | `socks5h://[USER:PASSWORD@]HOST[:PORT]` | a SOCKS5 proxy, which resolves the server's name |
///
/// Neither `Debug` nor `Display` prints the user name or the password.
///
/// ```
/// let proxy: websocket::Proxy = "http://user:secret@proxy.example:3128".parse()?;
/// assert_eq!(proxy.to_string(), "http://proxy.example:3128");
/// # Ok::<(), websocket::ProxyUrlError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    kind: ProxyKind,
    host: String,
    port: u16,
    credentials: Option<Credentials>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProxyKind {
    /// `http`
    Http,
    /// `https`: TLS to the proxy itself.
    Https,
    /// `socks5`: the client resolves the name of the server.
    Socks,
    /// `socks5h`: the proxy resolves the name of the server.
    SocksResolvesHosts,
}

/// A user name and a password. This type does not implement `Debug`, so that neither can be printed
/// by accident.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Credentials {
    pub(super) user: String,
    pub(super) password: String,
}

impl Proxy {
    /// Returns this proxy with a user name and a password, in place of those in the URL.
    ///
    /// # Errors
    /// [`ProxyUrlError::Credentials`] if SOCKS5 cannot send them: each must be 1 to 255 bytes long.
    pub fn credentials_from(
        mut self,
        user: impl Into<String>,
        password: impl Into<String>,
    ) -> Result<Self, ProxyUrlError> {
        let credentials = Credentials { user: user.into(), password: password.into() };
        let fits = |text: &str| (1..=SOCKS_CREDENTIAL_MAX).contains(&text.len());
        let is_socks = matches!(self.kind, ProxyKind::Socks | ProxyKind::SocksResolvesHosts);
        if is_socks && !(fits(&credentials.user) && fits(&credentials.password)) {
            return Err(ProxyUrlError::Credentials);
        }
        self.credentials = Some(credentials);
        Ok(self)
    }

    /// Returns the host of the proxy, in lower case: a name, an IPv4 address, or an IPv6 address
    /// without its brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the port of the proxy.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Returns `true` if the proxy itself is reached over TLS (`https://`).
    #[must_use]
    pub const fn is_over_tls(&self) -> bool {
        matches!(self.kind, ProxyKind::Https)
    }

    pub(super) const fn kind(&self) -> ProxyKind {
        self.kind
    }

    pub(super) const fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }
}

impl FromStr for Proxy {
    type Err = ProxyUrlError;

    fn from_str(url: &str) -> Result<Self, ProxyUrlError> {
        // Like curl, treat a string without a scheme as the address of an HTTP proxy.
        let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
        let is = |name: &str| scheme.eq_ignore_ascii_case(name);
        let (kind, default_port) = match scheme {
            _ if is("http") => (ProxyKind::Http, HTTP_PORT),
            _ if is("socks5") => (ProxyKind::Socks, SOCKS_PORT),
            _ if is("socks5h") => (ProxyKind::SocksResolvesHosts, SOCKS_PORT),
            _ if is("https") && cfg!(not(feature = "tls")) => return Err(ProxyUrlError::TlsMissing),
            _ if is("https") => (ProxyKind::Https, HTTPS_PORT),
            _ => return Err(ProxyUrlError::Scheme),
        };
        // The last `@` ends the credentials, because people often leave an `@` in a password
        // unencoded.
        let (credentials, rest) = match rest.rsplit_once('@') {
            Some((credentials, rest)) => (Some(credentials), rest),
            None => (None, rest),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains(['/', '?', '#']) {
            return Err(ProxyUrlError::Path);
        }
        let authority: Authority = authority.parse().map_err(ProxyUrlError::Authority)?;
        let port = authority.port().unwrap_or(default_port);
        let proxy = Self { kind, host: authority.host().to_owned(), port, credentials: None };
        let Some(credentials) = credentials else { return Ok(proxy) };
        let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
        proxy.credentials_from(decode(user)?, decode(password)?)
    }
}

/// Decodes a percent-encoded user name or password.
fn decode(text: &str) -> Result<String, ProxyUrlError> {
    // The decoder below keeps a `%` that does not begin an encoded byte. Reject it here. Otherwise
    // a user who forgot to encode a `%` would find that out only from a 407 response.
    let is_encoded = |rest: &str| rest.len() >= 2 && rest.bytes().take(2).all(|digit| digit.is_ascii_hexdigit());
    if !text.split('%').skip(1).all(is_encoded) {
        return Err(ProxyUrlError::Credentials);
    }
    let decoded = percent_decode_str(text).decode_utf8().map_err(|_| ProxyUrlError::Credentials)?;
    Ok(decoded.into_owned())
}

/// Prints the URL without the user name and the password.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.kind {
            ProxyKind::Http => "http",
            ProxyKind::Https => "https",
            ProxyKind::Socks => "socks5",
            ProxyKind::SocksResolvesHosts => "socks5h",
        };
        if self.host.contains(':') {
            write!(f, "{scheme}://[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{scheme}://{}:{}", self.host, self.port)
        }
    }
}

/// Prints the URL, and whether there are credentials, but not the credentials themselves.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let credentials = self.credentials.as_ref().map(|_| "(hidden)");
        f.debug_struct("Proxy").field("url", &self.to_string()).field("credentials", &credentials).finish()
    }
}

#[cfg(test)]
mod tests {
    use protocol::UriError;

    use super::*;

    /// Parses a URL. Returns its printed form and the credentials.
    fn parse(url: &str) -> Result<(String, Option<(String, String)>), ProxyUrlError> {
        let proxy: Proxy = url.parse()?;
        let credentials = proxy.credentials().map(|both| (both.user.clone(), both.password.clone()));
        Ok((proxy.to_string(), credentials))
    }

    #[test]
    fn a_proxy_has_a_kind_a_host_and_a_port() {
        for (url, printed) in [
            ("http://proxy.example:3128", "http://proxy.example:3128"),
            ("http://Proxy.Example/", "http://proxy.example:80"),
            ("HTTP://proxy.example:", "http://proxy.example:80"),
            ("proxy.example:8080", "http://proxy.example:8080"),
            ("192.0.2.1", "http://192.0.2.1:80"),
            #[cfg(feature = "tls")]
            ("https://proxy.example", "https://proxy.example:443"),
            ("socks5://proxy.example", "socks5://proxy.example:1080"),
            ("socks5h://[::1]:9050", "socks5h://[::1]:9050"),
        ] {
            assert_eq!(parse(url), Ok((printed.to_owned(), None)), "{url}");
        }
    }

    #[test]
    fn credentials_are_decoded() {
        for (url, user, password) in [
            ("http://user:pass@h", "user", "pass"),
            ("http://user@h", "user", ""),
            ("user:pass@h:1", "user", "pass"),
            ("http://a%40b:c%3Ad%25@h", "a@b", "c:d%"),
            ("http://user:p@ss@h", "user", "p@ss"),
            ("http://user:pass:word/@h", "user", "pass:word/"),
            ("socks5://%C3%A9:x@h", "\u{e9}", "x"),
        ] {
            let credentials = parse(url).unwrap_or_else(|error| panic!("{url}: {error}")).1;
            assert_eq!(credentials, Some((user.to_owned(), password.to_owned())), "{url}");
        }
        let long = "x".repeat(255);
        assert!(parse(&format!("socks5://{long}:{long}@h")).is_ok());
        for url in ["socks5://user@h", "socks5h://:x@h", "http://a%@h", "http://a:%4@h", "http://%ff@h", "http://%+4@h"]
        {
            assert_eq!(parse(url), Err(ProxyUrlError::Credentials), "{url}");
        }
        assert_eq!(parse(&format!("socks5://{long}x:x@h")), Err(ProxyUrlError::Credentials));
    }

    #[test]
    fn other_texts_are_no_proxy() {
        for (url, error) in [
            ("", ProxyUrlError::Authority(UriError::HostMissing)),
            ("http://", ProxyUrlError::Authority(UriError::HostMissing)),
            ("http://h:0", ProxyUrlError::Authority(UriError::Port)),
            ("http://a b", ProxyUrlError::Authority(UriError::Host)),
            ("http://h\r\nX: y", ProxyUrlError::Authority(UriError::Host)),
            #[cfg(not(feature = "tls"))]
            ("https://h", ProxyUrlError::TlsMissing),
            ("socks4://h", ProxyUrlError::Scheme),
            ("ftp://h", ProxyUrlError::Scheme),
            ("http://h/path", ProxyUrlError::Path),
            ("http://h?query", ProxyUrlError::Path),
        ] {
            assert_eq!(parse(url), Err(error), "{url}");
            assert!(!error.to_string().is_empty());
        }
    }

    #[test]
    fn credentials_are_never_printed() {
        let proxy: Proxy = "http://somebody:secret@h".parse().unwrap();
        for printed in [format!("{proxy:?}"), proxy.to_string()] {
            assert!(!printed.contains("somebody") && !printed.contains("secret"), "{printed}");
        }
    }
}
