//! `--tls-ca`, `--tls-cert` and `--tls-key`: the certificates for a `wss://` connection, and advice
//! when something is wrong with them.

use std::{io, path::Path, sync::Arc};

use websocket::{
    TransportOptions,
    tls::{
        ClientTls, Identity, TlsConfigError, certificates_from_file,
        rustls::{AlertDescription, CertificateError, ClientConfig, Error, InvalidMessage},
    },
};

use crate::args::ClientArgs;

/// Returns the TLS options requested on the command line. If none of them names a certificate,
/// nothing is read here: the library reads the system's certificates when a `wss://` connection
/// needs them.
///
/// # Errors
/// Returns a sentence that explains why a certificate or a key cannot be used.
pub(crate) fn tls_options(args: &ClientArgs) -> Result<TransportOptions, String> {
    let options = TransportOptions::new();
    if args.tls_ca.is_empty() && args.tls_cert.is_none() {
        return Ok(options);
    }
    Ok(options.tls_config(client_config(args)?))
}

/// Returns the TLS configuration requested on the command line. The call may block, because it may
/// read many files.
///
/// # Errors
/// Returns the same errors as [`tls_options`], and also an error if this computer trusts no
/// authority.
pub(crate) fn client_config(args: &ClientArgs) -> Result<Arc<ClientConfig>, String> {
    let identity = args.tls_cert.as_deref().zip(args.tls_key.as_deref());
    client_tls(args, identity).and_then(ClientTls::build).map_err(|error| error.to_string())
}

fn client_tls(args: &ClientArgs, identity: Option<(&Path, &Path)>) -> Result<ClientTls, TlsConfigError> {
    let mut tls = ClientTls::new();
    for file in &args.tls_ca {
        tls = tls.trust(certificates_from_file(file)?);
    }
    Ok(match identity {
        Some((certificate, key)) => tls.identity(Identity::from_pem_files(certificate, key)?),
        None => tls,
    })
}

/// Explains a rustls error on a connection to `server`, which may be a proxy: what is wrong and
/// what to do about it. `without_tls` is the beginning of a URL without TLS. Returns `None` if
/// there is no advice for this error.
pub(crate) fn explain(error: &io::Error, server: &str, without_tls: &str) -> Option<String> {
    use CertificateError::{Expired, ExpiredContext, NotValidForName, NotValidForNameContext, UnknownIssuer};

    Some(match error.get_ref()?.downcast_ref()? {
        Error::InvalidCertificate(UnknownIssuer) => format!(
            "no authority that this computer trusts has signed the certificate of {server}: if you have it as a file and \
             trust it, add --tls-ca FILE"
        ),
        Error::InvalidCertificate(Expired | ExpiredContext { .. }) => format!(
            "the certificate of {server} has expired: its operator has to renew it, unless the clock of this computer is \
             wrong"
        ),
        Error::InvalidCertificate(error @ (NotValidForName | NotValidForNameContext { .. })) => {
            format!("the certificate of {server} is for another host: check the host in the URL ({error})")
        }
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            format!("{server} does not speak TLS: use {without_tls}, or check the port")
        }
        Error::AlertReceived(AlertDescription::CertificateRequired) => {
            format!("{server} requires a certificate of the client: add --tls-cert FILE and --tls-key FILE")
        }
        Error::AlertReceived(alert @ (AlertDescription::UnknownCA | AlertDescription::BadCertificate)) => {
            format!("{server} does not accept the certificate of this client: check --tls-cert ({alert:?})")
        }
        _ => return None,
    })
}
