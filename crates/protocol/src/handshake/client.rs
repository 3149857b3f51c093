//! The client's side of the opening handshake (section 4.1).
//!
//! ```text
//!   ClientRequest ──handshake(nonce)──▶ ClientHandshake ──poll──▶ Established
//!   what to request                     awaits the response       what was negotiated
//!                                              │
//!                                              └──▶ HandshakeError
//! ```
//!
//! If another HTTP implementation carries the request and the response, use
//! [`request`](ClientHandshake::request) instead of the bytes of the request, and
//! [`check_response`](ClientHandshake::check_response) instead of `poll`.

use std::fmt;

use bytes::{Buf, Bytes, BytesMut};
use http::{
    HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, Version,
    header::{
        CONNECTION, HOST, LOCATION, ORIGIN, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY,
        SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
    },
};

use super::{
    extensions::Extension,
    grammar::{is_token, lines, list_has, only_line},
    head::{HeadBuffer, append_header, check_extra_headers, header_line, parse_response, write_lines},
    key::{Nonce, accept_key},
    status::Status,
    version::VERSION,
    violation::HandshakeViolation,
};
use crate::{
    extension::{self, DeflateOptions, NegotiatedDeflate, PERMESSAGE_DEFLATE},
    limits::Limits,
    uri::{Uri, UriError},
    usage_error::UsageError,
};

/// A client's opening request. Every part is validated when it is added, so the request is always
/// valid.
#[derive(Debug, Clone)]
pub struct ClientRequest {
    uri: Uri,
    subprotocols: Vec<String>,
    extensions: Vec<Extension>,
    deflate: Vec<DeflateOptions>,
    headers: HeaderMap,
}

impl ClientRequest {
    /// Creates a request for `uri` without any options.
    #[must_use]
    pub fn new(uri: Uri) -> Self {
        Self { uri, subprotocols: Vec::new(), extensions: Vec::new(), deflate: Vec::new(), headers: HeaderMap::new() }
    }

    /// Returns the URI of the request.
    #[must_use]
    pub const fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Offers a subprotocol. The order of the calls is the order of preference.
    ///
    /// # Errors
    /// - [`UsageError::NotAToken`] for a name that is not a token;
    /// - [`UsageError::SubprotocolRepeated`] for a name that was offered before.
    pub fn subprotocol(mut self, name: impl Into<String>) -> Result<Self, UsageError> {
        let name = name.into();
        //= docs/src/rfc6455.md#section-4-1
        //# Each subprotocol in the list MUST be a token: one or more characters from
        //# hexadecimal 21 to 7E, without separators.
        if !is_token(&name) {
            return Err(UsageError::NotAToken(name));
        }
        //= docs/src/rfc6455.md#section-4-1
        //# The subprotocols in the list MUST all be different.
        if self.subprotocols.contains(&name) {
            return Err(UsageError::SubprotocolRepeated(name));
        }
        self.subprotocols.push(name);
        Ok(self)
    }

    /// Offers an extension. This crate only negotiates the extension, so the caller must implement
    /// its effect on frames. To offer compression, use [`deflate`](Self::deflate).
    //= docs/src/rfc6455.md#section-9
    //# A client MAY request extensions.
    //= docs/src/rfc6455.md#section-9-2
    //# An implementation MAY use extensions that are defined elsewhere.
    #[must_use]
    pub fn extension(mut self, extension: Extension) -> Self {
        self.extensions.push(extension);
        self
    }

    /// Offers to compress messages (permessage-deflate, RFC 7692). Each further call adds a
    /// fallback offer, for servers that cannot accept the earlier offers.
    //= docs/src/rfc7692.md#section-5
    //# A client MAY offer the same extension several times with different parameters.
    #[cfg(feature = "deflate")]
    #[must_use]
    pub fn deflate(mut self, options: DeflateOptions) -> Self {
        self.deflate.push(options);
        self
    }

    /// Sets the `Origin` header, which a browser sets to the origin of the web page.
    ///
    /// # Errors
    /// [`UsageError::HeaderInvalid`] for a value that HTTP does not allow.
    //= docs/src/rfc6455.md#section-4-1
    //# A client that is not a browser MAY send an `Origin` header if the header has the same
    //# meaning as in a browser.
    pub fn origin(mut self, origin: &str) -> Result<Self, UsageError> {
        let value = HeaderValue::from_str(origin).map_err(|_| UsageError::HeaderInvalid(origin.to_owned()))?;
        self.headers.insert(ORIGIN, value);
        Ok(self)
    }

