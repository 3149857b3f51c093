//! The rules of the opening handshake that a peer can break (sections 4.1 and 4.2.1).
//!
//! A server answers an invalid request with an HTTP status, which [`HandshakeViolation::status`]
//! returns. A client cannot report an invalid response to the server, because frames cannot be sent
//! yet, so the client drops the TCP connection.

use std::fmt;

use http::StatusCode;

use crate::rfc::RfcSection;

/// A rule of the opening handshake that the peer broke.
///
/// `Display` prints one sentence, followed in parentheses by the rule's section or by a note that
/// the rule is a limit of this endpoint.
//= docs/src/rfc6455.md#section-10-7
//# Clients and servers MUST always validate incoming data.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum HandshakeViolation {
    // ---- Request and response ----------------------------------------------------------------
    /// The bytes are not an HTTP/1.1 head. Holds the parser's reason.
    MalformedHead(String),
    /// The head is longer than [`Limits::max_head_bytes`](crate::Limits::max_head_bytes).
    HeadTooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The head has more headers than [`Limits::max_headers`](crate::Limits::max_headers).
    TooManyHeaders {
        /// The maximum number of headers.
        limit: usize,
    },
    /// The version is HTTP/1.0, which has no `Upgrade`.
    HttpVersionTooOld,
    /// `Upgrade: websocket` is missing.
    UpgradeMissing,
    /// `Connection` does not list the token `Upgrade`.
    ConnectionWithoutUpgrade,
    /// `Sec-WebSocket-Extensions` does not follow its grammar.
    ExtensionsMalformed,
    /// `Sec-WebSocket-Protocol` does not follow its grammar.
    SubprotocolMalformed,

    // ---- The request, checked by the server (section 4.2.1) ------------------------------------
    /// The method is not GET. Holds the method.
    MethodNotGet(String),
    /// The request target is neither a path nor a valid absolute `http` or `https` URI, or it has a
    /// fragment.
    TargetMalformed,
    /// The request announces a body.
    RequestWithBody,
    /// The request does not have exactly one `Host` header.
    HostNotOnce,
    /// `Host` is neither a host nor a host with a port. Holds the value.
    HostMalformed(String),
    /// The request does not have exactly one `Sec-WebSocket-Key` header.
    KeyNotOnce,
    /// `Sec-WebSocket-Key` is not the Base64 of 16 bytes.
    KeyMalformed,
    /// The request has more than one `Sec-WebSocket-Version` header.
    VersionRepeated,
    /// The version is missing or is not 13. Holds the version that was requested.
    VersionUnsupported(Option<String>),
    /// A subprotocol is named twice.
    SubprotocolRepeated(String),

    // ---- The request in HTTP/2, checked by the server (RFC 8441) -------------------------------
    /// The request has no `:protocol`, so it does not ask for a WebSocket connection.
    ProtocolMissing,
    /// `:protocol` is not `websocket`. Holds the value.
    ProtocolNotWebsocket(String),
    /// The request has `:protocol`, but its method is not CONNECT. Holds the method.
    MethodNotConnect(String),
    /// The request has no pseudo-header of this name.
    PseudoHeaderMissing(&'static str),
    /// The request has `connection` or `upgrade`, headers that do not exist in HTTP/2. Holds the
    /// header's name.
    HeaderOfHttp1(String),

    // ---- The response, checked by the client (section 4.1) -------------------------------------
    /// `Upgrade` names a protocol other than `websocket`, alone or in addition to `websocket`.
    UpgradeToSomethingElse,
    /// The response does not have exactly one `Sec-WebSocket-Accept` header.
    AcceptNotOnce,
    /// `Sec-WebSocket-Accept` does not match the key that was sent.
    AcceptWrong {
        /// The value that the server should have computed from the key.
        expected: String,
        /// The value that arrived.
        received: String,
    },
    /// The server chose a subprotocol that was not offered.
    SubprotocolNotOffered(String),
    /// The server accepted an extension that was not offered.
    ExtensionNotOffered(String),
    /// The server accepted two extensions that both use RSV1.
    ExtensionConflict(String),
    /// The server's answer to an offer of permessage-deflate is invalid. Holds the reason.
    DeflateAnswerWrong(String),
}

