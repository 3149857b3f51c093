//! A conversation, taken apart: the handshake of RFC 6455, section 1.3, a text both ways, a Ping, and the end.
//!
//! ```sh
//! cargo run -p dissector --example dissect             # hex dumps, in colour on a terminal
//! cargo run -p dissector --example dissect -- tree     # Wireshark's notation
//! cargo run -p dissector --example dissect -- explain  # the same with explanations
//! cargo run -p dissector --example dissect -- json     # a line for each record
//! ```

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
    let colour = stdout().is_terminal();
    let mode = std::env::args().nth(1).unwrap_or_default();
    let mut show = |record: Record| match mode.as_str() {
        "tree" => println!("{}", render::tree(&record)),
        "explain" => println!("{}", render::explained(&record)),
        "json" => println!("{}", render::json(&record)),
        _ => println!("{}", render::hex_dump(&record, 32, colour)),
    };
    let mut conversation = Conversation::new(Options::default());
    conversation.push(ToServer, REQUEST, None, &mut show);
    conversation.push(ToClient, RESPONSE, None, &mut show);
    conversation.push(ToServer, b"\x81\x85\x37\xFA\x21\x3D\x7F\x9F\x4D\x51\x58", None, &mut show);
    conversation.push(ToClient, b"\x81\x05Hello\x89\x02hi", None, &mut show);
    conversation.push(ToServer, b"\x8A\x82\x37\xFA\x21\x3D\x5F\x93", None, &mut show);
    conversation.push(ToServer, b"\x88\x85\x37\xFA\x21\x3D\x34\x12\x43\x44\x52", None, &mut show);
    conversation.push(ToClient, b"\x88\x02\x03\xE8", None, &mut show);
}
