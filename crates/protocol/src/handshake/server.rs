//! The server's side of the opening handshake (section 4.2).
//!
//! Three steps, three types; each is made by the one before and by nothing else:
//!
//! ```text
//!   ServerHandshake ──poll──▶ ReceivedRequest ──check_upgrade──▶ UpgradeRequest ──accept──▶ UpgradeResponse
//!   collects bytes            any HTTP request           asks rightly        101 and what was agreed
//!                                 │                          │
//!                                 └────────── rejection ───────┘──▶ 4xx
//! ```

use bytes::{Buf, BytesMut};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Version,
    header::{
        ALLOW, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, ORIGIN, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS,
        SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING, UPGRADE,
    },
};

use super::{
    Status, VERSION,
    extensions::Extension,
    grammar::{list_has, only_line},
    head::{HeadBuffer, parse_request},
    key::{accept_key, is_valid_key},
    subprotocols,
};
use crate::{
    Role,
    extension::{self, DeflateOptions, NegotiatedDeflate},
    limits::Limits,
    usage_error::UsageError,
    violation::{Answer, Violation},
};

/// A server that waits for a request.
#[derive(Debug)]
pub struct ServerHandshake {
    head: HeadBuffer,
    limits: Limits,
}

impl ServerHandshake {
    /// Waits for a request within `limits`.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { head: HeadBuffer::new(), limits }
    }

    /// The buffer to which bytes from the client are added.
    pub fn input(&mut self) -> &mut BytesMut {
        &mut self.head.input
    }

    /// Takes the request out of the input when it is complete.
    ///
    /// # Errors
    /// [`Violation::MalformedHead`] and other faults of a head that is no HTTP/1.1 at all; answer with [`rejection`].
    pub fn poll(mut self) -> Result<Status<Self, ReceivedRequest>, Violation> {
        match self.head.poll(&self.limits, parse_request)? {
            Some((head, len)) => Ok(Status::Complete(ReceivedRequest { head, len, received: self.head.input })),
            None => Ok(Status::Partial(self)),
        }
    }
}

/// An HTTP request, perhaps for a WebSocket and perhaps not.
#[derive(Debug)]
pub struct ReceivedRequest {
    head: http::Request<()>,
    /// How many bytes the head has.
    len: usize,
    /// The head's bytes and all that came behind them.
    received: BytesMut,
}

impl ReceivedRequest {
    /// Method, target, version and headers.
    #[must_use]
    pub const fn head(&self) -> &http::Request<()> {
        &self.head
    }

