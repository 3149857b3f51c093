//! The conversation with a SOCKS5 proxy (RFC 1928), through the crate `tokio-socks`.

use tokio::net::TcpStream;
use tokio_socks::{Error, IntoTargetAddr, tcp::Socks5Stream};

use super::{error::ProxyError, url::Credentials};

/// Makes a SOCKS5 proxy connect to `target`. If this function succeeds, the next byte of the stream
/// comes from the server.
pub(super) async fn open<'t>(
    stream: TcpStream,
    target: impl IntoTargetAddr<'t>,
    credentials: Option<&Credentials>,
) -> Result<TcpStream, ProxyError> {
    let opened = match credentials {
        None => Socks5Stream::connect_with_socket(stream, target).await,
        Some(Credentials { user, password }) => {
            Socks5Stream::connect_with_password_and_socket(stream, target, user, password).await
        }
    };
    opened.map(Socks5Stream::into_inner).map_err(|error| explain(error, credentials.is_some()))
}

fn explain(error: Error, with_credentials: bool) -> ProxyError {
    let refused = |reason: &str| ProxyError::Refused(reason.to_owned());
    match error {
        Error::Io(error) => ProxyError::Broken(error),
        Error::NoAcceptableAuthMethods | Error::AuthorizationRequired | Error::PasswordAuthFailure(_) => {
            ProxyError::Unauthorized { with_credentials }
        }
        Error::GeneralSocksServerFailure => refused("it reports a general failure"),
        Error::ConnectionNotAllowedByRuleset => refused("its rules do not allow the connection"),
        Error::NetworkUnreachable => refused("the network is unreachable"),
        Error::HostUnreachable => refused("the host is unreachable"),
        Error::ConnectionRefused => refused("the server refused the connection"),
        Error::TtlExpired => refused("the time to live has expired"),
        Error::CommandNotSupported => refused("it does not support connections to servers"),
        Error::AddressTypeNotSupported => refused("it does not support this type of address"),
        Error::InvalidTargetAddress(_) => refused("SOCKS5 cannot transmit a host name of this length"),
        _ => ProxyError::NotSocks,
    }
}
