//! The URLs `/wire` and `/PATH?wire=TOKEN`, and the token that connects them.

use std::time::Duration;

use protocol::{Message, handshake::ReceivedRequest};

/// The path of the viewers.
pub(crate) const PATH: &str = "/wire";

/// The part of the query before the token.
const QUERY: &str = "wire=";

/// The lifetime of a token. A page needs one round trip to use its token; the remaining time is for
/// slow pages.
pub(super) const LIFETIME: Duration = Duration::from_secs(10);

/// Returns the token with which `request` asks for a tap on its connection, or `None` if it
/// contains no token.
pub(crate) fn token_in(request: &ReceivedRequest) -> Option<&str> {
    request.head().uri().query()?.strip_prefix(QUERY)
}

/// Returns the first message sent to a viewer, which contains the token for the connection to view.
pub(super) fn announcement(token: &str) -> Message {
    Message::text(serde_json::json!({ "token": token }).to_string())
}

/// Creates a token of 128 random bits, so that nobody can guess it.
pub(super) fn new_token() -> String {
    format!("{:032x}", rand::random::<u128>())
}
