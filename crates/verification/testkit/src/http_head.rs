//! HTTP heads as lists of lines. A test starts with a valid request or response, and changes some
//! of the lines.

use protocol::handshake::{Nonce, accept_key};

/// The nonce whose Base64 encoding is the example key in section 1.3.
pub const SAMPLE_NONCE: Nonce = Nonce(*b"the sample nonce");

/// A minimal request with the example key of section 1.3.
pub const SAMPLE_REQUEST: &str = "GET /chat HTTP/1.1\r\n\
    Host: server.example.com\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\n\
    \r\n";

/// The accept value that section 1.3 computes from the key of [`SAMPLE_REQUEST`].
pub const SAMPLE_ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// The minimal response to [`SAMPLE_REQUEST`].
pub const SAMPLE_RESPONSE: &str = "HTTP/1.1 101 Switching Protocols\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
    \r\n";

/// Returns the value of the first header line called `name`.
#[must_use]
pub fn header_value<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

/// Returns the minimal response that accepts `request`. The accept value is computed by `protocol`,
/// which can be relied on here, because its own tests compare that computation with the example in
/// section 1.3.
#[must_use]
pub fn response_for(request: &str) -> String {
    let key = header_value(request, "Sec-WebSocket-Key").expect("the request has a key");
    SAMPLE_RESPONSE.replace(SAMPLE_ACCEPT, &accept_key(key))
}

/// Builds a head line by line, valid or not.
///
/// ```
/// use testkit::http_head::{HeadBuilder, SAMPLE_REQUEST};
///
/// assert_eq!(HeadBuilder::request().bytes(), SAMPLE_REQUEST.as_bytes());
/// let no_host = HeadBuilder::request().without("Host");
/// let other_host = HeadBuilder::request().set("Host", "example.org");
/// ```
#[derive(Debug, Clone)]
pub struct HeadBuilder {
    lines: Vec<Vec<u8>>,
}

impl HeadBuilder {
    fn parse(head: &str) -> Self {
        Self { lines: head.trim_end().split("\r\n").map(|line| line.as_bytes().to_vec()).collect() }
    }

    /// Creates a builder that starts with [`SAMPLE_REQUEST`].
    #[must_use]
    pub fn request() -> Self {
        Self::parse(SAMPLE_REQUEST)
    }

    /// Creates a builder that starts with [`SAMPLE_RESPONSE`].
    #[must_use]
    pub fn response() -> Self {
        Self::parse(SAMPLE_RESPONSE)
    }

    /// Replaces the request line or status line.
    #[must_use]
    pub fn first_line(mut self, line: impl AsRef<[u8]>) -> Self {
        self.lines[0] = line.as_ref().to_vec();
        self
    }

    /// Removes the header lines called `name`. Panics if no line has this name.
    #[track_caller]
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        let before = self.lines.len();
        let start = format!("{name}:");
        self.lines.retain(|line| !line.starts_with(start.as_bytes()));
        assert!(self.lines.len() < before, "there is no line called {name} to remove");
        self
    }

    /// Adds a line after the last header line.
    #[must_use]
    pub fn with(mut self, line: impl AsRef<[u8]>) -> Self {
        self.lines.push(line.as_ref().to_vec());
        self
    }

    /// Adds a header line called `name` for each of these values, after the last header line.
    #[must_use]
    pub fn with_each(self, name: &str, values: &[&str]) -> Self {
        values.iter().fold(self, |head, value| head.with(format!("{name}: {value}")))
    }

    /// Replaces all header lines called `name` with a single line with this value. Panics if no
    /// line has this name.
    #[track_caller]
    #[must_use]
    pub fn set(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let line = [name.as_bytes(), b": ", value.as_ref()].concat();
        self.without(name).with(line)
    }

    /// Encodes the head, including the empty line that ends it.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for line in &self.lines {
            bytes.extend_from_slice(line);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        bytes
    }
}
