//! Decides which web pages may connect: the `Origin` header (section 10.2).
//!
//! A browser lets a script on any page open a WebSocket to any server, and sends that server's
//! cookies along. Neither the same-origin policy nor CORS prevents this, so the server itself must
//! check the origin. A browser always sends the true origin. Other programs can send any value, but
//! they do not have a browser user's cookies.
//!
//! An origin is a scheme, a host and a port. The page's scheme, host and port must equal those
//! under which the browser has reached this server:
//!
//! ```text
//!   Origin: https://example.org          (https, example.org, 443)
//!   Host: example.org                    (        example.org, the default)
//!   X-Forwarded-Proto: https             (https)
//! ```

use std::str::FromStr;

use protocol::{Authority, handshake::ReceivedRequest};

/// The origins whose pages may connect, in addition to pages from the server's own origin.
#[derive(Debug)]
pub(super) struct OriginPolicy {
    allowed: Vec<AllowedOrigin>,
    /// Whether this server itself speaks TLS.
    tls: bool,
}

/// A value of `--allow-origin`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AllowedOrigin {
    Any,
    Page(Origin),
    /// `null`, or the origin of something other than a page, such as a browser extension. It has no
    /// host to normalise, so it is compared as text.
    Other(String),
}

/// The origin of a page: a scheme, a host and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    /// Whether the scheme is `https`.
    secure: bool,
    /// The host, in lower case. As in browsers, a trailing dot makes it a different host.
    host: String,
    port: u16,
}

impl OriginPolicy {
    pub(super) fn new(allowed: Vec<AllowedOrigin>, tls: bool) -> Self {
        Self { allowed, tls }
    }

    /// Accepts a request without an `Origin` header, and a request from a page of this server or of
    /// an allowed origin.
    ///
    /// # Errors
    /// Returns a sentence that explains the rejection.
    //= docs/src/rfc6455.md#section-10-2
    //# A server that is intended only for certain sites SHOULD check that `Origin` is one that it
    //# expects.
    //= docs/src/rfc6455.md#section-4-2-2
    //# The server MAY use the origin of the page to decide whether to accept the connection.
    pub(super) fn check(&self, request: &ReceivedRequest) -> Result<(), String> {
        //= docs/src/rfc6455.md#section-4-2-1
        //# A server SHOULD NOT treat a request without an `Origin` header as one from a browser.
        if !request.headers().contains_key(http::header::ORIGIN) {
            return Ok(());
        }
        let Some(text) = request.origin() else {
            return Err("the request has more than one Origin header, or a malformed one".into());
        };
        let origin: Option<Origin> = text.parse().ok();
        let own = Origin::of_server(request, self.tls);
        let is_allowed = |allowed: &AllowedOrigin| match allowed {
            AllowedOrigin::Any => true,
            AllowedOrigin::Page(page) => origin.as_ref() == Some(page),
            AllowedOrigin::Other(other) => other.eq_ignore_ascii_case(text),
        };
        if (origin.is_some() && origin == own) || self.allowed.iter().any(is_allowed) {
            return Ok(());
        }
        let hint = match (origin, own) {
            (Some(Origin { secure: true, host, .. }), Some(Origin { secure: false, host: own, .. })) if host == own => {
                ", or let the proxy that terminates TLS set X-Forwarded-Proto"
            }
            _ => "",
        };
        let text = text.escape_debug();
        Err(format!("the origin '{text}' may not connect; start the server with --allow-origin to allow it{hint}"))
    }
}

impl Origin {
    fn new(secure: bool, authority: &Authority) -> Self {
        let default_port = if secure { 443 } else { 80 };
        Self { secure, host: authority.host().to_owned(), port: authority.port().unwrap_or(default_port) }
    }

    /// Returns the origin under which the browser has reached this server. Returns `None` if the
    /// request names no valid host.
    fn of_server(request: &ReceivedRequest, tls: bool) -> Option<Self> {
        let authority = request.authority().ok()??;
        // A proxy in front of this server may have removed or added TLS. Only that proxy knows
        // which scheme the browser used, and it may report the scheme in `X-Forwarded-Proto`. A
        // page cannot forge that header, because a page cannot set the headers of a WebSocket
        // request. Without the header, use the scheme of an absolute target. If there is none,
        // assume `https` if this server speaks TLS or the port is 443.
        let secure = forwarded_scheme(request)
            .or_else(|| request.head().uri().scheme_str().map(|scheme| scheme == "https"))
            .unwrap_or(tls || authority.port() == Some(443));
        Some(Self::new(secure, &authority))
    }
}

