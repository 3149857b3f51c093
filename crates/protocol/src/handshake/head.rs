//! The shape of an HTTP head: one line, header lines, an empty line (RFC 9112). Reading is left to `httparse`.
//!
//! ```text
//!   GET /chat HTTP/1.1␍␊          HTTP/1.1 101 Switching Protocols␍␊
//!   Host: example.org␍␊           Upgrade: websocket␍␊
//!   ...␍␊                         ...␍␊
//!   ␍␊                            ␍␊
//!   <frames>                      <frames>
//! ```
//!
//! What follows the empty line is not HTTP any more. A client must not send frames before it has the answer, but a server
//! may send its first frames in the same packet as the answer, and they must not be lost.

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, Version};

use crate::{limits::Limits, violation::Violation};

/// Collects bytes until they hold a head.
#[derive(Debug)]
pub(super) struct HeadBuffer {
    pub(super) input: BytesMut,
    /// How much of `input` was searched for the end of the head.
    searched: usize,
    /// How large `input` has to be for the next attempt if no end is found.
    attempt_at: usize,
}

impl HeadBuffer {
    pub(super) fn new() -> Self {
        Self { input: BytesMut::new(), searched: 0, attempt_at: 1 }
    }

    /// Reads a head with `parse`, and gives it with its length; `None` while it is incomplete. Its bytes are left where they
    /// are, at the front of the input: whoever is done with them removes them.
    ///
    /// A head that trickles in byte by byte is not parsed from the start each time, which would cost the square of its
    /// length. It is parsed when an empty line has been seen, and now and then before, each time the input has doubled:
    /// whoever speaks TLS or another protocol to this port should be told so at once and not wait for a time-out.
    pub(super) fn poll<T>(
        &mut self,
        limits: &Limits,
        parse: impl FnOnce(&[u8], &Limits) -> Result<Option<(T, usize)>, Violation>,
    ) -> Result<Option<(T, usize)>, Violation> {
        let has_end = self.search_end();
        if has_end || self.input.len() >= self.attempt_at {
            self.attempt_at = self.input.len() * 2;
            if let Some((head, len)) = parse(&self.input, limits)? {
                if len > limits.max_head_bytes {
                    return Err(Violation::HeadTooLong { limit: limits.max_head_bytes });
                }
                *self = Self { input: std::mem::take(&mut self.input), ..Self::new() };
                return Ok(Some((head, len)));
            }
        }
        // At the limit as well as beyond: at least one byte is still to come.
        if self.input.len() >= limits.max_head_bytes {
            return Err(Violation::HeadTooLong { limit: limits.max_head_bytes });
        }
        Ok(None)
    }

    /// Whether an empty line stands in the part of the input that was not searched before.
    fn search_end(&mut self) -> bool {
        // Up to two bytes of it may have been there already.
        let from = self.searched.saturating_sub(2);
        self.searched = self.input.len();
        let fresh = &self.input[from..];
        fresh.windows(3).any(|three| three == b"\n\r\n") || fresh.windows(2).any(|two| two == b"\n\n")
    }
}

/// Reads a request's head from the start of `bytes`; gives its length too.
pub(super) fn parse_request(bytes: &[u8], limits: &Limits) -> Result<Option<(Request<()>, usize)>, Violation> {
    let mut lines = vec![httparse::EMPTY_HEADER; limits.max_headers];
    let mut head = httparse::Request::new(&mut lines);
    let len = match head.parse(bytes) {
        Ok(httparse::Status::Complete(len)) => len,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(error) => return Err(malformed(error, limits)),
    };
    let mut request = Request::new(());
    // A complete head has a method and a target: the defaults are never used.
    *request.method_mut() = Method::from_bytes(head.method.unwrap_or_default().as_bytes())
        .map_err(|error| Violation::MalformedHead(error.to_string()))?;
    *request.uri_mut() = target(head.path.unwrap_or_default())?;
    *request.version_mut() = version(head.version);
    *request.headers_mut() = headers(head.headers, limits)?;
    Ok(Some((request, len)))
}

/// The request target. `Uri` would drop a fragment without a word; whoever does that serves another resource than the one
/// that a proxy before it has seen.
fn target(text: &str) -> Result<Uri, Violation> {
    if text.contains('#') {
        return Err(Violation::TargetMalformed);
    }
    Uri::try_from(text).map_err(|_| Violation::TargetMalformed)
}

