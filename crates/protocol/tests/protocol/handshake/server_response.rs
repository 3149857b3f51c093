//! Sections 4.2.2 and 4.4: what a server answers to a request, and what it chooses of what was offered.

use crate::common::head::{Head, accepts, answer, server_judges, written};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use protocol::{
    UsageError, Violation,
    handshake::{Extension, UpgradeOptions, rejection},
};

/// A response's header lines, sorted: their order means nothing.
fn max_headers(response: &str) -> Vec<&str> {
    let (head, _) = response.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<&str> = head.split("\r\n").skip(1).collect();
    lines.sort_unstable();
    lines
}

// ---- The answer -----------------------------------------------------------------------------------------------------

fn offering() -> Head {
    Head::request().with("Sec-WebSocket-Protocol: chat, superchat").with("Sec-WebSocket-Extensions: x-one; a, x-two")
}

//= docs/src/rfc6455.md#section-4-2-2
//= type=test
//# A server that agrees to none of the subprotocols MUST NOT send a `Sec-WebSocket-Protocol` header.
#[test]
fn nothing_chosen_means_no_header_and_not_an_empty_one() {
    let answer = answer(&offering(), UpgradeOptions::default());
    assert!(!answer.contains("Sec-WebSocket-Protocol"), "{answer}");
    assert!(!answer.contains("Sec-WebSocket-Extensions"), "{answer}");
}