    /// Adds a header, such as `Authorization` or `Cookie`. The name can be a string or a
    /// [`HeaderName`], and the value can be a string or a [`HeaderValue`].
    ///
    /// # Errors
    /// - [`UsageError::HeaderInvalid`] for a name or value that HTTP does not allow, such as a
    ///   value with a line break, which would add another header;
    /// - [`UsageError::HeaderReserved`] for a header that the handshake sets.
    //= docs/src/rfc6455.md#section-4-1
    //# The request MAY have any other headers, such as cookies or `Authorization`.
    pub fn header<N, V>(mut self, name: N, value: V) -> Result<Self, UsageError>
    where
        N: AsRef<str>,
        V: TryInto<HeaderValue> + AsRef<[u8]>,
    {
        let (name, value) = header_line(name, value)?;
        self.add_header(name, value);
        Ok(self)
    }

    /// Adds headers, as [`header`](Self::header) does.
    ///
    /// # Errors
    /// [`UsageError::HeaderReserved`] for a header that the handshake sets. The request is then
    /// dropped.
    pub fn headers(mut self, headers: &HeaderMap) -> Result<Self, UsageError> {
        check_extra_headers(headers)?;
        for (name, value) in headers {
            self.add_header(name.clone(), value.clone());
        }
        Ok(self)
    }

    /// Adds a header that was checked.
    fn add_header(&mut self, name: HeaderName, value: HeaderValue) {
        // Most headers may be repeated, but a request has only one `Origin` header, so replace an
        // earlier value instead of adding another header.
        if name == ORIGIN {
            self.headers.insert(name, value);
        } else {
            append_header(&mut self.headers, name, value);
        }
    }

    /// Returns the same request for another URI, such as the target of a redirect.
    ///
    /// If the new URI has a different [origin](Uri::is_same_origin), the request drops its
    /// credentials, that is, every header whose value is [sensitive](HeaderValue::is_sensitive).
    /// This crate marks the values of `Authorization`, `Proxy-Authorization` and `Cookie`, and you
    /// can mark the value of any other header with [`HeaderValue::set_sensitive`].
    #[must_use]
    pub fn redirected(mut self, uri: Uri) -> Self {
        if !uri.is_same_origin(&self.uri) {
            let headers = std::mem::take(&mut self.headers);
            for (name, value) in headers.iter().filter(|(_, value)| !value.is_sensitive()) {
                self.headers.append(name, value.clone());
            }
        }
        self.uri = uri;
        self
    }

    /// Starts the handshake and encodes the request. `nonce` must be new and random for each
    /// connection.
    //= docs/src/rfc6455.md#section-4-1
    //# The opening request MUST be valid HTTP.
    #[must_use]
    pub fn handshake(self, nonce: Nonce, limits: Limits) -> ClientHandshake {
        let key = nonce.to_key();
        let mut headers = HeaderMap::new();
        //= docs/src/rfc6455.md#section-4-1
        //# The request MUST have a `Host` header with the host, followed by `:` and the port unless
        //# the port is the default.
        headers.insert(HOST, valid_value(&self.uri.host_header()));
        //= docs/src/rfc6455.md#section-4-1
        //# The request MUST have an `Upgrade` header that contains the word `websocket`.
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        //= docs/src/rfc6455.md#section-4-1
        //# The request MUST have a `Connection` header that contains the token `Upgrade`.
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        //= docs/src/rfc6455.md#section-4-1
        //# The request MUST have a `Sec-WebSocket-Key` header.
        //= docs/src/rfc6455.md#section-11-3-1
        //# A request MUST NOT have more than one `Sec-WebSocket-Key` header.
        headers.insert(SEC_WEBSOCKET_KEY, valid_value(&key));
        self.add_offers(&mut headers);
        ClientHandshake { headers, expected_accept: accept_key(&key), request: self, head: HeadBuffer::new(), limits }
    }

