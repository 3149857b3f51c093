//! Redirects of the opening handshake, for connectors that follow them.

use std::{error::Error, fmt};

use http::{Response, StatusCode, header::LOCATION};
use protocol::{Uri, UriError};

/// The URIs that a connector has requested so far, in order.
#[derive(Debug)]
pub(crate) struct Hops {
    max_redirects: usize,
    requested: Vec<Uri>,
}

impl Hops {
    pub(crate) const fn new(max_redirects: usize) -> Self {
        Self { max_redirects, requested: Vec::new() }
    }

    /// Returns `true` if no redirect has been followed yet.
    pub(crate) const fn is_empty(&self) -> bool {
        self.requested.is_empty()
    }

    /// Returns the target if the response to a request for `uri` is a redirect that may be
    /// followed. Returns `None` if it is not a redirect, or if the connector does not follow
    /// redirects.
    pub(crate) fn next<B>(&mut self, uri: &Uri, response: &Response<B>) -> Result<Option<Uri>, RedirectError> {
        if self.max_redirects == 0 || !is_redirect(response.status()) {
            return Ok(None);
        }
        self.requested.push(uri.clone());
        let error = |hops: &Self, reason| RedirectError { hops: hops.requested.clone(), reason };
        let mut lines = response.headers().get_all(LOCATION).iter();
        let (Some(location), None) = (lines.next().and_then(|line| line.to_str().ok()), lines.next()) else {
            return Err(error(self, RedirectErrorReason::NoTarget));
        };
        let target = uri.resolve(location).map_err(|cause| {
            error(self, RedirectErrorReason::Target { location: location.to_owned(), error: cause })
        })?;
        // After a redirect from `wss` to `ws`, all messages would travel unencrypted, and only the
        // user may allow that.
        if uri.secure() && !target.secure() {
            self.requested.push(target);
            return Err(error(self, RedirectErrorReason::NotSecure));
        }
        let is_loop = self.requested.contains(&target);
        self.requested.push(target.clone());
        if is_loop {
            return Err(error(self, RedirectErrorReason::Loop));
        }
        // The first URI is not the target of a redirect, so it does not count.
        if self.requested.len() - 1 > self.max_redirects {
            return Err(error(self, RedirectErrorReason::TooMany));
        }
        // If this target redirects too, the next call to `next` adds it again, so remove it here.
        self.requested.pop();
        Ok(Some(target))
    }
}

/// Returns whether a response with this status sends the client to another URI. Other 3xx statuses,
/// such as 300 and 304, do not.
pub(crate) fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// A redirect that was not followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectError {
    /// The URIs that were requested, in order, followed by the target of the redirect that was not
    /// followed, if that target is valid.
    pub hops: Vec<Uri>,
    /// Why the redirect was not followed.
    pub reason: RedirectErrorReason,
}

/// The reason why a redirect was not followed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RedirectErrorReason {
    /// The target was requested before.
    Loop,
    /// The redirect would exceed the maximum number of redirects that the connector follows.
    TooMany,
    /// The redirect leads from `wss` to `ws`.
    NotSecure,
    /// The redirect names no target, or more than one.
    NoTarget,
    /// The target cannot be turned into a WebSocket URI.
    Target {
        /// The target, as the server wrote it.
        location: String,
        /// The error of the URI.
        error: UriError,
    },
}

impl fmt::Display for RedirectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.reason {
            RedirectErrorReason::Loop => "the redirects form a loop",
            RedirectErrorReason::TooMany => "there are too many redirects",
            RedirectErrorReason::NotSecure => "the redirect leads to a URI without TLS",
            RedirectErrorReason::NoTarget => "the redirect does not name one target",
            RedirectErrorReason::Target { .. } => "the redirect does not lead to a WebSocket",
        })?;
        if let RedirectErrorReason::Target { location, error } = &self.reason {
            write!(f, ", but to {location} ({error})")?;
        }
        f.write_str(": ")?;
        for (index, hop) in self.hops.iter().enumerate() {
            write!(f, "{}{hop}", if index == 0 { "" } else { " -> " })?;
        }
        Ok(())
    }
}

impl Error for RedirectError {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the target to which `location` redirects a request for `uri`, or the error.
    fn next(uri: &str, location: &str) -> Result<String, String> {
        let response = Response::builder().status(302).header(LOCATION, location).body(()).expect("a response");
        let uri = uri.parse().expect("a URI");
        match Hops::new(1).next(&uri, &response) {
            Ok(target) => Ok(target.expect("a redirect").to_string()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// All messages would travel unencrypted.
    #[test]
    fn a_redirect_from_wss_to_ws_is_not_followed() {
        for location in ["http://example.org/b", "ws://example.org/b", "ws://example.org:443/b"] {
            let error = next("wss://example.org/a", location).expect_err(location);
            assert!(
                error.starts_with("the redirect leads to a URI without TLS: wss://example.org/a -> ws://"),
                "{error}"
            );
        }
        for (uri, location, target) in [
            ("wss://example.org/a", "//example.com/b", "wss://example.com/b"),
            ("wss://example.org/a", "https://example.com/b", "wss://example.com/b"),
            ("ws://example.org/a", "wss://example.org/a", "wss://example.org/a"),
            ("ws://example.org/a", "http://example.com/a", "ws://example.com/a"),
        ] {
            assert_eq!(next(uri, location).as_deref(), Ok(target));
        }
    }
}
