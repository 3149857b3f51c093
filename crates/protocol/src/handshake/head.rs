//! HTTP heads: a start line, headers and an empty line (RFC 9112). `httparse` parses them.
//!
//! ```text
//!   GET /chat HTTP/1.1␍␊          HTTP/1.1 101 Switching Protocols␍␊
//!   Host: example.org␍␊           Upgrade: websocket␍␊
//!   ...␍␊                         ...␍␊
//!   ␍␊                            ␍␊
//!   <frames>                      <frames>
//! ```
//!
//! The bytes after the empty line are frames, unless the response rejects the handshake. A client
//! must not send frames before it has received the response. A server, however, may send its first
//! frames in the same packet as the response, so a client must keep the bytes that follow the head.

use std::{borrow::Cow, fmt};

use bytes::{Bytes, BytesMut};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, Version,
    header::{
        AUTHORIZATION, CONNECTION, CONTENT_LENGTH, COOKIE, HOST, PROXY_AUTHORIZATION, SET_COOKIE, TRANSFER_ENCODING,
        UPGRADE,
    },
};

use super::violation::HandshakeViolation;
use crate::{limits::Limits, usage_error::UsageError};

/// A buffer that collects bytes until they hold a complete head.
pub(super) struct HeadBuffer {
    pub(super) input: BytesMut,
    /// The number of bytes of `input` that have been searched for the end of the head.
    searched: usize,
    /// The size of `input`, in bytes, at which the head is parsed even if its end has not been
    /// found.
    attempt_at: usize,
}

/// Prints only the length, because the bytes may hold credentials.
impl fmt::Debug for HeadBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeadBuffer").field("len", &self.input.len()).finish_non_exhaustive()
    }
}

impl HeadBuffer {
    pub(super) fn new() -> Self {
        Self { input: BytesMut::new(), searched: 0, attempt_at: 1 }
    }

    /// Parses a head with `parse`. Returns the head with its length, or `None` while the head is
    /// incomplete. The bytes of the head stay at the front of the input, and the caller removes
    /// them.
    ///
    /// A head that trickles in is not parsed from the start after every byte, because that would
    /// take time quadratic in its length. Until an empty line arrives, it is parsed only after the
    /// first read and whenever the input has doubled in length. These early attempts give a peer
    /// that uses TLS or another protocol on this port an error at once, rather than after a
    /// time-out.
    pub(super) fn poll<T>(
        &mut self,
        limits: &Limits,
        parse: impl FnOnce(&[u8], &Limits) -> Result<Option<(T, usize)>, HandshakeViolation>,
    ) -> Result<Option<(T, usize)>, HandshakeViolation> {
        let has_end = self.search_end();
        if has_end || self.input.len() >= self.attempt_at {
            self.attempt_at = self.input.len() * 2;
            if let Some((head, len)) = parse(&self.input, limits)? {
                if len > limits.max_head_bytes {
                    return Err(HandshakeViolation::HeadTooLong { limit: limits.max_head_bytes });
                }
                *self = Self { input: std::mem::take(&mut self.input), ..Self::new() };
                return Ok(Some((head, len)));
            }
        }
        // The head is incomplete, so it needs at least one more byte. Input that has reached the
        // limit is therefore already too long.
        if self.input.len() >= limits.max_head_bytes {
            return Err(HandshakeViolation::HeadTooLong { limit: limits.max_head_bytes });
        }
        Ok(None)
    }

    /// Searches the bytes that have not been searched yet, and returns `true` if they complete an
    /// empty line.
    fn search_end(&mut self) -> bool {
        // The bytes that end the head may be split between two searches, so start two bytes
        // earlier.
        let from = self.searched.saturating_sub(2);
        self.searched = self.input.len();
        let fresh = &self.input[from..];
        fresh.windows(3).any(|three| three == b"\n\r\n") || fresh.windows(2).any(|two| two == b"\n\n")
    }
}

/// Parses a request's head from the start of `bytes`. Returns the head with its length in bytes, or
/// `None` if the head is incomplete.
pub(super) fn parse_request(bytes: &[u8], limits: &Limits) -> Result<Option<(Request<()>, usize)>, HandshakeViolation> {
    let mut lines = vec![httparse::EMPTY_HEADER; limits.max_headers];
    let mut head = httparse::Request::new(&mut lines);
    let len = match head.parse(bytes) {
        Ok(httparse::Status::Complete(len)) => len,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(error) => return Err(malformed(error, bytes, limits)),
    };
    let mut request = Request::new(());
    // A complete head has a method and a target, so the defaults are never used.
    *request.method_mut() = Method::from_bytes(head.method.unwrap_or_default().as_bytes())
        .map_err(|error| HandshakeViolation::MalformedHead(error.to_string()))?;
    *request.uri_mut() = target(head.path.unwrap_or_default())?;
    *request.version_mut() = version(head.version);
    *request.headers_mut() = headers(head.headers, limits)?;
    Ok(Some((request, len)))
}

