//! A client's transport: name resolution, TCP and TLS (section 4.1).

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use protocol::Uri;
use tokio::{
    net::{TcpStream, lookup_host},
    sync::OwnedMutexGuard,
};

use crate::{error::ConnectError, maybe_tls_stream::MaybeTlsStream};

/// Opens the transport to a URI: name resolution, TCP, and TLS for `wss`. Use this function for a
/// client that performs the opening handshake in its own way.
///
/// # Errors
/// As for the steps of [`Connector::connect`](crate::Connector::connect) before the opening
/// handshake. This function has no time-out.
///
/// # Cancel safety
/// If the future is dropped, the attempt is abandoned, and a TCP connection that it has opened is
/// closed.
pub async fn open_transport(uri: &Uri) -> Result<MaybeTlsStream, ConnectError> {
    open_exclusively(uri).await.map(|(stream, _turn)| stream)
}

/// Resolves the host, connects to it, and performs the TLS handshake for `wss`. No other connection
/// to the same address starts before the returned guard is dropped, so keep the guard until the
/// opening handshake is over.
pub(crate) async fn open_exclusively(uri: &Uri) -> Result<(MaybeTlsStream, OwnedMutexGuard<()>), ConnectError> {
    let (host, port) = (uri.host(), uri.port());
    let resolve = |error| ConnectError::Resolve { host: host.to_owned(), error };
    let addresses: Vec<_> = lookup_host((host, port)).await.map_err(resolve)?.collect();
    let mut last_error = io::Error::new(io::ErrorKind::NotFound, "it has no address");
    for address in addresses {
        // Open one connection to an address at a time. Otherwise a web page could keep any server
        // busy by opening a hundred connections at once, even a server that does not support
        // WebSocket.
        //= docs/src/rfc6455.md#section-4-1
        //# If the client is already opening a connection to the same IP address and port, it MUST
        //# wait until that connection is established or has failed.
        //= docs/src/rfc6455.md#section-4-1
        //# A client MUST NOT have more than one connection to the same IP address and port in the
        //# CONNECTING state.
        let turn = turn_for(address).lock_owned().await;
        //= docs/src/rfc6455.md#section-4-1
        //# A client without a proxy SHOULD open a TCP connection to the host and port itself.
        match TcpStream::connect(address).await {
            Ok(tcp) => {
                // Disable Nagle's algorithm: messages are written whole, so waiting for more bytes
                // to fill a packet would only delay them.
                tcp.set_nodelay(true).map_err(ConnectError::Handshake)?;
                //= docs/src/rfc6455.md#section-4-1
                //# For a secure URI, the client MUST do the TLS handshake before it sends the
                //# opening request.
                let stream = if uri.secure() { start_tls(tcp, host).await? } else { MaybeTlsStream::Plain(tcp) };
                return Ok((stream, turn));
            }
            // Try the next address, and report only the last error if all fail.
            Err(error) => last_error = error,
        }
    }
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    //= docs/src/rfc6455.md#section-4-1
    //# If the transport connection cannot be opened, or a proxy returns an error, the client MUST
    //# fail the connection and abort the attempt.
    Err(ConnectError::Tcp { authority: format!("{host}:{port}"), error: last_error })
}

/// Returns the lock that a connection attempt to `address` has to hold.
//= docs/src/rfc6455.md#section-4-1
//# A client that attempts several connections to the same IP address and port at once MUST open
//# them one after the other.
fn turn_for(address: SocketAddr) -> Arc<tokio::sync::Mutex<()>> {
    static TURNS: Mutex<Option<HashMap<SocketAddr, Weak<tokio::sync::Mutex<()>>>>> = Mutex::new(None);
    let mut turns = TURNS.lock().unwrap_or_else(PoisonError::into_inner);
    let turns = turns.get_or_insert_default();
    // Remove the locks that no attempt holds or waits for, so that the map does not grow with every
    // address.
    turns.retain(|_, turn| turn.strong_count() > 0);
    if let Some(turn) = turns.get(&address).and_then(Weak::upgrade) {
        return turn;
    }
    let turn = Arc::default();
    turns.insert(address, Arc::downgrade(&turn));
    turn
}

// This version awaits nothing, but it has to be async like the version with TLS below, because the
// same code awaits either of them.
#[allow(clippy::unused_async)]
#[cfg(not(feature = "tls"))]
async fn start_tls(_: TcpStream, _: &str) -> Result<MaybeTlsStream, ConnectError> {
    Err(ConnectError::TlsMissing)
}

/// Performs the TLS handshake, and trusts the certificate authorities that the operating system
/// trusts.
//= docs/src/rfc6455.md#section-10-6
//# An implementation MUST support TLS.
#[cfg(feature = "tls")]
async fn start_tls(tcp: TcpStream, host: &str) -> Result<MaybeTlsStream, ConnectError> {
    use tokio_rustls::{TlsConnector, rustls::pki_types::ServerName};

    //= docs/src/rfc6455.md#section-4-1
    //# In the TLS handshake, the client MUST send the host name in the Server Name Indication (SNI)
    //# extension.
    let name = ServerName::try_from(host.to_owned()).map_err(|error| ConnectError::Tls(io::Error::other(error)))?;
    let connector = TlsConnector::from(tls_config().await?);
    //= docs/src/rfc6455.md#section-4-1
    //# If the TLS handshake fails, for example because the certificate cannot be verified, the
    //# client MUST fail the connection.
    let tls = connector.connect(name, tcp).await.map_err(ConnectError::Tls)?;
    //= docs/src/rfc6455.md#section-4-1
    //# Once TLS is established, all data on the connection MUST go through it.
    Ok(MaybeTlsStream::Tls(Box::new(tls)))
}

/// Returns the TLS configuration, which all connections of this process share. It is created only
/// once, because loading the system's certificates may mean reading hundreds of files.
#[cfg(feature = "tls")]
async fn tls_config() -> Result<Arc<tokio_rustls::rustls::ClientConfig>, ConnectError> {
    use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};

    static CONFIG: tokio::sync::OnceCell<Arc<ClientConfig>> = tokio::sync::OnceCell::const_new();
    let load = || {
        let mut roots = RootCertStore::empty();
        // Skip certificates that cannot be parsed, because a broken certificate in the system's
        // store must not disable the others.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        // Name the cryptography provider, because rustls has no default in a program that also
        // enables another provider.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        //= docs/src/rfc6455.md#section-10-6
        //# Clients should accept strong algorithms only.
        let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        versions.map(|builder| Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
    };
    let other = |error| ConnectError::Tls(io::Error::other(error));
    // Reading files blocks the thread, so it must not happen on a thread that serves connections.
    let loading = || async {
        tokio::task::spawn_blocking(load)
            .await
            .map_err(|error| other(error.to_string()))?
            .map_err(|error| other(error.to_string()))
    };
    CONFIG.get_or_try_init(loading).await.cloned()
}
