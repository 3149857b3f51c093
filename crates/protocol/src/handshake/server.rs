//! The server's side of the opening handshake (section 4.2).
//!
//! An accepting response can be created only from a request that has passed the checks, so it
//! always answers a valid request:
//!
//! ```text
//!   ServerHandshake ─poll─▶ ReceivedRequest ─check_upgrade─▶ UpgradeRequest ─accept─▶ UpgradeResponse
//!   collects bytes          any HTTP request                 a valid upgrade          101, and the
//!                                  │                                │                 negotiation
//!                                  └─────────── rejection ──────────┘──▶ 4xx or 501
//! ```
//!
//! In HTTP/2, an extended CONNECT replaces the upgrade, and 200 replaces 101 (RFC 8441). This crate
//! does not parse HTTP/2, so another HTTP implementation must parse the request. The server checks
//! the offers, and chooses among them, in the same way as in HTTP/1.1.

use std::fmt;

use bytes::{Buf, BytesMut};
use http::{
    HeaderMap, HeaderValue, Method, Response, StatusCode, Version,
    header::{
        ALLOW, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, ORIGIN, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS,
        SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING, UPGRADE,
    },
};

use super::{
    extensions::Extension,
    grammar::{list_has, only_line},
    head::{HeadBuffer, check_extra_headers, mark_credentials, parse_request},
    key::{accept_key, is_valid_key},
    status::Status,
    subprotocols::subprotocols,
    version::VERSION,
    violation::HandshakeViolation,
};
use crate::{
    extension::{self, DeflateOptions, NegotiatedDeflate},
    limits::Limits,
    uri::Authority,
    usage_error::UsageError,
};

/// A server's handshake that awaits the request.
#[derive(Debug)]
pub struct ServerHandshake {
    head: HeadBuffer,
    limits: Limits,
}

impl ServerHandshake {
    /// Creates a handshake that accepts a request head within `limits`.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { head: HeadBuffer::new(), limits }
    }

    /// Returns the buffer to which the driver appends bytes from the client.
    pub fn input(&mut self) -> &mut BytesMut {
        &mut self.head.input
    }

    /// Parses the request once it is complete. Until then, returns the handshake itself.
    ///
    /// # Errors
    /// The HTTP rule that the head breaks or the limit that it exceeds, such as
    /// [`HandshakeViolation::MalformedHead`]. Answer the request with [`rejection`].
    pub fn poll(mut self) -> Result<Status<Self, ReceivedRequest>, HandshakeViolation> {
        match self.head.poll(&self.limits, parse_request)? {
            Some((head, len)) => {
                Ok(Status::Complete(ReceivedRequest { head, len, received: self.head.input, protocol: None }))
            }
            None => Ok(Status::Partial(self)),
        }
    }
}

/// An HTTP request, which may or may not request a WebSocket connection.
///
/// [`ServerHandshake`] parses it from bytes. You can also convert a request that another HTTP
/// implementation has parsed. It then undergoes the same checks:
///
/// ```
/// use protocol::handshake::{ReceivedRequest, UpgradeOptions};
///
/// let request = http::Request::get("/chat")
///     .header("Host", "example.org")
///     .header("Upgrade", "websocket")
///     .header("Connection", "Upgrade")
///     .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
///     .header("Sec-WebSocket-Version", "13")
///     .body(())?;
/// let received = ReceivedRequest::from_head(&request);
/// let accepted = received.check_upgrade()?.accept(UpgradeOptions::default())?;
/// assert_eq!(accepted.response.headers()["Sec-WebSocket-Accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ReceivedRequest {
    head: http::Request<()>,
    /// The length of the head in bytes. 0 if another implementation has parsed the head.
    len: usize,
    /// The bytes of the head and everything that arrived after them. Empty if another
    /// implementation has parsed the head.
    received: BytesMut,
    /// The pseudo-header `:protocol` of an extended CONNECT request.
    protocol: Option<String>,
}

/// Omits the raw bytes, which may hold credentials. Headers that hold credentials are marked as
/// sensitive, so their values are not printed.
impl fmt::Debug for ReceivedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceivedRequest").field("head", &self.head).finish_non_exhaustive()
    }
}

