//! `/?wire` and `/wire/TOKEN`: who gets to see a connection's wire, and that it is the wire.

mod common;

use std::io::{Read, Write};

use common::{
    Server,
    client::{BINARY, Client, FIN, Heard, close, frame, text},
    eventually,
    http::{Request, exchange, open},
};
use serde_json::Value;

/// Taps at the same time.
const WIRES_AT_ONCE: usize = 64;

/// A page's request for its first connection, or for its second.
fn from_page(server: &Server, path: &str) -> Request {
    Request::upgrade(server, path).and("Origin", &format!("http://{}", server.address()))
}

/// The token in a first message.
#[track_caller]
fn token(message: &str) -> String {
    let message: Value = serde_json::from_str(message).expect("JSON");
    let token = message["wire"].as_str().unwrap_or_else(|| panic!("no token: {message}"));
    assert!(token.len() == 32 && token.bytes().all(|byte| byte.is_ascii_hexdigit()), "128 bits: {token}");
    token.to_owned()
}

/// A connection with a tap, and who looks at it.
#[track_caller]
fn tapped(server: &Server) -> (Client, Viewer) {
    tapped_with(server, &from_page(server, "/?wire"))
}

/// The same, asked for with this request.
#[track_caller]
fn tapped_with(server: &Server, request: &Request) -> (Client, Viewer) {
    let mut client = Client::ask(server, &request.bytes());
    let path = format!("/wire/{}", token(&client.hear_text()));
    let viewer = Viewer { client: Client::ask(server, &from_page(server, &path).bytes()), seen: Vec::new() };
    (client, viewer)
}

/// The second connection, and the records that came on it.
struct Viewer {
    client: Client,
    seen: Vec<Value>,
}

impl Viewer {
    /// Reads until there is a record for which `wanted` holds.
    #[track_caller]
    fn see(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            if let Some(found) = self.seen.iter().find(|record| wanted(record)) {
                return found.clone();
            }
            let Heard::Text(batch) = self.client.hear() else { panic!("the end came before {what}: {:?}", self.seen) };
            let batch: Vec<Value> = serde_json::from_str(&batch).expect("an array");
            assert!(!batch.is_empty());
            self.seen.extend(batch);
        }
    }

    /// Reads to the Close; gives its code.
    #[track_caller]
    fn see_all(&mut self) -> Option<u16> {
        loop {
            match self.client.hear() {
                Heard::Text(batch) => self.seen.extend(serde_json::from_str::<Vec<Value>>(&batch).expect("an array")),
                Heard::Close(code, _) => return code,
                other => panic!("{other:?}"),
            }
        }
    }
}

/// A field by Wireshark's name, at any depth.
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
    let (mut client, mut viewer) = tapped(&server);
    let request = viewer.see("the request", |record| record["number"] == 0);
    assert_eq!((&request["kind"], &request["direction"]), (&"request".into(), &"to_server".into()));
    assert_eq!(request["bytes"], colons(&from_page(&server, "/?wire").bytes()));
    let response = viewer.see("the response", |record| record["number"] == 1);
    assert_eq!((&response["kind"], value(&response, "http.response.code")), (&"response".into(), &101.into()));

    let said = text("Hello, wire");
    client.send(&said);
    let record = viewer.see("what was said", |record| record["kind"] == "frame" && record["direction"] == "to_server");
    assert_eq!(record["bytes"], colons(&said));
    assert_eq!((&record["number"], &record["findings"]), (&3.into(), &Value::Array(Vec::new())), "{record}");
    assert_eq!(value(&record, "websocket.fin"), true);
    assert_eq!(value(&record, "websocket.opcode"), 1);
    assert_eq!(value(&record, "websocket.mask"), true);
    assert_eq!(value(&record, "websocket.payload_length"), 11);
    assert_eq!(value(&record, "websocket.masking_key"), &colons(&said[2..6]));
    assert_eq!(value(&record, "websocket.masked_payload"), &colons(&said[6..]));
    assert_eq!(value(&record, "websocket.payload.text"), "Hello, wire");
    // The server's own frames too.
    client.send(&frame(FIN | 0x9, b"are you there?"));
    let pong = viewer.see("the Pong", |record| {
        record["direction"] == "to_client" && field(&record["fields"], "websocket.payload.pong").is_some()
    });
    assert_eq!(value(&pong, "websocket.payload.pong"), &colons(b"are you there?"));
    assert_eq!(value(&pong, "websocket.mask"), false);
}

