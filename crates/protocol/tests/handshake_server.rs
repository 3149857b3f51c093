//! Sections 4.2, 4.4, 9.1 and 11.3: what a server takes for a WebSocket request, and what it answers.

mod common;

use common::{
    End,
    head::{Head, server_judges, server_reads, server_reads_within},
    hex, name_of, text,
};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use protocol::{
    Answer, Limits, Misuse, Role, Violation,
    handshake::{Acceptance, Extension, Progress, ServerHandshake, Upgrade, encode_response, refusal},
};

fn limits(change: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::DEFAULT;
    change(&mut limits);
    limits
}

#[track_caller]
fn accepts(head: &Head) -> Upgrade {
    server_judges(head).unwrap_or_else(|violation| panic!("refused: {violation}"))
}

/// Checks which rule `head` breaks, and with which status it is refused.
#[track_caller]
fn refuses(head: &Head, expected: &Violation, status: u16) {
    assert_eq!(server_judges(head).map(|_| "accepted"), Err(expected.clone()));
    assert_eq!(refusal(expected).status(), status, "{expected}");
    assert_eq!(expected.answer(Role::Server), Answer::Refuse(StatusCode::from_u16(status).unwrap()));
}

/// The 101 response to a request, as text.
fn answer(head: &Head, choice: Acceptance) -> String {
    written(&accepts(head).accept(choice).unwrap().response)
}

fn written(response: &Response<String>) -> String {
    String::from_utf8(encode_response(response).to_vec()).unwrap()
}