impl ReceivedRequest {
    /// Copies the method, the target, the version and the headers of a request that another HTTP
    /// implementation has parsed.
    ///
    /// That implementation must limit the size of the head itself, because
    /// [`Limits::max_head_bytes`] and [`Limits::max_headers`] do not apply.
    #[must_use]
    pub fn from_head<B>(request: &http::Request<B>) -> Self {
        Self::copy_of(request.method(), request.uri(), request.version(), request.headers())
    }

    /// Copies a request as [`from_head`](Self::from_head) does, but from its separate parts.
    #[must_use]
    pub fn from_parts(parts: &http::request::Parts) -> Self {
        Self::copy_of(&parts.method, &parts.uri, parts.version, &parts.headers)
    }

    fn copy_of(method: &Method, uri: &http::Uri, version: Version, headers: &HeaderMap) -> Self {
        let mut head = http::Request::new(());
        *head.method_mut() = method.clone();
        *head.uri_mut() = uri.clone();
        *head.version_mut() = version;
        *head.headers_mut() = headers.clone();
        mark_credentials(head.headers_mut());
        Self { head, len: 0, received: BytesMut::new(), protocol: None }
    }

    /// Turns the request into an extended CONNECT (RFC 8441) by setting the pseudo-header
    /// `:protocol`, for which [`http::Request`] has no field. HTTP implementations keep the value
    /// of `:protocol` among the request's extensions.
    ///
    /// ```
    /// use protocol::handshake::{ReceivedRequest, UpgradeOptions};
    ///
    /// let request = http::Request::connect("https://example.org/chat")
    ///     .version(http::Version::HTTP_2)
    ///     .header("sec-websocket-version", "13")
    ///     .body(())?;
    /// let received = ReceivedRequest::from_head(&request).with_protocol("websocket");
    /// let accepted = received.check_upgrade()?.accept(UpgradeOptions::default())?;
    /// assert_eq!(accepted.response.status(), 200);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_protocol(mut self, protocol: &str) -> Self {
        self.protocol = Some(protocol.to_owned());
        self
    }

    /// Returns the head: method, target, version and headers.
    #[must_use]
    pub const fn head(&self) -> &http::Request<()> {
        &self.head
    }

    /// Returns the headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.head.headers()
    }

    /// Returns the path of the request target, without the query.
    #[must_use]
    pub fn path(&self) -> &str {
        self.head.uri().path()
    }

    /// Returns the `Origin` header: the site of the web page that opens the connection (section
    /// 10.2). Browsers always send it. Any other client can send any value, or none.
    ///
    /// Returns an empty string, which is not a valid origin, if the value has characters other than
    /// visible ASCII. Returns `None` if there is no such header, or more than one.
    #[must_use]
    pub fn origin(&self) -> Option<&str> {
        only_line(self.headers(), &ORIGIN)
    }

    /// Returns the host to which the request is addressed, with the port if one is given, exactly
    /// as the client wrote it. The host comes from the target if the target is absolute, and
    /// otherwise from the `Host` header. To check and normalise the host as well, use
    /// [`authority`](Self::authority).
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        match self.absolute_target() {
            Some((_, authority)) => Some(authority),
            None => only_line(self.headers(), &HOST),
        }
    }

    /// Returns the host and the port to which the request is addressed. Returns `None` for an
    /// HTTP/1.0 request that names no host; later versions of HTTP require one.
    ///
    /// If the target is absolute, as in `GET http://example.org/chat HTTP/1.1`, the host and the
    /// port are those of the target (RFC 9112, section 3.2.2). The `Host` header must then be valid
    /// too, but has no other effect.
    ///
    /// ```
    /// use protocol::{Limits, handshake::{ServerHandshake, Status}};
    ///
    /// let mut server = ServerHandshake::new(Limits::default());
    /// server.input().extend_from_slice(b"GET /chat HTTP/1.1\r\nHost: Example.org:8080\r\n\r\n");
    /// let Status::Complete(request) = server.poll()? else { panic!("the request is incomplete") };
    /// let authority = request.authority()?.expect("HTTP/1.1 requires Host");
    /// assert_eq!((authority.host(), authority.port()), ("example.org", Some(8080)));
    /// # Ok::<(), protocol::HandshakeViolation>(())
    /// ```
    ///
    /// # Errors
    /// A server must reject every request for which this method fails (RFC 9112, section 3.2),
    /// whether or not the request is for a WebSocket:
    /// - [`HandshakeViolation::HostNotOnce`] for more than one `Host` header, for an HTTP/1.1
    ///   request without one, and for an HTTP/2 request that has neither `Host` nor `:authority`;
    /// - [`HandshakeViolation::HostMalformed`] for a `Host` header that is neither a host nor a
    ///   host with a port;
    /// - [`HandshakeViolation::TargetMalformed`] for an absolute target that is not an `http` or
    ///   `https` URI, or has a malformed host or a user name.
    pub fn authority(&self) -> Result<Option<Authority>, HandshakeViolation> {
        let lines = self.headers().get_all(HOST).iter().count();
        let host = match lines {
            //= docs/src/rfc6455.md#section-4-2-1
            //# The server MUST reject a request without a `Host` header.
            0 if self.head.version() == Version::HTTP_11 => return Err(HandshakeViolation::HostNotOnce),
            // In HTTP/2 and later, the host can be in `:authority`, which is part of the target
            // here.
            //= docs/src/rfc8441.md#section-5
            //# The client MUST send the host in `:authority`, and not in `Host`.
            0 if self.head.version() > Version::HTTP_11 && self.absolute_target().is_none() => {
                return Err(HandshakeViolation::HostNotOnce);
            }
            0 => None,
            1 => {
                let host = only_line(self.headers(), &HOST).unwrap_or_default();
                Some(host.parse().map_err(|_| HandshakeViolation::HostMalformed(host.to_owned()))?)
            }
            _ => return Err(HandshakeViolation::HostNotOnce),
        };
        let Some((scheme, authority)) = self.absolute_target() else { return Ok(host) };
        if !matches!(scheme, "http" | "https") {
            return Err(HandshakeViolation::TargetMalformed);
        }
        authority.parse().map(Some).map_err(|_| HandshakeViolation::TargetMalformed)
    }

    /// Returns the scheme and the authority of an absolute target. Returns `None` for any other
    /// target, such as a path.
    fn absolute_target(&self) -> Option<(&str, &str)> {
        let uri = self.head.uri();
        Some((uri.scheme_str()?, uri.authority()?.as_str()))
    }

    /// Returns `true` if the request asks for a WebSocket connection, even if the request is
    /// invalid. Treat any other request as ordinary HTTP.
    #[must_use]
    pub fn wants_websocket(&self) -> bool {
        match &self.protocol {
            Some(protocol) => is_websocket(protocol),
            // HTTP/2 has no `Upgrade`.
            None => self.head.version() <= Version::HTTP_11 && list_has(self.headers(), &UPGRADE, "websocket"),
        }
    }

    /// Returns all received bytes. See
    /// [`observer::received_bytes`](crate::observer::received_bytes).
    pub(crate) fn received(&self) -> &[u8] {
        &self.received
    }

    /// Returns the bytes that followed the head. If the request is accepted, they belong to the
    /// first frames. If another implementation has parsed the head, there are none.
    #[must_use]
    pub fn into_rest(mut self) -> BytesMut {
        self.received.advance(self.len);
        self.received
    }

    /// Checks everything that section 4.2.1 or, in HTTP/2, RFC 8441 requires of a WebSocket
    /// request.
    ///
    /// # Errors
    /// The first rule that the request breaks. Answer the request with [`rejection`].
    pub fn check_upgrade(&self) -> Result<UpgradeRequest<'_>, HandshakeViolation> {
        let key = match &self.protocol {
            Some(protocol) => {
                self.check_extended_connect(protocol)?;
                None
            }
            None if self.head.version() > Version::HTTP_11 => return Err(HandshakeViolation::ProtocolMissing),
            None => Some(self.check_http1()?),
        };
        // Check the offers in the same way for every version of HTTP.
        //= docs/src/rfc8441.md#section-5
        //# `Origin`, `Sec-WebSocket-Version`, `Sec-WebSocket-Protocol` and `Sec-WebSocket-Extensions`
        //# MUST be used as RFC 6455 requires.
        // The origin is not checked here, because only the application knows which sites it trusts.
        //= docs/src/rfc6455.md#section-4-2-1
        //# The client may list the subprotocols that it can speak in `Sec-WebSocket-Protocol`, and
        //# its extensions in `Sec-WebSocket-Extensions`, both in order of preference.
        //= docs/src/rfc6455.md#section-4-2-1
        //# The server ignores headers that it does not know.
        Ok(UpgradeRequest {
            request: self,
            key,
            subprotocols: subprotocols(self.headers())?,
            extensions: Extension::parse_all(self.headers())?,
        })
    }

    /// Checks the parts of the request that HTTP/1.1 needs to switch protocols, and the WebSocket
    /// version. Returns the key.
    fn check_http1(&self) -> Result<&str, HandshakeViolation> {
        let headers = self.headers();
        //= docs/src/rfc6455.md#section-4-2-1
        //# The server MUST reject a request whose method is not GET, or whose HTTP version is below
        //# 1.1.
        if self.head.method() != Method::GET {
            return Err(HandshakeViolation::MethodNotGet(self.head.method().to_string()));
        }
        if self.head.version() < Version::HTTP_11 {
            return Err(HandshakeViolation::HttpVersionTooOld);
        }
        let target = self.head.uri();
        //= docs/src/rfc6455.md#section-4-2-1
        //# The server MUST reject a request whose target is neither a resource name nor an absolute
        //# `http` or `https` URI.
        if !target.path().starts_with('/') || !matches!(target.scheme_str(), None | Some("http" | "https")) {
            return Err(HandshakeViolation::TargetMalformed);
        }
        // Search `Upgrade` and `Connection` as lists, because Firefox sends `Connection:
        // keep-alive, Upgrade`.
        //= docs/src/rfc6455.md#section-4-2-1
        //# The server MUST reject a request without an `Upgrade` header that contains `websocket`
        //# (ignoring ASCII case).
        if !self.wants_websocket() {
            return Err(HandshakeViolation::UpgradeMissing);
        }
        //= docs/src/rfc6455.md#section-4-2-1
        //# The server MUST reject a request without a `Connection` header that contains the token
        //# `Upgrade` (ignoring ASCII case).
        if !list_has(headers, &CONNECTION, "upgrade") {
            return Err(HandshakeViolation::ConnectionWithoutUpgrade);
        }
        self.authority()?;
        self.check_no_body()?;
        // Check the version before the key, because another version may have other rules for the
        // key.
        self.check_version()?;
        //= docs/src/rfc6455.md#section-11-3-1
        //# A request MUST NOT have more than one `Sec-WebSocket-Key` header.
        let key = only_line(headers, &SEC_WEBSOCKET_KEY).ok_or(HandshakeViolation::KeyNotOnce)?;
        //= docs/src/rfc6455.md#section-4-2-1
        //# The server MUST reject a request whose `Sec-WebSocket-Key` is not the Base64 form of 16
        //# bytes.
        if !is_valid_key(key) {
            return Err(HandshakeViolation::KeyMalformed);
        }
        Ok(key)
    }

    /// Checks what HTTP/2 requires of a request so that the stream can carry another protocol, and
    /// checks the WebSocket version. `protocol` is the value of the pseudo-header `:protocol`.
    fn check_extended_connect(&self, protocol: &str) -> Result<(), HandshakeViolation> {
        let (headers, target) = (self.headers(), self.head.uri());
        //= docs/src/rfc8441.md#section-4
        //# A CONNECT request MAY have the pseudo-header `:protocol`, whose single value names the
        //# protocol to be spoken on the stream.
        if self.head.method() != Method::CONNECT {
            return Err(HandshakeViolation::MethodNotConnect(self.head.method().to_string()));
        }
        //= docs/src/rfc8441.md#section-5
        //# To open a WebSocket connection, the client MUST send a CONNECT request whose `:protocol`
        //# is `websocket`.
        if !is_websocket(protocol) {
            return Err(HandshakeViolation::ProtocolNotWebsocket(protocol.to_owned()));
        }
        //= docs/src/rfc8441.md#section-4
        //# A request with `:protocol` MUST also have `:scheme` and `:path`.
        if target.scheme().is_none() {
            return Err(HandshakeViolation::PseudoHeaderMissing(":scheme"));
        }
        if target.path_and_query().is_none() {
            return Err(HandshakeViolation::PseudoHeaderMissing(":path"));
        }
        // The target must name a resource on this server, so its path must begin with `/`, and its
        // scheme must be `http` or `https`.
        if !target.path().starts_with('/') || !matches!(target.scheme_str(), Some("http" | "https")) {
            return Err(HandshakeViolation::TargetMalformed);
        }
        //= docs/src/rfc8441.md#section-5
        //# The request MUST NOT have the headers `Connection` and `Upgrade`, which HTTP/2 does not
        //# have.
        if let Some(name) = [CONNECTION, UPGRADE].into_iter().find(|name| headers.contains_key(name)) {
            return Err(HandshakeViolation::HeaderOfHttp1(name.to_string()));
        }
        self.authority()?;
        self.check_no_body()?;
        self.check_version()
        // There is no key to check.
        //= docs/src/rfc8441.md#section-5
        //# The client MUST NOT require `Sec-WebSocket-Accept`, and the server MUST NOT require
        //# `Sec-WebSocket-Key`.
    }

    /// Checks that the request announces no body. A body would begin where the frames begin, so two
    /// programs that read the stream could disagree about whether the bytes are a body or frames.
    fn check_no_body(&self) -> Result<(), HandshakeViolation> {
        let headers = self.headers();
        let has_body = headers.get_all(CONTENT_LENGTH).iter().any(|length| length != "0");
        if has_body || headers.contains_key(TRANSFER_ENCODING) {
            return Err(HandshakeViolation::RequestWithBody);
        }
        Ok(())
    }

    /// Checks that the client requests WebSocket version 13.
    fn check_version(&self) -> Result<(), HandshakeViolation> {
        let headers = self.headers();
        //= docs/src/rfc6455.md#section-11-3-5
        //# A request MUST NOT have more than one `Sec-WebSocket-Version` header.
        match headers.get_all(SEC_WEBSOCKET_VERSION).iter().count() {
            0 => return Err(HandshakeViolation::VersionUnsupported(None)),
            1 => {}
            _ => return Err(HandshakeViolation::VersionRepeated),
        }
        let version = only_line(headers, &SEC_WEBSOCKET_VERSION).unwrap_or_default();
        //= docs/src/rfc6455.md#section-4-2-1
        //# The server MUST reject a request whose `Sec-WebSocket-Version` is not 13.
        if version != VERSION {
            return Err(HandshakeViolation::VersionUnsupported(Some(version.to_owned())));
        }
        Ok(())
    }
}

