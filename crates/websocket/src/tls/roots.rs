//! The certificate authorities that a client trusts. The documentation of the `tls` module explains
//! how several features combine.

use tokio_rustls::rustls::{
    ClientConfig, ConfigBuilder, WantsVerifier, client::WantsClientCert, pki_types::CertificateDer,
};

use super::error::TlsConfigError;

/// Makes a client trust the authorities of this build and those in `extra`.
///
/// # Errors
/// [`TlsConfigError`].
#[cfg(feature = "tls-platform-verifier")]
pub(super) fn with_trusted(
    builder: ConfigBuilder<ClientConfig, WantsVerifier>,
    extra: Vec<CertificateDer<'static>>,
) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, TlsConfigError> {
    use std::sync::Arc;

    use rustls_platform_verifier::Verifier;

    let provider = Arc::clone(builder.crypto_provider());
    // On Android, only the operating system can add an authority.
    #[cfg(target_os = "android")]
    let verifier = {
        if !extra.is_empty() {
            return Err(TlsConfigError::NoExtraRoots);
        }
        Verifier::new(provider)
    };
    #[cfg(not(target_os = "android"))]
    let verifier = Verifier::new_with_extra_roots(extra, provider);
    let verifier =
        verifier.map_err(|error| TlsConfigError::NoRootCertificates { problems: vec![error.to_string()] })?;
    Ok(builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)))
}

/// Makes a client trust the authorities of this build and those in `extra`.
///
/// # Errors
/// [`TlsConfigError`].
#[cfg(not(feature = "tls-platform-verifier"))]
pub(super) fn with_trusted(
    builder: ConfigBuilder<ClientConfig, WantsVerifier>,
    extra: Vec<CertificateDer<'static>>,
) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, TlsConfigError> {
    Ok(builder.with_root_certificates(root_certificates(extra)?))
}

/// Returns the authorities of this build and those in `extra`. Skips the operating system's
/// certificates that cannot be parsed, because a broken certificate in the system's store must not
/// disable the others.
///
/// # Errors
/// [`TlsConfigError::UnusableRoot`] for a certificate in `extra` that cannot be parsed.
/// [`TlsConfigError::NoRootCertificates`] or [`TlsConfigError::NoRootsInBuild`] if the result would
/// be empty. Without these errors, every connection would fail with `UnknownIssuer`, which blames
/// the server's certificate.
#[cfg(not(feature = "tls-platform-verifier"))]
fn root_certificates(
    extra: Vec<CertificateDer<'static>>,
) -> Result<tokio_rustls::rustls::RootCertStore, TlsConfigError> {
    let mut roots = tokio_rustls::rustls::RootCertStore::empty();
    for certificate in extra {
        roots.add(certificate).map_err(TlsConfigError::UnusableRoot)?;
    }
    #[cfg(feature = "tls-webpki-roots")]
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    #[cfg(feature = "tls-native-roots")]
    let problems = add_native(&mut roots);
    #[cfg(not(feature = "tls-native-roots"))]
    let problems = Vec::new();
    if !roots.is_empty() {
        return Ok(roots);
    }
    if cfg!(feature = "tls-native-roots") {
        Err(TlsConfigError::NoRootCertificates { problems })
    } else {
        Err(TlsConfigError::NoRootsInBuild)
    }
}

/// Adds the authorities that the operating system trusts. Returns a description of each problem.
#[cfg(all(feature = "tls-native-roots", not(feature = "tls-platform-verifier")))]
fn add_native(roots: &mut tokio_rustls::rustls::RootCertStore) -> Vec<String> {
    let found = rustls_native_certs::load_native_certs();
    let mut problems: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
    let (added, ignored) = roots.add_parsable_certificates(found.certs);
    if ignored > 0 {
        problems.push(format!("{ignored} of {} certificates cannot be parsed", added + ignored));
    }
    problems
}

#[cfg(all(test, not(feature = "tls-platform-verifier")))]
mod tests {
    use super::*;

    /// The number of authorities compiled into the program.
    #[cfg(feature = "tls-webpki-roots")]
    const COMPILED_IN: usize = webpki_roots::TLS_SERVER_ROOTS.len();
    #[cfg(all(feature = "tls-native-roots", not(feature = "tls-webpki-roots")))]
    const COMPILED_IN: usize = 0;

    /// Returns the number of authorities that this operating system trusts.
    #[cfg(feature = "tls-native-roots")]
    fn native() -> usize {
        let mut roots = tokio_rustls::rustls::RootCertStore::empty();
        add_native(&mut roots);
        roots.len()
    }

    #[cfg(all(feature = "tls-webpki-roots", not(feature = "tls-native-roots")))]
    fn native() -> usize {
        0
    }

    #[cfg(any(feature = "tls-native-roots", feature = "tls-webpki-roots"))]
    #[test]
    fn the_authorities_of_all_features_add_up() {
        match root_certificates(Vec::new()) {
            Ok(roots) => assert_eq!(roots.len(), COMPILED_IN + native()),
            Err(error) => {
                assert!(matches!(error, TlsConfigError::NoRootCertificates { .. }), "{error}");
                assert_eq!(COMPILED_IN + native(), 0);
            }
        }
    }

    #[cfg(not(any(feature = "tls-native-roots", feature = "tls-webpki-roots")))]
    #[test]
    fn a_build_without_authorities_says_so() {
        let result = root_certificates(Vec::new());
        assert!(matches!(result, Err(TlsConfigError::NoRootsInBuild)), "{result:?}");
    }
}
