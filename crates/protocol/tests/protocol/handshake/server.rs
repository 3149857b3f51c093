//! Sections 4.2, 9.1 and 11.3: the validation of a client's request. `request_head.rs` has the
//! tests for the request's HTTP head, and `server_response.rs` has those for the response.

use http::StatusCode;
use protocol::{
    HandshakeViolation,
    handshake::{Extension, UpgradeOptions, rejection},
};
use testkit::{
    handshake::{accepting_response, check_request, read_request, valid_request},
    http_head::HeadBuilder,
};

/// Checks that `head` is rejected for breaking this rule, and with this status.
#[track_caller]
fn assert_rejected(head: &HeadBuilder, expected: &HandshakeViolation, status: u16) {
    assert_eq!(check_request(head).map(|_| "accepted"), Err(expected.clone()));
    assert_eq!(expected.status(), status, "{expected}");
    assert_eq!(rejection(expected).status(), status, "{expected}");
}

// ---- A valid request ----------------------------------------------------------------------------

//= docs/src/rfc6455.md#section-4-2-2
//= type=test
//# To accept a connection, the server MUST perform the steps in this section.
//= docs/src/rfc6455.md#section-4-2-2
//= type=test
//# The status of the accepting response MUST be 101.
//= docs/src/rfc6455.md#section-4-2-2
//= type=test
//# The accepting response MUST have the header `Upgrade: websocket`.
//= docs/src/rfc6455.md#section-4-2-2
//= type=test
//# The accepting response MUST have the header `Connection: Upgrade`.
//= docs/src/rfc6455.md#section-4-2-2
//= type=test
//# The accepting response MUST have a `Sec-WebSocket-Accept` header: the Base64 form of the SHA-1
//# hash of the key followed by `258EAFA5-E914-47DA-95CA-C5AB0DC85B11`.
#[test]
fn a_minimal_request_is_accepted() {
    assert_eq!(
        accepting_response(&HeadBuilder::request(), UpgradeOptions::default()),
        "HTTP/1.1 101 Switching Protocols\r\n\
         Upgrade: websocket\r\n\
         Connection: Upgrade\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
         \r\n"
    );
}

//= docs/src/rfc6455.md#section-4-2-1
//= type=test
//# The server ignores headers that it does not know.
#[test]
fn requests_of_real_clients_are_accepted() {
    let r = HeadBuilder::request;
    for head in [
        r().set("Connection", "keep-alive, Upgrade"), // Firefox
        r().set("Connection", "Upgrade, keep-alive"),
        r().set("Connection", "upgrade"),
        r().set("Connection", "UPGRADE"),
        r().set("Connection", "keep-alive").with("Connection: Upgrade"),
        r().set("Connection", ",,keep-alive ,\tUpgrade,"),
        r().set("Upgrade", "WebSocket"), // old clients, and the registered spelling
        r().set("Upgrade", "wEbSoCkEt"),
        r().set("Upgrade", "foo, websocket"),
        r().set("Upgrade", "h2c").with("Upgrade: websocket"),
        r().set("Upgrade", " \t websocket \t "),
        r().set("Sec-WebSocket-Version", "  13\t"),
        r().set("Sec-WebSocket-Key", "  dGhlIHNhbXBsZSBub25jZQ==  "),
        r().with("Content-Length: 0"),
        r().with("X-Anything: 1").with("Cookie: a=b"),
        r().with("X-Empty:"),
        r().with(b"X-Latin: caf\xe9"), // other headers may have any value
        r().first_line("GET / HTTP/1.1"),
        r().first_line("GET /chat?room=7&x=%20 HTTP/1.1"),
    ] {
        let _ = valid_request(&head);
    }
}

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# Header names are case-insensitive, as everywhere in HTTP.
#[test]
fn header_names_match_in_any_case() {
    let upper = String::from_utf8(HeadBuilder::request().bytes()).unwrap().replace("Sec-WebSocket", "SEC-WEBSOCKET");
    let lower = "GET /chat HTTP/1.1\r\nhost:server.example.com\r\nupgrade:websocket\r\nconnection:Upgrade\r\n\
                 sec-websocket-key:dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version:13\r\n\r\n";
    for request in [upper.as_str(), lower] {
        let request = read_request(request.as_bytes()).unwrap().unwrap();
        assert!(request.check_upgrade().is_ok());
    }
}