/// Returns `true` if `protocol`, the value of `:protocol`, is `websocket`, ignoring ASCII case.
fn is_websocket(protocol: &str) -> bool {
    protocol.eq_ignore_ascii_case("websocket")
}

/// A valid request for a WebSocket connection. [Accept](Self::accept) it, or answer it with another
/// HTTP response.
#[derive(Debug, Clone)]
pub struct UpgradeRequest<'r> {
    request: &'r ReceivedRequest,
    /// The value of `Sec-WebSocket-Key`. `None` for an extended CONNECT.
    key: Option<&'r str>,
    subprotocols: Vec<String>,
    extensions: Vec<Extension>,
}

impl<'r> UpgradeRequest<'r> {
    /// Returns the HTTP request.
    #[must_use]
    pub const fn request(&self) -> &'r ReceivedRequest {
        self.request
    }

    /// Returns the subprotocols offered by the client, in order of preference.
    #[must_use]
    pub fn subprotocols(&self) -> &[String] {
        &self.subprotocols
    }

    /// Returns the extensions offered by the client, in order of preference.
    #[must_use]
    pub fn extensions(&self) -> &[Extension] {
        &self.extensions
    }

    /// Creates the 101 response (section 4.2.2), or the 200 response to an extended CONNECT.
    ///
    /// # Errors
    /// - [`UsageError::SubprotocolNotOffered`] and [`UsageError::ExtensionNotOffered`] for a choice
    ///   that the client did not offer;
    /// - [`UsageError::ExtensionConflict`] for two extensions that both use RSV1;
    /// - [`UsageError::HeaderReserved`] for a header that the handshake sets.
    //= docs/src/rfc6455.md#section-4-2-2
    //# To accept a connection, the server MUST perform the steps in this section.
    pub fn accept(&self, options: UpgradeOptions) -> Result<UpgradeResponse, UsageError> {
        let UpgradeOptions { subprotocol, mut extensions, deflate, headers } = options;
        let mut response = match self.key {
            Some(key) => switching_protocols(key)?,
            // A `Response` has the status 200 by default.
            //= docs/src/rfc8441.md#section-5
            //# A server that accepts the connection MUST respond with a status of the class 2xx.
            None => Response::new(String::new()),
        };
        let lines = response.headers_mut();
        //= docs/src/rfc6455.md#section-4-2-2
        //# A server that chooses none of the subprotocols MUST NOT send a `Sec-WebSocket-Protocol`
        //# header.
        if let Some(name) = &subprotocol {
            //= docs/src/rfc6455.md#section-4-2-2
            //# The subprotocol that the server chooses MUST be one that the client listed.
            if !self.subprotocols.contains(name) {
                return Err(UsageError::SubprotocolNotOffered(name.clone()));
            }
            lines.insert(SEC_WEBSOCKET_PROTOCOL, header_value(name)?);
        }
        //= docs/src/rfc6455.md#section-9
        //# A server MAY accept some or all of the extensions that the client requested.
        //= docs/src/rfc6455.md#section-4-2-2
        //# The extensions that the server chooses MUST be taken from the client's list.
        for extension in &extensions {
            //= docs/src/rfc6455.md#section-4-2-2
            //# The server MUST NOT list an extension that the client did not list.
            //= docs/src/rfc6455.md#section-9
            //# A server MUST NOT respond with an extension that the client did not request.
            if !self.extensions.iter().any(|offered| offered.name() == extension.name()) {
                return Err(UsageError::ExtensionNotOffered(extension.name().to_owned()));
            }
        }
        let mut negotiated = None;
        if let Some((element, parameters)) = deflate.and_then(|options| extension::accept(&options, &self.extensions)) {
            extensions.push(element);
            negotiated = Some(parameters);
        }
        extension::check_no_conflict(&extensions)?;
        if !extensions.is_empty() {
            let list: Vec<String> = extensions.iter().map(ToString::to_string).collect();
            lines.insert(SEC_WEBSOCKET_EXTENSIONS, header_value(&list.join(", "))?);
        }
        check_extra_headers(&headers)?;
        lines.extend(headers);
        Ok(UpgradeResponse { response, subprotocol, extensions, deflate: negotiated })
    }
}