/// Returns whether the browser used TLS, according to the proxy in front of this server. Returns
/// `None` if `X-Forwarded-Proto` does not state exactly one known scheme.
fn forwarded_scheme(request: &ReceivedRequest) -> Option<bool> {
    let mut lines = request.headers().get_all("x-forwarded-proto").iter();
    match (lines.next(), lines.next()) {
        (Some(scheme), None) => is_secure(scheme.to_str().ok()?.trim()),
        _ => None,
    }
}

/// Returns whether a page with this scheme was loaded over TLS. Returns `None` for a scheme that no
/// web page has. `ws` and `wss` are accepted too, because some programs send the scheme of the
/// WebSocket URI instead of the page's scheme.
fn is_secure(scheme: &str) -> Option<bool> {
    let is = |name: &str| scheme.eq_ignore_ascii_case(name);
    (is("http") || is("https") || is("ws") || is("wss")).then(|| is("https") || is("wss"))
}

impl FromStr for Origin {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let (scheme, authority) = text.split_once("://").ok_or(EXPECTED)?;
        let secure = is_secure(scheme).ok_or(EXPECTED)?;
        Ok(Self::new(secure, &authority.parse().map_err(|_| EXPECTED)?))
    }
}

const EXPECTED: &str = "an origin is a scheme, a host and perhaps a port, without a path, such as https://example.org";

