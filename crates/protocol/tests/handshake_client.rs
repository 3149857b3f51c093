//! Section 4.1: what a client asks for, and what it takes for an answer.

mod common;

use common::{
    End,
    head::{Head, NONCE, ask, client_judges, client_reads},
    hex, name_of, text,
};
use protocol::{
    Limits, UsageError, Violation,
    handshake::{ClientRequest, Extension, HandshakeError, Nonce, Status},
};

/// The request's bytes as text.
fn written(request: ClientRequest) -> String {
    String::from_utf8(request.handshake(NONCE, Limits::DEFAULT).request_bytes().to_vec()).unwrap()
}

/// The values of all lines called `name`.
fn values<'a>(request: &'a str, name: &str) -> Vec<&'a str> {
    let lines = request.split("\r\n").skip(1).take_while(|line| !line.is_empty());
    lines.filter_map(|line| line.split_once(": ")).filter(|(found, _)| *found == name).map(|(_, value)| value).collect()
}

/// A request that offers the subprotocols chat and superchat.
fn ask_for_chat() -> ClientRequest {
    ask().subprotocol("chat").unwrap().subprotocol("superchat").unwrap()
}

/// A request that offers the extensions x-one and x-two.
fn ask_for_extensions() -> ClientRequest {
    ask().extension(Extension::new("x-one").unwrap()).extension(Extension::new("x-two").unwrap())
}

#[track_caller]
fn fails(request: ClientRequest, head: &Head, expected: &Violation) {
    assert_eq!(client_judges(request, head).map(|_| "opened"), Err(expected.clone()));
    assert_eq!(expected.close_code(), None, "there are no frames yet that could say so");
}

#[track_caller]
fn opens(head: &Head) {
    if let Err(violation) = client_judges(ask(), head) {
        panic!("failed: {violation}");
    }
}

fn accept_wrong(received: &str) -> Violation {
    Violation::AcceptWrong { expected: "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=".to_owned(), received: received.to_owned() }
}

