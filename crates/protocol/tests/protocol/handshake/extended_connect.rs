//! The opening handshake over HTTP/2: requests and responses that an HTTP implementation has
//! parsed.

use http::{Method, Request, Response, StatusCode, Uri, Version};
use protocol::{
    DeflateOptions, HandshakeViolation,
    handshake::{ClientRequest, ExtendedConnect, HandshakeError, ReceivedRequest, UpgradeOptions},
};

const SAMPLE_TARGET: &str = "https://example.org/chat?room=7";

/// Returns a valid request as an HTTP implementation would pass it on, but without its `:protocol`.
fn sample() -> Request<()> {
    Request::connect(SAMPLE_TARGET)
        .version(Version::HTTP_2)
        .header("sec-websocket-version", "13")
        .body(())
        .expect("a valid request")
}

fn received(request: &Request<()>) -> ReceivedRequest {
    ReceivedRequest::from_head(request).with_protocol("websocket")
}

/// Returns the violation in a request that `change` has made invalid.
#[track_caller]
fn violation(change: impl FnOnce(&mut Request<()>)) -> HandshakeViolation {
    let mut request = sample();
    change(&mut request);
    received(&request).check_upgrade().map(|_| "accepted").unwrap_err()
}

fn client(uri: &str) -> ClientRequest {
    ClientRequest::new(uri.parse().expect("a valid URI"))
}

fn response(status: u16) -> Response<()> {
    Response::builder().status(status).version(Version::HTTP_2).body(()).expect("a valid response")
}

//= docs/src/rfc8441.md#section-5
//= type=test
//# The client MUST NOT require `Sec-WebSocket-Accept`, and the server MUST NOT require
//# `Sec-WebSocket-Key`.
//= docs/src/rfc8441.md#section-5
//= type=test
//# A server that accepts the connection MUST respond with a status of the class 2xx.
#[test]
fn a_request_without_a_key_is_accepted_with_200_and_no_header_of_the_upgrade() {
    let request = received(&sample());
    assert!(request.wants_websocket());
    let accepted = request.check_upgrade().unwrap().accept(UpgradeOptions::default()).unwrap();
    assert_eq!(accepted.response.status(), StatusCode::OK);
    assert!(accepted.response.headers().is_empty(), "{:?}", accepted.response.headers());
    for status in [200, 204] {
        let handshake = client("wss://example.org/").extended_connect();
        assert!(handshake.check_response(&response(status)).is_ok(), "{status}");
    }
}

#[test]
fn a_key_that_nobody_needs_is_ignored() {
    let mut request = sample();
    request.headers_mut().insert("sec-websocket-key", "short".parse().unwrap());
    assert!(received(&request).check_upgrade().is_ok());
}

//= docs/src/rfc8441.md#section-5
//= type=test
//# To open a WebSocket connection, the client MUST send a CONNECT request whose `:protocol` is
//# `websocket`.
//= docs/src/rfc8441.md#section-4
//= type=test
//# A CONNECT request MAY have the pseudo-header `:protocol`, whose single value names the protocol
//# to be spoken on the stream.
#[test]
fn only_a_connect_request_for_websocket_is_accepted() {
    assert_eq!(
        violation(|request| *request.method_mut() = Method::GET),
        HandshakeViolation::MethodNotConnect("GET".into())
    );
    let other = ReceivedRequest::from_head(&sample()).with_protocol("connect-udp");
    assert!(!other.wants_websocket());
    assert_eq!(other.check_upgrade().unwrap_err(), HandshakeViolation::ProtocolNotWebsocket("connect-udp".into()));
    let ordinary = ReceivedRequest::from_head(&sample());
    assert!(!ordinary.wants_websocket());
    assert_eq!(ordinary.check_upgrade().unwrap_err(), HandshakeViolation::ProtocolMissing);
    assert_eq!(ExtendedConnect::PROTOCOL, "websocket");
    assert_eq!(client("wss://example.org/").extended_connect().request().unwrap().method(), Method::CONNECT);
}

/// The header fields of an HTTP/1.1 upgrade do not turn an HTTP/2 request into a WebSocket request.
#[test]
fn an_upgrade_of_http_1_1_is_not_accepted_in_http_2() {
    let request = Request::get(SAMPLE_TARGET)
        .version(Version::HTTP_2)
        .header("upgrade", "websocket")
        .header("connection", "upgrade")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("sec-websocket-version", "13")
        .body(())
        .unwrap();
    let request = ReceivedRequest::from_head(&request);
    assert!(!request.wants_websocket());
    assert_eq!(request.check_upgrade().unwrap_err(), HandshakeViolation::ProtocolMissing);
}

//= docs/src/rfc8441.md#section-4
//= type=test
//# A request with `:protocol` MUST also have `:scheme` and `:path`.
#[test]
fn a_request_needs_a_scheme_and_a_path() {
    let missing = HandshakeViolation::PseudoHeaderMissing;
    let target = |target: &'static str| move |request: &mut Request<()>| *request.uri_mut() = target.parse().unwrap();
    assert_eq!(violation(target("/chat")), missing(":scheme"));
    // `http::Uri` cannot have a scheme without a path, so a target that is only an authority has
    // neither.
    assert_eq!(violation(target("example.org:443")), missing(":scheme"));
    assert_eq!(violation(target("ftp://example.org/chat")), HandshakeViolation::TargetMalformed);
    // The path of `OPTIONS *` names no resource.
    let asterisk = Uri::builder().scheme("https").authority("example.org").path_and_query("*").build().unwrap();
    let to_asterisk = move |request: &mut Request<()>| *request.uri_mut() = asterisk.clone();
    assert_eq!(violation(to_asterisk), HandshakeViolation::TargetMalformed);
    let request = client("wss://example.org/chat").extended_connect().request().unwrap();
    assert_eq!((request.uri().scheme_str(), request.uri().path()), (Some("https"), "/chat"));
}

