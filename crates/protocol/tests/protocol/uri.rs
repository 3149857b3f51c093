//! Sections 3 and 11.1: `ws:` and `wss:` URIs.

use protocol::{Uri, UriError, UsageError, handshake::ClientRequest};
use testkit::handshake::request_text;

fn parse(uri: &str) -> Uri {
    uri.parse().unwrap_or_else(|error| panic!("{uri}: {error}"))
}

/// Returns the first two lines of the request for `uri`: the request line, and the `Host` header
/// field.
fn request_for(uri: &str) -> (String, String) {
    let head = request_text(ClientRequest::new(parse(uri)));
    let mut lines = head.split("\r\n").map(str::to_owned);
    (lines.next().unwrap(), lines.next().unwrap())
}

#[test]
fn a_uri_is_parsed_into_its_parts() {
    // URI, secure, host, port, resource name, Host header
    let table = [
        ("ws://example.org", false, "example.org", 80, "/", "example.org"),
        ("ws://example.org/", false, "example.org", 80, "/", "example.org"),
        ("wss://example.org", true, "example.org", 443, "/", "example.org"),
        ("ws://example.org:8080/chat", false, "example.org", 8080, "/chat", "example.org:8080"),
        ("wss://example.org:8443/chat?room=7", true, "example.org", 8443, "/chat?room=7", "example.org:8443"),
        ("ws://127.0.0.1:9001/getCaseCount", false, "127.0.0.1", 9001, "/getCaseCount", "127.0.0.1:9001"),
        ("ws://[::1]:9001/a?b", false, "::1", 9001, "/a?b", "[::1]:9001"),
        ("ws://localhost:1/", false, "localhost", 1, "/", "localhost:1"),
        ("ws://localhost:65535/", false, "localhost", 65535, "/", "localhost:65535"),
        ("ws://xn--bcher-kva.example/", false, "xn--bcher-kva.example", 80, "/", "xn--bcher-kva.example"),
        ("ws://my_host.local./", false, "my_host.local.", 80, "/", "my_host.local."),
    ];
    for (uri, secure, host, port, resource_name, host_header) in table {
        let parsed = parse(uri);
        assert_eq!(parsed.secure(), secure, "{uri}");
        assert_eq!(parsed.host(), host, "{uri}");
        assert_eq!(parsed.port(), port, "{uri}");
        assert_eq!(parsed.resource_name(), resource_name, "{uri}");
        assert_eq!(parsed.host_header(), host_header, "{uri}");
    }
}

