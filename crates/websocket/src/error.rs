//! Errors that occur when opening or using a connection.
//!
//! `Display` prints the whole reason, and `source()` returns only errors that `Display` has not
//! printed. A report that prints an error and all its sources therefore repeats nothing.

#[cfg(unix)]
use std::path::PathBuf;
use std::{error::Error as StdError, fmt, io, time::Duration};

use protocol::{HandshakeViolation, Uri, UsageError, Violation, handshake::HandshakeError};

#[cfg(feature = "proxy")]
use crate::proxy::{ProxyError, ProxyVariableError};
use crate::redirect::RedirectError;

/// The reason why a connection, or a call on it, failed.
///
/// After an error from *reading*, the connection is over, and nothing more can be read from it.
/// After an [`Error::Usage`], the connection is unchanged.
///
/// [`ConnectError`] and [`AcceptError`] convert into this type, so that `?` works in a function
/// that connects, exchanges messages and closes.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The peer broke a rule. The violation has been reported to the peer in a Close frame, unless
    /// a Close had already been sent or nothing more could be sent.
    Violation(Violation),
    /// The call is not allowed. Nothing was sent.
    Usage(UsageError),
    /// The transport failed, or the connection ended before everything was written.
    Io(io::Error),
    /// The peer ended the TCP connection without a Close frame (code 1006), so messages may be
    /// missing. Over TLS, this is reported whether or not the peer ended the TLS session first.
    EndedWithoutClose,
    /// The [`MemoryBudget`](crate::MemoryBudget) had no room for the peer's message. The peer has
    /// broken no rule, and was sent a Close with code 1013 (Try Again Later).
    NoMemory {
        /// How long the connection waited for the budget.
        waited: Duration,
    },
    /// The connection could not be opened.
    Connect(Box<ConnectError>),
    /// The server did not accept the client.
    Accept(Box<AcceptError>),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Violation(violation) => write!(f, "the peer broke a rule: {violation}"),
            Self::Usage(error) => error.fmt(f),
            Self::Io(error) => write!(f, "the connection broke: {error}"),
            Self::EndedWithoutClose => f.write_str("the peer ended the connection without a Close frame (1006)"),
            Self::NoMemory { waited } => {
                write!(f, "the memory budget had no room for the peer's message within {waited:?}")
            }
            Self::Connect(error) => error.fmt(f),
            Self::Accept(error) => error.fmt(f),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Io(error) => error.source(),
            Self::Connect(error) => error.source(),
            Self::Accept(error) => error.source(),
            Self::Violation(_) | Self::Usage(_) | Self::EndedWithoutClose | Self::NoMemory { .. } => None,
        }
    }
}

impl From<UsageError> for Error {
    fn from(error: UsageError) -> Self {
        Self::Usage(error)
    }
}

impl From<ConnectError> for Error {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Usage(error) => Self::Usage(error),
            error => Self::Connect(Box::new(error)),
        }
    }
}

impl From<AcceptError> for Error {
    fn from(error: AcceptError) -> Self {
        match error {
            AcceptError::Usage(error) => Self::Usage(error),
            error => Self::Accept(Box::new(error)),
        }
    }
}

