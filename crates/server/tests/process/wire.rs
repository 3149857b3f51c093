//! `/wire` and `?wire=TOKEN`: who may view the frames of a connection, and that the view is exact.

use std::io::{Read, Write};

use crate::support::{
    Server,
    client::{Client, ReceivedItem},
    eventually,
    frames::{BINARY, FIN, close, frame, text},
    http::{Request, exchange, open},
};
use serde_json::Value;

/// The maximum number of viewers at the same time.
const MAX_TAPS: usize = 64;

/// Returns a request as a page would send it, for a viewer or for another connection.
fn from_page(server: &Server, path: &str) -> Request {
    Request::upgrade(server, path).and("Origin", &format!("http://{}", server.address()))
}

/// Returns the token in a viewer's first message.
#[track_caller]
fn token(message: &str) -> String {
    let message: Value = serde_json::from_str(message).expect("JSON");
    let token = message["token"].as_str().unwrap_or_else(|| panic!("no token: {message}"));
    assert!(token.len() == 32 && token.bytes().all(|byte| byte.is_ascii_hexdigit()), "128 bits: {token}");
    token.to_owned()
}

/// Opens a viewer, and returns it together with its token.
#[track_caller]
fn viewer(server: &Server) -> (Viewer, String) {
    let mut client = Client::connect_with(server, &from_page(server, "/wire").bytes());
    let token = token(&client.receive_text());
    (Viewer { client, records: Vec::new() }, token)
}

/// Opens a viewer, and a connection to `/` that it taps.
#[track_caller]
fn tapped(server: &Server) -> (Client, Viewer) {
    let (client, viewer, _) = tapped_with(server, "/", |request| request);
    (client, viewer)
}

/// Does the same as [`tapped`], but for another path, and with a request that `change` has
/// modified. Also returns the request.
#[track_caller]
fn tapped_with(server: &Server, path: &str, change: impl FnOnce(Request) -> Request) -> (Client, Viewer, Request) {
    let (viewer, token) = viewer(server);
    let request = change(from_page(server, &format!("{path}?wire={token}")));
    (Client::connect_with(server, &request.bytes()), viewer, request)
}

/// A viewer, and the records that it has received.
struct Viewer {
    client: Client,
    records: Vec<Value>,
}

impl Viewer {
    /// Receives records until `wanted` is true for one of them.
    #[track_caller]
    fn find(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            if let Some(found) = self.records.iter().find(|record| wanted(record)) {
                return found.clone();
            }
            let ReceivedItem::Text(batch) = self.client.receive() else {
                panic!("the end came before {what}: {:?}", self.records)
            };
            let batch: Vec<Value> = serde_json::from_str(&batch).expect("an array");
            assert!(!batch.is_empty());
            self.records.extend(batch);
        }
    }

    /// Receives all records up to the Close, and returns its code.
    #[track_caller]
    fn receive_all(&mut self) -> Option<u16> {
        loop {
            match self.client.receive() {
                ReceivedItem::Text(batch) => {
                    let batch: Vec<Value> = serde_json::from_str(&batch).expect("an array");
                    self.records.extend(batch);
                }
                ReceivedItem::Close(code, _) => return code,
                other => panic!("{other:?}"),
            }
        }
    }
}

/// Returns the field with this name (as in Wireshark), at any depth.
fn field<'a>(fields: &'a Value, name: &str) -> Option<&'a Value> {
    fields.as_array()?.iter().find_map(|one| if one["name"] == name { Some(one) } else { field(&one["fields"], name) })
}

#[track_caller]
fn value<'a>(record: &'a Value, name: &str) -> &'a Value {
    let Some(field) = field(&record["fields"], name) else { panic!("no {name} in {record}") };
    &field["value"]
}

fn colons(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}