impl HandshakeViolation {
    /// Returns the section that contains the rule, or `None` for a limit of this implementation.
    #[must_use]
    pub const fn section(&self) -> Option<RfcSection> {
        Some(match self {
            Self::UpgradeToSomethingElse
            | Self::AcceptWrong { .. }
            | Self::SubprotocolNotOffered(_)
            | Self::ExtensionNotOffered(_)
            | Self::SubprotocolRepeated(_) => RfcSection::websocket("4.1"),
            Self::MalformedHead(_)
            | Self::UpgradeMissing
            | Self::ConnectionWithoutUpgrade
            | Self::MethodNotGet(_)
            | Self::TargetMalformed
            | Self::HostNotOnce
            | Self::KeyMalformed => RfcSection::websocket("4.2.1"),
            Self::VersionUnsupported(_) => RfcSection::websocket("4.2.2"),
            Self::SubprotocolMalformed => RfcSection::websocket("4.3"),
            Self::ExtensionsMalformed => RfcSection::websocket("9.1"),
            Self::KeyNotOnce => RfcSection::websocket("11.3.1"),
            Self::AcceptNotOnce => RfcSection::websocket("11.3.3"),
            Self::VersionRepeated => RfcSection::websocket("11.3.5"),
            Self::MethodNotConnect(_) | Self::PseudoHeaderMissing(_) => RfcSection::http2("4"),
            Self::ProtocolMissing | Self::ProtocolNotWebsocket(_) | Self::HeaderOfHttp1(_) => RfcSection::http2("5"),
            Self::ExtensionConflict(_) => RfcSection::deflate("5"),
            Self::DeflateAnswerWrong(_) => RfcSection::deflate("7"),
            // This rule comes from HTTP, not from RFC 6455: `Upgrade` is ignored in an HTTP/1.0
            // message.
            Self::HttpVersionTooOld => RfcSection { rfc: 9110, section: "7.8" },
            // RFC 6455 requires the header but leaves its grammar to HTTP.
            Self::HostMalformed(_) => RfcSection { rfc: 9112, section: "3.2" },
            // HTTP allows a body in the request, and heads of any size. This implementation chooses
            // to reject bodies and large heads, so there is no section to name.
            Self::RequestWithBody | Self::HeadTooLong { .. } | Self::TooManyHeaders { .. } => return None,
        })
    }

    /// Returns the HTTP status with which a server answers the request.
    //= docs/src/rfc6455.md#section-10-7
    //# During the handshake, a server SHOULD respond with an appropriate HTTP status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::HeadTooLong { .. } | Self::TooManyHeaders { .. } => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::MethodNotGet(_) => StatusCode::METHOD_NOT_ALLOWED,
            // If a client requests another protocol or another version, status 426 tells it which
            // protocol and version the server supports.
            Self::UpgradeMissing | Self::VersionUnsupported(_) => StatusCode::UPGRADE_REQUIRED,
            // HTTP/2 has no `Upgrade`, so 426 cannot name a protocol to upgrade to. Use 501,
            // because the server understands the request but does not implement the protocol.
            Self::ProtocolNotWebsocket(_) => StatusCode::NOT_IMPLEMENTED,
            Self::MalformedHead(_)
            | Self::ProtocolMissing
            | Self::MethodNotConnect(_)
            | Self::PseudoHeaderMissing(_)
            | Self::HeaderOfHttp1(_)
            | Self::HttpVersionTooOld
            | Self::ConnectionWithoutUpgrade
            | Self::ExtensionsMalformed
            | Self::SubprotocolMalformed
            | Self::TargetMalformed
            | Self::RequestWithBody
            | Self::HostNotOnce
            | Self::HostMalformed(_)
            | Self::KeyNotOnce
            | Self::KeyMalformed
            | Self::VersionRepeated
            | Self::SubprotocolRepeated(_)
            | Self::UpgradeToSomethingElse
            | Self::AcceptNotOnce
            | Self::AcceptWrong { .. }
            | Self::SubprotocolNotOffered(_)
            | Self::ExtensionNotOffered(_)
            | Self::ExtensionConflict(_)
            | Self::DeflateAnswerWrong(_) => StatusCode::BAD_REQUEST,
        }
    }
}

