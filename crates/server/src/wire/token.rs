//! The URLs `/?wire` and `/wire/TOKEN`, and the token that connects them.

use std::time::Duration;

use protocol::{Message, handshake::ReceivedRequest};

/// The part of the path before the token.
const PATH: &str = "/wire/";

/// The query with which a connection requests a tap.
const QUERY: &str = "wire";

/// The lifetime of a token. A page needs one round trip to use its token; the remaining time is for
/// slow pages.
pub(super) const LIFETIME: Duration = Duration::from_secs(10);

/// Returns whether `request` requests a tap on its connection.
pub(crate) fn is_requested(request: &ReceivedRequest) -> bool {
    request.path() == "/" && request.head().uri().query() == Some(QUERY)
}

/// Returns the token in `path`, or `None` if the path has no token.
pub(crate) fn token_in(path: &str) -> Option<&str> {
    path.strip_prefix(PATH)
}

/// Returns `path` in a form that may be logged: without its token.
pub(crate) fn hide_token(path: &str) -> &str {
    if token_in(path).is_some() { "/wire/..." } else { path }
}

/// Returns the first message of a tapped connection, with the token for viewing it. If `token` is
/// `None`, the message reports that no tap was free.
pub(crate) fn announcement(token: Option<&str>) -> Message {
    Message::text(serde_json::json!({ "wire": token }).to_string())
}

/// Makes a token of 128 random bits, which cannot be guessed.
pub(super) fn new_token() -> String {
    format!("{:032x}", rand::random::<u128>())
}
