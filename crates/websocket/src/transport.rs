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

#[cfg(feature = "tls")]
use crate::tls::start_tls;
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

// This version awaits nothing, but it has to be async like the version with TLS, because the same
// code awaits either of them.
#[allow(clippy::unused_async)]
#[cfg(not(feature = "tls"))]
async fn start_tls(_: TcpStream, _: &str) -> Result<MaybeTlsStream, ConnectError> {
    Err(ConnectError::TlsMissing)
}
