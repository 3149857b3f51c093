//! The bytes of every fault of the laboratory, written by hand, and functions that check whether
//! exactly these bytes were sent.
//!
//! The tests of the laboratory, the server and the client use this module. It does not depend on
//! the laboratory, so if the laboratory sends wrong bytes, the bytes here are still right and the
//! tests fail.

/// A key for requests. [`ACCEPT`] is its accept value. The RFC's example key is not suitable: the
/// fault `accept-wrong` sends the accept value of that key, which would then be correct.
pub const KEY: &str = "x3JJHMbDL1EzLkh9GBhXDw==";
/// The accept value for [`KEY`].
pub const ACCEPT: &str = "HSmrc0sMlYUkAGmm5OPpG2HaGWk=";

/// The side that sends the fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultSender {
    /// A client.
    Client,
    /// A server.
    Server,
}

/// A frame: its header as a server sends it, with neither the MASK bit nor a masking key, followed
/// by its unmasked payload.
struct SentFrame(Vec<u8>, Vec<u8>);

fn frame(header: &[u8], payload: &[u8]) -> SentFrame {
    SentFrame(header.to_vec(), payload.to_vec())
}

/// Returns the Ping that is sent after a faulty response, and after faulty frames without a Close.
fn follow_up_ping() -> SentFrame {
    frame(b"\x89\x0c", b"still there?")
}

/// Returns the frames of a fault, or `None` for a fault in the handshake.
fn frames(name: &str) -> Option<Vec<SentFrame>> {
    let hello = |header: &[u8]| vec![frame(header, b"Hello"), follow_up_ping()];
    let text = |payload: &[u8]| {
        let length = u8::try_from(payload.len()).expect("short");
        vec![frame(&[0x81, length], payload), follow_up_ping()]
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
            vec![frame(b"\x01\x03", b"Hel"), frame(b"\x81\x05", b"Hello"), frame(b"\x80\x02", b"lo"), follow_up_ping()]
        }
        "invalid-utf8" => text(b"Hel\xfflo"),
        "invalid-utf8-overlong" => text(b"Hel\xc0\xaflo"),
        "invalid-utf8-surrogate" => text(b"Hel\xed\xa0\x80lo"),
        "invalid-utf8-beyond" => text(b"Hel\xf4\x90\x80\x80lo"),
        "invalid-utf8-cut" => text(b"Hello \xe2\x82"),
        "invalid-utf8-fragments" => {
            vec![frame(b"\x01\x05", b"Hel\xe2\x82"), frame(b"\x80\x02", b"lo"), follow_up_ping()]
        }
        "invalid-utf8-cut-fragment" => {
            vec![frame(b"\x01\x03", b"Hel"), frame(b"\x80\x05", b"lo \xe2\x82"), follow_up_ping()]
        }
        "fragmented-ping" => hello(b"\x09\x05"),
        "fragmented-pong" => hello(b"\x0a\x05"),
        "fragmented-close" => vec![frame(b"\x08\x02", b"\x03\xe8")],
        "long-ping" => vec![frame(b"\x89\x7e\x00\x7e", &[b'x'; 126]), follow_up_ping()],
        "long-pong" => vec![frame(b"\x8a\x7e\x00\x7e", &[b'x'; 126]), follow_up_ping()],
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
        "ping-after-close" => vec![frame(b"\x88\x02", b"\x03\xe8"), follow_up_ping()],
        "close-after-close" => vec![frame(b"\x88\x02", b"\x03\xe8"), frame(b"\x88\x02", b"\x03\xe9")],
        _ => return None,
    })
}