/// A response's header lines, sorted: their order means nothing.
fn header_lines(response: &str) -> Vec<&str> {
    let (head, _) = response.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<&str> = head.split("\r\n").skip(1).collect();
    lines.sort_unstable();
    lines
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
        answer(&Head::request(), Acceptance::default()),
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

// ---- The shape of the head ------------------------------------------------------------------------------------------

#[test]
fn what_is_no_http_is_refused_at_once() {
    for first_bytes in [
        hex("16 0301 0200 01"),           // TLS: a client that was given wss: for a port without
        hex("81 85 37fa213d 7f9f4d5158"), // frames without a handshake
        hex("00"),
        hex("05 01 00"), // SOCKS
        b"\x00\x00\x00\x10\xffSMB".to_vec(),
        hex("ff"),
        b"{\"hello\":1}".to_vec(),
        b"GET\x00/ HTTP/1.1".to_vec(),
        b"<html>".to_vec(),
    ] {
        let violation = server_reads(&first_bytes).map(|_| "waits for more").unwrap_err();
        assert_eq!(name_of(&violation), "MalformedHead", "{first_bytes:02x?}");
        assert_eq!(violation.status(), Some(StatusCode::BAD_REQUEST));
    }
}

#[test]
fn tls_is_told_by_its_first_byte() {
    let mut handshake = ServerHandshake::new(Limits::DEFAULT);
    handshake.input().extend_from_slice(&[0x16]);
    assert!(handshake.poll().is_err());
}

#[test]
fn a_malformed_head_is_refused() {
    let r = Head::request;
    for head in [
        r().with("Host : again"),  // white space before the colon hides a header from a proxy
        r().with(" folded: line"), // as does a folded line
        r().with("\tfolded"),
        r().with("no colon"),
        r().with(": no name"),
        r().with("na me: x"),
        r().with("na\u{e9}: x"),
        r().with(b"X: a\0b"),
        r().with(b"X: a\rb"),
        r().with(b"X: \x7f"),
    ] {
        let violation = server_reads(&head.bytes()).map(|_| "taken").unwrap_err();
        assert_eq!(name_of(&violation), "MalformedHead", "{:?}", String::from_utf8_lossy(&head.bytes()));
    }
}

#[test]
fn lines_that_end_without_a_carriage_return_are_understood() {
    let request = String::from_utf8(Head::request().bytes()).unwrap().replace("\r\n", "\n");
    assert!(server_reads(request.as_bytes()).unwrap().unwrap().check_upgrade().is_ok());
}

#[test]
fn empty_lines_before_the_request_are_skipped() {
    let request = [b"\r\n\r\n".to_vec(), Head::request().bytes()].concat();
    assert!(server_reads(&request).unwrap().unwrap().check_upgrade().is_ok());
}

#[test]
fn a_short_read_is_not_an_error() {
    let bytes = Head::request().bytes();
    for cut in 0..bytes.len() {
        assert!(server_reads(&bytes[..cut]).unwrap().is_none(), "cut at {cut}");
    }
    assert!(server_reads(&bytes).unwrap().is_some());
}

#[test]
fn a_head_may_come_in_two_reads_cut_anywhere() {
    let bytes = Head::request().bytes();
    for cut in 0..bytes.len() {
        let mut handshake = ServerHandshake::new(Limits::DEFAULT);
        handshake.input().extend_from_slice(&bytes[..cut]);
        let Progress::NeedMore(mut handshake) = handshake.poll().unwrap() else { panic!("too early at {cut}") };
        handshake.input().extend_from_slice(&bytes[cut..]);
        let Progress::Done(request) = handshake.poll().unwrap() else { panic!("not complete at {cut}") };
        assert!(request.check_upgrade().is_ok());
    }
}

#[test]
fn a_head_may_trickle_in_byte_by_byte() {
    let bytes = [Head::request().bytes(), hex("81 85 37fa213d 7f9f4d5158")].concat();
    let end_of_head = bytes.len() - 11;
    let mut handshake = ServerHandshake::new(Limits::DEFAULT);
    for (at, byte) in bytes.iter().enumerate() {
        handshake.input().extend_from_slice(&[*byte]);
        handshake = match handshake.poll().unwrap() {
            Progress::NeedMore(handshake) => handshake,
            Progress::Done(request) => {
                assert_eq!(at + 1, end_of_head, "complete with its last byte, not before and not after");
                assert!(request.check_upgrade().is_ok());
                return;
            }
        };
    }
    panic!("never complete");
}

#[test]
fn an_incomplete_head_is_parsed_each_time_it_has_doubled_and_not_with_each_byte() {
    // Parsing from the start with every byte would cost the square of a head's length. What can be seen of it is when a
    // fault is noticed: a character that no target has, in a head that never ends.
    let mut bytes = b"GET /".to_vec();
    bytes.resize(200, b'a');
    for (fault_at, noticed_at) in [(5, 8), (7, 8), (8, 16), (20, 32), (63, 64), (64, 128), (100, 128)] {
        let mut bytes = bytes.clone();
        bytes[fault_at] = 0;
        let mut handshake = Some(ServerHandshake::new(Limits::DEFAULT));
        let noticed = bytes.iter().position(|byte| {
            let mut waiting = handshake.take().expect("it goes on");
            waiting.input().extend_from_slice(&[*byte]);
            match waiting.poll() {
                Ok(Progress::NeedMore(waiting)) => handshake = Some(waiting),
                Ok(Progress::Done(_)) => panic!("no head at all"),
                Err(_) => {}
            }
            handshake.is_none()
        });
        assert_eq!(noticed.map(|at| at + 1), Some(noticed_at), "a fault at {fault_at}");
    }
}

#[test]
fn bytes_behind_the_head_are_frames() {
    let bytes = [Head::request().bytes(), hex("81 85 37fa213d 7f9f4d5158   81 82")].concat();
    let request = server_reads(&bytes).unwrap().unwrap();
    request.check_upgrade().unwrap().accept(Acceptance::default()).unwrap();
    assert_eq!(request.received(), bytes, "the head is still there to be shown, as it came");
    let mut server = End::server();
    assert_eq!(server.hears_bytes(&request.into_rest()), [text("Hello")]);
    assert_eq!(server.hears_bytes(&hex("00000000 6f6b")), [text("ok")], "the rest goes on where it was cut");
}

// ---- 10.4: limits ---------------------------------------------------------------------------------------------------

#[test]
fn a_head_may_be_as_long_as_the_limit_and_no_longer() {
    let bytes = Head::request().bytes();
    let (head_bytes, too_long) = (bytes.len(), Violation::HeadTooLong { limit: bytes.len() - 1 });
    assert!(server_reads_within(limits(|limits| limits.head_bytes = head_bytes), &bytes).unwrap().is_some());
    let violation = server_reads_within(limits(|limits| limits.head_bytes = head_bytes - 1), &bytes).unwrap_err();
    assert_eq!(violation, too_long);
    assert_eq!(violation.status(), Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE));
    // That it will be too long is clear before its last byte: there is no room for that.
    let most = &bytes[..head_bytes - 1];
    assert_eq!(server_reads_within(limits(|limits| limits.head_bytes = most.len()), most).unwrap_err(), too_long);
    assert!(server_reads_within(limits(|limits| limits.head_bytes = head_bytes), most).unwrap().is_none());
}