// ---- The request ----------------------------------------------------------------------------------------------------

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
fn the_smallest_request() {
    assert_eq!(
        written(ask()),
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
//# Another client MAY send an `Origin` header if that means for it what it means for a browser.
//= docs/src/rfc6455.md#section-4-1
//= type=test
//# The request MAY have a `Sec-WebSocket-Protocol` header: a list of subprotocols, the one liked best first.
//= docs/src/rfc6455.md#section-4-1
//= type=test
//# The request MAY have a `Sec-WebSocket-Extensions` header.
//= docs/src/rfc6455.md#section-4-1
//= type=test
//# The request MAY have any other headers, such as cookies or `Authorization`.
//= docs/src/rfc6455.md#section-9
//= type=test
//# A client MAY ask for extensions.
#[test]
fn a_request_with_everything() {
    let request = ask_for_chat()
        .extension(Extension::new("permessage-deflate").unwrap().with("client_max_window_bits", None).unwrap())
        .extension(Extension::new("x-other").unwrap().with("level", Some("9")).unwrap())
        .origin("http://www.example.com")
        .and_then(|request| request.header("Authorization", "Basic eDp5"))
        .and_then(|request| request.header("cookie", "a=b"))
        .unwrap();
    assert_eq!(
        written(request),
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
//# The value of the key MUST be 16 random bytes in Base64.
#[test]
fn the_key_is_the_base64_of_the_nonce() {
    let key = |nonce: [u8; 16]| {
        let bytes = ask().handshake(Nonce(nonce), Limits::DEFAULT).request_bytes();
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
fn the_request_names_the_uri_that_was_asked_for() {
    let request = ClientRequest::new("wss://[::1]:9001/a?b".parse().unwrap());
    assert_eq!(request.uri().port(), 9001);
    let written = written(request);
    assert!(written.starts_with("GET /a?b HTTP/1.1\r\nHost: [::1]:9001\r\n"), "{written}");
}

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# The request MUST have a header called `Sec-WebSocket-Key`.
//= docs/src/rfc6455.md#section-11-3-1
//= type=test
//# A request MUST NOT have more than one `Sec-WebSocket-Key` header.
#[test]
fn each_of_the_handshakes_headers_is_there_once() {
    let written = written(ask_for_chat().header("X-One", "1").unwrap());
    for name in
        ["Host", "Upgrade", "Connection", "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Sec-WebSocket-Protocol"]
    {
        assert_eq!(values(&written, name).len(), 1, "{name}");
    }
    assert!(written.ends_with("\r\n\r\n"));
}

#[test]
fn what_is_not_asked_for_is_not_mentioned() {
    let written = written(ask());
    for name in ["Origin", "Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"] {
        assert!(values(&written, name).is_empty(), "{name}");
    }
}

// ---- What a caller can get wrong ------------------------------------------------------------------------------------

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# Each subprotocol in the list MUST be a token: characters from 21 to 7E, at least one, and no separators.
#[test]
fn a_subprotocol_that_is_no_token_cannot_be_offered() {
    for name in ["", "a b", "a,b", "a@b", "a;b", "\"a\"", "a/b", "a=b", "\x7f", "caf\u{e9}", "a\r\nX: y", "a\0"] {
        assert_eq!(ask().subprotocol(name).map(|_| ()), Err(UsageError::NotAToken(name.to_owned())));
    }
}

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# The subprotocols in the list MUST all be different.
#[test]
fn a_subprotocol_cannot_be_offered_twice() {
    let again = ask().subprotocol("chat").unwrap().subprotocol("chat").map(|_| ());
    assert_eq!(again, Err(UsageError::SubprotocolRepeated("chat".to_owned())));
    // Another case is another name.
    assert!(ask().subprotocol("chat").unwrap().subprotocol("Chat").is_ok());
}

#[test]
fn an_extension_is_made_of_tokens() {
    for name in ["", "a b", "a;b", "a,b", "a=b", "\"a\"", "a\r\nX: y"] {
        let no_token = Err(UsageError::NotAToken(name.to_owned()));
        assert_eq!(Extension::new(name).map(|_| ()), no_token);
        assert_eq!(Extension::new("x").unwrap().with(name, None).map(|_| ()), no_token);
        // Not even in quotes: the value inside them has to be a token (9.1).
        assert_eq!(Extension::new("x").unwrap().with("y", Some(name)).map(|_| ()), no_token);
    }
}

#[test]
fn a_header_cannot_smuggle_in_another_one() {
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
        let usage_error = ask().header(name, value).map(|_| ());
        assert_eq!(usage_error, Err(UsageError::HeaderInvalid(format!("{name}: {value}"))));
    }
    let origin = ask().origin("http://a\r\nX: y").map(|_| ());
    assert_eq!(origin, Err(UsageError::HeaderInvalid("http://a\r\nX: y".to_owned())));
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
        let usage_error = ask().header(name, "x").map(|_| ());
        assert_eq!(usage_error, Err(UsageError::HeaderReserved(name.to_ascii_lowercase())));
    }
}

#[test]
fn there_is_one_origin_however_it_was_set() {
    let request = ask().origin("http://a").unwrap().origin("http://b").unwrap();
    assert_eq!(values(&written(request), "Origin"), ["http://b"]);
    // RFC 6454, 7.3: a user agent must not send more than one.
    let request = ask().origin("http://a").unwrap().header("Origin", "http://b");
    if let Ok(request) = request {
        assert_eq!(values(&written(request), "Origin").len(), 1);
    }
}

// ---- The response ---------------------------------------------------------------------------------------------------

#[test]
fn what_servers_really_answer_is_accepted() {
    let r = Head::response;
    for head in [
        r(),
        r().set("Upgrade", "WebSocket"),
        r().set("Upgrade", "  websocket\t"),
        r().set("Connection", "upgrade"),
        r().set("Connection", "keep-alive, Upgrade"),
        r().set("Connection", "keep-alive").with("Connection: upgrade"),
        r().set("Sec-WebSocket-Accept", "  s3pPLMBiTxaQ9kYGzzhZRbK+xOo=  "),
        r().with("Server: x").with("Date: today").with("Set-Cookie: a=b"),
        r().with("Sec-WebSocket-Version: 13").with("Sec-WebSocket-Version: 8, 7"),
        r().first("HTTP/1.1 101 Web Socket Protocol Handshake"),
        r().first("HTTP/1.1 101 "),
        r().first("HTTP/1.1 101"),
    ] {
        opens(&head);
    }
}

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# Names of headers match without regard to case, as everywhere in HTTP.
#[test]
fn header_names_match_in_any_case() {
    let head = "HTTP/1.1 101 Switching Protocols\r\nUPGRADE:websocket\r\nconnection:Upgrade\r\n\
                sec-websocket-ACCEPT:s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    assert!(matches!(client_reads(ask(), head.as_bytes()), Ok(Status::Complete(_))));
}

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# The client MUST check the response as follows.
#[test]
fn no_line_of_the_response_can_be_missing_or_be_changed() {
    opens(&Head::response());
    for name in ["Upgrade", "Connection", "Sec-WebSocket-Accept"] {
        assert!(client_judges(ask(), &Head::response().without(name)).is_err(), "without {name}");
        assert!(client_judges(ask(), &Head::response().set(name, "x")).is_err(), "{name}: x");
    }
    // What was not asked for is as bad.
    for name in ["Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"] {
        assert!(client_judges(ask(), &Head::response().with(format!("{name}: x"))).is_err(), "{name}: x");
    }
}

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# Cookies that the response sets are *cookies set during the server's opening handshake*.
#[test]
fn the_response_is_there_to_be_looked_at() {
    let head = Head::response().with("Set-Cookie: a=b").with("Set-Cookie: c=d");
    let opened = client_judges(ask(), &head).unwrap();
    assert_eq!(opened.response.status(), 101);
    let cookies: Vec<_> = opened.response.headers().get_all("set-cookie").iter().collect();
    assert_eq!(cookies, ["a=b", "c=d"]);
}

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# If `Upgrade` is missing or is not `websocket`, without regard to ASCII case, the client MUST fail the connection.
#[test]
fn upgrade_is_websocket_and_nothing_else() {
    let r = Head::response;
    fails(ask(), &r().without("Upgrade"), &Violation::UpgradeMissing);
    for head in [
        r().set("Upgrade", ""),
        r().set("Upgrade", "websocket2"),
        r().set("Upgrade", "h2c"),
        r().set("Upgrade", "websocket, foo"),
        r().set("Upgrade", "foo, websocket"),
        r().with("Upgrade: websocket"),
        r().with("Upgrade: h2c"),
        r().set("Upgrade", "websoc\u{212a}et"), // the Kelvin sign folds to k only in Unicode
        r().set("Upgrade", b"webso\xe7ket"),
    ] {
        fails(ask(), &head, &Violation::UpgradeToSomethingElse);
    }
}

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# If `Connection` is missing or has no token `Upgrade`, without regard to ASCII case, the client MUST fail the
//# connection.
#[test]
fn connection_lists_upgrade() {
    let r = Head::response;
    for head in [
        r().without("Connection"),
        r().set("Connection", ""),
        r().set("Connection", "Upgradex"),
        r().set("Connection", "close"),
        r().set("Connection", "keep-alive; Upgrade"),
    ] {
        fails(ask(), &head, &Violation::ConnectionWithoutUpgrade);
    }
}

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# If `Sec-WebSocket-Accept` is missing or is not the answer to the key, the client MUST fail the connection.
#[test]
fn the_accept_value_answers_the_key() {
    for value in [
        "",
        "s3pplmbitxaq9kygzzhzrbk+xoo=", // case matters here
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo",
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo==",
        "HSmrc0sMlYUkAGmm5OPpG2HaGWk=", // the answer to another key
        "dGhlIHNhbXBsZSBub25jZQ==",     // the key itself, from a server that echoes
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=, x",
        "\"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\"",
    ] {
        fails(ask(), &Head::response().set("Sec-WebSocket-Accept", value), &accept_wrong(value));
    }
}

//= docs/src/rfc6455.md#section-11-3-3
//= type=test
//# A response MUST NOT have more than one `Sec-WebSocket-Accept` header.
//= docs/src/rfc6455.md#section-4-1
//= type=test
//# If `Sec-WebSocket-Accept` is missing or is not the answer to the key, the client MUST fail the connection.
#[test]
fn there_is_exactly_one_accept_value() {
    let r = Head::response;
    fails(ask(), &r().without("Sec-WebSocket-Accept"), &Violation::AcceptNotOnce);
    fails(ask(), &r().with("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), &Violation::AcceptNotOnce);
}

#[test]
fn an_accept_value_for_another_nonce_is_wrong() {
    let mut handshake = ask().handshake(Nonce([7; 16]), Limits::DEFAULT);
    handshake.input().extend_from_slice(&Head::response().bytes());
    let Err(HandshakeError::Violation(violation)) = handshake.poll() else { panic!("accepted") };
    assert_eq!(name_of(&violation), "AcceptWrong");
}

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# If the response breaks any other rule for the server's part of the handshake, the client MUST fail the connection.
#[test]
fn http_1_0_cannot_switch_protocols() {
    fails(ask(), &Head::response().first("HTTP/1.0 101 Switching Protocols"), &Violation::HttpVersionTooOld);
}

// ---- Subprotocols ---------------------------------------------------------------------------------------------------

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# The *subprotocol in use* is the one of the response, or none.
#[test]
fn the_subprotocol_in_use_is_the_one_named() {
    for (value, name) in [("chat", "chat"), ("superchat", "superchat"), (" \t superchat ", "superchat")] {
        let head = Head::response().with(format!("Sec-WebSocket-Protocol: {value}"));
        assert_eq!(client_judges(ask_for_chat(), &head).unwrap().subprotocol.as_deref(), Some(name));
    }
}

#[test]
fn a_server_may_choose_no_subprotocol() {
    assert_eq!(client_judges(ask_for_chat(), &Head::response()).unwrap().subprotocol, None);
}

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# If the response names a subprotocol that was not asked for, the client MUST fail the connection.
#[test]
fn a_subprotocol_that_was_not_offered_fails() {
    for name in ["x", "Chat", "CHAT", "chat2"] {
        let head = Head::response().with(format!("Sec-WebSocket-Protocol: {name}"));
        fails(ask_for_chat(), &head, &Violation::SubprotocolNotOffered(name.to_owned()));
    }
    let head = Head::response().with("Sec-WebSocket-Protocol: chat");
    fails(ask(), &head, &Violation::SubprotocolNotOffered("chat".to_owned()));
}

//= docs/src/rfc6455.md#section-11-3-4
//= type=test
//# A response MUST NOT have more than one `Sec-WebSocket-Protocol` header.
#[test]
fn a_response_names_one_subprotocol() {
    for value in ["", "chat, superchat", "chat,", ",", "a b", "\"chat\""] {
        let head = Head::response().with(format!("Sec-WebSocket-Protocol: {value}"));
        fails(ask_for_chat(), &head, &Violation::SubprotocolMalformed);
    }
    let lines = Head::response().with("Sec-WebSocket-Protocol: chat").with("Sec-WebSocket-Protocol: chat");
    fails(ask_for_chat(), &lines, &Violation::SubprotocolMalformed);
    fails(ask_for_chat(), &Head::response().with(b"Sec-WebSocket-Protocol: \xff"), &Violation::SubprotocolMalformed);
}

// ---- Extensions -----------------------------------------------------------------------------------------------------

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# *Extensions in use* are those of the response, or none.
#[test]
fn the_extensions_in_use_are_those_accepted_in_the_servers_order() {
    let head = Head::response().with("Sec-WebSocket-Extensions: x-two; a=\"1\", x-one");
    let extensions = client_judges(ask_for_extensions(), &head).unwrap().extensions;
    assert_eq!(extensions.iter().map(Extension::to_string).collect::<Vec<_>>(), ["x-two; a=1", "x-one"]);
}

//= docs/src/rfc6455.md#section-11-3-2
//= type=test
//# A response MAY have several `Sec-WebSocket-Extensions` headers.
#[test]
fn a_response_may_have_several_lines_of_extensions() {
    let head = Head::response().with("Sec-WebSocket-Extensions: x-one").with("Sec-WebSocket-Extensions: x-two");
    let extensions = client_judges(ask_for_extensions(), &head).unwrap().extensions;
    assert_eq!(extensions.iter().map(Extension::name).collect::<Vec<_>>(), ["x-one", "x-two"]);
}

#[test]
fn a_server_may_accept_no_extension() {
    assert!(client_judges(ask_for_extensions(), &Head::response()).unwrap().extensions.is_empty());
}

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# If the response names an extension that was not asked for, the client MUST fail the connection.
#[test]
fn an_extension_that_was_not_offered_fails() {
    for (request, value, name) in [
        (ask(), "permessage-deflate", "permessage-deflate"),
        (ask(), "x-foo; a=b", "x-foo"),
        (ask_for_extensions(), "x-three", "x-three"),
        (ask_for_extensions(), "x-one, x-three", "x-three"),
    ] {
        let head = Head::response().with(format!("Sec-WebSocket-Extensions: {value}"));
        fails(request, &head, &Violation::ExtensionNotOffered(name.to_owned()));
    }
}

//= docs/src/rfc6455.md#section-9-1
//= type=test
//# Whoever receives a list of extensions that does not follow the grammar MUST fail the connection at once.
#[test]
fn a_list_of_extensions_off_the_grammar_fails() {
    for value in ["", ",", "x-one;", ";a", "x-one; a=", "x-one; a=\"b", "x-one x-two", "x-one; a=\"1 0\""] {
        let head = Head::response().with(format!("Sec-WebSocket-Extensions: {value}"));
        fails(ask_for_extensions(), &head, &Violation::ExtensionsMalformed);
    }
    // A line that is right does not make up for one that is not.
    let head = Head::response().with("Sec-WebSocket-Extensions: x-one").with("Sec-WebSocket-Extensions: x-two;");
    fails(ask_for_extensions(), &head, &Violation::ExtensionsMalformed);
    let head = Head::response().with(b"Sec-WebSocket-Extensions: x-one; a=\xff");
    fails(ask_for_extensions(), &head, &Violation::ExtensionsMalformed);
}

// ---- Other answers --------------------------------------------------------------------------------------------------

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# A response with a status other than 101 MUST be treated as HTTP says, and opens no connection.
#[test]
fn another_status_is_ordinary_http() {
    for status in ["200 OK", "301 Moved", "401 Unauthorized", "403 Forbidden", "404 Not Found", "426 Upgrade Required"]
    {
        // With all the right headers: the status alone decides.
        let head = Head::response().first(format!("HTTP/1.1 {status}")).with("Location: ws://elsewhere/");
        let bytes = [head.bytes(), b"a body".to_vec()].concat();
        let Err(HandshakeError::Rejected(response)) = client_reads(ask(), &bytes) else { panic!("{status} opens") };
        assert_eq!(response.status().as_str(), &status[..3]);
        assert_eq!(response.headers()["location"], "ws://elsewhere/");
        assert_eq!(response.body()[..], b"a body"[..]);
    }
}

//= docs/src/rfc6455.md#section-11-3-5
//= type=test
//# A response MAY have several `Sec-WebSocket-Version` headers.
#[test]
fn a_refusal_says_which_versions_there_are() {
    let bytes = b"HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Version: 8, 7\r\n\r\n";
    let Err(error) = client_reads(ask(), bytes) else { panic!("opened") };
    assert_eq!(error.to_string(), "the server answered 426 Upgrade Required instead of opening a WebSocket");
    let HandshakeError::Rejected(response) = error else { panic!("no violation") };
    let versions: Vec<_> = response.headers().get_all("sec-websocket-version").iter().collect();
    assert_eq!(versions, ["13", "8, 7"]);
}

#[test]
fn an_interim_answer_is_not_the_answer() {
    let interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n".to_vec();
    let bytes = [interim, Head::response().bytes(), hex("81 05 48656c6c6f")].concat();
    let Ok(Status::Complete(opened)) = client_reads(ask(), &bytes) else { panic!("not opened") };
    assert_eq!(opened.rest[..], hex("81 05 48656c6c6f")[..]);
    assert!(!opened.response.headers().contains_key("link"));

    // Alone it is not the end of the story.
    assert!(matches!(client_reads(ask(), b"HTTP/1.1 102 Processing\r\n\r\n"), Ok(Status::Partial(_))));
    // And a refusal may follow.
    let bytes = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 Forbidden\r\n\r\n";
    assert!(matches!(client_reads(ask(), bytes), Err(HandshakeError::Rejected(_))));
}

#[test]
fn what_is_no_http_fails_at_once() {
    for first_bytes in [
        hex("15 0301 0002 0250"), // TLS: an alert, from a port that wants wss:
        hex("81 05 48656c6c6f"),
        b"SSH-2.0-OpenSSH_9.6\r\n".to_vec(),
        b"220 mail.example.org ESMTP\r\n".to_vec(),
        b"HTTP/2.0 101\r\n".to_vec(),
        b"HTTP/1.1 1x1\r\n".to_vec(),
        b"HTTP/1.1 101 Switching\0\r\n".to_vec(),
    ] {
        let Err(HandshakeError::Violation(violation)) = client_reads(ask(), &first_bytes) else {
            panic!("not failed: {first_bytes:02x?}")
        };
        assert_eq!(name_of(&violation), "MalformedHead", "{first_bytes:02x?}");
    }
}

#[test]
fn a_malformed_response_fails() {
    let r = Head::response;
    for head in [r().with("no colon"), r().with(" folded: line"), r().with(b"X: a\0b"), r().with("na me: x")] {
        assert_eq!(name_of(&client_judges(ask(), &head).unwrap_err()), "MalformedHead");
    }
}

// ---- Reads ----------------------------------------------------------------------------------------------------------

#[test]
fn a_short_read_is_not_an_error() {
    let bytes = Head::response().bytes();
    for cut in 0..bytes.len() {
        assert!(matches!(client_reads(ask(), &bytes[..cut]), Ok(Status::Partial(_))), "cut at {cut}");
    }
}

#[test]
fn a_response_may_trickle_in_byte_by_byte() {
    let bytes = [b"HTTP/1.1 100 Continue\r\n\r\n".to_vec(), Head::response().bytes()].concat();
    let mut handshake = ask().handshake(NONCE, Limits::DEFAULT);
    for (at, byte) in bytes.iter().enumerate() {
        handshake.input().extend_from_slice(&[*byte]);
        handshake = match handshake.poll().unwrap() {
            Status::Partial(handshake) => handshake,
            Status::Complete(opened) => {
                assert_eq!(at + 1, bytes.len());
                assert!(opened.rest.is_empty());
                return;
            }
        };
    }
    panic!("never complete");
}

//= docs/src/rfc6455.md#section-4-2-2
//= type=test
//# With that the connection is OPEN, and the server may send its first message in the same packet.
#[test]
fn frames_behind_the_response_are_not_lost() {
    let bytes = [Head::response().bytes(), hex("81 05 48656c6c6f   81 02")].concat();
    let Ok(Status::Complete(opened)) = client_reads(ask(), &bytes) else { panic!("not opened") };
    let mut client = End::client();
    assert_eq!(client.hears_bytes(&opened.rest), [text("Hello")]);
    assert_eq!(client.hears_bytes(&hex("6f6b")), [text("ok")]);
}

#[test]
fn the_request_can_be_had_as_long_as_the_answer_is_not_there() {
    let handshake = ask().handshake(NONCE, Limits::DEFAULT);
    let bytes = handshake.request_bytes();
    let Ok(Status::Partial(handshake)) = handshake.poll() else { panic!("nothing has come") };
    assert_eq!(handshake.request_bytes(), bytes);
}

// ---- Limits ---------------------------------------------------------------------------------------------------------

#[test]
fn a_response_without_end_fails_at_the_limit() {
    let mut handshake = ask().handshake(NONCE, Limits { max_head_bytes: 1000, ..Limits::DEFAULT });
    handshake.input().extend_from_slice(b"HTTP/1.1 101 Switching Protocols\r\nX: ");
    handshake.input().extend_from_slice(&[b'a'; 1000]);
    let Err(HandshakeError::Violation(violation)) = handshake.poll() else { panic!("not failed") };
    assert_eq!(violation, Violation::HeadTooLong { limit: 1000 });
}

#[test]
fn a_response_with_too_many_lines_fails() {
    let head = (0..100).fold(Head::response(), |head, _| head.with("X: y"));
    fails(ask(), &head, &Violation::TooManyHeaders { limit: 100 });
}

#[test]
fn the_error_says_whose_fault_it_is() {
    let error = HandshakeError::from(Violation::UpgradeMissing);
    assert_eq!(
        error.to_string(),
        "the server's answer is wrong: there is no header 'Upgrade: websocket' (RFC 6455, section 4.2.1)"
    );
}
