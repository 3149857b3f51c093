//! Parses the server's address on the command line: a WebSocket URL, or another form that stands
//! for one.

use std::net::IpAddr;

use dissector::printable;
use websocket::protocol::{Uri, UriError};

/// Returns the URI for an address given on the command line:
///
/// | address | URI |
/// |---|---|
/// | `ws://...`, `wss://...` | the same |
/// | `http://...`, `https://...` | with `ws` and `wss`, as in a browser |
/// | `localhost:8080/echo`, `127.0.0.1`, `[::1]:8080` | `ws://` and the address, because the bytes stay on this computer |
/// | `8080`, `:8080` | `ws://127.0.0.1:8080/` |
///
/// # Errors
/// Returns a sentence that says what is wrong. If an address without a scheme names another
/// computer, the sentence asks which scheme is meant, because the program must not send unencrypted
/// what the user meant to encrypt.
pub(crate) fn parse(text: &str) -> Result<Uri, String> {
    match with_websocket_scheme(text).parse() {
        Ok(uri) => Ok(uri),
        Err(UriError::Scheme) if !has_scheme(text) => parse_without_scheme(text),
        Err(error) => Err(not_a_url(text, error)),
    }
}

/// Returns the URI for an address that is given while the client is connected to `current`. A path
/// such as `/echo` refers to the same server; any other address is parsed as by [`parse`].
///
/// # Errors
/// As for [`parse`].
pub(crate) fn parse_from(current: &Uri, text: &str) -> Result<Uri, String> {
    if text.starts_with('/') {
        on_same_server(current, text).parse().map_err(|error| not_a_url(text, error))
    } else {
        parse(text)
    }
}

/// Returns, as text, the URI of a path on the same server as `current`.
fn on_same_server(current: &Uri, path: &str) -> String {
    let scheme = if current.secure() { "wss" } else { "ws" };
    format!("{scheme}://{}{path}", current.host_header())
}

fn parse_without_scheme(text: &str) -> Result<Uri, String> {
    let port = text.strip_prefix(':').unwrap_or(text);
    let address = if is_number(port) { format!("127.0.0.1:{port}") } else { text.to_owned() };
    match (format!("ws://{address}").parse(), format!("wss://{address}").parse()) {
        (Ok(plain), _) if is_this_computer(&plain) => Ok(plain),
        (Ok::<Uri, _>(plain), Ok::<Uri, _>(secure)) => Err(format!(
            "'{}' does not say whether to use TLS: did you mean {secure}, or {plain} without TLS?",
            printable(text)
        )),
        // The address is invalid even with a scheme. If it consists only of a number, that number
        // is not a valid port, so report the port rather than the missing scheme.
        (Err(UriError::Port), _) if is_number(port) => Err(not_a_url(text, UriError::Port)),
        _ => Err(not_a_url(text, UriError::Scheme)),
    }
}

/// Returns `true` if the text begins with a scheme and `://`. In `localhost:8080/?next=http://h/`,
/// the text before `://` is not a scheme.
fn has_scheme(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    text.split_once("://").is_some_and(|(scheme, _)| scheme.bytes().all(is_allowed))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn not_a_url(text: &str, error: UriError) -> String {
    format!("'{}' is not a WebSocket URL: {error}", printable(text))
}

/// Replaces the scheme `http` with `ws`, and `https` with `wss`.
fn with_websocket_scheme(text: &str) -> String {
    match text.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => format!("ws://{rest}"),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => format!("wss://{rest}"),
        _ => text.to_owned(),
    }
}

/// Returns `true` if a connection to this URI stays on this computer.
fn is_this_computer(uri: &Uri) -> bool {
    let is_local = |address: IpAddr| address.is_loopback() || address.is_unspecified();
    uri.host() == "localhost" || uri.host().parse().is_ok_and(is_local)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_stands_for_a_uri() {
        for (address, uri) in [
            ("ws://example.org", "ws://example.org/"),
            ("wss://example.org/a?b", "wss://example.org/a?b"),
            ("http://127.0.0.1:8080/echo", "ws://127.0.0.1:8080/echo"),
            ("HTTP://example.org", "ws://example.org/"),
            ("https://example.org/chat", "wss://example.org/chat"),
            ("127.0.0.1:8080", "ws://127.0.0.1:8080/"),
            ("localhost:8080", "ws://localhost:8080/"),
            ("LocalHost:8080/echo?a=http://b", "ws://localhost:8080/echo?a=http://b"),
            ("localhost", "ws://localhost/"),
            ("127.1.2.3/chat", "ws://127.1.2.3/chat"),
            ("[::1]:9000/chat", "ws://[::1]:9000/chat"),
            ("0.0.0.0:8080", "ws://0.0.0.0:8080/"),
            ("8080", "ws://127.0.0.1:8080/"),
            (":8080", "ws://127.0.0.1:8080/"),
        ] {
            assert_eq!(parse(address).map(|uri| uri.to_string()), Ok(uri.to_owned()), "{address}");
        }
    }

    #[test]
    fn another_host_without_a_scheme_is_a_question() {
        for (address, secure, plain) in [
            ("example.org", "wss://example.org/", "ws://example.org/"),
            ("example.org:8080/chat", "wss://example.org:8080/chat", "ws://example.org:8080/chat"),
            ("192.0.2.1:443", "wss://192.0.2.1/", "ws://192.0.2.1:443/"),
            ("localhost.example.org", "wss://localhost.example.org/", "ws://localhost.example.org/"),
        ] {
            let question =
                format!("'{address}' does not say whether to use TLS: did you mean {secure}, or {plain} without TLS?");
            assert_eq!(parse(address), Err(question));
        }
    }

    #[test]
    fn the_rest_is_not_an_address() {
        let scheme = "a WebSocket URI begins with ws:// or wss://";
        for (address, problem) in [
            ("", scheme),
            ("/chat", scheme),
            ("ftp://example.org/", scheme),
            ("mailto:somebody@example.org", scheme),
            ("two words", scheme),
            ("99999", "the port must be a number from 1 to 65535"),
            (":0", "the port must be a number from 1 to 65535"),
            ("http://127.0.0.1:0/", "the port must be a number from 1 to 65535"),
            ("ws:127.0.0.1", "'//' must follow the scheme, as in ws://example.org/"),
        ] {
            assert_eq!(parse(address), Err(format!("'{address}' is not a WebSocket URL: {problem}")));
        }
    }

    #[test]
    fn a_path_is_on_the_same_server() {
        let current: Uri = "wss://example.org:8443/old?a".parse().unwrap();
        for (address, uri) in [
            ("/echo?b", "wss://example.org:8443/echo?b"),
            ("/", "wss://example.org:8443/"),
            ("ws://example.com/", "ws://example.com/"),
            ("8080", "ws://127.0.0.1:8080/"),
        ] {
            assert_eq!(parse_from(&current, address).map(|uri| uri.to_string()).as_deref(), Ok(uri), "{address}");
        }
        assert!(parse_from(&current, "/a b").is_err());
        assert!(parse_from(&current, "elsewhere").is_err());
    }
}