#[test]
fn an_absolute_http_uri_is_a_valid_target() {
    for (target, path) in [
        ("http://server.example.com/chat", "/chat"),
        ("https://server.example.com/chat?x", "/chat"),
        ("HTTP://server.example.com/chat", "/chat"),
        ("http://server.example.com", "/"),
    ] {
        let head = HeadBuilder::request().first_line(format!("GET {target} HTTP/1.1"));
        let request = read_request(&head.bytes()).unwrap().unwrap();
        assert_eq!(request.path(), path, "{target}");
        assert!(request.check_upgrade().is_ok(), "{target}");
    }
}

#[test]
fn the_application_can_inspect_the_request() {
    let head = HeadBuilder::request()
        .first_line("GET /chat?room=7 HTTP/1.1")
        .with("Origin: http://example.com")
        .with("Cookie: a=b")
        .with("Cookie: c=d");
    let request = read_request(&head.bytes()).unwrap().unwrap();
    assert_eq!(request.path(), "/chat");
    assert_eq!(request.head().uri().query(), Some("room=7"));
    assert_eq!(request.head().method(), "GET");
    assert_eq!(request.host(), Some("server.example.com"));
    assert_eq!(request.origin(), Some("http://example.com"));
    let cookies: Vec<_> = request.headers().get_all("cookie").iter().collect();
    assert_eq!(cookies, ["a=b", "c=d"]);
}

//= docs/src/rfc6455.md#section-4-2-1
//= type=test
//# A server SHOULD NOT treat a request without an `Origin` header as one from a browser.
#[test]
fn a_request_from_a_program_has_no_origin() {
    let request = read_request(&HeadBuilder::request().bytes()).unwrap().unwrap();
    assert_eq!(request.origin(), None);
    // If there are two origins, neither can be trusted.
    let head = HeadBuilder::request().with("Origin: http://a").with("Origin: http://b");
    assert_eq!(read_request(&head.bytes()).unwrap().unwrap().origin(), None);
    // An origin that is not ASCII is invalid, but it still counts as an origin.
    let head = HeadBuilder::request().with("Origin: http://\u{e4}");
    assert_eq!(read_request(&head.bytes()).unwrap().unwrap().origin(), Some(""));
}

#[test]
fn wants_websocket_distinguishes_ordinary_http() {
    let page = read_request(b"GET /index.html HTTP/1.1\r\nHost: h\r\n\r\n").unwrap().unwrap();
    assert!(!page.wants_websocket());
    assert_eq!(page.path(), "/index.html");
    // A request that wants a WebSocket may still be invalid.
    let invalid = read_request(&HeadBuilder::request().without("Sec-WebSocket-Key").bytes()).unwrap().unwrap();
    assert!(invalid.wants_websocket());
    assert_eq!(invalid.check_upgrade().unwrap_err(), HandshakeViolation::KeyNotOnce);
}

// ---- Item 1: method, version, target ------------------------------------------------------------

//= docs/src/rfc6455.md#section-4-2-1
//= type=test
//# The server MUST reject a request whose method is not GET, or whose HTTP version is below 1.1.
#[test]
fn a_method_other_than_get_is_rejected() {
    for method in ["POST", "HEAD", "PUT", "OPTIONS", "CONNECT", "get", "GETT"] {
        let head = HeadBuilder::request().first_line(format!("{method} /chat HTTP/1.1"));
        assert_rejected(&head, &HandshakeViolation::MethodNotGet(method.to_owned()), 405);
    }
}

//= docs/src/rfc6455.md#section-4-2-1
//= type=test
//# The server MUST reject a request whose method is not GET, or whose HTTP version is below 1.1.
#[test]
fn http_1_0_is_rejected() {
    assert_rejected(
        &HeadBuilder::request().first_line("GET /chat HTTP/1.0"),
        &HandshakeViolation::HttpVersionTooOld,
        400,
    );
}

#[test]
fn other_http_versions_are_malformed() {
    for line in ["GET /chat HTTP/2.0", "GET /chat HTTP/0.9", "GET /chat", "GET /chat HTTP/1.1 x", "GET /chat http/1.1"]
    {
        let violation = read_request(&HeadBuilder::request().first_line(line).bytes()).unwrap_err();
        assert!(matches!(violation, HandshakeViolation::MalformedHead(_)), "{line}: {violation}");
        assert_eq!(violation.status(), StatusCode::BAD_REQUEST, "{line}");
    }
}

