//! Explains in one sentence why a connection did not open, and what to do about it.

use std::{fmt::Write, io, time::Duration};

use cli::format_duration;
use dissector::printable;
use http::{
    HeaderMap, Response, StatusCode,
    header::{CONTENT_LENGTH, LOCATION},
};
use websocket::{
    ConnectError, ProxyError, RedirectError, RedirectErrorReason,
    protocol::{Uri, handshake::HandshakeError},
};

use crate::{args::DEFAULT_URL, tls};

/// The maximum number of characters that are quoted from the body of an HTTP response.
const QUOTED_MAX: usize = 120;

/// Returns a sentence that explains the error and what to do. `timeout` is the time limit for
/// opening the connection.
pub(crate) fn explain(error: &ConnectError, uri: &Uri, timeout: Duration) -> String {
    let server = authority(uri);
    match error {
        ConnectError::Resolve { host, error } => {
            format!("cannot find the host {host}: check its name and your network connection ({error})")
        }
        ConnectError::Tcp { error, .. } if error.kind() == io::ErrorKind::ConnectionRefused => {
            let advice = match (starting_our_server_would_help(uri), uri.secure()) {
                (true, false) => "start the server with `cargo run -p server`",
                (true, true) => "start the server with `cargo run -p server -- --tls-self-signed`",
                (false, _) => "check that the server is running and that this is its port",
            };
            format!("nothing is listening at {server}: {advice}")
        }
        ConnectError::Tcp { error, .. } => {
            format!("cannot reach {server}: check the address and your network connection ({error})")
        }
        ConnectError::Proxy { proxy, error } => explain_proxy(proxy, error, timeout),
        #[cfg(unix)]
        ConnectError::UnixSocket { path, error } => {
            let advice = match error.kind() {
                io::ErrorKind::NotFound => "check the path, and that the server is running",
                io::ErrorKind::ConnectionRefused => "no server listens there any more",
                io::ErrorKind::PermissionDenied => "your user may not write to it",
                _ => "check that it is a socket",
            };
            format!("cannot connect to the Unix socket {}: {advice} ({error})", printable(&path.to_string_lossy()))
        }
        ConnectError::Redirect(error) => explain_redirect(error),
        ConnectError::Redirected { uri, error } => {
            format!("after a redirect to {uri}: {}", explain(error, uri, timeout))
        }
        ConnectError::TimedOut => format!(
            "{server} did not answer within {}: check that it is a WebSocket server and reachable from here \
             (--connect-timeout sets the limit)",
            format_duration(timeout)
        ),
        ConnectError::Tls(error) if error.kind() == io::ErrorKind::UnexpectedEof => format!(
            "{server} closed the connection during the TLS handshake: check that this port speaks TLS, or use ws:// if \
             it does not"
        ),
        ConnectError::Tls(error) => match tls::explain(error, &server, "ws://") {
            Some(sentence) => printable(&sentence).into_owned(),
            None => format!(
                "TLS with {server} failed: check its certificate, or use ws:// if the server does not speak TLS ({error})"
            ),
        },
        ConnectError::Handshake(error) if error.kind() == io::ErrorKind::UnexpectedEof => format!(
            "{server} closed the connection without an answer: check that it is a WebSocket server, and try wss:// if \
             it requires TLS"
        ),
        // In TLS 1.3, the server checks the client's certificate only after the client has finished
        // its part of the TLS handshake. If the server rejects the certificate, its TLS alert
        // therefore arrives in place of the response.
        ConnectError::Handshake(error) => tls::explain(error, &server, "ws://").unwrap_or_else(|| {
            format!("{server} broke the connection before it was open: check that it is a WebSocket server ({error})")
        }),
        ConnectError::Answer(HandshakeError::Rejected(response)) => {
            let mut sentence = format!("{server} answered with HTTP {}", response.status());
            if let Some(line) = first_line(response) {
                let _ = write!(sentence, " (\"{line}\")");
            }
            sentence + " and did not open a WebSocket: " + &advice(uri, response.status(), response.headers())
        }
        ConnectError::Answer(HandshakeError::Violation(violation)) => format!(
            "the answer from {server} does not open a WebSocket: {}; check that it is a WebSocket server, and that no \
             proxy changes or repeats its answers",
            printable(&violation.to_string())
        ),
        // The messages of the remaining errors name the problem, so they need no address and no
        // advice.
        other => printable(&other.to_string()).into_owned(),
    }
}

