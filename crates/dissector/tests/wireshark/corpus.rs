//! Conversations to be compared: every opcode and every form of length, fragments, ends, and broken rules.

use dissector::Direction::{self, ToClient, ToServer};
use protocol::frame::MaskingKey;

use crate::common::{
    HELLO, HELLO_AGAIN, KEY, REQUEST, RESPONSE, agreed, but, deflater, frame, frame_as, masked, plain, sent, with,
};

/// A conversation, and where Wireshark is known to see something else.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// What goes through, each piece in a packet of its own.
    pub(crate) pieces: Vec<(Direction, Vec<u8>)>,
    pub(crate) differences: Vec<Difference>,
    pub(crate) is_ipv6: bool,
}

/// A field that Wireshark shows otherwise. It is an error if it does not.
pub(crate) struct Difference {
    /// Counts heads and frames, both directions together, from 0.
    pub(crate) unit: usize,
    pub(crate) field: &'static str,
}

/// Unit `unit` shows `field` otherwise, because of `_why`.
const fn differs(unit: usize, field: &'static str, _why: &'static str) -> Difference {
    Difference { unit, field }
}

fn case(name: &'static str, pieces: Vec<(Direction, Vec<u8>)>) -> Case {
    Case { name, pieces, differences: Vec::new(), is_ipv6: false }
}

/// A handshake as always, then these.
fn open(name: &'static str, frames: impl IntoIterator<Item = (Direction, Vec<u8>)>) -> Case {
    let handshake = [(ToServer, REQUEST.as_bytes().to_vec()), (ToClient, RESPONSE.as_bytes().to_vec())];
    case(name, handshake.into_iter().chain(frames).collect())
}

pub(crate) fn corpus() -> Vec<Case> {
    vec![
        handshake_with_everything(),
        rejection(),
        page(),
        wrong_answer(),
        open("every opcode, masked and not", opcodes()),
        open("every form of length", lengths()),
        several_in_a_packet(),
        fragments(),
        open("the ends of a connection", closes()),
        open("bits and lengths that must not be", broken_headers()),
        open("payloads that must not be", broken_payloads()),
        broken_sequences(),
        interleaved_directions(),
        compression(),
        compression_with(
            "permessage-deflate, every message by itself",
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
        ),
        compression_with(
            "permessage-deflate, small windows",
            "permessage-deflate; server_max_window_bits=9; client_max_window_bits=10",
        ),
        takeover_one_way(),
        compressed_fragments(),
        broken_compression(),
        byte_by_byte(),
        Case { is_ipv6: true, ..open("IPv6", opcodes()) },
    ]
}

/// Cases whose trees are compared line by line: those without long payloads, which Wireshark cuts elsewhere, and without
/// characters that it writes in its own way.
pub(crate) const READS_THE_SAME: [&str; 3] =
    ["every opcode, masked and not", "messages in fragments", "several frames in a packet, and a frame in several"];

fn handshake_with_everything() -> Case {
    let request = with(
        &but(REQUEST, "/chat", "/chat?room=1&x=%20"),
        "Origin: http://example.com\r\nSec-WebSocket-Protocol: chat, superchat\r\nUser-Agent: x/1.0\r\nCookie: a=b; c=d; e\r\n\
         Accept: */*\r\nAccept-Language: en\r\nAccept-Encoding: gzip, deflate\r\nCache-Control: no-cache\r\n\
         X-Forwarded-For: 192.0.2.7\r\nX-Something:   else  ",
    );
    let response = with(
        RESPONSE,
        "Sec-WebSocket-Protocol: chat\r\nServer: y/2.0\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\nSet-Cookie: c=d",
    );
    case(
        "a handshake with every header",
        vec![(ToServer, request.into_bytes()), (ToClient, response.into_bytes()), (ToServer, masked(0x81, b"Hello"))],
    )
}