#[test]
fn each_frame_is_shown_with_its_fields() {
    let server = Server::start(&[]);
    let (mut client, mut viewer, sent) = tapped_with(&server, "/echo", |request| request);
    let request = viewer.find("the request", |record| record["number"] == 0);
    assert_eq!((&request["kind"], &request["direction"]), (&"request".into(), &"to_server".into()));
    assert_eq!(request["bytes"], colons(&sent.bytes()));
    let response = viewer.find("the response", |record| record["number"] == 1);
    assert_eq!((&response["kind"], value(&response, "http.response.code")), (&"response".into(), &101.into()));

    let said = text("Hello, wire");
    client.send(&said);
    let record = viewer.find("the message", |record| record["kind"] == "frame" && record["direction"] == "to_server");
    assert_eq!(record["bytes"], colons(&said));
    assert_eq!((&record["number"], &record["findings"]), (&2.into(), &Value::Array(Vec::new())), "{record}");
    assert_eq!(value(&record, "websocket.fin"), true);
    assert_eq!(value(&record, "websocket.opcode"), 1);
    assert_eq!(value(&record, "websocket.mask"), true);
    assert_eq!(value(&record, "websocket.payload_length"), 11);
    assert_eq!(value(&record, "websocket.masking_key"), &colons(&said[2..6]));
    assert_eq!(value(&record, "websocket.masked_payload"), &colons(&said[6..]));
    assert_eq!(value(&record, "websocket.payload.text"), "Hello, wire");
    // The server's own frames are shown, too.
    client.send(&frame(FIN | 0x9, b"are you there?"));
    let pong = viewer.find("the Pong", |record| {
        record["direction"] == "to_client" && field(&record["fields"], "websocket.payload.pong").is_some()
    });
    assert_eq!(value(&pong, "websocket.payload.pong"), &colons(b"are you there?"));
    assert_eq!(value(&pong, "websocket.mask"), false);
}

/// A page's script must not be able to read a cookie that is `HttpOnly`, or the header fields that
/// the browser or a proxy adds.
#[test]
fn the_credentials_of_a_request_are_not_shown_to_the_page() {
    let server = Server::start(&[]);
    let secrets = [
        ("Cookie", "id=s3cret; theme=dark"),
        ("authorization", "Basic dXNlcjpz"),
        ("Proxy-Authorization", "Bearer t0ken"),
        ("X-Forwarded-User", "somebody"),
    ];
    let add = |request: Request, (name, value): &(&str, &str)| request.and(name, value);
    let (client, mut viewer, request) =
        tapped_with(&server, "/", |request| secrets.iter().fold(request, add).and("User-Agent", "a browser"));
    drop(client);
    viewer.receive_all();
    let record = viewer.find("the request", |record| record["number"] == 0);
    let hidden =
        secrets.iter().fold(request.to_string(), |head, (_, value)| head.replace(value, &"*".repeat(value.len())));
    assert_eq!(record["bytes"], colons(hidden.as_bytes()));
    for (name, value) in secrets {
        let field = record["fields"].as_array().expect("fields").iter().find(|field| field["label"] == name);
        assert_eq!(field.expect(name)["value"], "*".repeat(value.len()));
        for record in &viewer.records {
            let record = record.to_string();
            for secret in value.split(['=', ' ', ';']).filter(|part| part.len() > 4) {
                assert!(!record.contains(secret) && !record.contains(&colons(secret.as_bytes())), "{record}");
            }
        }
    }
    // Everything else is shown.
    assert!(record.to_string().contains("a browser"), "{record}");
}

#[test]
fn a_compressed_message_is_shown_with_its_text() {
    let server = Server::start(&["--deflate"]);
    let (mut client, mut viewer, _) =
        tapped_with(&server, "/", |request| request.and("Sec-WebSocket-Extensions", "permessage-deflate"));
    // The example from RFC 7692, section 7.2.3.1, and then bytes that are not valid DEFLATE. Both
    // have RSV1 set.
    client.send(&frame(FIN | 0x41, &[0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]));
    client.send(&frame(FIN | 0x41, &[0xFF]));
    let record = viewer.find("the message", |record| record["summary"] == "Text, 5 bytes from 7: Hello");
    let said = field(&record["fields"], "websocket.payload.text").expect("a text");
    assert_eq!((&said["value"], &said["derived"]), (&"Hello".into(), &true.into()));
    assert_eq!((&said["start"], &said["end"]), (&6.into(), &13.into()));
    let record = viewer.find("the invalid message", |record| !record["findings"][0].is_null());
    let finding = &record["findings"][0];
    assert_eq!((&finding["rule"], &finding["rfc"]), (&"DeflateInvalid".into(), &7692.into()));
}