//= docs/src/rfc6455.md#section-3
//= type=test
//# A WebSocket URI MUST NOT have a fragment identifier, which is the part after a `#`.
//= docs/src/rfc6455.md#section-4-1
//= type=test
//# The host, port, resource name, and secure flag MUST be those of a valid WebSocket URI.
#[test]
fn an_invalid_uri_is_rejected() {
    let table = [
        ("", UriError::Scheme),
        ("ws", UriError::Scheme),
        ("//example.org/", UriError::Scheme),
        ("example.org/chat", UriError::Scheme),
        ("http://example.org/", UriError::Scheme),
        ("https://example.org/", UriError::Scheme),
        ("wsss://example.org/", UriError::Scheme),
        (" ws://example.org/", UriError::Scheme),
        ("ws ://example.org/", UriError::Scheme),
        ("w\u{17f}://example.org/", UriError::Scheme), // a long s, which equals s only in Unicode's case folding
        ("ws:", UriError::Slashes),
        ("ws:example.org", UriError::Slashes),
        ("ws:/example.org", UriError::Slashes),
        ("ws:\\\\example.org", UriError::Slashes),
        ("ws://user@example.org/", UriError::UserInfo),
        ("ws://user:password@example.org/", UriError::UserInfo),
        ("ws://@example.org/", UriError::UserInfo),
        ("ws://", UriError::HostMissing),
        ("ws:///chat", UriError::HostMissing),
        ("ws://?x", UriError::HostMissing),
        ("ws://:80/", UriError::HostMissing),
        ("ws://a b/", UriError::Host),
        ("ws://a%20b/", UriError::Host),
        ("ws://a\\b/", UriError::Host),
        ("ws://a,b/", UriError::Host),
        ("ws://b\u{fc}cher.example/", UriError::Host),
        ("ws://example.org\r\n/", UriError::Host),
        ("ws://300.1.1.1/", UriError::Host),
        ("ws://1.2.3/", UriError::Host),
        ("ws://127.0.0.01/", UriError::Host),
        ("ws://[]/", UriError::Ipv6),
        ("ws://[::1/", UriError::Ipv6),
        ("ws://[1.2.3.4]/", UriError::Ipv6),
        ("ws://[example.org]/", UriError::Ipv6),
        ("ws://[:::1]/", UriError::Ipv6),
        ("ws://[fe80::1%25eth0]/", UriError::Ipv6),
        ("ws://example.org:x/", UriError::Port),
        ("ws://example.org:+80/", UriError::Port),
        ("ws://example.org:-1/", UriError::Port),
        ("ws://example.org: 80/", UriError::Port),
        ("ws://example.org:0/", UriError::Port),
        ("ws://example.org:65536/", UriError::Port),
        ("ws://example.org:99999/", UriError::Port),
        ("ws://example.org:18446744073709551696/", UriError::Port),
        ("ws://example.org:80:80/", UriError::Port),
        ("ws://[::1]:x/", UriError::Port),
        ("ws://[::1]8080/", UriError::Port),
        ("ws://h/a b", UriError::Resource),
        ("ws://h/a\tb", UriError::Resource),
        ("ws://h/a\\b", UriError::Resource),
        ("ws://h/a\u{7f}", UriError::Resource),
        ("ws://h/a\0", UriError::Resource),
        ("ws://h/%", UriError::Resource),
        ("ws://h/%4", UriError::Resource),
        ("ws://h/%4x", UriError::Resource),
        ("ws://h/%x4", UriError::Resource),
        ("ws://h/%+4", UriError::Resource),
        ("ws://h/%\u{e9}", UriError::Resource),
        ("ws://h/?a b", UriError::Resource),
        ("ws://h/?%", UriError::Resource),
        ("ws://h/a#b", UriError::Fragment),
        ("ws://h/a#", UriError::Fragment),
        ("ws://h#b", UriError::Fragment),
        ("ws://h/?a#b", UriError::Fragment),
    ];
    for (uri, error) in table {
        assert_eq!(uri.parse::<Uri>(), Err(error), "{uri:?}");
        assert!(!error.to_string().is_empty());
    }
}

//= docs/src/rfc6455.md#section-3
//= type=test
//# The port in a WebSocket URI is OPTIONAL; the default is 80 for `ws` and 443 for `wss`.
#[test]
fn the_default_port_is_80_and_443_for_wss() {
    for (uri, port) in [("ws://h/", 80), ("wss://h/", 443), ("ws://h:/", 80), ("wss://[::1]:/", 443)] {
        assert_eq!(parse(uri).port(), port, "{uri}");
    }
}

//= docs/src/rfc6455.md#section-3
//= type=test
//# A URI is *secure* when its scheme is `wss`, in any mixture of upper and lower case.
#[test]
fn the_scheme_is_matched_in_any_case() {
    for (uri, secure) in [("WS://h/", false), ("Ws://h/", false), ("WSS://h/", true), ("wSs://h/", true)] {
        assert_eq!(parse(uri).secure(), secure, "{uri}");
    }
}

#[test]
fn the_host_is_normalised_to_lower_case() {
    assert_eq!(parse("ws://Example.ORG/Chat").host(), "example.org");
    assert_eq!(parse("ws://Example.ORG/Chat").resource_name(), "/Chat");
}

