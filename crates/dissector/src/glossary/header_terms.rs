//! The terms of HTTP headers, found by name.

use super::{term::Term, terms::*};

/// The headers that Wireshark or RFC 6455 names.
static HEADERS: [&Term; 25] = [
    &HOST,
    &UPGRADE,
    &CONNECTION,
    &KEY,
    &ACCEPT,
    &VERSION,
    &PROTOCOL,
    &EXTENSIONS,
    &ORIGIN,
    &AUTHORIZATION,
    &WWW_AUTHENTICATE,
    &COOKIE,
    &SET_COOKIE,
    &USER_AGENT,
    &SERVER,
    &ACCEPT_TYPES,
    &ACCEPT_LANGUAGE,
    &ACCEPT_ENCODING,
    &CACHE_CONTROL,
    &DATE,
    &LOCATION,
    &CONTENT_TYPE,
    &CONTENT_LENGTH,
    &TRANSFER_ENCODING,
    &FORWARDED_FOR,
];

/// Returns the term of a header. Upper and lower case are equivalent in `name`.
pub(crate) fn term_for_header(name: &str) -> Option<&'static Term> {
    // One label differs from the header's name: Wireshark writes "Accept Encoding", without the
    // hyphen.
    HEADERS.iter().find(|term| term.label.replace(' ', "-").eq_ignore_ascii_case(name)).copied()
}