fn rejection() -> Case {
    let request = but(REQUEST, "Version: 13", "Version: 8");
    let response = "HTTP/1.1 426 Upgrade Required\r\nContent-Type: text/plain; charset=utf-8\r\n\
        Sec-WebSocket-Version: 13\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\nContent-Length: 6\r\n\r\nhello\n";
    case("a rejection", vec![(ToServer, request.into_bytes()), (ToClient, response.into())])
}

fn page() -> Case {
    let request = "GET / HTTP/1.1\r\nHost: 192.0.2.2:8080\r\n\r\n";
    let response =
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 8\r\nConnection: close\r\n\r\n<p>Hi!</";
    case("a page", vec![(ToServer, request.into()), (ToClient, response.into())])
}

fn wrong_answer() -> Case {
    let response = but(RESPONSE, "s3p", "S3P");
    case("a wrong answer to the key", vec![(ToServer, REQUEST.into()), (ToClient, response.into_bytes())])
}

/// A payload that fits the opcode.
fn payload_of(opcode: u8) -> &'static [u8] {
    if opcode == 8 { b"\x03\xE8because" } else { "päyload".as_bytes() }
}

fn opcodes() -> Vec<(Direction, Vec<u8>)> {
    let mut pieces = Vec::new();
    for opcode in [0x1, 0x2, 0x9, 0xA, 0x3, 0x4, 0x5, 0x6, 0x7, 0xB, 0xC, 0xD, 0xE, 0xF, 0x8] {
        pieces.push((ToServer, masked(0x80 | opcode, payload_of(opcode))));
        pieces.push((ToClient, plain(0x80 | opcode, payload_of(opcode))));
        pieces.push((ToServer, masked(0x80 | opcode, b"")));
        pieces.push((ToClient, plain(0x80 | opcode, b"")));
    }
    pieces
}

fn lengths() -> Vec<(Direction, Vec<u8>)> {
    let mut pieces = Vec::new();
    for length in [0, 1, 124, 125, 126, 127, 128, 255, 256, 65_534, 65_535, 65_536, 70_000] {
        let payload: Vec<u8> = (b'a'..=b'z').cycle().take(length).collect();
        // The key of 0 leaves the payload as it is; all keys are allowed.
        let key = MaskingKey([0, 0, 0, 0]);
        pieces.push((ToServer, frame(0x82, &payload, Some(key))));
        pieces.push((ToServer, masked(0x81, &payload)));
        pieces.push((ToClient, plain(0x81, &payload)));
    }
    pieces
}

fn several_in_a_packet() -> Case {
    let first = [RESPONSE.as_bytes(), &plain(0x81, b"with the response")].concat();
    let mut case = case(
        "several frames in a packet, and a frame in several",
        vec![
            (ToServer, REQUEST.into()),
            (ToClient, first),
            (ToServer, [masked(0x81, b"one"), masked(0x89, b"two"), masked(0x82, b"three")].concat()),
            (ToClient, [plain(0x8A, b"two"), plain(0x81, b"four")].concat()),
        ],
    );
    for piece in masked(0x81, &[b'z'; 130]).chunks(7) {
        case.pieces.push((ToServer, piece.to_vec()));
    }
    case
}

fn fragments() -> Case {
    let euro = "€".as_bytes();
    let mut case = open(
        "messages in fragments",
        [
            (ToServer, masked(0x01, b"Hel")),
            (ToServer, masked(0x89, b"between")),
            (ToServer, masked(0x00, b"")),
            (ToServer, masked(0x80, b"lo")),
            (ToClient, plain(0x02, b"ab")),
            (ToClient, plain(0x80, b"cd")),
            (ToClient, plain(0x01, &euro[..1])),
            (ToClient, plain(0x80, &euro[1..])),
            (ToServer, masked(0x01, b"a")),
            (ToServer, masked(0x00, b"b")),
            (ToServer, masked(0x80, b"c")),
            (ToServer, masked(0x01, b"empty end")),
            (ToServer, masked(0x80, b"")),
            (ToServer, masked(0x01, b"")),
            (ToServer, masked(0x80, b"")),
        ],
    );
    // From RFC 6455, section 5.4, nothing speaks against a fragment of a fragment; Wireshark 4.0 shows the middle one twice.
    case.differences = vec![];
    case
}