//= docs/src/rfc6455.md#section-9
//= type=test
//# A server MAY accept some or all of the extensions that it was asked for.
#[test]
fn what_was_chosen_is_named() {
    let choice = UpgradeOptions {
        subprotocol: Some("superchat".to_owned()),
        extensions: vec![
            Extension::new("x-two").unwrap(),
            Extension::new("x-one").unwrap().with("b", Some("1")).unwrap(),
        ],
        ..UpgradeOptions::default()
    };
    assert_eq!(
        answer(&offering(), choice),
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
fn what_is_in_use_is_what_was_chosen() {
    let choice = UpgradeOptions {
        subprotocol: Some("chat".to_owned()),
        extensions: vec![Extension::new("x-two").unwrap()],
        ..UpgradeOptions::default()
    };
    let accepted = accepts(&offering()).accept(choice).unwrap();
    assert_eq!(accepted.subprotocol.as_deref(), Some("chat"));
    assert_eq!(accepted.extensions, [Extension::new("x-two").unwrap()]);
    assert_eq!(accepted.response.status(), 101);
}

//= docs/src/rfc6455.md#section-4-2-2
//= type=test
//# The subprotocol that the server chooses MUST be one that the client listed.
#[test]
fn only_a_subprotocol_that_was_offered_can_be_chosen() {
    let choose = |head: &Head, name: &str| {
        let choice = UpgradeOptions { subprotocol: Some(name.to_owned()), ..UpgradeOptions::default() };
        accepts(head).accept(choice).map(|_| ()).unwrap_err()
    };
    for name in ["x", "Chat", "", "chat, superchat", "chat\r\nX: y"] {
        assert_eq!(choose(&offering(), name), UsageError::SubprotocolNotOffered(name.to_owned()));
    }
    assert_eq!(choose(&Head::request(), "chat"), UsageError::SubprotocolNotOffered("chat".to_owned()));
}

//= docs/src/rfc6455.md#section-4-2-2
//= type=test
//# The extensions that the server chooses MUST be taken from the client's list.
//= docs/src/rfc6455.md#section-4-2-2
//= type=test
//# Extensions that the client did not list MUST NOT be listed by the server.
//= docs/src/rfc6455.md#section-9
//= type=test
//# A server MUST NOT answer with an extension that it was not asked for.
#[test]
fn only_an_extension_that_was_offered_can_be_accepted() {
    let choose = |head: &Head| {
        let choice = UpgradeOptions { extensions: vec![Extension::new("x-foo").unwrap()], ..UpgradeOptions::default() };
        accepts(head).accept(choice).map(|_| ()).unwrap_err()
    };
    assert_eq!(choose(&offering()), UsageError::ExtensionNotOffered("x-foo".to_owned()));
    assert_eq!(choose(&Head::request()), UsageError::ExtensionNotOffered("x-foo".to_owned()));
}

#[test]
fn more_headers_may_be_added() {
    let mut headers = HeaderMap::new();
    headers.append("set-cookie", HeaderValue::from_static("a=b"));
    headers.append("set-cookie", HeaderValue::from_static("c=d"));
    headers.insert("x-request-id", HeaderValue::from_static("7"));
    let answer = answer(&Head::request(), UpgradeOptions { headers, ..UpgradeOptions::default() });
    assert_eq!(
        max_headers(&answer),
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
        let mut headers = HeaderMap::new();
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static("0"));
        let usage_error =
            accepts(&Head::request()).accept(UpgradeOptions { headers, ..UpgradeOptions::default() }).map(|_| ());
        assert_eq!(usage_error, Err(UsageError::HeaderReserved(name.to_owned())));
    }
}

#[test]
fn a_response_to_a_websocket_request_has_no_body() {
    let answer = answer(&Head::request(), UpgradeOptions::default());
    assert!(answer.ends_with("\r\n\r\n"));
    assert!(!answer.to_ascii_lowercase().contains("content-length"));
    assert!(!answer.to_ascii_lowercase().contains("transfer-encoding"));
}

// ---- Refusals -------------------------------------------------------------------------------------------------------

#[test]
fn a_refusal_is_a_whole_http_response_and_the_last_one() {
    let answer = written(&rejection(&Violation::KeyMalformed));
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{head}");
    assert_eq!(
        max_headers(&answer),
        ["Connection: close", &format!("Content-Length: {}", body.len()), "Content-Type: text/plain; charset=utf-8",]
    );
    assert_eq!(body, "Sec-WebSocket-Key must be the Base64 of 16 bytes (RFC 6455, section 4.2.1)\n");
}

#[test]
fn a_405_names_the_method_that_is_allowed() {
    let answer = written(&rejection(&Violation::MethodNotGet("POST".to_owned())));
    assert!(answer.starts_with("HTTP/1.1 405 Method Not Allowed\r\n"), "{answer}");
    assert!(max_headers(&answer).contains(&"Allow: GET"), "{answer}");
}

//= docs/src/rfc6455.md#section-4-2-2
//= type=test
//# If the server does not know the version, it MUST end the handshake with an HTTP error, such as 426, and name in
//# `Sec-WebSocket-Version` the versions that it knows.
//= docs/src/rfc6455.md#section-4-4
//= type=test
//# A server that does not speak the version asked for MUST list all the versions that it would speak in
//# `Sec-WebSocket-Version`.
#[test]
fn a_426_names_the_protocol_and_its_version() {
    for violation in [
        Violation::UpgradeMissing,
        Violation::VersionUnsupported(None),
        Violation::VersionUnsupported(Some("8".into())),
    ] {
        let answer = written(&rejection(&violation));
        assert!(answer.starts_with("HTTP/1.1 426 Upgrade Required\r\n"), "{answer}");
        let lines = max_headers(&answer);
        assert!(lines.contains(&"Upgrade: websocket"), "{answer}");
        assert!(lines.contains(&"Sec-WebSocket-Version: 13"), "{answer}");
        // RFC 9110, 7.8: who sends Upgrade lists it in Connection. And this response is the last.
        assert!(lines.contains(&"Connection: Upgrade, close"), "{answer}");
    }
}

#[test]
fn a_431_says_that_the_head_is_too_large() {
    let answer = written(&rejection(&Violation::HeadTooLong { limit: 16_384 }));
    assert!(answer.starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\n"), "{answer}");
}

#[test]
fn what_the_client_wrote_cannot_break_out_of_the_refusal() {
    // A version with line breaks cannot come through the parser; with anything printable it can.
    let head = Head::request().set("Sec-WebSocket-Version", "<script>\"\\");
    let violation = server_judges(&head).unwrap_err();
    let answer = written(&rejection(&violation));
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(!head.contains("script"), "{head}");
    assert!(head.contains("Content-Type: text/plain; charset=utf-8"), "and no browser takes it for a page: {head}");
    assert_eq!(body.lines().count(), 1);
}

//= docs/src/rfc6455.md#section-4-2-2
//= type=test
//# The server MAY send the client elsewhere with a 3xx status.
#[test]
fn the_application_may_refuse_with_any_status() {
    // 401 with a challenge, 307 to another place, 403 for a bad origin, 404, 503.
    let mut response = Response::new(String::new());
    *response.status_mut() = StatusCode::UNAUTHORIZED;
    response.headers_mut().insert("www-authenticate", HeaderValue::from_static("Basic realm=\"x\""));
    let answer = written(&response);
    assert!(answer.starts_with("HTTP/1.1 401 Unauthorized\r\n"), "{answer}");
    assert_eq!(
        max_headers(&answer),
        ["Connection: close", "Content-Length: 0", "Www-Authenticate: Basic realm=\"x\"",]
    );
    for (status, line) in [
        (StatusCode::TEMPORARY_REDIRECT, "HTTP/1.1 307 Temporary Redirect\r\n"),
        (StatusCode::FORBIDDEN, "HTTP/1.1 403 Forbidden\r\n"),
        (StatusCode::NOT_FOUND, "HTTP/1.1 404 Not Found\r\n"),
        (StatusCode::SERVICE_UNAVAILABLE, "HTTP/1.1 503 Service Unavailable\r\n"),
        (StatusCode::from_u16(599).unwrap(), "HTTP/1.1 599 Other\r\n"),
    ] {
        let mut response = Response::new("no".to_owned());
        *response.status_mut() = status;
        let answer = written(&response);
        assert!(answer.starts_with(line), "{answer}");
        assert!(answer.ends_with("\r\n\r\nno"), "{answer}");
        assert!(max_headers(&answer).contains(&"Content-Length: 2"), "{answer}");
    }
}

#[test]
fn a_response_keeps_the_length_and_the_connection_that_it_was_given() {
    let mut response = Response::new(String::new());
    *response.status_mut() = StatusCode::OK;
    response.headers_mut().insert("content-length", HeaderValue::from_static("42")); // the answer to a HEAD, say
    response.headers_mut().insert("connection", HeaderValue::from_static("keep-alive"));
    let answer = written(&response);
    assert_eq!(max_headers(&answer), ["Connection: keep-alive", "Content-Length: 42"]);
}