#[test]
fn an_ipv6_address_is_normalised() {
    for written in ["[0:0:0:0:0:0:0:1]", "[::1]", "[::0001]", "[0::0:1]"] {
        let uri = parse(&format!("ws://{written}/"));
        assert_eq!((uri.host(), uri.host_header().as_str()), ("::1", "[::1]"), "{written}");
    }
    assert_eq!(parse("ws://[2001:DB8::A]/").host(), "2001:db8::a");
    assert_eq!(parse("ws://[::ffff:1.2.3.4]/").host(), "::ffff:1.2.3.4");
}

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# The request target MUST be the resource name, or an absolute `http` or `https` URI with the same
//# host, port, and resource name.
//= docs/src/rfc6455.md#section-3
//= type=test
//# The *resource name* is what the client requests: the path, or `/` if the path is empty, followed
//# by `?` and the query if the query is not empty.
#[test]
fn the_resource_name_is_the_path_and_the_query() {
    let table = [
        ("ws://h", "/"),
        ("ws://h?x=1", "/?x=1"),
        ("ws://h/a?", "/a"),
        ("ws://h?", "/"),
        ("ws://h/?", "/"),
        ("ws://h/a?b?c/d", "/a?b?c/d"),
        ("ws://h//a//b/", "//a//b/"),
        ("ws://h/./a/../b", "/./a/../b"),
        ("ws://h/a;b=c,d:e@f!$&'()*+~", "/a;b=c,d:e@f!$&'()*+~"),
    ];
    for (uri, name) in table {
        assert_eq!(parse(uri).resource_name(), name, "{uri}");
        assert_eq!(request_for(uri).0, format!("GET {name} HTTP/1.1"), "{uri}");
    }
}

/// Browsers, `url::Url` and `http::Uri` leave each of these characters unencoded in some part of a
/// URL.
#[test]
fn visible_characters_that_the_grammar_excludes_become_percent_encoded() {
    assert_eq!(parse("ws://h/a|b^c`d{e}[f]").resource_name(), "/a%7Cb%5Ec%60d%7Be%7D%5Bf%5D");
    assert_eq!(parse("ws://h/\"<>").resource_name(), "/%22%3C%3E");
    assert_eq!(parse("ws://h/?a|b^c`d{e}[f]\\\"<>'").resource_name(), "/?a%7Cb%5Ec%60d%7Be%7D%5Bf%5D%5C%22%3C%3E'");
}

#[test]
fn a_uri_is_taken_from_text_and_from_the_type_of_http() {
    let uri = parse("wss://example.org:8443/a?b");
    let text = uri.to_string();
    let http: http::Uri = text.parse().unwrap();
    for taken in [Uri::try_from(&*text), Uri::try_from(&text), Uri::try_from(&http), Uri::try_from(http)] {
        assert_eq!(taken, Ok(uri.clone()));
    }
    assert_eq!(Uri::try_from(text), Ok(uri.clone()));
    assert_eq!(Uri::from(&uri), uri);
    // Characters that the grammar excludes but `http::Uri` accepts, and a target without a scheme
    // or a host.
    let http = http::Uri::from_static("ws://h/a|b^c{d}[e]\"?f|g^h`i{j}[k]\\'");
    assert_eq!(
        Uri::try_from(http).unwrap().resource_name(),
        "/a%7Cb%5Ec%7Bd%7D%5Be%5D%22?f%7Cg%5Eh%60i%7Bj%7D%5Bk%5D%5C'"
    );
    assert_eq!(Uri::try_from(http::Uri::from_static("ws://h")).unwrap().resource_name(), "/");
    assert_eq!(Uri::try_from(http::Uri::from_static("/chat")), Err(UriError::Scheme));
    assert_eq!(Uri::try_from(http::Uri::from_static("h:80")), Err(UriError::Scheme));
}

/// The URL standard's parser rewrites each of these in its own way, and the crate percent-encodes
/// the invalid characters that remain.
#[cfg(feature = "url")]
#[test]
fn a_uri_is_taken_from_the_type_of_the_url_standard() {
    for (text, expected) in [
        ("ws://Example.org:80", "ws://example.org/"),
        ("wss://b\u{fc}cher.example/\u{e9}", "wss://xn--bcher-kva.example/%C3%A9"),
        ("ws://h/a b|c^d`e{f}[g]\\h\"<>", "ws://h/a%20b%7Cc%5Ed%60e%7Bf%7D%5Bg%5D/h%22%3C%3E"),
        ("ws://h/?a b|c^d`e{f}[g]\\h\"<>'", "ws://h/?a%20b%7Cc%5Ed%60e%7Bf%7D%5Bg%5D%5Ch%22%3C%3E%27"),
        ("ws://h/./a/../b", "ws://h/b"),
        ("ws://0x7f.1/", "ws://127.0.0.1/"),
    ] {
        let url = url::Url::parse(text).unwrap();
        assert_eq!(Uri::try_from(&url).map(|uri| uri.to_string()).as_deref(), Ok(expected), "{text}");
        assert_eq!(Uri::try_from(url).map(|uri| uri.to_string()).as_deref(), Ok(expected), "{text}");
    }
    for (text, error) in [
        ("http://h/", UriError::Scheme),
        ("ws://user@h/", UriError::UserInfo),
        ("ws://h/#a", UriError::Fragment),
        ("ws://h/%zz", UriError::Resource),
    ] {
        assert_eq!(Uri::try_from(url::Url::parse(text).unwrap()), Err(error), "{text}");
    }
}

