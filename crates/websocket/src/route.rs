//! The route from a client to a server: direct, through a proxy, through a Unix socket, or over a
//! stream that the program opens.

#[cfg(unix)]
use std::path::PathBuf;
use std::{io, time::Duration};

use protocol::{Limits, Uri};
#[cfg(unix)]
use tokio::net::UnixStream;
use tokio::{net::TcpStream, time::timeout};

#[cfg(feature = "proxy")]
use crate::proxy::{self, Proxy, ProxyError};
#[cfg(all(feature = "tls", feature = "proxy"))]
use crate::tls::{ClientTlsStream, start_tls};
use crate::{
    dialer::{DialedStream, Dialer},
    error::ConnectError,
    maybe_tls_stream::MaybeTlsStream,
    tls_choice::TlsChoice,
};

/// The route from a client to a server.
#[derive(Debug, Clone, Default)]
pub(crate) enum Route {
    /// TCP to an address of the host.
    #[default]
    Direct,
    /// Through this proxy.
    #[cfg(feature = "proxy")]
    Proxy(Proxy),
    /// Through the proxy that the environment variables name for the URI, or directly if they name
    /// none.
    #[cfg(feature = "proxy")]
    Environment,
    /// The Unix socket at this path.
    #[cfg(unix)]
    UnixSocket(PathBuf),
    /// A stream that the program opens.
    Dialer(Dialer),
}

/// A stream that leads to the server, before the TLS handshake with the server.
#[derive(Debug)]
pub(crate) enum Transport {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
    /// A TLS connection to a proxy, which forwards the bytes inside it to the server.
    #[cfg(all(feature = "tls", feature = "proxy"))]
    ProxyTls(Box<ClientTlsStream<TcpStream>>),
    Dialed(DialedStream),
}

impl Transport {
    /// Returns the stream as it is, without TLS to the server.
    pub(crate) fn into_stream(self) -> MaybeTlsStream {
        match self {
            Self::Tcp(stream) => MaybeTlsStream::Plain(stream),
            #[cfg(unix)]
            Self::Unix(stream) => MaybeTlsStream::Unix(stream),
            #[cfg(all(feature = "tls", feature = "proxy"))]
            Self::ProxyTls(stream) => MaybeTlsStream::ProxyTls(stream),
            Self::Dialed(stream) => MaybeTlsStream::Dialed(stream),
        }
    }
}

impl Route {
    /// Returns the route to this URI. Reads the environment variables if they determine the route.
    #[cfg_attr(not(feature = "proxy"), expect(unused_variables, reason = "only a proxy depends on the URI"))]
    pub(crate) fn for_uri(&self, uri: &Uri) -> Result<Self, ConnectError> {
        match self {
            #[cfg(feature = "proxy")]
            Self::Environment => {
                let proxy = Proxy::from_env(uri).map_err(ConnectError::ProxyVariable)?;
                Ok(proxy.map_or(Self::Direct, Self::Proxy))
            }
            decided => Ok(decided.clone()),
        }
    }

    /// Opens the stream to the server within `limit`, without TLS to the server. Returns `None` if
    /// the route is direct, in which case the caller resolves the host and connects to it.
    #[cfg_attr(not(feature = "proxy"), expect(unused_variables, reason = "only the route through a proxy needs them"))]
    pub(crate) async fn open(
        self,
        uri: &Uri,
        limits: &Limits,
        tls: &TlsChoice,
        limit: Duration,
    ) -> Result<Option<Transport>, ConnectError> {
        match self {
            #[cfg(feature = "proxy")]
            Self::Proxy(proxy) => through_proxy(&proxy, uri, limits, tls, limit).await.map(Some),
            #[cfg(unix)]
            Self::UnixSocket(path) => {
                let connected = timeout(limit, UnixStream::connect(&path)).await.unwrap_or_else(|_| Err(timed_out()));
                let failed = |error| ConnectError::UnixSocket { path, error };
                connected.map(|stream| Some(Transport::Unix(stream))).map_err(failed)
            }
            Self::Dialer(dialer) => {
                let dialed = timeout(limit, dialer.dial(uri.clone())).await.unwrap_or_else(|_| Err(timed_out()));
                dialed.map(|stream| Some(Transport::Dialed(stream))).map_err(ConnectError::Dial)
            }
            Self::Direct => Ok(None),
            // `for_uri` has already replaced this route with another.
            #[cfg(feature = "proxy")]
            Self::Environment => Ok(None),
        }
    }
}

#[cfg(feature = "proxy")]
async fn through_proxy(
    proxy: &Proxy,
    uri: &Uri,
    limits: &Limits,
    tls: &TlsChoice,
    limit: Duration,
) -> Result<Transport, ConnectError> {
    let connecting = async {
        #[cfg(feature = "tls")]
        if proxy.is_over_tls() {
            let tcp = proxy::connect_to_proxy(proxy).await?;
            let started = start_tls(tcp, proxy.host(), tls.config.clone()).await;
            let mut stream = Box::new(started.map_err(tls_to_proxy_failed)?);
            proxy::open_tunnel(&mut *stream, proxy, uri, limits).await?;
            return Ok(Transport::ProxyTls(stream));
        }
        #[cfg(not(feature = "tls"))]
        let _ = tls;
        proxy::connect(proxy, uri, limits).await.map(Transport::Tcp)
    };
    let connected = timeout(limit, connecting).await.unwrap_or(Err(ProxyError::TimedOut));
    //= docs/src/rfc6455.md#section-4-1
    //# If the transport connection cannot be opened, or a proxy returns an error, the client MUST
    //# fail the connection and abort the attempt.
    connected.map_err(|error| ConnectError::Proxy { proxy: proxy.to_string(), error })
}

/// Turns an error from the TLS handshake into a proxy error, so that it does not seem to come from
/// the server.
#[cfg(all(feature = "tls", feature = "proxy"))]
fn tls_to_proxy_failed(error: ConnectError) -> ProxyError {
    match error {
        ConnectError::Tls(error) => ProxyError::Tls(error),
        other => ProxyError::Tls(io::Error::other(other)),
    }
}

fn timed_out() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "it took too long")
}
