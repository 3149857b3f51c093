//! What can go wrong with a connection, and with opening one.

use std::{fmt, io};

use protocol::{UsageError, Violation, handshake::HandshakeError};

/// Why a connection failed, or a call on it.
///
/// After an error from *reading* the connection is over: the stream gives nothing more. An error from *sending* that is
/// a [`UsageError`] leaves everything as it was.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The peer broke a rule. It was told so with a Close.
    Violation(Violation),
    /// The call does not fit: nothing was sent.
    Usage(UsageError),
    /// The transport failed.
    Io(io::Error),
    /// The peer ended TCP without a Close frame: the code 1006. What it meant to say may not have been all said.
    EndedWithoutClose,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Violation(violation) => write!(f, "the peer broke a rule: {violation}"),
            Self::Usage(usage_error) => usage_error.fmt(f),
            Self::Io(error) => write!(f, "the connection broke: {error}"),
            Self::EndedWithoutClose => f.write_str("the peer ended the connection without a Close frame (1006)"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Violation(violation) => Some(violation),
            Self::Usage(usage_error) => Some(usage_error),
            Self::Io(error) => Some(error),
            Self::EndedWithoutClose => None,
        }
    }
}

impl From<UsageError> for Error {
    fn from(usage_error: UsageError) -> Self {
        Self::Usage(usage_error)
    }
}

/// Why a connection could not be opened.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConnectError {
    /// The URI or an option is wrong. Nothing was sent.
    Usage(UsageError),
    /// The host's name has no address.
    Resolve {
        /// The name.
        host: String,
        /// What the resolver said.
        error: io::Error,
    },
    /// None of the host's addresses accepted a TCP connection.
    Tcp {
        /// Host and port.
        authority: String,
        /// What the last attempt said.
        error: io::Error,
    },
    /// TLS could not be set up.
    Tls(io::Error),
    /// `wss://`, in a build without the feature `tls`.
    TlsMissing,
    /// The connection broke during the opening handshake, or the server ended it without an answer.
    Handshake(io::Error),
    /// The server answered, and not with a WebSocket.
    Answer(HandshakeError),
    /// It took too long.
    TimedOut,
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(usage_error) => usage_error.fmt(f),
            Self::Resolve { host, error } => write!(f, "the name {host} cannot be resolved: {error}"),
            Self::Tcp { authority, error } => write!(f, "cannot connect to {authority}: {error}"),
            Self::Tls(error) => write!(f, "TLS failed: {error}"),
            Self::TlsMissing => f.write_str("wss:// needs a build with the feature 'tls'"),
            Self::Handshake(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                f.write_str("the server ended the connection before it answered the handshake")
            }
            Self::Handshake(error) => write!(f, "the connection broke during the handshake: {error}"),
            Self::Answer(error) => error.fmt(f),
            Self::TimedOut => f.write_str("the server did not answer in time"),
        }
    }
}

impl std::error::Error for ConnectError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Usage(usage_error) => Some(usage_error),
            Self::Resolve { error, .. } | Self::Tcp { error, .. } | Self::Tls(error) | Self::Handshake(error) => {
                Some(error)
            }
            Self::Answer(error) => Some(error),
            Self::TlsMissing | Self::TimedOut => None,
        }
    }
}

impl From<UsageError> for ConnectError {
    fn from(usage_error: UsageError) -> Self {
        Self::Usage(usage_error)
    }
}

/// Why a client was not accepted.
#[derive(Debug)]
#[non_exhaustive]
pub enum AcceptError {
    /// The request was refused because it breaks a rule. The client got an HTTP status that says so.
    Violation(Violation),
    /// The application refused, with this HTTP status.
    Rejected(http::StatusCode),
    /// The application accepted with something that the client had not offered; the client got status 500.
    Usage(UsageError),
    /// The connection broke, or the client left.
    Io(io::Error),
    /// The client did not send its request in time.
    TimedOut,
}

impl fmt::Display for AcceptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Violation(violation) => write!(f, "refused: {violation}"),
            Self::Rejected(status) => write!(f, "refused with {status}"),
            Self::Usage(usage_error) => write!(f, "not accepted: {usage_error}"),
            Self::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                f.write_str("the client left before its request was complete")
            }
            Self::Io(error) => write!(f, "the connection broke during the handshake: {error}"),
            Self::TimedOut => f.write_str("the client did not send its request in time"),
        }
    }
}

impl std::error::Error for AcceptError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Violation(violation) => Some(violation),
            Self::Usage(usage_error) => Some(usage_error),
            Self::Io(error) => Some(error),
            Self::Rejected(_) | Self::TimedOut => None,
        }
    }
}
