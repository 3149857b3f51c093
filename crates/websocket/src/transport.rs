//! A client's transport: name resolution, TCP and TLS (section 4.1).

use std::{net::SocketAddr, time::Duration};

use protocol::{Limits, Uri};
use tokio::net::{TcpStream, lookup_host};

#[cfg(all(unix, feature = "tls"))]
use crate::dialer::DialedStream;
#[cfg(feature = "tls")]
use crate::tls::start_tls;
use crate::{
    error::ConnectError, happy_eyeballs::connect_to_any, maybe_tls_stream::MaybeTlsStream, route::Transport,
    tls_choice::TlsChoice, transport_options::TransportOptions,
};

/// Opens the transport to a URI with the default options: name resolution, TCP, and TLS for `wss`.
/// Use this function for a client that performs the opening handshake in its own way.
///
/// # Errors
/// As for [`open_transport_with`].
///
/// # Panics
/// As for [`open_transport_with`].
///
/// # Cancel safety
/// As for [`open_transport_with`].
pub async fn open_transport(uri: &Uri) -> Result<MaybeTlsStream, ConnectError> {
    open_transport_with(uri, &TransportOptions::default()).await
}

/// Opens the transport to a URI like [`open_transport`], with options.
///
/// # Errors
/// As for [`Connector::connect`](crate::Connector::connect), except for errors from the opening
/// handshake, from redirects and from the time-out, because none of the three applies to this
/// function.
///
/// # Panics
/// Panics outside a tokio runtime, and in a runtime whose I/O or timers are [not
/// enabled](crate#the-runtime).
///
/// # Cancel safety
/// If the future is dropped, the attempt is abandoned, and any TCP connection that it has opened is
/// closed.
pub async fn open_transport_with(uri: &Uri, options: &TransportOptions) -> Result<MaybeTlsStream, ConnectError> {
    secure(uri, open_route(uri, options).await?, &options.tls).await
}

/// Opens the transport to a URI like [`open_transport_with`], but leaves the TLS handshake of a
/// `wss` URI to the caller, who can then negotiate a protocol other than [`http/1.1`](crate::tls).
/// The options still determine the route to the server.
///
/// # Errors
/// As for [`open_transport_with`].
///
/// # Panics
/// As for [`open_transport_with`].
///
/// # Cancel safety
/// As for [`open_transport_with`].
pub async fn open_transport_before_tls(uri: &Uri, options: &TransportOptions) -> Result<MaybeTlsStream, ConnectError> {
    open_route(uri, options).await.map(Transport::into_stream)
}

/// Opens the stream to the server, without TLS, by the route that the options determine.
async fn open_route(uri: &Uri, options: &TransportOptions) -> Result<Transport, ConnectError> {
    let route = options.route.for_uri(uri)?;
    // These functions have no time-out.
    match route.open(uri, &Limits::DEFAULT, &options.tls, Duration::MAX).await? {
        Some(transport) => Ok(transport),
        None => connect_to_host(uri, &resolve(uri).await?).await,
    }
}

/// Resolves the host of a URI to addresses.
pub(crate) async fn resolve(uri: &Uri) -> Result<Vec<SocketAddr>, ConnectError> {
    let host = uri.host();
    let addresses = lookup_host((host, uri.port())).await;
    Ok(addresses.map_err(|error| ConnectError::Resolve { host: host.to_owned(), error })?.collect())
}

/// Connects to any of the host's addresses.
pub(crate) async fn connect_to_host(uri: &Uri, addresses: &[SocketAddr]) -> Result<Transport, ConnectError> {
    let host = uri.host();
    //= docs/src/rfc6455.md#section-4-1
    //# A client without a proxy SHOULD open a TCP connection to the host and port itself.
    let tcp = connect_to_any(addresses, TcpStream::connect).await.map_err(|error| {
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        //= docs/src/rfc6455.md#section-4-1
        //# If the transport connection cannot be opened, or a proxy returns an error, the client
        //# MUST fail the connection and abort the attempt.
        ConnectError::Tcp { authority: format!("{host}:{}", uri.port()), error }
    })?;
    // Disable Nagle's algorithm: messages are written whole, so waiting for more bytes to fill a
    // packet would only delay them.
    tcp.set_nodelay(true).map_err(ConnectError::Handshake)?;
    Ok(Transport::Tcp(tcp))
}

/// Performs the TLS handshake for `wss`, and leaves the stream as it is for `ws`.
#[cfg(feature = "tls")]
//= docs/src/rfc6455.md#section-4-1
//# For a secure URI, the client MUST do the TLS handshake before it sends the opening request.
pub(crate) async fn secure(uri: &Uri, transport: Transport, tls: &TlsChoice) -> Result<MaybeTlsStream, ConnectError> {
    if !uri.secure() {
        return Ok(transport.into_stream());
    }
    let config = tls.config.clone();
    //= docs/src/rfc6455.md#section-4-1
    //# Once TLS is established, all data on the connection MUST go through it.
    Ok(match transport {
        Transport::Tcp(stream) => MaybeTlsStream::Tls(Box::new(start_tls(stream, uri.host(), config).await?)),
        #[cfg(unix)]
        Transport::Unix(stream) => {
            let stream = DialedStream::new(stream);
            MaybeTlsStream::TlsOverDialed(Box::new(start_tls(stream, uri.host(), config).await?))
        }
        #[cfg(feature = "proxy")]
        Transport::ProxyTls(stream) => {
            MaybeTlsStream::TlsOverProxyTls(Box::new(start_tls(stream, uri.host(), config).await?))
        }
        Transport::Dialed(stream) => {
            MaybeTlsStream::TlsOverDialed(Box::new(start_tls(stream, uri.host(), config).await?))
        }
    })
}

// This version awaits nothing, but it must be async, because the same code awaits either this
// version or the one with TLS.
#[allow(clippy::unused_async)]
#[cfg(not(feature = "tls"))]
pub(crate) async fn secure(uri: &Uri, transport: Transport, _: &TlsChoice) -> Result<MaybeTlsStream, ConnectError> {
    if uri.secure() { Err(ConnectError::TlsMissing) } else { Ok(transport.into_stream()) }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use testkit::tasks::with_timeout;
    use tokio::net::{TcpListener, TcpSocket};

    use super::*;

    /// Opens a listener with room for one waiting connection, and a connection that takes up that
    /// room. The kernel then drops the packets of any further client. (Linux does so; other systems
    /// refuse the connection.)
    async fn listen_and_drop_packets() -> (TcpListener, TcpStream) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(0).unwrap();
        let waiting = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (listener, waiting)
    }

    #[tokio::test]
    async fn an_address_that_drops_packets_does_not_use_up_the_time() {
        with_timeout(async {
            let (silent, _waiting) = listen_and_drop_packets().await;
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let addresses = [silent.local_addr().unwrap(), listener.local_addr().unwrap()];
            let uri = "ws://example.org/".parse().unwrap();
            let transport = connect_to_host(&uri, &addresses).await.expect("the second address accepts");
            assert_eq!(transport.into_stream().peer_addr().unwrap(), addresses[1]);
        })
        .await;
    }
}