#[test]
fn a_head_without_end_is_refused_at_the_limit() {
    let mut handshake = ServerHandshake::new(Limits::DEFAULT);
    handshake.input().extend_from_slice(b"GET / HTTP/1.1\r\nX: ");
    let mut sent = 0;
    loop {
        handshake.input().extend_from_slice(&[b'a'; 100]);
        sent += 100;
        assert!(sent < 20_000, "nothing is refused");
        match handshake.poll() {
            Ok(Progress::NeedMore(waiting)) => handshake = waiting,
            Ok(Progress::Done(_)) => panic!("no head at all"),
            Err(violation) => {
                assert_eq!(violation, Violation::HeadTooLong { limit: 16_384 });
                assert!((16_300..=16_500).contains(&sent), "after {sent} bytes");
                return;
            }
        }
    }
}

#[test]
fn frames_behind_the_head_do_not_count_as_head() {
    let head = Head::request().bytes();
    let head_bytes = head.len();
    let bytes = [head, vec![0; 1000]].concat();
    let request = server_reads_within(limits(|limits| limits.head_bytes = head_bytes), &bytes).unwrap().unwrap();
    assert_eq!(request.into_rest().len(), 1000);
}

#[test]
fn there_may_be_as_many_header_lines_as_the_limit_and_no_more() {
    // The smallest request has five.
    let with_lines = |count| (5..count).fold(Head::request(), |head, _| head.with("X: y")).bytes();
    assert!(server_reads(&with_lines(100)).unwrap().unwrap().check_upgrade().is_ok());
    let violation = server_reads(&with_lines(101)).unwrap_err();
    assert_eq!(violation, Violation::TooManyHeaderLines { limit: 100 });
    assert_eq!(violation.status(), Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE));
}

