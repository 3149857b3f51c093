//! The conversations that are compared: every opcode, every form of the length, fragments, Close
//! frames, compression and broken rules.

use dissector::Direction::{self, ToClient, ToServer};
use protocol::frame::{LengthForm, MaskingKey};

use crate::common::{
    HELLO, HELLO_AGAIN, KEY, REQUEST, RESPONSE, deflater, frame, frame_with_form, masked, replaced, sent, unmasked,
    with_extension, with_line,
};

/// A conversation, and the fields that Wireshark is known to show differently.
pub(crate) struct CorpusCase {
    pub(crate) name: &'static str,
    /// The bytes. Each piece starts a new packet.
    pub(crate) pieces: Vec<(Direction, Vec<u8>)>,
    pub(crate) differences: Vec<Difference>,
    pub(crate) is_ipv6: bool,
    /// Whether the trees are compared line by line. They differ if there are long payloads, which
    /// Wireshark truncates at another point, or characters that it writes in its own way.
    pub(crate) has_equal_trees: bool,
}

/// A field that Wireshark shows differently. The test fails if there is no difference.
pub(crate) struct Difference {
    /// The number of the head or frame. Counting starts at 0 and includes both directions.
    pub(crate) unit: usize,
    pub(crate) field: &'static str,
}

/// Declares that Wireshark shows `field` of unit `unit` differently; `_why` documents the reason.
const fn differs(unit: usize, field: &'static str, _why: &'static str) -> Difference {
    Difference { unit, field }
}

fn case(name: &'static str, pieces: Vec<(Direction, Vec<u8>)>) -> CorpusCase {
    CorpusCase { name, pieces, differences: Vec::new(), is_ipv6: false, has_equal_trees: false }
}

/// Creates a case with the usual handshake, followed by `frames`.
fn after_handshake(name: &'static str, frames: impl IntoIterator<Item = (Direction, Vec<u8>)>) -> CorpusCase {
    let handshake = [(ToServer, REQUEST.as_bytes().to_vec()), (ToClient, RESPONSE.as_bytes().to_vec())];
    case(name, handshake.into_iter().chain(frames).collect())
}

pub(crate) fn corpus() -> Vec<CorpusCase> {
    vec![
        handshake_with_everything(),
        rejection(),
        page(),
        wrong_answer(),
        CorpusCase { has_equal_trees: true, ..after_handshake("every opcode, masked and not", opcodes()) },
        after_handshake("every form of length", lengths()),
        several_in_a_packet(),
        fragments(),
        after_handshake("Close frames", closes()),
        after_handshake("forbidden bits and lengths", broken_headers()),
        after_handshake("forbidden payloads", broken_payloads()),
        broken_sequences(),
        interleaved_directions(),
        compression(),
        compression_with(
            "permessage-deflate, independent messages",
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
        CorpusCase { is_ipv6: true, ..after_handshake("IPv6", opcodes()) },
    ]
}

fn handshake_with_everything() -> CorpusCase {
    let request = with_line(
        &replaced(REQUEST, "/chat", "/chat?room=1&x=%20"),
        "Origin: http://example.com\r\nSec-WebSocket-Protocol: chat, superchat\r\nUser-Agent: x/1.0\r\nCookie: a=b; c=d; e\r\n\
         Accept: */*\r\nAccept-Language: en\r\nAccept-Encoding: gzip, deflate\r\nCache-Control: no-cache\r\n\
         X-Forwarded-For: 192.0.2.7\r\nX-Something:   else  ",
    );
    let response = with_line(
        RESPONSE,
        "Sec-WebSocket-Protocol: chat\r\nServer: y/2.0\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\nSet-Cookie: c=d",
    );
    case(
        "a handshake with every header",
        vec![(ToServer, request.into_bytes()), (ToClient, response.into_bytes()), (ToServer, masked(0x81, b"Hello"))],
    )
}

fn rejection() -> CorpusCase {
    let request = replaced(REQUEST, "Version: 13", "Version: 8");
    let response = "HTTP/1.1 426 Upgrade Required\r\nContent-Type: text/plain; charset=utf-8\r\n\
        Sec-WebSocket-Version: 13\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\nContent-Length: 6\r\n\r\nhello\n";
    case("a rejection", vec![(ToServer, request.into_bytes()), (ToClient, response.into())])
}

fn page() -> CorpusCase {
    let request = "GET / HTTP/1.1\r\nHost: 192.0.2.2:8080\r\n\r\n";
    let response =
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 8\r\nConnection: close\r\n\r\n<p>Hi!</";
    case("a page", vec![(ToServer, request.into()), (ToClient, response.into())])
}

fn wrong_answer() -> CorpusCase {
    let response = replaced(RESPONSE, "s3p", "S3P");
    case("a wrong answer to the key", vec![(ToServer, REQUEST.into()), (ToClient, response.into_bytes())])
}

/// Returns a payload that is valid for the opcode.
fn payload_of(opcode: u8) -> &'static [u8] {
    if opcode == 8 { b"\x03\xE8because" } else { "päyload".as_bytes() }
}

