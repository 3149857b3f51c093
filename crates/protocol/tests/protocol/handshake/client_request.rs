//! Section 4.1: the client's request, and the requests that a caller cannot make.

use http::{HeaderMap, HeaderName, HeaderValue};
use protocol::{
    Limits, UsageError,
    handshake::{ClientRequest, Extension, Nonce},
};
use testkit::handshake::{client_request, request_text};

/// Returns the values of all header lines called `name`.
fn values<'a>(request: &'a str, name: &str) -> Vec<&'a str> {
    let lines = request.split("\r\n").skip(1).take_while(|line| !line.is_empty());
    lines.filter_map(|line| line.split_once(": ")).filter(|(found, _)| *found == name).map(|(_, value)| value).collect()
}

/// Returns a request that offers the subprotocols chat and superchat.
pub(super) fn request_for_chat() -> ClientRequest {
    client_request().subprotocol("chat").unwrap().subprotocol("superchat").unwrap()
}

// ---- Valid requests -----------------------------------------------------------------------------

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# The method of the request MUST be GET.
//= docs/src/rfc6455.md#section-4-1
//= type=test
//# The HTTP version of the request MUST be 1.1 or later.
//= docs/src/rfc6455.md#section-4-1
//= type=test
//# The request MUST have an `Upgrade` header that contains the word `websocket`.
//= docs/src/rfc6455.md#section-4-1
//= type=test
//# The request MUST have a `Connection` header that contains the token `Upgrade`.
//= docs/src/rfc6455.md#section-4-1
//= type=test
//# The request MUST have a `Sec-WebSocket-Version` header with the value 13.
#[test]
fn a_minimal_request() {
    assert_eq!(
        request_text(client_request()),
        "GET /chat HTTP/1.1\r\n\
         Host: server.example.com\r\n\
         Upgrade: websocket\r\n\
         Connection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Version: 13\r\n\
         \r\n"
    );
}

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# A client that is not a browser MAY send an `Origin` header if the header has the same meaning as
//# in a browser.
//= docs/src/rfc6455.md#section-4-1
//= type=test
//# The request MAY have a `Sec-WebSocket-Protocol` header that lists subprotocols in order of
//# preference.
//= docs/src/rfc6455.md#section-4-1
//= type=test
//# The request MAY have a `Sec-WebSocket-Extensions` header.
//= docs/src/rfc6455.md#section-4-1
//= type=test
//# The request MAY have any other headers, such as cookies or `Authorization`.
//= docs/src/rfc6455.md#section-9
//= type=test
//# A client MAY request extensions.
#[test]
fn a_request_with_everything() {
    let request = request_for_chat()
        .extension(Extension::new("permessage-deflate").unwrap().with("client_max_window_bits", None).unwrap())
        .extension(Extension::new("x-other").unwrap().with("level", Some("9")).unwrap())
        .origin("http://www.example.com")
        .and_then(|request| request.header("Authorization", "Basic eDp5"))
        .and_then(|request| request.header("cookie", "a=b"))
        .unwrap();
    assert_eq!(
        request_text(request),
        "GET /chat HTTP/1.1\r\n\
         Host: server.example.com\r\n\
         Upgrade: websocket\r\n\
         Connection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Protocol: chat, superchat\r\n\
         Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, x-other; level=9\r\n\
         Origin: http://www.example.com\r\n\
         Authorization: Basic eDp5\r\n\
         Cookie: a=b\r\n\
         \r\n"
    );
}

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# The value of `Sec-WebSocket-Key` MUST be 16 random bytes in Base64.
#[test]
fn the_key_is_the_base64_of_the_nonce() {
    let key = |nonce: [u8; 16]| {
        let bytes = client_request().handshake(Nonce(nonce), Limits::DEFAULT).request_bytes();
        values(std::str::from_utf8(&bytes).unwrap(), "Sec-WebSocket-Key")[0].to_owned()
    };
    assert_eq!(key([0; 16]), "AAAAAAAAAAAAAAAAAAAAAA==");
    assert_eq!(key([0xFF; 16]), "/////////////////////w==");
    assert_eq!(key([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]), "AQIDBAUGBwgJCgsMDQ4PEA==");
    assert_eq!(
        key([0xC7, 0x72, 0x49, 0x1C, 0xC6, 0xC3, 0x2F, 0x51, 0x33, 0x2E, 0x48, 0x7C, 0x18, 0x18, 0x57, 0x0F]),
        { "x3JJHMbDL1EzLkh8GBhXDw==" }
    );
}

