//! Errors in creating a TLS configuration.

use std::{error::Error as StdError, fmt, io, time::Duration};

use tokio_rustls::rustls;

use crate::error::write_no_root_certificates;

/// The reason why a TLS configuration, or a part of it, cannot be used. Each message is one
/// sentence, and says what to do unless that is obvious.
///
/// A field for the origin of a certificate or a key holds the path of its file or, if there is no
/// file, a description such as `the given certificate`.
#[derive(Debug)]
#[non_exhaustive]
pub enum TlsConfigError {
    /// This build has no cryptography.
    NoCryptoProvider,
    /// This build trusts no certificate authority.
    NoRootsInBuild,
    /// The operating system has no trusted root certificates, so no server's certificate can
    /// be verified.
    NoRootCertificates {
        /// The problems found while reading the certificates, such as a missing file.
        problems: Vec<String>,
    },
    /// On this operating system, certificate authorities can be added only in the system's own
    /// settings.
    NoExtraRoots,
    /// A certificate that the client should trust cannot be parsed.
    UnusableRoot(rustls::Error),
    /// A file cannot be read.
    Unreadable {
        /// The path of the file.
        file: String,
        /// The reason.
        error: io::Error,
    },
    /// The input begins like PEM, but is not valid PEM.
    NotPem {
        /// Where it comes from.
        origin: String,
        /// The reason.
        reason: String,
    },
    /// There is no certificate where one was expected.
    NoCertificate(String),
    /// There is no private key where one was expected.
    NoKey(String),
    /// The private key is encrypted with a password.
    EncryptedKey(String),
    /// rustls cannot use a certificate or a key, for example because of its type.
    Unusable {
        /// Where it comes from.
        origin: String,
        /// The reason.
        error: rustls::Error,
    },
    /// The key belongs to another certificate.
    KeyMismatch {
        /// Where the certificate comes from.
        certificate: String,
        /// Where the key comes from.
        key: String,
    },
    /// The certificate has expired, so every client would reject it.
    Expired {
        /// Where the certificate comes from.
        certificate: String,
        /// How long ago it expired, or `None` if that is not known.
        ago: Option<Duration>,
    },
    /// The certificate is not valid yet, so every client would reject it.
    NotYetValid {
        /// Where the certificate comes from.
        certificate: String,
        /// How long until it becomes valid, or `None` if that is not known.
        left: Option<Duration>,
    },
    /// rustls does not accept the configuration.
    Rustls(rustls::Error),
}

impl fmt::Display for TlsConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCryptoProvider => f.write_str(
                "this build has no cryptography for TLS: enable the feature 'tls-ring' or 'tls-aws-lc-rs', or install a \
                 CryptoProvider",
            ),
            Self::NoRootsInBuild => f.write_str(
                "this build trusts no certificate authority: enable the feature 'tls-native-roots', 'tls-webpki-roots' or \
                 'tls-platform-verifier', or pass a configuration to Connector::tls_config",
            ),
            Self::NoRootCertificates { problems } => write_no_root_certificates(problems, f),
            Self::NoExtraRoots => {
                f.write_str("on this operating system, only its own settings can add a certificate authority")
            }
            Self::UnusableRoot(error) => write!(f, "a certificate to be trusted cannot be used: {error}"),
            Self::Unreadable { file, error } => write!(f, "{file} cannot be read: {error}"),
            Self::NotPem { origin, reason } => write!(f, "{origin} is not valid PEM: {reason}"),
            Self::NoCertificate(origin) => write!(
                f,
                "{origin} contains no certificate: it must be PEM, with a line -----BEGIN CERTIFICATE-----"
            ),
            Self::NoKey(origin) => write!(
                f,
                "{origin} contains no private key: it must be PEM, with a line such as -----BEGIN PRIVATE KEY-----"
            ),
            Self::EncryptedKey(origin) => write!(
                f,
                "the private key in {origin} is encrypted with a password: decrypt it first, for example with 'openssl \
                 pkey'"
            ),
            Self::Unusable { origin, error } => write!(f, "{origin} cannot be used: {error}"),
            Self::KeyMismatch { certificate, key } => write!(
                f,
                "the private key in {key} does not belong to the first certificate in {certificate}"
            ),
            Self::Expired { certificate, ago } => {
                write!(f, "the certificate in {certificate} has expired")?;
                ago.map_or(Ok(()), |ago| write!(f, ", {} ago", Rounded(ago)))
            }
            Self::NotYetValid { certificate, left } => {
                write!(f, "the certificate in {certificate} is not valid yet")?;
                left.map_or(Ok(()), |left| write!(f, ", only in {}; check the clock", Rounded(left)))
            }
            Self::Rustls(error) => write!(f, "the TLS configuration cannot be used: {error}"),
        }
    }
}

impl StdError for TlsConfigError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Unreadable { error, .. } => error.source(),
            _ => None,
        }
    }
}

/// A duration that is printed in its largest unit, because the seconds do not matter if a
/// certificate expired last week.
struct Rounded(Duration);

impl fmt::Display for Rounded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let (count, unit) = match seconds {
            0..60 => (seconds, "second"),
            60..3_600 => (seconds / 60, "minute"),
            3_600..86_400 => (seconds / 3_600, "hour"),
            _ => (seconds / 86_400, "day"),
        };
        write!(f, "{count} {unit}{}", if count == 1 { "" } else { "s" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_rounded_down_to_their_largest_unit() {
        for (seconds, expected) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (61, "1 minute"),
            (150, "2 minutes"),
            (86_399, "23 hours"),
            (172_800, "2 days"),
        ] {
            assert_eq!(Rounded(Duration::from_secs(seconds)).to_string(), expected);
        }
    }
}
