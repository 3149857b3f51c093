//! HTTP requests as they are written, and the answers to them.

use std::{
    fmt,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};

use super::{PATIENCE, Server};

/// The key of the RFC's example, and what has to come back for it.
pub(crate) const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
pub(crate) const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// A request, header by header. [`upgrade`](Self::upgrade) is right in all points; tests make it wrong in one.
#[derive(Clone)]
pub(crate) struct Request {
    line: String,
    headers: Vec<(String, String)>,
}

impl Request {
    /// `GET` for a page.
    pub(crate) fn get(server: &Server, path: &str) -> Self {
        Self::new(&format!("GET {path} HTTP/1.1"), &[("Host", &server.address().to_string())])
    }

    /// A right request for a WebSocket.
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

    /// Another first line.
    pub(crate) fn line(mut self, line: &str) -> Self {
        self.line = line.to_owned();
        self
    }

    /// One more header line.
    pub(crate) fn and(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(present, _)| present != name);
        self
    }

    /// Another value for a header line that is there.
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

/// An answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Response {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Response {
    /// Reads the head that stands before the empty line.
    #[track_caller]
    pub(crate) fn parse_head(head: &str) -> Self {
        let mut lines = head.split("\r\n");
        let first = lines.next().unwrap_or_default();
        let status = first.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
        let status = status.unwrap_or_else(|| panic!("no status line: {first:?}"));
        let header = |line: &str| {
            let (name, value) = line.split_once(": ").unwrap_or_else(|| panic!("no header line: {line:?}"));
            (name.to_ascii_lowercase(), value.to_owned())
        };
        Self { status, headers: lines.map(header).collect(), body: String::new() }
    }

    #[track_caller]
    fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no HTTP answer: {text:?}"));
        Self { body: body.to_owned(), ..Self::parse_head(head) }
    }

    /// The value of a header line that is there once; `None` if it is not there.
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(present, _)| present.eq_ignore_ascii_case(name));
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} is there twice: {:?}", self.headers);
        value
    }
}

/// Sends bytes on a connection of their own, and reads the answer to its end.
#[track_caller]
pub(crate) fn exchange(server: &Server, request: &[u8]) -> Response {
    exchange_from(server, request).0
}

/// As [`exchange`], and tells the client's own address, which the server's log knows.
#[track_caller]
pub(crate) fn exchange_from(server: &Server, request: &[u8]) -> (Response, SocketAddr) {
    let mut stream = open(server);
    let own = stream.local_addr().expect("it is connected");
    stream.write_all(request).expect("the server takes the request");
    (read_response(stream), own)
}

/// Reads an answer that the server ends with the connection.
#[track_caller]
pub(crate) fn read_response(mut stream: TcpStream) -> Response {
    let mut bytes = Vec::new();
    if let Err(error) = stream.read_to_end(&mut bytes) {
        panic!("the answer broke off with {error}: {:?}", String::from_utf8_lossy(&bytes));
    }
    Response::parse(&bytes)
}

/// A TCP connection on which no reading waits for ever.
#[track_caller]
pub(crate) fn open(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.address()).expect("the server listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time-out can be set");
    stream.set_write_timeout(Some(PATIENCE)).expect("a time-out can be set");
    stream.set_nodelay(true).expect("it is TCP");
    stream
}