#[test]
fn generous_limits_do_not_let_a_peer_cause_a_panic() {
    let generous = limits(|limits| {
        limits.head_bytes = 1 << 20;
        limits.header_lines = 40_000;
    });
    let mut bytes = b"GET / HTTP/1.1\r\n".to_vec();
    for line in 0..33_000 {
        bytes.extend_from_slice(format!("x-{line}: y\r\n").as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    // Taken or refused, both are right.
    let _ = server_reads_within(generous, &bytes).map(|_| ());
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
    let answer = answer(&offering(), Acceptance::default());
    assert!(!answer.contains("Sec-WebSocket-Protocol"), "{answer}");
    assert!(!answer.contains("Sec-WebSocket-Extensions"), "{answer}");
}

//= docs/src/rfc6455.md#section-9
//= type=test
//# A server MAY accept some or all of the extensions that it was asked for.
#[test]
fn what_was_chosen_is_named() {
    let choice = Acceptance {
        subprotocol: Some("superchat".to_owned()),
        extensions: vec![
            Extension::new("x-two").unwrap(),
            Extension::new("x-one").unwrap().with("b", Some("1")).unwrap(),
        ],
        ..Acceptance::default()
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
    let choice = Acceptance {
        subprotocol: Some("chat".to_owned()),
        extensions: vec![Extension::new("x-two").unwrap()],
        ..Acceptance::default()
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
        let choice = Acceptance { subprotocol: Some(name.to_owned()), ..Acceptance::default() };
        accepts(head).accept(choice).map(|_| ()).unwrap_err()
    };
    for name in ["x", "Chat", "", "chat, superchat", "chat\r\nX: y"] {
        assert_eq!(choose(&offering(), name), Misuse::SubprotocolNotOffered(name.to_owned()));
    }
    assert_eq!(choose(&Head::request(), "chat"), Misuse::SubprotocolNotOffered("chat".to_owned()));
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
        let choice = Acceptance { extensions: vec![Extension::new("x-foo").unwrap()], ..Acceptance::default() };
        accepts(head).accept(choice).map(|_| ()).unwrap_err()
    };
    assert_eq!(choose(&offering()), Misuse::ExtensionNotOffered("x-foo".to_owned()));
    assert_eq!(choose(&Head::request()), Misuse::ExtensionNotOffered("x-foo".to_owned()));
}

#[test]
fn more_headers_may_be_added() {
    let mut headers = HeaderMap::new();
    headers.append("set-cookie", HeaderValue::from_static("a=b"));
    headers.append("set-cookie", HeaderValue::from_static("c=d"));
    headers.insert("x-request-id", HeaderValue::from_static("7"));
    let answer = answer(&Head::request(), Acceptance { headers, ..Acceptance::default() });
    assert_eq!(
        header_lines(&answer),
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
        let misuse = accepts(&Head::request()).accept(Acceptance { headers, ..Acceptance::default() }).map(|_| ());
        assert_eq!(misuse, Err(Misuse::HeaderReserved(name.to_owned())));
    }
}

#[test]
fn a_response_to_a_websocket_request_has_no_body() {
    let answer = answer(&Head::request(), Acceptance::default());
    assert!(answer.ends_with("\r\n\r\n"));
    assert!(!answer.to_ascii_lowercase().contains("content-length"));
    assert!(!answer.to_ascii_lowercase().contains("transfer-encoding"));
}

// ---- Refusals -------------------------------------------------------------------------------------------------------

#[test]
fn a_refusal_is_a_whole_http_response_and_the_last_one() {
    let answer = written(&refusal(&Violation::KeyMalformed));
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{head}");
    assert_eq!(
        header_lines(&answer),
        ["Connection: close", &format!("Content-Length: {}", body.len()), "Content-Type: text/plain; charset=utf-8",]
    );
    assert_eq!(body, "Sec-WebSocket-Key must be the Base64 of 16 bytes (RFC 6455, section 4.2.1)\n");
}

#[test]
fn a_405_names_the_method_that_is_allowed() {
    let answer = written(&refusal(&Violation::MethodNotGet("POST".to_owned())));
    assert!(answer.starts_with("HTTP/1.1 405 Method Not Allowed\r\n"), "{answer}");
    assert!(header_lines(&answer).contains(&"Allow: GET"), "{answer}");
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
        let answer = written(&refusal(&violation));
        assert!(answer.starts_with("HTTP/1.1 426 Upgrade Required\r\n"), "{answer}");
        let lines = header_lines(&answer);
        assert!(lines.contains(&"Upgrade: websocket"), "{answer}");
        assert!(lines.contains(&"Sec-WebSocket-Version: 13"), "{answer}");
        // RFC 9110, 7.8: who sends Upgrade lists it in Connection. And this response is the last.
        assert!(lines.contains(&"Connection: Upgrade, close"), "{answer}");
    }
}

#[test]
fn a_431_says_that_the_head_is_too_large() {
    let answer = written(&refusal(&Violation::HeadTooLong { limit: 16_384 }));
    assert!(answer.starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\n"), "{answer}");
}

#[test]
fn what_the_client_wrote_cannot_break_out_of_the_refusal() {
    // A version with line breaks cannot come through the parser; with anything printable it can.
    let head = Head::request().set("Sec-WebSocket-Version", "<script>\"\\");
    let violation = server_judges(&head).unwrap_err();
    let answer = written(&refusal(&violation));
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
        header_lines(&answer),
        ["Connection: close", "Content-Length: 0", "Www-Authenticate: Basic realm=\"x\"",]
    );
    for (status, line) in [
        (StatusCode::TEMPORARY_REDIRECT, "HTTP/1.1 307 Temporary Redirect\r\n"),
        (StatusCode::FORBIDDEN, "HTTP/1.1 403 Forbidden\r\n"),
        (StatusCode::NOT_FOUND, "HTTP/1.1 404 Not Found\r\n"),
        (StatusCode::SERVICE_UNAVAILABLE, "HTTP/1.1 503 Service Unavailable\r\n"),
        (StatusCode::from_u16(599).unwrap(), "HTTP/1.1 599 Other\r\n"),
    ] {
        let mut response = Response::new("no");
        *response.status_mut() = status;
        let answer = String::from_utf8(encode_response(&response).to_vec()).unwrap();
        assert!(answer.starts_with(line), "{answer}");
        assert!(answer.ends_with("\r\n\r\nno"), "{answer}");
        assert!(header_lines(&answer).contains(&"Content-Length: 2"), "{answer}");
    }
}

#[test]
fn a_response_keeps_the_length_and_the_connection_that_it_was_given() {
    let mut response = Response::new("");
    *response.status_mut() = StatusCode::OK;
    response.headers_mut().insert("content-length", HeaderValue::from_static("42")); // the answer to a HEAD, say
    response.headers_mut().insert("connection", HeaderValue::from_static("keep-alive"));
    let answer = String::from_utf8(encode_response(&response).to_vec()).unwrap();
    assert_eq!(header_lines(&answer), ["Connection: keep-alive", "Content-Length: 42"]);
}