/// Parses the request target, and returns an error if it has a fragment. `Uri` would silently drop
/// the fragment, and the server could then serve a resource other than the one that a proxy in
/// front of it has checked.
fn target(text: &str) -> Result<Uri, HandshakeViolation> {
    if text.contains('#') {
        return Err(HandshakeViolation::TargetMalformed);
    }
    Uri::try_from(text).map_err(|_| HandshakeViolation::TargetMalformed)
}

/// Parses a response's head from the start of `bytes`. Returns the head with its length in bytes,
/// or `None` if the head is incomplete.
///
/// This function checks only the HTTP syntax. [`ClientHandshake`](super::ClientHandshake) checks
/// the content.
///
/// # Errors
/// [`HandshakeViolation::MalformedHead`] if the syntax is invalid, and
/// [`HandshakeViolation::TooManyHeaders`] if there are more headers than the limit allows.
pub fn parse_response(bytes: &[u8], limits: &Limits) -> Result<Option<(Response<()>, usize)>, HandshakeViolation> {
    let mut lines = vec![httparse::EMPTY_HEADER; limits.max_headers];
    let mut head = httparse::Response::new(&mut lines);
    // A server must reject a folded line in a request, but a client must accept one in a response
    // (RFC 9112, section 5.2).
    let mut parser = httparse::ParserConfig::default();
    parser.allow_obsolete_multiline_headers_in_responses(true);
    let len = match parser.parse_response(&mut head, bytes) {
        Ok(httparse::Status::Complete(len)) => len,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(error) => return Err(malformed(error, bytes, limits)),
    };
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::from_u16(head.code.unwrap_or_default())
        .map_err(|error| HandshakeViolation::MalformedHead(error.to_string()))?;
    *response.version_mut() = version(head.version);
    *response.headers_mut() = headers(head.headers, limits)?;
    Ok(Some((response, len)))
}

/// The possible first bytes of a TLS connection: the record types *alert*, from a server that
/// cannot read the request, and *handshake*, from a client.
const TLS_RECORDS: [u8; 2] = [21, 22];

fn malformed(error: httparse::Error, bytes: &[u8], limits: &Limits) -> HandshakeViolation {
    match error {
        // Most likely, a client uses `wss` where the server has no TLS, or `ws` where the server
        // expects TLS. Name this mistake, because the parser would only say that the first byte is
        // wrong.
        _ if bytes.first().is_some_and(|first| TLS_RECORDS.contains(first)) => {
            HandshakeViolation::MalformedHead("it begins with TLS, and this end expects none".to_owned())
        }
        httparse::Error::TooManyHeaders => HandshakeViolation::TooManyHeaders { limit: limits.max_headers },
        error => HandshakeViolation::MalformedHead(error.to_string()),
    }
}

fn version(minor: Option<u8>) -> Version {
    if minor == Some(0) { Version::HTTP_10 } else { Version::HTTP_11 }
}

fn headers(lines: &[httparse::Header<'_>], limits: &Limits) -> Result<HeaderMap, HandshakeViolation> {
    // A `HeaderMap` holds at most 32,768 headers. The configured limit may be higher, so adding a
    // header can fail.
    let too_many = |_| HandshakeViolation::TooManyHeaders { limit: limits.max_headers };
    let mut headers = HeaderMap::try_with_capacity(lines.len()).map_err(too_many)?;
    for line in lines {
        let malformed =
            || HandshakeViolation::MalformedHead(format!("the header {} is malformed", line.name.escape_debug()));
        //= docs/src/rfc6455.md#section-4-1
        //# Header names are case-insensitive, as everywhere in HTTP.
        let name = HeaderName::from_bytes(line.name.as_bytes()).map_err(|_| malformed())?;
        let mut value = HeaderValue::from_bytes(&unfold(line.value)).map_err(|_| malformed())?;
        value.set_sensitive(is_credential(&name));
        //= docs/src/rfc6455.md#section-11-3-5
        //# A response MAY have several `Sec-WebSocket-Version` headers.
        headers.try_append(name, value).map_err(too_many)?;
    }
    Ok(headers)
}

/// Joins the lines of a folded value: replaces each line end, and the white space around it, with
/// one space.
fn unfold(value: &[u8]) -> Cow<'_, [u8]> {
    if !value.contains(&b'\n') {
        return Cow::Borrowed(value);
    }
    let lines = value.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    Cow::Owned(lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(&b' '))
}

/// Appends one header line.
pub(super) fn write_line(head: &mut Vec<u8>, name: &str, value: &[u8]) {
    head.extend_from_slice(name.as_bytes());
    head.extend_from_slice(b": ");
    head.extend_from_slice(value);
    head.extend_from_slice(b"\r\n");
}

/// Appends header lines in which each word of a header's name is capitalised, as in `X-Request-Id`.
/// Names are case-insensitive (section 4.1), but some receivers compare them case-sensitively.
pub(super) fn write_lines(head: &mut Vec<u8>, headers: &HeaderMap) {
    for (name, value) in headers {
        let mut written = String::with_capacity(name.as_str().len());
        let mut begins_word = true;
        for character in name.as_str().chars() {
            written.push(if begins_word { character.to_ascii_uppercase() } else { character });
            begins_word = character == '-';
        }
        // `WebSocket` is the only word in our header names that does not follow the pattern, so
        // correct it.
        write_line(head, &written.replace("Websocket", "WebSocket"), value.as_bytes());
    }
}

