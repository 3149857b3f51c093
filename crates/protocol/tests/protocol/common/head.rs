//! HTTP heads for the tests of the opening handshake: one that is right, to be spoilt in one place.

use http::Response;
use protocol::{
    Limits, Uri, Violation,
    handshake::{
        ClientHandshake, ClientRequest, Established, HandshakeError, Nonce, ReceivedRequest, ServerHandshake, Status,
        UpgradeOptions, UpgradeRequest, encode_response,
    },
};

/// The nonce whose Base64 is the key of section 1.3.
pub(crate) const NONCE: Nonce = Nonce(*b"the sample nonce");

/// A head as its lines.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    lines: Vec<Vec<u8>>,
}

impl Head {
    fn from_lines(lines: &[&str]) -> Self {
        Self { lines: lines.iter().map(|line| line.as_bytes().to_vec()).collect() }
    }

    /// The smallest request that a server accepts.
    pub(crate) fn request() -> Self {
        Self::from_lines(&[
            "GET /chat HTTP/1.1",
            "Host: server.example.com",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Version: 13",
        ])
    }

    /// The smallest response that a client accepts.
    pub(crate) fn response() -> Self {
        Self::from_lines(&[
            "HTTP/1.1 101 Switching Protocols",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
        ])
    }

    /// With another first line.
    pub(crate) fn first(mut self, line: impl AsRef<[u8]>) -> Self {
        self.lines[0] = line.as_ref().to_vec();
        self
    }

    /// Without the lines of this name.
    #[track_caller]
    pub(crate) fn without(mut self, name: &str) -> Self {
        let before = self.lines.len();
        let begins = format!("{name}:");
        self.lines.retain(|line| !line.starts_with(begins.as_bytes()));
        assert!(self.lines.len() < before, "there was no {name} to be removed");
        self
    }

    /// With one more line at the end.
    pub(crate) fn with(mut self, line: impl AsRef<[u8]>) -> Self {
        self.lines.push(line.as_ref().to_vec());
        self
    }

    /// With another value for this name.
    #[track_caller]
    pub(crate) fn set(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let line = [name.as_bytes(), b": ", value.as_ref()].concat();
        self.without(name).with(line)
    }

    /// The head on the wire.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for line in &self.lines {
            bytes.extend_from_slice(line);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        bytes
    }
}

/// Gives a server bytes in one read, within the default limits; the request if it is complete.
pub(crate) fn server_reads(bytes: &[u8]) -> Result<Option<ReceivedRequest>, Violation> {
    server_reads_within(Limits::DEFAULT, bytes)
}

/// Gives a server bytes in one read.
pub(crate) fn server_reads_within(limits: Limits, bytes: &[u8]) -> Result<Option<ReceivedRequest>, Violation> {
    let mut handshake = ServerHandshake::new(limits);
    handshake.input().extend_from_slice(bytes);
    Ok(match handshake.poll()? {
        Status::Complete(request) => Some(request),
        Status::Partial(_) => None,
    })
}

/// A server's judgement of a complete request.
pub(crate) fn server_judges(head: &Head) -> Result<UpgradeRequest, Violation> {
    server_reads(&head.bytes())?.expect("the head is complete").check_upgrade()
}

/// What a client asks for in the tests, if nothing else is said.
pub(crate) fn ask() -> ClientRequest {
    ClientRequest::new("ws://server.example.com/chat".parse::<Uri>().expect("a valid URI"))
}

/// Gives a client bytes in one read.
pub(crate) fn client_reads(
    request: ClientRequest,
    bytes: &[u8],
) -> Result<Status<ClientHandshake, Established>, HandshakeError> {
    let mut handshake = request.handshake(NONCE, Limits::DEFAULT);
    handshake.input().extend_from_slice(bytes);
    handshake.poll()
}

/// A client's judgement of a complete answer to `request`; the answer must be a 101.
pub(crate) fn client_judges(request: ClientRequest, head: &Head) -> Result<Established, Violation> {
    match client_reads(request, &head.bytes()) {
        Ok(Status::Complete(opened)) => Ok(opened),
        Ok(Status::Partial(_)) => panic!("the head is complete"),
        Err(HandshakeError::Violation(violation)) => Err(violation),
        Err(HandshakeError::Rejected(response)) => panic!("taken for a rejection: {response:?}"),
    }
}

#[track_caller]
pub(crate) fn accepts(head: &Head) -> UpgradeRequest {
    server_judges(head).unwrap_or_else(|violation| panic!("refused: {violation}"))
}

/// The 101 response to a request, as text.
pub(crate) fn answer(head: &Head, choice: UpgradeOptions) -> String {
    written(&accepts(head).accept(choice).unwrap().response)
}

pub(crate) fn written(response: &Response<String>) -> String {
    String::from_utf8(encode_response(response).to_vec()).unwrap()
}
