//! The bytes of every experiment, written down by hand: what has to go out, and nothing else may.
//!
//! Uses nothing of this workspace. The tests of the server and of the client include this file too.

#![allow(dead_code)] // Each of the tests uses a part of this.

/// A key for requests, and what has to come back for it. Not those of the RFC, which are one of the mistakes.
pub(crate) const KEY: &str = "x3JJHMbDL1EzLkh9GBhXDw==";
pub(crate) const ACCEPT: &str = "HSmrc0sMlYUkAGmm5OPpG2HaGWk=";

/// Who sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sender {
    Client,
    Server,
}

/// A frame: its header as a server writes it, without mask, and its payload.
struct Frame(Vec<u8>, Vec<u8>);

fn frame(header: &[u8], payload: &[u8]) -> Frame {
    Frame(header.to_vec(), payload.to_vec())
}

/// The Ping behind everything that does not end in a Close.
fn question() -> Frame {
    frame(b"\x89\x0c", b"still there?")
}

/// The frames of an experiment; `None` if it is one with heads.
fn frames(name: &str) -> Option<Vec<Frame>> {
    let hello = |header: &[u8]| vec![frame(header, b"Hello"), question()];
    let text = |payload: &[u8]| {
        let length = u8::try_from(payload.len()).expect("short");
        vec![frame(&[0x81, length], payload), question()]
    };
    let close = |code: u16| vec![frame(b"\x88\x02", &code.to_be_bytes())];
    Some(match name {
        "unmasked-frame" | "masked-frame" => hello(b"\x81\x05"),
        "reserved-bit-1" => hello(b"\xc1\x05"),
        "reserved-bit-2" => hello(b"\xa1\x05"),
        "reserved-bit-3" => hello(b"\x91\x05"),
        "reserved-opcode-3" => hello(b"\x83\x05"),
        "reserved-opcode-4" => hello(b"\x84\x05"),
        "reserved-opcode-5" => hello(b"\x85\x05"),
        "reserved-opcode-6" => hello(b"\x86\x05"),
        "reserved-opcode-7" => hello(b"\x87\x05"),
        "reserved-opcode-b" => hello(b"\x8b\x05"),
        "reserved-opcode-c" => hello(b"\x8c\x05"),
        "reserved-opcode-d" => hello(b"\x8d\x05"),
        "reserved-opcode-e" => hello(b"\x8e\x05"),
        "reserved-opcode-f" => hello(b"\x8f\x05"),
        "overlong-length-16" => hello(b"\x81\x7e\x00\x05"),
        "overlong-length-64" => hello(b"\x81\x7f\x00\x00\x00\x00\x00\x00\x00\x05"),
        "length-top-bit" => hello(b"\x81\x7f\x80\x00\x00\x00\x00\x00\x00\x05"),
        "frame-too-big" => hello(b"\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff"),
        "orphan-continuation" => hello(b"\x80\x05"),
        "interleaved-message" => {
            vec![frame(b"\x01\x03", b"Hel"), frame(b"\x81\x05", b"Hello"), frame(b"\x80\x02", b"lo"), question()]
        }
        "invalid-utf8" => text(b"Hel\xfflo"),
        "invalid-utf8-overlong" => text(b"Hel\xc0\xaflo"),
        "invalid-utf8-surrogate" => text(b"Hel\xed\xa0\x80lo"),
        "invalid-utf8-beyond" => text(b"Hel\xf4\x90\x80\x80lo"),
        "invalid-utf8-cut" => text(b"Hello \xe2\x82"),
        "invalid-utf8-fragments" => vec![frame(b"\x01\x05", b"Hel\xe2\x82"), frame(b"\x80\x02", b"lo"), question()],
        "invalid-utf8-cut-fragment" => vec![frame(b"\x01\x03", b"Hel"), frame(b"\x80\x05", b"lo \xe2\x82"), question()],
        "fragmented-ping" => hello(b"\x09\x05"),
        "fragmented-pong" => hello(b"\x0a\x05"),
        "fragmented-close" => vec![frame(b"\x08\x02", b"\x03\xe8")],
        "long-ping" => vec![frame(b"\x89\x7e\x00\x7e", &[b'x'; 126]), question()],
        "long-pong" => vec![frame(b"\x8a\x7e\x00\x7e", &[b'x'; 126]), question()],
        "long-close" => vec![frame(b"\x88\x7e\x00\x7e", &[&b"\x03\xe8"[..], &[b'x'; 124]].concat())],
        "one-byte-close" => vec![frame(b"\x88\x01", b"\x03")],
        "close-reason-not-utf8" => vec![frame(b"\x88\x08", b"\x03\xe8Hel\xfflo")],
        "close-code-0" => close(0),
        "close-code-999" => close(999),
        "close-code-1004" => close(1004),
        "close-code-1005" => close(1005),
        "close-code-1006" => close(1006),
        "close-code-1015" => close(1015),
        "close-code-1016" => close(1016),
        "close-code-2999" => close(2999),
        "close-code-5000" => close(5000),
        "close-code-65535" => close(65535),
        "data-after-close" => vec![frame(b"\x88\x02", b"\x03\xe8"), frame(b"\x81\x05", b"Hello")],
        "ping-after-close" => vec![frame(b"\x88\x02", b"\x03\xe8"), question()],
        "close-after-close" => vec![frame(b"\x88\x02", b"\x03\xe8"), frame(b"\x88\x02", b"\x03\xe9")],
        _ => return None,
    })
}

