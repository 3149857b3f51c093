//! Rules of RFC 6455 that a client can break. The server answers as the RFC says, the log names the
//! rule, messages that were complete before the violation still count, and no other client notices.

use std::{io::Write, thread};

use crate::support::{
    Server,
    client::{Client, ReceivedItem},
    frames::{BINARY, CLOSE, CONTINUATION, FIN, MASK, PING, PONG, TEXT, close, frame, masked, text},
    http::{KEY, Request, exchange_from},
};

/// The maximum size of a message, in bytes. It is small so that tests of this limit need not send
/// much data.
const MAX_MESSAGE: usize = 1000;

/// A row of the table: the mistake, its bytes, the close code of the answer, part of the log line,
/// and the section.
struct Mistake {
    name: String,
    bytes: Vec<u8>,
    code: u16,
    logged: &'static str,
    section: &'static str,
}

fn mistake(name: &str, bytes: Vec<u8>, code: u16, logged: &'static str, section: &'static str) -> Mistake {
    Mistake { name: name.to_owned(), bytes, code, logged, section }
}

/// Returns a masked frame whose header begins with exactly these bytes.
fn raw(header: &[u8], payload: &[u8]) -> Vec<u8> {
    [header, &MASK, &masked(payload)].concat()
}

fn mistakes() -> Vec<Mistake> {
    let mut all = vec![
        // 5.1
        mistake("no mask", b"\x81\x02hi".to_vec(), 1002, "a client's frames must be masked", "5.1"),
        mistake("no mask on a Ping", b"\x89\x00".to_vec(), 1002, "a client's frames must be masked", "5.1"),
        mistake("no mask on a Close", b"\x88\x02\x03\xe8".to_vec(), 1002, "a client's frames must be masked", "5.1"),
        // 5.2
        mistake("RSV1", frame(FIN | 0x40 | TEXT, b"hi"), 1002, "no extension uses: RSV1", "5.2"),
        mistake("RSV2", frame(FIN | 0x20 | TEXT, b"hi"), 1002, "no extension uses: RSV2", "5.2"),
        mistake("RSV3", frame(FIN | 0x10 | BINARY, b"hi"), 1002, "no extension uses: RSV3", "5.2"),
        mistake("all three", frame(FIN | 0x70 | TEXT, b"hi"), 1002, "RSV1 RSV2 RSV3", "5.2"),
        mistake("RSV1 on a Ping", frame(FIN | 0x40 | PING, b""), 1002, "no extension uses: RSV1", "5.2"),
        mistake(
            "125 in 16 bits",
            raw(b"\x81\xfe\x00\x7d", &[b'x'; 125]),
            1002,
            "length 125 is not in its shortest",
            "5.2",
        ),
        mistake("0 in 16 bits", raw(b"\x82\xfe\x00\x00", b""), 1002, "length 0 is not in its shortest", "5.2"),
        mistake("126 in 64 bits", raw(b"\x81\xff\0\0\0\0\0\0\0\x7e", &[b'x'; 126]), 1002, "length 126 is not", "5.2"),
        mistake("65535 in 64 bits", raw(b"\x82\xff\0\0\0\0\0\0\xff\xff", b""), 1002, "length 65535 is not", "5.2"),
        mistake("the top bit", raw(b"\x82\xff\x80\0\0\0\0\0\0\x01", b""), 1002, "top bit of a 64-bit", "5.2"),
        // 5.4
        mistake("nothing to continue", frame(FIN | CONTINUATION, b"x"), 1002, "while no message was open", "5.4"),
        mistake(
            "nothing to continue, and more to come",
            frame(CONTINUATION, b"x"),
            1002,
            "while no message was open",
            "5.4",
        ),
        mistake(
            "nothing left to continue",
            [frame(TEXT, b"a"), frame(FIN | CONTINUATION, b"fter"), frame(FIN | CONTINUATION, b"x")].concat(),
            1002,
            "while no message was open",
            "5.4",
        ),
        mistake("text in text", [frame(TEXT, b"a"), text("b")].concat(), 1002, "before the open one had ended", "5.4"),
        mistake(
            "binary in text",
            [frame(TEXT, b"a"), frame(BINARY, b"b")].concat(),
            1002,
            "before the open one",
            "5.4",
        ),
        mistake("text in binary", [frame(BINARY, b"a"), text("b")].concat(), 1002, "before the open one", "5.4"),
        // 5.5
        mistake("Ping in pieces", frame(PING, b""), 1002, "a Ping frame must not be fragmented", "5.5"),
        mistake("Pong in pieces", frame(PONG, b"x"), 1002, "a Pong frame must not be fragmented", "5.5"),
        mistake("Close in pieces", frame(CLOSE, b"\x03\xe8"), 1002, "a Close frame must not be fragmented", "5.5"),
        mistake("a long Ping", frame(FIN | PING, &[0; 126]), 1002, "a Ping frame holds at most 125 bytes", "5.5"),
        mistake("a long Pong", frame(FIN | PONG, &[0; 70_000]), 1002, "a Pong frame holds at most 125 bytes", "5.5"),
        mistake("a long Close", close(1000, &"x".repeat(124)), 1002, "a Close frame holds at most 125 bytes", "5.5"),
        // 5.5.1
        mistake("half a close code", frame(FIN | CLOSE, b"\x03"), 1002, "at least the two bytes of a code", "5.5.1"),
        // 8.1
        mistake("no UTF-8", frame(FIN | TEXT, b"\xff"), 1007, "a text message must be UTF-8", "8.1"),
        mistake("overlong", frame(FIN | TEXT, b"a\xc0\xaf"), 1007, "a text message must be UTF-8", "8.1"),
        mistake("a surrogate", frame(FIN | TEXT, b"\xed\xa0\x80"), 1007, "a text message must be UTF-8", "8.1"),
        mistake("past U+10FFFF", frame(FIN | TEXT, b"\xf4\x90\x80\x80"), 1007, "a text message must be UTF-8", "8.1"),
        mistake("half a character", frame(FIN | TEXT, b"\xc3"), 1007, "a text message must be UTF-8", "8.1"),
        mistake(
            "half a character in the last fragment",
            [frame(TEXT, b"\xf0\x9f"), frame(FIN | CONTINUATION, b"\xa6")].concat(),
            1007,
            "a text message must be UTF-8",
            "8.1",
        ),
        mistake("in a first fragment", frame(TEXT, b"\x80"), 1007, "a text message must be UTF-8", "8.1"),
        mistake(
            "in a frame that is not complete",
            frame(FIN | TEXT, &[&b"good \xfe"[..], &[b'x'; 500]].concat())[..20].to_vec(),
            1007,
            "a text message must be UTF-8",
            "8.1",
        ),
        mistake(
            "a reason that is not UTF-8",
            frame(FIN | CLOSE, b"\x03\xe8\xff"),
            1007,
            "the reason in a Close frame must be UTF-8",
            "8.1",
        ),
        // 10.4: the announced length alone is enough, so the payload need not be sent.
        mistake(
            "nine exabytes",
            raw(b"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff", b""),
            1009,
            "larger than the limit",
            "10.4",
        ),
        mistake("a large frame", frame(FIN | TEXT, &[b'x'; MAX_MESSAGE + 1]), 1009, "larger than the limit", "10.4"),
        mistake(
            "a large message",
            [frame(BINARY, &[0; 600]), frame(FIN | CONTINUATION, &[0; 600])].concat(),
            1009,
            "larger than the limit",
            "10.4",
        ),
    ];
    for opcode in (0x3..=0x7).chain(0xb..=0xf) {
        all.push(mistake(&format!("opcode {opcode:x}"), frame(FIN | opcode, b""), 1002, "is reserved", "5.2"));
    }
    // 7.4.1 and 7.4.2: 1004, 1005, 1006 and 1015 must not be sent; the others are not defined.
    for code in [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] {
        all.push(mistake(&format!("close code {code}"), close(code, "because"), 1002, "must not be sent", "7.4"));
    }
    all
}