    /// The headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.head.headers()
    }

    /// The path of the request target, without the query.
    #[must_use]
    pub fn path(&self) -> &str {
        self.head.uri().path()
    }

    /// The `Origin` header: which web page asks (section 10.2). Browsers always send it; what is not a browser can send
    /// anything or nothing.
    #[must_use]
    pub fn origin(&self) -> Option<&str> {
        only_line(self.headers(), &ORIGIN)
    }

    /// The `Host` header.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        only_line(self.headers(), &HOST)
    }

    /// Whether the request asks for a WebSocket at all, rightly or wrongly. If not, it is ordinary HTTP.
    #[must_use]
    pub fn wants_websocket(&self) -> bool {
        list_has(self.headers(), &UPGRADE, "websocket")
    }

    /// Everything that was received so far, byte by byte: the head, and behind it what [`into_rest`](Self::into_rest)
    /// gives. For whoever wants to show it; it was not copied for that.
    #[must_use]
    pub fn received(&self) -> &[u8] {
        &self.received
    }

    /// Bytes that followed the head. After an accepted handshake they are frames.
    #[must_use]
    pub fn into_rest(mut self) -> BytesMut {
        self.received.advance(self.len);
        self.received
    }

    /// Checks everything that section 4.2.1 asks of a WebSocket request.
    ///
    /// # Errors
    /// The first rule that the request breaks; answer with [`rejection`].
    pub fn check_upgrade(&self) -> Result<UpgradeRequest, Violation> {
        let headers = self.headers();
        //= docs/src/rfc6455.md#section-4-2-1
        //# The server MUST refuse a request that is not a GET, or whose HTTP version is below 1.1.
        if self.head.method() != Method::GET {
            return Err(Violation::MethodNotGet(self.head.method().to_string()));
        }
        if self.head.version() < Version::HTTP_11 {
            return Err(Violation::HttpVersionTooOld);
        }
        let target = self.head.uri();
        //= docs/src/rfc6455.md#section-4-2-1
        //# The server MUST refuse a request whose target is neither a resource name nor an absolute `http` or `https`
        //# URI.
        if !target.path().starts_with('/') || !matches!(target.scheme_str(), None | Some("http" | "https")) {
            return Err(Violation::TargetMalformed);
        }
        // Both are lists: `Connection: keep-alive, Upgrade` is what Firefox sends.
        //= docs/src/rfc6455.md#section-4-2-1
        //# The server MUST refuse a request whose `Upgrade` header does not contain `websocket`, without regard to
        //# ASCII case.
        if !self.wants_websocket() {
            return Err(Violation::UpgradeMissing);
        }
        //= docs/src/rfc6455.md#section-4-2-1
        //# The server MUST refuse a request whose `Connection` header does not contain the token `Upgrade`, without
        //# regard to ASCII case.
        if !list_has(headers, &CONNECTION, "upgrade") {
            return Err(Violation::ConnectionWithoutUpgrade);
        }
        //= docs/src/rfc6455.md#section-4-2-1
        //# The server MUST refuse a request without a `Host` header.
        if only_line(headers, &HOST).is_none_or(str::is_empty) {
            return Err(Violation::HostNotOnce);
        }
        // A body would stand where the frames begin, and two readers could disagree about which it is.
        let has_body = headers.get_all(CONTENT_LENGTH).iter().any(|length| length != "0");
        if has_body || headers.contains_key(TRANSFER_ENCODING) {
            return Err(Violation::RequestWithBody);
        }
        // Before the key: another version may well have other rules for it.
        //= docs/src/rfc6455.md#section-11-3-5
        //# A request MUST NOT have more than one `Sec-WebSocket-Version` header.
        match headers.get_all(SEC_WEBSOCKET_VERSION).iter().count() {
            0 => return Err(Violation::VersionUnsupported(None)),
            1 => {}
            _ => return Err(Violation::VersionRepeated),
        }
        let version = only_line(headers, &SEC_WEBSOCKET_VERSION).unwrap_or_default();
        //= docs/src/rfc6455.md#section-4-2-1
        //# The server MUST refuse a request whose `Sec-WebSocket-Version` is not 13.
        if version != VERSION {
            return Err(Violation::VersionUnsupported(Some(version.to_owned())));
        }
        //= docs/src/rfc6455.md#section-11-3-1
        //# A request MUST NOT have more than one `Sec-WebSocket-Key` header.
        let key = only_line(headers, &SEC_WEBSOCKET_KEY).ok_or(Violation::KeyNotOnce)?;
        //= docs/src/rfc6455.md#section-4-2-1
        //# The server MUST refuse a request whose `Sec-WebSocket-Key` is not the Base64 of 16 bytes.
        if !is_valid_key(key) {
            return Err(Violation::KeyMalformed);
        }
        // The origin is for the application to judge.
        //= docs/src/rfc6455.md#section-4-2-1
        //# `Sec-WebSocket-Protocol` may list the subprotocols that the client would speak, and
        //# `Sec-WebSocket-Extensions` the extensions, the best first.
        //= docs/src/rfc6455.md#section-4-2-1
        //# Headers that the server does not know are ignored.
        Ok(UpgradeRequest {
            accept: accept_key(key),
            subprotocols: subprotocols(headers)?,
            extensions: Extension::parse_all(headers)?,
        })
    }
}

/// A request that asks for a WebSocket in the right way. [Accept](Self::accept) it, or answer with a refusal.
#[derive(Debug, Clone)]
pub struct UpgradeRequest {
    accept: String,
    subprotocols: Vec<String>,
    extensions: Vec<Extension>,
}

impl UpgradeRequest {
    /// The subprotocols that the client would speak, best first.
    #[must_use]
    pub fn subprotocols(&self) -> &[String] {
        &self.subprotocols
    }

    /// The extensions that the client offers, best first.
    #[must_use]
    pub fn extensions(&self) -> &[Extension] {
        &self.extensions
    }