    /// Adds the headers that are the same in every HTTP version: the WebSocket version, the offers
    /// and the caller's own headers.
    pub(super) fn add_offers(&self, headers: &mut HeaderMap) {
        //= docs/src/rfc6455.md#section-4-1
        //# The request MUST have a `Sec-WebSocket-Version` header with the value 13.
        headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static(VERSION));
        //= docs/src/rfc6455.md#section-4-1
        //# The request MAY have a `Sec-WebSocket-Protocol` header that lists subprotocols in order
        //# of preference.
        if !self.subprotocols.is_empty() {
            headers.insert(SEC_WEBSOCKET_PROTOCOL, valid_value(&self.subprotocols.join(", ")));
        }
        let deflate = self.deflate.iter().map(extension::offer);
        let list: Vec<String> = self.extensions.iter().cloned().chain(deflate).map(|offer| offer.to_string()).collect();
        //= docs/src/rfc6455.md#section-4-1
        //# The request MAY have a `Sec-WebSocket-Extensions` header.
        if !list.is_empty() {
            headers.insert(SEC_WEBSOCKET_EXTENSIONS, valid_value(&list.join(", ")));
        }
        headers.extend(self.headers.clone());
    }

    /// Checks that the client offered the extensions and the subprotocol that the server has
    /// chosen.
    pub(super) fn validate_choices(&self, response: Response<()>) -> Result<Established, HandshakeViolation> {
        let headers = response.headers();
        let extensions = Extension::parse_all(headers)?;
        let deflate_offered = (!self.deflate.is_empty()).then_some(PERMESSAGE_DEFLATE);
        // Check only the names here: a caller that offers an extension must check its parameters.
        // The parameters of permessage-deflate are checked below.
        //= docs/src/rfc6455.md#section-4-1
        //# If the response lists an extension that was not offered, the client MUST fail the
        //# connection.
        for extension in &extensions {
            let mut offered = self.extensions.iter().map(Extension::name).chain(deflate_offered);
            if !offered.any(|name| name == extension.name()) {
                return Err(HandshakeViolation::ExtensionNotOffered(extension.name().to_owned()));
            }
        }
        let deflate = extension::validate_response(&self.deflate, &extensions)?;
        let subprotocol = self.validate_subprotocol(headers)?;
        Ok(Established { response, subprotocol, extensions, deflate, rest: BytesMut::new() })
    }

    /// Checks that the server chose a subprotocol that was offered, or no subprotocol. If the
    /// client offered subprotocols and the server chooses none, a browser fails the connection, but
    /// this client opens it, as the RFC specifies (section 4.1).
    fn validate_subprotocol(&self, headers: &HeaderMap) -> Result<Option<String>, HandshakeViolation> {
        if lines(headers, &SEC_WEBSOCKET_PROTOCOL).next().is_none() {
            return Ok(None);
        }
        match only_line(headers, &SEC_WEBSOCKET_PROTOCOL) {
            Some(name) if !is_token(name) => Err(HandshakeViolation::SubprotocolMalformed),
            Some(name) if self.subprotocols.iter().any(|offered| offered == name) => Ok(Some(name.to_owned())),
            //= docs/src/rfc6455.md#section-4-1
            //# If the response names a subprotocol that was not offered, the client MUST fail the
            //# connection.
            Some(name) => Err(HandshakeViolation::SubprotocolNotOffered(name.to_owned())),
            //= docs/src/rfc6455.md#section-11-3-4
            //# A response MUST NOT have more than one `Sec-WebSocket-Protocol` header.
            None => Err(HandshakeViolation::SubprotocolMalformed),
        }
    }
}

/// Converts the value of a header that the handshake sets. The conversion cannot fail, because the
/// value consists of tokens, a host or Base64, which were validated when they were added.
fn valid_value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("tokens, hosts and Base64 are visible ASCII")
}

/// A client's handshake that awaits the response. Send the [request](Self::request_bytes) first,
/// and send nothing else until the response has arrived.
pub struct ClientHandshake {
    /// All headers of the request.
    headers: HeaderMap,
    expected_accept: String,
    request: ClientRequest,
    head: HeadBuffer,
    limits: Limits,
}

/// Prints only the URI, because the bytes and headers of the request may hold credentials.
impl fmt::Debug for ClientHandshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientHandshake").field("uri", &self.request.uri).finish_non_exhaustive()
    }
}

impl ClientHandshake {
    /// Returns the bytes of the request. Send these bytes before anything else.
    #[must_use]
    pub fn request_bytes(&self) -> Bytes {
        //= docs/src/rfc6455.md#section-4-1
        //# The method of the request MUST be GET.
        //= docs/src/rfc6455.md#section-4-1
        //# The HTTP version of the request MUST be 1.1 or later.
        //= docs/src/rfc6455.md#section-4-1
        //# The request target MUST be the resource name, or an absolute `http` or `https` URI with
        //# the same host, port, and resource name.
        let mut request = format!("GET {} HTTP/1.1\r\n", self.request.uri.resource_name()).into_bytes();
        write_lines(&mut request, &self.headers);
        request.extend_from_slice(b"\r\n");
        request.into()
    }