fn opcodes() -> Vec<(Direction, Vec<u8>)> {
    let mut pieces = Vec::new();
    for opcode in [0x1, 0x2, 0x9, 0xA, 0x3, 0x4, 0x5, 0x6, 0x7, 0xB, 0xC, 0xD, 0xE, 0xF, 0x8] {
        pieces.push((ToServer, masked(0x80 | opcode, payload_of(opcode))));
        pieces.push((ToClient, unmasked(0x80 | opcode, payload_of(opcode))));
        pieces.push((ToServer, masked(0x80 | opcode, b"")));
        pieces.push((ToClient, unmasked(0x80 | opcode, b"")));
    }
    pieces
}

fn lengths() -> Vec<(Direction, Vec<u8>)> {
    let mut pieces = Vec::new();
    for length in [0, 1, 124, 125, 126, 127, 128, 255, 256, 65_534, 65_535, 65_536, 70_000] {
        let payload: Vec<u8> = (b'a'..=b'z').cycle().take(length).collect();
        // A key of zeros leaves the payload unchanged. It is valid, because every key is.
        let key = MaskingKey([0, 0, 0, 0]);
        pieces.push((ToServer, frame(0x82, &payload, Some(key))));
        pieces.push((ToServer, masked(0x81, &payload)));
        pieces.push((ToClient, unmasked(0x81, &payload)));
    }
    pieces
}

fn several_in_a_packet() -> CorpusCase {
    let first = [RESPONSE.as_bytes(), &unmasked(0x81, b"with the response")].concat();
    let mut case = case(
        "several frames in a packet, and a frame in several",
        vec![
            (ToServer, REQUEST.into()),
            (ToClient, first),
            (ToServer, [masked(0x81, b"one"), masked(0x89, b"two"), masked(0x82, b"three")].concat()),
            (ToClient, [unmasked(0x8A, b"two"), unmasked(0x81, b"four")].concat()),
        ],
    );
    for piece in masked(0x81, &[b'z'; 130]).chunks(7) {
        case.pieces.push((ToServer, piece.to_vec()));
    }
    CorpusCase { has_equal_trees: true, ..case }
}

fn fragments() -> CorpusCase {
    let euro = "€".as_bytes();
    let case = after_handshake(
        "messages in fragments",
        [
            (ToServer, masked(0x01, b"Hel")),
            (ToServer, masked(0x89, b"between")),
            (ToServer, masked(0x00, b"")),
            (ToServer, masked(0x80, b"lo")),
            (ToClient, unmasked(0x02, b"ab")),
            (ToClient, unmasked(0x80, b"cd")),
            (ToClient, unmasked(0x01, &euro[..1])),
            (ToClient, unmasked(0x80, &euro[1..])),
            (ToServer, masked(0x01, b"a")),
            (ToServer, masked(0x00, b"b")),
            (ToServer, masked(0x80, b"c")),
            (ToServer, masked(0x01, b"empty end")),
            (ToServer, masked(0x80, b"")),
            (ToServer, masked(0x01, b"")),
            (ToServer, masked(0x80, b"")),
        ],
    );
    CorpusCase { has_equal_trees: true, ..case }
}

