//! Sections 4.2.2 and 4.4: the server's response to a request, and the offers that it accepts.

use http::{HeaderName, HeaderValue, Method, Response, StatusCode};
use protocol::{
    HandshakeViolation, UsageError,
    handshake::{Extension, UpgradeOptions, encode_response_to, rejection},
};
use testkit::{
    handshake::{accept_request, accepting_response, check_request, response_text},
    http_head::HeadBuilder,
};

/// Returns a response's header lines in alphabetical order, because their order has no meaning.
fn header_lines(response: &str) -> Vec<&str> {
    let (head, _) = response.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<&str> = head.split("\r\n").skip(1).collect();
    lines.sort_unstable();
    lines
}

// ---- Acceptance ---------------------------------------------------------------------------------

fn request_with_offers() -> HeadBuilder {
    HeadBuilder::request()
        .with("Sec-WebSocket-Protocol: chat, superchat")
        .with("Sec-WebSocket-Extensions: x-one; a, x-two")
}

//= docs/src/rfc6455.md#section-4-2-2
//= type=test
//# A server that chooses none of the subprotocols MUST NOT send a `Sec-WebSocket-Protocol` header.
#[test]
fn declined_offers_are_not_mentioned() {
    let response = accepting_response(&request_with_offers(), UpgradeOptions::default());
    assert!(!response.contains("Sec-WebSocket-Protocol"), "{response}");
    assert!(!response.contains("Sec-WebSocket-Extensions"), "{response}");
}

//= docs/src/rfc6455.md#section-9
//= type=test
//# A server MAY accept some or all of the extensions that the client requested.
#[test]
fn accepted_offers_are_named() {
    let options = UpgradeOptions::default()
        .subprotocol("superchat")
        .extension(Extension::new("x-two").unwrap())
        .extension(Extension::new("x-one").unwrap().with("b", Some("1")).unwrap());
    assert_eq!(
        accepting_response(&request_with_offers(), options),
        "HTTP/1.1 101 Switching Protocols\r\n\
         Upgrade: websocket\r\n\
         Connection: Upgrade\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
         Sec-WebSocket-Protocol: superchat\r\n\
         Sec-WebSocket-Extensions: x-two, x-one; b=1\r\n\
         \r\n"
    );
}

#[test]
fn the_response_reports_what_is_in_use() {
    let options = UpgradeOptions::default().subprotocol("chat").extension(Extension::new("x-two").unwrap());
    let accepted = accept_request(&request_with_offers(), options).unwrap();
    assert_eq!(accepted.subprotocol.as_deref(), Some("chat"));
    assert_eq!(accepted.extensions, [Extension::new("x-two").unwrap()]);
    assert_eq!(accepted.response.status(), 101);
}

//= docs/src/rfc6455.md#section-4-2-2
//= type=test
//# The subprotocol that the server chooses MUST be one that the client listed.
#[test]
fn only_a_subprotocol_that_was_offered_can_be_chosen() {
    let error = |head: &HeadBuilder, name: &str| {
        let options = UpgradeOptions::default().subprotocol(name);
        accept_request(head, options).map(|_| ()).unwrap_err()
    };
    for name in ["x", "Chat", "", "chat, superchat", "chat\r\nX: y"] {
        assert_eq!(error(&request_with_offers(), name), UsageError::SubprotocolNotOffered(name.to_owned()));
    }
    assert_eq!(error(&HeadBuilder::request(), "chat"), UsageError::SubprotocolNotOffered("chat".to_owned()));
}

//= docs/src/rfc6455.md#section-4-2-2
//= type=test
//# The extensions that the server chooses MUST be taken from the client's list.
//= docs/src/rfc6455.md#section-4-2-2
//= type=test
//# The server MUST NOT list an extension that the client did not list.
//= docs/src/rfc6455.md#section-9
//= type=test
//# A server MUST NOT respond with an extension that the client did not request.
#[test]
fn only_an_extension_that_was_offered_can_be_accepted() {
    let error = |head: &HeadBuilder| {
        let options = UpgradeOptions::default().extension(Extension::new("x-foo").unwrap());
        accept_request(head, options).map(|_| ()).unwrap_err()
    };
    assert_eq!(error(&request_with_offers()), UsageError::ExtensionNotOffered("x-foo".to_owned()));
    assert_eq!(error(&HeadBuilder::request()), UsageError::ExtensionNotOffered("x-foo".to_owned()));
}

