//! Finds the term of an HTTP header by the name of the header.

use super::{term::Term, terms::*};

/// The headers that have a term of their own: those that Wireshark or RFC 6455 names.
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

/// Returns the term of a header, or `None` if the header has no term of its own. The case of `name`
/// does not matter.
pub(crate) fn term_for_header(name: &str) -> Option<&'static Term> {
    // Labels are header names, with one exception: Wireshark writes "Accept Encoding" without the
    // hyphen. Replace the space, so that this label matches the header name.
    HEADERS.iter().find(|term| term.label.replace(' ', "-").eq_ignore_ascii_case(name)).copied()
}
