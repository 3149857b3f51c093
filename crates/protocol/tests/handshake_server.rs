//! Sections 4.2, 9.1 and 11.3: what a server takes for a WebSocket request. The head it comes in is the matter of
//! `handshake_head.rs`, the answer that of `handshake_answer.rs`.

mod common;

use common::{
    head::{Head, accepts, answer, server_judges, server_reads},
    name_of,
};
use http::StatusCode;
use protocol::{
    Answer, Role, Violation,
    handshake::{Extension, UpgradeOptions, rejection},
};

/// Checks which rule `head` breaks, and with which status it is refused.
#[track_caller]
fn refuses(head: &Head, expected: &Violation, status: u16) {
    assert_eq!(server_judges(head).map(|_| "accepted"), Err(expected.clone()));
    assert_eq!(rejection(expected).status(), status, "{expected}");
    assert_eq!(expected.answer(Role::Server), Answer::Refuse(StatusCode::from_u16(status).unwrap()));
}

// ---- A request that is right ----------------------------------------------------------------------------------------

//= docs/src/rfc6455.md#section-4-2-2
//= type=test
//# To accept a connection, the server MUST go through the steps of this section.
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
//# The accepting response MUST have a `Sec-WebSocket-Accept` header: the Base64 of the SHA-1 of the key followed by
//# `258EAFA5-E914-47DA-95CA-C5AB0DC85B11`.
#[test]
fn the_smallest_request_is_accepted() {
    assert_eq!(
        answer(&Head::request(), UpgradeOptions::default()),
        "HTTP/1.1 101 Switching Protocols\r\n\
         Upgrade: websocket\r\n\
         Connection: Upgrade\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
         \r\n"
    );
}

//= docs/src/rfc6455.md#section-4-2-1
//= type=test
//# Headers that the server does not know are ignored.
#[test]
fn what_browsers_and_programs_really_send_is_accepted() {
    let r = Head::request;
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
        r().with(b"X-Latin: caf\xe9"), // other headers are none of our business
        r().first("GET / HTTP/1.1"),
        r().first("GET /chat?room=7&x=%20 HTTP/1.1"),
    ] {
        accepts(&head);
    }
}

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# Names of headers match without regard to case, as everywhere in HTTP.
#[test]
fn header_names_match_in_any_case() {
    let upper = String::from_utf8(Head::request().bytes()).unwrap().replace("Sec-WebSocket", "SEC-WEBSOCKET");
    let lower = "GET /chat HTTP/1.1\r\nhost:server.example.com\r\nupgrade:websocket\r\nconnection:Upgrade\r\n\
                 sec-websocket-key:dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version:13\r\n\r\n";
    for request in [upper.as_str(), lower] {
        let request = server_reads(request.as_bytes()).unwrap().unwrap();
        assert!(request.check_upgrade().is_ok());
    }
}

#[test]
fn an_absolute_target_is_a_resource_name_too() {
    for (target, path) in [
        ("http://server.example.com/chat", "/chat"),
        ("https://server.example.com/chat?x", "/chat"),
        ("HTTP://server.example.com/chat", "/chat"),
        ("http://server.example.com", "/"),
    ] {
        let head = Head::request().first(format!("GET {target} HTTP/1.1"));
        let request = server_reads(&head.bytes()).unwrap().unwrap();
        assert_eq!(request.path(), path, "{target}");
        assert!(request.check_upgrade().is_ok(), "{target}");
    }
}