    /// Returns the request as a value, to be sent by another HTTP implementation. Pass the response
    /// that arrives to [`check_response`](Self::check_response).
    ///
    /// The target is the resource name, as on the wire. The `Host` header names the server.
    ///
    /// ```
    /// use protocol::{Limits, handshake::{ClientRequest, Nonce}};
    ///
    /// let request = ClientRequest::new("ws://example.org/chat".parse()?);
    /// let handshake = request.handshake(Nonce(*b"the sample nonce"), Limits::default());
    /// let request = handshake.request()?;
    /// assert_eq!((request.uri().path(), &request.headers()["Host"]), ("/chat", &"example.org".parse()?));
    /// let response = http::Response::builder()
    ///     .status(101)
    ///     .header("Upgrade", "websocket")
    ///     .header("Connection", "Upgrade")
    ///     .header("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    ///     .body(())?;
    /// let established = handshake.check_response(&response)?;
    /// assert_eq!(established.subprotocol, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`UriError::TooLong`] if the resource name is longer than the 65,534 bytes that
    /// [`http::Uri`] can hold.
    pub fn request(&self) -> Result<Request<()>, UsageError> {
        // By default, a `Request` is an HTTP/1.1 GET request.
        let mut request = Request::new(());
        // Every character of a resource name is also valid in an `http::Uri`, so only the length
        // can make the conversion fail.
        *request.uri_mut() = self.request.uri.resource_name().parse().map_err(|_| UriError::TooLong)?;
        *request.headers_mut() = self.headers.clone();
        Ok(request)
    }

    /// Checks the response that another HTTP implementation has received and parsed. The bytes
    /// after the response's head, which belong to the first frames, stay with that implementation,
    /// so [`Established::rest`] is empty.
    ///
    /// # Errors
    /// - [`HandshakeError::Rejected`], without a body, for any response other than 101: the caller
    ///   already has the body;
    /// - [`HandshakeError::Violation`] for a 101 response that breaks a rule of the handshake.
    pub fn check_response<B>(self, response: &Response<B>) -> Result<Established, HandshakeError> {
        let mut head = Response::new(());
        *head.status_mut() = response.status();
        *head.version_mut() = response.version();
        *head.headers_mut() = response.headers().clone();
        if head.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(HandshakeError::Rejected(Box::new(head.map(|()| Bytes::new()))));
        }
        Ok(self.validate(head)?)
    }

    /// Makes the handshake expect the accept value for `key`. See
    /// [`observer::expect_answer_to`](crate::observer::expect_answer_to).
    pub(crate) fn expect_answer_to(mut self, key: &str) -> Self {
        self.expected_accept = accept_key(key);
        self
    }

    /// Returns the buffer to which the driver appends bytes from the server.
    pub fn input(&mut self) -> &mut BytesMut {
        &mut self.head.input
    }

    /// Parses and checks the response once it is complete. Until then, returns the handshake
    /// itself.
    ///
    /// # Errors
    /// - [`HandshakeError::Rejected`] for a final HTTP response other than 101;
    /// - [`HandshakeError::Violation`] for a head that is malformed or exceeds the limits, and for
    ///   a 101 response that breaks a rule of the handshake. Drop the connection: no frame may be
    ///   sent yet, so the violation cannot be reported to the server.
    //= docs/src/rfc6455.md#section-10-7
    //# An endpoint that receives data that it does not understand or considers dangerous, or a
    //# handshake that it did not expect, MAY drop the TCP connection.
    pub fn poll(mut self) -> Result<Status<Self, Established>, HandshakeError> {
        loop {
            let Some((response, len)) = self.head.poll(&self.limits, parse_response)? else {
                return Ok(Status::Partial(self));
            };
            self.head.input.advance(len);
            match response.status() {
                StatusCode::SWITCHING_PROTOCOLS => return Ok(Status::Complete(self.validate(response)?)),
                // An informational response, such as 100 or 103, comes before the final response,
                // so continue with the next head.
                status if status.is_informational() => {}
                _ => {
                    // The rest of the input is the beginning of the body. The body may explain the
                    // rejection, so return it with the response. Only the caller can read the rest
                    // of the body, so it is not decoded here.
                    //= docs/src/rfc6455.md#section-4-1
                    //# If the status is not 101, the client MUST handle the response as HTTP
                    //# specifies, and no connection is opened.
                    let body = self.head.input.freeze();
                    return Err(HandshakeError::Rejected(Box::new(response.map(|()| body))));
                }
            }
        }
    }

    /// Checks a 101 response against the request.
    //= docs/src/rfc6455.md#section-4-1
    //# The client MUST check the response as follows.
    fn validate(self, response: Response<()>) -> Result<Established, HandshakeViolation> {
        self.validate_switch(&response)?;
        let established = self.request.validate_choices(response)?;
        Ok(Established { rest: self.head.input, ..established })
    }

    /// Checks the parts of the response that switch the connection from HTTP/1.1 to WebSocket.
    fn validate_switch(&self, response: &Response<()>) -> Result<(), HandshakeViolation> {
        let headers = response.headers();
        // HTTP/1.0 has no `Upgrade`, so an HTTP/1.0 response cannot switch to WebSocket.
        //= docs/src/rfc6455.md#section-4-1
        //# If the response breaks any other rule for the server's handshake, the client MUST fail
        //# the connection.
        if response.version() < Version::HTTP_11 {
            return Err(HandshakeViolation::HttpVersionTooOld);
        }
        //= docs/src/rfc6455.md#section-4-1
        //# If the `Upgrade` header is missing or is not `websocket` (ignoring ASCII case), the
        //# client MUST fail the connection.
        match only_line(headers, &UPGRADE) {
            None if !headers.contains_key(UPGRADE) => return Err(HandshakeViolation::UpgradeMissing),
            Some(protocol) if protocol.eq_ignore_ascii_case("websocket") => {}
            _ => return Err(HandshakeViolation::UpgradeToSomethingElse),
        }
        //= docs/src/rfc6455.md#section-4-1
        //# If the `Connection` header is missing or does not contain the token `Upgrade` (ignoring
        //# ASCII case), the client MUST fail the connection.
        if !list_has(headers, &CONNECTION, "upgrade") {
            return Err(HandshakeViolation::ConnectionWithoutUpgrade);
        }
        //= docs/src/rfc6455.md#section-11-3-3
        //# A response MUST NOT have more than one `Sec-WebSocket-Accept` header.
        //= docs/src/rfc6455.md#section-4-1
        //# If the `Sec-WebSocket-Accept` header is missing or does not match the key, the client
        //# MUST fail the connection.
        let accept = only_line(headers, &SEC_WEBSOCKET_ACCEPT).ok_or(HandshakeViolation::AcceptNotOnce)?;
        if accept != self.expected_accept {
            return Err(HandshakeViolation::AcceptWrong {
                expected: self.expected_accept.clone(),
                received: accept.to_owned(),
            });
        }
        Ok(())
    }
}

