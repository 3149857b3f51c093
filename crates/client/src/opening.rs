//! From the command line to an open connection, or to one sentence that says why there is none and what to do.

use std::{fmt::Write, io, time::Duration};

use clap::{CommandFactory, error::ErrorKind};
use cli::format_duration;
use dissector::printable;
use http::{
    HeaderMap, Response, StatusCode,
    header::{CONTENT_LENGTH, LOCATION},
};
use tokio::io::{AsyncRead, AsyncWrite};
use websocket::{
    ConnectError, Connector, MaybeTlsStream, WebSocket,
    protocol::{
        Config, DeflateOptions, KeepAlive, Limits, Uri, UsageError,
        handshake::{ClientRequest, HandshakeError},
    },
};

use crate::args::Args;

/// For whoever has a deadline of its own for closing, in place of the library's: see `conversation`.
pub(crate) const NEVER: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// How much of the text behind an HTTP refusal is quoted.
const QUOTED_MAX: usize = 120;

/// Opens the connection that the command line asks for. `wrap` may put something between the WebSocket and its stream;
/// with `|stream| stream` there is nothing, and the type says so.
///
/// A URL that cannot be used is told like a server that cannot be reached; any other argument that cannot be used ends
/// the process here, in the way in which `clap` ends it.
///
/// # Errors
/// The sentence.
pub(crate) async fn open<S>(args: &Args, wrap: impl FnOnce(MaybeTlsStream) -> S) -> Result<WebSocket<S>, String>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let connector = connector(args, NEVER)?;
    connect(args, connector, wrap).await
}

/// Opens a connection with what [`connector`] made.
///
/// # Errors
/// The sentence.
pub(crate) async fn connect<S>(
    args: &Args,
    connector: Connector,
    wrap: impl FnOnce(MaybeTlsStream) -> S,
) -> Result<WebSocket<S>, String>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let uri: Uri = args.url.parse().map_err(|error| bad_url(&args.url, &error))?;
    connector.connect_through(wrap).await.map_err(|error| explain(&error, &uri, args.connect_timeout))
}

/// What the command line asks for, ready to connect. Arguments that cannot be used end the process: see [`open`].
///
/// # Errors
/// The sentence about the URL.
pub(crate) fn connector(args: &Args, close_timeout: Duration) -> Result<Connector, String> {
    let limits = Limits { max_frame_bytes: args.max_message, max_message_bytes: args.max_message, ..Limits::DEFAULT };
    let keep_alive = args.ping_interval.map(|interval| KeepAlive { interval, timeout: interval });
    let config = Config { limits, close_timeout, keep_alive };
    let connector = Connector::from(request(args)?).config(config).handshake_timeout(args.connect_timeout);
    Ok(if args.deflate { connector.deflate(DeflateOptions::DEFAULT) } else { connector })
}

/// The request alone, for whoever wants to make something wrong in it.
///
/// # Errors
/// A sentence, if the URL cannot be used.
pub(crate) fn request(args: &Args) -> Result<ClientRequest, String> {
    let uri: Uri = args.url.parse().map_err(|error| bad_url(&args.url, &error))?;
    let fill = |mut request: ClientRequest| {
        for name in &args.subprotocols {
            request = request.subprotocol(name)?;
        }
        for (name, value) in &args.headers {
            request = request.header(name, value)?;
        }
        match &args.origin {
            Some(origin) => request.origin(origin),
            None => Ok(request),
        }
    };
    Ok(fill(ClientRequest::new(uri)).unwrap_or_else(|usage_error: UsageError| wrong_argument(&usage_error)))
}

/// Ends the process as `clap` does.
fn wrong_argument(usage_error: &UsageError) -> ! {
    let message = printable(&usage_error.to_string()).into_owned();
    Args::command().error(ErrorKind::ValueValidation, message).exit()
}

fn bad_url(url: &str, error: &impl std::fmt::Display) -> String {
    format!("'{}' is not a WebSocket URL: {error}", printable(url))
}

