//! Every rule of sections 4, 5, 7 and 8 that a client can break: it is told so in the way the RFC says, the log names
//! the rule, what was complete before still counts, and nobody else notices.

mod common;

use std::{io::Write, thread};

use common::{
    Server,
    client::{BINARY, CLOSE, CONTINUATION, Client, FIN, Heard, PING, PONG, TEXT, close, frame, masked, text},
    http::{KEY, Request, exchange_from},
};

/// Small, so that the tests of it need not send much.
const MAX_MESSAGE: usize = 1000;

/// A row of the table: the mistake, its bytes, the Close code that answers it, what the log says, the section.
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

/// The header of a masked frame, byte by byte, and a payload.
fn raw(header: &[u8], payload: &[u8]) -> Vec<u8> {
    [header, &[0x37, 0xfa, 0x21, 0x3d], &masked(payload)].concat()
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
        mistake("nothing to go on with", frame(CONTINUATION, b"x"), 1002, "while no message was open", "5.4"),
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
            "a reason that is no UTF-8",
            frame(FIN | CLOSE, b"\x03\xe8\xff"),
            1007,
            "the reason in a Close frame must be UTF-8",
            "8.1",
        ),
        // 10.4: here as the announced length is all that a peer has to send.
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

/// Somebody else on the same server, to see that a violation is no concern of theirs.
struct Bystanders {
    pushed: Client,
    sequence: u64,
    echoed: Client,
}

impl Bystanders {
    #[track_caller]
    fn new(server: &Server) -> Self {
        let mut pushed = Client::connect(server, "/");
        Self { sequence: pushed.hear_push().sequence, pushed, echoed: Client::connect(server, "/echo") }
    }

    #[track_caller]
    fn are_well(&mut self) {
        self.echoed.echo("unharmed");
        let sequence = self.pushed.hear_push().sequence;
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
        // Nothing counts after it, not even a Close.
        let after = [text("three"), close(1000, "")];
        client.send(&[before.concat(), bytes, after.concat()].concat());
        assert_eq!(client.hear(), Heard::Text("one".to_owned()), "{name}");
        let mut heard = [client.hear(), client.hear()];
        // A Pong may overtake a message that is still arriving.
        heard.sort_by_key(|heard| matches!(heard, Heard::Pong(_)));
        assert_eq!(heard, [Heard::Binary(b"two".to_vec()), Heard::Pong(b"?".to_vec())], "{name}");
        if name == "nothing left to continue" {
            assert_eq!(client.hear(), Heard::Text("after".to_owned()));
        }
        let told = client.hear();
        let Heard::Close(Some(heard), reason) = &told else { panic!("{name}: {told:?}") };
        assert_eq!(*heard, code, "{name}");
        assert!(reason.contains(logged), "{name}: {reason}");
        // 7.1.7: the server ends TCP, and in a way that the Close arrives.
        assert_eq!(client.hear(), Heard::End, "{name}");
        let own = client.own().to_string();
        drop(client);
        let line = server.logs(&[&own, logged, &format!("(RFC 6455, section {section})")]);
        assert!(line.contains("WARN"), "{line}");
        bystanders.are_well();
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
            assert_eq!(client.hear_close(), Some(code), "{name} on {path}");
            assert_eq!(client.hear(), Heard::End, "{name} on {path}");
            let own = client.own().to_string();
            drop(client);
            if path == "/" {
                server.says(&format!("{own} says: before '{name}'"));
            }
            server.logs(&[&own, logged, &format!("(RFC 6455, section {section})")]);
        }
        bystanders.are_well();
    }
}

/// The same bytes, however they are cut.
#[test]
fn a_broken_rule_is_seen_in_bytes_that_come_one_by_one() {
    let server = start();
    for Mistake { name, bytes, code, .. } in mistakes() {
        let mut client = Client::connect(&server, "/echo");
        client.send(&text("before"));
        // Once the rule is broken, the server may take no more: long payloads are left away.
        for byte in bytes.iter().take(150) {
            client.send(&[*byte]);
        }
        if bytes.len() > 150 {
            client.send(&bytes[150..]);
        }
        let close = loop {
            match client.hear() {
                Heard::Close(code, _) => break code,
                Heard::Text(_) => {}
                other => panic!("{name}: {other:?}"),
            }
        };
        assert_eq!(close, Some(code), "{name}");
        assert_eq!(client.hear(), Heard::End, "{name}");
    }
}

