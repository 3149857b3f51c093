//! URIs (section 3).

use protocol::{Uri, handshake::ClientRequest};

/// What is accepted can be put into a request, and is the same when it is written and read again.
///
/// # Panics
/// If not.
pub fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Ok(uri) = text.parse::<Uri>() else { return };

    let again: Uri = uri.to_string().parse().unwrap_or_else(|error| panic!("{uri} is not accepted: {error}"));
    assert_eq!(again, uri, "written and read again");

    assert!(uri.resource_name().starts_with('/'), "a request has a path");
    // Whatever is in the URI, the request keeps its lines: neither a blank nor the end of a line gets in.
    for part in [uri.resource_name(), &uri.host_header(), uri.host()] {
        assert!(part.bytes().all(|byte| byte.is_ascii_graphic()), "{part:?} would not fit into a line");
        assert!(!part.is_empty() && !part.contains('#'), "{part:?}");
    }
    // A port of its own is named, the usual one is not.
    let usual = if uri.secure() { 443 } else { 80 };
    let named = uri.host_header().ends_with(&format!(":{}", uri.port()));
    assert_eq!(named, uri.port() != usual, "{}", uri.host_header());
    let _ = ClientRequest::new(uri);
}
