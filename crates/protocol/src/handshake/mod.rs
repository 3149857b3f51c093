//! The opening handshake: an HTTP request and its answer, after which the same TCP connection speaks frames
//! (section 4).
//!
//! ```text
//!   client                                                   server
//!     │  GET /chat HTTP/1.1                                    │
//!     │  Host: example.org                                     │
//!     │  Upgrade: websocket                                    │
//!     │  Connection: Upgrade                                   │
//!     │  Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==           │
//!     │  Sec-WebSocket-Version: 13                             │
//!     │ ─────────────────────────────────────────────────────▶ │  is this a WebSocket request?
//!     │                                                        │  do we want it?
//!     │  HTTP/1.1 101 Switching Protocols                      │
//!     │  Upgrade: websocket                                    │
//!     │  Connection: Upgrade                                   │
//!     │  Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=    │
//!     │ ◀───────────────────────────────────────────────────── │
//!   is this an answer                                          │
//!   to what was asked?                                         │
//!     │ ◀═══════════════════ frames ═════════════════════════▶ │
//! ```
//!
//! | file | what it holds |
//! |---|---|
//! | [`client`] | the client's request, and its judgement of the response |
//! | [`server`] | the server's judgement of a request, and its response |
//! | [`key`] | how the accept value follows from the key |
//! | [`extensions`] | the list of extensions |
//! | `grammar` | tokens, lists and quoted strings |
//! | `head` | heads, with the help of `httparse` |

pub mod client;
pub mod extensions;
mod grammar;
mod head;
pub mod key;
pub mod server;

use std::collections::HashSet;

use http::{HeaderMap, header::SEC_WEBSOCKET_PROTOCOL};

pub use self::{
    client::{ClientHandshake, ClientRequest, Established, HandshakeError},
    extensions::Extension,
    head::{encode_response, parse_response},
    key::{Nonce, accept_digest, accept_key},
    server::{ReceivedRequest, ServerHandshake, UpgradeOptions, UpgradeRequest, UpgradeResponse, rejection},
};
use crate::violation::Violation;

/// The version of the protocol that RFC 6455 describes. Versions 0 to 8 were drafts, 9 to 12 were never used
/// (section 11.6).
pub const VERSION: &str = "13";

/// Where a handshake stands after the bytes that came so far.
///
/// A handshake is consumed by looking at it. What comes back is either the same handshake, which needs more bytes, or
/// what it became; so nobody can go on with one that is over, or take one for complete that is not.
#[derive(Debug)]
pub enum Status<Handshake, Outcome> {
    /// More bytes are needed.
    Partial(Handshake),
    /// The head was complete.
    Complete(Outcome),
}

/// The subprotocols that a request names, best first.
fn subprotocols(headers: &HeaderMap) -> Result<Vec<String>, Violation> {
    let mut names = Vec::new();
    let mut seen = HashSet::new();
    //= docs/src/rfc6455.md#section-11-3-4
    //# A request MAY have several `Sec-WebSocket-Protocol` headers.
    for line in grammar::lines(headers, &SEC_WEBSOCKET_PROTOCOL) {
        for name in line.ok_or(Violation::SubprotocolMalformed)?.split(',') {
            let name = name.trim_matches([' ', '\t']);
            if name.is_empty() {
                continue;
            }
            if !grammar::is_token(name) {
                return Err(Violation::SubprotocolMalformed);
            }
            // Upper and lower case differ here: these are names of the application's own.
            if !seen.insert(name) {
                return Err(Violation::SubprotocolRepeated(name.to_owned()));
            }
            names.push(name.to_owned());
        }
    }
    //= docs/src/rfc6455.md#section-4-3
    //# `1#` is a list with commas and at least one element; empty elements do not count, and neither does white space
    //# around an element.
    if names.is_empty() && headers.contains_key(SEC_WEBSOCKET_PROTOCOL) {
        return Err(Violation::SubprotocolMalformed);
    }
    Ok(names)
}
