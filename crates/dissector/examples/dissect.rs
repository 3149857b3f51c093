//! Dissects a whole connection: the handshake of RFC 6455, section 1.3, a text message in each
//! direction, a Ping and its Pong, and the closing handshake.
//!
//! ```sh
//! cargo run -p dissector --example dissect             # hex dumps, in colour on a terminal
//! cargo run -p dissector --example dissect -- tree     # trees in Wireshark's notation
//! cargo run -p dissector --example dissect -- explain  # trees with an explanation of each field
//! cargo run -p dissector --example dissect -- json     # one line of JSON for each record
//! ```
//!
//! Things to look for in the output of `explain`:
//!
//! * The request's key leads to the response's `Sec-WebSocket-Accept` in four steps. The steps are
//!   in brackets, because they are computed rather than sent.
//! * The client sends its text message masked, and the server sends the same message unmasked.
//! * The Pong returns the payload of the Ping.

use std::io::{IsTerminal, stdout};

use dissector::{
    Conversation,
    Direction::{ToClient, ToServer},
    Options, Record, render,
};

const REQUEST: &[u8] =
    b"GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://example.com\r\nSec-WebSocket-Version: 13\r\n\r\n";
const RESPONSE: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

fn main() {
    let rendering = std::env::args().nth(1).unwrap_or_default();
    let colour = stdout().is_terminal();
    // The conversation calls this closure once for each record.
    let mut show = |record: Record| match rendering.as_str() {
        "tree" => println!("{}", render::tree(&record)),
        "explain" => println!("{}", render::explained(&record)),
        "json" => println!("{}", render::json(&record)),
        _ => println!("{}", render::hex_dump(&record, 32, colour)),
    };
    // A real program would push the bytes that it reads and writes, with the time of each call.
    let mut conversation = Conversation::new(Options::default());
    conversation.push(ToServer, REQUEST, None, &mut show);
    conversation.push(ToClient, RESPONSE, None, &mut show);
    // Push a masked text message, and then the same message unmasked, with a Ping in the same read.
    conversation.push(ToServer, b"\x81\x85\x37\xFA\x21\x3D\x7F\x9F\x4D\x51\x58", None, &mut show);
    conversation.push(ToClient, b"\x81\x05Hello\x89\x02hi", None, &mut show);
    conversation.push(ToServer, b"\x8A\x82\x37\xFA\x21\x3D\x5F\x93", None, &mut show);
    // Push two Close frames: code 1000 with the reason "bye", and the reply, which has no reason.
    conversation.push(ToServer, b"\x88\x85\x37\xFA\x21\x3D\x34\x12\x43\x44\x52", None, &mut show);
    conversation.push(ToClient, b"\x88\x02\x03\xE8", None, &mut show);
    for direction in [ToServer, ToClient] {
        conversation.end(direction, None, &mut show);
    }
}