/// Other clients of the same server. They must not notice a violation.
struct Bystanders {
    pushed: Client,
    sequence: u64,
    echoed: Client,
}

impl Bystanders {
    #[track_caller]
    fn new(server: &Server) -> Self {
        let mut pushed = Client::connect(server, "/");
        Self { sequence: pushed.receive_push().sequence, pushed, echoed: Client::connect(server, "/echo") }
    }

    #[track_caller]
    fn check(&mut self) {
        self.echoed.echo("unharmed");
        let sequence = self.pushed.receive_push().sequence;
        assert!(sequence > self.sequence);
        self.sequence = sequence;
    }
}

fn start() -> Server {
    Server::start(&["--interval", "5ms", "--max-message", &MAX_MESSAGE.to_string()])
}

//= docs/src/rfc6455.md#section-7-1-7
//= type=test
//# A server that fails the connection SHOULD log the problem.
#[test]
fn a_broken_rule_is_answered_on_echo_after_the_messages_before_it() {
    let server = start();
    let mut bystanders = Bystanders::new(&server);
    for Mistake { name, bytes, code, logged, section } in mistakes() {
        let mut client = Client::connect(&server, "/echo");
        let before = [text("one"), frame(BINARY, b"tw"), frame(FIN | PING, b"?"), frame(FIN | CONTINUATION, b"o")];
        // Everything after the mistake is ignored, even a Close.
        let after = [text("three"), close(1000, "")];
        client.send(&[before.concat(), bytes, after.concat()].concat());
        assert_eq!(client.receive(), ReceivedItem::Text("one".to_owned()), "{name}");
        let mut received = [client.receive(), client.receive()];
        // The Pong may overtake a message that is not complete yet.
        received.sort_by_key(|received| matches!(received, ReceivedItem::Pong(_)));
        assert_eq!(received, [ReceivedItem::Binary(b"two".to_vec()), ReceivedItem::Pong(b"?".to_vec())], "{name}");
        if name == "nothing left to continue" {
            assert_eq!(client.receive(), ReceivedItem::Text("after".to_owned()));
        }
        let answer = client.receive();
        let ReceivedItem::Close(Some(received), reason) = &answer else { panic!("{name}: {answer:?}") };
        assert_eq!(*received, code, "{name}");
        assert!(reason.contains(logged), "{name}: {reason}");
        // 7.1.7: the server closes the TCP connection, but in such a way that the Close still
        // arrives.
        assert_eq!(client.receive(), ReceivedItem::End, "{name}");
        let address = client.address().to_string();
        drop(client);
        let line = server.wait_for_log(&[&address, logged, &format!("(RFC 6455, section {section})")]);
        assert!(line.contains("WARN"), "{line}");
        bystanders.check();
    }
}

