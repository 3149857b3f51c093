//! The TLS configuration of a client, in builds with and without TLS.

/// The TLS configuration that a program has chosen for its client. In a build without TLS, this
/// type has no fields.
#[derive(Debug, Clone, Default)]
pub(crate) struct TlsChoice {
    /// `None` to use the configuration that the [features](crate::tls#features) determine.
    #[cfg(feature = "tls")]
    pub(crate) config: Option<std::sync::Arc<crate::tls::rustls::ClientConfig>>,
}