fn closes() -> Vec<(Direction, Vec<u8>)> {
    let mut pieces = vec![(ToServer, masked(0x88, b"")), (ToClient, plain(0x88, b""))];
    for code in [1000_u16, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999] {
        let body = [&code.to_be_bytes(), "Grüße".as_bytes()].concat();
        pieces.push((ToServer, masked(0x88, &body)));
        pieces.push((ToClient, plain(0x88, &body[..2])));
    }
    pieces
}

fn broken_headers() -> Vec<(Direction, Vec<u8>)> {
    vec![
        (ToServer, masked(0xC1, b"RSV1")),
        (ToServer, masked(0xA2, b"RSV2")),
        (ToClient, plain(0x99, b"RSV3")),
        (ToClient, plain(0xFA, b"all")),
        (ToServer, frame_as(0x81, b"Hello", Some(KEY), 16)),
        (ToServer, frame_as(0x82, b"Hello", Some(KEY), 64)),
        (ToClient, frame_as(0x81, &[b'x'; 300], None, 64)),
        (ToServer, masked(0x89, &[b'p'; 126])),
        (ToClient, plain(0x8A, &[b'p'; 300])),
        (ToServer, plain(0x81, b"unmasked")),
        (ToClient, masked(0x81, b"masked")),
    ]
}

fn broken_payloads() -> Vec<(Direction, Vec<u8>)> {
    vec![
        (ToServer, masked(0x81, b"ab\xFFcd")),
        (ToClient, plain(0x81, b"\xC0\xAF")),
        (ToServer, masked(0x81, b"\xED\xA0\x80")),
        (ToServer, masked(0x81, b"cut \xE2\x82")),
        (ToServer, masked(0x88, b"\x03")),
        (ToServer, masked(0x88, b"\x03\xEDno status")),
        (ToServer, masked(0x88, b"\x00\x00")),
        (ToClient, plain(0x88, b"\x03\xE8\xFF\xFE")),
        (ToClient, plain(0x81, b"after a Close")),
    ]
}

fn broken_sequences() -> Case {
    let mut case = open(
        "frames that must not be here",
        [
            (ToServer, masked(0x80, b"of nothing")),
            (ToServer, masked(0x01, b"one")),
            (ToServer, masked(0x81, b"two")),
            (ToServer, masked(0x80, b"three")),
            (ToClient, plain(0x09, b"pi")),
            (ToClient, plain(0x80, b"ng")),
        ],
    );
    let lost = "Wireshark puts the frame behind a message that was never ended; here a new message forgets the old one";
    let ping = "Wireshark takes a fragmented Ping for the beginning of a message";
    case.differences = vec![
        differs(5, "websocket.payload.text", lost),
        differs(5, "websocket.payload.unknown", lost),
        differs(7, "websocket.payload.text", ping),
        differs(7, "websocket.payload.unknown", ping),
    ];
    case
}

fn interleaved_directions() -> Case {
    let mut case = open(
        "messages in fragments, both ways at once",
        [
            (ToClient, plain(0x02, b"ab")),
            (ToServer, masked(0x01, b"Hel")),
            (ToClient, plain(0x80, b"cd")),
            (ToServer, masked(0x80, b"lo")),
        ],
    );
    let why = "Wireshark 4.0 keeps one opcode for both directions, and so takes the bytes for text";
    case.differences = vec![differs(4, "websocket.payload.text", why), differs(4, "data.data", why)];
    case
}