/// A client that is in the middle of sending reads late. The Close has to be there all the same: a server that closes
/// the socket while bytes arrive makes the kernel send a reset, and the reset destroys what was not read.
#[test]
fn the_close_arrives_even_if_the_client_goes_on_sending() {
    let server = start();
    for path in ["/echo", "/", "/chat"] {
        let mut watcher = Client::connect(&server, "/");
        let mut chatting = Client::connect(&server, "/chat");
        let mut client = Client::connect(&server, path);
        client.send(b"\x81\x02hi");
        // Several pushes go by, and texts are said in the chat.
        for _ in 0..10 {
            chatting.say("anybody?");
            chatting.ping();
            watcher.hear_push();
            // A server that has dropped the socket answers this with a reset, and then takes no more.
            let sent = client.stream.write_all(&text("still talking"));
            assert!(sent.is_ok(), "{sent:?} on {path}: dropped before the Close was read");
        }
        let heard = client.hear_until_not_text();
        assert!(matches!(heard, Heard::Close(Some(1002), _)), "{heard:?} on {path}");
        assert_eq!(client.hear(), Heard::End, "{path}");
    }
}

/// 7.1.1: a client is to end TCP once the server has. There is a deadline for it.
#[test]
fn who_keeps_tcp_open_after_the_close_is_dropped() {
    let server = Server::start(&["--close-timeout", "200ms"]);
    for (path, last, told) in [
        ("/echo", close(1000, ""), "closed: 1000 (normal closure)"),
        ("/echo", b"\x81\x02hi".to_vec(), "a client's frames must be masked"),
        // Here the server says Close first, and is never answered.
        ("/chat", frame(FIN | BINARY, b""), "the peer never answered the Close"),
    ] {
        let mut client = Client::connect(&server, path);
        client.send(&last);
        assert!(matches!(client.hear(), Heard::Close(..)));
        server.logs(&[&client.own().to_string(), told]);
    }
}

/// The deadlines of closing are for the answer to a Close and for the end of TCP. To go on sending puts neither off.
#[test]
fn who_goes_on_sending_after_the_close_is_dropped() {
    let server = Server::start(&["--close-timeout", "300ms"]);
    for (path, last) in [
        ("/echo", close(1000, "")),
        ("/echo", b"\x81\x02hi".to_vec()),
        // The server says Close, and what the client says is still heard until it has answered.
        ("/chat", frame(FIN | BINARY, b"")),
    ] {
        let mut client = Client::connect(&server, path);
        client.send(&last);
        assert!(client.send_until_refused(&text("x").repeat(100_000)), "on {path} it could send for ever");
    }
}

/// 5.5.2: a Ping is to be answered.
#[test]
fn who_does_not_answer_a_ping_is_closed_with_1008() {
    let server = Server::start(&["--ping-interval", "500ms"]);
    let mut alive = Client::connect(&server, "/echo");
    let mut dead = Client::connect(&server, "/echo");
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..3 {
                let Heard::Ping(payload) = alive.hear() else { panic!("no Ping") };
                alive.send(&frame(FIN | PONG, &payload));
            }
            alive.say("well");
            assert_eq!(alive.hear(), Heard::Text("well".to_owned()));
        });
        assert!(matches!(dead.hear(), Heard::Ping(_)));
        let Heard::Close(code, reason) = dead.hear() else { panic!("no Close") };
        assert_eq!(code, Some(1008));
        assert!(reason.contains("a Ping was not answered in time"), "{reason}");
        assert_eq!(dead.hear(), Heard::End);
        dead.end();
        let own = dead.own().to_string();
        server.logs(&[&own, "a Ping was not answered in time (RFC 6455, section 5.5.2)"]);
    });
}

/// Control frames are answered, and answering costs: a flood of them is refused.
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
        match client.hear() {
            Heard::Pong(_) => pongs += 1,
            other => break other,
        }
    };
    assert!(pongs < 30_000 && matches!(end, Heard::Close(Some(1008), _)), "{end:?} after {pongs} Pongs");
    let own = client.own().to_string();
    drop(client);
    server.logs(&[&own, "control frames within a second (RFC 6455, section 10.4)"]);
    bystanders.are_well();
}

// ---- The opening handshake (section 4) ------------------------------------------------------------------------------