fn closes() -> Vec<(Direction, Vec<u8>)> {
    let mut pieces = vec![(ToServer, masked(0x88, b"")), (ToClient, unmasked(0x88, b""))];
    for code in [1000_u16, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999] {
        let body = [&code.to_be_bytes(), "Grüße".as_bytes()].concat();
        pieces.push((ToServer, masked(0x88, &body)));
        pieces.push((ToClient, unmasked(0x88, &body[..2])));
    }
    pieces
}

fn broken_headers() -> Vec<(Direction, Vec<u8>)> {
    vec![
        (ToServer, masked(0xC1, b"RSV1")),
        (ToServer, masked(0xA2, b"RSV2")),
        (ToClient, unmasked(0x99, b"RSV3")),
        (ToClient, unmasked(0xFA, b"all")),
        (ToServer, frame_with_form(0x81, b"Hello", Some(KEY), LengthForm::Sixteen)),
        (ToServer, frame_with_form(0x82, b"Hello", Some(KEY), LengthForm::SixtyFour)),
        (ToClient, frame_with_form(0x81, &[b'x'; 300], None, LengthForm::SixtyFour)),
        (ToServer, masked(0x89, &[b'p'; 126])),
        (ToClient, unmasked(0x8A, &[b'p'; 300])),
        (ToServer, unmasked(0x81, b"unmasked")),
        (ToClient, masked(0x81, b"masked")),
    ]
}

fn broken_payloads() -> Vec<(Direction, Vec<u8>)> {
    vec![
        (ToServer, masked(0x81, b"ab\xFFcd")),
        (ToClient, unmasked(0x81, b"\xC0\xAF")),
        (ToServer, masked(0x81, b"\xED\xA0\x80")),
        (ToServer, masked(0x81, b"cut \xE2\x82")),
        (ToServer, masked(0x88, b"\x03")),
        (ToServer, masked(0x88, b"\x03\xEDno status")),
        (ToServer, masked(0x88, b"\x00\x00")),
        (ToClient, unmasked(0x88, b"\x03\xE8\xFF\xFE")),
        (ToClient, unmasked(0x81, b"after a Close")),
    ]
}

fn broken_sequences() -> CorpusCase {
    let mut case = after_handshake(
        "frames in a forbidden order",
        [
            (ToServer, masked(0x80, b"of nothing")),
            (ToServer, masked(0x01, b"one")),
            (ToServer, masked(0x81, b"two")),
            (ToServer, masked(0x80, b"three")),
            (ToClient, unmasked(0x09, b"pi")),
            (ToClient, unmasked(0x80, b"ng")),
        ],
    );
    let lost = "Wireshark appends the frame to a message that never ended; here a new message replaces the old one";
    let ping = "Wireshark takes a fragmented Ping for the beginning of a message";
    case.differences = vec![
        differs(5, "websocket.payload.text", lost),
        differs(5, "websocket.payload.unknown", lost),
        differs(7, "websocket.payload.text", ping),
        differs(7, "websocket.payload.unknown", ping),
    ];
    case
}

fn interleaved_directions() -> CorpusCase {
    let mut case = after_handshake(
        "messages in fragments, both ways at once",
        [
            (ToClient, unmasked(0x02, b"ab")),
            (ToServer, masked(0x01, b"Hel")),
            (ToClient, unmasked(0x80, b"cd")),
            (ToServer, masked(0x80, b"lo")),
        ],
    );
    let why = "Wireshark 4.0 keeps one opcode for both directions, so it takes the bytes for text";
    case.differences = vec![differs(4, "websocket.payload.text", why), differs(4, "data.data", why)];
    case
}

