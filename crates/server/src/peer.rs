//! The other end of a connection, as the log names it.
//!
//! ```text
//!   127.0.0.1:51234                            a TCP connection
//!   unix client 7                              the seventh connection to a Unix socket
//!   203.0.113.7:4711 via 127.0.0.1:51234       a client behind a proxy (PROXY protocol)
//!   203.0.113.7 via 127.0.0.1:51234            a client behind a proxy (`Forwarded`)
//! ```

use std::{
    fmt::{self, Display},
    net::{IpAddr, SocketAddr},
};

/// The other end of a connection.
#[derive(Debug, Clone)]
pub(crate) enum Peer {
    Tcp(SocketAddr),
    /// A connection to a Unix socket, which has no address. Holds the number of the connection.
    #[cfg_attr(not(unix), expect(dead_code, reason = "there are no Unix sockets"))]
    Unix(u64),
    /// A client behind a proxy. Boxed, so that the other connections do not reserve memory for it.
    Behind(Box<Proxied>),
}

/// A client whose address a trusted proxy has reported.
#[derive(Debug, Clone)]
pub(crate) struct Proxied {
    ip: IpAddr,
    /// The client and the proxies, as the log shows them.
    shown: String,
}

impl Peer {
    /// Returns the IP address, or `None` for a Unix socket.
    pub(crate) fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Tcp(address) => Some(address.ip()),
            Self::Unix(_) => None,
            Self::Behind(proxied) => Some(proxied.ip),
        }
    }

    /// Returns the client at the address `ip`, which this peer, a proxy, has reported. `shown` is
    /// that address as it appears in the log.
    pub(crate) fn told_of(&self, ip: IpAddr, shown: &dyn Display) -> Self {
        Self::Behind(Box::new(Proxied { ip, shown: format!("{shown} via {self}") }))
    }

    /// Returns the address to use in a capture, where every packet must have one. A connection to a
    /// Unix socket gets 127.0.0.1, with its own number as the port.
    pub(crate) fn captured_address(&self) -> SocketAddr {
        match self {
            Self::Tcp(address) => *address,
            // The remainder is at most 65,535, so it fits into a `u16`.
            Self::Unix(number) => ([127, 0, 0, 1], u16::try_from(number % 65_536).unwrap_or_default()).into(),
            Self::Behind(proxied) => (proxied.ip, 0).into(),
        }
    }
}

impl Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(number) => write!(f, "unix client {number}"),
            Self::Behind(proxied) => f.write_str(&proxied.shown),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_shown_with_the_proxies_in_between() {
        let proxy = Peer::Tcp(([127, 0, 0, 1], 51_234).into());
        assert_eq!((proxy.to_string(), proxy.ip()), ("127.0.0.1:51234".to_owned(), Some([127, 0, 0, 1].into())));
        let ip = IpAddr::from([203, 0, 113, 7]);
        let client = proxy.told_of(ip, &SocketAddr::from((ip, 4711)));
        assert_eq!((client.to_string(), client.ip()), ("203.0.113.7:4711 via 127.0.0.1:51234".to_owned(), Some(ip)));
        let unix = Peer::Unix(7);
        assert_eq!((unix.to_string(), unix.ip()), ("unix client 7".to_owned(), None));
        assert_eq!(unix.told_of(ip, &ip).to_string(), "203.0.113.7 via unix client 7");
    }

    /// In a capture, clients that connect directly to a Unix socket share one IP address, so only
    /// their ports tell them apart.
    #[test]
    fn a_unix_client_is_captured_with_its_number_as_the_port() {
        for (number, port) in [(1, 1), (65_535, 65_535), (65_536, 0), (65_543, 7)] {
            assert_eq!(Peer::Unix(number).captured_address(), ([127, 0, 0, 1], port).into(), "{number}");
        }
    }

    /// A task holds its peer for as long as the connection is open, so a larger peer would cost
    /// memory for every connection.
    #[test]
    fn a_peer_is_no_larger_than_an_address() {
        assert_eq!(size_of::<Peer>(), size_of::<SocketAddr>());
    }
}
