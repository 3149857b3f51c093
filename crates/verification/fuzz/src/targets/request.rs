//! What a server reads first (sections 4.2 and 11.3).

use bytes::BytesMut;
use http::StatusCode;
use protocol::{
    Answer, Role, Violation,
    handshake::{ReceivedRequest, ServerHandshake, Status, UpgradeOptions, encode_response, rejection},
};

use super::head::{Reading, limits, read_in_any_cut};
use crate::cuts::seed;

/// Any cut gives the same request or the same violation; a violation has an answer of HTTP; a request that is accepted
/// gets a 101.
///
/// # Panics
/// If not.
pub fn run(input: &[u8]) {
    let Some((seed, bytes)) = seed(input) else { return };
    let violation = match read_in_any_cut::<ServerHandshake>(seed, bytes) {
        None => return,
        Some(Ok(request)) => match request.check_upgrade() {
            Err(violation) => violation,
            Ok(upgrade) => {
                let protocol = upgrade.subprotocols().first().cloned();
                let extensions = upgrade.extensions().to_vec();
                let acceptance =
                    UpgradeOptions { subprotocol: protocol.clone(), extensions, ..UpgradeOptions::default() };
                let accepted = upgrade.accept(acceptance).expect("what was offered can be accepted");
                assert_eq!(accepted.subprotocol, protocol);
                assert_eq!(accepted.response.status(), StatusCode::SWITCHING_PROTOCOLS);
                assert_one_head(&encode_response(&accepted.response));
                return;
            }
        },
        Some(Err(violation)) => violation,
    };
    assert!(matches!(violation.answer(Role::Server), Answer::Refuse(_)), "{violation:?} has no status");
    let response = rejection(&violation);
    assert!(response.status().is_client_error());
    // The sentence may hold what the client wrote. It must not become a part of the head.
    let bytes = encode_response(&response);
    let body = response.body().as_bytes();
    assert!(bytes.ends_with(body));
    assert_one_head(&bytes[..bytes.len() - body.len()]);
}

impl Reading for ServerHandshake {
    type Done = ReceivedRequest;
    type Error = Violation;

    fn new() -> Self {
        Self::new(limits())
    }

    fn input(&mut self) -> &mut BytesMut {
        self.input()
    }

    fn poll(self) -> Result<Status<Self, ReceivedRequest>, Violation> {
        self.poll()
    }

    fn violation(error: &Violation) -> Option<&Violation> {
        Some(error)
    }

    fn told(outcome: &Result<ReceivedRequest, Violation>) -> String {
        match outcome {
            Err(violation) => format!("{violation:?}"),
            Ok(request) => format!("{:?} {:?}", request.head(), request.check_upgrade().map(|_| ())),
        }
    }
}

/// Lines, then an empty one, and nothing after it.
fn assert_one_head(bytes: &[u8]) {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    assert_eq!(end, Some(bytes.len() - 4), "{}", String::from_utf8_lossy(bytes));
}
