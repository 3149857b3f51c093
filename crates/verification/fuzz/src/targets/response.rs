//! Checks a client that receives a response (sections 4.1 and 11.3).

use bytes::BytesMut;
use protocol::{
    HandshakeViolation, Uri,
    handshake::{ClientHandshake, ClientRequest, Established, Extension, HandshakeError, Nonce, Status},
};

use super::head::{HandshakeSide, limits, read_in_any_split};
use crate::splits::seed;

/// The nonce whose Base64 encoding is the sample key in section 1.3. Its accept value is
/// `s3pPLMBiTxaQ9kYGzzhZRbK+xOo=`.
const NONCE: Nonce = Nonce(*b"the sample nonce");

/// The subprotocols and the extension that the client offers.
const SUBPROTOCOLS: [&str; 2] = ["chat", "superchat"];
const EXTENSION: &str = "permessage-deflate";

/// Checks that the way in which a response is split into reads does not affect the result, and that
/// the client accepts only extensions and subprotocols that it offered.
///
/// # Panics
/// Panics if one of these checks fails.
pub fn run(input: &[u8]) {
    let Some((seed, bytes)) = seed(input) else { return };
    if let Some(Ok(established)) = read_in_any_split::<ClientHandshake>(seed, bytes) {
        assert_eq!(established.response.status(), 101);
        let subprotocol = established.subprotocol.as_deref();
        assert!(subprotocol.is_none_or(|name| SUBPROTOCOLS.contains(&name)), "{subprotocol:?}");
        assert!(
            established.extensions.iter().all(|extension| extension.name() == EXTENSION),
            "{:?}",
            established.extensions
        );
        assert!(bytes.ends_with(&established.rest), "the bytes after the head are kept");
    }
}

fn request() -> ClientRequest {
    let uri: Uri = "ws://server.example.com/chat".parse().expect("a URI");
    let offer = |request: ClientRequest, name: &&str| request.subprotocol(*name).expect("a token, once");
    let request = SUBPROTOCOLS.iter().fold(ClientRequest::new(uri), offer);
    request.extension(Extension::new(EXTENSION).expect("a token"))
}

impl HandshakeSide for ClientHandshake {
    type Done = Established;
    type Error = HandshakeError;

    fn new() -> Self {
        request().handshake(NONCE, limits())
    }

    fn input(&mut self) -> &mut BytesMut {
        self.input()
    }

    fn poll(self) -> Result<Status<Self, Established>, HandshakeError> {
        self.poll()
    }

    fn violation(error: &HandshakeError) -> Option<&HandshakeViolation> {
        match error {
            HandshakeError::Violation(violation) => Some(violation),
            HandshakeError::Rejected(_) => None,
        }
    }

    fn describe(result: &Result<Established, HandshakeError>) -> String {
        match result {
            Err(HandshakeError::Violation(violation)) => format!("{violation:?}"),
            Err(HandshakeError::Rejected(response)) => {
                format!("rejected: {} {:?}", response.status(), response.headers())
            }
            Ok(Established { response, subprotocol, extensions, .. }) => {
                format!("{response:?} {subprotocol:?} {extensions:?}")
            }
        }
    }
}