/// Checks the bytes of a fault on an open connection. Returns the bytes after the fault, and the
/// masking keys of its frames.
#[track_caller]
pub fn check_frames<'a>(name: &str, sender: FaultSender, mut sent: &'a [u8]) -> (&'a [u8], Vec<[u8; 4]>) {
    let mut keys = Vec::new();
    for (index, SentFrame(mut header, payload)) in frames(name).expect("a fault in frames").into_iter().enumerate() {
        // The faults `unmasked-frame` and `masked-frame` affect only the first frame. The Ping that
        // follows is masked only if the sender's role requires it, so check the index as well.
        let is_masked_wrongly = index == 0 && matches!(name, "unmasked-frame" | "masked-frame");
        let is_masked = (sender == FaultSender::Client) != is_masked_wrongly;
        if is_masked {
            header[1] |= 0x80;
        }
        let actual = take(&mut sent, header.len(), name);
        assert_eq!(actual, header, "the header of frame {index} of {name}");
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
    assert!(count <= sent.len(), "{name}: {count} bytes should follow, but only {sent:02x?} do");
    let (front, rest) = sent.split_at(count);
    *sent = rest;
    front
}

/// The changes that a fault makes to a valid head.
struct HeadChange {
    /// The lines that the fault removes from the head.
    removed: Vec<&'static str>,
    /// The lines that the fault adds to the head.
    added: Vec<String>,
    /// The bytes that the fault sends after the head.
    body: &'static [u8],
}

fn head_change(sender: FaultSender, name: &str) -> HeadChange {
    let (removed, added): (&[&'static str], &[&str]) = match (sender, name) {
        (FaultSender::Client, "method-post") => (&["GET /echo HTTP/1.1"], &["POST /echo HTTP/1.1"]),
        (FaultSender::Client, "http-1.0") => (&["GET /echo HTTP/1.1"], &["GET /echo HTTP/1.0"]),
        (FaultSender::Client, "target-without-slash") => (&["GET /echo HTTP/1.1"], &["GET nowhere HTTP/1.1"]),
        (FaultSender::Client, "request-with-body") => (&[], &["Content-Length: 5"]),
        (FaultSender::Client, "host-missing") => (&["Host: HOST"], &[]),
        (FaultSender::Client, "host-twice") => (&[], &["Host: HOST"]),
        (FaultSender::Client, "version-missing") => (&["Sec-WebSocket-Version: 13"], &[]),
        (FaultSender::Client, "version-unknown") => (&["Sec-WebSocket-Version: 13"], &["Sec-WebSocket-Version: 12"]),
        (FaultSender::Client, "version-twice") => (&[], &["Sec-WebSocket-Version: 8"]),
        (FaultSender::Client, "key-missing") => (&["Sec-WebSocket-Key: KEY"], &[]),
        (FaultSender::Client, "key-twice") => (&[], &["Sec-WebSocket-Key: KEY"]),
        (FaultSender::Client, "key-too-short") => {
            (&["Sec-WebSocket-Key: KEY"], &["Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4P"])
        }
        (FaultSender::Client, "key-not-base64") => {
            (&["Sec-WebSocket-Key: KEY"], &["Sec-WebSocket-Key: this is not a real key=="])
        }
        (FaultSender::Client, "subprotocol-twice") => (&[], &["Sec-WebSocket-Protocol: chat, chat"]),
        (FaultSender::Server, "status-200") => {
            (&["HTTP/1.1 101 Switching Protocols"], &["HTTP/1.1 200 OK", "Content-Length: 0"])
        }
        (FaultSender::Server, "http-1.0") => {
            (&["HTTP/1.1 101 Switching Protocols"], &["HTTP/1.0 101 Switching Protocols"])
        }
        (FaultSender::Server, "accept-missing") => (&["Sec-WebSocket-Accept: ACCEPT"], &[]),
        (FaultSender::Server, "accept-twice") => (&[], &["Sec-WebSocket-Accept: ACCEPT"]),
        (FaultSender::Server, "accept-wrong") => {
            (&["Sec-WebSocket-Accept: ACCEPT"], &["Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="])
        }
        (FaultSender::Server, "subprotocol-not-offered") => (&[], &["Sec-WebSocket-Protocol: unasked"]),
        (FaultSender::Server, "extension-not-offered") => (&[], &["Sec-WebSocket-Extensions: unasked"]),
        // Each remaining fault makes the same change to a request as to a response, so the sender
        // does not matter.
        (_, "malformed-head") => (&[], &["this is not a header line"]),
        (_, "upgrade-missing") => (&["Upgrade: websocket"], &[]),
        (_, "upgrade-to-something-else") => (&["Upgrade: websocket"], &["Upgrade: h2c"]),
        (_, "connection-missing") => (&["Connection: Upgrade"], &[]),
        (_, "connection-without-upgrade") => (&["Connection: Upgrade"], &["Connection: keep-alive"]),
        (_, "subprotocol-malformed") => (&[], &["Sec-WebSocket-Protocol: not a token"]),
        (_, "extensions-malformed") => (&[], &["Sec-WebSocket-Extensions: a;"]),
        (_, "head-too-long") => {
            return HeadChange { removed: vec![], added: vec![format!("X-Long: {}", "x".repeat(131_072))], body: b"" };
        }
        (_, "header-lines-too-many") => {
            let added = (0..1000).map(|number| format!("X-Line: {number}")).collect();
            return HeadChange { removed: vec![], added, body: b"" };
        }
        _ => panic!("this file does not list the bytes of {name}"),
    };
    let body: &[u8] = if name == "request-with-body" { b"Hello" } else { b"" };
    HeadChange { removed: removed.to_vec(), added: added.iter().map(|&line| line.to_owned()).collect(), body }
}

/// Checks a faulty request for `/echo` at `host`. The request may contain any valid key. Also
/// checks that nothing follows the request.
#[track_caller]
pub fn check_request(name: &str, host: &str, sent: &[u8]) {
    let valid = [
        "GET /echo HTTP/1.1",
        "Host: HOST",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: KEY",
        "Sec-WebSocket-Version: 13",
    ];
    let rest = check_head(name, FaultSender::Client, &valid, sent, |line| {
        if line == format!("Host: {host}") { "Host: HOST".to_owned() } else { without_key(line) }
    });
    assert!(rest.is_empty(), "{name} is followed by {rest:02x?}");
}

/// Replaces a valid key with the word `KEY`.
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

/// Checks a faulty response to a request with [`KEY`], and the Ping that follows the response. Only
/// the fault `status-200` sends no Ping. Returns the remaining bytes.
#[track_caller]
pub fn check_response<'a>(name: &str, sent: &'a [u8]) -> &'a [u8] {
    let rest = check_head(name, FaultSender::Server, &valid_response(), sent, |line| line.replace(ACCEPT, "ACCEPT"));
    if name == "status-200" {
        return rest;
    }
    let SentFrame(header, payload) = follow_up_ping();
    rest.strip_prefix(&[header, payload].concat()[..]).unwrap_or_else(|| panic!("{name} is followed by {rest:02x?}"))
}

