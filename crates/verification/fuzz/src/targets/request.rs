//! Checks a server that receives a request (sections 4.2 and 11.3).

use bytes::BytesMut;
use http::StatusCode;
use protocol::{
    HandshakeViolation,
    handshake::{ReceivedRequest, ServerHandshake, Status, UpgradeOptions, encode_response, rejection},
};

use super::head::{HandshakeSide, limits, read_in_any_split};
use crate::splits::seed;

/// Checks that the way in which a request is split into reads does not affect the result, and that
/// each response has exactly one head.
///
/// A valid request must be accepted with status 101, and an invalid one rejected with a 4xx status.
///
/// # Panics
/// Panics if one of these checks fails.
pub fn run(input: &[u8]) {
    let Some((seed, bytes)) = seed(input) else { return };
    let violation = match read_in_any_split::<ServerHandshake>(seed, bytes) {
        None => return,
        Some(Ok(request)) => match request.check_upgrade() {
            Err(violation) => violation,
            Ok(upgrade) => {
                let protocol = upgrade.subprotocols().first().cloned();
                let extensions = upgrade.extensions().to_vec();
                let mut choice = UpgradeOptions::default();
                choice.subprotocol.clone_from(&protocol);
                choice.extensions = extensions;
                let accepted = upgrade.accept(choice).expect("a server can accept what the client offered");
                assert_eq!(accepted.subprotocol, protocol);
                assert_eq!(accepted.response.status(), StatusCode::SWITCHING_PROTOCOLS);
                assert_one_head(&encode_response(&accepted.response));
                return;
            }
        },
        Some(Err(violation)) => violation,
    };
    let response = rejection(&violation);
    assert!(response.status().is_client_error(), "{violation:?} has the status {}", response.status());
    // The body may quote the request, but no part of the quotation may end up in the head. So
    // remove the body, and check that the remaining bytes are exactly one head.
    let bytes = encode_response(&response);
    let body = response.body().as_bytes();
    assert!(bytes.ends_with(body));
    assert_one_head(&bytes[..bytes.len() - body.len()]);
}

impl HandshakeSide for ServerHandshake {
    type Done = ReceivedRequest;
    type Error = HandshakeViolation;

    fn new() -> Self {
        Self::new(limits())
    }

    fn input(&mut self) -> &mut BytesMut {
        self.input()
    }

    fn poll(self) -> Result<Status<Self, ReceivedRequest>, HandshakeViolation> {
        self.poll()
    }

    fn violation(error: &HandshakeViolation) -> Option<&HandshakeViolation> {
        Some(error)
    }

    fn describe(result: &Result<ReceivedRequest, HandshakeViolation>) -> String {
        match result {
            Err(violation) => format!("{violation:?}"),
            Ok(request) => format!("{:?} {:?}", request.head(), request.check_upgrade().map(|_| ())),
        }
    }
}

/// Checks that these bytes are exactly one head: the first empty line must be at the end of the
/// bytes.
fn assert_one_head(bytes: &[u8]) {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
    assert_eq!(end, Some(bytes.len() - 4), "{}", String::from_utf8_lossy(bytes));
}
