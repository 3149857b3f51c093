//! TLS for clients: the TLS handshake, and the configuration.

use std::{io, sync::Arc};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::OnceCell,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        AlertDescription, ClientConfig, Error,
        pki_types::{CertificateDer, ServerName},
    },
};

use super::{
    alpn::{HTTP11, default_protocols},
    error::TlsConfigError,
    identity::Identity,
    provider::provider,
    roots::with_trusted,
};
use crate::error::ConnectError;

/// A client's TLS stream over `S`.
pub type ClientTlsStream<S> = tokio_rustls::client::TlsStream<S>;

/// A builder for a client's TLS configuration. It starts from this crate's defaults, to which you
/// can add trusted certificates and a certificate for the client itself.
///
/// For everything else, build a [`ClientConfig`] with [`rustls`](super::rustls).
///
/// ```no_run
/// use websocket::{
///     Connector,
///     tls::{ClientTls, Identity, certificates_from_file},
/// };
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let config = ClientTls::new()
///     .trust(certificates_from_file("company.pem")?)
///     .identity(Identity::from_pem_files("client.pem", "client.key")?)
///     .build()?;
/// let connection = Connector::new("wss://internal.example/")?.tls_config(config).connect().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct ClientTls {
    trusted: Vec<CertificateDer<'static>>,
    identity: Option<Identity>,
}

impl ClientTls {
    /// Creates a builder with the defaults: the certificate authorities of this build, and no
    /// certificate for the client itself.
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts these additional certificates: those of certificate authorities, or those of servers
    /// if they are self-signed. Host names and dates are still checked.
    pub fn trust(mut self, certificates: impl IntoIterator<Item = CertificateDer<'static>>) -> Self {
        self.trusted.extend(certificates);
        self
    }

    /// Proves the client's identity with this certificate to servers that ask for one.
    pub fn identity(mut self, identity: Identity) -> Self {
        self.identity = Some(identity);
        self
    }

    /// Builds the configuration. Loading the operating system's certificates may mean reading
    /// hundreds of files, so call this function only once, and on a thread that may block.
    ///
    /// # Errors
    /// [`TlsConfigError`], for example if there is no certificate that the client could trust.
    pub fn build(self) -> Result<Arc<ClientConfig>, TlsConfigError> {
        //= docs/src/rfc6455.md#section-10-6
        //# Clients should accept strong algorithms only.
        let builder = ClientConfig::builder_with_provider(provider()?).with_safe_default_protocol_versions();
        let builder = with_trusted(builder.map_err(TlsConfigError::Rustls)?, self.trusted)?;
        let mut config = match self.identity {
            Some(identity) => builder.with_client_cert_resolver(identity.into_resolver()),
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = default_protocols();
        Ok(Arc::new(config))
    }
}

/// Performs the TLS handshake for an HTTP/1.1 connection, with the caller's configuration or the
/// default one.
//= docs/src/rfc6455.md#section-10-6
//# An implementation MUST support TLS.
pub(crate) async fn start_tls<S>(
    stream: S,
    host: &str,
    config: Option<Arc<ClientConfig>>,
) -> Result<ClientTlsStream<S>, ConnectError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let config = match config {
        Some(config) => config,
        None => default_config().await?,
    };
    let tls = connect(stream, host, config).await?;
    // The opening request is sent in HTTP/1.1, so a server that has chosen any other protocol could
    // not read it. A server that does not support ALPN chooses none, and speaks HTTP/1.1.
    match tls.get_ref().1.alpn_protocol() {
        None | Some(HTTP11) => Ok(tls),
        Some(other) => Err(ConnectError::Alpn { chosen: Some(String::from_utf8_lossy(other).into_owned()) }),
    }
}

/// Performs a client's TLS handshake on a stream, for a protocol that the caller then speaks over
/// TLS, such as HTTP/2. The configuration names the protocols for ALPN. Afterwards,
/// `stream.get_ref().1.alpn_protocol()` returns the protocol that the server chose.
///
/// For WebSocket in HTTP/1.1, use [`Connector::connect`](crate::Connector::connect).
///
/// # Errors
/// - [`ConnectError::Tls`] if the handshake fails, or if `host` is neither a name nor an address;
/// - [`ConnectError::Alpn`] if the server speaks none of the protocols.
///
/// # Cancel safety
/// If the future is dropped, the stream is dropped with it.
pub async fn connect<S>(stream: S, host: &str, config: Arc<ClientConfig>) -> Result<ClientTlsStream<S>, ConnectError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    //= docs/src/rfc6455.md#section-4-1
    //# In the TLS handshake, the client MUST send the host name in the Server Name Indication (SNI)
    //# extension.
    let name = ServerName::try_from(host.to_owned()).map_err(|error| ConnectError::Tls(io::Error::other(error)))?;
    //= docs/src/rfc6455.md#section-4-1
    //# If the TLS handshake fails, for example because the certificate cannot be verified, the
    //# client MUST fail the connection.
    TlsConnector::from(config).connect(name, stream).await.map_err(handshake_error)
}

fn handshake_error(error: io::Error) -> ConnectError {
    let cause = error.get_ref().and_then(|error| error.downcast_ref::<Error>());
    match cause {
        Some(Error::AlertReceived(AlertDescription::NoApplicationProtocol)) => ConnectError::Alpn { chosen: None },
        _ => ConnectError::Tls(error),
    }
}

/// Returns the default configuration, which all connections of this process share. It is created
/// only once, because loading the system's certificates may mean reading hundreds of files. An
/// error is not cached: the next connection tries again.
async fn default_config() -> Result<Arc<ClientConfig>, ConnectError> {
    static CONFIG: OnceCell<Arc<ClientConfig>> = OnceCell::const_new();
    // Reading files blocks the thread, so it must not happen on a thread that serves connections.
    let loading = || async {
        let loaded = tokio::task::spawn_blocking(|| ClientTls::new().build()).await;
        match loaded.map_err(|error| ConnectError::Tls(io::Error::other(error.to_string())))? {
            Ok(config) => Ok(config),
            Err(TlsConfigError::NoRootCertificates { problems }) => Err(ConnectError::NoRootCertificates { problems }),
            Err(error) => Err(ConnectError::Tls(io::Error::other(error))),
        }
    };
    CONFIG.get_or_try_init(loading).await.cloned()
}