#[test]
fn a_broken_rule_is_shown_with_its_bytes() {
    let server = Server::start(&[]);
    let (mut client, mut viewer) = tapped(&server);
    client.send(b"\x81\x05Hello");
    let record = viewer.find("the frame", |record| record["kind"] == "frame" && record["direction"] == "to_server");
    assert_eq!(record["findings"][0]["rule"], "UnmaskedFrame", "{record}");
    let answer =
        viewer.find("the server's Close", |record| field(&record["fields"], "websocket.payload.close").is_some());
    assert_eq!(value(&answer, "websocket.payload.close.status_code"), 1002);
}

#[test]
fn the_limits_are_those_of_the_server() {
    let server = Server::start(&["--max-message", "1000"]);
    let (mut client, mut viewer) = tapped(&server);
    client.send(&text(&"x".repeat(1001)));
    assert_eq!(client.receive_close(), Some(1009));
    let record = viewer.find("the frame", |record| record["kind"] == "frame" && record["direction"] == "to_server");
    assert_eq!(record["findings"][0]["section"], "10.4", "{record}");
}

#[test]
fn every_byte_is_shown_from_the_first_to_the_last() {
    let server = Server::start(&["--interval", "20ms"]);
    let (mut viewer, token) = viewer(&server);
    let mut stream = open(&server);
    let request = from_page(&server, &format!("/?wire={token}")).bytes();
    // A client must wait for the response. If it does not, the bytes that it sends too early are
    // shown as well.
    let early = text("too early");
    stream.write_all(&[&request[..], &early].concat()).unwrap();
    let mut received = Vec::new();
    let sent = [text("one"), frame(FIN | BINARY, &[0; 200]), close(4000, "enough")].concat();
    for piece in sent.chunks(5) {
        stream.write_all(piece).unwrap();
    }
    stream.read_to_end(&mut received).expect("the server closes it");
    drop(stream);
    assert_eq!(viewer.receive_all(), Some(1000), "the feed ends normally");
    for (direction, passed) in [("to_server", [request, early, sent].concat()), ("to_client", received)] {
        let records = viewer.records.iter().filter(|record| record["direction"] == direction);
        let bytes: Vec<_> = records.map(|record| record["bytes"].as_str().expect("bytes")).collect();
        assert_eq!(bytes.join(":"), colons(&passed), "{direction}");
        assert!(
            viewer.records.contains(&serde_json::json!({ "end_of": direction })),
            "the end of {direction} is shown"
        );
    }
}

#[test]
fn a_token_works_once() {
    let server = Server::start(&[]);
    let (_viewer, token) = viewer(&server);
    let request = from_page(&server, &format!("/?wire={token}")).bytes();
    let _tapped = Client::connect_with(&server, &request);
    assert_eq!(exchange(&server, &request).status, 404);
}

#[test]
fn a_token_is_for_the_page_that_got_it() {
    let server = Server::start(&["--allow-origin", "http://friend.example"]);
    let (mut viewer, own) = viewer(&server);
    let plain = Request::upgrade(&server, &format!("/echo?wire={own}"));
    // The requests come from an origin that may not connect, then from an allowed origin that
    // belongs to another page, and then from no page at all.
    assert_eq!(exchange(&server, &plain.clone().and("Origin", "http://example.org").bytes()).status, 403);
    assert_eq!(exchange(&server, &plain.clone().and("Origin", "http://friend.example").bytes()).status, 404);
    assert_eq!(exchange(&server, &plain.clone().bytes()).status, 404);
    // Not a WebSocket request.
    assert_eq!(exchange(&server, &Request::get(&server, &format!("/echo?wire={own}")).bytes()).status, 426);
    // None of these requests has used up the token.
    let own_origin = format!("http://{}", server.address());
    let _tapped = Client::connect_with(&server, &plain.and("Origin", &own_origin).bytes());
    viewer.find("the request", |record| record["number"] == 0);
    // The token is not in the log either.
    server.wait_for_log(&["/echo with 403"]);
    assert!(server.log().iter().all(|line| !line.contains(&own)), "{:?}", server.log());
}

#[test]
fn only_a_page_that_may_connect_gets_a_token() {
    let server = Server::start(&[]);
    let request = Request::upgrade(&server, "/wire");
    assert_eq!(exchange(&server, &request.and("Origin", "http://example.org").bytes()).status, 403);
    assert_eq!(exchange(&server, &Request::get(&server, "/wire").bytes()).status, 426);
}

