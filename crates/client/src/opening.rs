//! Turns the command line into an open connection.

use std::{fmt, time::Duration};

use clap::{CommandFactory, error::ErrorKind};
use dissector::printable;
use tokio::io::{AsyncRead, AsyncWrite};
use websocket::{
    Connector, MaybeTlsStream, TransportOptions, WebSocket,
    protocol::{Config, DeflateOptions, KeepAlive, Limits, MessageTimeout, Uri, UsageError, handshake::ClientRequest},
};

use crate::{address, args::ClientArgs, connect_error::explain, tls::tls_options, way::Way};

/// The time limit for closing that is passed to the library. It is so long that it never expires,
/// because the client sets its own deadline: see [`next_event`](crate::receive::next_event).
const NEVER: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Opens the connection that the command line describes.
///
/// `wrap` can put a layer between the WebSocket and its stream. After each redirect, it is called
/// again for the new stream. With `|stream| stream`, no layer is added, so the connection's type
/// does not mention one.
///
/// An invalid URL or an unusable certificate is returned as an error, in the same way as an
/// unreachable server. An invalid proxy, subprotocol, header or origin ends the process here, with
/// a message and an exit status like those of `clap`.
///
/// # Errors
/// Returns one sentence that explains why the connection did not open and what to do.
pub(crate) async fn open<S>(args: &ClientArgs, wrap: impl FnMut(MaybeTlsStream) -> S) -> Result<WebSocket<S>, String>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    connect(args, connector(args)?, wrap).await
}

/// Opens a connection with the result of [`connector`], which the caller may have configured
/// further.
///
/// # Errors
/// Returns the same sentences as [`open`].
pub(crate) async fn connect<S>(
    args: &ClientArgs,
    connector: Connector,
    wrap: impl FnMut(MaybeTlsStream) -> S,
) -> Result<WebSocket<S>, String>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let uri = uri(args)?;
    connector.connect_through(wrap).await.map_err(|error| explain(&error, &uri, args.connect_timeout))
}

/// Creates the connector that the command line describes. Some invalid arguments end the process
/// instead: see [`open`].
///
/// # Errors
/// Returns a sentence that says why a URL or a certificate cannot be used.
pub(crate) fn connector(args: &ClientArgs) -> Result<Connector, String> {
    let limits = Limits::default().max_frame_bytes(args.max_message).max_message_bytes(args.max_message);
    let message_timeout = args.message_timeout.0.map(|base| MessageTimeout { base, ..MessageTimeout::DEFAULT });
    let mut config = Config::default().limits(limits).close_timeout(NEVER).message_timeout(message_timeout);
    if let Some(interval) = args.ping_interval {
        config = config.keep_alive(KeepAlive { interval, timeout: interval });
    }
    let connector = Connector::from(request(args)?)
        .config(config)
        .handshake_timeout(args.connect_timeout)
        .transport(transport_options(args)?)
        .follow_redirects(args.follow);
    Ok(if args.deflate { connector.deflate(DeflateOptions::DEFAULT) } else { connector })
}

/// Creates the transport options that the command line describes: how to reach the server, and how
/// to use TLS. An invalid proxy ends the process: see [`open`].
///
/// # Errors
/// Returns a sentence that explains why a certificate or a key cannot be used.
pub(crate) fn transport_options(args: &ClientArgs) -> Result<TransportOptions, String> {
    Ok(way(args).apply(tls_options(args)?))
}

/// Ends the process if the command line has TLS options that the connection would not use. Call
/// this function only if the program cannot connect to another URL later.
pub(crate) fn reject_unused_tls_options(args: &ClientArgs) {
    let has_options = !args.tls_ca.is_empty() || args.tls_cert.is_some();
    if let Ok(uri) = uri(args)
        && has_options
        && args.follow == 0
        && !uri.secure()
        && !way(args).is_over_tls(&uri)
    {
        exit_with_usage_error(&format!(
            "{uri} is not encrypted, so --tls-ca and --tls-cert have no effect: use wss://"
        ));
    }
}

/// Creates the opening request that the command line describes. The probe injects its faults into
/// this request.
///
/// # Errors
/// Returns a sentence that says why a URL cannot be used.
pub(crate) fn request(args: &ClientArgs) -> Result<ClientRequest, String> {
    let uri = uri(args)?;
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
    Ok(fill(ClientRequest::new(uri)).unwrap_or_else(|usage_error: UsageError| exit_with_usage_error(&usage_error)))
}

/// Returns how to reach the server. An invalid proxy on the command line ends the process: see
/// [`open`].
fn way(args: &ClientArgs) -> Way {
    Way::of(args).unwrap_or_else(|sentence| exit_with_usage_error(&sentence))
}

/// Returns the URI to which the client is connected, after any redirects, and the route to it:
/// `ws://example.org/ through the proxy http://proxy.example:3128`.
///
/// # Errors
/// Returns a sentence that says why an address cannot be used.
pub(crate) fn destination<S>(args: &ClientArgs, connection: &WebSocket<S>) -> Result<String, String> {
    let redirected = connection.response().and_then(|response| response.extensions().get::<Uri>());
    let uri = redirected.map_or_else(|| uri(args), |uri| Ok(uri.clone()))?;
    Ok(format!("{uri}{}", way(args).describe(&uri)))
}

/// Returns the URI that the command line names.
///
/// # Errors
/// Returns a sentence that says why an address cannot be used.
pub(crate) fn uri(args: &ClientArgs) -> Result<Uri, String> {
    address::parse(&args.url)
}

/// Prints the usage error and ends the process, as `clap` does.
fn exit_with_usage_error(usage_error: &dyn fmt::Display) -> ! {
    let message = printable(&usage_error.to_string()).into_owned();
    ClientArgs::command().error(ErrorKind::ValueValidation, message).exit()
}
