//! Checks the parsing of URIs (section 3).

use protocol::{Uri, handshake::ClientRequest};

/// Checks that an accepted URI is safe to write into a request, and stays the same when it is
/// formatted and parsed again.
///
/// # Panics
/// Panics if one of these checks fails.
pub fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Ok(uri) = text.parse::<Uri>() else { return };

    let again: Uri = uri.to_string().parse().unwrap_or_else(|error| panic!("{uri} is not accepted: {error}"));
    assert_eq!(again, uri, "after writing and parsing");

    assert!(uri.resource_name().starts_with('/'), "a request has a path");
    // These parts are written into the request line and the Host header field. A space or a line
    // ending in them would let the URI change the request.
    for part in [uri.resource_name(), &uri.host_header(), uri.host()] {
        assert!(part.bytes().all(|byte| byte.is_ascii_graphic()), "{part:?} does not fit into a line");
        assert!(!part.is_empty() && !part.contains('#'), "{part:?}");
    }
    // The Host header field contains the port unless it is the scheme's default port.
    let default = if uri.secure() { 443 } else { 80 };
    let has_port = uri.host_header().ends_with(&format!(":{}", uri.port()));
    assert_eq!(has_port, uri.port() != default, "{}", uri.host_header());
    let _ = ClientRequest::new(uri);
}
