//! The cryptography provider for rustls. The documentation of the `tls` module explains which one
//! is used.

use std::sync::Arc;

use tokio_rustls::rustls::crypto::CryptoProvider;

use super::error::TlsConfigError;

/// Returns the cryptography provider. Every configuration names its provider explicitly, because
/// rustls itself has no default in a program that enables two providers.
///
/// # Errors
/// [`TlsConfigError::NoCryptoProvider`].
pub(super) fn provider() -> Result<Arc<CryptoProvider>, TlsConfigError> {
    match CryptoProvider::get_default() {
        Some(installed) => Ok(Arc::clone(installed)),
        None => built_in().map(Arc::new).ok_or(TlsConfigError::NoCryptoProvider),
    }
}

#[cfg(feature = "tls-aws-lc-rs")]
fn built_in() -> Option<CryptoProvider> {
    Some(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider())
}

#[cfg(all(feature = "tls-ring", not(feature = "tls-aws-lc-rs")))]
fn built_in() -> Option<CryptoProvider> {
    Some(tokio_rustls::rustls::crypto::ring::default_provider())
}

#[cfg(not(any(feature = "tls-ring", feature = "tls-aws-lc-rs")))]
const fn built_in() -> Option<CryptoProvider> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// This test needs a process without an installed provider, and no test of this crate installs
    /// one.
    #[test]
    fn the_provider_that_is_not_a_default_wins() {
        let provider = provider().map(|provider| format!("{:?}", provider.key_provider));
        if cfg!(feature = "tls-aws-lc-rs") {
            assert!(provider.unwrap().contains("AwsLcRs"));
        } else if cfg!(feature = "tls-ring") {
            assert!(provider.unwrap().contains("Ring"));
        } else {
            assert!(matches!(provider, Err(TlsConfigError::NoCryptoProvider)), "{provider:?}");
        }
    }
}