/// Encodes a complete response to a GET request: the head and, if the response can have one, the
/// body with its length.
///
/// A response with the status 1xx (an interim response), 204 or 304 has no body, so the body of
/// such a `response` is left out. The connection ends after any response except an interim one, so
/// a final response gets the header `Connection: close` unless it already has a `Connection`
/// header.
//= docs/src/rfc6455.md#section-4-2-2
//# A server that accepts a connection MUST answer with a valid HTTP response.
#[must_use]
pub fn encode_response(response: &Response<impl AsRef<[u8]>>) -> Bytes {
    encode_response_to(&Method::GET, response)
}

/// Works like [`encode_response`], but for a response to a request with the given method. The
/// response to HEAD has the same head as the response to GET, but no body.
#[must_use]
pub fn encode_response_to(method: &Method, response: &Response<impl AsRef<[u8]>>) -> Bytes {
    let status = response.status();
    let body = response.body().as_ref();
    // A 1xx, 204 or 304 response has no body, and a 1xx or 204 must not announce one either (RFC
    // 9110, section 8.6). In a 304, `Content-Length` states the length that the body of a 200 would
    // have had, so keep the header if the application has set it.
    let is_interim = status.is_informational();
    let forbids_length = is_interim || status == StatusCode::NO_CONTENT;
    let has_body = !forbids_length && status != StatusCode::NOT_MODIFIED;
    let mut headers = response.headers().clone();
    // The body is written without any transfer coding, so remove the header that would announce
    // one.
    headers.remove(TRANSFER_ENCODING);
    if forbids_length {
        headers.remove(CONTENT_LENGTH);
    }
    let mut bytes = Vec::with_capacity(256 + body.len());
    let reason = status.canonical_reason().unwrap_or("Other");
    bytes.extend_from_slice(format!("HTTP/1.1 {} {reason}\r\n", status.as_str()).as_bytes());
    write_lines(&mut bytes, &headers);
    if has_body && !headers.contains_key(CONTENT_LENGTH) {
        write_line(&mut bytes, "Content-Length", body.len().to_string().as_bytes());
    }
    if !is_interim && !headers.contains_key(CONNECTION) {
        write_line(&mut bytes, "Connection", b"close");
    }
    bytes.extend_from_slice(b"\r\n");
    if has_body && method != Method::HEAD {
        bytes.extend_from_slice(body);
    }
    bytes.into()
}

/// Converts and checks the name and the value of a header that the application has chosen.
///
/// # Errors
/// - [`UsageError::HeaderInvalid`] for a name or value that HTTP does not allow, such as a value
///   with a line break, which would add another header;
/// - [`UsageError::HeaderReserved`] for a header that the handshake sets.
pub(super) fn header_line<N, V>(name: N, value: V) -> Result<(HeaderName, HeaderValue), UsageError>
where
    N: AsRef<str>,
    V: TryInto<HeaderValue> + AsRef<[u8]>,
{
    let name = name.as_ref();
    let invalid = |value: &[u8]| {
        // Hide a credential even if it is invalid, because errors end up in logs.
        let value = match name.parse() {
            Ok(name) if is_credential(&name) => "(hidden)".into(),
            _ => String::from_utf8_lossy(value),
        };
        UsageError::HeaderInvalid(format!("{name}: {value}"))
    };
    let header_name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid(value.as_ref()))?;
    check_extra_header(&header_name)?;
    // Copy the value before the conversion consumes it, because the error quotes it.
    let bytes = value.as_ref().to_vec();
    Ok((header_name, value.try_into().map_err(|_| invalid(&bytes))?))
}

/// Appends a header, and hides the value from `Debug` if it is a credential.
pub(super) fn append_header(headers: &mut HeaderMap, name: HeaderName, mut value: HeaderValue) {
    if is_credential(&name) {
        value.set_sensitive(true);
    }
    headers.append(name, value);
}

/// Checks that the handshake itself sets none of these headers.
pub(super) fn check_extra_headers(headers: &HeaderMap) -> Result<(), UsageError> {
    headers.keys().try_for_each(check_extra_header)
}

fn check_extra_header(name: &HeaderName) -> Result<(), UsageError> {
    let is_reserved = name.as_str().starts_with("sec-websocket-")
        || [HOST, UPGRADE, CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING].contains(name);
    if is_reserved { Err(UsageError::HeaderReserved(name.to_string())) } else { Ok(()) }
}

/// Marks the values that `Debug` must not print, in addition to those that the application has
/// marked.
pub(super) fn mark_credentials(headers: &mut HeaderMap) {
    for (_, value) in headers.iter_mut().filter(|(name, _)| is_credential(name)) {
        value.set_sensitive(true);
    }
}

/// Returns whether `Debug` must not print the header's value.
fn is_credential(name: &HeaderName) -> bool {
    [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE, SET_COOKIE].contains(name)
}
