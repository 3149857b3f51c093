//! A certificate and its private key, which prove the identity of a server and sometimes of a
//! client.

use std::{
    fs,
    ops::RangeInclusive,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio_rustls::rustls::{
    CertificateError, Error, InconsistentKeys, RootCertStore,
    client::verify_server_cert_signed_by_trust_anchor,
    pki_types::{
        CertificateDer, PrivateKeyDer, UnixTime,
        pem::{self, PemObject},
    },
    server::ParsedCertificate,
    sign::{CertifiedKey, SingleCertAndKey},
};

use super::{error::TlsConfigError, provider::provider};

/// The label of a private key that is encrypted with a password.
const ENCRYPTED_KEY: &[u8] = b"-----BEGIN ENCRYPTED PRIVATE KEY-----";

/// A certificate, its private key, and the certificates that link it to an authority.
///
/// To use certificates from sources other than PEM, or several certificates at once, build a
/// configuration with [`rustls`](super::rustls) and pass it to
/// [`ServerTls::new`](super::ServerTls::new) or
/// [`Connector::tls_config`](crate::Connector::tls_config).
#[derive(Debug, Clone)]
pub struct Identity(Arc<CertifiedKey>);

impl Identity {
    /// Reads the certificate from one PEM file and its private key from another. The two paths may
    /// name the same file. The certificate must come first in its file, followed by the
    /// certificates that sign it, which is the order in which certificate authorities deliver them.
    ///
    /// This function reads files, so call it before the server starts, or on a thread that may
    /// block.
    ///
    /// # Errors
    /// [`TlsConfigError`] if a file cannot be read, plus the errors of
    /// [`from_pem`](Self::from_pem).
    pub fn from_pem_files(certificate: impl AsRef<Path>, key: impl AsRef<Path>) -> Result<Self, TlsConfigError> {
        Self::new(&Pem::from_file(certificate.as_ref())?, &Pem::from_file(key.as_ref())?)
    }

    /// Parses the certificate and its private key from PEM, like
    /// [`from_pem_files`](Self::from_pem_files).
    ///
    /// # Errors
    /// [`TlsConfigError`] if there is no certificate or no key, if the key does not belong to the
    /// certificate, or if the certificate is not valid now.
    pub fn from_pem(certificate: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Result<Self, TlsConfigError> {
        let pem = |bytes: &[u8], origin: &str| Pem { bytes: bytes.to_owned(), origin: origin.to_owned() };
        Self::new(&pem(certificate.as_ref(), "the given certificate"), &pem(key.as_ref(), "the given key"))
    }

    fn new(certificate: &Pem, key: &Pem) -> Result<Self, TlsConfigError> {
        let certified = CertifiedKey::from_der(certificate.certificates()?, key.private_key()?, &*provider()?);
        let certified = certified.map_err(|error| match error {
            Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                TlsConfigError::KeyMismatch { certificate: certificate.origin.clone(), key: key.origin.clone() }
            }
            Error::InvalidCertificate(_) => TlsConfigError::Unusable { origin: certificate.origin.clone(), error },
            error => TlsConfigError::Unusable { origin: key.origin.clone(), error },
        })?;
        check_validity(&certified, &certificate.origin, UnixTime::now())?;
        Ok(Self(Arc::new(certified)))
    }

    /// Returns the period during which the certificate is valid. Outside this period, clients
    /// reject it. Returns `None` in the unlikely case that rustls does not report the limits of the
    /// period.
    #[must_use]
    pub fn validity(&self) -> Option<RangeInclusive<SystemTime>> {
        let certificate = self.0.end_entity_cert().and_then(ParsedCertificate::try_from).ok()?;
        // rustls has no function that returns the limits of the period, but its errors about dates
        // contain them. In practice, no certificate is valid at the beginning of 1970 or after the
        // year 9999, so a check against each of these two times fails with such an error.
        let at = |seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let Err(Error::InvalidCertificate(CertificateError::NotValidYetContext { not_before, .. })) =
            check_at(&certificate, at(0))
        else {
            return None;
        };
        let Err(Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. })) =
            check_at(&certificate, at(u64::MAX))
        else {
            return None;
        };
        let time = |time: UnixTime| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(time.as_secs()));
        Some(time(not_before)?..=time(not_after)?)
    }

    /// Converts the identity into the resolver that rustls expects.
    pub(super) fn into_resolver(self) -> Arc<SingleCertAndKey> {
        Arc::new(self.0.into())
    }
}

