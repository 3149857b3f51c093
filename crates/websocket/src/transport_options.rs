//! The options for a client's transport.

#[cfg(feature = "tls")]
use std::sync::Arc;

#[cfg(feature = "tls")]
use crate::tls::{default_protocols, rustls::ClientConfig};

/// The options for everything that a client does before its opening request.
/// [`Connector`](crate::Connector) has the same options, for a client that also leaves the opening
/// request to it.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct TransportOptions {
    #[cfg(feature = "tls")]
    pub(crate) tls_config: Option<Arc<ClientConfig>>,
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
        self.tls_config = Some(config);
        self
    }
}