#[test]
fn a_broken_rule_is_answered_on_the_other_paths_too() {
    let server = start();
    let mut bystanders = Bystanders::new(&server);
    for path in ["/", "/chat"] {
        for Mistake { name, bytes, code, logged, section } in mistakes() {
            let mut client = Client::connect(&server, path);
            client.send(&[text(&format!("before '{name}'")), bytes].concat());
            assert_eq!(client.receive_close(), Some(code), "{name} on {path}");
            assert_eq!(client.receive(), ReceivedItem::End, "{name} on {path}");
            let address = client.address().to_string();
            drop(client);
            if path == "/" {
                server.wait_for_output(&format!("{address} says: before '{name}'"));
            }
            server.wait_for_log(&[&address, logged, &format!("(RFC 6455, section {section})")]);
        }
        bystanders.check();
    }
}

/// The result does not depend on the pieces in which the bytes arrive.
#[test]
fn a_broken_rule_is_found_in_bytes_that_arrive_one_by_one() {
    let server = start();
    for Mistake { name, bytes, code, .. } in mistakes() {
        let mut client = Client::connect(&server, "/echo");
        client.send(&text("before"));
        // Once the rule is broken, the server may stop reading, so only the beginning is sent
        // slowly.
        for byte in bytes.iter().take(150) {
            client.send(&[*byte]);
        }
        if bytes.len() > 150 {
            client.send(&bytes[150..]);
        }
        let close = loop {
            match client.receive() {
                ReceivedItem::Close(code, _) => break code,
                ReceivedItem::Text(_) => {}
                other => panic!("{name}: {other:?}"),
            }
        };
        assert_eq!(close, Some(code), "{name}");
        assert_eq!(client.receive(), ReceivedItem::End, "{name}");
    }
}

/// A client that is still sending reads late, but the Close must still reach it. If the server
/// closed the socket while bytes were arriving, the kernel would send a reset, and the reset would
/// destroy everything that the client had not yet read.
#[test]
fn the_close_arrives_even_if_the_client_continues_to_send() {
    let server = start();
    for path in ["/echo", "/", "/chat"] {
        let mut observer = Client::connect(&server, "/");
        let mut chatting = Client::connect(&server, "/chat");
        let mut client = Client::connect(&server, path);
        client.send(b"\x81\x02hi");
        // Wait for several pushes and chat messages.
        for _ in 0..10 {
            chatting.send_text("anybody?");
            chatting.ping();
            observer.receive_push();
            // If the server had closed the socket, the kernel would answer these bytes with a
            // reset.
            let sent = client.stream.write_all(&text("still talking"));
            assert!(sent.is_ok(), "{sent:?} on {path}: dropped before the Close was read");
        }
        let received = client.receive_until_not_text();
        assert!(matches!(received, ReceivedItem::Close(Some(1002), _)), "{received:?} on {path}");
        assert_eq!(client.receive(), ReceivedItem::End, "{path}");
    }
}