/// Returns a sentence about a proxy that did not connect the client to the server.
fn explain_proxy(proxy: &str, error: &ProxyError, timeout: Duration) -> String {
    let advice = match error {
        // A TLS error has the same causes and remedies on the connection to a proxy as on one to a
        // server.
        ProxyError::Tls(tls_error) => match tls::explain(tls_error, &format!("the proxy {proxy}"), "http://") {
            Some(sentence) => return printable(&sentence).into_owned(),
            None => "check its certificate, or use http:// if the proxy does not speak TLS",
        },
        ProxyError::Resolve(_) | ProxyError::Tcp(_) => "check its address (--no-proxy connects without a proxy)",
        ProxyError::Status { status: StatusCode::PROXY_AUTHENTICATION_REQUIRED, with_credentials: false }
        | ProxyError::Unauthorized { with_credentials: false } => {
            "write them in its URL, as in http://USER:PASSWORD@HOST:PORT"
        }
        ProxyError::Status { status: StatusCode::PROXY_AUTHENTICATION_REQUIRED, .. }
        | ProxyError::Unauthorized { .. } => "check them",
        ProxyError::Status { .. } | ProxyError::Refused(_) => "check the URL, and whether the proxy allows this server",
        ProxyError::Broken(_) | ProxyError::Answer(_) | ProxyError::NotSocks => {
            "check that it is a proxy of this kind (http://, https://, socks5:// or socks5h://)"
        }
        ProxyError::TimedOut => {
            return format!(
                "the proxy {proxy} did not connect to the server within {}: check the URL and the address of the \
                 proxy (--connect-timeout sets the limit)",
                format_duration(timeout)
            );
        }
        // The remaining error: the client could not resolve the name of the server.
        _ => "socks5h:// lets the proxy resolve it",
    };
    printable(&format!("the proxy {proxy} failed: {error}; {advice}")).into_owned()
}

/// Returns a sentence about a redirect that `--follow` does not follow.
fn explain_redirect(error: &RedirectError) -> String {
    let advice = match error.reason {
        RedirectErrorReason::TooMany => "; --follow sets the limit",
        RedirectErrorReason::NotSecure => "; connect to it yourself if you accept that",
        _ => "",
    };
    printable(&format!("{error}{advice}")).into_owned()
}

