//! The client's side of the opening handshake (section 4.1).
//!
//! ```text
//!   ClientRequest ──handshake(nonce)──▶ ClientHandshake ──poll──▶ Established
//!   what to ask for                     waits for the answer      what was agreed
//!                                              │
//!                                              └──▶ HandshakeError
//! ```

use std::fmt;

use bytes::{Buf, Bytes, BytesMut};
use http::{
    HeaderMap, HeaderName, HeaderValue, Response, StatusCode, Version,
    header::{CONNECTION, ORIGIN, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_PROTOCOL, UPGRADE},
};

use super::{
    Status, VERSION,
    extensions::Extension,
    grammar::{is_token, lines, list_has, only_line},
    head::{HeadBuffer, parse_response, write_line, write_lines},
    key::{Nonce, accept_key},
    server::check_extra_headers,
};
use crate::{
    extension::{self, DeflateOptions, NegotiatedDeflate, PERMESSAGE_DEFLATE},
    limits::Limits,
    uri::Uri,
    usage_error::UsageError,
    violation::Violation,
};

/// What a client asks for. Everything in it has been checked, so that what leaves is a valid request.
#[derive(Debug, Clone)]
pub struct ClientRequest {
    uri: Uri,
    subprotocols: Vec<String>,
    extensions: Vec<Extension>,
    deflate: Vec<DeflateOptions>,
    headers: HeaderMap,
}

impl ClientRequest {
    /// A request for `uri` and nothing more.
    #[must_use]
    pub fn new(uri: Uri) -> Self {
        Self { uri, subprotocols: Vec::new(), extensions: Vec::new(), deflate: Vec::new(), headers: HeaderMap::new() }
    }

    /// Where the request goes.
    #[must_use]
    pub const fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Offers a subprotocol. The one offered first is the one liked best.
    ///
    /// # Errors
    /// [`UsageError::NotAToken`], [`UsageError::SubprotocolRepeated`].
    pub fn subprotocol(mut self, name: impl Into<String>) -> Result<Self, UsageError> {
        let name = name.into();
        //= docs/src/rfc6455.md#section-4-1
        //# Each subprotocol in the list MUST be a token: characters from 21 to 7E, at least one, and no separators.
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

    /// Offers an extension. What it does to frames is up to the caller: compression is offered with
    /// [`deflate`](Self::deflate).
    //= docs/src/rfc6455.md#section-9
    //# A client MAY ask for extensions.
    #[must_use]
    pub fn extension(mut self, extension: Extension) -> Self {
        self.extensions.push(extension);
        self
    }

    /// Offers to compress messages (permessage-deflate, RFC 7692). Each further call adds an offer to fall back on, for
    /// servers that cannot meet the ones before.
    //= docs/src/rfc7692.md#section-5
    //# The same extension MAY be offered several times, with different parameters.
    #[must_use]
    pub fn deflate(mut self, options: DeflateOptions) -> Self {
        self.deflate.push(options);
        self
    }

    /// Says where the request comes from, as a browser would for a page.
    ///
    /// # Errors
    /// [`UsageError::HeaderInvalid`].
    //= docs/src/rfc6455.md#section-4-1
    //# Another client MAY send an `Origin` header if that means for it what it means for a browser.
    pub fn origin(mut self, origin: &str) -> Result<Self, UsageError> {
        let value = HeaderValue::from_str(origin).map_err(|_| UsageError::HeaderInvalid(origin.to_owned()))?;
        self.headers.insert(ORIGIN, value);
        Ok(self)
    }

    /// Adds a header, such as `Authorization` or `Cookie`.
    ///
    /// # Errors
    /// [`UsageError::HeaderInvalid`] for what is no header (a line break in a value would smuggle in another one);
    /// [`UsageError::HeaderReserved`] for a header that the handshake sets.
    //= docs/src/rfc6455.md#section-4-1
    //# The request MAY have any other headers, such as cookies or `Authorization`.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, UsageError> {
        let invalid = || UsageError::HeaderInvalid(format!("{name}: {value}"));
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid())?;
        let value = HeaderValue::from_str(value).map_err(|_| invalid())?;
        // Most headers may come several times; a request has one origin.
        if name == ORIGIN {
            self.headers.insert(name, value);
        } else {
            self.headers.append(name, value);
        }
        check_extra_headers(&self.headers)?;
        Ok(self)
    }

    /// Begins the handshake. `nonce` has to be new and random for each connection.
    //= docs/src/rfc6455.md#section-4-1
    //# The opening request MUST be valid HTTP.
    #[must_use]
    pub fn handshake(self, nonce: Nonce, limits: Limits) -> ClientHandshake {
        let key = nonce.to_key();
        //= docs/src/rfc6455.md#section-4-1
        //# The method of the request MUST be GET.
        //= docs/src/rfc6455.md#section-4-1
        //# The HTTP version of the request MUST be 1.1 or later.
        //= docs/src/rfc6455.md#section-4-1
        //# The target of the request MUST be the resource name, or an absolute `http` or `https` URI that says the
        //# same.
        let mut request = format!("GET {} HTTP/1.1\r\n", self.uri.resource_name()).into_bytes();
        //= docs/src/rfc6455.md#section-4-1
        //# The request MUST have a `Host` header: the host, and behind a `:` the port unless it is the scheme's own.
        write_line(&mut request, "Host", self.uri.host_header().as_bytes());
        //= docs/src/rfc6455.md#section-4-1
        //# The request MUST have an `Upgrade` header that contains the word `websocket`.
        write_line(&mut request, "Upgrade", b"websocket");
        //= docs/src/rfc6455.md#section-4-1
        //# The request MUST have a `Connection` header that contains the token `Upgrade`.
        write_line(&mut request, "Connection", b"Upgrade");
        //= docs/src/rfc6455.md#section-4-1
        //# The request MUST have a header called `Sec-WebSocket-Key`.
        //= docs/src/rfc6455.md#section-11-3-1
        //# A request MUST NOT have more than one `Sec-WebSocket-Key` header.
        write_line(&mut request, "Sec-WebSocket-Key", key.as_bytes());
        //= docs/src/rfc6455.md#section-4-1
        //# The request MUST have a `Sec-WebSocket-Version` header with the value 13.
        write_line(&mut request, "Sec-WebSocket-Version", VERSION.as_bytes());
        //= docs/src/rfc6455.md#section-4-1
        //# The request MAY have a `Sec-WebSocket-Protocol` header: a list of subprotocols, the one liked best first.
        if !self.subprotocols.is_empty() {
            write_line(&mut request, "Sec-WebSocket-Protocol", self.subprotocols.join(", ").as_bytes());
        }
        let deflate = self.deflate.iter().map(extension::offer);
        let list: Vec<String> = self.extensions.iter().cloned().chain(deflate).map(|offer| offer.to_string()).collect();
        //= docs/src/rfc6455.md#section-4-1
        //# The request MAY have a `Sec-WebSocket-Extensions` header.
        if !list.is_empty() {
            write_line(&mut request, "Sec-WebSocket-Extensions", list.join(", ").as_bytes());
        }
        write_lines(&mut request, &self.headers);
        request.extend_from_slice(b"\r\n");
        ClientHandshake {
            bytes: request.into(),
            expected_accept: accept_key(&key),
            request: self,
            head: HeadBuffer::new(),
            limits,
        }
    }
}

