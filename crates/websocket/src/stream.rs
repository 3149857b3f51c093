//! What a client's connection runs over: TCP, or TLS on TCP.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
};

use protocol::Uri;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use crate::{connect::open_transport, error::ConnectError};

/// A client's byte stream: `ws://` or `wss://`.
#[derive(Debug)]
#[non_exhaustive]
pub enum MaybeTlsStream {
    /// TCP.
    Plain(TcpStream),
    /// TLS on TCP.
    #[cfg(feature = "tls")]
    Tls(Box<tokio_rustls::client::TlsStream<TcpStream>>),
}

impl MaybeTlsStream {
    /// Opens the transport to a URI: name, TCP, and TLS for `wss`. For a client that speaks to the server in its own way.
    ///
    /// # Errors
    /// As for [`Connector::connect`](crate::Connector::connect), up to the opening handshake. There is no time-out.
    pub async fn open(uri: &Uri) -> Result<Self, ConnectError> {
        open_transport(uri).await.map(|(stream, _turn)| stream)
    }

    /// The TCP connection beneath.
    #[must_use]
    pub fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(tcp) => tcp,
            #[cfg(feature = "tls")]
            Self::Tls(tls) => tls.get_ref().0,
        }
    }

    // Async like its twin below, for the one caller of both.
    #[allow(clippy::unused_async)]
    #[cfg(not(feature = "tls"))]
    pub(crate) async fn tls(_: TcpStream, _: &str) -> Result<Self, ConnectError> {
        Err(ConnectError::TlsMissing)
    }

    /// Sets up TLS and trusts what the operating system trusts.
    //= docs/src/rfc6455.md#section-10-6
    //# An implementation MUST support TLS.
    #[cfg(feature = "tls")]
    pub(crate) async fn tls(tcp: TcpStream, host: &str) -> Result<Self, ConnectError> {
        use tokio_rustls::{TlsConnector, rustls::pki_types::ServerName};

        //= docs/src/rfc6455.md#section-4-1
        //# In the TLS handshake the client MUST name the host that it wants, with the extension Server Name Indication.
        let name = ServerName::try_from(host.to_owned()).map_err(|error| ConnectError::Tls(io::Error::other(error)))?;
        let connector = TlsConnector::from(tls_config().await?);
        //= docs/src/rfc6455.md#section-4-1
        //# If TLS fails, because of a certificate that cannot be trusted for example, the client MUST fail the
        //# connection.
        let tls = connector.connect(name, tcp).await.map_err(ConnectError::Tls)?;
        //= docs/src/rfc6455.md#section-4-1
        //# Once TLS is set up, everything on this connection MUST go through it.
        Ok(Self::Tls(Box::new(tls)))
    }
}

/// How all connections of this process speak TLS. Made once: the certificates of the system are some hundred files.
#[cfg(feature = "tls")]
async fn tls_config() -> Result<std::sync::Arc<tokio_rustls::rustls::ClientConfig>, ConnectError> {
    use std::sync::Arc;
    use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};

    static CONFIG: tokio::sync::OnceCell<Arc<ClientConfig>> = tokio::sync::OnceCell::const_new();
    let load = || {
        let mut roots = RootCertStore::empty();
        // One broken certificate in the system's store is no reason to trust none of the others.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        // Named here, because a program that also uses another provider would leave none as the obvious one.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        //= docs/src/rfc6455.md#section-10-6
        //# Clients should take strong algorithms only.
        let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        versions.map(|builder| Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
    };
    let other = |error| ConnectError::Tls(io::Error::other(error));
    // Reading files blocks, and may not do so where connections are served.
    let loading = || async {
        tokio::task::spawn_blocking(load)
            .await
            .map_err(|error| other(error.to_string()))?
            .map_err(|error| other(error.to_string()))
    };
    CONFIG.get_or_try_init(loading).await.cloned()
}

/// Calls a method of whichever stream it is.
macro_rules! either {
    ($self:expr, $stream:ident => $call:expr) => {
        match $self.get_mut() {
            MaybeTlsStream::Plain(stream) => {
                let $stream = Pin::new(stream);
                $call
            }
            #[cfg(feature = "tls")]
            MaybeTlsStream::Tls(stream) => {
                let $stream = Pin::new(&mut **stream);
                $call
            }
        }
    };
}

impl AsyncRead for MaybeTlsStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => stream.poll_read(cx, buf))
    }
}

impl AsyncWrite for MaybeTlsStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        either!(self, stream => stream.poll_write(cx, buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        either!(self, stream => stream.poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => stream.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => stream.poll_shutdown(cx))
    }
}
