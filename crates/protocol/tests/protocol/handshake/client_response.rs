//! Section 4.1: the client's validation of the response.

use protocol::{
    HandshakeViolation, Limits,
    handshake::{ClientRequest, Extension, HandshakeError, Nonce, Status, accept_key},
};
use testkit::{
    endpoint::TestEndpoint,
    handshake::{check_response, client_request, read_response},
    hex::hex,
    http_head::{HeadBuilder, SAMPLE_ACCEPT, SAMPLE_NONCE},
    observed::text,
};

use super::client_request::request_for_chat;

/// Returns a request that offers the extensions x-one and x-two.
fn request_for_extensions() -> ClientRequest {
    client_request().extension(Extension::new("x-one").unwrap()).extension(Extension::new("x-two").unwrap())
}

#[track_caller]
fn assert_fails(request: ClientRequest, head: &HeadBuilder, expected: &HandshakeViolation) {
    assert_eq!(check_response(request, head).map(|_| "accepted"), Err(expected.clone()));
}

#[track_caller]
fn assert_accepted(head: &HeadBuilder) {
    if let Err(violation) = check_response(client_request(), head) {
        panic!("not accepted: {violation}");
    }
}

fn accept_wrong(received: &str) -> HandshakeViolation {
    HandshakeViolation::AcceptWrong { expected: SAMPLE_ACCEPT.to_owned(), received: received.to_owned() }
}

// ---- The response -------------------------------------------------------------------------------

#[test]
fn responses_of_real_servers_are_accepted() {
    let r = HeadBuilder::response;
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
        r().first_line("HTTP/1.1 101 Web Socket Protocol Handshake"),
        r().first_line("HTTP/1.1 101 "),
        r().first_line("HTTP/1.1 101"),
    ] {
        assert_accepted(&head);
    }
}

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# Header names are case-insensitive, as everywhere in HTTP.
#[test]
fn header_names_match_in_any_case() {
    let head = "HTTP/1.1 101 Switching Protocols\r\nUPGRADE:websocket\r\nconnection:Upgrade\r\n\
                sec-websocket-ACCEPT:s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    assert!(matches!(read_response(client_request(), head.as_bytes()), Ok(Status::Complete(_))));
}

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# The client MUST check the response as follows.
#[test]
fn no_line_of_the_response_can_be_missing_or_changed() {
    assert_accepted(&HeadBuilder::response());
    for (name, missing, changed) in [
        ("Upgrade", HandshakeViolation::UpgradeMissing, HandshakeViolation::UpgradeToSomethingElse),
        ("Connection", HandshakeViolation::ConnectionWithoutUpgrade, HandshakeViolation::ConnectionWithoutUpgrade),
        ("Sec-WebSocket-Accept", HandshakeViolation::AcceptNotOnce, accept_wrong("x")),
    ] {
        assert_fails(client_request(), &HeadBuilder::response().without(name), &missing);
        assert_fails(client_request(), &HeadBuilder::response().set(name, "x"), &changed);
    }
    // A response must not add a subprotocol or an extension that was not requested.
    for (line, violation) in [
        ("Sec-WebSocket-Protocol: x", HandshakeViolation::SubprotocolNotOffered("x".to_owned())),
        ("Sec-WebSocket-Extensions: x", HandshakeViolation::ExtensionNotOffered("x".to_owned())),
    ] {
        assert_fails(client_request(), &HeadBuilder::response().with(line), &violation);
    }
}

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# Cookies that the response sets are *cookies set during the server's opening handshake*.
#[test]
fn the_application_can_inspect_the_response() {
    let head = HeadBuilder::response().with("Set-Cookie: a=b").with("Set-Cookie: c=d");
    let established = check_response(client_request(), &head).unwrap();
    assert_eq!(established.response.status(), 101);
    let cookies: Vec<_> = established.response.headers().get_all("set-cookie").iter().collect();
    assert_eq!(cookies, ["a=b", "c=d"]);
}

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# If the `Upgrade` header is missing or is not `websocket` (ignoring ASCII case), the client MUST
//# fail the connection.
#[test]
fn upgrade_must_be_websocket_and_nothing_else() {
    let r = HeadBuilder::response;
    assert_fails(client_request(), &r().without("Upgrade"), &HandshakeViolation::UpgradeMissing);
    for head in [
        r().set("Upgrade", ""),
        r().set("Upgrade", "websocket2"),
        r().set("Upgrade", "h2c"),
        r().set("Upgrade", "websocket, foo"),
        r().set("Upgrade", "foo, websocket"),
        r().with("Upgrade: websocket"),
        r().with("Upgrade: h2c"),
        r().set("Upgrade", "websoc\u{212a}et"), // the Kelvin sign equals k only in Unicode's case folding
        r().set("Upgrade", b"webso\xe7ket"),
    ] {
        assert_fails(client_request(), &head, &HandshakeViolation::UpgradeToSomethingElse);
    }
}

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# If the `Connection` header is missing or does not contain the token `Upgrade` (ignoring ASCII
//# case), the client MUST fail the connection.
#[test]
fn connection_must_list_upgrade() {
    let r = HeadBuilder::response;
    for head in [
        r().without("Connection"),
        r().set("Connection", ""),
        r().set("Connection", "Upgradex"),
        r().set("Connection", "close"),
        r().set("Connection", "keep-alive; Upgrade"),
    ] {
        assert_fails(client_request(), &head, &HandshakeViolation::ConnectionWithoutUpgrade);
    }
}

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# If the `Sec-WebSocket-Accept` header is missing or does not match the key, the client MUST fail
//# the connection.
#[test]
fn the_accept_value_must_match_the_key() {
    for value in [
        "",
        "s3pplmbitxaq9kygzzhzrbk+xoo=", // another case
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo",
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo==",
        "HSmrc0sMlYUkAGmm5OPpG2HaGWk=", // the accept value for another key
        "dGhlIHNhbXBsZSBub25jZQ==",     // the key itself
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=, x",
        "\"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\"",
    ] {
        assert_fails(
            client_request(),
            &HeadBuilder::response().set("Sec-WebSocket-Accept", value),
            &accept_wrong(value),
        );
    }
}