/// Reads a response's head from the start of `bytes`; gives its length too, or `None` when the head does not end in them.
///
/// This is the shape alone, whatever the status; [`ClientHandshake`](super::ClientHandshake) judges what it says.
///
/// # Errors
/// [`Violation::MalformedHead`] and [`Violation::TooManyHeaders`].
pub fn parse_response(bytes: &[u8], limits: &Limits) -> Result<Option<(Response<()>, usize)>, Violation> {
    let mut lines = vec![httparse::EMPTY_HEADER; limits.max_headers];
    let mut head = httparse::Response::new(&mut lines);
    let len = match head.parse(bytes) {
        Ok(httparse::Status::Complete(len)) => len,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(error) => return Err(malformed(error, limits)),
    };
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::from_u16(head.code.unwrap_or_default())
        .map_err(|error| Violation::MalformedHead(error.to_string()))?;
    *response.version_mut() = version(head.version);
    *response.headers_mut() = headers(head.headers, limits)?;
    Ok(Some((response, len)))
}

fn malformed(error: httparse::Error, limits: &Limits) -> Violation {
    match error {
        httparse::Error::TooManyHeaders => Violation::TooManyHeaders { limit: limits.max_headers },
        error => Violation::MalformedHead(error.to_string()),
    }
}

fn version(minor: Option<u8>) -> Version {
    if minor == Some(0) { Version::HTTP_10 } else { Version::HTTP_11 }
}

fn headers(lines: &[httparse::Header<'_>], limits: &Limits) -> Result<HeaderMap, Violation> {
    // The map has a limit of its own, 32,768, in case ours is higher.
    let too_many = |_| Violation::TooManyHeaders { limit: limits.max_headers };
    let mut headers = HeaderMap::try_with_capacity(lines.len()).map_err(too_many)?;
    for line in lines {
        let malformed = || Violation::MalformedHead(format!("the header {} is malformed", line.name.escape_debug()));
        //= docs/src/rfc6455.md#section-4-1
        //# Names of headers match without regard to case, as everywhere in HTTP.
        let name = HeaderName::from_bytes(line.name.as_bytes()).map_err(|_| malformed())?;
        let value = HeaderValue::from_bytes(line.value).map_err(|_| malformed())?;
        headers.try_append(name, value).map_err(too_many)?;
    }
    Ok(headers)
}

/// Writes one header line.
pub(super) fn write_line(head: &mut Vec<u8>, name: &str, value: &[u8]) {
    head.extend_from_slice(name.as_bytes());
    head.extend_from_slice(b": ");
    head.extend_from_slice(value);
    head.extend_from_slice(b"\r\n");
}

/// Writes header lines with each word of their names in upper case, `X-Request-Id`, as people are used to read them.
/// Receivers do not care (section 4.1), but not all of them know.
pub(super) fn write_lines(head: &mut Vec<u8>, headers: &HeaderMap) {
    for (name, value) in headers {
        let mut written = String::with_capacity(name.as_str().len());
        let mut begins_word = true;
        for character in name.as_str().chars() {
            written.push(if begins_word { character.to_ascii_uppercase() } else { character });
            begins_word = character == '-';
        }
        // The one word of ours that does not follow the pattern.
        write_line(head, &written.replace("Websocket", "WebSocket"), value.as_bytes());
    }
}

/// Writes a whole response: the head, and the body with its length if there is one.
///
/// A switch to another protocol (101) has no body. Every other response ends the connection, and says so.
//= docs/src/rfc6455.md#section-4-2-2
//# A server that accepts a connection MUST answer with a valid HTTP response.
#[must_use]
pub fn encode_response(response: &Response<impl AsRef<[u8]>>) -> Bytes {
    let status = response.status();
    let mut bytes = Vec::with_capacity(256 + response.body().as_ref().len());
    let reason = status.canonical_reason().unwrap_or("Other");
    bytes.extend_from_slice(format!("HTTP/1.1 {} {reason}\r\n", status.as_str()).as_bytes());
    write_lines(&mut bytes, response.headers());
    let body = response.body().as_ref();
    let is_last = status != StatusCode::SWITCHING_PROTOCOLS;
    if is_last && !response.headers().contains_key(http::header::CONTENT_LENGTH) {
        write_line(&mut bytes, "Content-Length", body.len().to_string().as_bytes());
    }
    if is_last && !response.headers().contains_key(http::header::CONNECTION) {
        write_line(&mut bytes, "Connection", b"close");
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
    bytes.into()
}