#[test]
fn a_compressed_message_is_shown_with_what_it_says() {
    let server = Server::start(&["--deflate"]);
    let request = from_page(&server, "/?wire").and("Sec-WebSocket-Extensions", "permessage-deflate");
    let (mut client, mut viewer) = tapped_with(&server, &request);
    // RFC 7692, section 7.2.3.1, and then something that is no DEFLATE. RSV1 marks both.
    client.send(&frame(FIN | 0x41, &[0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]));
    client.send(&frame(FIN | 0x41, &[0xFF]));
    let record = viewer.see("what was said", |record| record["summary"] == "Text, 5 bytes from 7: Hello");
    let said = field(&record["fields"], "websocket.payload.text").expect("a text");
    assert_eq!((&said["value"], &said["derived"]), (&"Hello".into(), &true.into()));
    assert_eq!((&said["start"], &said["end"]), (&6.into(), &13.into()));
    let record = viewer.see("what could not be read", |record| !record["findings"][0].is_null());
    let finding = &record["findings"][0];
    assert_eq!((&finding["rule"], &finding["rfc"]), (&"DeflateInvalid".into(), &7692.into()));
}

#[test]
fn a_broken_rule_is_shown_with_its_bytes() {
    let server = Server::start(&[]);
    let (mut client, mut viewer) = tapped(&server);
    client.send(b"\x81\x05Hello");
    let record = viewer.see("the frame", |record| record["kind"] == "frame" && record["direction"] == "to_server");
    assert_eq!(record["findings"][0]["rule"], "UnmaskedFrame", "{record}");
    let answer =
        viewer.see("the server's Close", |record| field(&record["fields"], "websocket.payload.close").is_some());
    assert_eq!(value(&answer, "websocket.payload.close.status_code"), 1002);
}

#[test]
fn the_limits_are_those_of_the_server() {
    let server = Server::start(&["--max-message", "1000"]);
    let (mut client, mut viewer) = tapped(&server);
    client.send(&text(&"x".repeat(1001)));
    assert_eq!(client.hear_close(), Some(1009));
    let record = viewer.see("the frame", |record| record["kind"] == "frame" && record["direction"] == "to_server");
    assert_eq!(record["findings"][0]["section"], "10.4", "{record}");
}