#[test]
fn the_application_may_add_headers() {
    let options = [("Set-Cookie", "a=b"), ("Set-Cookie", "c=d"), ("X-Request-Id", "7")]
        .into_iter()
        .try_fold(UpgradeOptions::default(), |options, (name, value)| options.header(name, value))
        .unwrap();
    let response = accepting_response(&HeadBuilder::request(), options);
    assert_eq!(
        header_lines(&response),
        [
            "Connection: Upgrade",
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
            "Set-Cookie: a=b",
            "Set-Cookie: c=d",
            "Upgrade: websocket",
            "X-Request-Id: 7",
        ]
    );
}

#[test]
fn the_handshakes_own_headers_cannot_be_set() {
    for name in [
        "upgrade",
        "connection",
        "sec-websocket-accept",
        "sec-websocket-protocol",
        "sec-websocket-extensions",
        "sec-websocket-version",
        "sec-websocket-anything",
        "content-length",
        "transfer-encoding",
    ] {
        let reserved = UsageError::HeaderReserved(name.to_owned());
        assert_eq!(UpgradeOptions::default().header(name, "0").map(|_| ()), Err(reserved.clone()));
        // `headers` is a public field, so it accepts any header field.
        let mut options = UpgradeOptions::default();
        options.headers.insert(HeaderName::from_static(name), HeaderValue::from_static("0"));
        assert_eq!(accept_request(&HeadBuilder::request(), options).map(|_| ()), Err(reserved));
    }
}

#[test]
fn a_response_to_a_websocket_request_has_no_body() {
    let response = accepting_response(&HeadBuilder::request(), UpgradeOptions::default());
    assert!(response.ends_with("\r\n\r\n"));
    assert!(!response.to_ascii_lowercase().contains("content-length"));
    assert!(!response.to_ascii_lowercase().contains("transfer-encoding"));
}

// ---- Rejections ---------------------------------------------------------------------------------

#[test]
fn a_rejection_is_a_complete_http_response_and_closes_the_connection() {
    let response = response_text(&rejection(&HandshakeViolation::KeyMalformed));
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{head}");
    assert_eq!(
        header_lines(&response),
        ["Connection: close", &format!("Content-Length: {}", body.len()), "Content-Type: text/plain; charset=utf-8",]
    );
    assert_eq!(body, "Sec-WebSocket-Key must be the Base64 of 16 bytes (RFC 6455, section 4.2.1)\n");
}

#[test]
fn a_405_names_the_allowed_method() {
    let response = response_text(&rejection(&HandshakeViolation::MethodNotGet("POST".to_owned())));
    assert!(response.starts_with("HTTP/1.1 405 Method Not Allowed\r\n"), "{response}");
    assert!(header_lines(&response).contains(&"Allow: GET"), "{response}");
}

//= docs/src/rfc6455.md#section-4-2-2
//= type=test
//# If the server does not support the version, it MUST abort the handshake with an HTTP error, such
//# as 426, and list the versions that it supports in `Sec-WebSocket-Version`.
//= docs/src/rfc6455.md#section-4-4
//= type=test
//# A server that does not support the requested version MUST list all versions that it is willing
//# to use in `Sec-WebSocket-Version`.
#[test]
fn a_426_names_the_protocol_and_its_version() {
    for violation in [
        HandshakeViolation::UpgradeMissing,
        HandshakeViolation::VersionUnsupported(None),
        HandshakeViolation::VersionUnsupported(Some("8".into())),
    ] {
        let response = response_text(&rejection(&violation));
        assert!(response.starts_with("HTTP/1.1 426 Upgrade Required\r\n"), "{response}");
        let lines = header_lines(&response);
        assert!(lines.contains(&"Upgrade: websocket"), "{response}");
        assert!(lines.contains(&"Sec-WebSocket-Version: 13"), "{response}");
        // RFC 9110, section 7.8: a sender of Upgrade must also list it in Connection. The "close"
        // option ends the connection.
        assert!(lines.contains(&"Connection: Upgrade, close"), "{response}");
    }
}