#[test]
fn the_application_sees_the_request() {
    let head = Head::request()
        .first("GET /chat?room=7 HTTP/1.1")
        .with("Origin: http://example.com")
        .with("Cookie: a=b")
        .with("Cookie: c=d");
    let request = server_reads(&head.bytes()).unwrap().unwrap();
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
//# A request without an `Origin` header SHOULD NOT be taken for one that comes from a browser.
#[test]
fn a_request_from_a_program_has_no_origin() {
    let request = server_reads(&Head::request().bytes()).unwrap().unwrap();
    assert_eq!(request.origin(), None);
    // Two origins are as good as none: nobody can say which one counts.
    let head = Head::request().with("Origin: http://a").with("Origin: http://b");
    assert_eq!(server_reads(&head.bytes()).unwrap().unwrap().origin(), None);
}

#[test]
fn ordinary_http_can_be_told_from_a_websocket_request() {
    let page = server_reads(b"GET /index.html HTTP/1.1\r\nHost: h\r\n\r\n").unwrap().unwrap();
    assert!(!page.wants_websocket());
    assert_eq!(page.path(), "/index.html");
    // Wanting is not enough: the request may still be wrong.
    let wrong = server_reads(&Head::request().without("Sec-WebSocket-Key").bytes()).unwrap().unwrap();
    assert!(wrong.wants_websocket());
    assert_eq!(wrong.check_upgrade().unwrap_err(), Violation::KeyNotOnce);
}

// ---- Item 1: method, version, target --------------------------------------------------------------------------------

//= docs/src/rfc6455.md#section-4-2-1
//= type=test
//# The server MUST refuse a request that is not a GET, or whose HTTP version is below 1.1.
#[test]
fn another_method_than_get_is_refused() {
    for method in ["POST", "HEAD", "PUT", "OPTIONS", "CONNECT", "get", "GETT"] {
        let head = Head::request().first(format!("{method} /chat HTTP/1.1"));
        refuses(&head, &Violation::MethodNotGet(method.to_owned()), 405);
    }
}

//= docs/src/rfc6455.md#section-4-2-1
//= type=test
//# The server MUST refuse a request that is not a GET, or whose HTTP version is below 1.1.
#[test]
fn http_1_0_is_refused() {
    refuses(&Head::request().first("GET /chat HTTP/1.0"), &Violation::HttpVersionTooOld, 400);
}

#[test]
fn other_versions_of_http_are_no_head() {
    for line in ["GET /chat HTTP/2.0", "GET /chat HTTP/0.9", "GET /chat", "GET /chat HTTP/1.1 x", "GET /chat http/1.1"]
    {
        let violation = server_reads(&Head::request().first(line).bytes()).unwrap_err();
        assert_eq!(name_of(&violation), "MalformedHead", "{line}");
        assert_eq!(violation.status(), Some(StatusCode::BAD_REQUEST), "{line}");
    }
}

//= docs/src/rfc6455.md#section-4-2-1
//= type=test
//# The server MUST refuse a request whose target is neither a resource name nor an absolute `http` or `https` URI.
#[test]
fn a_target_that_is_no_resource_name_is_refused() {
    for target in [
        "*",                          // for OPTIONS
        "server.example.com:80",      // for CONNECT
        "ws://server.example.com/",   // our own URI is not one of HTTP
        "ftp://server.example.com/x", // nor is this
        "http:",
        "http://",
        "chat",
        "?chat",
    ] {
        let head = Head::request().first(format!("GET {target} HTTP/1.1"));
        refuses(&head, &Violation::TargetMalformed, 400);
    }
}

#[test]
fn a_fragment_is_no_part_of_a_request_target() {
    // Section 3 has no fragment, and neither has HTTP. Who drops it in silence serves another resource than the one a
    // proxy before it has seen.
    for target in ["/chat#room", "/chat?x#", "/#"] {
        let head = Head::request().first(format!("GET {target} HTTP/1.1"));
        refuses(&head, &Violation::TargetMalformed, 400);
    }
}

// ---- Item 2: Host ---------------------------------------------------------------------------------------------------

//= docs/src/rfc6455.md#section-4-2-1
//= type=test
//# The server MUST refuse a request without a `Host` header.
#[test]
fn there_is_exactly_one_host() {
    let r = Head::request;
    refuses(&r().without("Host"), &Violation::HostNotOnce, 400);
    refuses(&r().with("Host: server.example.com"), &Violation::HostNotOnce, 400);
    refuses(&r().set("Host", ""), &Violation::HostNotOnce, 400);
}

// ---- Items 3 and 4: Upgrade and Connection --------------------------------------------------------------------------

//= docs/src/rfc6455.md#section-4-2-1
//= type=test
//# The server MUST refuse a request whose `Upgrade` header does not contain `websocket`, without regard to ASCII case.
#[test]
fn upgrade_lists_websocket() {
    let r = Head::request;
    for head in [
        r().without("Upgrade"),
        r().set("Upgrade", ""),
        r().set("Upgrade", "websocket2"),
        r().set("Upgrade", "web socket"),
        r().set("Upgrade", "h2c, TLS/1.0"),
        r().set("Upgrade", b"webso\xc3\xa7ket"),
        r().set("Upgrade", b"webso\xc7ket"),
    ] {
        refuses(&head, &Violation::UpgradeMissing, 426);
    }
}

//= docs/src/rfc6455.md#section-2-1
//= type=test
//# Two strings are equal *without regard to ASCII case* when only the letters A to Z and a to z are taken for the same.
#[test]
fn only_ascii_letters_fold() {
    // U+212A is the Kelvin sign, which Unicode folds to k.
    refuses(&Head::request().set("Upgrade", "websoc\u{212a}et"), &Violation::UpgradeMissing, 426);
    // U+017F is the long s, which Unicode folds to s.
    refuses(&Head::request().set("Upgrade", "web\u{17f}ocket"), &Violation::UpgradeMissing, 426);
}

//= docs/src/rfc6455.md#section-4-2-1
//= type=test
//# The server MUST refuse a request whose `Connection` header does not contain the token `Upgrade`, without regard to
//# ASCII case.
#[test]
fn connection_lists_upgrade() {
    let r = Head::request;
    for head in [
        r().without("Connection"),
        r().set("Connection", ""),
        r().set("Connection", "keep-alive"),
        r().set("Connection", "Upgradex"),
        r().set("Connection", "xUpgrade"),
        r().set("Connection", "keep-alive Upgrade"),
        r().set("Connection", "keep-alive; Upgrade"),
    ] {
        refuses(&head, &Violation::ConnectionWithoutUpgrade, 400);
    }
}

// ---- Item 5: the key ------------------------------------------------------------------------------------------------

//= docs/src/rfc6455.md#section-4-2-1
//= type=test
//# The server MUST refuse a request whose `Sec-WebSocket-Key` is not the Base64 of 16 bytes.
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
        refuses(&Head::request().set("Sec-WebSocket-Key", key), &Violation::KeyMalformed, 400);
    }
}

