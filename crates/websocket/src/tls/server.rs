//! TLS for servers: the TLS handshake, with a certificate that can be replaced at any time.

use std::{
    io,
    path::Path,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use http::{Response, StatusCode};
use protocol::handshake::encode_response;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite},
    time::timeout,
};
use tokio_rustls::{
    LazyConfigAcceptor,
    rustls::{ServerConfig, server::Acceptor},
};

use super::{alpn::default_protocols, error::TlsConfigError, identity::Identity, provider::provider};
use crate::{accept::respond, error::AcceptError};

/// A server's TLS stream over `S`.
pub type ServerTlsStream<S> = tokio_rustls::server::TlsStream<S>;

/// The first byte of a TLS connection: the record type *handshake*.
const HANDSHAKE_RECORD: u8 = 22;

/// The body of the response to a client that sends HTTP without TLS.
const PLAIN_HTTP: &str = "this port requires TLS, and the request was sent without it: use https:// or wss://\n";

/// The TLS part of a server, which performs the TLS handshake with each client.
///
/// Clones share the configuration, so [`reload`](Self::reload) on one of them changes all of them.
/// Only connections accepted afterwards use the new configuration. Open connections are not
/// affected.
///
/// ```no_run
/// use websocket::{Error, tls::ServerTls};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let tls = ServerTls::from_pem_files("fullchain.pem", "privkey.pem")?;
/// let listener = tokio::net::TcpListener::bind("0.0.0.0:443").await?;
/// loop {
///     let (stream, _) = listener.accept().await?;
///     let tls = tls.clone();
///     tokio::spawn(async move {
///         let mut connection = websocket::accept(tls.accept(stream).await?).await?;
///         while let Some(message) = connection.next().await {
///             connection.send(message?).await?;
///         }
///         Ok::<(), Error>(())
///     });
/// }
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct ServerTls {
    config: Arc<RwLock<Arc<ServerConfig>>>,
    handshake_timeout: Duration,
    /// The ALPN protocols to use if a configuration names none.
    protocols: Arc<[Vec<u8>]>,
}

impl ServerTls {
    /// Creates the TLS part of a server from a rustls configuration. If the configuration names no
    /// ALPN protocol, this function adds `http/1.1`.
    #[must_use]
    pub fn new(config: impl Into<Arc<ServerConfig>>) -> Self {
        let protocols: Arc<[Vec<u8>]> = default_protocols().into();
        let config = Arc::new(RwLock::new(complete(config.into(), &protocols)));
        Self { config, handshake_timeout: Duration::from_secs(10), protocols }
    }

    /// Creates the TLS part of a server with one certificate, TLS 1.2 and 1.3, and `http/1.1` for
    /// ALPN. It does not ask clients for a certificate.
    ///
    /// # Errors
    /// [`TlsConfigError::NoCryptoProvider`] if there is no cryptography provider, and
    /// [`TlsConfigError::Rustls`] if the provider lacks the algorithms for these versions of TLS.
    pub fn from_identity(identity: Identity) -> Result<Self, TlsConfigError> {
        Ok(Self::new(config(identity)?))
    }

    /// Creates the TLS part of a server with the certificate and the key in two PEM files.
    ///
    /// # Errors
    /// As for [`Identity::from_pem_files`] and [`from_identity`](Self::from_identity).
    pub fn from_pem_files(certificate: impl AsRef<Path>, key: impl AsRef<Path>) -> Result<Self, TlsConfigError> {
        Self::from_identity(Identity::from_pem_files(certificate, key)?)
    }

    /// Sets the protocols that this server offers inside TLS (ALPN), in its order of preference.
    /// They also apply to later configurations that name none. The default is `http/1.1`.
    ///
    /// After this call, this value no longer shares its configuration with earlier clones: a later
    /// [`reload`](Self::reload) on one of them does not change it.
    ///
    /// After [`accept`](Self::accept), `stream.get_ref().1.alpn_protocol()` returns the chosen
    /// protocol. A server that offers `h2` must serve HTTP/2, for example with the crate
    /// `websocket-hyper`.
    #[must_use]
    pub fn alpn_protocols(mut self, protocols: &[&str]) -> Self {
        self.protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        let mut config = self.config();
        Arc::make_mut(&mut config).alpn_protocols = self.protocols.to_vec();
        self.config = Arc::new(RwLock::new(config));
        self
    }

    /// Sets the maximum time for the TLS handshake of one client. The default is 10 seconds.
    /// Without a deadline, a client that sends nothing would occupy a connection forever.
    #[must_use]
    pub const fn handshake_timeout(mut self, timeout: Duration) -> Self {
        self.handshake_timeout = timeout;
        self
    }

