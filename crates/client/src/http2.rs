//! `--http2`: opens the connection on an HTTP/2 stream (RFC 8441). The HTTP/2 connection carries
//! nothing else, and ends when the process does.

use std::sync::Arc;

use tokio::{
    io::{AsyncRead, AsyncWrite},
    task::spawn_blocking,
    time::timeout,
};
use websocket::{
    ConnectError, Connector, TransportOptions, open_transport_before_tls,
    protocol::Uri,
    tls::{self, rustls::ClientConfig},
};
use websocket_hyper::{WebSocket, client::http2::handshake};

use crate::{
    args::ClientArgs,
    connect_error::{authority, explain},
    opening::{connector, transport_options, uri},
    tls::client_config,
};

/// The name of HTTP/2 in ALPN.
const H2: &[u8] = b"h2";

/// Opens the connection that the command line describes.
///
/// # Errors
/// Returns one sentence that explains why the connection did not open and what to do.
pub(crate) async fn open(args: &ClientArgs) -> Result<WebSocket, String> {
    let (uri, connector, options) = (uri(args)?, connector(args)?, transport_options(args)?);
    let config = if uri.secure() {
        let args = args.clone();
        let reading = spawn_blocking(move || client_config(&args));
        Some(reading.await.map_err(|error| error.to_string())??)
    } else {
        None
    };
    let opened = timeout(args.connect_timeout, connect(&uri, &options, config, connector)).await;
    opened.unwrap_or(Err(ConnectError::TimedOut)).map_err(|error| {
        let missing = match error {
            ConnectError::Alpn { .. } => "offer HTTP/2 inside TLS (ALPN)",
            ConnectError::Http2NotSupported => "support WebSocket in HTTP/2 (RFC 8441)",
            error => return explain(&error, &uri, args.connect_timeout),
        };
        format!("{} does not {missing}: leave out --http2 to connect in HTTP/1.1", authority(&uri))
    })
}

async fn connect(
    uri: &Uri,
    options: &TransportOptions,
    config: Option<Arc<ClientConfig>>,
    connector: Connector,
) -> Result<WebSocket, ConnectError> {
    let stream = open_transport_before_tls(uri, options).await?;
    let Some(mut config) = config else { return open_stream(stream, connector).await };
    Arc::make_mut(&mut config).alpn_protocols = vec![H2.to_vec()];
    let tls = tls::connect(stream, uri.host(), config).await?;
    // A server that does not support ALPN selects no protocol, and speaks HTTP/1.1.
    if tls.get_ref().1.alpn_protocol() != Some(H2) {
        return Err(ConnectError::Alpn { chosen: None });
    }
    open_stream(tls, connector).await
}

/// Starts HTTP/2 on a byte stream, and opens the WebSocket connection.
async fn open_stream<S>(stream: S, connector: Connector) -> Result<WebSocket, ConnectError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    // The client sends no ordinary requests, so any type of body will do.
    let (mut client, http) = handshake::<_, String>(stream).await?;
    tokio::spawn(http);
    client.connect(connector).await
}