/// Returns an I/O error unchanged. Any other error is wrapped in an I/O error of a suitable kind.
impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = match error {
            Error::Io(error) => return error,
            Error::Violation(_) => io::ErrorKind::InvalidData,
            Error::Usage(_) => io::ErrorKind::InvalidInput,
            Error::EndedWithoutClose => io::ErrorKind::UnexpectedEof,
            Error::NoMemory { .. } => io::ErrorKind::OutOfMemory,
            Error::Connect(_) | Error::Accept(_) => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

/// The reason why a connection could not be opened.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConnectError {
    /// The URI or an option is invalid. Nothing was sent.
    Usage(UsageError),
    /// The host name could not be resolved to an address.
    Resolve {
        /// The host name.
        host: String,
        /// The resolver's error.
        error: io::Error,
    },
    /// None of the host's addresses accepted a TCP connection.
    Tcp {
        /// The host and the port.
        authority: String,
        /// The error of the last attempt.
        error: io::Error,
    },
    /// The proxy did not connect the client to the server.
    #[cfg(feature = "proxy")]
    Proxy {
        /// The proxy's URL, without its user name and password.
        proxy: String,
        /// The reason.
        error: ProxyError,
    },
    /// The value of an environment variable cannot be used as the URL of a proxy. Nothing was sent.
    #[cfg(feature = "proxy")]
    ProxyVariable(ProxyVariableError),
    /// The Unix socket did not accept a connection.
    #[cfg(unix)]
    UnixSocket {
        /// The path of the socket.
        path: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
    /// The [dialer](crate::Connector::dial) returned this error, or did not connect in time.
    Dial(io::Error),
    /// A redirect was not followed, for example because the redirects form a loop, or because one
    /// of them leads from TLS to a connection without TLS.
    Redirect(RedirectError),
    /// A redirect was followed, but the connection to its target could not be opened.
    Redirected {
        /// The target of the last redirect.
        uri: Uri,
        /// The reason.
        error: Box<Self>,
    },
    /// The TLS handshake failed, or the server ended the connection during the handshake.
    Tls(io::Error),
    /// The client and the server did not agree on a protocol to speak inside TLS (ALPN).
    Alpn {
        /// The protocol that the server chose, or `None` if it rejected all those that the client
        /// offered.
        chosen: Option<String>,
    },
    /// The URI is `wss://`, in a build without the feature `tls`.
    TlsMissing,
    /// The URI is `wss://`, but the operating system has no trusted root certificates, so no
    /// server's certificate can be verified. Nothing was sent.
    NoRootCertificates {
        /// The problems found while reading the certificates, such as a missing file.
        problems: Vec<String>,
    },
    /// The URI is `wss://`, but nothing shows that the caller's stream is encrypted. Nothing was
    /// sent.
    NotOverTls,
    /// The server does not support WebSocket connections over HTTP/2 (RFC 8441). No request for one
    /// was sent.
    Http2NotSupported,
    /// The connection broke during the opening handshake, or the server ended it without a
    /// response.
    Handshake(io::Error),
    /// The server responded, but did not open a WebSocket connection. A rejection holds the
    /// beginning of the response's body, already decoded.
    Answer(HandshakeError),
    /// The TCP connection, the TLS handshake or the opening handshake was not complete before the
    /// time-out. (Other steps report a time-out with their own error, such as
    /// [`Resolve`](Self::Resolve).)
    TimedOut,
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(error) => error.fmt(f),
            Self::Resolve { host, error } => write!(f, "the name {host} cannot be resolved: {error}"),
            Self::Tcp { authority, error } => write!(f, "cannot connect to {authority}: {error}"),
            #[cfg(feature = "proxy")]
            Self::Proxy { proxy, error } => write!(f, "the proxy {proxy} failed: {error}"),
            #[cfg(feature = "proxy")]
            Self::ProxyVariable(error) => error.fmt(f),
            #[cfg(unix)]
            Self::UnixSocket { path, error } => {
                write!(f, "cannot connect to the Unix socket {}: {error}", path.display())
            }
            Self::Dial(error) => write!(f, "the dialer could not connect: {error}"),
            Self::Redirect(error) => error.fmt(f),
            Self::Redirected { uri, error } => write!(f, "after a redirect to {uri}: {error}"),
            Self::Tls(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                f.write_str("the server ended the connection during the TLS handshake")
            }
            Self::Tls(error) => write!(f, "TLS failed: {error}"),
            Self::Alpn { chosen: Some(chosen) } => write!(
                f,
                "the server chose the protocol '{}' inside TLS (ALPN), but a WebSocket connection needs 'http/1.1'",
                chosen.escape_debug()
            ),
            Self::Alpn { chosen: None } => {
                f.write_str("the server speaks none of the protocols that the client offered inside TLS (ALPN)")
            }
            Self::TlsMissing => f.write_str("wss:// needs a build with the feature 'tls'"),
            Self::NoRootCertificates { problems } => write_no_root_certificates(problems, f),
            Self::NotOverTls => f.write_str(
                "the URI is wss://, but nothing shows that the stream is encrypted: establish TLS over it, and call \
                 handshake_over_tls",
            ),
            Self::Http2NotSupported => f.write_str(
                "the server does not support WebSocket in HTTP/2: its SETTINGS do not enable extended CONNECT (RFC \
                 8441, section 3); connect over HTTP/1.1",
            ),
            Self::Handshake(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                f.write_str("the server ended the connection before it answered the handshake")
            }
            Self::Handshake(error) => write!(f, "the connection broke during the handshake: {error}"),
            Self::Answer(error) => error.fmt(f),
            Self::TimedOut => f.write_str("the server did not answer in time"),
        }
    }
}