/// Creates the part of the response that switches the connection from HTTP/1.1 to WebSocket.
fn switching_protocols(key: &str) -> Result<Response<String>, UsageError> {
    let mut response = Response::new(String::new());
    //= docs/src/rfc6455.md#section-4-2-2
    //# The status of the accepting response MUST be 101.
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let lines = response.headers_mut();
    //= docs/src/rfc6455.md#section-4-2-2
    //# The accepting response MUST have the header `Upgrade: websocket`.
    lines.insert(UPGRADE, HeaderValue::from_static("websocket"));
    // Send a single token rather than a list, because some clients compare the whole value.
    //= docs/src/rfc6455.md#section-4-2-2
    //# The accepting response MUST have the header `Connection: Upgrade`.
    lines.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    //= docs/src/rfc6455.md#section-4-2-2
    //# The accepting response MUST have a `Sec-WebSocket-Accept` header: the Base64 form of the
    //# SHA-1 hash of the key followed by `258EAFA5-E914-47DA-95CA-C5AB0DC85B11`.
    lines.insert(SEC_WEBSOCKET_ACCEPT, header_value(&accept_key(key))?);
    Ok(response)
}

/// The choices that a server makes when it accepts a request. By default it chooses nothing, which
/// is always valid.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct UpgradeOptions {
    /// One of the subprotocols that the client offered.
    pub subprotocol: Option<String>,
    /// Some of the extensions that the client offered, with the negotiated parameters.
    pub extensions: Vec<Extension>,
    /// The options for compressing messages (permessage-deflate, RFC 7692). Messages are compressed
    /// if the client makes an offer that these options allow.
    pub deflate: Option<DeflateOptions>,
    /// Further headers for the response, such as `Set-Cookie`.
    pub headers: HeaderMap,
}

