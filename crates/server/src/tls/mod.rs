//! `--tls-cert`, `--tls-key` and `--tls-self-signed`: the certificate that this server uses for
//! TLS.
//!
//! | file | what it holds |
//! |---|---|
//! | `certificate_files` | a certificate in two files, which is read again when they change |
//! | `expiry` | warns before the certificate expires |
//! | `self_signed` | a certificate for trying out |
//!
//! The TLS handshake itself is in the library: [`ServerTls`]. `listen` decides what happens after
//! the handshake.

mod certificate_files;
mod expiry;
mod self_signed;

use websocket::tls::ServerTls;

use self::certificate_files::CertificateFiles;
pub(crate) use self::self_signed::SelfSigned;
use crate::args::Args;

/// The server's TLS acceptor, and the source of its certificate.
pub(crate) struct TlsListener {
    pub(crate) tls: ServerTls,
    pub(crate) source: CertificateSource,
}

/// The source of the certificate.
pub(crate) enum CertificateSource {
    /// `--tls-cert` and `--tls-key`.
    Files(CertificateFiles),
    /// `--tls-self-signed`.
    SelfSigned(SelfSigned),
}

impl TlsListener {
    /// Loads or creates the certificate that the command line requests. Returns `None` if it
    /// requests none.
    ///
    /// # Errors
    /// Returns a sentence that explains why the certificate cannot be used.
    pub(crate) fn from_args(args: &Args) -> Result<Option<Self>, String> {
        let (identity, source) = match (&args.tls_cert, &args.tls_key) {
            (Some(certificate), Some(key)) => {
                let (identity, files) = CertificateFiles::open(certificate.clone(), key.clone())?;
                (identity, CertificateSource::Files(files))
            }
            _ if args.tls_self_signed => {
                let (identity, certificate) = SelfSigned::create(args)?;
                (identity, CertificateSource::SelfSigned(certificate))
            }
            _ => return Ok(None),
        };
        let tls = ServerTls::from_identity(identity).map_err(|error| error.to_string())?;
        let tls = tls.handshake_timeout(args.handshake_timeout).alpn_protocols(protocols(args));
        Ok(Some(Self { tls, source }))
    }
}

/// Returns the protocols to offer inside TLS. `--trace` and `--capture` show the bytes of HTTP/1.1,
/// so with either option the server offers only HTTP/1.1.
const fn protocols(args: &Args) -> &'static [&'static str] {
    let shows_bytes = args.tracing.trace.is_some() || args.tracing.capture.is_some();
    if cfg!(feature = "http2") && !shows_bytes { &["h2", "http/1.1"] } else { &["http/1.1"] }
}

impl CertificateSource {
    /// Keeps the certificate of `tls` up to date, and warns before it expires, for as long as the
    /// future is polled.
    pub(crate) async fn keep_current(&mut self, tls: &ServerTls) {
        match self {
            Self::Files(files) => files.keep_current(tls).await,
            Self::SelfSigned(certificate) => certificate.watch().await,
        }
    }
}
