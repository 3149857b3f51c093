//! The opening handshake: the text of the request and the text of the response.

use base64::{Engine, prelude::BASE64_STANDARD};
use sha1::{Digest, Sha1};

use crate::violation::Violation;

/// The maximum length of a request or a response in bytes, the same as in Node.js. A browser sends
/// less than 1 KiB, unless it has many cookies.
const MAX_HEAD: usize = 16 << 10;

/// Every server appends this string to the key. A program that has never heard of WebSocket does
/// not, so it cannot answer with the right accept value by accident.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Takes a request or a response from the front of `buffer`. Returns `None` and takes nothing until
/// the empty line at its end has arrived. The first frame may have arrived together with that line.
pub(crate) fn take_head(buffer: &mut Vec<u8>) -> Result<Option<String>, Violation> {
    let Some(position) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else {
        return if buffer.len() > MAX_HEAD { Err(Violation(431, "the head is too long")) } else { Ok(None) };
    };
    match String::from_utf8(buffer.drain(..position + 4).collect()) {
        Ok(head) => Ok(Some(head)),
        Err(_) => Err(Violation(400, "the head must be UTF-8")),
    }
}

/// Returns the response that accepts a request.
pub(crate) fn accept(head: &str) -> Result<String, Violation> {
    let line = head.lines().next().unwrap_or_default();
    if !line.starts_with("GET ") || !line.ends_with(" HTTP/1.1") {
        return Err(Violation(400, "the request must be a GET of HTTP/1.1"));
    }
    let [host] = headers(head, "Host")[..] else {
        return Err(Violation(400, "a request must have one Host"));
    };
    if !lists(head, "Upgrade", "websocket") || !lists(head, "Connection", "Upgrade") {
        return Err(Violation(426, "this server speaks only WebSocket"));
    }
    if headers(head, "Sec-WebSocket-Version") != ["13"] {
        return Err(Violation(426, "this server speaks only version 13"));
    }
    let [key] = headers(head, "Sec-WebSocket-Key")[..] else {
        return Err(Violation(400, "a request must have one Sec-WebSocket-Key"));
    };
    if !BASE64_STANDARD.decode(key).is_ok_and(|nonce| nonce.len() == 16) {
        return Err(Violation(400, "a Sec-WebSocket-Key must be 16 bytes in Base64"));
    }
    // In the header field `Origin`, a browser names the site that the page came from. Without this
    // check, any page that a user visits could connect on the user's behalf. Other programs usually
    // send no Origin, and may connect without one.
    let origins = headers(head, "Origin");
    if !origins.iter().all(|origin| origin.split_once("://").is_some_and(|(_, site)| site == host)) {
        return Err(Violation(403, "pages of other sites may not connect"));
    }
    Ok(format!(
        "HTTP/1.1 101 Switching Protocols\r\n\
         Upgrade: websocket\r\n\
         Connection: Upgrade\r\n\
         Sec-WebSocket-Accept: {}\r\n\
         \r\n",
        accept_value(key)
    ))
}

/// Returns the response that rejects a request, or that rejects a connection before its request
/// arrives.
pub(crate) fn rejection(violation: &Violation) -> String {
    let Violation(status, rule) = violation;
    format!(
        "HTTP/1.1 {status} {rule}\r\n\
         Connection: close\r\n\
         Content-Length: 0\r\n\
         Sec-WebSocket-Version: 13\r\n\
         \r\n"
    )
}

/// Returns the request of a client.
pub(crate) fn request(host: &str, path: &str, key: &str) -> String {
    format!(
        "GET /{path} HTTP/1.1\r\n\
         Host: {host}\r\n\
         Upgrade: websocket\r\n\
         Connection: Upgrade\r\n\
         Sec-WebSocket-Key: {key}\r\n\
         Sec-WebSocket-Version: 13\r\n\
         \r\n"
    )
}

/// Checks that a response accepts the request with this key. The code in an error is the response's
/// status.
pub(crate) fn check_response(head: &str, key: &str) -> Result<(), Violation> {
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    if status != 101 {
        return Err(Violation(status, "the server does not switch to WebSocket"));
    }
    if !lists(head, "Upgrade", "websocket") || !lists(head, "Connection", "Upgrade") {
        return Err(Violation(status, "the server switches to another protocol"));
    }
    if headers(head, "Sec-WebSocket-Accept") != [accept_value(key)] {
        return Err(Violation(status, "the accept value does not match the key"));
    }
    // A server may choose only what the client has offered, and this client offers nothing.
    if !headers(head, "Sec-WebSocket-Extensions").is_empty() || !headers(head, "Sec-WebSocket-Protocol").is_empty() {
        return Err(Violation(status, "the server chooses what was not offered"));
    }
    Ok(())
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

/// Returns `true` if `token` is in the list formed by all the header fields with this name.
fn lists(head: &str, name: &str, token: &str) -> bool {
    let values = headers(head, name).join(",");
    values.split(',').any(|value| value.trim().eq_ignore_ascii_case(token))
}
