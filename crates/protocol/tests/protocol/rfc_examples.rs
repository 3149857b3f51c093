//! The examples of the RFC, as bytes. The crate sends exactly these bytes, and understands them.

use std::time::Instant;

use protocol::{
    Config, HandshakeViolation, Message, MessageKind,
    handshake::{ClientRequest, Extension, UpgradeOptions, accept_key, rejection},
};
use testkit::{
    endpoint::TestEndpoint,
    handshake::{
        check_request, check_response, client_request, read_request, request_text, response_text, valid_request,
    },
    hex::hex,
    http_head::HeadBuilder,
    masking::{EXAMPLE_KEY, repeated_key},
    observed::{binary, ping, pong, text},
};

/// Returns a client that masks every frame with the key of the examples.
fn client() -> TestEndpoint {
    TestEndpoint::client_with(Config::default(), repeated_key(EXAMPLE_KEY), Instant::now())
}

// ---- 1.3 and 4.2.2: the opening handshake -------------------------------------------------------

/// The request of section 1.2, with its lines in the order in which this crate writes them.
const REQUEST: &str = "GET /chat HTTP/1.1\r\n\
    Host: server.example.com\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Protocol: chat, superchat\r\n\
    Origin: http://example.com\r\n\
    \r\n";

const RESPONSE: &str = "HTTP/1.1 101 Switching Protocols\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
    Sec-WebSocket-Protocol: chat\r\n\
    \r\n";

fn example_request() -> ClientRequest {
    client_request()
        .subprotocol("chat")
        .and_then(|request| request.subprotocol("superchat"))
        .and_then(|request| request.origin("http://example.com"))
        .unwrap()
}

#[test]
fn the_request_of_section_1_2_is_sent() {
    assert_eq!(request_text(example_request()), REQUEST);
}

#[test]
fn the_request_of_section_1_2_is_understood() {
    let request = read_request(REQUEST.as_bytes()).unwrap().unwrap();
    assert_eq!(request.path(), "/chat");
    assert_eq!(request.host(), Some("server.example.com"));
    assert_eq!(request.origin(), Some("http://example.com"));
    assert!(request.wants_websocket());
    let upgrade = request.check_upgrade().unwrap();
    assert_eq!(upgrade.subprotocols(), ["chat", "superchat"]);
    assert!(upgrade.extensions().is_empty());
    assert!(request.into_rest().is_empty());
}

#[test]
fn the_response_of_section_1_2_is_sent() {
    let request = read_request(REQUEST.as_bytes()).unwrap().unwrap();
    let options = UpgradeOptions::default().subprotocol("chat");
    let accepted = request.check_upgrade().unwrap().accept(options).unwrap();
    assert_eq!(response_text(&accepted.response), RESPONSE);
    assert_eq!(accepted.subprotocol.as_deref(), Some("chat"));
}

#[test]
fn the_response_of_section_1_2_is_understood() {
    let head = HeadBuilder::response().with("Sec-WebSocket-Protocol: chat");
    assert_eq!(head.bytes(), RESPONSE.as_bytes());
    let established = check_response(example_request(), &head).unwrap();
    assert_eq!(established.subprotocol.as_deref(), Some("chat"));
    assert!(established.extensions.is_empty());
    assert!(established.rest.is_empty());
}