/// A client whose request is out and that waits for the answer. Until then it must send nothing else.
#[derive(Debug)]
pub struct ClientHandshake {
    bytes: Bytes,
    expected_accept: String,
    request: ClientRequest,
    head: HeadBuffer,
    limits: Limits,
}

impl ClientHandshake {
    /// The request's bytes, to be sent first.
    #[must_use]
    pub fn request_bytes(&self) -> Bytes {
        self.bytes.clone()
    }

    /// Waits for the answer to this key instead of its own. For who looks on: the request was somebody else's, and what is
    /// judged is the answer to that.
    #[must_use]
    pub fn expecting_answer_to(mut self, key: &str) -> Self {
        self.expected_accept = accept_key(key);
        self
    }

    /// The buffer to which bytes from the server are added.
    pub fn input(&mut self) -> &mut BytesMut {
        &mut self.head.input
    }

    /// Judges the answer when it is complete.
    ///
    /// # Errors
    /// [`HandshakeError::Rejected`] for an HTTP answer other than 101, [`HandshakeError::Violation`] for a 101 that is
    /// not what section 4 asks for.
    pub fn poll(mut self) -> Result<Status<Self, Established>, HandshakeError> {
        loop {
            let Some((response, len)) = self.head.poll(&self.limits, parse_response)? else {
                return Ok(Status::Partial(self));
            };
            self.head.input.advance(len);
            match response.status() {
                StatusCode::SWITCHING_PROTOCOLS => return Ok(Status::Complete(self.validate(response)?)),
                // 100 and 103 announce an answer and are none.
                status if status.is_informational() => {}
                _ => {
                    //= docs/src/rfc6455.md#section-4-1
                    //# A response with a status other than 101 MUST be treated as HTTP says, and opens no connection.
                    //= docs/src/rfc6455.md#section-11-3-5
                    //# A response MAY have several `Sec-WebSocket-Version` headers.
                    let body = self.head.input.freeze();
                    return Err(HandshakeError::Rejected(Box::new(response.map(|()| body))));
                }
            }
        }
    }

