//! Requests and responses that another HTTP implementation has parsed.
//!
//! The property tests check arbitrary heads both in parsed form and as bytes, and compare the
//! results.

use http::{HeaderValue, Request, Response, StatusCode, Version};
use protocol::{
    HandshakeViolation, Limits, UriError, UsageError,
    handshake::{ClientHandshake, ClientRequest, HandshakeError, ReceivedRequest, UpgradeOptions, parse_response},
};
use testkit::{
    handshake::{client_request, valid_request},
    http_head::{HeadBuilder, SAMPLE_NONCE, SAMPLE_RESPONSE},
};

/// Returns the head of a request, as another HTTP implementation would pass it on.
fn parsed(head: &HeadBuilder) -> Request<&'static str> {
    valid_request(head).head().clone().map(|()| "the body of the other implementation")
}

#[test]
fn a_request_that_was_parsed_elsewhere_is_accepted_like_bytes() {
    let head = HeadBuilder::request().with("Sec-WebSocket-Protocol: chat, superchat");
    let received = ReceivedRequest::from_head(&parsed(&head));
    let upgrade = received.check_upgrade().expect("the request is valid");
    assert_eq!(upgrade.subprotocols(), ["chat", "superchat"]);
    assert_eq!(received.host(), Some("server.example.com"));
    let options = || UpgradeOptions::default().subprotocol("chat");
    let accepted = upgrade.accept(options()).unwrap();
    let of_bytes = valid_request(&head).check_upgrade().unwrap().accept(options()).unwrap();
    assert_eq!(accepted.response.headers(), of_bytes.response.headers());
    assert_eq!(accepted.response.status(), StatusCode::SWITCHING_PROTOCOLS);
    assert!(received.into_rest().is_empty());
    let (parts, _) = parsed(&head).into_parts();
    assert_eq!(ReceivedRequest::from_parts(&parts).check_upgrade().unwrap().subprotocols(), ["chat", "superchat"]);
}

#[test]
fn a_request_that_was_parsed_elsewhere_needs_http_1_1() {
    for (version, expected) in [(Version::HTTP_10, false), (Version::HTTP_11, true)] {
        let mut request = parsed(&HeadBuilder::request());
        *request.version_mut() = version;
        let received = ReceivedRequest::from_head(&request);
        assert_eq!(received.check_upgrade().is_ok(), expected, "{version:?}");
    }
}

#[test]
fn credentials_of_a_request_that_was_parsed_elsewhere_are_not_printed() {
    let mut request = parsed(&HeadBuilder::request());
    request.headers_mut().insert("Cookie", "session=secret".parse().unwrap());
    request.headers_mut().append("Authorization", "Basic secret".parse().unwrap());
    // The application itself has marked this value as sensitive.
    let mut key = HeaderValue::from_static("secret");
    key.set_sensitive(true);
    request.headers_mut().insert("X-Key", key);
    let printed = format!("{:?}", ReceivedRequest::from_head(&request));
    assert!(printed.contains("cookie") && !printed.contains("secret"), "{printed}");
}

fn handshake(request: ClientRequest) -> ClientHandshake {
    request.handshake(SAMPLE_NONCE, Limits::DEFAULT)
}

#[test]
fn the_request_as_a_value_is_the_request_on_the_wire() {
    let request = client_request().subprotocol("chat").unwrap().header("Cookie", "a=b").unwrap();
    let handshake = handshake(request);
    let value = handshake.request().unwrap();
    let wire = testkit::handshake::read_request(&handshake.request_bytes()).unwrap().expect("the head is complete");
    assert_eq!(value.method(), wire.head().method());
    assert_eq!(value.uri(), wire.head().uri());
    assert_eq!(value.version(), wire.head().version());
    assert_eq!(value.headers(), wire.head().headers());
}

#[test]
fn a_target_that_the_crate_http_cannot_hold_is_an_error() {
    for (len, expected) in [(65_534, Ok(())), (65_535, Err(UsageError::Uri(UriError::TooLong)))] {
        let uri = format!("ws://example.org/{}", "a".repeat(len - 1)).parse().unwrap();
        let request = handshake(ClientRequest::new(uri)).request();
        assert_eq!(request.map(drop), expected, "{len} bytes");
    }
}

/// Returns the minimal response, as another HTTP implementation would pass it on.
fn response() -> Response<&'static str> {
    let (head, _) = parse_response(SAMPLE_RESPONSE.as_bytes(), &Limits::DEFAULT).unwrap().expect("it is complete");
    head.map(|()| "the body of the other implementation")
}

#[test]
fn a_response_that_was_parsed_elsewhere_opens_the_connection() {
    let mut response = response();
    response.headers_mut().insert("Sec-WebSocket-Protocol", "chat".parse().unwrap());
    let established = handshake(client_request().subprotocol("chat").unwrap()).check_response(&response).unwrap();
    assert_eq!(established.subprotocol.as_deref(), Some("chat"));
    assert_eq!(established.response.headers(), response.headers());
    assert!(established.rest.is_empty());
}

#[test]
fn a_response_that_was_parsed_elsewhere_must_answer_the_key() {
    let mut response = response();
    response.headers_mut().insert("Sec-WebSocket-Accept", "no".parse().unwrap());
    match handshake(client_request()).check_response(&response) {
        Err(HandshakeError::Violation(HandshakeViolation::AcceptWrong { received, .. })) => assert_eq!(received, "no"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_rejection_that_was_parsed_elsewhere_keeps_its_head() {
    let mut response = response();
    *response.status_mut() = StatusCode::FORBIDDEN;
    response.headers_mut().insert("Retry-After", "7".parse().unwrap());
    match handshake(client_request()).check_response(&response) {
        Err(HandshakeError::Rejected(rejection)) => {
            assert_eq!(rejection.status(), StatusCode::FORBIDDEN);
            assert_eq!(rejection.headers()["Retry-After"], "7");
        }
        other => panic!("{other:?}"),
    }
}