/// Checks the bytes of an experiment on an open connection; gives what is behind them, and the masking keys.
#[track_caller]
pub(crate) fn check_frames<'a>(name: &str, sender: Sender, mut sent: &'a [u8]) -> (&'a [u8], Vec<[u8; 4]>) {
    let mut keys = Vec::new();
    for (index, Frame(mut header, payload)) in frames(name).expect("an experiment with frames").into_iter().enumerate()
    {
        // Only the first frame is masked wrongly; the question behind it is right.
        let is_wrong = index == 0 && matches!(name, "unmasked-frame" | "masked-frame");
        let is_masked = (sender == Sender::Client) != is_wrong;
        if is_masked {
            header[1] |= 0x80;
        }
        let wire = take(&mut sent, header.len(), name);
        assert_eq!(wire, header, "the header of frame {index} of {name}");
        let mut key = [0; 4];
        if is_masked {
            key.copy_from_slice(take(&mut sent, 4, name));
            keys.push(key);
        }
        let unmasked: Vec<u8> =
            take(&mut sent, payload.len(), name).iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
        assert_eq!(unmasked, payload, "the payload of frame {index} of {name}");
    }
    (sent, keys)
}

#[track_caller]
fn take<'a>(sent: &mut &'a [u8], count: usize, name: &str) -> &'a [u8] {
    assert!(count <= sent.len(), "{name}: {count} bytes should follow, and there are {sent:02x?}");
    let (front, rest) = sent.split_at(count);
    *sent = rest;
    front
}

/// What an experiment changes in a right head: the lines that go, the lines that come, and what stands behind.
struct Change {
    gone: Vec<&'static str>,
    come: Vec<String>,
    behind: &'static [u8],
}

