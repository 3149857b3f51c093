//! Proxies between a client and its server: HTTP proxies that open a tunnel (`CONNECT`), and SOCKS5
//! (RFC 1928).
//!
//! ```text
//!   client ── TCP ──▶ proxy ── TCP ──▶ server
//!     │   CONNECT host:port  │
//!     │─────────────────────▶│
//!     │◀───────── 200 ───────│
//!     │   TLS, for wss://, and the WebSocket   │
//!     │◀──────────────────────────────────────▶│
//! ```
//!
//! An `https://` proxy is itself reached over TLS, which `route` adds before `CONNECT`.
//!
//! The proxy sees the host and the port. With `wss://`, it cannot read the request or the messages.
//!
//! | file | what it holds |
//! |---|---|
//! | `url` | a proxy's URL: scheme, host, port and credentials |
//! | `environment` | the proxy that `HTTP_PROXY` and its siblings name for a URI |
//! | `no_proxy` | the hosts that need no proxy, `NO_PROXY` |
//! | `tunnel` | the request `CONNECT` and its answer |
//! | `socks` | the conversation with a SOCKS5 proxy, through the crate `tokio-socks` |
//! | `error` | errors |

mod environment;
mod error;
mod no_proxy;
mod socks;
mod tunnel;
mod url;

use std::net::SocketAddr;

use protocol::{Limits, Uri};
use tokio::net::{TcpStream, lookup_host};

pub use self::{
    error::{ProxyError, ProxyUrlError, ProxyVariableError},
    url::Proxy,
};
use self::{tunnel::Peek, url::ProxyKind};
use crate::happy_eyeballs::connect_to_any;

/// Connects to a proxy without TLS, and makes it connect to the host and the port of `uri`. The
/// next byte of the returned stream comes from the server.
///
/// `limits` applies to the head of the answer to `CONNECT`.
///
/// # Panics
/// Panics if the proxy [is reached over TLS](Proxy::is_over_tls). For such a proxy, the caller must
/// perform the TLS handshake between [`connect_to_proxy`] and [`open_tunnel`].
//= docs/src/rfc6455.md#section-4-1
//# A client that is configured to use a proxy SHOULD connect to the proxy and request a tunnel to the
//# host and port.
pub(crate) async fn connect(proxy: &Proxy, uri: &Uri, limits: &Limits) -> Result<TcpStream, ProxyError> {
    let (host, port) = (uri.host(), uri.port());
    match proxy.kind() {
        // Without TLS to the proxy, the credentials would be sent unencrypted.
        ProxyKind::Https => unreachable!("TLS to the proxy comes first"),
        ProxyKind::Http => {
            let mut stream = connect_to_proxy(proxy).await?;
            open_tunnel(&mut stream, proxy, uri, limits).await?;
            Ok(stream)
        }
        ProxyKind::SocksResolvesHosts => {
            socks::open(connect_to_proxy(proxy).await?, (host, port), proxy.credentials()).await
        }
        ProxyKind::Socks => {
            let addresses = lookup_host((host, port)).await.map_err(ProxyError::ResolveTarget)?;
            let mut last_error = None;
            // A proxy that cannot reach one address, such as an IPv6 address, may reach another.
            for address in addresses {
                match socks::open(connect_to_proxy(proxy).await?, address, proxy.credentials()).await {
                    Err(error @ ProxyError::Refused(_)) => last_error = Some(error),
                    opened_or_failed => return opened_or_failed,
                }
            }
            Err(last_error.unwrap_or_else(|| ProxyError::Refused("the host has no address".to_owned())))
        }
    }
}

/// Makes an HTTP proxy connect to the host and the port of `uri`. The stream must already lead to
/// the proxy.
pub(crate) async fn open_tunnel(
    stream: &mut impl Peek,
    proxy: &Proxy,
    uri: &Uri,
    limits: &Limits,
) -> Result<(), ProxyError> {
    tunnel::open(stream, uri.host(), uri.port(), proxy.credentials(), limits).await
}

/// Connects to the proxy, without TLS.
pub(crate) async fn connect_to_proxy(proxy: &Proxy) -> Result<TcpStream, ProxyError> {
    let addresses = lookup_host((proxy.host(), proxy.port())).await.map_err(ProxyError::Resolve)?;
    let addresses: Vec<SocketAddr> = addresses.collect();
    let stream = connect_to_any(&addresses, TcpStream::connect).await.map_err(ProxyError::Tcp)?;
    // Disable Nagle's algorithm, as for a connection without a proxy, because messages are written
    // whole.
    stream.set_nodelay(true).map_err(ProxyError::Broken)?;
    Ok(stream)
}
