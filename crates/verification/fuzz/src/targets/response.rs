//! What a client reads first (sections 4.1 and 11.3).

use bytes::BytesMut;
use protocol::{
    Uri, Violation,
    handshake::{ClientHandshake, ClientRequest, Established, Extension, HandshakeError, Nonce, Status},
};

use super::head::{Reading, limits, read_in_any_cut};
use crate::cuts::seed;

/// The nonce whose Base64 is the key of section 1.3. Its answer is `s3pPLMBiTxaQ9kYGzzhZRbK+xOo=`.
const NONCE: Nonce = Nonce(*b"the sample nonce");

/// What is offered.
const SUBPROTOCOLS: [&str; 2] = ["chat", "superchat"];
const EXTENSION: &str = "permessage-deflate";

/// Any cut gives the same answer or the same violation, and a connection opens only with what was offered.
///
/// # Panics
/// If not.
pub fn run(input: &[u8]) {
    let Some((seed, bytes)) = seed(input) else { return };
    if let Some(Ok(opened)) = read_in_any_cut::<ClientHandshake>(seed, bytes) {
        assert_eq!(opened.response.status(), 101);
        let subprotocol = opened.subprotocol.as_deref();
        assert!(subprotocol.is_none_or(|name| SUBPROTOCOLS.contains(&name)), "{subprotocol:?}");
        assert!(opened.extensions.iter().all(|extension| extension.name() == EXTENSION), "{:?}", opened.extensions);
        assert!(bytes.ends_with(&opened.rest), "what follows the head are frames");
    }
}

fn request() -> ClientRequest {
    let uri: Uri = "ws://server.example.com/chat".parse().expect("a URI");
    let offer = |request: ClientRequest, name: &&str| request.subprotocol(*name).expect("a token, once");
    let request = SUBPROTOCOLS.iter().fold(ClientRequest::new(uri), offer);
    request.extension(Extension::new(EXTENSION).expect("a token"))
}

impl Reading for ClientHandshake {
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

    fn violation(error: &HandshakeError) -> Option<&Violation> {
        match error {
            HandshakeError::Violation(violation) => Some(violation),
            HandshakeError::Rejected(_) => None,
        }
    }

    fn told(outcome: &Result<Established, HandshakeError>) -> String {
        match outcome {
            Err(HandshakeError::Violation(violation)) => format!("{violation:?}"),
            Err(HandshakeError::Rejected(response)) => {
                format!("refused: {} {:?}", response.status(), response.headers())
            }
            Ok(Established { response, subprotocol, extensions, .. }) => {
                format!("{response:?} {subprotocol:?} {extensions:?}")
            }
        }
    }
}