//= docs/src/rfc6455.md#section-11-3-1
//= type=test
//# A request MUST NOT have more than one `Sec-WebSocket-Key` header.
#[test]
fn there_is_exactly_one_key() {
    refuses(&Head::request().without("Sec-WebSocket-Key"), &Violation::KeyNotOnce, 400);
    // Not even the same one again.
    let twice = Head::request().with("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==");
    refuses(&twice, &Violation::KeyNotOnce, 400);
}

#[test]
fn a_key_beyond_ascii_is_malformed_and_not_missing() {
    let head = Head::request().set("Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ\xe9=");
    refuses(&head, &Violation::KeyMalformed, 400);
}

// ---- Item 6: the version --------------------------------------------------------------------------------------------

//= docs/src/rfc6455.md#section-4-2-1
//= type=test
//# The server MUST refuse a request whose `Sec-WebSocket-Version` is not 13.
#[test]
fn the_version_is_13() {
    refuses(&Head::request().without("Sec-WebSocket-Version"), &Violation::VersionUnsupported(None), 426);
    for version in ["8", "0", "25", "013", "13.0", "+13", "-1", "1e1", "256", "13, 8", "", "x", "1 3"] {
        let violation = Violation::VersionUnsupported(Some(version.to_owned()));
        refuses(&Head::request().set("Sec-WebSocket-Version", version), &violation, 426);
    }
}

//= docs/src/rfc6455.md#section-11-3-5
//= type=test
//# A request MUST NOT have more than one `Sec-WebSocket-Version` header.
#[test]
fn there_is_at_most_one_version() {
    refuses(&Head::request().with("Sec-WebSocket-Version: 13"), &Violation::VersionRepeated, 400);
    refuses(&Head::request().with("Sec-WebSocket-Version: 8"), &Violation::VersionRepeated, 400);
}