impl UpgradeOptions {
    /// Chooses a subprotocol, which must be one that the client offered.
    #[must_use]
    pub fn subprotocol(mut self, name: impl Into<String>) -> Self {
        self.subprotocol = Some(name.into());
        self
    }

    /// Accepts an extension that the client offered. This crate only negotiates the extension, so
    /// the caller must implement its effect on frames.
    #[must_use]
    pub fn extension(mut self, extension: Extension) -> Self {
        self.extensions.push(extension);
        self
    }

    /// Compresses messages if the client makes a compression offer that these options allow.
    #[cfg(feature = "deflate")]
    #[must_use]
    pub fn deflate(mut self, options: DeflateOptions) -> Self {
        self.deflate = Some(options);
        self
    }

    /// Adds a header to the response. The name can be a string or a
    /// [`HeaderName`](http::HeaderName), and the value can be a string or a [`HeaderValue`].
    ///
    /// # Errors
    /// - [`UsageError::HeaderInvalid`] for a name or value that HTTP does not allow;
    /// - [`UsageError::HeaderReserved`] for a header that the handshake sets.
    pub fn header<N, V>(mut self, name: N, value: V) -> Result<Self, UsageError>
    where
        N: AsRef<str>,
        V: TryInto<HeaderValue> + AsRef<[u8]>,
    {
        let (name, value) = super::head::header_line(name, value)?;
        super::head::append_header(&mut self.headers, name, value);
        Ok(self)
    }
}

