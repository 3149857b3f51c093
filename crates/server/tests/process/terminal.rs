//! No client can control the terminal in which the server runs, or a terminal in which `curl`
//! prints the server's answers. The tests put control sequences into every part of a request and
//! into every kind of frame, and check the server's output, log and responses.

use std::{
    io::{Read, Write},
    net::Shutdown,
};

use testkit::terminal::{HOSTILE, assert_harmless};

use crate::support::{
    Server,
    client::Client,
    frames::{BINARY, FIN, PING, PONG, TEXT, close, frame, text},
    http::{Request, open},
};

/// Sends bytes on a new connection, and checks that the answer is harmless.
#[track_caller]
fn send(server: &Server, bytes: &[u8]) {
    let mut stream = open(server);
    // The server may reject the request before it has read all of it, and then resets the
    // connection.
    let _ = stream.write_all(bytes).and_then(|()| stream.shutdown(Shutdown::Write));
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).replace("\r\n", "\n");
    // Frames follow a 101 response, and a frame's header is not text.
    let text =
        if answer.starts_with("HTTP/1.1 101") { answer.split("\n\n").next().unwrap_or_default() } else { &answer };
    assert_harmless("the answer", text);
}

/// Checks everything that the server has printed and logged, and returns its log.
#[track_caller]
fn check(server: Server) -> String {
    let (output, log) = server.stop();
    assert_harmless("the output", &output.join("\n"));
    let log = log.join("\n");
    assert_harmless("the log", &log);
    log
}

#[test]
fn no_part_of_a_request_reaches_the_terminal_raw() {
    for format in ["--trace", "--trace=json"] {
        let server = Server::start(&[format, "-vv"]);
        let request = Request::upgrade(&server, "/chat?a=b")
            .and("Origin", &format!("http://{}", server.address()))
            .and("Cookie", "a=b; c")
            .and("Sec-WebSocket-Protocol", "chat, a")
            .and("Sec-WebSocket-Extensions", "permessage-deflate; a=b")
            .to_string();
        for position in 0..=request.len() {
            send(&server, [&request[..position], HOSTILE, &request[position..]].concat().as_bytes());
        }
        for path in ["/x", "/break/x", "/page/x", "/?wire="] {
            for request in [Request::get(&server, path), Request::upgrade(&server, path)] {
                send(&server, &request.clone().line(&format!("GET {path}{HOSTILE} HTTP/1.1")).bytes());
                // A browser sends such a target in UTF-8. The server accepts it, and answers with
                // 404.
                send(&server, &request.line(&format!("GET {path}\u{202e}\u{9b}\u{2028} HTTP/1.1")).bytes());
            }
        }
        let log = check(server);
        assert!(log.contains(r"\u{202e}") || log.contains(r"\u202e"), "the target is shown: {log}");
    }
}

#[test]
fn no_payload_reaches_the_terminal_raw() {
    for format in ["--trace", "--trace=json"] {
        let server = Server::start(&[format, "-vv"]);
        for path in ["/", "/echo", "/chat", "/break/masked-frame"] {
            let messages = [TEXT, BINARY, PING, PONG].map(|opcode| frame(FIN | opcode, HOSTILE.as_bytes())).concat();
            // An unknown opcode makes the server fail the connection, so it comes last.
            for last in [close(1000, HOSTILE), close(4000, HOSTILE), frame(FIN | 0x3, HOSTILE.as_bytes())] {
                let mut client = Client::connect(&server, path);
                client.send(&[messages.clone(), last].concat());
                client.end();
                let mut rest = Vec::new();
                let _ = client.stream.read_to_end(&mut rest);
            }
        }
        check(server);
    }
}

#[test]
fn a_text_from_a_client_is_one_line_of_the_output() {
    let server = Server::start(&[]);
    let mut client = Client::connect(&server, "/");
    client.send(&text("one\u{2028}two\u{2029}three\u{85}four\n127.0.0.1:1 says: five"));
    client.ping();
    let line = server.wait_for_output("says: one");
    assert!(line.ends_with(r"says: one\u{2028}two\u{2029}three\u{85}four\n127.0.0.1:1 says: five"), "{line}");
}

#[test]
fn the_body_of_a_404_shows_the_path_with_escapes() {
    let server = Server::start(&[]);
    let request = Request::get(&server, "/").line("GET /\u{202e}gpj.exe HTTP/1.1");
    let response = crate::support::http::exchange(&server, &request.bytes());
    assert_eq!(response.status, 404);
    assert!(response.body.starts_with(r"nothing found at /\u{202e}gpj.exe; try "), "{}", response.body);
    server.wait_for_log(&[r"rejected on /\u{202e}gpj.exe with 404"]);
}
