//! The address of a WebSocket server on a Unix socket, in the notation of the npm library `ws`.
//!
//! ```text
//!   ws+unix:/run/feed.sock:/chat?room=1
//!           └─────┬──────┘└─────┬─────┘
//!               socket   path and query of the request, `/` by default
//! ```

use std::{error::Error, fmt, path::PathBuf, str::FromStr};

use protocol::{Uri, UriError, handshake::ClientRequest};

use crate::connect::Connector;

/// The scheme of such an address.
const SCHEME: &str = "ws+unix:";

/// The address of a WebSocket server on a Unix socket: `ws+unix:/path/to/socket:/request/path`,
/// optionally with `//` after the first colon. The socket's path cannot contain a colon, and is not
/// percent-decoded. The host of the request is `localhost`.
///
/// ```
/// use websocket::{Connector, UnixAddress};
///
/// let address: UnixAddress = "ws+unix:/run/feed.sock:/chat".parse()?;
/// assert_eq!(address.socket.to_str(), Some("/run/feed.sock"));
/// assert_eq!(address.uri.to_string(), "ws://localhost/chat");
/// let connector = Connector::from(address);
/// # Ok::<(), websocket::UnixAddressError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnixAddress {
    /// The path of the socket.
    pub socket: PathBuf,
    /// The URI of the request.
    pub uri: Uri,
}

/// The reason why a string is not a [`UnixAddress`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnixAddressError {
    /// The text does not begin with `ws+unix:`.
    Scheme,
    /// The path of the socket is missing.
    SocketMissing,
    /// The text after the second colon does not begin with `/`.
    Path,
    /// The path of the request is invalid.
    Uri(UriError),
}

impl fmt::Display for UnixAddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scheme => f.write_str("the address of a Unix socket begins with ws+unix:"),
            Self::SocketMissing => f.write_str("the path of the socket must follow ws+unix:"),
            Self::Path => f.write_str("the path of the request, after the second colon, must begin with /"),
            Self::Uri(error) => error.fmt(f),
        }
    }
}

impl Error for UnixAddressError {}

impl FromStr for UnixAddress {
    type Err = UnixAddressError;

    fn from_str(text: &str) -> Result<Self, UnixAddressError> {
        let rest = match text.get(..SCHEME.len()) {
            Some(scheme) if scheme.eq_ignore_ascii_case(SCHEME) => &text[SCHEME.len()..],
            _ => return Err(UnixAddressError::Scheme),
        };
        // Skip an empty host, as in `ws+unix:///run/feed.sock`.
        let rest = rest.strip_prefix("//").unwrap_or(rest);
        let (socket, path) = rest.split_once(':').unwrap_or((rest, ""));
        if socket.is_empty() {
            return Err(UnixAddressError::SocketMissing);
        }
        if !path.is_empty() && !path.starts_with('/') {
            return Err(UnixAddressError::Path);
        }
        let uri = format!("ws://localhost{path}").parse().map_err(UnixAddressError::Uri)?;
        Ok(Self { socket: socket.into(), uri })
    }
}

/// Creates a connector that connects to the socket.
impl From<UnixAddress> for Connector {
    fn from(address: UnixAddress) -> Self {
        Self::from(ClientRequest::new(address.uri)).unix_socket(address.socket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_socket_and_a_path() {
        for (text, socket, uri) in [
            ("ws+unix:/run/feed.sock", "/run/feed.sock", "ws://localhost/"),
            ("ws+unix:/run/feed.sock:/chat?a=b:c", "/run/feed.sock", "ws://localhost/chat?a=b:c"),
            ("WS+UNIX:///run/feed.sock:/chat", "/run/feed.sock", "ws://localhost/chat"),
            ("ws+unix:./a b.sock", "./a b.sock", "ws://localhost/"),
        ] {
            let address: UnixAddress = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!((address.socket.to_str(), &*address.uri.to_string()), (Some(socket), uri), "{text}");
        }
    }

    #[test]
    fn other_texts_are_no_address() {
        for (text, error) in [
            ("ws:///run/feed.sock", UnixAddressError::Scheme),
            ("ws+unix:", UnixAddressError::SocketMissing),
            ("ws+unix::/chat", UnixAddressError::SocketMissing),
            ("ws+unix:/a:chat", UnixAddressError::Path),
        ] {
            assert_eq!(text.parse::<UnixAddress>(), Err(error), "{text}");
        }
        assert!(matches!("ws+unix:/a:/#b".parse::<UnixAddress>(), Err(UnixAddressError::Uri(_))));
    }

    #[test]
    fn each_error_says_what_is_wrong() {
        for (error, text) in [
            (UnixAddressError::Scheme, "the address of a Unix socket begins with ws+unix:"),
            (UnixAddressError::SocketMissing, "the path of the socket must follow ws+unix:"),
            (UnixAddressError::Path, "the path of the request, after the second colon, must begin with /"),
            (UnixAddressError::Uri(UriError::Resource), &UriError::Resource.to_string()),
        ] {
            assert_eq!(error.to_string(), text);
        }
    }
}