/// The sentence that says why there is no connection.
pub(crate) fn explain(error: &ConnectError, uri: &Uri, limit: Duration) -> String {
    let place = authority(uri);
    match error {
        ConnectError::Resolve { host, error } => {
            format!("the host {host} cannot be found: is its name right, and the network there? ({error})")
        }
        ConnectError::Tcp { error, .. } if error.kind() == io::ErrorKind::ConnectionRefused => {
            let advice = if is_this_computer(uri) {
                "is the server running? start it with `cargo run -p server`"
            } else {
                "is the server running, and is this its port?"
            };
            format!("nothing listens at {place}: {advice}")
        }
        ConnectError::Tcp { error, .. } => {
            format!("{place} cannot be reached: are the address and the network right? ({error})")
        }
        ConnectError::TimedOut => format!(
            "{place} did not answer within {}: is it a WebSocket server, and reachable from here? \
             (--connect-timeout sets the limit)",
            format_duration(limit)
        ),
        ConnectError::Tls(error) => {
            format!("TLS with {place} failed: is its certificate good, or should the URL begin with ws://? ({error})")
        }
        ConnectError::Handshake(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            format!("{place} ended the connection without an answer: is it a WebSocket server? does it want wss://?")
        }
        ConnectError::Handshake(error) => {
            format!("{place} broke off the connection before it was open: is it a WebSocket server? ({error})")
        }
        ConnectError::Answer(HandshakeError::Rejected(response)) => {
            let mut sentence = format!("{place} answered with HTTP {}", response.status());
            if let Some(line) = first_line(response) {
                let _ = write!(sentence, " (\"{line}\")");
            }
            sentence + " and opened no WebSocket: " + &advice(response.status(), response.headers())
        }
        ConnectError::Answer(HandshakeError::Violation(violation)) => format!(
            "the answer of {place} opens no WebSocket: {}; is it a WebSocket server, and nothing between that changes \
             or repeats answers?",
            printable(&violation.to_string())
        ),
        // What is left has a sentence of its own that needs no place and no advice.
        other => printable(&other.to_string()).into_owned(),
    }
}

/// Host and port, as they stand in a URL.
fn authority(uri: &Uri) -> String {
    let (host, port) = (uri.host(), uri.port());
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

fn is_this_computer(uri: &Uri) -> bool {
    uri.host() == "localhost" || uri.host().parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

/// What is likely wrong when a server answers like this.
fn advice(status: StatusCode, headers: &HeaderMap) -> String {
    let advice = match status {
        StatusCode::BAD_REQUEST => "does it need a --subprotocol or a --header?",
        StatusCode::UNAUTHORIZED => "it wants to know who you are: try --header 'Authorization: ...'",
        StatusCode::FORBIDDEN => "it does not let us in: does it need another --origin or --header?",
        StatusCode::NOT_FOUND => "is the path in the URL right?",
        StatusCode::UPGRADE_REQUIRED => "does it speak another version of WebSocket?",
        _ if status.is_success() => "this is an ordinary web page; is the path in the URL right?",
        _ if status.is_redirection() => {
            let elsewhere = headers.get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or("somewhere else");
            return format!("it points to {}; try that, with ws instead of http", printable(elsewhere));
        }
        _ if status.is_server_error() => "something is wrong there; its log may say more",
        _ => "is this the right server?",
    };
    advice.to_owned()
}

/// The first line of the response's body that has something on it, if it is text, cut to a readable length.
fn first_line(response: &Response<impl AsRef<[u8]>>) -> Option<String> {
    let body = response.body().as_ref();
    let text = String::from_utf8_lossy(body);
    let (line, ended) = text.split_inclusive('\n').find_map(|line| {
        let content = line.trim();
        (!content.is_empty()).then_some((content, line.ends_with('\n')))
    })?;
    // We have what came together with the head, and that may be less than all.
    let length = response.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let whole = ended || length.is_none_or(|length: usize| body.len() >= length);
    let mut quoted: String = line.chars().take(QUOTED_MAX).collect();
    if quoted.len() < line.len() || !whole {
        quoted.push_str(" ...");
    }
    Some(printable(&quoted).into_owned())
}