/// A row: the mistake, the request, the status that answers it, what the log says, the section.
type Refusal = (&'static str, Vec<u8>, u16, &'static str, &'static str);

fn refusals(server: &Server) -> Vec<Refusal> {
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
        row("HTTP/1.0", right().line("GET /echo HTTP/1.0"), 400, "needs HTTP/1.1 or later", "4.2.1"),
        row("another scheme", right().line("GET ftp://x/echo HTTP/1.1"), 400, "the request target is no path", "4.2.1"),
        row("HTTP/2.0", right().line("GET /echo HTTP/2.0"), 400, "not an HTTP/1.1 head", "4.2.1"),
        row("no target", right().line("GET HTTP/1.1"), 400, "not an HTTP/1.1 head", "4.2.1"),
        row("no version", right().line("GET /echo"), 400, "not an HTTP/1.1 head", "4.2.1"),
        broken("no colon", "X-Header"),
        broken("a space before the colon", "X-Header : x"),
        broken("a folded line", "X-Header: x\r\n y"),
        broken("a NUL", "X-Header: \0"),
        broken("no name", ": x"),
        row("a body", right().and("Content-Length", "5"), 400, "announces a body", "4.2.1"),
        row("a body in chunks", right().and("Transfer-Encoding", "chunked"), 400, "announces a body", "4.2.1"),
        // Items 2 to 6
        row("no Host", right().without("Host"), 400, "exactly one Host", "4.2.1"),
        row("two Hosts", right().and("Host", "example.org"), 400, "exactly one Host", "4.2.1"),
        row("an empty Host", right().with("Host", ""), 400, "exactly one Host", "4.2.1"),
        row("no Upgrade", right().without("Upgrade"), 426, "there is no header 'Upgrade: websocket'", "4.2.1"),
        row("another upgrade", right().with("Upgrade", "h2c"), 426, "no header 'Upgrade: websocket'", "4.2.1"),
        row("websockets", right().with("Upgrade", "websockets"), 426, "no header 'Upgrade: websocket'", "4.2.1"),
        row("no Connection", right().without("Connection"), 400, "does not list 'Upgrade'", "4.2.1"),
        row("keep-alive", right().with("Connection", "keep-alive"), 400, "does not list 'Upgrade'", "4.2.1"),
        row("no key", right().without(key), 400, "exactly one Sec-WebSocket-Key", "11.3.1"),
        row("two keys", right().and(key, KEY), 400, "exactly one Sec-WebSocket-Key", "11.3.1"),
        row("an empty key", right().with(key, ""), 400, "must be the Base64 of 16 bytes", "4.2.1"),
        row("a key of 15 bytes", right().with(key, "dGhlIHNhbXBsZSBub25j"), 400, "Base64 of 16 bytes", "4.2.1"),
        row("a key of 17 bytes", right().with(key, "dGhlIHNhbXBsZSBub25jZTE="), 400, "Base64 of 16 bytes", "4.2.1"),
        row("a key without padding", right().with(key, "dGhlIHNhbXBsZSBub25jZQ"), 400, "Base64 of 16", "4.2.1"),
        row("a key that is none", right().with(key, "a key, 24 characters...."), 400, "Base64 of 16", "4.2.1"),
        // 4.2.2 and 4.4: what would be understood is said with the refusal.
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
        row("a long head", right().and("Cookie", &"x".repeat(17 << 10)), 431, "longer than 16384 bytes", "10.4"),
        row(
            "a long target",
            right().line(&format!("GET /{} HTTP/1.1", "x".repeat(20_000))),
            431,
            "longer than",
            "10.4",
        ),
        row(
            "many lines",
            (0..100).fold(right(), |all, _| all.and("X", "x")),
            431,
            "more than 100 header lines",
            "10.4",
        ),
    ]
}

#[test]
fn a_wrong_request_is_refused_with_the_fitting_status() {
    let server = start();
    let mut bystanders = Bystanders::new(&server);
    for (name, request, status, logged, section) in refusals(&server) {
        let (response, own) = exchange_from(&server, &request);
        assert_eq!(response.status, status, "{name}: {}", response.body);
        assert!(response.body.contains(logged), "{name}: {}", response.body);
        assert!(response.body.contains(&format!("(RFC 6455, section {section})")), "{name}: {}", response.body);
        assert_eq!(response.header("Sec-WebSocket-Accept"), None, "{name}");
        match status {
            405 => assert_eq!(response.header("Allow"), Some("GET"), "{name}"),
            426 => {
                assert_eq!(response.header("Sec-WebSocket-Version"), Some("13"), "{name}");
                assert_eq!(response.header("Upgrade"), Some("websocket"), "{name}");
            }
            _ => {}
        }
        server.logs(&[&own.to_string(), "refused", logged, &format!("(RFC 6455, section {section})")]);
    }
    bystanders.are_well();
}

/// The same rules must not be stricter than they are.
#[test]
fn an_unusual_request_is_accepted() {
    let server = start();
    let right = || Request::upgrade(&server, "/echo");
    let requests = [
        right().with("Connection", "keep-alive, Upgrade"),
        right().with("Connection", "keep-alive").and("Connection", "uPGRADE"),
        right().with("Upgrade", "WebSocket"),
        right().with("Upgrade", "h2c, websocket"),
        right().with("Host", "anything.test"),
        right().line("GET http://example.org/echo HTTP/1.1"),
        right().line("GET /echo?with=query HTTP/1.1"),
        right().and("Sec-WebSocket-Extensions", "x; a=\"b\", , y;c").and("Sec-WebSocket-Extensions", "z"),
        right().and("Sec-WebSocket-Protocol", "a,,b").and("Sec-WebSocket-Protocol", "c"),
        right().and("Content-Length", "0"),
        right().and("X-Unknown", "\u{e9}"),
        right().without("Sec-WebSocket-Version").and("sec-websocket-VERSION", " 13 "),
    ];
    for request in requests {
        Client::ask(&server, &request.bytes()).echo("welcome");
    }
    // Bare line feeds, which old clients send.
    let bare = right().to_string().replace("\r\n", "\n");
    Client::ask(&server, bare.as_bytes()).echo("welcome");
}