impl fmt::Display for HandshakeViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MalformedHead(reason) => write!(f, "this is not an HTTP/1.1 head: {reason}"),
            Self::HeadTooLong { limit } => write!(f, "the HTTP head is longer than {limit} bytes"),
            Self::TooManyHeaders { limit } => write!(f, "the HTTP head has more than {limit} header lines"),
            Self::HttpVersionTooOld => f.write_str("the handshake needs HTTP/1.1 or later"),
            Self::UpgradeMissing => f.write_str("the header 'Upgrade: websocket' is missing"),
            Self::ConnectionWithoutUpgrade => f.write_str("the header Connection does not list 'Upgrade'"),
            Self::ExtensionsMalformed => f.write_str("Sec-WebSocket-Extensions is malformed"),
            Self::SubprotocolMalformed => f.write_str("Sec-WebSocket-Protocol is malformed"),
            Self::MethodNotGet(method) => write!(f, "the method must be GET, not {method}"),
            Self::TargetMalformed => {
                f.write_str("the request target is neither a path nor an http or https URI, or it has a fragment")
            }
            Self::RequestWithBody => f.write_str("the request announces a body, which an upgrade cannot have"),
            Self::HostNotOnce => f.write_str("exactly one Host header is required"),
            Self::HostMalformed(value) => {
                write!(f, "Host must be a host, or a host and a port, and not '{}'", value.escape_debug())
            }
            Self::KeyNotOnce => f.write_str("exactly one Sec-WebSocket-Key header is required"),
            Self::KeyMalformed => f.write_str("Sec-WebSocket-Key must be the Base64 of 16 bytes"),
            Self::VersionRepeated => f.write_str("only one Sec-WebSocket-Version header is allowed"),
            Self::VersionUnsupported(None) => f.write_str("Sec-WebSocket-Version is missing; 13 is supported"),
            Self::VersionUnsupported(Some(version)) => {
                write!(f, "version '{}' is not supported; 13 is", version.escape_debug())
            }
            Self::SubprotocolRepeated(name) => write!(f, "the subprotocol '{name}' is named twice"),
            Self::ProtocolMissing => {
                f.write_str("a WebSocket in HTTP/2 needs a CONNECT request with ':protocol' = 'websocket'")
            }
            Self::ProtocolNotWebsocket(protocol) => {
                write!(f, ":protocol must be 'websocket', not '{}'", protocol.escape_debug())
            }
            Self::MethodNotConnect(method) => write!(f, "a request with :protocol must be CONNECT, not {method}"),
            Self::PseudoHeaderMissing(name) => write!(f, "a request with :protocol needs {name}"),
            Self::HeaderOfHttp1(name) => write!(f, "HTTP/2 has no header '{name}'"),
            Self::UpgradeToSomethingElse => f.write_str("the header Upgrade must be 'websocket' and nothing else"),
            Self::AcceptNotOnce => f.write_str("exactly one Sec-WebSocket-Accept header is required"),
            Self::AcceptWrong { expected, received } => {
                write!(f, "Sec-WebSocket-Accept is '{}' instead of '{expected}'", received.escape_debug())
            }
            Self::SubprotocolNotOffered(name) => {
                write!(f, "the server chose the subprotocol '{}', which was not offered", name.escape_debug())
            }
            Self::ExtensionNotOffered(name) => {
                write!(f, "the server accepted the extension '{name}', which was not offered")
            }
            Self::ExtensionConflict(name) => {
                write!(f, "the server accepted the extension '{name}' in addition to another one that uses RSV1")
            }
            Self::DeflateAnswerWrong(what) => write!(f, "the server's answer on permessage-deflate is wrong: {what}"),
        }?;
        match self.section() {
            Some(section) => write!(f, " ({section})"),
            None => f.write_str(" (a limit of this endpoint)"),
        }
    }
}

impl std::error::Error for HandshakeViolation {}