//= docs/src/rfc6455.md#section-4-2-1
//= type=test
//# The server MUST reject a request whose target is neither a resource name nor an absolute `http`
//# or `https` URI.
#[test]
fn a_target_that_is_not_a_resource_name_is_rejected() {
    for target in [
        "*",                          // for OPTIONS
        "server.example.com:80",      // for CONNECT
        "ws://server.example.com/",   // not a scheme of HTTP
        "ftp://server.example.com/x", // not a scheme of HTTP
        "http:",
        "http://",
        "chat",
        "?chat",
    ] {
        let head = HeadBuilder::request().first_line(format!("GET {target} HTTP/1.1"));
        assert_rejected(&head, &HandshakeViolation::TargetMalformed, 400);
    }
}

#[test]
fn a_request_target_must_not_have_a_fragment() {
    // Neither section 3 nor HTTP allows a fragment here. If a server silently dropped it, the
    // server would serve a different resource from the one that a proxy has seen.
    for target in ["/chat#room", "/chat?x#", "/#"] {
        let head = HeadBuilder::request().first_line(format!("GET {target} HTTP/1.1"));
        assert_rejected(&head, &HandshakeViolation::TargetMalformed, 400);
    }
}

// ---- Item 2: Host -------------------------------------------------------------------------------

//= docs/src/rfc6455.md#section-4-2-1
//= type=test
//# The server MUST reject a request without a `Host` header.
#[test]
fn a_request_has_exactly_one_host() {
    let r = HeadBuilder::request;
    assert_rejected(&r().without("Host"), &HandshakeViolation::HostNotOnce, 400);
    assert_rejected(&r().with("Host: server.example.com"), &HandshakeViolation::HostNotOnce, 400);
}

/// RFC 9112, section 3.2.
#[test]
fn a_malformed_host_is_rejected() {
    for host in [
        "",
        ":80",
        "a b",
        "a, b",
        "a/b",
        "user@example.org",
        "example.org:0",
        "example.org:65536",
        "example.org:+80",
        "example.org:80:80",
        "http://example.org",
        "[::1",
        "::1",
        "[::g]",
        "[::1]80",
        "300.1.1.1",
        "\u{e9}.example",
    ] {
        let head = HeadBuilder::request().set("Host", host);
        // A value that is not ASCII is not shown.
        let shown = if host.is_ascii() { host } else { "" };
        assert_rejected(&head, &HandshakeViolation::HostMalformed(shown.to_owned()), 400);
        assert_eq!(authority(&head), Err(HandshakeViolation::HostMalformed(shown.to_owned())), "{host}");
    }
}

/// Returns the host and the port to which a request is addressed.
fn authority(head: &HeadBuilder) -> Result<Option<(String, Option<u16>)>, HandshakeViolation> {
    let request = read_request(&head.bytes()).unwrap().unwrap();
    let authority = request.authority()?;
    Ok(authority.map(|authority| (authority.host().to_owned(), authority.port())))
}

/// RFC 9112, section 3.2: this rule applies to every request, not only to an upgrade.
#[test]
fn a_request_for_a_page_has_exactly_one_host_too() {
    let page = || HeadBuilder::request().without("Upgrade");
    assert_eq!(authority(&page()), Ok(Some(("server.example.com".to_owned(), None))));
    assert_eq!(authority(&page().without("Host")), Err(HandshakeViolation::HostNotOnce));
    assert_eq!(authority(&page().with("host: server.example.com")), Err(HandshakeViolation::HostNotOnce));
    // Only HTTP/1.0 does without it.
    let old = || page().first_line("GET / HTTP/1.0");
    assert_eq!(authority(&old().without("Host")), Ok(None));
    assert_eq!(authority(&old().with("Host: x")), Err(HandshakeViolation::HostNotOnce));
    assert_eq!(authority(&old().set("Host", "a b")), Err(HandshakeViolation::HostMalformed("a b".to_owned())));
}

#[test]
fn hosts_are_normalized() {
    for (host, name, port) in [
        ("Example.ORG", "example.org", None),
        ("example.org:", "example.org", None), // the grammar allows an empty port
        ("example.org.:8080", "example.org.", Some(8080)),
        ("[0:0:0:0:0:0:0:1]:80", "::1", Some(80)),
        ("[2001:DB8::1]", "2001:db8::1", None),
        ("127.0.0.1:1", "127.0.0.1", Some(1)),
    ] {
        let head = HeadBuilder::request().set("Host", host);
        assert_eq!(authority(&head), Ok(Some((name.to_owned(), port))), "{host}");
    }
}