#[test]
fn a_head_that_is_too_long_is_rejected_with_431() {
    let response = response_text(&rejection(&HandshakeViolation::HeadTooLong { limit: 16_384 }));
    assert!(response.starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\n"), "{response}");
}

#[test]
fn a_rejection_does_not_let_the_client_inject_headers_or_html() {
    // The parser rejects line breaks, but accepts anything printable.
    let head = HeadBuilder::request().set("Sec-WebSocket-Version", "<script>\"\\");
    let violation = check_request(&head).unwrap_err();
    let response = response_text(&rejection(&violation));
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    assert!(!head.contains("script"), "{head}");
    assert!(head.contains("Content-Type: text/plain; charset=utf-8"), "a browser could show it as a page: {head}");
    assert_eq!(body.lines().count(), 1);
}

//= docs/src/rfc6455.md#section-4-2-2
//= type=test
//# The server MAY redirect the client with a 3xx status.
#[test]
fn the_application_may_reject_with_any_status() {
    // Possible statuses: 401 with a challenge, 307 to another URI, 403 for an origin, 404 and 503.
    let mut rejection = Response::new(String::new());
    *rejection.status_mut() = StatusCode::UNAUTHORIZED;
    rejection.headers_mut().insert("www-authenticate", HeaderValue::from_static("Basic realm=\"x\""));
    let response = response_text(&rejection);
    assert!(response.starts_with("HTTP/1.1 401 Unauthorized\r\n"), "{response}");
    assert_eq!(
        header_lines(&response),
        ["Connection: close", "Content-Length: 0", "Www-Authenticate: Basic realm=\"x\"",]
    );
    for (status, line) in [
        (StatusCode::TEMPORARY_REDIRECT, "HTTP/1.1 307 Temporary Redirect\r\n"),
        (StatusCode::FORBIDDEN, "HTTP/1.1 403 Forbidden\r\n"),
        (StatusCode::NOT_FOUND, "HTTP/1.1 404 Not Found\r\n"),
        (StatusCode::SERVICE_UNAVAILABLE, "HTTP/1.1 503 Service Unavailable\r\n"),
        (StatusCode::from_u16(599).unwrap(), "HTTP/1.1 599 Other\r\n"),
    ] {
        let mut rejection = Response::new("no".to_owned());
        *rejection.status_mut() = status;
        let response = response_text(&rejection);
        assert!(response.starts_with(line), "{response}");
        assert!(response.ends_with("\r\n\r\nno"), "{response}");
        assert!(header_lines(&response).contains(&"Content-Length: 2"), "{response}");
    }
}

/// RFC 9110, sections 6.4.1 and 8.6.
#[test]
fn a_response_that_cannot_have_a_body_announces_none() {
    for (status, expected) in [
        (100, "HTTP/1.1 100 Continue\r\n\r\n"),
        (103, "HTTP/1.1 103 Early Hints\r\n\r\n"),
        (101, "HTTP/1.1 101 Switching Protocols\r\n\r\n"),
        (204, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"),
        (304, "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n"),
    ] {
        for body in ["", "a body"] {
            let mut response = Response::new(body.to_owned());
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            assert_eq!(response_text(&response), expected);
            // A length that the application sets is also left out, except in a 304.
            response.headers_mut().insert("content-length", HeaderValue::from_static("6"));
            response.headers_mut().insert("transfer-encoding", HeaderValue::from_static("chunked"));
            let with_length = expected.replace("Modified\r\n", "Modified\r\nContent-Length: 6\r\n");
            assert_eq!(response_text(&response), with_length);
        }
    }
}

/// RFC 9110, section 9.3.2.
#[test]
fn the_response_to_head_is_the_head_of_the_response_to_get() {
    for status in [200, 204, 304, 404, 599] {
        let mut response = Response::new("a body".to_owned());
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        let to_get = response_text(&response);
        let to_head = encode_response_to(&Method::HEAD, &response);
        let (head, _) = to_get.split_once("\r\n\r\n").unwrap();
        assert_eq!(to_head, format!("{head}\r\n\r\n"));
    }
}

/// The body is written unchanged.
#[test]
fn a_response_announces_no_transfer_coding() {
    let mut response = Response::new("5".to_owned());
    response.headers_mut().insert("transfer-encoding", HeaderValue::from_static("chunked"));
    let response = response_text(&response);
    assert_eq!(header_lines(&response), ["Connection: close", "Content-Length: 1"]);
}

#[test]
fn a_rejection_keeps_its_own_content_length_and_connection() {
    let mut rejection = Response::new(String::new());
    *rejection.status_mut() = StatusCode::OK;
    rejection.headers_mut().insert("content-length", HeaderValue::from_static("42")); // as in a response to HEAD
    rejection.headers_mut().insert("connection", HeaderValue::from_static("keep-alive"));
    let response = response_text(&rejection);
    assert_eq!(header_lines(&response), ["Connection: keep-alive", "Content-Length: 42"]);
}