/// The examples of RFC 7692, section 7.2.3, and some others.
fn compression() -> CorpusCase {
    let frames = [
        sent(ToServer, 0x81, b"not compressed"),
        sent(ToClient, 0x81, b"nor this"),
        sent(ToServer, 0x89, b"ping"),
        sent(ToServer, 0xC1, &HELLO),
        sent(ToClient, 0xC1, &HELLO),
        // Compressed messages do not refer back to an uncompressed message between them.
        sent(ToServer, 0x82, b"\0\0\0"),
        sent(ToServer, 0xC1, &HELLO_AGAIN),
        sent(ToClient, 0xC2, &HELLO_AGAIN),
        // A block without compression.
        sent(ToServer, 0xC1, &[0x00, 0x05, 0x00, 0xFA, 0xFF, b'H', b'e', b'l', b'l', b'o', 0x00]),
        // Two blocks.
        sent(ToServer, 0xC1, &[0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00]),
        // An empty message.
        sent(ToServer, 0xC1, &[0x00]),
        sent(ToServer, 0xC1, &HELLO_AGAIN),
    ];
    case("permessage-deflate", with_extension("permessage-deflate", &frames))
}

/// Typical messages from a program, in both directions, compressed with these parameters.
fn compression_with(name: &'static str, element: &str) -> CorpusCase {
    let mut frames = Vec::new();
    for direction in Direction::BOTH {
        let mut deflater = deflater(direction, element);
        for sequence in 0..8 {
            let clients = format!("{{\"sequence\":{sequence},\"clients\":[{}]}}", "\"somebody\",".repeat(sequence));
            frames.push(sent(direction, 0xC1, &deflater.deflate(clients.as_bytes(), true)));
        }
        // This message is longer than the smaller windows, and repeats itself every 700 bytes.
        let long: Vec<u8> = (0..3000_usize).map(|at| (at % 700 / 3).to_le_bytes()[0]).collect();
        frames.push(sent(direction, 0xC2, &deflater.deflate(&long, true)));
        frames.push(sent(direction, 0xC2, &deflater.deflate(&long, true)));
    }
    case(name, with_extension(element, &frames))
}

fn takeover_one_way() -> CorpusCase {
    let frames = [
        sent(ToServer, 0xC1, &HELLO),
        sent(ToServer, 0xC1, &HELLO_AGAIN),
        sent(ToClient, 0xC1, &HELLO),
        sent(ToClient, 0xC1, &HELLO),
    ];
    let element = "permessage-deflate; server_no_context_takeover";
    let mut case = case("permessage-deflate, takeover in one direction", with_extension(element, &frames));
    let why = "Wireshark 4.0 applies the server's parameter to the client's messages, and the client's to the server's";
    case.differences = vec![differs(3, "websocket.payload.text", why)];
    case
}

fn compressed_fragments() -> CorpusCase {
    let frames = [
        sent(ToServer, 0x41, &HELLO[..3]),
        sent(ToServer, 0x00, &HELLO[3..4]),
        sent(ToServer, 0x80, &HELLO[4..]),
        sent(ToClient, 0x42, &HELLO[..3]),
        sent(ToClient, 0x80, &HELLO[3..]),
    ];
    let mut case = case("a compressed message in fragments", with_extension("permessage-deflate", &frames));
    let why = "Wireshark looks for RSV1 on the last fragment, so it takes the compressed bytes for the message";
    case.differences = vec![differs(4, "websocket.payload.text", why), differs(6, "data.data", why)];
    case
}

fn broken_compression() -> CorpusCase {
    let frames = [
        sent(ToServer, 0xC1, &[0xFF, 0xFF, 0xFF]),
        sent(ToClient, 0xC1, &HELLO_AGAIN),
        sent(ToServer, 0x81, b"continues without"),
    ];
    case("invalid DEFLATE", with_extension("permessage-deflate", &frames))
}

/// A conversation in which each byte is sent in a separate packet.
fn byte_by_byte() -> CorpusCase {
    let units = [
        (ToServer, REQUEST.as_bytes().to_vec()),
        (ToClient, RESPONSE.as_bytes().to_vec()),
        (ToServer, masked(0x81, b"Hello")),
        (ToClient, unmasked(0x82, &[7; 130])),
        (ToServer, masked(0x88, b"\x03\xE8bye")),
    ];
    let pieces =
        units.into_iter().flat_map(|(direction, unit)| unit.into_iter().map(move |byte| (direction, vec![byte])));
    case("byte by byte", pieces.collect())
}