/// Examples from RFC 3986, section 5.4, that lead to a WebSocket URI, which always has an authority
/// and a path.
#[test]
fn a_reference_is_resolved() {
    let base = parse("ws://a/b/c/d;p?q");
    for (reference, expected) in [
        ("g", "ws://a/b/c/g"),
        ("./g", "ws://a/b/c/g"),
        ("g/", "ws://a/b/c/g/"),
        ("/g", "ws://a/g"),
        ("//g", "ws://g/"),
        ("?y", "ws://a/b/c/d;p?y"),
        ("g?y", "ws://a/b/c/g?y"),
        ("#s", "ws://a/b/c/d;p?q"),
        ("g#s", "ws://a/b/c/g"),
        ("g?y#s", "ws://a/b/c/g?y"),
        (";x", "ws://a/b/c/;x"),
        ("g;x", "ws://a/b/c/g;x"),
        ("", "ws://a/b/c/d;p?q"),
        (".", "ws://a/b/c/"),
        ("./", "ws://a/b/c/"),
        ("..", "ws://a/b/"),
        ("../", "ws://a/b/"),
        ("../g", "ws://a/b/g"),
        ("../..", "ws://a/"),
        ("../../g", "ws://a/g"),
        ("../../../g", "ws://a/g"),
        ("/./g", "ws://a/g"),
        ("/../g", "ws://a/g"),
        ("g.", "ws://a/b/c/g."),
        ("..g", "ws://a/b/c/..g"),
        ("./g/.", "ws://a/b/c/g/"),
        ("g/./h", "ws://a/b/c/g/h"),
        ("g/../h", "ws://a/b/c/h"),
        ("g?y/./x", "ws://a/b/c/g?y/./x"),
        // A slash before the colon means that the colon ends no scheme.
        ("g/h:i", "ws://a/b/c/g/h:i"),
        // Absolute references, including those with the schemes of HTTP.
        ("ws://g/h", "ws://g/h"),
        ("WSS://g", "wss://g/"),
        ("http://g/#s", "ws://g/"),
        ("HTTPS://g:443/h", "wss://g/h"),
        ("https://[::1]:8443/", "wss://[::1]:8443/"),
    ] {
        assert_eq!(base.resolve(reference).map(|uri| uri.to_string()).as_deref(), Ok(expected), "{reference}");
    }
    assert_eq!(parse("wss://a/").resolve("//b/c").unwrap(), parse("wss://b/c"));
    assert_eq!(parse("wss://a:1").resolve("b").unwrap(), parse("wss://a:1/b"));
    for (reference, error) in [
        ("ftp://g/", UriError::Scheme),
        ("javascript:alert(1)", UriError::Scheme),
        ("mailto:somebody@example.org", UriError::Scheme),
        ("localhost:8080/", UriError::Scheme),
        ("https:g", UriError::Slashes),
        ("http://user:password@g/", UriError::UserInfo),
        // A browser would read these backslashes as two slashes.
        ("\\\\g/", UriError::Resource),
        ("/a b", UriError::Resource),
        ("/a\r\nX: y", UriError::Resource),
    ] {
        assert_eq!(base.resolve(reference), Err(error), "{reference}");
    }
}