#[test]
fn the_request_names_the_host_and_resource_of_its_uri() {
    let request = ClientRequest::new("wss://[::1]:9001/a?b".parse().unwrap());
    assert_eq!(request.uri().port(), 9001);
    let request = request_text(request);
    assert!(request.starts_with("GET /a?b HTTP/1.1\r\nHost: [::1]:9001\r\n"), "{request}");
}

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# The request MUST have a `Sec-WebSocket-Key` header.
//= docs/src/rfc6455.md#section-11-3-1
//= type=test
//# A request MUST NOT have more than one `Sec-WebSocket-Key` header.
#[test]
fn each_header_of_the_handshake_is_sent_once() {
    let request = request_text(request_for_chat().header("X-One", "1").unwrap());
    for name in
        ["Host", "Upgrade", "Connection", "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Sec-WebSocket-Protocol"]
    {
        assert_eq!(values(&request, name).len(), 1, "{name}");
    }
    assert!(request.ends_with("\r\n\r\n"));
}

#[test]
fn headers_for_unused_options_are_not_sent() {
    let request = request_text(client_request());
    for name in ["Origin", "Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"] {
        assert!(values(&request, name).is_empty(), "{name}");
    }
}

// ---- Usage errors -------------------------------------------------------------------------------

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# Each subprotocol in the list MUST be a token: one or more characters from hexadecimal 21 to
//# 7E, without separators.
#[test]
fn a_subprotocol_that_is_not_a_token_cannot_be_offered() {
    for name in ["", "a b", "a,b", "a@b", "a;b", "\"a\"", "a/b", "a=b", "\x7f", "caf\u{e9}", "a\r\nX: y", "a\0"] {
        assert_eq!(client_request().subprotocol(name).map(|_| ()), Err(UsageError::NotAToken(name.to_owned())));
    }
}

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# The subprotocols in the list MUST all be different.
#[test]
fn a_subprotocol_cannot_be_offered_twice() {
    let again = client_request().subprotocol("chat").unwrap().subprotocol("chat").map(|_| ());
    assert_eq!(again, Err(UsageError::SubprotocolRepeated("chat".to_owned())));
    // Names that differ only in case are different names.
    assert!(client_request().subprotocol("chat").unwrap().subprotocol("Chat").is_ok());
}

#[test]
fn an_extension_is_made_of_tokens() {
    for name in ["", "a b", "a;b", "a,b", "a=b", "\"a\"", "a\r\nX: y"] {
        let no_token = Err(UsageError::NotAToken(name.to_owned()));
        assert_eq!(Extension::new(name).map(|_| ()), no_token);
        assert_eq!(Extension::new("x").unwrap().with(name, None).map(|_| ()), no_token);
        // Quotes would not help: the unquoted value must be a token (9.1).
        assert_eq!(Extension::new("x").unwrap().with("y", Some(name)).map(|_| ()), no_token);
    }
}

#[test]
fn a_header_cannot_inject_another_one() {
    for (name, value) in [
        ("X", "a\r\nY: b"),
        ("X", "a\nY: b"),
        ("X", "a\rY: b"),
        ("X", "a\0b"),
        ("X\r\nY: b\r\nZ", "a"),
        ("X: a\r\nY", "b"),
        ("X Y", "a"),
        ("X:", "a"),
        ("", "a"),
        ("caf\u{e9}", "a"),
    ] {
        let usage_error = client_request().header(name, value).map(|_| ());
        assert_eq!(usage_error, Err(UsageError::HeaderInvalid(format!("{name}: {value}"))));
    }
    let origin = client_request().origin("http://a\r\nX: y").map(|_| ());
    assert_eq!(origin, Err(UsageError::HeaderInvalid("http://a\r\nX: y".to_owned())));
}

/// An invalid credential is still a credential, so it must not appear in an error, which may end up
/// in a log.
#[test]
fn an_invalid_credential_is_not_quoted() {
    for name in ["Authorization", "cookie", "Proxy-Authorization"] {
        let usage_error = client_request().header(name, "secret\n").map(|_| ());
        assert_eq!(usage_error, Err(UsageError::HeaderInvalid(format!("{name}: (hidden)"))));
    }
}