/// The examples of RFC 7692, section 7.2.3, and some more.
fn compression() -> Case {
    let frames = [
        sent(ToServer, 0x81, b"not compressed"),
        sent(ToClient, 0x81, b"nor this"),
        sent(ToServer, 0x89, b"ping"),
        sent(ToServer, 0xC1, &HELLO),
        sent(ToClient, 0xC1, &HELLO),
        // An uncompressed message in between is not referred to.
        sent(ToServer, 0x82, b"\0\0\0"),
        sent(ToServer, 0xC1, &HELLO_AGAIN),
        sent(ToClient, 0xC2, &HELLO_AGAIN),
        // A block without compression.
        sent(ToServer, 0xC1, &[0x00, 0x05, 0x00, 0xFA, 0xFF, b'H', b'e', b'l', b'l', b'o', 0x00]),
        // Two blocks.
        sent(ToServer, 0xC1, &[0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00]),
        // Nothing.
        sent(ToServer, 0xC1, &[0x00]),
        sent(ToServer, 0xC1, &HELLO_AGAIN),
    ];
    case("permessage-deflate", agreed("permessage-deflate", &frames))
}

/// Messages like those of a program, both ways, with what these parameters allow.
fn compression_with(name: &'static str, element: &str) -> Case {
    let mut frames = Vec::new();
    for direction in Direction::BOTH {
        let mut deflater = deflater(direction, element);
        for sequence in 0..8 {
            let clients = format!("{{\"sequence\":{sequence},\"clients\":[{}]}}", "\"somebody\",".repeat(sequence));
            frames.push(sent(direction, 0xC1, &deflater.deflate(clients.as_bytes(), true)));
        }
        // Longer than the smaller windows, and alike at a distance.
        let long: Vec<u8> = (0..3000_usize).map(|at| (at % 700 / 3).to_le_bytes()[0]).collect();
        frames.push(sent(direction, 0xC2, &deflater.deflate(&long, true)));
        frames.push(sent(direction, 0xC2, &deflater.deflate(&long, true)));
    }
    case(name, agreed(element, &frames))
}

fn takeover_one_way() -> Case {
    let frames = [
        sent(ToServer, 0xC1, &HELLO),
        sent(ToServer, 0xC1, &HELLO_AGAIN),
        sent(ToClient, 0xC1, &HELLO),
        sent(ToClient, 0xC1, &HELLO),
    ];
    let element = "permessage-deflate; server_no_context_takeover";
    let mut case = case("permessage-deflate, takeover one way", agreed(element, &frames));
    let why =
        "Wireshark 4.0 takes what is said of the server's messages as said of the client's, and the other way round";
    case.differences = vec![differs(3, "websocket.payload.text", why)];
    case
}

fn compressed_fragments() -> Case {
    let frames = [
        sent(ToServer, 0x41, &HELLO[..3]),
        sent(ToServer, 0x00, &HELLO[3..4]),
        sent(ToServer, 0x80, &HELLO[4..]),
        sent(ToClient, 0x42, &HELLO[..3]),
        sent(ToClient, 0x80, &HELLO[3..]),
    ];
    let mut case = case("a compressed message in fragments", agreed("permessage-deflate", &frames));
    let why = "Wireshark looks for RSV1 on the last fragment, and so takes the compressed bytes for the message";
    case.differences = vec![differs(4, "websocket.payload.text", why), differs(6, "data.data", why)];
    case
}

fn broken_compression() -> Case {
    let frames = [
        sent(ToServer, 0xC1, &[0xFF, 0xFF, 0xFF]),
        sent(ToClient, 0xC1, &HELLO_AGAIN),
        sent(ToServer, 0x81, b"goes on without"),
    ];
    case("what is no DEFLATE", agreed("permessage-deflate", &frames))
}

/// A packet for each byte.
fn byte_by_byte() -> Case {
    let units = [
        (ToServer, REQUEST.as_bytes().to_vec()),
        (ToClient, RESPONSE.as_bytes().to_vec()),
        (ToServer, masked(0x81, b"Hello")),
        (ToClient, plain(0x82, &[7; 130])),
        (ToServer, masked(0x88, b"\x03\xE8bye")),
    ];
    let pieces =
        units.into_iter().flat_map(|(direction, unit)| unit.into_iter().map(move |byte| (direction, vec![byte])));
    case("byte by byte", pieces.collect())
}