    /// Makes the 101 response (section 4.2.2).
    ///
    /// # Errors
    /// [`UsageError::SubprotocolNotOffered`], [`UsageError::ExtensionNotOffered`], [`UsageError::ExtensionConflict`],
    /// [`UsageError::HeaderReserved`].
    //= docs/src/rfc6455.md#section-4-2-2
    //# To accept a connection, the server MUST go through the steps of this section.
    pub fn accept(self, acceptance: UpgradeOptions) -> Result<UpgradeResponse, UsageError> {
        let UpgradeOptions { subprotocol, mut extensions, deflate, headers } = acceptance;
        let mut response = Response::new(String::new());
        //= docs/src/rfc6455.md#section-4-2-2
        //# The status of the accepting response MUST be 101.
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let lines = response.headers_mut();
        //= docs/src/rfc6455.md#section-4-2-2
        //# The accepting response MUST have the header `Upgrade: websocket`.
        lines.insert(UPGRADE, HeaderValue::from_static("websocket"));
        // One token and no list: there are clients that compare the whole value.
        //= docs/src/rfc6455.md#section-4-2-2
        //# The accepting response MUST have the header `Connection: Upgrade`.
        lines.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        //= docs/src/rfc6455.md#section-4-2-2
        //# The accepting response MUST have a `Sec-WebSocket-Accept` header: the Base64 of the SHA-1 of the key
        //# followed by `258EAFA5-E914-47DA-95CA-C5AB0DC85B11`.
        lines.insert(SEC_WEBSOCKET_ACCEPT, header_value(&self.accept)?);
        //= docs/src/rfc6455.md#section-4-2-2
        //# A server that agrees to none of the subprotocols MUST NOT send a `Sec-WebSocket-Protocol` header.
        if let Some(name) = &subprotocol {
            //= docs/src/rfc6455.md#section-4-2-2
            //# The subprotocol that the server chooses MUST be one that the client listed.
            if !self.subprotocols.contains(name) {
                return Err(UsageError::SubprotocolNotOffered(name.clone()));
            }
            lines.insert(SEC_WEBSOCKET_PROTOCOL, header_value(name)?);
        }
        //= docs/src/rfc6455.md#section-9
        //# A server MAY accept some or all of the extensions that it was asked for.
        //= docs/src/rfc6455.md#section-4-2-2
        //# The extensions that the server chooses MUST be taken from the client's list.
        for extension in &extensions {
            //= docs/src/rfc6455.md#section-4-2-2
            //# Extensions that the client did not list MUST NOT be listed by the server.
            //= docs/src/rfc6455.md#section-9
            //# A server MUST NOT answer with an extension that it was not asked for.
            if !self.extensions.iter().any(|offered| offered.name() == extension.name()) {
                return Err(UsageError::ExtensionNotOffered(extension.name().to_owned()));
            }
        }
        let mut compression = None;
        if let Some((element, agreed)) = deflate.and_then(|options| extension::accept(&options, &self.extensions)) {
            extensions.push(element);
            compression = Some(agreed);
        }
        extension::check_no_conflict(&extensions)?;
        if !extensions.is_empty() {
            let list: Vec<String> = extensions.iter().map(ToString::to_string).collect();
            lines.insert(SEC_WEBSOCKET_EXTENSIONS, header_value(&list.join(", "))?);
        }
        check_extra_headers(&headers)?;
        lines.extend(headers);
        Ok(UpgradeResponse { response, subprotocol, extensions, compression })
    }
}

/// What a server chooses when it accepts. The default chooses nothing, which is always right.
#[derive(Debug, Clone, Default)]
pub struct UpgradeOptions {
    /// One of the subprotocols that the client offered.
    pub subprotocol: Option<String>,
    /// Some of the extensions that the client offered, with the parameters agreed on.
    pub extensions: Vec<Extension>,
    /// Compress messages (permessage-deflate, RFC 7692) if the client offers it in a way that these options allow.
    pub deflate: Option<DeflateOptions>,
    /// More headers for the response, such as `Set-Cookie`.
    pub headers: HeaderMap,
}

/// An accepted handshake: once the response is sent the connection is OPEN.
#[derive(Debug, Clone)]
pub struct UpgradeResponse {
    /// The 101 response; [`encode_response`](super::encode_response) makes bytes of it.
    pub response: Response<String>,
    /// The subprotocol in use.
    pub subprotocol: Option<String>,
    /// The extensions in use.
    pub extensions: Vec<Extension>,
    /// What was agreed on compression, for [`with_deflate`](crate::Connection::with_deflate).
    pub compression: Option<NegotiatedDeflate>,
}

/// The response that refuses a request because of `violation`: a fitting status, what would have been right, and the
/// sentence as plain text.
//= docs/src/rfc6455.md#section-4-2-1
//# A request that is not as described here, be it only in its grammar, MUST be answered with an HTTP error, 400 for
//# example.
#[must_use]
pub fn rejection(violation: &Violation) -> Response<String> {
    let status = match violation.answer(Role::Server) {
        Answer::Refuse(status) => status,
        Answer::Close(_) | Answer::Disconnect => StatusCode::BAD_REQUEST,
    };
    let mut response = Response::new(format!("{violation}\n"));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    match status {
        StatusCode::METHOD_NOT_ALLOWED => {
            headers.insert(ALLOW, HeaderValue::from_static("GET"));
        }
        StatusCode::UPGRADE_REQUIRED => {
            //= docs/src/rfc6455.md#section-4-2-2
            //# If the server does not know the version, it MUST end the handshake with an HTTP error, such as 426, and
            //# name in `Sec-WebSocket-Version` the versions that it knows.
            //= docs/src/rfc6455.md#section-4-4
            //# A server that does not speak the version asked for MUST list all the versions that it would speak in
            //# `Sec-WebSocket-Version`.
            headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static(VERSION));
            // A 426 names what to upgrade to (RFC 9110, 15.5.22).
            headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
            headers.insert(CONNECTION, HeaderValue::from_static("Upgrade, close"));
        }
        _ => {}
    }
    response
}

/// Refuses headers that are the handshake's own business.
pub(super) fn check_extra_headers(headers: &HeaderMap) -> Result<(), UsageError> {
    let reserved = |name: &&HeaderName| {
        name.as_str().starts_with("sec-websocket-")
            || [HOST, UPGRADE, CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING].contains(*name)
    };
    match headers.keys().find(reserved) {
        Some(name) => Err(UsageError::HeaderReserved(name.to_string())),
        None => Ok(()),
    }
}

fn header_value(text: &str) -> Result<HeaderValue, UsageError> {
    HeaderValue::from_str(text).map_err(|_| UsageError::HeaderInvalid(text.to_owned()))
}