#[test]
fn another_version_is_told_so_before_its_key_is_judged() {
    // A future version may have other keys, or none.
    let head = Head::request().set("Sec-WebSocket-Version", "14").without("Sec-WebSocket-Key");
    refuses(&head, &Violation::VersionUnsupported(Some("14".to_owned())), 426);
}

// ---- Item 8: subprotocols -------------------------------------------------------------------------------------------

//= docs/src/rfc6455.md#section-11-3-4
//= type=test
//# A request MAY have several `Sec-WebSocket-Protocol` headers.
//= docs/src/rfc6455.md#section-4-2-1
//= type=test
//# `Sec-WebSocket-Protocol` may list the subprotocols that the client would speak, and `Sec-WebSocket-Extensions` the
//# extensions, the best first.
//= docs/src/rfc6455.md#section-4-3
//= type=test
//# `1#` is a list with commas and at least one element; empty elements do not count, and neither does white space
//# around an element.
#[test]
fn subprotocols_come_in_the_clients_order_on_one_line_or_several() {
    let r = Head::request;
    for head in [
        r().with("Sec-WebSocket-Protocol: chat, superchat"),
        r().with("Sec-WebSocket-Protocol: chat,superchat"),
        r().with("Sec-WebSocket-Protocol: chat").with("Sec-WebSocket-Protocol: superchat"),
        r().with("sec-websocket-protocol: chat\t,,  , superchat ,"), // empty elements are none
    ] {
        assert_eq!(accepts(&head).subprotocols(), ["chat", "superchat"]);
    }
    assert!(accepts(&r()).subprotocols().is_empty());
}

#[test]
fn subprotocols_differ_by_case() {
    let head = Head::request().with("Sec-WebSocket-Protocol: chat, Chat, CHAT");
    assert_eq!(accepts(&head).subprotocols(), ["chat", "Chat", "CHAT"]);
}

//= docs/src/rfc6455.md#section-4-3
//= type=test
//# `1#` is a list with commas and at least one element; empty elements do not count, and neither does white space
//# around an element.
#[test]
fn a_subprotocol_is_a_token() {
    for value in ["", ",", " , ,", "a b", "chat, a b", "a;b", "a@b", "a/b", "\"chat\"", "(a)", "a=b"] {
        let head = Head::request().with(format!("Sec-WebSocket-Protocol: {value}"));
        refuses(&head, &Violation::SubprotocolMalformed, 400);
    }
    let head = Head::request().with(b"Sec-WebSocket-Protocol: caf\xc3\xa9");
    refuses(&head, &Violation::SubprotocolMalformed, 400);
    // All that a token may have.
    let head = Head::request().with("Sec-WebSocket-Protocol: v10.stomp!#$%&'*+-.^_`|~Z9");
    assert_eq!(accepts(&head).subprotocols(), ["v10.stomp!#$%&'*+-.^_`|~Z9"]);
}

#[test]
fn a_subprotocol_is_named_once() {
    let repeated = Violation::SubprotocolRepeated("chat".to_owned());
    refuses(&Head::request().with("Sec-WebSocket-Protocol: chat, x, chat"), &repeated, 400);
    let lines = Head::request().with("Sec-WebSocket-Protocol: chat").with("Sec-WebSocket-Protocol: chat");
    refuses(&lines, &repeated, 400);
}

// ---- Item 9 and 9.1: extensions -------------------------------------------------------------------------------------

fn offered(lines: &[&str]) -> Vec<String> {
    let head = lines.iter().fold(Head::request(), |head, line| head.with(format!("Sec-WebSocket-Extensions: {line}")));
    accepts(&head).extensions().iter().map(Extension::to_string).collect()
}