//= docs/src/rfc6455.md#section-4-2-2
//= type=test
//# The accepting response MUST have a `Sec-WebSocket-Accept` header: the Base64 form of the SHA-1
//# hash of the key followed by `258EAFA5-E914-47DA-95CA-C5AB0DC85B11`.
#[test]
fn the_accept_value_of_section_1_3() {
    // SHA-1: b37a4f2c c0624f16 90f64606 cf385945 b2bec4ea
    assert_eq!(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

#[test]
fn the_key_of_section_4_1_is_accepted_despite_its_unused_bits() {
    // Erratum 3150: the Base64 of the bytes 01 to 10 ends in EA==. The RFC has EC==, which sets
    // bits beyond the end of the last byte.
    for key in ["AQIDBAUGBwgJCgsMDQ4PEC==", "AQIDBAUGBwgJCgsMDQ4PEA=="] {
        let _ = valid_request(&HeadBuilder::request().set("Sec-WebSocket-Key", key));
    }
}

#[test]
fn the_version_25_of_section_4_4_is_rejected_with_the_supported_version() {
    let violation = check_request(&HeadBuilder::request().set("Sec-WebSocket-Version", "25")).unwrap_err();
    assert_eq!(violation, HandshakeViolation::VersionUnsupported(Some("25".to_owned())));
    let response = response_text(&rejection(&violation));
    assert!(response.starts_with("HTTP/1.1 426 Upgrade Required\r\n"), "{response}");
    assert!(response.contains("\r\nSec-WebSocket-Version: 13\r\n"), "{response}");
}

#[test]
fn the_extension_lists_of_section_9_1() {
    let parsed = |lines: &[&str]| {
        let request = valid_request(&HeadBuilder::request().with_each("Sec-WebSocket-Extensions", lines));
        request.check_upgrade().unwrap().extensions().iter().map(Extension::to_string).collect::<Vec<_>>()
    };
    assert_eq!(parsed(&["foo", "bar; baz=2"]), ["foo", "bar; baz=2"]);
    assert_eq!(parsed(&["foo, bar; baz=2"]), ["foo", "bar; baz=2"]);
    assert_eq!(parsed(&["deflate-stream"]), ["deflate-stream"]);
    assert_eq!(
        parsed(&["mux; max-channels=4; flow-control, deflate-stream"]),
        ["mux; max-channels=4; flow-control", "deflate-stream"],
    );
    assert_eq!(parsed(&["private-extension"]), ["private-extension"]);
}

// ---- 5.7: frames --------------------------------------------------------------------------------

//= docs/src/rfc6455.md#section-5-2
//= type=test
//# The first frame of a message MAY also be its last.
#[test]
fn an_unmasked_text_message_in_one_frame() {
    let mut server = TestEndpoint::server();
    server.connection.send(Message::text("Hello")).unwrap();
    assert_eq!(server.take_sent(), hex("81 05  48656c6c6f"));
    assert_eq!(client().receive_bytes(&hex("81 05  48656c6c6f")), [text("Hello")]);
}

//= docs/src/rfc6455.md#section-6-2
//= type=test
//# A server MUST unmask the data frames that it receives from a client.
#[test]
fn a_masked_text_message_in_one_frame() {
    let mut client = client();
    client.connection.send(Message::text("Hello")).unwrap();
    assert_eq!(client.take_sent(), hex("81 85  37fa213d  7f9f4d5158"));
    assert_eq!(TestEndpoint::server().receive_bytes(&hex("81 85  37fa213d  7f9f4d5158")), [text("Hello")]);
}

#[test]
fn a_fragmented_unmasked_text_message() {
    let mut server = TestEndpoint::server();
    server.connection.send_fragment(MessageKind::Text, b"Hel", false).unwrap();
    server.connection.send_fragment(MessageKind::Text, b"lo", true).unwrap();
    assert_eq!(server.take_sent(), hex("01 03  48656c   80 02  6c6f"));
    assert_eq!(client().receive_bytes(&hex("01 03  48656c   80 02  6c6f")), [text("Hello")]);
}

#[test]
fn an_unmasked_ping_and_its_masked_pong() {
    let mut server = TestEndpoint::server();
    server.connection.ping(b"Hello").unwrap();
    assert_eq!(server.take_sent(), hex("89 05  48656c6c6f"));

    let mut client = client();
    assert_eq!(client.receive_bytes(&hex("89 05  48656c6c6f")), [ping("48656c6c6f")]);
    assert_eq!(client.take_sent(), hex("8a 85  37fa213d  7f9f4d5158"));

    assert_eq!(server.receive_bytes(&hex("8a 85  37fa213d  7f9f4d5158")), [pong("48656c6c6f")]);
}

#[test]
fn a_binary_message_of_256_bytes() {
    let payload = vec![0xA5; 256];
    let frame = [hex("82 7e0100"), payload.clone()].concat();
    let mut server = TestEndpoint::server();
    server.connection.send(Message::binary(payload)).unwrap();
    assert_eq!(server.take_sent(), frame);
    assert_eq!(client().receive_bytes(&frame), [binary(&"a5".repeat(256))]);
}

#[test]
fn a_binary_message_of_64_kib() {
    let payload = vec![0xA5; 65_536];
    let frame = [hex("82 7f0000000000010000"), payload.clone()].concat();
    let mut server = TestEndpoint::server();
    server.connection.send(Message::binary(payload)).unwrap();
    assert_eq!(server.take_sent(), frame);
    assert_eq!(client().receive_bytes(&frame), [binary(&"a5".repeat(65_536))]);
}

// ---- 5.4: fragments -----------------------------------------------------------------------------

#[test]
fn a_text_message_in_three_fragments() {
    // Opcode 1 without FIN, opcode 0 without FIN, and opcode 0 with FIN.
    let frames = hex("01 02 4865   00 02 6c6c   80 01 6f");
    let mut server = TestEndpoint::server();
    server.connection.send_fragment(MessageKind::Text, b"He", false).unwrap();
    server.connection.send_fragment(MessageKind::Text, b"ll", false).unwrap();
    server.connection.send_fragment(MessageKind::Text, b"o", true).unwrap();
    assert_eq!(server.take_sent(), frames);
    assert_eq!(client().receive_bytes(&frames), [text("Hello")]);
}
