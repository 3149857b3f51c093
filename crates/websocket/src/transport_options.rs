//! The options for a client's transport.

use std::io;
#[cfg(unix)]
use std::path::PathBuf;
#[cfg(feature = "tls")]
use std::sync::Arc;

use protocol::Uri;
use tokio::io::{AsyncRead, AsyncWrite};

#[cfg(feature = "proxy")]
use crate::proxy::Proxy;
#[cfg(feature = "tls")]
use crate::tls::{default_protocols, rustls::ClientConfig};
use crate::{dialer::Dialer, route::Route, tls_choice::TlsChoice};

/// The options for everything that a client does before its opening request.
/// [`Connector`](crate::Connector) has the same options, and also performs the opening handshake.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct TransportOptions {
    pub(crate) tls: TlsChoice,
    pub(crate) route: Route,
}

impl TransportOptions {
    /// Creates the default options.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the TLS configuration, in place of the one that the [features](crate::tls#features)
    /// determine. If the configuration names no protocol for ALPN, this method adds `http/1.1`.
    #[cfg(feature = "tls")]
    pub fn tls_config(mut self, config: impl Into<Arc<ClientConfig>>) -> Self {
        let mut config = config.into();
        if config.alpn_protocols.is_empty() {
            Arc::make_mut(&mut config).alpn_protocols = default_protocols();
        }
        self.tls.config = Some(config);
        self
    }

    /// Connects through this proxy: see [`Connector::proxy`](crate::Connector::proxy).
    #[cfg(feature = "proxy")]
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.route = Route::Proxy(proxy);
        self
    }

    /// Connects through the proxy that environment variables name: see
    /// [`Connector::proxy_from_env`](crate::Connector::proxy_from_env).
    #[cfg(feature = "proxy")]
    pub fn proxy_from_env(mut self) -> Self {
        self.route = Route::Environment;
        self
    }

    /// Connects to the Unix socket at this path: see
    /// [`Connector::unix_socket`](crate::Connector::unix_socket).
    #[cfg(unix)]
    pub fn unix_socket(mut self, path: impl Into<PathBuf>) -> Self {
        self.route = Route::UnixSocket(path.into());
        self
    }

    /// Connects over a stream that `dial` opens: see [`Connector::dial`](crate::Connector::dial).
    pub fn dial<F, S>(mut self, dial: impl Fn(Uri) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = io::Result<S>> + Send + 'static,
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        self.route = Route::Dialer(Dialer::new(dial));
        self
    }
}
