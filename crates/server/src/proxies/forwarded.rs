//! The addresses in `Forwarded` (RFC 7239) and in the older `X-Forwarded-For`.
//!
//! ```text
//!   Forwarded: for=203.0.113.7;proto=https, for="[2001:db8::1]:4711"
//!   X-Forwarded-For: 203.0.113.7, 2001:db8::1
//!                    the client   the proxy before the one that has connected
//! ```
//!
//! Both header fields are lists, and each proxy appends the address of its own client.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName, header::FORWARDED};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Returns the addresses in `Forwarded` in order, with `None` for an entry without an address, such
/// as `for=unknown`. Returns `None` if there is no such header field.
pub(super) fn in_forwarded(headers: &HeaderMap) -> Option<Vec<Option<IpAddr>>> {
    entries(headers, &FORWARDED, |element| {
        let mut found = None;
        for pair in split_unquoted(element, ';') {
            let (name, value) = pair.split_once('=')?;
            if name.trim().eq_ignore_ascii_case("for") && found.replace(unquote(value.trim())?).is_some() {
                // Two addresses for one hop.
                return None;
            }
        }
        parse_address(&found?)
    })
}

/// Returns the addresses in `X-Forwarded-For`, in the same form as [`in_forwarded`].
pub(super) fn in_x_forwarded_for(headers: &HeaderMap) -> Option<Vec<Option<IpAddr>>> {
    entries(headers, &X_FORWARDED_FOR, parse_address)
}

/// Parses the list elements from all lines of a header.
fn entries(
    headers: &HeaderMap,
    name: &HeaderName,
    parse: impl Fn(&str) -> Option<IpAddr>,
) -> Option<Vec<Option<IpAddr>>> {
    if !headers.contains_key(name) {
        return None;
    }
    let lines = headers.get_all(name).iter();
    // A line that is not text counts as an entry without an address.
    let parse_line = |line: &str| split_unquoted(line, ',').map(|element| parse(element.trim())).collect();
    Some(lines.flat_map(|line| line.to_str().map_or_else(|_| vec![None], parse_line)).collect())
}

/// Splits text at a separator that is not inside quotation marks.
fn split_unquoted(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |character: char| {
        let is_escaped = std::mem::take(&mut escaped);
        match character {
            _ if is_escaped => false,
            '\\' if quoted => {
                escaped = true;
                false
            }
            '"' => {
                quoted = !quoted;
                false
            }
            _ => character == separator && !quoted,
        }
    })
}

/// Removes the quotation marks around a value. Returns `None` if the closing one
/// is missing, or if nothing follows a backslash.
fn unquote(value: &str) -> Option<String> {
    let Some(rest) = value.strip_prefix('"') else { return Some(value.to_owned()) };
    let content = rest.strip_suffix('"')?;
    let mut characters = content.chars();
    let mut unquoted = String::new();
    while let Some(character) = characters.next() {
        unquoted.push(if character == '\\' { characters.next()? } else { character });
    }
    Some(unquoted)
}

/// Parses an IP address, which may be in brackets and have a port.
fn parse_address(text: &str) -> Option<IpAddr> {
    let bracketed = || text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let address = text.parse::<IpAddr>().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()));
    address.or_else(|| bracketed().and_then(|inner| inner.parse().ok()))
}
