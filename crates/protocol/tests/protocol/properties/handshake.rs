//! Random heads, valid or not, in reads of any size, and random handshakes between this crate's
//! client and server.

use bytes::BytesMut;
use proptest::{collection::vec, prelude::*, sample::Index};
use protocol::{
    HandshakeViolation, Limits,
    handshake::{
        ClientRequest, Extension, HandshakeError, Nonce, ReceivedRequest, ServerHandshake, Status, UpgradeOptions,
        encode_response,
    },
};
use testkit::{
    handshake::{client_request, read_request},
    http_head::{HeadBuilder, SAMPLE_NONCE},
};

use super::mutation::any_mutation;

/// Generates a head with a few mutations and bytes after it, or arbitrary bytes.
fn any_head(valid: &HeadBuilder) -> impl Strategy<Value = Vec<u8>> + use<> {
    let valid = valid.bytes();
    let mutated = (vec(any_mutation(), 0..4), vec(any::<u8>(), 0..10)).prop_map(move |(mutations, following)| {
        let mut bytes = [&valid[..], &following].concat();
        mutations.iter().for_each(|mutation| mutation.apply(&mut bytes));
        bytes
    });
    let arbitrary = vec(prop_oneof![any::<u8>(), proptest::sample::select(&b"GET / HTTP/1.1\r\n: "[..])], 0..100);
    prop_oneof![4 => mutated, 1 => arbitrary]
}

fn request_with_all_headers() -> HeadBuilder {
    HeadBuilder::request()
        .with("Origin: http://example.com")
        .with("Sec-WebSocket-Protocol: chat, superchat")
        .with("Sec-WebSocket-Extensions: a; b=\"c\", d")
}

fn response_with_all_headers() -> HeadBuilder {
    HeadBuilder::response().with("Sec-WebSocket-Protocol: chat").with("Sec-WebSocket-Extensions: x; b=\"c\"")
}

/// Makes a server receive `bytes` in reads of this size. Returns the request if it is complete.
fn read_request_in_pieces(bytes: &[u8], size: usize) -> Result<Option<ReceivedRequest>, HandshakeViolation> {
    let mut handshake = ServerHandshake::new(Limits::DEFAULT);
    for piece in bytes.chunks(size) {
        handshake.input().extend_from_slice(piece);
        handshake = match handshake.poll()? {
            Status::Partial(handshake) => handshake,
            Status::Complete(request) => return Ok(Some(request)),
        };
    }
    Ok(None)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_bytes_are_a_request_or_are_rejected(bytes in any_head(&request_with_all_headers()), size in 1..40_usize) {
        let whole = read_request(&bytes);
        if let Ok(Some(request)) = &whole && let Err(violation) = request.check_upgrade() {
            let status = violation.status();
            prop_assert!(status.is_client_error(), "{status}");
        }
        if let Ok(Some(request)) = &whole {
            let elsewhere = ReceivedRequest::from_head(request.head());
            prop_assert_eq!(elsewhere.check_upgrade().map(drop), request.check_upgrade().map(drop));
        }
        match (read_request_in_pieces(&bytes, size), whole) {
            (Ok(Some(split)), Ok(Some(whole))) => {
                prop_assert_eq!(split.head().headers(), whole.head().headers());
                prop_assert_eq!(split.head().uri(), whole.head().uri());
                let [split, whole] = [&split, &whole].map(|request| {
                    let upgrade = request.check_upgrade()?;
                    Ok::<_, HandshakeViolation>((upgrade.subprotocols().to_vec(), upgrade.extensions().to_vec()))
                });
                prop_assert_eq!(split, whole);
            }
            (Err(split), Err(whole)) => prop_assert_eq!(split, whole),
            // An incomplete head is not parsed again until its length has doubled, so its violation
            // may be found later.
            (Ok(None), Ok(None) | Err(_)) => {}
            (split, whole) => prop_assert!(false, "in pieces {split:?}, as a whole {whole:?}"),
        }
    }

    #[test]
    fn any_bytes_are_a_response_or_fail_the_handshake(
        bytes in any_head(&response_with_all_headers()), size in 1..40_usize,
    ) {
        let request = || client_request().subprotocol("chat").unwrap().extension(Extension::new("x").unwrap());
        let read = |size: usize| {
            let mut handshake = request().handshake(SAMPLE_NONCE, Limits::DEFAULT);
            for piece in bytes.chunks(size) {
                handshake.input().extend_from_slice(piece);
                handshake = match handshake.poll() {
                    Ok(Status::Partial(handshake)) => handshake,
                    Ok(Status::Complete(established)) => {
                        return Some(Ok((established.subprotocol, established.extensions)));
                    }
                    Err(HandshakeError::Violation(violation)) => return Some(Err(Ok(violation))),
                    Err(HandshakeError::Rejected(response)) => return Some(Err(Err(response.status()))),
                }
            }
            None
        };
        let (split, whole) = (read(size), read(bytes.len().max(1)));
        prop_assert!(split.is_none() || split == whole, "in pieces {split:?}, as a whole {whole:?}");
    }

    //= docs/src/rfc6455.md#section-4-1
    //= type=test
    //# The opening request MUST be valid HTTP.
    //= docs/src/rfc6455.md#section-4-2-2
    //= type=test
    //# A server that accepts a connection MUST answer with a valid HTTP response.
    #[test]
    fn a_client_and_a_server_of_this_crate_complete_the_handshake(
        nonce: [u8; 16],
        subprotocols in vec("[a-z]{1,5}", 0..4),
        chosen in any::<Index>(),
        path in "(/[a-z0-9]{0,8}){0,3}",
        size in 1..100_usize,
        following in vec(any::<u8>(), 0..20),
    ) {
        let mut request = ClientRequest::new(format!("ws://h{path}").parse().unwrap());
        let mut offered: Vec<String> = Vec::new();
        for name in subprotocols {
            if !offered.contains(&name) {
                request = request.subprotocol(name.clone()).unwrap();
                offered.push(name);
            }
        }
        let mut client = request.handshake(Nonce(nonce), Limits::DEFAULT);

        let request = read_request_in_pieces(&client.request_bytes(), size).unwrap().expect("a complete request");
        prop_assert_eq!(request.path(), if path.is_empty() { "/" } else { &path });
        let upgrade = request.check_upgrade().unwrap();
        prop_assert_eq!(upgrade.subprotocols(), &offered[..]);
        let subprotocol = (!offered.is_empty()).then(|| offered[chosen.index(offered.len())].clone());
        let options = subprotocol.iter().fold(UpgradeOptions::default(), UpgradeOptions::subprotocol);
        let accepted = upgrade.accept(options).unwrap();

        let bytes = [&encode_response(&accepted.response)[..], &following].concat();
        let mut rest = BytesMut::new();
        let mut established = None;
        for piece in bytes.chunks(size) {
            client.input().extend_from_slice(piece);
            match client.poll().unwrap() {
                Status::Partial(handshake) => client = handshake,
                Status::Complete(complete) => {
                    rest.extend_from_slice(&complete.rest);
                    established = Some(complete);
                    break;
                }
            }
        }
        prop_assert_eq!(established.expect("the handshake is complete").subprotocol, subprotocol);
        prop_assert!(following.starts_with(&rest), "a byte after the head was lost or changed");
    }
}