/// RFC 9112, section 3.2.2. Otherwise a proxy that obeys the target and a server that obeys `Host`
/// would serve different sites.
#[test]
fn the_host_of_an_absolute_target_wins_over_the_header() {
    let to = |target: &str| HeadBuilder::request().first_line(format!("GET {target} HTTP/1.1"));
    for (target, host, port) in [
        ("http://Other.example/chat", "other.example", None),
        ("https://other.example:8443/chat", "other.example", Some(8443)),
        ("http://[::1]:80", "::1", Some(80)),
    ] {
        assert_eq!(authority(&to(target)), Ok(Some((host.to_owned(), port))), "{target}");
    }
    let request = read_request(&to("http://Other.example:1/chat").bytes()).unwrap().unwrap();
    assert_eq!(request.host(), Some("Other.example:1"));
    // The `Host` header field is still required, and is still checked.
    let target = "http://other.example/chat";
    assert_rejected(&to(target).without("Host"), &HandshakeViolation::HostNotOnce, 400);
    assert_rejected(&to(target).with("Host: x"), &HandshakeViolation::HostNotOnce, 400);
    assert_rejected(&to(target).set("Host", "a b"), &HandshakeViolation::HostMalformed("a b".to_owned()), 400);
    for target in ["http://user@other.example/chat", "http://other.example:0/chat", "ws://other.example/chat"] {
        assert_rejected(&to(target), &HandshakeViolation::TargetMalformed, 400);
        assert_eq!(authority(&to(target)), Err(HandshakeViolation::TargetMalformed), "{target}");
    }
}

// ---- Items 3 and 4: Upgrade and Connection ------------------------------------------------------

//= docs/src/rfc6455.md#section-4-2-1
//= type=test
//# The server MUST reject a request without an `Upgrade` header that contains `websocket` (ignoring
//# ASCII case).
#[test]
fn upgrade_must_list_websocket() {
    let r = HeadBuilder::request;
    for head in [
        r().without("Upgrade"),
        r().set("Upgrade", ""),
        r().set("Upgrade", "websocket2"),
        r().set("Upgrade", "web socket"),
        r().set("Upgrade", "h2c, TLS/1.0"),
        r().set("Upgrade", b"webso\xc3\xa7ket"),
        r().set("Upgrade", b"webso\xc7ket"),
    ] {
        assert_rejected(&head, &HandshakeViolation::UpgradeMissing, 426);
    }
}

//= docs/src/rfc6455.md#section-2-1
//= type=test
//# Two strings match *ignoring ASCII case* if they differ at most in the case of the letters A to
//# Z.
#[test]
fn only_ascii_letters_match_in_any_case() {
    // U+212A is the Kelvin sign, which Unicode folds to k.
    assert_rejected(
        &HeadBuilder::request().set("Upgrade", "websoc\u{212a}et"),
        &HandshakeViolation::UpgradeMissing,
        426,
    );
    // U+017F is the long s, which Unicode folds to s.
    assert_rejected(
        &HeadBuilder::request().set("Upgrade", "web\u{17f}ocket"),
        &HandshakeViolation::UpgradeMissing,
        426,
    );
}

//= docs/src/rfc6455.md#section-4-2-1
//= type=test
//# The server MUST reject a request without a `Connection` header that contains the token `Upgrade`
//# (ignoring ASCII case).
#[test]
fn connection_must_list_upgrade() {
    let r = HeadBuilder::request;
    for head in [
        r().without("Connection"),
        r().set("Connection", ""),
        r().set("Connection", "keep-alive"),
        r().set("Connection", "Upgradex"),
        r().set("Connection", "xUpgrade"),
        r().set("Connection", "keep-alive Upgrade"),
        r().set("Connection", "keep-alive; Upgrade"),
    ] {
        assert_rejected(&head, &HandshakeViolation::ConnectionWithoutUpgrade, 400);
    }
}

// ---- Item 5: the key ----------------------------------------------------------------------------