#[test]
fn what_is_shown_is_every_byte_from_the_first_to_the_last() {
    let server = Server::start(&["--interval", "20ms"]);
    let mut stream = open(&server);
    let request = from_page(&server, "/?wire").bytes();
    // A client may not say anything before it has the answer; if it does, that is shown as well.
    let early = text("too early");
    stream.write_all(&[&request[..], &early].concat()).unwrap();
    let mut received = Vec::new();
    let token = loop {
        let mut bytes = [0; 1000];
        let count = stream.read(&mut bytes).expect("the first message comes");
        assert!(count > 0, "{}", received.escape_ascii());
        received.extend(&bytes[..count]);
        let text = String::from_utf8_lossy(&received).into_owned();
        if let Some((_, rest)) = text.split_once(r#"{"wire":""#)
            && rest.len() >= 32
        {
            break rest[..32].to_owned();
        }
    };
    let path = format!("/wire/{token}");
    let mut viewer = Viewer { client: Client::ask(&server, &from_page(&server, &path).bytes()), seen: Vec::new() };
    let sent = [text("one"), frame(FIN | BINARY, &[0; 200]), close(4000, "enough")].concat();
    for piece in sent.chunks(5) {
        stream.write_all(piece).unwrap();
    }
    stream.read_to_end(&mut received).expect("the server ends it");
    drop(stream);
    assert_eq!(viewer.see_all(), Some(1000), "nothing more to see");
    for (direction, passed) in [("to_server", [request, early, sent].concat()), ("to_client", received)] {
        let records = viewer.seen.iter().filter(|record| record["direction"] == direction);
        let bytes: Vec<_> = records.map(|record| record["bytes"].as_str().expect("bytes")).collect();
        assert_eq!(bytes.join(":"), colons(&passed), "{direction}");
        assert!(viewer.seen.contains(&serde_json::json!({ "end_of": direction })), "and that it ended");
    }
}

#[test]
fn a_token_works_once() {
    let server = Server::start(&[]);
    let mut client = Client::ask(&server, &from_page(&server, "/?wire").bytes());
    let path = format!("/wire/{}", token(&client.hear_text()));
    let request = from_page(&server, &path).bytes();
    let _viewer = Client::ask(&server, &request);
    assert_eq!(exchange(&server, &request).status, 404);
}

#[test]
fn a_token_is_for_the_page_that_got_it() {
    let server = Server::start(&["--allow-origin", "http://friend.example"]);
    let mut client = Client::ask(&server, &from_page(&server, "/?wire").bytes());
    let own = token(&client.hear_text());
    let path = format!("/wire/{own}");
    let own_origin = format!("http://{}", server.address());
    let plain = Request::upgrade(&server, &path);
    // May not connect at all; may connect, but is another page; is no page.
    assert_eq!(exchange(&server, &plain.clone().and("Origin", "http://example.org").bytes()).status, 403);
    assert_eq!(exchange(&server, &plain.clone().and("Origin", "http://friend.example").bytes()).status, 404);
    assert_eq!(exchange(&server, &plain.clone().bytes()).status, 404);
    // No WebSocket.
    assert_eq!(exchange(&server, &Request::get(&server, &path).bytes()).status, 426);
    // None of them has used it up.
    let mut viewer = Client::ask(&server, &plain.and("Origin", &own_origin).bytes());
    assert!(viewer.hear_text().starts_with("[{"));
    // Nor has anybody learnt it from the log.
    server.logs(&["/wire/... with 403"]);
    assert!(server.logged().iter().all(|line| !line.contains(&own)), "{:?}", server.logged());
}

#[test]
fn a_wrong_token_shows_nothing() {
    let server = Server::start(&[]);
    let mut client = Client::ask(&server, &from_page(&server, "/?wire").bytes());
    let right = token(&client.hear_text());
    let other = if right.starts_with('0') { "1" } else { "0" };
    for wrong in ["", "0", &right[1..], &format!("{right}0"), &format!("{other}{}", &right[1..])] {
        let response = exchange(&server, &from_page(&server, &format!("/wire/{wrong}")).bytes());
        assert_eq!(response.status, 404, "{wrong}");
    }
    assert_eq!(exchange(&server, &from_page(&server, &format!("/wire/{right}/")).bytes()).status, 404);
}

#[test]
fn each_connection_sees_its_own_wire() {
    let server = Server::start(&[]);
    let [(mut one, mut sees_one), (mut other, mut sees_other)] = [(); 2].map(|()| tapped(&server));
    one.say("of the one");
    other.say("of the other");
    for (viewer, own) in [(&mut sees_one, "of the one"), (&mut sees_other, "of the other")] {
        viewer.see(own, |record| {
            field(&record["fields"], "websocket.payload.text").is_some_and(|text| text["value"] == own)
        });
        let from_clients: Vec<_> = viewer.seen.iter().filter(|record| record["direction"] == "to_server").collect();
        assert_eq!(from_clients.len(), 2, "the request and this text: {from_clients:?}");
    }
}

#[test]
fn who_does_not_ask_gets_no_token() {
    let server = Server::start(&["--interval", "20ms"]);
    for path in ["/", "/?", "/?wire=1", "/?wires", "/?a&wire"] {
        Client::connect(&server, path).hear_push();
    }
    // Nothing else has a tap.
    Client::connect(&server, "/echo?wire").echo("as always");
}

#[test]
fn what_comes_too_fast_is_counted_and_the_close_is_shown() {
    const FRAMES: u64 = 20_000;
    let server = Server::start(&[]);
    let (mut client, mut viewer) = tapped(&server);
    let flood: Vec<u8> = (0..FRAMES).flat_map(|_| frame(FIN | BINARY, b"x")).collect();
    client.send(&flood);
    client.send(&close(4321, "phew"));
    assert_eq!(client.hear_close(), Some(4321));
    client.end();
    viewer.see_all();
    let count = |record: &Value, what: &str| record["skipped"]["to_server"][what].as_u64().unwrap_or(0);
    let skipped: u64 = viewer.seen.iter().map(|record| count(record, "frames")).sum();
    let skipped_bytes: u64 = viewer.seen.iter().map(|record| count(record, "bytes")).sum();
    let shown =
        |record: &&Value| record["direction"] == "to_server" && record["summary"].to_string().contains("Binary");
    let shown = viewer.seen.iter().filter(shown).count() as u64;
    assert_eq!(shown + skipped, FRAMES);
    assert_eq!(shown * 7 + skipped_bytes, FRAMES * 7);
    assert!(skipped > FRAMES / 2, "nobody could read {shown} frames");
    let closes =
        viewer.seen.iter().filter(|record| field(&record["fields"], "websocket.payload.close.status_code").is_some());
    assert_eq!(closes.count(), 2, "both of them");
}

#[test]
fn a_page_that_does_not_look_holds_up_nobody() {
    let server = Server::start(&["--interval", "20ms", "--write-timeout", "500ms"]);
    let (mut client, viewer) = tapped(&server);
    let text = text(&"x".repeat(4000));
    for _ in 0..500 {
        client.send(&text);
    }
    client.ping();
    client.hear_push_with(|push| push.messages_received == 500);
    drop(viewer);
    client.ping();
}

#[test]
fn who_looks_has_nothing_to_say() {
    let server = Server::start(&[]);
    let (mut client, mut viewer) = tapped(&server);
    viewer.client.say("hello?");
    assert_eq!(viewer.see_all(), Some(1008));
    // The connection itself does not mind.
    client.ping();
}

#[test]
fn there_are_only_so_many_taps_and_a_place_becomes_free() {
    let server = Server::start(&["--interval", "20ms"]);
    let mut tapped: Vec<_> = (0..WIRES_AT_ONCE).map(|_| tapped(&server)).collect();
    let request = from_page(&server, "/?wire").bytes();
    let mut untapped = Client::ask(&server, &request);
    assert_eq!(untapped.hear_text(), r#"{"wire":null}"#);
    // It is a client like any other.
    untapped.hear_push_with(|push| push.clients == 65);
    drop(tapped.pop());
    eventually("a place is free", || Client::ask(&server, &request).hear_text() != r#"{"wire":null}"#);
}

#[test]
fn when_the_server_stops_the_goodbye_is_seen() {
    let mut server = Server::start(&[]);
    let (mut client, mut viewer) = tapped(&server);
    viewer.see("the handshake", |record| record["number"] == 1);
    server.signal("TERM");
    assert_eq!(client.hear_close(), Some(1001));
    client.send(&close(1001, ""));
    client.end();
    assert_eq!(viewer.see_all(), Some(1001));
    let codes = viewer.seen.iter().filter_map(|record| field(&record["fields"], "websocket.payload.close.status_code"));
    assert_eq!(
        codes.map(|field| field["value"].as_u64()).collect::<Vec<_>>(),
        [Some(1001); 2],
        "the server's, then ours"
    );
    viewer.client.send(&close(1001, ""));
    drop(viewer);
    assert_eq!(server.exit_code(), 0);
}
