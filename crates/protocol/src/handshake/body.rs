//! The body of a response that rejects the handshake (RFC 9112, sections 6.3 and 7.1).
//!
//! ```text
//!   Content-Length: 9␍␊        Transfer-Encoding: chunked␍␊        neither of them
//!   ␍␊                         ␍␊                                  ␍␊
//!   not today                  3␍␊                                 not today
//!                              not␍␊                               (TCP ends)
//!                              6␍␊
//!                               today␍␊
//!                              0␍␊
//!                              ␍␊
//! ```
//!
//! The body is only an explanation for people. The decoder therefore never fails: it treats the
//! first mistake in the format as the end of the body.

use std::mem;

use bytes::Bytes;
use http::{
    HeaderMap, Response, StatusCode,
    header::{CONTENT_LENGTH, TRANSFER_ENCODING},
};

use super::grammar::list;

/// The maximum length, in bytes, of the line that states the size of a chunk. The size takes at
/// most 16 digits, and the remaining bytes are for extensions, which hardly any server sends.
const MAX_CHUNK_LINE: usize = 256;

/// A decoder for the body of a rejection, which joins the chunks and finds the end of the body.
///
/// ```
/// use protocol::{Limits, handshake::{ResponseBody, parse_response}};
///
/// let head = b"HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n";
/// let (head, _) = parse_response(head, &Limits::default())?.expect("the head is complete");
/// let mut body = ResponseBody::new(&head, 1000);
/// body.push(b"3\r\nnot\r\n6\r\n today\r\n");
/// assert!(!body.is_complete());
/// body.push(b"0\r\n\r\n");
/// assert!(body.is_complete());
/// assert_eq!(body.into_bytes(), "not today");
/// # Ok::<(), protocol::HandshakeViolation>(())
/// ```
#[derive(Debug)]
pub struct ResponseBody {
    expected: Expected,
    decoded: Vec<u8>,
    limit: usize,
}

/// The part of the body that the decoder expects next.
#[derive(Debug)]
enum Expected {
    /// Everything until the TCP connection ends.
    UntilEnd,
    /// The rest of the body, which is this many bytes long.
    Length(u64),
    /// The line that states the size of a chunk. Holds the part of that line that has arrived so
    /// far.
    ChunkSize(Vec<u8>),
    /// This many bytes of a chunk.
    Chunk(u64),
    /// The line end after a chunk.
    ChunkEnd,
    /// Nothing: the body is complete, or malformed.
    Nothing,
}

impl ResponseBody {
    /// Creates a decoder for the body that follows `head`, the head of a response to a GET request.
    /// The decoder keeps at most `limit` bytes of the body.
    #[must_use]
    pub fn new<T>(head: &Response<T>, limit: usize) -> Self {
        Self { expected: expected(head.status(), head.headers()), decoded: Vec::new(), limit }
    }

    /// Decodes the next bytes that have arrived. Ignores bytes after the end of the body, and bytes
    /// beyond the limit.
    pub fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && !self.is_complete() {
            let (expected, taken) = match mem::replace(&mut self.expected, Expected::Nothing) {
                Expected::UntilEnd => (Expected::UntilEnd, self.keep(bytes, u64::MAX)),
                Expected::Length(length) => {
                    let taken = self.keep(bytes, length);
                    let left = length - taken as u64;
                    (if left == 0 { Expected::Nothing } else { Expected::Length(left) }, taken)
                }
                Expected::Chunk(length) => {
                    let taken = self.keep(bytes, length);
                    let left = length - taken as u64;
                    (if left == 0 { Expected::ChunkEnd } else { Expected::Chunk(left) }, taken)
                }
                Expected::ChunkSize(mut line) => {
                    let taken = end_of_line(bytes).unwrap_or(bytes.len());
                    line.extend_from_slice(&bytes[..taken.min(MAX_CHUNK_LINE)]);
                    (after_chunk_size(line), taken)
                }
                Expected::ChunkEnd => match end_of_line(bytes) {
                    Some(taken) if bytes[..taken].trim_ascii().is_empty() => (Expected::ChunkSize(Vec::new()), taken),
                    // Only the CR has arrived.
                    None if bytes == b"\r" => (Expected::ChunkEnd, 1),
                    _ => (Expected::Nothing, 0),
                },
                Expected::Nothing => (Expected::Nothing, 0),
            };
            self.expected = expected;
            bytes = &bytes[taken..];
        }
    }

    /// Returns `true` if no more bytes are needed, because the body has ended or the limit has been
    /// reached.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        matches!(self.expected, Expected::Nothing) || self.decoded.len() >= self.limit
    }

    /// Returns the decoded body, or the part of it that has arrived.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.decoded.into()
    }

    /// Keeps the first bytes of `bytes`: at most `length` of them, and no more than the limit
    /// allows. Returns the number of bytes kept.
    fn keep(&mut self, bytes: &[u8], length: u64) -> usize {
        let room = self.limit.saturating_sub(self.decoded.len()).min(bytes.len());
        let taken = usize::try_from(length).unwrap_or(usize::MAX).min(room);
        self.decoded.extend_from_slice(&bytes[..taken]);
        taken
    }
}

/// Returns how the body is delimited.
fn expected(status: StatusCode, headers: &HeaderMap) -> Expected {
    if status.is_informational() || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
        return Expected::Nothing;
    }
    match list(headers, &TRANSFER_ENCODING).last() {
        Some(coding) if coding.eq_ignore_ascii_case("chunked") => return Expected::ChunkSize(Vec::new()),
        Some(_) => return Expected::UntilEnd,
        None => {}
    }
    match content_length(headers) {
        Some(0) => Expected::Nothing,
        Some(length) => Expected::Length(length),
        None => Expected::UntilEnd,
    }
}

/// Returns the length that the headers announce. Returns `None` if they announce none, announce an
/// invalid one, or contradict each other.
fn content_length(headers: &HeaderMap) -> Option<u64> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let mut lengths = list(headers, &CONTENT_LENGTH).map(|length| length.parse().ok().filter(|_| digits(length)));
    let first = lengths.next()??;
    lengths.all(|other| other == Some(first)).then_some(first)
}

/// Returns the part of the body to expect next: what follows `line` or, if `line` is incomplete,
/// the rest of it.
fn after_chunk_size(line: Vec<u8>) -> Expected {
    match httparse::parse_chunk_size(&line) {
        Ok(httparse::Status::Complete((_, 0))) | Err(_) => Expected::Nothing,
        Ok(httparse::Status::Complete((_, size))) => Expected::Chunk(size),
        Ok(httparse::Status::Partial) if line.len() >= MAX_CHUNK_LINE => Expected::Nothing,
        Ok(httparse::Status::Partial) => Expected::ChunkSize(line),
    }
}

/// Returns the position directly after the first line end.
fn end_of_line(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|&byte| byte == b'\n').map(|at| at + 1)
}