#[test]
fn a_wrong_token_shows_nothing() {
    let server = Server::start(&[]);
    let (_viewer, right) = viewer(&server);
    let other = if right.starts_with('0') { "1" } else { "0" };
    for wrong in ["", "0", &right[1..], &format!("{right}0"), &format!("{other}{}", &right[1..]), "&wire"] {
        for path in ["/", "/echo", "/break/masked-frame"] {
            let response = exchange(&server, &from_page(&server, &format!("{path}?wire={wrong}")).bytes());
            assert_eq!(response.status, 404, "{path} with {wrong}");
        }
    }
}

/// A viewer without a connection to view would take the place of another viewer.
#[test]
fn a_viewer_whose_token_is_not_used_is_closed() {
    let server = Server::start(&[]);
    let (mut viewer, _) = viewer(&server);
    assert_eq!(viewer.receive_all(), Some(1008));
}

#[test]
fn each_page_views_its_own_connection() {
    let server = Server::start(&[]);
    let [(mut one, mut views_one), (mut other, mut views_other)] = [(); 2].map(|()| tapped(&server));
    one.send_text("of the one");
    other.send_text("of the other");
    for (viewer, own) in [(&mut views_one, "of the one"), (&mut views_other, "of the other")] {
        viewer.find(own, |record| {
            field(&record["fields"], "websocket.payload.text").is_some_and(|text| text["value"] == own)
        });
        let from_clients: Vec<_> = viewer.records.iter().filter(|record| record["direction"] == "to_server").collect();
        assert_eq!(from_clients.len(), 2, "the request and this text: {from_clients:?}");
    }
}

#[test]
fn a_client_without_a_token_is_served_as_always() {
    let server = Server::start(&["--interval", "20ms"]);
    for path in ["/", "/?", "/?wire", "/?wires=1", "/?a&wire=1"] {
        Client::connect(&server, path).receive_push();
    }
    Client::connect(&server, "/echo?wire").echo("as always");
}

#[test]
fn every_path_can_be_viewed() {
    let server = Server::start(&[]);
    let (mut client, mut viewer, _) = tapped_with(&server, "/echo", |request| request);
    client.echo("one message, and no other");
    viewer.find("the echo", |record| record["number"] == 3);
    let (mut client, mut viewer, _) =
        tapped_with(&server, "/chat", |request| request.and("Sec-WebSocket-Protocol", "chat"));
    client.send_text("hello?");
    viewer.find("the text", |record| record["summary"] == "Text, 6 bytes: hello?");
    // The chat has a separate limit, and the view also checks messages against this limit.
    client.send(&text(&"x".repeat(100_000)));
    viewer.find("the violation", |record| record["findings"][0]["section"] == "10.4");
}