/// The result of a successful handshake, after which the connection is OPEN.
#[derive(Debug)]
#[non_exhaustive]
pub struct Established {
    /// The 101 response, or the 2xx response to an extended CONNECT.
    //= docs/src/rfc6455.md#section-4-1
    //# Cookies that the response sets are *cookies set during the server's opening handshake*.
    pub response: Response<()>,
    /// The subprotocol in use, if the server chose one.
    //= docs/src/rfc6455.md#section-4-1
    //# The *subprotocol in use* is the one in the response, if it names one.
    pub subprotocol: Option<String>,
    /// The extensions in use.
    //= docs/src/rfc6455.md#section-4-1
    //# The *extensions in use* are those in the response, if it lists any.
    //= docs/src/rfc6455.md#section-9-1
    //# A client MUST NOT use an extension unless the server has accepted it.
    pub extensions: Vec<Extension>,
    /// The negotiated compression, for
    /// [`Connection::with_deflate`](crate::Connection::with_deflate).
    pub deflate: Option<NegotiatedDeflate>,
    /// The bytes that followed the response. They belong to the first frames.
    //= docs/src/rfc6455.md#section-4-2-2
    //# After this response the connection is OPEN, and the server may send its first message in the
    //# same packet.
    pub rest: BytesMut,
}

/// The reason why a client's handshake failed.
#[derive(Debug)]
pub enum HandshakeError {
    /// The server answered with a status other than 101, or, for an extended CONNECT, with a status
    /// other than 2xx. Holds the HTTP response with the part of its body that has arrived, exactly
    /// as it was on the wire. [`ResponseBody`](super::ResponseBody) decodes the body and detects
    /// its end.
    Rejected(Box<Response<Bytes>>),
    /// The response breaks a rule.
    Violation(HandshakeViolation),
}

impl From<HandshakeViolation> for HandshakeError {
    fn from(violation: HandshakeViolation) -> Self {
        Self::Violation(violation)
    }
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected(response) => {
                write!(f, "the server answered {} instead of opening a WebSocket", response.status())?;
                // Redirects are not followed, so name the target in case the caller wants to
                // connect to it.
                let target = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
                match target.filter(|_| response.status().is_redirection()) {
                    Some(target) => write!(f, "; it redirects to {target}"),
                    None => Ok(()),
                }
            }
            Self::Violation(violation) => write!(f, "the server's answer is wrong: {violation}"),
        }
    }
}

impl std::error::Error for HandshakeError {}
