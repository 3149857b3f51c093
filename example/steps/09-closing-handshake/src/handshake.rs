//! The opening handshake, which turns the text of a request into the text of a response.

use std::{error::Error, string::FromUtf8Error};

use base64::{Engine, prelude::BASE64_STANDARD};
use sha1::{Digest, Sha1};

/// Every server appends this string to the key. A program that has never heard of WebSocket does
/// not, so it cannot answer with the right accept value by accident.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Takes the request from the front of `buffer`. Returns `None` and takes nothing until the empty
/// line that ends the request has arrived. The first frame may have arrived together with the
/// request.
pub(crate) fn take_head(buffer: &mut Vec<u8>) -> Result<Option<String>, FromUtf8Error> {
    let Some(position) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    String::from_utf8(buffer.drain(..position + 4).collect()).map(Some)
}

/// Returns the response that accepts a request.
pub(crate) fn accept(head: &str) -> Result<String, Box<dyn Error>> {
    let [key] = headers(head, "Sec-WebSocket-Key")[..] else {
        return Err("a request must have one Sec-WebSocket-Key".into());
    };
    Ok(format!(
        "HTTP/1.1 101 Switching Protocols\r\n\
         Upgrade: websocket\r\n\
         Connection: Upgrade\r\n\
         Sec-WebSocket-Accept: {}\r\n\
         \r\n",
        accept_value(key)
    ))
}

/// Computes the value that proves to the client that this server has understood its request.
fn accept_value(key: &str) -> String {
    BASE64_STANDARD.encode(Sha1::digest(format!("{key}{GUID}")))
}

/// Returns the values of all header fields with this name. Names are compared without regard to
/// case.
fn headers<'a>(head: &'a str, name: &str) -> Vec<&'a str> {
    let fields = head.lines().filter_map(|line| line.split_once(':'));
    fields.filter(|field| field.0.eq_ignore_ascii_case(name)).map(|field| field.1.trim()).collect()
}