//= docs/src/rfc6455.md#section-4-2-1
//= type=test
//# The server MUST reject a request whose `Sec-WebSocket-Key` is not the Base64 form of 16 bytes.
#[test]
fn a_key_is_the_base64_of_sixteen_bytes() {
    for key in [
        "",
        "AQIDBAUGBwgJCgsMDQ4P",      // 15 bytes
        "AQIDBAUGBwgJCgsMDQ4PEBE=",  // 17 bytes
        "AQIDBAUGBwgJCgsMDQ4PEA",    // no padding
        "AQIDBAUGBwgJCgsMDQ4PEA=",   // half of it
        "AQIDBAUGBwgJCgsMDQ4PEA===", // too much of it
        "AQIDBAUGBwgJCgsMDQ4-EA==",  // the alphabet for URLs
        "AQIDBAUGBwgJ CgsMDQ4PEA==",
        "A=AA",
        "AAA",
        "AA==AA",
        "dGhlIHNhbXBsZSBub25jZQ==, x",
        "dGhlIHNhbXBsZSBub25jZQ==,dGhlIHNhbXBsZSBub25jZQ==",
    ] {
        assert_rejected(&HeadBuilder::request().set("Sec-WebSocket-Key", key), &HandshakeViolation::KeyMalformed, 400);
    }
}

//= docs/src/rfc6455.md#section-11-3-1
//= type=test
//# A request MUST NOT have more than one `Sec-WebSocket-Key` header.
#[test]
fn a_request_has_exactly_one_key() {
    assert_rejected(&HeadBuilder::request().without("Sec-WebSocket-Key"), &HandshakeViolation::KeyNotOnce, 400);
    // Two equal keys are rejected too.
    let twice = HeadBuilder::request().with("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==");
    assert_rejected(&twice, &HandshakeViolation::KeyNotOnce, 400);
}

#[test]
fn a_key_that_is_not_ascii_is_malformed_and_not_missing() {
    let head = HeadBuilder::request().set("Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ\xe9=");
    assert_rejected(&head, &HandshakeViolation::KeyMalformed, 400);
}

// ---- Item 6: the version ------------------------------------------------------------------------

//= docs/src/rfc6455.md#section-4-2-1
//= type=test
//# The server MUST reject a request whose `Sec-WebSocket-Version` is not 13.
#[test]
fn the_version_must_be_13() {
    assert_rejected(
        &HeadBuilder::request().without("Sec-WebSocket-Version"),
        &HandshakeViolation::VersionUnsupported(None),
        426,
    );
    for version in ["8", "0", "25", "013", "13.0", "+13", "-1", "1e1", "256", "13, 8", "", "x", "1 3"] {
        let violation = HandshakeViolation::VersionUnsupported(Some(version.to_owned()));
        assert_rejected(&HeadBuilder::request().set("Sec-WebSocket-Version", version), &violation, 426);
    }
}

//= docs/src/rfc6455.md#section-11-3-5
//= type=test
//# A request MUST NOT have more than one `Sec-WebSocket-Version` header.
#[test]
fn a_request_has_at_most_one_version() {
    assert_rejected(
        &HeadBuilder::request().with("Sec-WebSocket-Version: 13"),
        &HandshakeViolation::VersionRepeated,
        400,
    );
    assert_rejected(
        &HeadBuilder::request().with("Sec-WebSocket-Version: 8"),
        &HandshakeViolation::VersionRepeated,
        400,
    );
}

#[test]
fn the_version_is_validated_before_the_key() {
    // A future version may use a different kind of key, or none at all.
    let head = HeadBuilder::request().set("Sec-WebSocket-Version", "14").without("Sec-WebSocket-Key");
    assert_rejected(&head, &HandshakeViolation::VersionUnsupported(Some("14".to_owned())), 426);
}

// ---- Item 8: subprotocols -----------------------------------------------------------------------

//= docs/src/rfc6455.md#section-11-3-4
//= type=test
//# A request MAY have several `Sec-WebSocket-Protocol` headers.
//= docs/src/rfc6455.md#section-4-2-1
//= type=test
//# The client may list the subprotocols that it can speak in `Sec-WebSocket-Protocol`, and its
//# extensions in `Sec-WebSocket-Extensions`, both in order of preference.
//= docs/src/rfc6455.md#section-4-3
//= type=test
//# `1#` is a comma-separated list of at least one element; empty elements and white space around
//# elements are ignored.
#[test]
fn subprotocols_keep_the_clients_order_on_one_line_or_several() {
    let r = HeadBuilder::request;
    for head in [
        r().with("Sec-WebSocket-Protocol: chat, superchat"),
        r().with("Sec-WebSocket-Protocol: chat,superchat"),
        r().with("Sec-WebSocket-Protocol: chat").with("Sec-WebSocket-Protocol: superchat"),
        r().with("sec-websocket-protocol: chat\t,,  , superchat ,"), // empty elements do not count
    ] {
        assert_eq!(valid_request(&head).check_upgrade().unwrap().subprotocols(), ["chat", "superchat"]);
    }
    assert!(valid_request(&r()).check_upgrade().unwrap().subprotocols().is_empty());
}