/// Checks that a certificate is valid at the time `now`.
fn check_validity(certified: &CertifiedKey, origin: &str, now: UnixTime) -> Result<(), TlsConfigError> {
    let unusable = |error| TlsConfigError::Unusable { origin: origin.to_owned(), error };
    let certificate = certified.end_entity_cert().and_then(ParsedCertificate::try_from).map_err(unusable)?;
    let result = check_at(&certificate, now);
    let between = |earlier: UnixTime, later: UnixTime| {
        Some(Duration::from_secs(later.as_secs().saturating_sub(earlier.as_secs())))
    };
    let certificate = origin.to_owned();
    match result {
        Err(Error::InvalidCertificate(CertificateError::Expired)) => {
            Err(TlsConfigError::Expired { certificate, ago: None })
        }
        Err(Error::InvalidCertificate(CertificateError::ExpiredContext { time, not_after })) => {
            Err(TlsConfigError::Expired { certificate, ago: between(not_after, time) })
        }
        Err(Error::InvalidCertificate(CertificateError::NotValidYet)) => {
            Err(TlsConfigError::NotYetValid { certificate, left: None })
        }
        Err(Error::InvalidCertificate(CertificateError::NotValidYetContext { time, not_before })) => {
            Err(TlsConfigError::NotYetValid { certificate, left: between(time, not_before) })
        }
        _ => Ok(()),
    }
}

/// Checks a certificate's dates against `time`. rustls checks the dates before it looks for a
/// certificate authority. It is given no authority here, so even a certificate with valid dates
/// causes an error: ignore all errors except those about the dates.
fn check_at(certificate: &ParsedCertificate<'_>, time: UnixTime) -> Result<(), Error> {
    verify_server_cert_signed_by_trust_anchor(certificate, &RootCertStore::empty(), &[], time, &[])
}

/// Reads all certificates from a PEM file.
///
/// # Errors
/// [`TlsConfigError`] if the file cannot be read or contains no certificate.
pub fn certificates_from_file(file: impl AsRef<Path>) -> Result<Vec<CertificateDer<'static>>, TlsConfigError> {
    Pem::from_file(file.as_ref())?.certificates()
}

/// PEM text, and where it comes from.
struct Pem {
    bytes: Vec<u8>,
    origin: String,
}

impl Pem {
    fn from_file(file: &Path) -> Result<Self, TlsConfigError> {
        let origin = file.display().to_string();
        match fs::read(file) {
            Ok(bytes) => Ok(Self { bytes, origin }),
            Err(error) => Err(TlsConfigError::Unreadable { file: origin, error }),
        }
    }

    /// Returns all certificates.
    fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, TlsConfigError> {
        let parsed: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&self.bytes).collect();
        match parsed {
            Ok(certificates) if certificates.is_empty() => Err(TlsConfigError::NoCertificate(self.origin.clone())),
            Ok(certificates) => Ok(certificates),
            Err(error) => Err(self.malformed(&error)),
        }
    }

    /// Returns the first private key.
    fn private_key(&self) -> Result<PrivateKeyDer<'static>, TlsConfigError> {
        PrivateKeyDer::from_pem_slice(&self.bytes).map_err(|error| match error {
            pem::Error::NoItemsFound if self.bytes.windows(ENCRYPTED_KEY.len()).any(|bytes| bytes == ENCRYPTED_KEY) => {
                TlsConfigError::EncryptedKey(self.origin.clone())
            }
            pem::Error::NoItemsFound => TlsConfigError::NoKey(self.origin.clone()),
            error => self.malformed(&error),
        })
    }

    fn malformed(&self, error: &pem::Error) -> TlsConfigError {
        let reason = match error {
            // rustls's own messages for these two errors would print the bytes of a line as
            // numbers.
            pem::Error::MissingSectionEnd { .. } => "a section has no -----END line".to_owned(),
            pem::Error::IllegalSectionStart { .. } => "a -----BEGIN line is malformed".to_owned(),
            error => error.to_string(),
        };
        TlsConfigError::NotPem { origin: self.origin.clone(), reason }
    }
}