impl FromStr for AllowedOrigin {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        if text == "*" {
            return Ok(Self::Any);
        }
        match text.split_once("://") {
            None if text.eq_ignore_ascii_case("null") => Ok(Self::Other(text.to_owned())),
            None => Err(EXPECTED),
            Some((scheme, _)) if is_secure(scheme).is_some() => text.parse().map(Self::Page),
            Some(_) => Ok(Self::Other(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::{
        Limits,
        handshake::{ServerHandshake, Status},
    };

    use super::*;

    /// Returns a request with these header lines.
    fn request(target: &str, lines: &[&str]) -> ReceivedRequest {
        let mut handshake = ServerHandshake::new(Limits::DEFAULT);
        let head = format!("GET {target} HTTP/1.1\r\n{}\r\n\r\n", lines.join("\r\n"));
        handshake.input().extend_from_slice(head.as_bytes());
        match handshake.poll() {
            Ok(Status::Complete(request)) => request,
            other => panic!("{other:?}"),
        }
    }

    fn accepts(allowed: &[&str], target: &str, lines: &[&str]) -> bool {
        let allowed = allowed.iter().map(|origin| origin.parse().expect("an origin")).collect();
        OriginPolicy::new(allowed, false).check(&request(target, lines)).is_ok()
    }

    #[track_caller]
    fn assert_same(host: &str, origin: &str, expected: bool) {
        let lines = [format!("Host: {host}"), format!("Origin: {origin}")];
        assert_eq!(accepts(&[], "/", &lines.each_ref().map(String::as_str)), expected, "{host}, {origin}");
    }

    #[test]
    fn a_default_port_may_be_written_or_left_out() {
        for [host, origin] in [
            ["example.org:80", "http://example.org"],
            ["example.org", "http://example.org:80"],
            ["example.org:", "http://example.org"],
            ["example.org:443", "https://example.org"],
            ["example.org:443", "https://example.org:443"],
            ["example.org:443", "wss://example.org"],
            ["example.org:80", "ws://example.org"],
            ["[::1]:80", "http://[::1]"],
        ] {
            assert_same(host, origin, true);
        }
        for [host, origin] in [
            ["example.org:8080", "http://example.org"],
            ["example.org", "http://example.org:8080"],
            ["example.org:80", "http://example.org:443"],
            ["example.org:443", "http://example.org"],
        ] {
            assert_same(host, origin, false);
        }
    }

    #[test]
    fn schemes_are_compared() {
        for [host, origin] in [
            ["example.org", "https://example.org"],
            ["example.org:80", "https://example.org"],
            ["example.org:443", "http://example.org:443"],
            ["example.org:8080", "https://example.org:8080"],
            ["example.org", "ftp://example.org"],
        ] {
            assert_same(host, origin, false);
        }
    }

    #[test]
    fn a_proxy_reports_the_scheme_of_the_browser() {
        let accepts = |proto: &[&str], host: &str, origin: &str| {
            let mut lines = vec![format!("Host: {host}"), format!("Origin: {origin}")];
            lines.extend(proto.iter().map(|proto| format!("X-Forwarded-Proto: {proto}")));
            accepts(&[], "/", &lines.iter().map(String::as_str).collect::<Vec<_>>())
        };
        for secure in ["https", "HTTPS", "wss"] {
            assert!(accepts(&[secure], "example.org", "https://example.org"), "{secure}");
            assert!(accepts(&[secure], "example.org:8443", "https://example.org:8443"), "{secure}");
            // If the proxy was reached over TLS, a page that was loaded without TLS must be
            // rejected, because it may have been modified in transit.
            assert!(!accepts(&[secure], "example.org", "http://example.org"), "{secure}");
        }
        assert!(accepts(&["http"], "example.org", "http://example.org"));
        assert!(!accepts(&["http"], "example.org:443", "https://example.org"));
        // A value that is not exactly one known scheme is ignored.
        for proto in [&["gopher"][..], &[""], &["https", "https"], &["https, http"]] {
            assert!(accepts(proto, "example.org", "http://example.org"), "{proto:?}");
            assert!(!accepts(proto, "example.org", "https://example.org"), "{proto:?}");
        }
    }

    #[test]
    fn a_server_with_tls_has_an_origin_with_https() {
        let policy = OriginPolicy::new(Vec::new(), true);
        let accepts = |lines: &[&str]| policy.check(&request("/", lines)).is_ok();
        for host in ["example.org", "example.org:443", "example.org:8443"] {
            let host_line = format!("Host: {host}");
            assert!(accepts(&[&host_line, &format!("Origin: https://{host}")]), "{host}");
            assert!(!accepts(&[&host_line, &format!("Origin: http://{host}")]), "{host}");
        }
        // A proxy may accept clients without TLS, and use TLS only to reach this server.
        let forwarded = ["Host: example.org", "X-Forwarded-Proto: http", "Origin: http://example.org"];
        assert!(accepts(&forwarded));
    }

    /// Checks that the error gives no advice about a proxy if the page comes from another host. The
    /// proxy is not the reason why such a page is rejected, so the advice would mislead the
    /// administrator.
    #[test]
    fn the_advice_about_a_proxy_is_given_only_for_the_same_host() {
        let error = |origin: &str| {
            let lines = ["Host: example.org".to_owned(), format!("Origin: {origin}")];
            let request = request("/", &lines.each_ref().map(String::as_str));
            OriginPolicy::new(Vec::new(), false).check(&request).expect_err("the scheme differs")
        };
        assert!(error("https://example.org").contains("X-Forwarded-Proto"));
        for origin in ["https://other.example", "http://other.example"] {
            assert!(!error(origin).contains("X-Forwarded-Proto"), "{origin}");
        }
    }

    #[test]
    fn an_absolute_target_has_a_scheme_and_wins_over_host() {
        let lines = |origin| ["Host: other.example", origin];
        assert!(accepts(&[], "https://example.org/", &lines("Origin: https://example.org")));
        assert!(accepts(&[], "http://example.org:80/", &lines("Origin: http://example.org")));
        assert!(!accepts(&[], "https://example.org/", &lines("Origin: http://example.org")));
        assert!(!accepts(&[], "http://example.org/", &lines("Origin: http://other.example")));
    }

    #[test]
    fn hosts_are_compared_in_one_spelling() {
        for [host, origin] in [
            ["Example.ORG", "http://eXample.org"],
            ["[0:0::1]:8080", "HTTP://[::1]:8080"],
            ["[2001:DB8::1]", "http://[2001:db8::1]"],
            ["localhost.:8080", "http://localhost.:8080"],
        ] {
            assert_same(host, origin, true);
        }
        for [host, origin] in [
            // A browser treats the name with the trailing dot as a different origin.
            ["example.org", "http://example.org."],
            ["localhost:8080", "http://127.0.0.1:8080"],
            ["[::1]", "http://::1"],
            ["example.org", "http://sub.example.org"],
            ["example.org", "http://user@example.org"],
            ["example.org", "http://example.org/"],
            ["example.org", "example.org"],
            ["example.org", "null"],
            ["null", "null"],
            ["example.org", ""],
        ] {
            assert_same(host, origin, false);
        }
    }

    #[test]
    fn allowed_origins_are_normalized_too() {
        let host = "Host: 127.0.0.1:8080";
        let allowed = ["HTTPS://Example.org:443", "chrome-extension://abcdef", "null"];
        for origin in ["https://example.org", "chrome-extension://abcdef", "null"] {
            assert!(accepts(&allowed, "/", &[host, &format!("Origin: {origin}")]), "{origin}");
        }
        for origin in ["http://example.org", "https://example.org:8443", "chrome-extension://abc", "nullx"] {
            assert!(!accepts(&allowed, "/", &[host, &format!("Origin: {origin}")]), "{origin}");
        }
        for mistake in ["example.org", "https://example.org/", "https://a b", "https://", ""] {
            assert_eq!(mistake.parse::<AllowedOrigin>(), Err(EXPECTED), "{mistake}");
        }
    }
}