#[test]
fn subprotocols_are_case_sensitive() {
    let head = HeadBuilder::request().with("Sec-WebSocket-Protocol: chat, Chat, CHAT");
    assert_eq!(valid_request(&head).check_upgrade().unwrap().subprotocols(), ["chat", "Chat", "CHAT"]);
}

//= docs/src/rfc6455.md#section-4-3
//= type=test
//# `1#` is a comma-separated list of at least one element; empty elements and white space around
//# elements are ignored.
#[test]
fn a_subprotocol_is_a_token() {
    for value in ["", ",", " , ,", "a b", "chat, a b", "a;b", "a@b", "a/b", "\"chat\"", "(a)", "a=b"] {
        let head = HeadBuilder::request().with(format!("Sec-WebSocket-Protocol: {value}"));
        assert_rejected(&head, &HandshakeViolation::SubprotocolMalformed, 400);
    }
    let head = HeadBuilder::request().with(b"Sec-WebSocket-Protocol: caf\xc3\xa9");
    assert_rejected(&head, &HandshakeViolation::SubprotocolMalformed, 400);
    // Every kind of character that a token may contain.
    let head = HeadBuilder::request().with("Sec-WebSocket-Protocol: v10.stomp!#$%&'*+-.^_`|~Z9");
    assert_eq!(valid_request(&head).check_upgrade().unwrap().subprotocols(), ["v10.stomp!#$%&'*+-.^_`|~Z9"]);
}

#[test]
fn a_subprotocol_is_named_once() {
    let repeated = HandshakeViolation::SubprotocolRepeated("chat".to_owned());
    assert_rejected(&HeadBuilder::request().with("Sec-WebSocket-Protocol: chat, x, chat"), &repeated, 400);
    let lines = HeadBuilder::request().with("Sec-WebSocket-Protocol: chat").with("Sec-WebSocket-Protocol: chat");
    assert_rejected(&lines, &repeated, 400);
}

// ---- Item 9 and 9.1: extensions -----------------------------------------------------------------

fn offered(lines: &[&str]) -> Vec<String> {
    let head = HeadBuilder::request().with_each("Sec-WebSocket-Extensions", lines);
    valid_request(&head).check_upgrade().unwrap().extensions().iter().map(Extension::to_string).collect()
}

//= docs/src/rfc6455.md#section-4-3
//= type=test
//# `1#` is a comma-separated list of at least one element; empty elements and white space around
//# elements are ignored.
#[test]
fn extensions_are_a_list_with_parameters() {
    assert_eq!(
        offered(&["permessage-deflate; client_max_window_bits"]),
        ["permessage-deflate; client_max_window_bits"]
    );
    assert_eq!(
        offered(&["permessage-deflate ; client_max_window_bits = 12"]),
        ["permessage-deflate; client_max_window_bits=12"]
    );
    assert_eq!(offered(&["permessage-deflate; a=1; b, x"]), ["permessage-deflate; a=1; b", "x"]);
    assert_eq!(offered(&[",,a,,b;c , "]), ["a", "b; c"]);
    assert_eq!(offered(&["a;b\t=\t1"]), ["a; b=1"]);
    assert!(offered(&[]).is_empty());
}

//= docs/src/rfc6455.md#section-9-1
//= type=test
//# A list of extensions MAY be split across several headers or combined into one.
//= docs/src/rfc6455.md#section-11-3-2
//= type=test
//# A request MAY have several `Sec-WebSocket-Extensions` headers.
//= docs/src/rfc6455.md#section-4-2-1
//= type=test
//# The client may list the subprotocols that it can speak in `Sec-WebSocket-Protocol`, and its
//# extensions in `Sec-WebSocket-Extensions`, both in order of preference.
#[test]
fn several_lines_are_one_list_of_extensions() {
    assert_eq!(offered(&["a", "b; c=1"]), offered(&["a, b; c=1"]));
    assert_eq!(offered(&["a", "b", "a; x"]), ["a", "b", "a; x"]); // one name, different parameters
}