    /// The checks of a 101 response.
    //= docs/src/rfc6455.md#section-4-1
    //# The client MUST check the response as follows.
    fn validate(self, response: Response<()>) -> Result<Established, Violation> {
        let headers = response.headers();
        //= docs/src/rfc6455.md#section-4-1
        //# If the response breaks any other rule for the server's part of the handshake, the client MUST fail the
        //# connection.
        if response.version() < Version::HTTP_11 {
            return Err(Violation::HttpVersionTooOld);
        }
        //= docs/src/rfc6455.md#section-4-1
        //# If `Upgrade` is missing or is not `websocket`, without regard to ASCII case, the client MUST fail the
        //# connection.
        match only_line(headers, &UPGRADE) {
            None if !headers.contains_key(UPGRADE) => return Err(Violation::UpgradeMissing),
            Some(protocol) if protocol.eq_ignore_ascii_case("websocket") => {}
            _ => return Err(Violation::UpgradeToSomethingElse),
        }
        //= docs/src/rfc6455.md#section-4-1
        //# If `Connection` is missing or has no token `Upgrade`, without regard to ASCII case, the client MUST fail the
        //# connection.
        if !list_has(headers, &CONNECTION, "upgrade") {
            return Err(Violation::ConnectionWithoutUpgrade);
        }
        //= docs/src/rfc6455.md#section-11-3-3
        //# A response MUST NOT have more than one `Sec-WebSocket-Accept` header.
        //= docs/src/rfc6455.md#section-4-1
        //# If `Sec-WebSocket-Accept` is missing or is not the answer to the key, the client MUST fail the connection.
        let accept = only_line(headers, &SEC_WEBSOCKET_ACCEPT).ok_or(Violation::AcceptNotOnce)?;
        if accept != self.expected_accept {
            return Err(Violation::AcceptWrong { expected: self.expected_accept, received: accept.to_owned() });
        }
        let extensions = Extension::parse_all(headers)?;
        let deflate_offered = (!self.request.deflate.is_empty()).then_some(PERMESSAGE_DEFLATE);
        //= docs/src/rfc6455.md#section-4-1
        //# If the response names an extension that was not asked for, the client MUST fail the connection.
        for extension in &extensions {
            let mut offered = self.request.extensions.iter().map(Extension::name).chain(deflate_offered);
            if !offered.any(|name| name == extension.name()) {
                return Err(Violation::ExtensionNotOffered(extension.name().to_owned()));
            }
        }
        let compression = extension::validate(&self.request.deflate, &extensions)?;
        let subprotocol = self.validate_subprotocol(headers)?;
        Ok(Established { response, subprotocol, extensions, compression, rest: self.head.input })
    }

    /// One of those offered, or none at all. Browsers fail when they offered some and the server names none; the RFC
    /// lets the connection open, and so does this client (section 4.1).
    fn validate_subprotocol(&self, headers: &HeaderMap) -> Result<Option<String>, Violation> {
        if lines(headers, &SEC_WEBSOCKET_PROTOCOL).next().is_none() {
            return Ok(None);
        }
        match only_line(headers, &SEC_WEBSOCKET_PROTOCOL) {
            Some(name) if !is_token(name) => Err(Violation::SubprotocolMalformed),
            Some(name) if self.request.subprotocols.iter().any(|offered| offered == name) => Ok(Some(name.to_owned())),
            //= docs/src/rfc6455.md#section-4-1
            //# If the response names a subprotocol that was not asked for, the client MUST fail the connection.
            Some(name) => Err(Violation::SubprotocolNotOffered(name.to_owned())),
            //= docs/src/rfc6455.md#section-11-3-4
            //# A response MUST NOT have more than one `Sec-WebSocket-Protocol` header.
            None => Err(Violation::SubprotocolMalformed),
        }
    }
}

/// A handshake that succeeded: the connection is OPEN.
#[derive(Debug)]
pub struct Established {
    /// The 101 response.
    //= docs/src/rfc6455.md#section-4-1
    //# Cookies that the response sets are *cookies set during the server's opening handshake*.
    pub response: Response<()>,
    /// The subprotocol in use.
    //= docs/src/rfc6455.md#section-4-1
    //# The *subprotocol in use* is the one of the response, or none.
    pub subprotocol: Option<String>,
    /// The extensions in use.
    //= docs/src/rfc6455.md#section-4-1
    //# *Extensions in use* are those of the response, or none.
    //= docs/src/rfc6455.md#section-9-1
    //# A client MUST NOT use an extension until the server has said that it will.
    pub extensions: Vec<Extension>,
    /// What was agreed on compression, for [`with_deflate`](crate::Connection::with_deflate).
    pub compression: Option<NegotiatedDeflate>,
    /// Bytes that followed the response: they are frames already.
    //= docs/src/rfc6455.md#section-4-2-2
    //# With that the connection is OPEN, and the server may send its first message in the same packet.
    pub rest: BytesMut,
}

/// Why a client's handshake came to nothing.
#[derive(Debug)]
pub enum HandshakeError {
    /// The server answered, but not with 101: an ordinary HTTP response, with as much of its body as has arrived.
    Rejected(Box<Response<Bytes>>),
    /// The answer breaks a rule.
    Violation(Violation),
}

impl From<Violation> for HandshakeError {
    fn from(violation: Violation) -> Self {
        Self::Violation(violation)
    }
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected(response) => {
                write!(f, "the server answered {} instead of opening a WebSocket", response.status())
            }
            Self::Violation(violation) => write!(f, "the server's answer is wrong: {violation}"),
        }
    }
}

impl std::error::Error for HandshakeError {}
