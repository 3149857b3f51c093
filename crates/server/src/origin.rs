//! Who may connect: the `Origin` header (section 10.2).
//!
//! A browser lets a script on any page open a WebSocket to any server, and sends that server's cookies along. Neither the
//! same-origin policy nor CORS stands in the way; the server has to look. What it finds in `Origin` is true if a browser
//! sent it. Other programs can send what they like, but they do not carry somebody else's cookies.

use websocket::protocol::handshake::ReceivedRequest;

/// Origins that may connect besides the server's own.
#[derive(Debug)]
pub(crate) struct OriginPolicy {
    allowed: Vec<String>,
}

impl OriginPolicy {
    pub(crate) fn new(allowed: Vec<String>) -> Self {
        Self { allowed }
    }

    /// Lets pass what comes from no browser, from a page of this very host, or from an allowed origin.
    ///
    /// # Errors
    /// A sentence that says why not.
    //= docs/src/rfc6455.md#section-10-2
    //# A server that is meant for certain sites only SHOULD check that `Origin` is one that it expects.
    //= docs/src/rfc6455.md#section-4-2-2
    //# The server MAY let the origin of the page decide whether it accepts.
    pub(crate) fn check(&self, request: &ReceivedRequest) -> Result<(), String> {
        //= docs/src/rfc6455.md#section-4-2-1
        //# A request without an `Origin` header SHOULD NOT be taken for one that comes from a browser.
        if !request.headers().contains_key(http::header::ORIGIN) {
            return Ok(());
        }
        let Some(origin) = request.origin() else {
            return Err("there is more than one Origin, or it is garbled".into());
        };
        let same_host = authority(origin)
            .is_some_and(|authority| request.host().is_some_and(|host| authority.eq_ignore_ascii_case(host)));
        let allowed = |entry: &String| entry == "*" || entry.eq_ignore_ascii_case(origin);
        if same_host || self.allowed.iter().any(allowed) {
            return Ok(());
        }
        Err(format!("the origin '{}' may not connect; the server's --allow-origin decides", origin.escape_debug()))
    }
}

/// Host and port of an origin such as `https://example.org:8443`. Both an origin and a `Host` header leave the scheme's
/// own port out, so that the two can be compared as they are.
fn authority(origin: &str) -> Option<&str> {
    let (scheme, authority) = origin.split_once("://")?;
    (scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")).then_some(authority)
}