/// 7.1.1: a client must close the TCP connection after the server has done so. There is a deadline
/// for this.
#[test]
fn a_client_that_keeps_tcp_open_after_the_close_is_dropped() {
    let server = Server::start(&["--close-timeout", "200ms"]);
    for (path, last, logged) in [
        ("/echo", close(1000, ""), "closed: 1000 (normal closure)"),
        ("/echo", b"\x81\x02hi".to_vec(), "a client's frames must be masked"),
        // Here the server sends the first Close, and the client never answers it.
        ("/chat", frame(FIN | BINARY, b""), "the peer never answered the Close"),
    ] {
        let mut client = Client::connect(&server, path);
        client.send(&last);
        assert!(matches!(client.receive(), ReceivedItem::Close(..)));
        server.wait_for_log(&[&client.address().to_string(), logged]);
    }
}

/// There are deadlines for the answer to a Close and for the end of the TCP connection. A client
/// that keeps sending postpones neither of them.
#[test]
fn a_client_that_continues_to_send_after_the_close_is_dropped() {
    let server = Server::start(&["--close-timeout", "300ms"]);
    for (path, last) in [
        ("/echo", close(1000, "")),
        ("/echo", b"\x81\x02hi".to_vec()),
        // The server sends the first Close, and still reads the client's messages until the Close
        // is answered.
        ("/chat", frame(FIN | BINARY, b"")),
    ] {
        let mut client = Client::connect(&server, path);
        client.send(&last);
        assert!(client.send_until_dropped(&text("x").repeat(100_000)), "on {path} the client could send forever");
    }
}

/// 5.5.2: a Ping must be answered.
#[test]
fn a_client_that_does_not_answer_a_ping_is_closed_with_1008() {
    let server = Server::start(&["--ping-interval", "500ms"]);
    let mut alive = Client::connect(&server, "/echo");
    let mut dead = Client::connect(&server, "/echo");
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..3 {
                let ReceivedItem::Ping(payload) = alive.receive() else { panic!("no Ping") };
                alive.send(&frame(FIN | PONG, &payload));
            }
            alive.send_text("well");
            assert_eq!(alive.receive(), ReceivedItem::Text("well".to_owned()));
        });
        assert!(matches!(dead.receive(), ReceivedItem::Ping(_)));
        let ReceivedItem::Close(code, reason) = dead.receive() else { panic!("no Close") };
        assert_eq!(code, Some(1008));
        assert!(reason.contains("a Ping was not answered in time"), "{reason}");
        assert_eq!(dead.receive(), ReceivedItem::End);
        dead.end();
        let address = dead.address().to_string();
        server.wait_for_log(&[&address, "a Ping was not answered in time (a limit of this endpoint)"]);
    });
}

/// Each Ping costs the server an answer, so it ends a connection that sends a flood of them.
#[test]
fn a_flood_of_pings_is_closed_with_1008() {
    let server = start();
    let mut bystanders = Bystanders::new(&server);
    let mut client = Client::connect(&server, "/echo");
    let many = frame(FIN | PING, b"").repeat(30_000);
    client.send(&many);
    client.end();
    let mut pongs = 0;
    let end = loop {
        match client.receive() {
            ReceivedItem::Pong(_) => pongs += 1,
            other => break other,
        }
    };
    assert!(pongs < 30_000 && matches!(end, ReceivedItem::Close(Some(1008), _)), "{end:?} after {pongs} Pongs");
    let address = client.address().to_string();
    drop(client);
    server.wait_for_log(&[&address, "control frames within a second (a limit of this endpoint)"]);
    bystanders.check();
}

// ---- The opening handshake (section 4) ----------------------------------------------------------