#[test]
fn a_header_is_taken_in_the_types_of_http() {
    let name = HeaderName::from_static("x-name");
    let value = HeaderValue::from_static("a");
    let request = client_request()
        .header(&name, &value)
        .and_then(|request| request.header(name.clone(), value.clone()))
        .and_then(|request| request.header(String::from("X-Name"), String::from("b")))
        .and_then(|request| request.header("X-Name", &b"\xff"[..]));
    let handshake = request.unwrap().handshake(Nonce([0; 16]), Limits::DEFAULT);
    let bytes = handshake.request_bytes();
    for line in [&b"X-Name: a\r\n"[..], b"X-Name: b\r\n", b"X-Name: \xff\r\n"] {
        assert!(bytes.windows(line.len()).any(|window| window == line), "{bytes:?}");
    }
}

#[test]
fn a_map_of_headers_is_taken_whole_or_not_at_all() {
    let mut headers = HeaderMap::new();
    headers.append("cookie", HeaderValue::from_static("the-secret-value"));
    headers.append("x-name", HeaderValue::from_static("a"));
    headers.append("x-name", HeaderValue::from_static("b"));
    headers.insert("origin", HeaderValue::from_static("http://b"));
    let request = client_request().origin("http://a").unwrap().headers(&headers).unwrap();
    assert!(!format!("{request:?}").contains("the-secret-value"), "{request:?}");
    let text = request_text(request);
    assert_eq!(values(&text, "X-Name"), ["a", "b"]);
    assert_eq!(values(&text, "Cookie"), ["the-secret-value"]);
    assert_eq!(values(&text, "Origin"), ["http://b"]);
    headers.insert("host", HeaderValue::from_static("example.com"));
    let usage_error = client_request().headers(&headers).map(|_| ());
    assert_eq!(usage_error, Err(UsageError::HeaderReserved("host".to_owned())));
}

#[test]
fn credentials_do_not_follow_a_redirect_to_another_origin() {
    let mut key = HeaderValue::from_static("secret");
    key.set_sensitive(true);
    let request = ClientRequest::new("ws://example.org/a".parse().unwrap())
        .header("Authorization", "Basic c2VjcmV0")
        .and_then(|request| request.header("Cookie", "a=secret"))
        .and_then(|request| request.header("X-Key", key))
        .and_then(|request| request.header("X-Name", "a"))
        .and_then(|request| request.subprotocol("chat"))
        .unwrap();
    let same = request.clone().redirected("ws://example.org:80/b".parse().unwrap());
    assert_eq!(same.uri().to_string(), "ws://example.org/b");
    let text = request_text(same);
    for name in ["Authorization", "Cookie", "X-Key", "X-Name"] {
        assert_eq!(values(&text, name).len(), 1, "{name}");
    }
    for other in ["ws://example.org:8080/a", "wss://example.org/a", "ws://example.com/a"] {
        let text = request_text(request.clone().redirected(other.parse().unwrap()));
        assert!(!text.to_ascii_lowercase().contains("secret") && !text.contains("Basic"), "{text}");
        assert_eq!(values(&text, "X-Name"), ["a"], "{other}");
        assert_eq!(values(&text, "Sec-WebSocket-Protocol"), ["chat"], "{other}");
    }
}

#[test]
fn the_handshakes_own_headers_cannot_be_set() {
    for name in [
        "Host",
        "upgrade",
        "CONNECTION",
        "Sec-WebSocket-Key",
        "Sec-WebSocket-Version",
        "Sec-WebSocket-Protocol",
        "Sec-WebSocket-Extensions",
        "Sec-WebSocket-Accept",
        "Content-Length",
        "Transfer-Encoding",
    ] {
        let usage_error = client_request().header(name, "x").map(|_| ());
        assert_eq!(usage_error, Err(UsageError::HeaderReserved(name.to_ascii_lowercase())));
    }
}

#[test]
fn a_request_has_one_origin_however_it_was_set() {
    let request = client_request().origin("http://a").unwrap().origin("http://b").unwrap();
    assert_eq!(values(&request_text(request), "Origin"), ["http://b"]);
    // RFC 6454, section 7.3: a user agent must not send more than one.
    let request = client_request().origin("http://a").unwrap().header("Origin", "http://b").unwrap();
    assert_eq!(values(&request_text(request), "Origin"), ["http://b"]);
}
