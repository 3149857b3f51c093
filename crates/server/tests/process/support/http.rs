//! HTTP requests in the form in which they are sent, and the responses to them.

use std::{
    fmt,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};

use super::{server::Server, wait::PATIENCE};

/// The key from the RFC's example, and its accept value.
pub(crate) const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
pub(crate) const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// A request, built one header field at a time. [`upgrade`](Self::upgrade) builds a correct
/// request, in which a test then makes one mistake.
#[derive(Clone)]
pub(crate) struct Request {
    line: String,
    headers: Vec<(String, String)>,
}

impl Request {
    /// Returns a `GET` request for a page.
    pub(crate) fn get(server: &Server, path: &str) -> Self {
        Self::new(&format!("GET {path} HTTP/1.1"), &[("Host", &server.address().to_string())])
    }

    /// Returns a correct WebSocket request.
    pub(crate) fn upgrade(server: &Server, path: &str) -> Self {
        Self::get(server, path)
            .and("Upgrade", "websocket")
            .and("Connection", "Upgrade")
            .and("Sec-WebSocket-Key", KEY)
            .and("Sec-WebSocket-Version", "13")
    }

    pub(crate) fn new(line: &str, headers: &[(&str, &str)]) -> Self {
        let headers = headers.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { line: line.to_owned(), headers }
    }

    /// Replaces the first line.
    pub(crate) fn line(mut self, line: &str) -> Self {
        self.line = line.to_owned();
        self
    }

    /// Adds a header line.
    pub(crate) fn and(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Removes a header line.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(present, _)| present != name);
        self
    }

    /// Replaces the value of a header line.
    pub(crate) fn with(self, name: &str, value: &str) -> Self {
        self.without(name).and(name, value)
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.to_string().into_bytes()
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\r\n", self.line)?;
        for (name, value) in &self.headers {
            write!(f, "{name}: {value}\r\n")?;
        }
        f.write_str("\r\n")
    }
}

/// A response.
#[derive(Debug, Clone, Default)]
pub(crate) struct Response {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Response {
    /// Parses a head, without the empty line that ends it.
    #[track_caller]
    pub(crate) fn parse_head(head: &str) -> Self {
        let mut lines = head.split("\r\n");
        let first = lines.next().unwrap_or_default();
        let status = first.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
        let status = status.unwrap_or_else(|| panic!("not a status line: {first:?}"));
        let header = |line: &str| {
            let (name, value) = line.split_once(": ").unwrap_or_else(|| panic!("not a header line: {line:?}"));
            (name.to_ascii_lowercase(), value.to_owned())
        };
        Self { status, headers: lines.map(header).collect(), body: String::new() }
    }

    #[track_caller]
    fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("not an HTTP response: {text:?}"));
        Self { body: body.to_owned(), ..Self::parse_head(head) }
    }

    /// Returns the value of a header field, which must not appear twice, or `None` if it is
    /// missing.
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(present, _)| present.eq_ignore_ascii_case(name));
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} appears twice: {:?}", self.headers);
        value
    }
}

/// Sends bytes on a new connection, and reads the response to its end.
#[track_caller]
pub(crate) fn exchange(server: &Server, request: &[u8]) -> Response {
    exchange_from(server, request).0
}

/// Like [`exchange`], but also returns the client's own address, which appears in the server's log.
#[track_caller]
pub(crate) fn exchange_from(server: &Server, request: &[u8]) -> (Response, SocketAddr) {
    let mut stream = open(server);
    let address = stream.local_addr().expect("the stream is connected");
    stream.write_all(request).expect("the server reads the request");
    (read_response(stream), address)
}

/// Reads a response that lasts until the connection ends.
#[track_caller]
pub(crate) fn read_response(mut stream: TcpStream) -> Response {
    let mut bytes = Vec::new();
    if let Err(error) = stream.read_to_end(&mut bytes) {
        panic!("the response broke off with {error}: {:?}", String::from_utf8_lossy(&bytes));
    }
    Response::parse(&bytes)
}

/// Opens a TCP connection on which no read or write waits forever.
#[track_caller]
pub(crate) fn open(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.address()).expect("the server listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time limit can be set");
    stream.set_write_timeout(Some(PATIENCE)).expect("a time limit can be set");
    stream.set_nodelay(true).expect("the stream is TCP");
    stream
}