//= docs/src/rfc6455.md#section-4-3
//= type=test
//# `1#` is a list with commas and at least one element; empty elements do not count, and neither does white space
//# around an element.
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
//# The header MAY be split into several lines, or several lines joined into one.
//= docs/src/rfc6455.md#section-11-3-2
//= type=test
//# A request MAY have several `Sec-WebSocket-Extensions` headers.
//= docs/src/rfc6455.md#section-4-2-1
//= type=test
//# `Sec-WebSocket-Protocol` may list the subprotocols that the client would speak, and `Sec-WebSocket-Extensions` the
//# extensions, the best first.
#[test]
fn several_lines_are_one_list_of_extensions() {
    assert_eq!(offered(&["a", "b; c=1"]), offered(&["a, b; c=1"]));
    assert_eq!(offered(&["a", "b", "a; x"]), ["a", "b", "a; x"]); // one name may be offered in two ways
}

#[test]
fn parameters_keep_their_order_and_their_values() {
    let head = Head::request().with("Sec-WebSocket-Extensions: e; z; y=1; z=\"2\"");
    let upgrade = accepts(&head);
    let [extension] = upgrade.extensions() else { panic!("one extension") };
    assert_eq!(extension.name(), "e");
    let parameters: Vec<_> = extension.parameters().collect();
    assert_eq!(parameters, [("z", None), ("y", Some("1")), ("z", Some("2"))]);
}

//= docs/src/rfc6455.md#section-4-3
//= type=test
//# What is left of a quoted value without its quotes and backslashes MUST be a token.
//= docs/src/rfc6455.md#section-9-1
//= type=test
//# The value of a parameter in quotes MUST be a token once it is unquoted.
#[test]
fn a_quoted_value_is_the_token_inside_the_quotes() {
    assert_eq!(offered(&["e; bits=\"10\""]), ["e; bits=10"]);
    assert_eq!(offered(&["e; bits = \"10\" ; x"]), ["e; bits=10; x"]);
    assert_eq!(offered(&[r#"e; bits="1\0", f"#]), ["e; bits=10", "f"]);
    for no_token in [r#""""#, r#""1 0""#, r#""1\ 0""#, r#""1,0""#, r#""1\"0""#] {
        let head = Head::request().with(format!("Sec-WebSocket-Extensions: e; bits={no_token}"));
        refuses(&head, &Violation::ExtensionsMalformed, 400);
    }
}

//= docs/src/rfc6455.md#section-9-1
//= type=test
//# Whoever receives a list of extensions that does not follow the grammar MUST fail the connection at once.
//= docs/src/rfc6455.md#section-4-3
//= type=test
//# `1#` is a list with commas and at least one element; empty elements do not count, and neither does white space
//# around an element.
#[test]
fn a_list_of_extensions_off_the_grammar_is_refused() {
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
        "a; b=\"\"",    // once unquoted, a value is a token (9.1)
        "a; b=\"1 0\"", // ... and a token has no space
        "a; b=\"x,y\"", // ... and no comma
        "a; b=\"x\"y",  // two values
        "a; b=\"x\" \"y\"",
        "good, a b",
    ] {
        let head = Head::request().with(format!("Sec-WebSocket-Extensions: {value}"));
        refuses(&head, &Violation::ExtensionsMalformed, 400);
    }
    let head = Head::request().with("Sec-WebSocket-Extensions: good").with("Sec-WebSocket-Extensions: a;");
    refuses(&head, &Violation::ExtensionsMalformed, 400);
    let head = Head::request().with(b"Sec-WebSocket-Extensions: caf\xc3\xa9");
    refuses(&head, &Violation::ExtensionsMalformed, 400);
}

// ---- A body ---------------------------------------------------------------------------------------------------------

#[test]
fn a_request_with_a_body_is_refused() {
    let r = Head::request;
    for head in [
        r().with("Content-Length: 5"),
        r().with("Content-Length: x"),
        r().with("Transfer-Encoding: chunked"),
        r().with("Transfer-Encoding: identity"),
        r().with("Content-Length: 0").with("Transfer-Encoding: chunked"),
    ] {
        refuses(&head, &Violation::RequestWithBody, 400);
    }
}

#[test]
fn a_second_content_length_counts_as_much_as_the_first() {
    let head = Head::request().with("Content-Length: 0").with("Content-Length: 5");
    refuses(&head, &Violation::RequestWithBody, 400);
}
