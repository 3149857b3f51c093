//! TLS for clients: the TLS handshake, and the certificate authorities that a client trusts.

use std::{io, sync::Arc};

use rustls_native_certs::{CertificateResult, load_native_certs};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::OnceCell,
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::ServerName},
};

use crate::error::ConnectError;

/// Performs the TLS handshake, and trusts the certificate authorities that the operating system
/// trusts.
//= docs/src/rfc6455.md#section-10-6
//# An implementation MUST support TLS.
pub(crate) async fn start_tls<S>(stream: S, host: &str) -> Result<Box<TlsStream<S>>, ConnectError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    //= docs/src/rfc6455.md#section-4-1
    //# In the TLS handshake, the client MUST send the host name in the Server Name Indication (SNI)
    //# extension.
    let name = ServerName::try_from(host.to_owned()).map_err(|error| ConnectError::Tls(io::Error::other(error)))?;
    let connector = TlsConnector::from(config().await?);
    //= docs/src/rfc6455.md#section-4-1
    //# If the TLS handshake fails, for example because the certificate cannot be verified, the
    //# client MUST fail the connection.
    let tls = connector.connect(name, stream).await.map_err(ConnectError::Tls)?;
    //= docs/src/rfc6455.md#section-4-1
    //# Once TLS is established, all data on the connection MUST go through it.
    Ok(Box::new(tls))
}

/// Returns the TLS configuration, which all connections of this process share. It is created only
/// once, because loading the system's certificates may mean reading hundreds of files. An error is
/// not kept: the next connection tries again.
async fn config() -> Result<Arc<ClientConfig>, ConnectError> {
    static CONFIG: OnceCell<Arc<ClientConfig>> = OnceCell::const_new();
    let load = || {
        let roots = root_certificates(load_native_certs())?;
        // Name the cryptography provider, because rustls has no default in a program that also
        // enables another provider.
        let provider = Arc::new(ring::default_provider());
        //= docs/src/rfc6455.md#section-10-6
        //# Clients should accept strong algorithms only.
        let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder = versions.map_err(|error| ConnectError::Tls(io::Error::other(error.to_string())))?;
        Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
    };
    // Reading files blocks the thread, so it must not happen on a thread that serves connections.
    let loading = || async {
        let loaded = tokio::task::spawn_blocking(load).await;
        loaded.map_err(|error| ConnectError::Tls(io::Error::other(error.to_string())))?
    };
    CONFIG.get_or_try_init(loading).await.cloned()
}

/// Returns the usable certificates among those of the operating system. A certificate that cannot
/// be parsed is skipped, because a broken certificate in the system's store must not disable the
/// others.
///
/// # Errors
/// [`ConnectError::NoRootCertificates`] if none is left. Without this error, every connection would
/// fail with `UnknownIssuer`, which blames the server's certificate.
fn root_certificates(found: CertificateResult) -> Result<RootCertStore, ConnectError> {
    let mut roots = RootCertStore::empty();
    let count = found.certs.len();
    roots.add_parsable_certificates(found.certs);
    if !roots.is_empty() {
        return Ok(roots);
    }
    let mut problems: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
    if count > 0 {
        problems.push(format!("{count} of {count} certificates cannot be parsed"));
    }
    Err(ConnectError::NoRootCertificates { problems })
}
