//! The opening handshake: an HTTP request and its response, after which the same TCP connection
//! carries frames (section 4).
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
//!   does this answer                                           │
//!   my request?                                                │
//!     │ ◀═══════════════════ frames ═════════════════════════▶ │
//! ```
//!
//! An example with a client and a server in memory:
//!
//! ```
//! use protocol::{
//!     Limits,
//!     handshake::{ClientRequest, Nonce, ServerHandshake, Status, UpgradeOptions, encode_response},
//! };
//!
//! let request = ClientRequest::new("ws://example.org/chat".parse()?).subprotocol("chat.v1")?;
//! let mut client = request.handshake(Nonce(*b"the sample nonce"), Limits::default());
//!
//! let mut server = ServerHandshake::new(Limits::default());
//! server.input().extend_from_slice(&client.request_bytes());
//! let Status::Complete(received) = server.poll()? else { panic!("the request is incomplete") };
//! let upgrade = received.check_upgrade()?;
//! assert_eq!(upgrade.subprotocols(), ["chat.v1"]);
//! let accepted = upgrade.accept(UpgradeOptions::default().subprotocol("chat.v1"))?;
//!
//! client.input().extend_from_slice(&encode_response(&accepted.response));
//! let Status::Complete(established) = client.poll()? else { panic!("the response is incomplete") };
//! assert_eq!(established.subprotocol.as_deref(), Some("chat.v1"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | file | what it holds |
//! |---|---|
//! | [`client`] | the client's request, and its checks of the response |
//! | [`server`] | the server's checks of a request, and its response |
//! | [`extended_connect`] | the client's request in HTTP/2, and its checks of the response |
//! | [`violation`] | every rule of the handshake that a peer can break |
//! | [`key`] | the key, and the accept value that is computed from it |
//! | [`extensions`] | the list of extensions |
//! | `subprotocols` | the list of subprotocols |
//! | `version` | the version of the protocol |
//! | `status` | the result of polling a handshake |
//! | `grammar` | tokens, lists and quoted strings |
//! | `head` | HTTP heads, parsed with `httparse` |
//! | `body` | the body of a response that rejects the handshake |

mod body;
pub mod client;
pub mod extended_connect;
pub mod extensions;
mod grammar;
mod head;
pub mod key;
pub mod server;
mod status;
mod subprotocols;
mod version;
pub mod violation;

pub use self::{
    body::ResponseBody,
    client::{ClientHandshake, ClientRequest, Established, HandshakeError},
    extended_connect::ExtendedConnect,
    extensions::Extension,
    head::{encode_response, encode_response_to, parse_response},
    key::{Nonce, accept_digest, accept_key},
    server::{ReceivedRequest, ServerHandshake, UpgradeOptions, UpgradeRequest, UpgradeResponse, rejection},
    status::Status,
    version::VERSION,
    violation::HandshakeViolation,
};
