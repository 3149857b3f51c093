//! Decides which web pages may connect: the `Origin` header (section 10.2).
//!
//! A browser lets a script on any page open a WebSocket to any server, and sends that server's
//! cookies along. Neither the same-origin policy nor CORS prevents this, so the server itself has
//! to check. A browser always sends the true origin. Other programs can send any value, but they do
//! not have the cookies of a browser's user.

use protocol::handshake::ReceivedRequest;

/// The origins whose pages may connect, in addition to pages from the server's own host.
#[derive(Debug)]
pub(crate) struct OriginPolicy {
    allowed: Vec<String>,
}

impl OriginPolicy {
    pub(crate) fn new(allowed: Vec<String>) -> Self {
        Self { allowed }
    }

    /// Accepts a request that does not come from a browser, or that comes from a page of this host
    /// or of an allowed origin.
    ///
    /// # Errors
    /// Returns a sentence that explains the rejection.
    //= docs/src/rfc6455.md#section-10-2
    //# A server that is intended only for certain sites SHOULD check that `Origin` is one that it
    //# expects.
    //= docs/src/rfc6455.md#section-4-2-2
    //# The server MAY use the origin of the page to decide whether to accept the connection.
    pub(crate) fn check(&self, request: &ReceivedRequest) -> Result<(), String> {
        //= docs/src/rfc6455.md#section-4-2-1
        //# A server SHOULD NOT treat a request without an `Origin` header as one from a browser.
        if !request.headers().contains_key(http::header::ORIGIN) {
            return Ok(());
        }
        let Some(origin) = request.origin() else {
            return Err("the request has more than one Origin header, or a malformed one".into());
        };
        let same_host = authority(origin)
            .is_some_and(|authority| request.host().is_some_and(|host| authority.eq_ignore_ascii_case(host)));
        let allowed = |entry: &String| entry == "*" || entry.eq_ignore_ascii_case(origin);
        if same_host || self.allowed.iter().any(allowed) {
            return Ok(());
        }
        let origin = origin.escape_debug();
        Err(format!("the origin '{origin}' may not connect; start the server with --allow-origin to allow it"))
    }
}

/// Returns the host and port of an origin such as `https://example.org:8443`.
///
/// An origin and a `Host` header both omit the default port of the scheme, so they can be compared
/// without conversion.
fn authority(origin: &str) -> Option<&str> {
    let (scheme, authority) = origin.split_once("://")?;
    (scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")).then_some(authority)
}
