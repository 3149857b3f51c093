//! Errors in a proxy's URL, and errors while connecting through a proxy. None of these errors
//! contains a user name or a password.

use std::{error::Error, fmt, io};

use http::StatusCode;
use protocol::{HandshakeViolation, UriError};

/// The reason why a string is not a valid proxy URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProxyUrlError {
    /// The scheme is not one of `http`, `https`, `socks5` and `socks5h`.
    Scheme,
    /// The scheme is `https`, and this build has no TLS.
    TlsMissing,
    /// The host or the port is invalid.
    Authority(UriError),
    /// A path, a query or a fragment follows the port.
    Path,
    /// The user name or the password has a `%` without two hexadecimal digits, is not UTF-8, or has
    /// a length that SOCKS5 does not allow.
    Credentials,
    /// The value of the environment variable is not UTF-8.
    NotUtf8,
}

impl fmt::Display for ProxyUrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scheme => f.write_str("the URL of a proxy begins with http://, https://, socks5:// or socks5h://"),
            Self::TlsMissing => f.write_str(
                "this build has no TLS, which a proxy with https:// needs: enable the feature 'tls-ring', or write http:// \
                 if the proxy also accepts that",
            ),
            Self::Authority(error) => error.fmt(f),
            Self::Path => f.write_str("the URL of a proxy ends after the port"),
            Self::Credentials => f.write_str(
                "the user name or the password is invalid: write special characters as %XX (for SOCKS5, each has 1 to \
                 255 bytes)",
            ),
            Self::NotUtf8 => f.write_str("the value is not UTF-8: write special characters as the %XX of their UTF-8"),
        }
    }
}

impl Error for ProxyUrlError {}

/// An environment variable whose value cannot be used as the URL of a proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyVariableError {
    /// The name of the variable.
    pub variable: &'static str,
    /// The mistake in its value.
    pub error: ProxyUrlError,
}

impl fmt::Display for ProxyVariableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the environment variable {} does not name a proxy: {}", self.variable, self.error)
    }
}

impl Error for ProxyVariableError {}

/// The reason why a proxy did not connect the client to the server.
#[derive(Debug)]
#[non_exhaustive]
pub enum ProxyError {
    /// The proxy's own host name could not be resolved.
    Resolve(io::Error),
    /// The proxy did not accept a TCP connection.
    Tcp(io::Error),
    /// The TLS handshake with the proxy failed, for example because its certificate is not valid
    /// for the host in its URL.
    Tls(io::Error),
    /// The connection to the proxy broke or ended before the proxy had connected to the server.
    Broken(io::Error),
    /// The client did not reach the proxy, or the proxy did not connect to the server, before the
    /// time-out of the handshake.
    TimedOut,
    /// The name of the server could not be resolved. (With `socks5://`, the client resolves it;
    /// with the other schemes, the proxy does.)
    ResolveTarget(io::Error),
    /// An HTTP proxy answered `CONNECT` with a status other than 2xx. 407 means that the user name
    /// and the password are missing or wrong.
    Status {
        /// The status.
        status: StatusCode,
        /// Whether the request contained a user name and a password.
        with_credentials: bool,
    },
    /// An HTTP proxy's answer is not HTTP, or its head exceeds a limit.
    Answer(HandshakeViolation),
    /// A SOCKS5 proxy did not connect to the server. Holds the reason that the proxy gave.
    Refused(String),
    /// A SOCKS5 proxy did not accept the client.
    Unauthorized {
        /// Whether the client has sent a user name and a password.
        with_credentials: bool,
    },
    /// A proxy's answer does not follow SOCKS5.
    NotSocks,
}

impl fmt::Display for ProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resolve(error) => write!(f, "its name cannot be resolved: {error}"),
            Self::Tcp(error) => write!(f, "cannot connect to it: {error}"),
            Self::Tls(error) => write!(f, "TLS with it failed: {error}"),
            Self::Broken(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                f.write_str("it ended the connection without an answer")
            }
            Self::Broken(error) => write!(f, "the connection to it broke: {error}"),
            Self::TimedOut => f.write_str("it did not connect to the server in time"),
            Self::ResolveTarget(error) => write!(f, "the name of the server cannot be resolved: {error}"),
            Self::Status { status: StatusCode::PROXY_AUTHENTICATION_REQUIRED, with_credentials } => {
                write_unauthorized(f, *with_credentials)?;
                f.write_str(" (407)")
            }
            Self::Status { status, .. } => write!(f, "it answered {status} and did not connect to the server"),
            // Write separate messages here, because the violations' own messages cite RFC 6455,
            // which is not about proxies.
            Self::Answer(HandshakeViolation::HeadTooLong { limit }) => {
                write!(f, "the head of its answer is longer than {limit} bytes")
            }
            Self::Answer(HandshakeViolation::TooManyHeaders { limit }) => {
                write!(f, "its answer has more than {limit} headers")
            }
            Self::Answer(_) => f.write_str("its answer is not HTTP/1.1"),
            Self::Refused(reason) => write!(f, "it did not connect to the server: {reason}"),
            Self::Unauthorized { with_credentials } => write_unauthorized(f, *with_credentials),
            Self::NotSocks => f.write_str("its answer is not that of a SOCKS5 proxy"),
        }
    }
}

fn write_unauthorized(f: &mut fmt::Formatter<'_>, with_credentials: bool) -> fmt::Result {
    f.write_str(if with_credentials {
        "it did not accept the user name and the password"
    } else {
        "it requires a user name and a password"
    })
}

impl Error for ProxyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Resolve(error)
            | Self::Tcp(error)
            | Self::Tls(error)
            | Self::Broken(error)
            | Self::ResolveTarget(error) => error.source(),
            Self::TimedOut
            | Self::Status { .. }
            | Self::Answer(_)
            | Self::Refused(_)
            | Self::Unauthorized { .. }
            | Self::NotSocks => None,
        }
    }
}