#[test]
fn an_origin_is_the_scheme_the_host_and_the_port() {
    let origin = parse("wss://example.org/a");
    for same in ["wss://example.org", "WSS://Example.ORG:443/b?c"] {
        assert!(origin.is_same_origin(&parse(same)), "{same}");
    }
    for other in ["ws://example.org:443/a", "wss://example.org:8443/a", "wss://www.example.org/a"] {
        assert!(!origin.is_same_origin(&parse(other)), "{other}");
    }
}

#[test]
fn percent_encoding_is_kept_byte_for_byte() {
    for name in ["/a%23b", "/%41%2f%2F", "/%c3%A9", "/?%20=%00"] {
        assert_eq!(parse(&format!("ws://h{name}")).resource_name(), name);
    }
}

//= docs/src/rfc6455.md#section-11-1-1
//= type=test
//# Outside the host of a `ws` URI, characters that the grammar excludes MUST be encoded as UTF-8,
//# with each byte percent-encoded.
//= docs/src/rfc6455.md#section-11-1-2
//= type=test
//# Outside the host of a `wss` URI, characters that the grammar excludes MUST be encoded as UTF-8,
//# with each byte percent-encoded.
#[test]
fn characters_beyond_ascii_become_percent_encoded_utf_8() {
    for scheme in ["ws", "wss"] {
        let uri = parse(&format!("{scheme}://h/\u{e9}?q=\u{20ac}"));
        assert_eq!(uri.resource_name(), "/%C3%A9?q=%E2%82%AC");
    }
    assert_eq!(parse("ws://h/\u{1d11e}").resource_name(), "/%F0%9D%84%9E");
    // Unicode has line ends that are not line ends in HTTP.
    assert_eq!(parse("ws://h/\u{85}\u{2028}").resource_name(), "/%C2%85%E2%80%A8");
}

//= docs/src/rfc6455.md#section-3
//= type=test
//# A `#` that is part of the path or the query MUST be written as `%23`.
#[test]
fn a_percent_encoded_hash_is_kept() {
    assert_eq!(request_for("ws://h/a%23b").0, "GET /a%23b HTTP/1.1");
}

#[test]
fn a_line_break_cannot_inject_a_header() {
    for (uri, error) in [
        ("ws://h/\r\nX: y", UriError::Resource),
        ("ws://h/ HTTP/1.1\r\nX: y", UriError::Resource),
        ("ws://h/\nX:y", UriError::Resource),
        ("ws://h/\rX", UriError::Resource),
        ("ws://h/?\r\nX: y", UriError::Resource),
        ("ws://h\r\nX: y/", UriError::Host),
        ("ws://h:80\r\nX: y/", UriError::Port),
    ] {
        assert_eq!(uri.parse::<Uri>(), Err(error), "{uri:?}");
    }
}

//= docs/src/rfc6455.md#section-4-1
//= type=test
//# The request MUST have a `Host` header with the host, followed by `:` and the port unless the
//# port is the default.
#[test]
fn the_host_header_has_the_port_unless_it_is_the_default() {
    let table = [
        ("ws://h:80/", "Host: h"),
        ("ws://h:9001/", "Host: h:9001"),
        ("ws://h:443/", "Host: h:443"),
        ("wss://h:443/", "Host: h"),
        ("wss://h:80/", "Host: h:80"),
        ("ws://[::1]:80/", "Host: [::1]"),
        ("ws://[::1]:9001/", "Host: [::1]:9001"),
        ("ws://h:00080/", "Host: h"),
    ];
    for (uri, header) in table {
        assert_eq!(request_for(uri).1, header, "{uri}");
    }
}

#[test]
fn a_printed_uri_parses_to_an_equal_one() {
    for (uri, printed) in [
        ("WS://Example.org", "ws://example.org/"),
        ("ws://example.org:80/a", "ws://example.org/a"),
        ("wss://[0::1]:9001?q", "wss://[::1]:9001/?q"),
    ] {
        assert_eq!(parse(uri).to_string(), printed);
        assert_eq!(parse(printed), parse(uri));
    }
}

#[test]
fn a_uri_error_becomes_a_usage_error_with_the_same_sentence() {
    assert_eq!(UsageError::from(UriError::Fragment), UsageError::Uri(UriError::Fragment));
    assert_eq!(UsageError::from(UriError::Port).to_string(), UriError::Port.to_string());
}