//= docs/src/rfc6455.md#section-11-3-3
//= type=test
//# A response MUST NOT have more than one `Sec-WebSocket-Accept` header.
//= docs/src/rfc6455.md#section-4-1
//= type=test
//# If the `Sec-WebSocket-Accept` header is missing or does not match the key, the client MUST fail
//# the connection.
#[test]
fn a_response_has_exactly_one_accept_value() {
    let r = HeadBuilder::response;
    assert_fails(client_request(), &r().without("Sec-WebSocket-Accept"), &HandshakeViolation::AcceptNotOnce);
    assert_fails(
        client_request(),
        &r().with("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        &HandshakeViolation::AcceptNotOnce,
    );
}

#[test]
fn an_accept_value_for_another_key_is_rejected() {
    let mut handshake = client_request().handshake(Nonce([7; 16]), Limits::DEFAULT);
    handshake.input().extend_from_slice(&HeadBuilder::response().bytes());
    let Err(HandshakeError::Violation(violation)) = handshake.poll() else { panic!("accepted") };
    let expected = accept_key("BwcHBwcHBwcHBwcHBwcHBw==");
    assert_eq!(violation, HandshakeViolation::AcceptWrong { expected, received: SAMPLE_ACCEPT.to_owned() });
}

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# If the response breaks any other rule for the server's handshake, the client MUST fail the
//# connection.
#[test]
fn http_1_0_cannot_switch_protocols() {
    assert_fails(
        client_request(),
        &HeadBuilder::response().first_line("HTTP/1.0 101 Switching Protocols"),
        &HandshakeViolation::HttpVersionTooOld,
    );
}

// ---- Subprotocols -------------------------------------------------------------------------------

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# The *subprotocol in use* is the one in the response, if it names one.
#[test]
fn the_subprotocol_in_use_is_the_one_in_the_response() {
    for (value, name) in [("chat", "chat"), ("superchat", "superchat"), (" \t superchat ", "superchat")] {
        let head = HeadBuilder::response().with(format!("Sec-WebSocket-Protocol: {value}"));
        assert_eq!(check_response(request_for_chat(), &head).unwrap().subprotocol.as_deref(), Some(name));
    }
}

#[test]
fn a_server_may_decline_all_subprotocols() {
    assert_eq!(check_response(request_for_chat(), &HeadBuilder::response()).unwrap().subprotocol, None);
}

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# If the response names a subprotocol that was not offered, the client MUST fail the connection.
#[test]
fn a_subprotocol_that_was_not_offered_fails_the_handshake() {
    for name in ["x", "Chat", "CHAT", "chat2"] {
        let head = HeadBuilder::response().with(format!("Sec-WebSocket-Protocol: {name}"));
        assert_fails(request_for_chat(), &head, &HandshakeViolation::SubprotocolNotOffered(name.to_owned()));
    }
    let head = HeadBuilder::response().with("Sec-WebSocket-Protocol: chat");
    assert_fails(client_request(), &head, &HandshakeViolation::SubprotocolNotOffered("chat".to_owned()));
}

//= docs/src/rfc6455.md#section-11-3-4
//= type=test
//# A response MUST NOT have more than one `Sec-WebSocket-Protocol` header.
#[test]
fn a_response_names_at_most_one_subprotocol() {
    for value in ["", "chat, superchat", "chat,", ",", "a b", "\"chat\""] {
        let head = HeadBuilder::response().with(format!("Sec-WebSocket-Protocol: {value}"));
        assert_fails(request_for_chat(), &head, &HandshakeViolation::SubprotocolMalformed);
    }
    let lines = HeadBuilder::response().with("Sec-WebSocket-Protocol: chat").with("Sec-WebSocket-Protocol: chat");
    assert_fails(request_for_chat(), &lines, &HandshakeViolation::SubprotocolMalformed);
    assert_fails(
        request_for_chat(),
        &HeadBuilder::response().with(b"Sec-WebSocket-Protocol: \xff"),
        &HandshakeViolation::SubprotocolMalformed,
    );
}

// ---- Extensions ---------------------------------------------------------------------------------

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# The *extensions in use* are those in the response, if it lists any.
#[test]
fn the_extensions_in_use_keep_the_servers_order() {
    let head = HeadBuilder::response().with("Sec-WebSocket-Extensions: x-two; a=\"1\", x-one");
    let extensions = check_response(request_for_extensions(), &head).unwrap().extensions;
    assert_eq!(extensions.iter().map(Extension::to_string).collect::<Vec<_>>(), ["x-two; a=1", "x-one"]);
}

//= docs/src/rfc6455.md#section-11-3-2
//= type=test
//# A response MAY have several `Sec-WebSocket-Extensions` headers.
#[test]
fn a_response_may_have_several_lines_of_extensions() {
    let head = HeadBuilder::response().with("Sec-WebSocket-Extensions: x-one").with("Sec-WebSocket-Extensions: x-two");
    let extensions = check_response(request_for_extensions(), &head).unwrap().extensions;
    assert_eq!(extensions.iter().map(Extension::name).collect::<Vec<_>>(), ["x-one", "x-two"]);
}

#[test]
fn a_server_may_decline_all_extensions() {
    assert!(check_response(request_for_extensions(), &HeadBuilder::response()).unwrap().extensions.is_empty());
}

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# If the response lists an extension that was not offered, the client MUST fail the connection.
#[test]
fn an_extension_that_was_not_offered_fails_the_handshake() {
    for (request, value, name) in [
        (client_request(), "permessage-deflate", "permessage-deflate"),
        (client_request(), "x-foo; a=b", "x-foo"),
        (request_for_extensions(), "x-three", "x-three"),
        (request_for_extensions(), "x-one, x-three", "x-three"),
    ] {
        let head = HeadBuilder::response().with(format!("Sec-WebSocket-Extensions: {value}"));
        assert_fails(request, &head, &HandshakeViolation::ExtensionNotOffered(name.to_owned()));
    }
}

//= docs/src/rfc6455.md#section-9-1
//= type=test
//# An endpoint that receives a list of extensions that violates the grammar MUST fail the
//# connection immediately.
#[test]
fn a_malformed_list_of_extensions_fails_the_handshake() {
    for value in ["", ",", "x-one;", ";a", "x-one; a=", "x-one; a=\"b", "x-one x-two", "x-one; a=\"1 0\""] {
        let head = HeadBuilder::response().with(format!("Sec-WebSocket-Extensions: {value}"));
        assert_fails(request_for_extensions(), &head, &HandshakeViolation::ExtensionsMalformed);
    }
    // A valid header line does not make up for an invalid one.
    let head = HeadBuilder::response().with("Sec-WebSocket-Extensions: x-one").with("Sec-WebSocket-Extensions: x-two;");
    assert_fails(request_for_extensions(), &head, &HandshakeViolation::ExtensionsMalformed);
    let head = HeadBuilder::response().with(b"Sec-WebSocket-Extensions: x-one; a=\xff");
    assert_fails(request_for_extensions(), &head, &HandshakeViolation::ExtensionsMalformed);
}

// ---- Other responses ----------------------------------------------------------------------------

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# If the status is not 101, the client MUST handle the response as HTTP specifies, and no
//# connection is opened.
#[test]
fn a_status_other_than_101_is_ordinary_http() {
    for status in ["200 OK", "301 Moved", "401 Unauthorized", "403 Forbidden", "404 Not Found", "426 Upgrade Required"]
    {
        // All headers are valid. The status alone decides.
        let head = HeadBuilder::response().first_line(format!("HTTP/1.1 {status}")).with("Location: ws://elsewhere/");
        let bytes = [head.bytes(), b"a body".to_vec()].concat();
        let Err(HandshakeError::Rejected(response)) = read_response(client_request(), &bytes) else {
            panic!("{status} is accepted")
        };
        assert_eq!(response.status().as_str(), &status[..3]);
        assert_eq!(response.headers()["location"], "ws://elsewhere/");
        assert_eq!(response.body()[..], b"a body"[..]);
    }
}

#[test]
fn the_error_for_a_redirect_names_its_target() {
    for (status, target) in [
        ("301 Moved Permanently", "; it redirects to ws://elsewhere/"),
        ("308 Permanent Redirect", "; it redirects to ws://elsewhere/"),
        // With this status, `Location` is not the target of a redirect.
        ("403 Forbidden", ""),
    ] {
        let head = HeadBuilder::response().first_line(format!("HTTP/1.1 {status}")).with("Location: ws://elsewhere/");
        let Err(error) = read_response(client_request(), &head.bytes()) else { panic!("{status} is accepted") };
        assert_eq!(error.to_string(), format!("the server answered {status} instead of opening a WebSocket{target}"));
    }
}

//= docs/src/rfc6455.md#section-11-3-5
//= type=test
//# A response MAY have several `Sec-WebSocket-Version` headers.
#[test]
fn a_rejection_lists_the_versions_of_the_server() {
    let bytes = b"HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Version: 8, 7\r\n\r\n";
    let Err(error) = read_response(client_request(), bytes) else { panic!("accepted") };
    assert_eq!(error.to_string(), "the server answered 426 Upgrade Required instead of opening a WebSocket");
    let HandshakeError::Rejected(response) = error else { panic!("not rejected") };
    let versions: Vec<_> = response.headers().get_all("sec-websocket-version").iter().collect();
    assert_eq!(versions, ["13", "8, 7"]);
}

/// RFC 9112, section 5.2: a client accepts a folded line in a response. (A server rejects one in a
/// request.)
#[test]
fn a_folded_line_of_a_response_continues_the_line_before_it() {
    let r = HeadBuilder::response;
    for head in [
        r().set("Sec-WebSocket-Accept", "\r\n s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        r().set("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\t"),
        r().set("Connection", "keep-alive,\r\n  Upgrade"),
        r().set("Connection", "keep-alive,\n\tUpgrade"),
        r().set("Upgrade", " \r\n \r\n\twebsocket"),
    ] {
        assert_accepted(&head);
    }
    let head = r().with("X-Long: one \r\n\t two\r\n  three: 3").with("X-Empty:\r\n ").with("X-Next: y");
    let response = check_response(client_request(), &head).unwrap().response;
    let header = |name: &str| response.headers()[name].to_str().unwrap();
    assert_eq!((header("x-long"), header("x-empty"), header("x-next")), ("one two three: 3", "", "y"));
    // The value is checked after the lines have been joined.
    let head = r().set("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9k\r\n YGzzhZRbK+xOo=");
    assert_fails(client_request(), &head, &accept_wrong("s3pPLMBiTxaQ9k YGzzhZRbK+xOo="));
    // Folded lines are also joined in a response whose status is not 101.
    let bytes = b"HTTP/1.1 403 Forbidden\r\nX-Reason: not\r\n today\r\n\r\n";
    let Err(HandshakeError::Rejected(response)) = read_response(client_request(), bytes) else { panic!("accepted") };
    assert_eq!(response.headers()["x-reason"], "not today");
}

#[test]
fn an_interim_response_is_skipped() {
    let interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n".to_vec();
    let bytes = [interim, HeadBuilder::response().bytes(), hex("81 05 48656c6c6f")].concat();
    let Ok(Status::Complete(established)) = read_response(client_request(), &bytes) else { panic!("not accepted") };
    assert_eq!(established.rest[..], hex("81 05 48656c6c6f")[..]);
    assert!(!established.response.headers().contains_key("link"));

    // After an interim response, the client waits for the final response,
    assert!(matches!(read_response(client_request(), b"HTTP/1.1 102 Processing\r\n\r\n"), Ok(Status::Partial(_))));
    // which may be a rejection.
    let bytes = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 Forbidden\r\n\r\n";
    assert!(matches!(read_response(client_request(), bytes), Err(HandshakeError::Rejected(_))));
}

#[test]
fn bytes_that_are_not_http_fail_the_handshake_at_once() {
    for first_bytes in [
        hex("15 0301 0002 0250"), // a TLS alert, from a port for wss:
        hex("81 05 48656c6c6f"),
        b"SSH-2.0-OpenSSH_9.6\r\n".to_vec(),
        b"220 mail.example.org ESMTP\r\n".to_vec(),
        b"HTTP/2.0 101\r\n".to_vec(),
        b"HTTP/1.1 1x1\r\n".to_vec(),
        b"HTTP/1.1 101 Switching\0\r\n".to_vec(),
    ] {
        let Err(HandshakeError::Violation(violation)) = read_response(client_request(), &first_bytes) else {
            panic!("accepted: {first_bytes:02x?}")
        };
        assert!(matches!(violation, HandshakeViolation::MalformedHead(_)), "{first_bytes:02x?}: {violation}");
    }
}

/// A server that expects TLS cannot read the request, and answers with an alert.
#[test]
fn an_alert_of_tls_is_named() {
    let Err(HandshakeError::Violation(violation)) = read_response(client_request(), &hex("15 0301 0002 0250")) else {
        panic!("accepted")
    };
    let expected = "it begins with TLS, and this end expects none".to_owned();
    assert_eq!(violation, HandshakeViolation::MalformedHead(expected));
}

#[test]
fn a_malformed_response_fails_the_handshake() {
    let r = HeadBuilder::response;
    for head in [
        r().with("no colon"),
        r().with(b"X: a\0b"),
        r().with("na me: x"),
        // There is no earlier header line for this line to continue.
        r().first_line("HTTP/1.1 101 Switching Protocols\r\n folded: line"),
    ] {
        let violation = check_response(client_request(), &head).map(|_| "accepted").unwrap_err();
        assert!(matches!(violation, HandshakeViolation::MalformedHead(_)), "{violation}");
    }
}

// ---- Reads --------------------------------------------------------------------------------------

#[test]
fn a_short_read_is_not_an_error() {
    // The folded line makes sure that a line end is not mistaken for the end of the value.
    let bytes = HeadBuilder::response().with("X-Long: one\r\n two").bytes();
    for cut in 0..bytes.len() {
        assert!(matches!(read_response(client_request(), &bytes[..cut]), Ok(Status::Partial(_))), "cut at {cut}");
    }
}

#[test]
fn a_response_may_arrive_byte_by_byte() {
    let response = HeadBuilder::response().set("Connection", "keep-alive,\r\n Upgrade");
    let bytes = [b"HTTP/1.1 100 Continue\r\n\r\n".to_vec(), response.bytes()].concat();
    let mut handshake = client_request().handshake(SAMPLE_NONCE, Limits::DEFAULT);
    for (at, byte) in bytes.iter().enumerate() {
        handshake.input().extend_from_slice(&[*byte]);
        handshake = match handshake.poll().unwrap() {
            Status::Partial(handshake) => handshake,
            Status::Complete(established) => {
                assert_eq!(at + 1, bytes.len());
                assert!(established.rest.is_empty());
                return;
            }
        };
    }
    panic!("the handshake is never complete");
}

//= docs/src/rfc6455.md#section-4-2-2
//= type=test
//# After this response the connection is OPEN, and the server may send its first message in the
//# same packet.
#[test]
fn frames_after_the_response_are_not_lost() {
    let bytes = [HeadBuilder::response().bytes(), hex("81 05 48656c6c6f   81 02")].concat();
    let Ok(Status::Complete(established)) = read_response(client_request(), &bytes) else { panic!("not accepted") };
    let mut client = TestEndpoint::client();
    assert_eq!(client.receive_bytes(&established.rest), [text("Hello")]);
    assert_eq!(client.receive_bytes(&hex("6f6b")), [text("ok")]);
}

#[test]
fn the_request_is_available_until_the_response_is_complete() {
    let handshake = client_request().handshake(SAMPLE_NONCE, Limits::DEFAULT);
    let bytes = handshake.request_bytes();
    let Ok(Status::Partial(handshake)) = handshake.poll() else { panic!("no response has arrived") };
    assert_eq!(handshake.request_bytes(), bytes);
}

// ---- Limits -------------------------------------------------------------------------------------

#[test]
fn a_response_without_end_fails_the_handshake_at_the_limit() {
    let mut handshake = client_request().handshake(SAMPLE_NONCE, Limits::DEFAULT.max_head_bytes(1000));
    handshake.input().extend_from_slice(b"HTTP/1.1 101 Switching Protocols\r\nX: ");
    handshake.input().extend_from_slice(&[b'a'; 1000]);
    let Err(HandshakeError::Violation(violation)) = handshake.poll() else { panic!("accepted") };
    assert_eq!(violation, HandshakeViolation::HeadTooLong { limit: 1000 });
}

#[test]
fn a_response_with_too_many_lines_fails_the_handshake() {
    let head = (0..100).fold(HeadBuilder::response(), |head, _| head.with("X: y"));
    assert_fails(client_request(), &head, &HandshakeViolation::TooManyHeaders { limit: 100 });
}

#[test]
fn the_error_says_that_the_server_broke_the_rule() {
    let error = HandshakeError::from(HandshakeViolation::UpgradeMissing);
    assert_eq!(
        error.to_string(),
        "the server's answer is wrong: the header 'Upgrade: websocket' is missing (RFC 6455, section 4.2.1)"
    );
}
