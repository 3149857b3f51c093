//! TLS, for clients and for servers, with rustls.
//!
//! A client needs this module only if the defaults do not suit it: [`connect`](crate::connect) and
//! [`Connector`](crate::Connector) open `wss://` connections without it. A server performs the TLS
//! handshake with [`ServerTls::accept`] and passes the stream to [`accept`](crate::accept) or
//! [`read_request`](crate::read_request).
//!
//! | file | what it holds |
//! |---|---|
//! | `client` | the TLS handshake of a client, and [`ClientTls`] |
//! | `server` | the TLS handshake of a server: [`ServerTls`] |
//! | `identity` | a certificate and its key, from PEM files: [`Identity`] |
//! | `roots` | the certificate authorities that a client trusts |
//! | `provider` | the cryptography |
//! | `alpn` | the protocol inside TLS |
//! | `error` | the reasons why there is no configuration: [`TlsConfigError`] |
//!
//! # Features
//!
//! `tls` adds rustls and this module, but no cryptography and no certificate authorities. A server
//! needs one of the first two features below, unless the program installs a cryptography provider.
//! A client also needs one of the last three, unless
//! [`Connector::tls_config`](crate::Connector::tls_config) provides a configuration. Each of the
//! five enables `tls`.
//!
//! | feature | what it adds | on by default |
//! |---|---|---|
//! | `tls-ring` | the cryptography of `ring` | yes |
//! | `tls-aws-lc-rs` | the cryptography of `aws-lc-rs` | |
//! | `tls-native-roots` | trust in the authorities that the operating system stores | yes |
//! | `tls-webpki-roots` | trust in the authorities that Mozilla trusts, compiled in | |
//! | `tls-platform-verifier` | the verifier of the operating system, with its own rules | |
//!
//! Cargo enables a feature for the whole program if any crate asks for it, so several of these
//! features can be enabled at once. In that case, these rules apply:
//!
//! * **Cryptography.** A provider that the program has installed with
//!   [`CryptoProvider::install_default`](rustls::crypto::CryptoProvider::install_default) takes
//!   precedence, because the choice is up to the program. Next comes `tls-aws-lc-rs`, which is
//!   enabled only if a crate asks for it. `tls-ring` comes last, because it may be enabled merely
//!   by being a default feature.
//! * **Authorities.** Those of `tls-native-roots` and `tls-webpki-roots` are combined, as in
//!   `tokio-tungstenite` and `reqwest`, so that no crate removes an authority that another one
//!   relies on. `tls-platform-verifier` replaces both, because only the operating system's verifier
//!   knows what the system's administrator has forbidden.

mod alpn;
mod client;
mod error;
mod identity;
mod provider;
mod roots;
mod server;

pub use tokio_rustls::rustls;

pub(crate) use self::{alpn::default_protocols, client::start_tls};
pub use self::{
    client::{ClientTls, ClientTlsStream, connect},
    error::TlsConfigError,
    identity::{Identity, certificates_from_file},
    server::{ServerTls, ServerTlsStream},
};