#[test]
fn parameters_keep_their_order_and_their_values() {
    let head = HeadBuilder::request().with("Sec-WebSocket-Extensions: e; z; y=1; z=\"2\"");
    let request = valid_request(&head);
    let upgrade = request.check_upgrade().unwrap();
    let [extension] = upgrade.extensions() else { panic!("one extension") };
    assert_eq!(extension.name(), "e");
    let parameters: Vec<_> = extension.parameters().collect();
    assert_eq!(parameters, [("z", None), ("y", Some("1")), ("z", Some("2"))]);
}

//= docs/src/rfc6455.md#section-4-3
//= type=test
//# A quoted value MUST be a token after its quotes and backslashes are removed.
//= docs/src/rfc6455.md#section-9-1
//= type=test
//# A quoted parameter value MUST be a token after it is unquoted.
#[test]
fn a_quoted_value_is_the_token_inside_the_quotes() {
    assert_eq!(offered(&["e; bits=\"10\""]), ["e; bits=10"]);
    assert_eq!(offered(&["e; bits = \"10\" ; x"]), ["e; bits=10; x"]);
    assert_eq!(offered(&[r#"e; bits="1\0", f"#]), ["e; bits=10", "f"]);
    for no_token in [r#""""#, r#""1 0""#, r#""1\ 0""#, r#""1,0""#, r#""1\"0""#] {
        let head = HeadBuilder::request().with(format!("Sec-WebSocket-Extensions: e; bits={no_token}"));
        assert_rejected(&head, &HandshakeViolation::ExtensionsMalformed, 400);
    }
}

//= docs/src/rfc6455.md#section-9-1
//= type=test
//# An endpoint that receives a list of extensions that violates the grammar MUST fail the
//# connection immediately.
//= docs/src/rfc6455.md#section-4-3
//= type=test
//# `1#` is a comma-separated list of at least one element; empty elements and white space around
//# elements are ignored.
#[test]
fn a_malformed_list_of_extensions_is_rejected() {
    for value in [
        "",
        ",",
        "permessage-deflate;",
        "permessage-deflate; ;a",
        ";a",
        "=x",
        "a=b",
        "a b",
        "a; b c",
        "a; =1",
        "a; b=",
        "a; b=1=2",
        "a; b=,",
        "a; b=1 2",
        "\"a\"",
        "a; \"b\"",
        "a/b",
        "a; b=c/d",
        "a; b=\"",
        "a; b=\"c",
        "a; b=\"c\\",
        "a; b=\"c\\\"",
        "a; b=\"\"",    // an unquoted value is a token (9.1), and a token is not empty
        "a; b=\"1 0\"", // ... has no space
        "a; b=\"x,y\"", // ... and no comma
        "a; b=\"x\"y",  // two values
        "a; b=\"x\" \"y\"",
        "good, a b",
    ] {
        let head = HeadBuilder::request().with(format!("Sec-WebSocket-Extensions: {value}"));
        assert_rejected(&head, &HandshakeViolation::ExtensionsMalformed, 400);
    }
    let head = HeadBuilder::request().with("Sec-WebSocket-Extensions: good").with("Sec-WebSocket-Extensions: a;");
    assert_rejected(&head, &HandshakeViolation::ExtensionsMalformed, 400);
    let head = HeadBuilder::request().with(b"Sec-WebSocket-Extensions: caf\xc3\xa9");
    assert_rejected(&head, &HandshakeViolation::ExtensionsMalformed, 400);
}

// ---- A body -------------------------------------------------------------------------------------

#[test]
fn a_request_with_a_body_is_rejected() {
    let r = HeadBuilder::request;
    for head in [
        r().with("Content-Length: 5"),
        r().with("Content-Length: x"),
        r().with("Transfer-Encoding: chunked"),
        r().with("Transfer-Encoding: identity"),
        r().with("Content-Length: 0").with("Transfer-Encoding: chunked"),
    ] {
        assert_rejected(&head, &HandshakeViolation::RequestWithBody, 400);
    }
}

#[test]
fn a_second_content_length_announces_a_body_too() {
    let head = HeadBuilder::request().with("Content-Length: 0").with("Content-Length: 5");
    assert_rejected(&head, &HandshakeViolation::RequestWithBody, 400);
}
