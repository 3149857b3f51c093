//! Finds the glossary term for an HTTP header field by the field's name.

use super::{term::Term, terms::*};

/// The terms for the header fields that Wireshark or RFC 6455 names individually.
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

/// Returns the term for the header field `name`, or `None` if the glossary has no specific term for
/// it. The case of `name` does not matter.
pub(crate) fn term_for_header(name: &str) -> Option<&'static Term> {
    // Each label is a header field's name, with one exception: Wireshark writes "Accept Encoding"
    // without the hyphen. Replace the space, so that this label matches the name.
    HEADERS.iter().find(|term| term.label.replace(' ', "-").eq_ignore_ascii_case(name)).copied()
}