/// Checks the valid response that precedes the frames of a fault. Returns the bytes after the
/// response.
#[track_caller]
pub fn check_valid_response(sent: &[u8]) -> &[u8] {
    let (mut lines, rest) = split(sent);
    lines.iter_mut().for_each(|line| *line = line.replace(ACCEPT, "ACCEPT"));
    assert_eq!(lines, valid_response());
    rest
}

fn valid_response() -> [&'static str; 4] {
    ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: ACCEPT"]
}

#[track_caller]
fn check_head<'a>(
    name: &str,
    sender: FaultSender,
    valid: &[&str],
    sent: &'a [u8],
    normalize: impl Fn(&str) -> String,
) -> &'a [u8] {
    let HeadChange { removed, added, body } = head_change(sender, name);
    let (lines, rest) = split(sent);
    let mut expected: Vec<String> = valid.iter().map(|&line| line.to_owned()).collect();
    for line in removed {
        let at = expected.iter().position(|present| present == line).expect("a valid head has this line");
        expected.remove(at);
    }
    expected.extend(added);
    let mut lines: Vec<String> = lines.iter().map(|line| normalize(line)).collect();
    // The comparison below ignores the order of the lines, so check separately that the request
    // line or status line comes first.
    assert!(lines[0].contains(" HTTP/1.") || lines[0].starts_with("HTTP/1."), "{name} begins with {}", lines[0]);
    lines.sort();
    expected.sort();
    assert_eq!(lines, expected, "the head of {name}");
    rest.strip_prefix(body).unwrap_or_else(|| panic!("{name} is followed by {rest:02x?}"))
}

/// Splits a head into lines. Returns the lines, and the bytes after the head.
#[track_caller]
fn split(sent: &[u8]) -> (Vec<String>, &[u8]) {
    let end = sent.windows(4).position(|four| four == b"\r\n\r\n").expect("an empty line");
    let head = std::str::from_utf8(&sent[..end]).expect("ASCII");
    (head.split("\r\n").map(str::to_owned).collect(), &sent[end + 4..])
}
