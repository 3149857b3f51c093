//! Explains in one sentence why a connection did not open, and what to do about it.

use std::{fmt::Write, io, net::IpAddr, time::Duration};

use cli::format_duration;
use dissector::printable;
use http::{
    HeaderMap, Response, StatusCode,
    header::{CONTENT_LENGTH, LOCATION},
};
use websocket::{
    ConnectError,
    protocol::{Uri, handshake::HandshakeError},
};

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
            let advice = if is_this_computer(uri) {
                "start the server with `cargo run -p server`"
            } else {
                "check that the server is running and that this is its port"
            };
            format!("nothing is listening at {server}: {advice}")
        }
        ConnectError::Tcp { error, .. } => {
            format!("cannot reach {server}: check the address and your network connection ({error})")
        }
        ConnectError::TimedOut => format!(
            "{server} did not answer within {}: check that it is a WebSocket server and reachable from here \
             (--connect-timeout sets the limit)",
            format_duration(timeout)
        ),
        ConnectError::Tls(error) => format!(
            "TLS with {server} failed: check its certificate, or use ws:// if the server does not speak TLS ({error})"
        ),
        ConnectError::Handshake(error) if error.kind() == io::ErrorKind::UnexpectedEof => format!(
            "{server} closed the connection without an answer: check that it is a WebSocket server, and try wss:// if \
             it requires TLS"
        ),
        ConnectError::Handshake(error) => {
            format!("{server} broke the connection before it was open: check that it is a WebSocket server ({error})")
        }
        ConnectError::Answer(HandshakeError::Rejected(response)) => {
            let mut sentence = format!("{server} answered with HTTP {}", response.status());
            if let Some(line) = first_line(response) {
                let _ = write!(sentence, " (\"{line}\")");
            }
            sentence + " and did not open a WebSocket: " + &advice(response.status(), response.headers())
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

/// Returns the host and the port in the notation of a URL: an IPv6 address is in brackets.
fn authority(uri: &Uri) -> String {
    let (host, port) = (uri.host(), uri.port());
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

fn is_this_computer(uri: &Uri) -> bool {
    uri.host() == "localhost" || uri.host().parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// Returns advice on the most likely cause of a response with this status.
fn advice(status: StatusCode, headers: &HeaderMap) -> String {
    let advice = match status {
        StatusCode::BAD_REQUEST => "it may require a --subprotocol or a --header",
        StatusCode::UNAUTHORIZED => "it requires authentication; try --header 'Authorization: ...'",
        StatusCode::FORBIDDEN => "it denies access; try another --origin or --header",
        StatusCode::NOT_FOUND => "check the path in the URL",
        StatusCode::UPGRADE_REQUIRED => "it may speak another version of WebSocket",
        _ if status.is_success() => "this is an ordinary web page; check the path in the URL",
        _ if status.is_redirection() => {
            let target = headers.get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or("another address");
            return format!("it redirects to {}; try that, with ws instead of http", printable(target));
        }
        _ if status.is_server_error() => "the server failed; its log may say more",
        _ => "check that this is the right server",
    };
    advice.to_owned()
}

/// Returns the first line of the response's body that is not blank, cut to `QUOTED_MAX` characters.
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