/// Writes the sentence about missing root certificates.
pub(crate) fn write_no_root_certificates(problems: &[String], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str(
        "no trusted root certificates were found, so no server can be verified: install them (on Linux, usually the \
         package ca-certificates), or set SSL_CERT_FILE to a file that contains them",
    )?;
    if problems.is_empty() { Ok(()) } else { write!(f, " ({})", problems.join("; ")) }
}

impl StdError for ConnectError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Resolve { error, .. }
            | Self::Tcp { error, .. }
            | Self::Tls(error)
            | Self::Handshake(error)
            | Self::Dial(error) => error.source(),
            Self::Redirected { error, .. } => error.source(),
            #[cfg(unix)]
            Self::UnixSocket { error, .. } => error.source(),
            #[cfg(feature = "proxy")]
            Self::Proxy { error, .. } => error.source(),
            #[cfg(feature = "proxy")]
            Self::ProxyVariable(_) => None,
            Self::Usage(_)
            | Self::Answer(_)
            | Self::Alpn { .. }
            | Self::Redirect(_)
            | Self::TlsMissing
            | Self::NoRootCertificates { .. }
            | Self::NotOverTls
            | Self::Http2NotSupported
            | Self::TimedOut => None,
        }
    }
}

impl From<UsageError> for ConnectError {
    fn from(error: UsageError) -> Self {
        Self::Usage(error)
    }
}

/// The reason why a client was not accepted.
#[derive(Debug)]
#[non_exhaustive]
pub enum AcceptError {
    /// The request breaks a rule. The client received an HTTP error status.
    Violation(HandshakeViolation),
    /// The application rejected the request with this HTTP status.
    Rejected(http::StatusCode),
    /// The application accepted the request with options that do not match it, such as a
    /// subprotocol that the client had not offered. The client received status 500.
    Usage(UsageError),
    /// TLS is required, but the client did not begin with a TLS handshake.
    NotTls,
    /// The TLS handshake failed.
    Tls(io::Error),
    /// The connection broke, or the client left.
    Io(io::Error),
    /// The client did not complete the TLS handshake, send its request or receive the response in
    /// time.
    TimedOut,
}

impl fmt::Display for AcceptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Violation(violation) => write!(f, "rejected: {violation}"),
            Self::Rejected(status) => write!(f, "rejected with {status}"),
            Self::Usage(error) => write!(f, "not accepted: {error}"),
            Self::NotTls => f.write_str("the client did not begin with TLS, which this port requires"),
            Self::Tls(error) => write!(f, "TLS failed: {error}"),
            Self::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                f.write_str("the client left before its request was complete")
            }
            Self::Io(error) => write!(f, "the connection broke during the handshake: {error}"),
            Self::TimedOut => f.write_str("the client took too long for the handshake"),
        }
    }
}

impl StdError for AcceptError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Io(error) | Self::Tls(error) => error.source(),
            Self::Violation(_) | Self::Usage(_) | Self::Rejected(_) | Self::NotTls | Self::TimedOut => None,
        }
    }
}