    /// Replaces the configuration for all clones, starting with the next connection. Every client
    /// gets the new certificate the next time it connects, because it cannot resume a session from
    /// the old configuration (unless both configurations share their sessions).
    pub fn reload(&self, config: impl Into<Arc<ServerConfig>>) {
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = complete(config.into(), &self.protocols);
    }

    /// Replaces the certificate like [`reload`](Self::reload).
    ///
    /// # Errors
    /// As for [`from_identity`](Self::from_identity). After an error, the old configuration stays
    /// in use.
    pub fn reload_identity(&self, identity: Identity) -> Result<(), TlsConfigError> {
        self.reload(config(identity)?);
        Ok(())
    }

    /// Returns the configuration that the next connection will use.
    #[must_use]
    pub fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Performs the TLS handshake with a client. A client that sends HTTP without TLS receives
    /// status 400 and a sentence that explains the mistake.
    ///
    /// # Errors
    /// - [`AcceptError::NotTls`] if the client does not begin with TLS;
    /// - [`AcceptError::Tls`] if the handshake fails;
    /// - [`AcceptError::TimedOut`] if the handshake takes too long;
    /// - [`AcceptError::Io`] if the connection breaks or ends.
    ///
    /// # Panics
    /// Panics outside a tokio runtime, and in a runtime whose timers are [not
    /// enabled](crate#the-runtime).
    ///
    /// # Cancel safety
    /// If the future is dropped, the stream is dropped with it, which closes the connection.
    //= docs/src/rfc6455.md#section-4-2-2
    //# On a port for TLS, the server MUST do the TLS handshake first, and close the connection if it
    //# fails.
    pub async fn accept<S>(&self, mut stream: S) -> Result<ServerTlsStream<S>, AcceptError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let config = self.config();
        // Box this future. A task is as large as the largest future that it ever awaits, so without
        // the box, every open connection would keep the memory that only its handshake needed.
        let handshake = Box::pin(async {
            // Look at the first byte before rustls does. rustls would answer a request without TLS
            // with a TLS alert, which no HTTP client can read.
            let first = stream.read_u8().await.map_err(AcceptError::Io)?;
            if first != HANDSHAKE_RECORD {
                return Ok(Beginning::NotTls { stream, first });
            }
            let mut acceptor = Acceptor::default();
            acceptor.read_tls(&mut [first].as_slice()).map_err(AcceptError::Io)?;
            let start = LazyConfigAcceptor::new(acceptor, stream).await.map_err(tls_error)?;
            let tls = start.into_stream(config).await.map_err(tls_error)?;
            Ok(Beginning::Tls(Box::new(tls)))
        });
        match timeout(self.handshake_timeout, handshake).await.unwrap_or(Err(AcceptError::TimedOut))? {
            Beginning::Tls(stream) => Ok(*stream),
            Beginning::NotTls { mut stream, first } => {
                // Every HTTP method in use begins with a letter. A client that begins with anything
                // else speaks neither TLS nor HTTP, and gets no answer.
                if first.is_ascii_alphabetic() {
                    let mut response = Response::new(PLAIN_HTTP.to_owned());
                    *response.status_mut() = StatusCode::BAD_REQUEST;
                    respond(&mut stream, &encode_response(&response)).await.map_err(AcceptError::Io)?;
                }
                Err(AcceptError::NotTls)
            }
        }
    }
}

/// The beginning of a connection.
enum Beginning<S> {
    /// The TLS handshake is complete.
    Tls(Box<ServerTlsStream<S>>),
    /// The first byte, already read from the stream, is not the beginning of a TLS handshake.
    NotTls { stream: S, first: u8 },
}

/// Returns the configuration of a server with one certificate.
fn config(identity: Identity) -> Result<ServerConfig, TlsConfigError> {
    let builder = ServerConfig::builder_with_provider(provider()?).with_safe_default_protocol_versions();
    let builder = builder.map_err(TlsConfigError::Rustls)?.with_no_client_auth();
    Ok(builder.with_cert_resolver(identity.into_resolver()))
}

/// Adds these ALPN protocols if the configuration names none.
fn complete(mut config: Arc<ServerConfig>, protocols: &[Vec<u8>]) -> Arc<ServerConfig> {
    if config.alpn_protocols.is_empty() {
        Arc::make_mut(&mut config).alpn_protocols = protocols.to_vec();
    }
    config
}

/// Distinguishes a handshake that failed from a connection that broke or ended.
fn tls_error(error: io::Error) -> AcceptError {
    if error.kind() == io::ErrorKind::InvalidData { AcceptError::Tls(error) } else { AcceptError::Io(error) }
}
