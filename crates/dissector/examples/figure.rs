//! Draws a frame as an SVG figure: the masked text message "Hello" of RFC 6455, section 5.7.
//!
//! ```sh
//! cargo run -p dissector --example figure > hello.svg
//! ```
//!
//! The file `masked-hello.svg` in this folder is the output. A test compares the file with the
//! output, so run the program again after any change to the rendering or the glossary.

use dissector::{Conversation, Direction, Options, render};

fn main() {
    let wire = [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58];
    let mut conversation = Conversation::after_handshake(Options::default());
    conversation.push(Direction::ToServer, &wire, None, &mut |record| print!("{}", render::svg(&record)));
}