fn change(sender: Sender, name: &str) -> Change {
    let (gone, come): (&[&'static str], &[&str]) = match (sender, name) {
        (Sender::Client, "method-post") => (&["GET /echo HTTP/1.1"], &["POST /echo HTTP/1.1"]),
        (Sender::Client, "http-1.0") => (&["GET /echo HTTP/1.1"], &["GET /echo HTTP/1.0"]),
        (Sender::Client, "target-without-slash") => (&["GET /echo HTTP/1.1"], &["GET nowhere HTTP/1.1"]),
        (Sender::Client, "request-with-body") => (&[], &["Content-Length: 5"]),
        (Sender::Client, "host-missing") => (&["Host: HOST"], &[]),
        (Sender::Client, "host-twice") => (&[], &["Host: HOST"]),
        (Sender::Client, "version-missing") => (&["Sec-WebSocket-Version: 13"], &[]),
        (Sender::Client, "version-unknown") => (&["Sec-WebSocket-Version: 13"], &["Sec-WebSocket-Version: 12"]),
        (Sender::Client, "version-twice") => (&[], &["Sec-WebSocket-Version: 8"]),
        (Sender::Client, "key-missing") => (&["Sec-WebSocket-Key: KEY"], &[]),
        (Sender::Client, "key-twice") => (&[], &["Sec-WebSocket-Key: KEY"]),
        (Sender::Client, "key-too-short") => {
            (&["Sec-WebSocket-Key: KEY"], &["Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4P"])
        }
        (Sender::Client, "key-not-base64") => {
            (&["Sec-WebSocket-Key: KEY"], &["Sec-WebSocket-Key: this is not a real key=="])
        }
        (Sender::Client, "subprotocol-twice") => (&[], &["Sec-WebSocket-Protocol: chat, chat"]),
        (Sender::Server, "status-200") => {
            (&["HTTP/1.1 101 Switching Protocols"], &["HTTP/1.1 200 OK", "Content-Length: 0"])
        }
        (Sender::Server, "http-1.0") => (&["HTTP/1.1 101 Switching Protocols"], &["HTTP/1.0 101 Switching Protocols"]),
        (Sender::Server, "accept-missing") => (&["Sec-WebSocket-Accept: ACCEPT"], &[]),
        (Sender::Server, "accept-twice") => (&[], &["Sec-WebSocket-Accept: ACCEPT"]),
        (Sender::Server, "accept-wrong") => {
            (&["Sec-WebSocket-Accept: ACCEPT"], &["Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="])
        }
        (Sender::Server, "subprotocol-not-offered") => (&[], &["Sec-WebSocket-Protocol: unasked"]),
        (Sender::Server, "extension-not-offered") => (&[], &["Sec-WebSocket-Extensions: unasked"]),
        // In both directions alike.
        (_, "malformed-head") => (&[], &["this is no header line"]),
        (_, "upgrade-missing") => (&["Upgrade: websocket"], &[]),
        (_, "upgrade-to-something-else") => (&["Upgrade: websocket"], &["Upgrade: h2c"]),
        (_, "connection-missing") => (&["Connection: Upgrade"], &[]),
        (_, "connection-without-upgrade") => (&["Connection: Upgrade"], &["Connection: keep-alive"]),
        (_, "subprotocol-malformed") => (&[], &["Sec-WebSocket-Protocol: not a token"]),
        (_, "extensions-malformed") => (&[], &["Sec-WebSocket-Extensions: a;"]),
        (_, "head-too-long") => {
            return Change { gone: vec![], come: vec![format!("X-Long: {}", "x".repeat(131_072))], behind: b"" };
        }
        (_, "header-lines-too-many") => {
            let come = (0..1000).map(|number| format!("X-Line: {number}")).collect();
            return Change { gone: vec![], come, behind: b"" };
        }
        _ => panic!("nobody has written down what {name} sends"),
    };
    let behind: &[u8] = if name == "request-with-body" { b"Hello" } else { b"" };
    Change { gone: gone.to_vec(), come: come.iter().map(|&line| line.to_owned()).collect(), behind }
}

/// Checks a request for `/echo` at `host`, made wrong, with any key. Nothing may follow it.
#[track_caller]
pub(crate) fn check_request(name: &str, host: &str, sent: &[u8]) {
    let right = [
        "GET /echo HTTP/1.1",
        "Host: HOST",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: KEY",
        "Sec-WebSocket-Version: 13",
    ];
    let rest = check_head(name, Sender::Client, &right, sent, |line| {
        if line == format!("Host: {host}") { "Host: HOST".to_owned() } else { without_key(line) }
    });
    assert!(rest.is_empty(), "{name} is followed by {rest:02x?}");
}

/// Any key that is as it should be.
fn without_key(line: &str) -> String {
    let is_key = |value: &str| {
        let base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
        value.len() == 24 && value.ends_with("==") && value.bytes().take(22).all(base64)
    };
    match line.strip_prefix("Sec-WebSocket-Key: ") {
        Some(value) if is_key(value) => "Sec-WebSocket-Key: KEY".to_owned(),
        _ => line.to_owned(),
    }
}

/// Checks a response to a request with [`KEY`], made wrong, and the question behind it; gives what is behind that.
#[track_caller]
pub(crate) fn check_response<'a>(name: &str, sent: &'a [u8]) -> &'a [u8] {
    let rest = check_head(name, Sender::Server, &right_response(), sent, |line| line.replace(ACCEPT, "ACCEPT"));
    if name == "status-200" {
        return rest;
    }
    let Frame(header, payload) = question();
    rest.strip_prefix(&[header, payload].concat()[..]).unwrap_or_else(|| panic!("{name} is followed by {rest:02x?}"))
}

/// Checks the right response before an experiment with frames; gives the frames.
#[track_caller]
pub(crate) fn check_right_response(sent: &[u8]) -> &[u8] {
    let (mut lines, rest) = split(sent);
    lines.iter_mut().for_each(|line| *line = line.replace(ACCEPT, "ACCEPT"));
    assert_eq!(lines, right_response());
    rest
}

fn right_response() -> [&'static str; 4] {
    ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: ACCEPT"]
}

#[track_caller]
fn check_head<'a>(
    name: &str,
    sender: Sender,
    right: &[&str],
    sent: &'a [u8],
    normal: impl Fn(&str) -> String,
) -> &'a [u8] {
    let Change { gone, come, behind } = change(sender, name);
    let (lines, rest) = split(sent);
    let mut expected: Vec<String> = right.iter().map(|&line| line.to_owned()).collect();
    for line in gone {
        let at = expected.iter().position(|present| present == line).expect("it was there");
        expected.remove(at);
    }
    expected.extend(come);
    let mut lines: Vec<String> = lines.iter().map(|line| normal(line)).collect();
    // The first line is the first.
    assert!(lines[0].contains(" HTTP/1.") || lines[0].starts_with("HTTP/1."), "{name} begins with {}", lines[0]);
    lines.sort();
    expected.sort();
    assert_eq!(lines, expected, "the head of {name}");
    rest.strip_prefix(behind).unwrap_or_else(|| panic!("{name} is followed by {rest:02x?}"))
}

/// The lines of a head, and what is behind it.
#[track_caller]
fn split(sent: &[u8]) -> (Vec<String>, &[u8]) {
    let end = sent.windows(4).position(|four| four == b"\r\n\r\n").expect("an empty line");
    let head = std::str::from_utf8(&sent[..end]).expect("ASCII");
    (head.split("\r\n").map(str::to_owned).collect(), &sent[end + 4..])
}