/// Returns the host and the port in the form used in a URL, where an IPv6 address is in brackets.
pub(crate) fn authority(uri: &Uri) -> String {
    let (host, port) = (uri.host(), uri.port());
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// Returns `true` if `cargo run -p server` would listen on this address, with TLS or without.
fn starting_our_server_would_help(uri: &Uri) -> bool {
    let Ok(default) = DEFAULT_URL.parse::<Uri>() else { return false };
    let is_its_host = uri.host() == default.host() || uri.host() == "localhost";
    is_its_host && uri.port() == default.port()
}

/// Returns advice on the most likely cause of a response with this status.
fn advice(uri: &Uri, status: StatusCode, headers: &HeaderMap) -> String {
    let advice = match status {
        StatusCode::BAD_REQUEST => "it may require a --subprotocol or a --header",
        StatusCode::UNAUTHORIZED => "it requires authentication; try --header 'Authorization: ...'",
        StatusCode::FORBIDDEN => "it denies access; try another --origin or --header",
        StatusCode::NOT_FOUND => "check the path in the URL",
        StatusCode::UPGRADE_REQUIRED => "it may speak another version of WebSocket",
        _ if status.is_success() => "this is an ordinary web page; check the path in the URL",
        _ if status.is_redirection() => return redirect_advice(uri, headers),
        _ if status.is_server_error() => "the server failed; its log may say more",
        _ => "check that this is the right server",
    };
    advice.to_owned()
}

/// Returns advice on a redirect that was not followed because the command line did not ask for it.
fn redirect_advice(uri: &Uri, headers: &HeaderMap) -> String {
    let Some(location) = headers.get(LOCATION).and_then(|value| value.to_str().ok()) else {
        return "it redirects without naming a target; check the path in the URL".to_owned();
    };
    let advice = match uri.resolve(location).ok() {
        Some(target) if target != *uri && uri.secure() && !target.secure() => {
            format!("try {target}, which does not use TLS")
        }
        Some(target) if target != *uri => format!("try {target}, or follow it with --follow 1"),
        // The redirect points back to the same URL, or its target is not a WebSocket URL.
        _ => "check the path in the URL".to_owned(),
    };
    format!("it redirects to {}; {advice}", printable(location))
}

/// Returns the first line of the response's body that is not blank, truncated to `QUOTED_MAX`
/// characters.
fn first_line(response: &Response<impl AsRef<[u8]>>) -> Option<String> {
    let body = response.body().as_ref();
    let text = String::from_utf8_lossy(body);
    let (line, ended) = text.split_inclusive('\n').find_map(|line| {
        let content = line.trim();
        (!content.is_empty()).then_some((content, line.ends_with('\n')))
    })?;
    // The response contains only the part of the body that arrived together with the head, so the
    // line may be incomplete. If it is, append an ellipsis.
    let length = response.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let whole = ended || length.is_none_or(|length: usize| body.len() >= length);
    let mut quoted: String = line.chars().take(QUOTED_MAX).collect();
    if quoted.len() < line.len() || !whole {
        quoted.push_str(" ...");
    }
    Some(printable(&quoted).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Calls `explain` directly. A test that runs the whole program would need certain ports to be
    /// free, and another server may be listening on them.
    #[test]
    fn the_advice_to_start_our_server_is_given_only_where_that_would_help() {
        let ours = "start the server with `cargo run -p server`";
        let ours_with_tls = "start the server with `cargo run -p server -- --tls-self-signed`";
        let another = "check that the server is running and that this is its port";
        for (uri, server, expected) in [
            ("ws://127.0.0.1:8080/", "127.0.0.1:8080", ours),
            ("ws://localhost:8080/echo", "localhost:8080", ours),
            ("wss://127.0.0.1:8080/", "127.0.0.1:8080", ours_with_tls),
            // Our server listens on another port or address only if an option says so.
            ("ws://127.0.0.1:8090/", "127.0.0.1:8090", another),
            ("ws://127.0.0.1/", "127.0.0.1:80", another),
            ("ws://[::1]:8080/", "[::1]:8080", another),
            ("ws://127.0.0.2:8080/", "127.0.0.2:8080", another),
            ("ws://192.0.2.1:8080/", "192.0.2.1:8080", another),
        ] {
            let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
            let error = ConnectError::Tcp { authority: server.to_owned(), error: refused };
            let sentence = explain(&error, &uri.parse().expect("a URI"), Duration::from_secs(10));
            assert_eq!(sentence, format!("nothing is listening at {server}: {expected}"));
        }
    }

    #[test]
    fn a_redirect_names_the_url_to_connect_to() {
        for (from, location, expected) in [
            (
                "ws://example.org/chat",
                "https://example.org/chat",
                "it redirects to https://example.org/chat; try wss://example.org/chat, or follow it with --follow 1",
            ),
            (
                "ws://example.org/old",
                "/new",
                "it redirects to /new; try ws://example.org/new, or follow it with --follow 1",
            ),
            (
                "wss://example.org/",
                "http://example.com/",
                "it redirects to http://example.com/; try ws://example.com/, which does not use TLS",
            ),
            (
                "ws://example.org/",
                "http://example.org/#top",
                "it redirects to http://example.org/#top; check the path in the URL",
            ),
            ("ws://example.org/", "about:blank", "it redirects to about:blank; check the path in the URL"),
        ] {
            let headers = [(LOCATION, location.parse().expect("a value"))].into_iter().collect();
            let advice = advice(&from.parse().expect("a URI"), StatusCode::FOUND, &headers);
            assert_eq!(advice, expected);
        }
        let advice = advice(&"ws://h/".parse().expect("a URI"), StatusCode::NOT_MODIFIED, &HeaderMap::new());
        assert_eq!(advice, "it redirects without naming a target; check the path in the URL");
    }
}