/// The result of an accepted handshake. The connection is OPEN once the response has been sent.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct UpgradeResponse {
    /// The 101 response, or the 200 response to an extended CONNECT.
    /// [`encode_response`](super::encode_response) turns a 101 response into bytes.
    pub response: Response<String>,
    /// The subprotocol in use.
    pub subprotocol: Option<String>,
    /// The extensions in use.
    pub extensions: Vec<Extension>,
    /// The negotiated compression, for
    /// [`Connection::with_deflate`](crate::Connection::with_deflate).
    pub deflate: Option<NegotiatedDeflate>,
}

/// Creates the response that rejects a request because of `violation`. It has a suitable status, a
/// plain-text sentence about the violation and, with status 405 or 426, headers that state what the
/// server supports.
//= docs/src/rfc6455.md#section-4-2-1
//# If a request does not match the description in this section, including the grammar, the server
//# MUST stop the handshake and respond with an HTTP error, such as 400.
#[must_use]
pub fn rejection(violation: &HandshakeViolation) -> Response<String> {
    let status = violation.status();
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
            //# If the server does not support the version, it MUST abort the handshake with an HTTP
            //# error, such as 426, and list the versions that it supports in
            //# `Sec-WebSocket-Version`.
            //= docs/src/rfc6455.md#section-4-4
            //# A server that does not support the requested version MUST list all versions that it
            //# is willing to use in `Sec-WebSocket-Version`.
            headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static(VERSION));
            // A 426 must name the protocol to upgrade to (RFC 9110, section 15.5.22).
            headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
            headers.insert(CONNECTION, HeaderValue::from_static("Upgrade, close"));
        }
        _ => {}
    }
    response
}

fn header_value(text: &str) -> Result<HeaderValue, UsageError> {
    HeaderValue::from_str(text).map_err(|_| UsageError::HeaderInvalid(text.to_owned()))
}