//= docs/src/rfc8441.md#section-5
//= type=test
//# The `:scheme` MUST be `https` for a `wss` URI, and `http` for a `ws` URI.
#[test]
fn the_target_is_that_of_the_uri() {
    for (uri, target) in [
        ("wss://example.org/chat?room=7", SAMPLE_TARGET),
        ("ws://example.org", "http://example.org/"),
        ("ws://[::1]:8080/echo", "http://[::1]:8080/echo"),
    ] {
        let request = client(uri).extended_connect().request().unwrap();
        assert_eq!(request.uri(), target);
        assert!(received(&request).check_upgrade().is_ok(), "{uri}");
    }
}

//= docs/src/rfc8441.md#section-5
//= type=test
//# The request MUST NOT have the headers `Connection` and `Upgrade`, which HTTP/2 does not have.
#[test]
fn the_headers_of_an_upgrade_are_not_sent_and_not_accepted() {
    let request = client("wss://example.org/").extended_connect().request().unwrap();
    for name in ["connection", "upgrade", "sec-websocket-key"] {
        assert!(!request.headers().contains_key(name), "{name}");
    }
    for name in ["connection", "upgrade"] {
        let violation = violation(|request| drop(request.headers_mut().insert(name, "websocket".parse().unwrap())));
        assert_eq!(violation, HandshakeViolation::HeaderOfHttp1(name.into()));
    }
}

//= docs/src/rfc8441.md#section-5
//= type=test
//# The client MUST send the host in `:authority`, and not in `Host`.
#[test]
fn the_host_is_the_authority() {
    let sent = client("wss://Example.org:8443/").extended_connect().request().unwrap();
    assert!(!sent.headers().contains_key("host"));
    let request = received(&sent);
    assert_eq!(request.host(), Some("example.org:8443"));
    let authority = request.authority().unwrap().expect("a host");
    assert_eq!((authority.host(), authority.port()), ("example.org", Some(8443)));
    // An ordinary HTTP/2 request names its host in the same way.
    let page = Request::get(SAMPLE_TARGET).version(Version::HTTP_2).body(()).unwrap();
    assert_eq!(ReceivedRequest::from_head(&page).authority().unwrap().expect("a host").host(), "example.org");
    let page = Request::get("/").version(Version::HTTP_2).body(()).unwrap();
    assert_eq!(ReceivedRequest::from_head(&page).authority().unwrap_err(), HandshakeViolation::HostNotOnce);
}

//= docs/src/rfc8441.md#section-5
//= type=test
//# `Origin`, `Sec-WebSocket-Version`, `Sec-WebSocket-Protocol` and `Sec-WebSocket-Extensions` MUST be
//# used as RFC 6455 requires.
#[test]
fn offers_and_choices_are_those_of_http_1_1() {
    let request = client(&SAMPLE_TARGET.replace("https", "wss"))
        .subprotocol("chat")
        .and_then(|request| request.origin("https://example.org"))
        .unwrap()
        .deflate(DeflateOptions::DEFAULT);
    let handshake = request.clone().extended_connect();
    let sent = handshake.request().unwrap();
    let request_received = received(&sent);
    assert_eq!(request_received.origin(), Some("https://example.org"));
    let upgrade = request_received.check_upgrade().unwrap();
    assert_eq!(upgrade.subprotocols(), ["chat"]);
    let options = UpgradeOptions::default().subprotocol("chat").deflate(DeflateOptions::DEFAULT);
    let accepted = upgrade.accept(options).unwrap();
    let established = handshake.check_response(&accepted.response).unwrap();
    assert_eq!(established.subprotocol.as_deref(), Some("chat"));
    assert!(established.deflate.is_some());

    let mut other = response(200);
    other.headers_mut().insert("sec-websocket-protocol", "superchat".parse().unwrap());
    let error = request.extended_connect().check_response(&other).expect_err("it was not offered");
    assert!(matches!(error, HandshakeError::Violation(HandshakeViolation::SubprotocolNotOffered(_))), "{error}");
    for (version, expected) in [("8", Some("8".to_owned())), ("", Some(String::new()))] {
        let violation = violation(|request| {
            request.headers_mut().insert("sec-websocket-version", version.parse().unwrap());
        });
        assert_eq!(violation, HandshakeViolation::VersionUnsupported(expected));
    }
}

#[test]
fn a_request_with_a_body_is_not_accepted() {
    let violation = violation(|request| drop(request.headers_mut().insert("content-length", 1.into())));
    assert_eq!(violation, HandshakeViolation::RequestWithBody);
}

#[test]
fn any_status_outside_2xx_is_a_rejection() {
    for status in [101, 302, 404, 501] {
        let handshake = client("wss://example.org/").extended_connect();
        match handshake.check_response(&response(status)) {
            Err(HandshakeError::Rejected(rejection)) => assert_eq!(rejection.status(), status),
            other => panic!("{status}: {other:?}"),
        }
    }
}

#[test]
fn credentials_are_not_printed() {
    let request = client("wss://example.org/").header("Authorization", "secret").unwrap();
    let printed = format!("{:?}", request.extended_connect());
    assert!(printed.contains("example.org") && !printed.contains("secret"), "{printed}");
}