/// A row of the table: the mistake, the request, the status of the response, part of the log line,
/// and the section.
type Rejection = (&'static str, Vec<u8>, u16, &'static str, &'static str);

/// Used in place of a section for a rule that is in no RFC.
const LIMIT: &str = "a limit of this endpoint";

/// Returns the end of the sentence about a rule, which names the section. The section is in RFC
/// 6455 unless it names another RFC.
fn citation(section: &str) -> String {
    if section == LIMIT || section.starts_with("RFC") {
        format!("({section})")
    } else {
        format!("(RFC 6455, section {section})")
    }
}

fn rejections(server: &Server) -> Vec<Rejection> {
    let right = || Request::upgrade(server, "/echo");
    let row = |name, request: Request, status, logged, section| (name, request.bytes(), status, logged, section);
    let broken = |name, head: &str| {
        let head = right().to_string().replace("Upgrade: websocket\r\n", &format!("Upgrade: websocket\r\n{head}\r\n"));
        (name, head.into_bytes(), 400, "not an HTTP/1.1 head", "4.2.1")
    };
    let version = "Sec-WebSocket-Version";
    let key = "Sec-WebSocket-Key";
    let protocol = "Sec-WebSocket-Protocol";
    let extensions = "Sec-WebSocket-Extensions";
    vec![
        // 4.2.1, the request itself
        row("POST", right().line("POST /echo HTTP/1.1"), 405, "the method must be GET, not POST", "4.2.1"),
        row("HTTP/1.0", right().line("GET /echo HTTP/1.0"), 400, "needs HTTP/1.1 or later", "RFC 9110, section 7.8"),
        row(
            "another scheme",
            right().line("GET ftp://x/echo HTTP/1.1"),
            400,
            "the request target is neither a path nor an http or https URI, or it has a fragment",
            "4.2.1",
        ),
        row("HTTP/2.0", right().line("GET /echo HTTP/2.0"), 400, "not an HTTP/1.1 head", "4.2.1"),
        row("no target", right().line("GET HTTP/1.1"), 400, "not an HTTP/1.1 head", "4.2.1"),
        row("no version", right().line("GET /echo"), 400, "not an HTTP/1.1 head", "4.2.1"),
        broken("no colon", "X-Header"),
        broken("a space before the colon", "X-Header : x"),
        broken("a folded line", "X-Header: x\r\n y"),
        broken("a NUL", "X-Header: \0"),
        broken("no name", ": x"),
        row("a body", right().and("Content-Length", "5"), 400, "announces a body", LIMIT),
        row("a body in chunks", right().and("Transfer-Encoding", "chunked"), 400, "announces a body", LIMIT),
        // Items 2 to 6
        row("no Host", right().without("Host"), 400, "exactly one Host", "4.2.1"),
        row("two Hosts", right().and("Host", "example.org"), 400, "exactly one Host", "4.2.1"),
        row("an empty Host", right().with("Host", ""), 400, "Host must be a host", "RFC 9112, section 3.2"),
        row("two hosts", right().with("Host", "a, b"), 400, "Host must be a host", "RFC 9112, section 3.2"),
        row("no Upgrade", right().without("Upgrade"), 426, "the header 'Upgrade: websocket' is missing", "4.2.1"),
        row(
            "another upgrade",
            right().with("Upgrade", "h2c"),
            426,
            "the header 'Upgrade: websocket' is missing",
            "4.2.1",
        ),
        row(
            "websockets",
            right().with("Upgrade", "websockets"),
            426,
            "the header 'Upgrade: websocket' is missing",
            "4.2.1",
        ),
        row("no Connection", right().without("Connection"), 400, "does not list 'Upgrade'", "4.2.1"),
        row("keep-alive", right().with("Connection", "keep-alive"), 400, "does not list 'Upgrade'", "4.2.1"),
        row("no key", right().without(key), 400, "exactly one Sec-WebSocket-Key", "11.3.1"),
        row("two keys", right().and(key, KEY), 400, "exactly one Sec-WebSocket-Key", "11.3.1"),
        row("an empty key", right().with(key, ""), 400, "must be the Base64 of 16 bytes", "4.2.1"),
        row("a key of 15 bytes", right().with(key, "dGhlIHNhbXBsZSBub25j"), 400, "Base64 of 16 bytes", "4.2.1"),
        row("a key of 17 bytes", right().with(key, "dGhlIHNhbXBsZSBub25jZTE="), 400, "Base64 of 16 bytes", "4.2.1"),
        row("a key without padding", right().with(key, "dGhlIHNhbXBsZSBub25jZQ"), 400, "Base64 of 16", "4.2.1"),
        row("a key that is not Base64", right().with(key, "a key, 24 characters...."), 400, "Base64 of 16", "4.2.1"),
        // 4.2.2 and 4.4: the rejection names the version that the server supports.
        row("no version", right().without(version), 426, "Sec-WebSocket-Version is missing", "4.2.2"),
        row("version 8", right().with(version, "8"), 426, "version '8' is not supported; 13 is", "4.2.2"),
        row("version 013", right().with(version, "013"), 426, "version '013' is not supported", "4.2.2"),
        row("versions 13, 8", right().with(version, "13, 8"), 426, "version '13, 8' is not supported", "4.2.2"),
        row("two versions", right().and(version, "13"), 400, "only one Sec-WebSocket-Version", "11.3.5"),
        // 4.3, 9.1
        row("no token", right().and(protocol, "ch@t"), 400, "Sec-WebSocket-Protocol is malformed", "4.3"),
        row("no protocol", right().and(protocol, ""), 400, "Sec-WebSocket-Protocol is malformed", "4.3"),
        row("the same twice", right().and(protocol, "a, b, a"), 400, "'a' is named twice", "4.1"),
        row("no extension", right().and(extensions, ""), 400, "Sec-WebSocket-Extensions is malformed", "9.1"),
        row("no parameter", right().and(extensions, "a; =1"), 400, "Extensions is malformed", "9.1"),
        row("an open quote", right().and(extensions, "a; b=\"c"), 400, "Extensions is malformed", "9.1"),
        row("no value", right().and(extensions, "a; b="), 400, "Extensions is malformed", "9.1"),
        row("quoted, no token", right().and(extensions, "a; b=\"c d\""), 400, "Extensions is malformed", "9.1"),
        // 10.4
        row("a long head", right().and("Cookie", &"x".repeat(17 << 10)), 431, "longer than 16384 bytes", LIMIT),
        row("a long target", right().line(&format!("GET /{} HTTP/1.1", "x".repeat(20_000))), 431, "longer than", LIMIT),
        row("many lines", (0..100).fold(right(), |all, _| all.and("X", "x")), 431, "more than 100 header lines", LIMIT),
    ]
}

#[test]
fn a_wrong_request_is_rejected_with_the_right_status() {
    let server = start();
    let mut bystanders = Bystanders::new(&server);
    for (name, request, status, logged, section) in rejections(&server) {
        let (response, address) = exchange_from(&server, &request);
        assert_eq!(response.status, status, "{name}: {}", response.body);
        assert!(response.body.contains(logged), "{name}: {}", response.body);
        assert!(response.body.contains(&citation(section)), "{name}: {}", response.body);
        assert_eq!(response.header("Sec-WebSocket-Accept"), None, "{name}");
        match status {
            405 => assert_eq!(response.header("Allow"), Some("GET, HEAD"), "{name}"),
            426 => {
                assert_eq!(response.header("Sec-WebSocket-Version"), Some("13"), "{name}");
                assert_eq!(response.header("Upgrade"), Some("websocket"), "{name}");
            }
            _ => {}
        }
        server.wait_for_log(&[&address.to_string(), "rejected", logged, &citation(section)]);
    }
    bystanders.check();
}

/// The server must not be stricter than the rules.
#[test]
fn an_unusual_request_is_accepted() {
    let server = start();
    let right = || Request::upgrade(&server, "/echo");
    let requests = [
        right().with("Connection", "keep-alive, Upgrade"),
        right().with("Connection", "keep-alive").and("Connection", "uPGRADE"),
        right().with("Upgrade", "WebSocket"),
        right().with("Upgrade", "h2c, websocket"),
        right().with("Host", "LocalHost.:1"),
        right().line("GET http://localhost/echo HTTP/1.1").with("Host", "anything.test"),
        right().line("GET /echo?with=query HTTP/1.1"),
        right().and("Sec-WebSocket-Extensions", "x; a=\"b\", , y;c").and("Sec-WebSocket-Extensions", "z"),
        right().and("Sec-WebSocket-Protocol", "a,,b").and("Sec-WebSocket-Protocol", "c"),
        right().and("Content-Length", "0"),
        right().and("X-Unknown", "\u{e9}"),
        right().without("Sec-WebSocket-Version").and("sec-websocket-VERSION", " 13 "),
    ];
    for request in requests {
        Client::connect_with(&server, &request.bytes()).echo("welcome");
    }
    // Old clients end their lines with bare line feeds.
    let bare = right().to_string().replace("\r\n", "\n");
    Client::connect_with(&server, bare.as_bytes()).echo("welcome");
}