#[test]
fn a_broken_rule_is_shown_together_with_the_verdict() {
    let server = Server::start(&["--close-timeout", "300ms"]);
    let (mut client, mut viewer, _) = tapped_with(&server, "/break/masked-frame", |request| request);
    let masked = viewer.find("the frame", |record| record["kind"] == "frame");
    assert_eq!(masked["findings"][0]["rule"], "MaskedFrame", "{masked}");
    client.send(&close(1002, "you must not \u{9b}"));
    let verdict = viewer.find("the verdict", |record| !record["verdict"].is_null());
    // This client does not close the TCP connection, although a browser would.
    assert_eq!(verdict["verdict"], "TCP left open");
    assert_eq!(verdict["seen"], r#"Close 1002: "you must not \u{9b}""#);
    assert_eq!(viewer.receive_all(), Some(1000));
}

/// A browser never completes such a handshake, so the request must carry the token.
#[test]
fn a_response_that_breaks_a_rule_is_shown() {
    let server = Server::start(&["--close-timeout", "300ms"]);
    let (mut viewer, token) = viewer(&server);
    let request = from_page(&server, &format!("/break/accept-missing?wire={token}"));
    let mut stream = open(&server);
    stream.write_all(&request.bytes()).unwrap();
    let response = viewer.find("the response", |record| record["kind"] == "response");
    assert!(!response["findings"][0].is_null(), "{response}");
    drop(stream);
    let verdict = viewer.find("the verdict", |record| !record["verdict"].is_null());
    assert_eq!(verdict["verdict"], "as expected");
}

#[test]
fn frames_that_come_too_fast_are_counted_and_the_close_is_shown() {
    const FRAMES: u64 = 20_000;
    let server = Server::start(&[]);
    let (mut client, mut viewer) = tapped(&server);
    let flood: Vec<u8> = (0..FRAMES).flat_map(|_| frame(FIN | BINARY, b"x")).collect();
    client.send(&flood);
    client.send(&close(4321, "phew"));
    assert_eq!(client.receive_close(), Some(4321));
    client.end();
    viewer.receive_all();
    let count = |record: &Value, what: &str| record["skipped"]["to_server"][what].as_u64().unwrap_or(0);
    let skipped: u64 = viewer.records.iter().map(|record| count(record, "frames")).sum();
    let skipped_bytes: u64 = viewer.records.iter().map(|record| count(record, "bytes")).sum();
    let shown =
        |record: &&Value| record["direction"] == "to_server" && record["summary"].to_string().contains("Binary");
    let shown = viewer.records.iter().filter(shown).count() as u64;
    assert_eq!(shown + skipped, FRAMES);
    assert_eq!(shown * 7 + skipped_bytes, FRAMES * 7);
    assert!(skipped > FRAMES / 2, "{shown} frames are more than anybody could read");
    let closes = viewer
        .records
        .iter()
        .filter(|record| field(&record["fields"], "websocket.payload.close.status_code").is_some());
    assert_eq!(closes.count(), 2, "both of them");
}

#[test]
fn a_page_that_does_not_read_its_feed_delays_nobody() {
    let server = Server::start(&["--interval", "20ms", "--write-timeout", "500ms"]);
    let (mut client, viewer) = tapped(&server);
    let text = text(&"x".repeat(4000));
    for _ in 0..500 {
        client.send(&text);
    }
    client.ping();
    client.receive_push_with(|push| push.messages_received == 500);
    drop(viewer);
    client.ping();
}

#[test]
fn a_viewer_may_send_no_messages() {
    let server = Server::start(&[]);
    let (mut client, mut viewer) = tapped(&server);
    viewer.client.send_text("hello?");
    assert_eq!(viewer.receive_all(), Some(1008));
    // The tapped connection is not affected.
    client.ping();
}

/// A page sends no messages, so the server does not collect a long one from it.
#[test]
fn a_viewer_that_announces_a_long_message_is_closed_at_its_header() {
    let server = Server::start(&[]);
    let (_client, mut viewer) = tapped(&server);
    viewer.client.send(&frame(FIN | BINARY, &[0; 70_000])[..14]);
    assert_eq!(viewer.receive_all(), Some(1009));
}

#[test]
fn the_number_of_viewers_is_limited_and_a_slot_becomes_free() {
    let server = Server::start(&["--interval", "20ms"]);
    let mut tapped: Vec<_> = (0..MAX_TAPS).map(|_| tapped(&server)).collect();
    let request = from_page(&server, "/wire").bytes();
    let mut viewer = Client::connect_with(&server, &request);
    assert_eq!(viewer.receive_close(), Some(1013));
    drop(tapped.pop());
    eventually("a slot is free", || matches!(Client::connect_with(&server, &request).receive(), ReceivedItem::Text(_)));
}

#[cfg(unix)]
#[test]
fn when_the_server_stops_its_close_is_shown() {
    let mut server = Server::start(&[]);
    let (mut client, mut viewer) = tapped(&server);
    viewer.find("the handshake", |record| record["number"] == 1);
    server.signal("TERM");
    assert_eq!(client.receive_close(), Some(1001));
    client.send(&close(1001, ""));
    client.end();
    assert_eq!(viewer.receive_all(), Some(1001));
    let codes =
        viewer.records.iter().filter_map(|record| field(&record["fields"], "websocket.payload.close.status_code"));
    assert_eq!(
        codes.map(|field| field["value"].as_u64()).collect::<Vec<_>>(),
        [Some(1001); 2],
        "the server's, then the client's"
    );
    viewer.client.send(&close(1001, ""));
    drop(viewer);
    assert_eq!(server.exit_code(), 0);
}
