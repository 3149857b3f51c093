//! `--trust-proxy`: the proxies that may report a client's address.

use std::{net::IpAddr, str::FromStr};

use http::HeaderMap;
use ipnet::IpNet;

use super::forwarded;
use crate::peer::Peer;

/// The proxies that may report a client's address.
#[derive(Debug, Clone, Default)]
pub(crate) struct TrustedProxies(Vec<TrustedProxy>);

/// A value of `--trust-proxy`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TrustedProxy {
    Network(IpNet),
    /// Every program that connects to the Unix socket.
    Unix,
}

impl TrustedProxies {
    pub(crate) const fn new(trusted: Vec<TrustedProxy>) -> Self {
        Self(trusted)
    }

    /// Returns whether `peer` may report a client's address.
    pub(crate) fn trusts(&self, peer: &Peer) -> bool {
        match peer.ip() {
            Some(ip) => self.trusts_ip(ip),
            None => self.0.contains(&TrustedProxy::Unix),
        }
    }

    fn trusts_ip(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        self.0.iter().any(|trusted| matches!(trusted, TrustedProxy::Network(network) if network.contains(&ip)))
    }

    /// Returns whether `--trust-proxy` was given.
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the client that sent a request with these headers over the connection from `peer`.
    ///
    /// A proxy appends its client's address to `X-Forwarded-For` or `Forwarded`. So if a trusted
    /// proxy sent the request, the last address counts; if that address belongs to a trusted proxy
    /// too, the address before it counts, and so on. The client itself may have written everything
    /// before the address that counts, so that part is ignored.
    ///
    /// A proxy may append to only one of the two headers, and pass on the other one as its client
    /// wrote it. If a request has both, they therefore count only if they name the same client.
    pub(crate) fn client(&self, peer: Peer, headers: &HeaderMap) -> Peer {
        if !self.trusts(&peer) {
            return peer;
        }
        let by_forwarded = forwarded::in_forwarded(headers).map(|list| self.last_untrusted(&list));
        let by_x_forwarded_for = forwarded::in_x_forwarded_for(headers).map(|list| self.last_untrusted(&list));
        let told = match (by_forwarded, by_x_forwarded_for) {
            (Some(one), Some(other)) if one != other => None,
            (Some(one), _) | (None, Some(one)) => one,
            (None, None) => None,
        };
        told.map(|ip| peer.told_of(ip, &ip)).unwrap_or(peer)
    }

    /// Searches the list from the end for an address that does not belong to a trusted proxy, and
    /// returns it. If all the addresses belong to trusted proxies, returns the one at the front.
    /// Returns `None` if the search meets an entry without an address.
    fn last_untrusted(&self, addresses: &[Option<IpAddr>]) -> Option<IpAddr> {
        let mut client = None;
        for address in addresses.iter().rev() {
            let address = (*address)?.to_canonical();
            client = Some(address);
            if !self.trusts_ip(address) {
                break;
            }
        }
        client
    }
}

impl FromStr for TrustedProxy {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        if text == "unix" {
            return Ok(Self::Unix);
        }
        let network = text.parse().or_else(|_| text.parse().map(|ip: IpAddr| IpNet::from(ip.to_canonical())));
        network.map(Self::Network).map_err(|_| {
            "a trusted proxy is an IP address, a network such as 10.0.0.0/8, or 'unix' for the clients of a Unix socket"
        })
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const TRUSTED: [&str; 3] = ["127.0.0.1", "10.0.0.0/8", "2001:db8::/32"];

    /// Returns the client's address for a request that 127.0.0.1 sent with these header lines.
    fn client(lines: &[(&'static str, &str)]) -> String {
        let trusted = TrustedProxies::new(TRUSTED.iter().map(|text| text.parse().expect("a proxy")).collect());
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_str(value).expect("a value"));
        }
        let peer = trusted.client(Peer::Tcp(([127, 0, 0, 1], 1).into()), &headers);
        peer.ip().expect("an address").to_string()
    }

    #[test]
    fn the_last_address_that_is_not_a_trusted_proxy_counts() {
        for (value, expected) in [
            ("203.0.113.7", "203.0.113.7"),
            ("203.0.113.7, 10.1.2.3", "203.0.113.7"),
            // The client wrote the first address itself.
            ("192.0.2.1, 203.0.113.7", "203.0.113.7"),
            ("127.0.0.1, 203.0.113.7", "203.0.113.7"),
            ("192.0.2.1, 203.0.113.7, 10.1.2.3, 2001:db8::1", "203.0.113.7"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
            ("203.0.113.7,::ffff:10.1.2.3", "203.0.113.7"),
            ("2001:db9::7, 10.1.2.3", "2001:db9::7"),
            ("203.0.113.7:4711", "203.0.113.7"),
            ("[2001:db9::7]:4711", "2001:db9::7"),
            // A client inside our own network.
            ("10.0.0.1, 10.0.0.2", "10.0.0.1"),
            // An entry without an address ends the search, because it cannot be compared with the
            // trusted proxies.
            ("203.0.113.7, unknown", "127.0.0.1"),
            ("unknown, 203.0.113.7", "203.0.113.7"),
            ("203.0.113.7, unknown, 10.0.0.1", "127.0.0.1"),
            ("", "127.0.0.1"),
            ("203.0.113.7,", "127.0.0.1"),
            ("evil\u{1}", "127.0.0.1"),
        ] {
            let Ok(_) = HeaderValue::from_str(value) else { continue };
            assert_eq!(client(&[("x-forwarded-for", value)]), expected, "{value:?}");
        }
        // Several lines are one list.
        assert_eq!(client(&[("x-forwarded-for", "192.0.2.1"), ("x-forwarded-for", "203.0.113.7")]), "203.0.113.7");
    }

    #[test]
    fn forwarded_names_the_client_as_well() {
        for (value, expected) in [
            ("for=203.0.113.7", "203.0.113.7"),
            ("For=\"203.0.113.7:4711\"; proto=https;by=10.0.0.1", "203.0.113.7"),
            ("proto=http;for=\"[2001:db9::7]:4711\"", "2001:db9::7"),
            ("for=\"[2001:db9::7]\"", "2001:db9::7"),
            ("for=192.0.2.1, for=203.0.113.7;host=\"a,b;for=1.1.1.1\", for=10.1.2.3", "203.0.113.7"),
            ("for=\"20\\3.0.113.7\"", "203.0.113.7"),
            ("for=unknown", "127.0.0.1"),
            ("for=_hidden, for=10.0.0.1", "127.0.0.1"),
            ("proto=https", "127.0.0.1"),
            ("for=203.0.113.7;for=192.0.2.1", "127.0.0.1"),
            ("for=\"203.0.113.7", "127.0.0.1"),
            ("for", "127.0.0.1"),
            ("", "127.0.0.1"),
        ] {
            assert_eq!(client(&[("forwarded", value)]), expected, "{value:?}");
        }
        assert_eq!(client(&[("forwarded", "for=192.0.2.1"), ("forwarded", "for=203.0.113.7")]), "203.0.113.7");
    }

    /// A proxy that appends to one of the header fields passes on the other unchanged, so a client
    /// may have forged it.
    #[test]
    fn two_headers_must_agree() {
        let both =
            |forwarded, x_forwarded_for| client(&[("forwarded", forwarded), ("x-forwarded-for", x_forwarded_for)]);
        assert_eq!(both("for=203.0.113.7", "203.0.113.7"), "203.0.113.7");
        assert_eq!(both("for=192.0.2.1, for=203.0.113.7", "203.0.113.7, 10.0.0.1"), "203.0.113.7");
        assert_eq!(both("for=192.0.2.1", "203.0.113.7"), "127.0.0.1");
        assert_eq!(both("for=unknown", "203.0.113.7"), "127.0.0.1");
        assert_eq!(client(&[]), "127.0.0.1");
    }

    #[test]
    fn only_a_trusted_proxy_tells_an_address() {
        let headers = [("x-forwarded-for", "203.0.113.7")]
            .map(|(name, value)| (http::HeaderName::from_static(name), HeaderValue::from_static(value)))
            .into_iter()
            .collect();
        let client = |trusted: &[&str], peer: Peer| {
            let trusted = trusted.iter().map(|text| text.parse().expect("a proxy")).collect();
            TrustedProxies::new(trusted).client(peer, &headers).to_string()
        };
        let tcp = || Peer::Tcp(([10, 0, 0, 1], 1).into());
        assert_eq!(client(&[], tcp()), "10.0.0.1:1");
        assert_eq!(client(&["10.0.0.2", "unix"], tcp()), "10.0.0.1:1");
        assert_eq!(client(&["10.0.0.0/31"], tcp()), "203.0.113.7 via 10.0.0.1:1");
        assert_eq!(client(&["10.0.0.0/31"], Peer::Unix(1)), "unix client 1");
        assert_eq!(client(&["unix"], Peer::Unix(1)), "203.0.113.7 via unix client 1");
        let mapped = Peer::Tcp("[::ffff:10.0.0.1]:1".parse().expect("an address"));
        assert_eq!(client(&["10.0.0.1"], mapped), "203.0.113.7 via [::ffff:10.0.0.1]:1");
    }

    #[test]
    fn a_trusted_proxy_is_an_address_a_network_or_unix() {
        for text in ["10.0.0.1", "10.0.0.0/8", "::1", "2001:db8::/32", "unix", "0.0.0.0/0"] {
            assert!(text.parse::<TrustedProxy>().is_ok(), "{text}");
        }
        for text in ["", "localhost", "10.0.0.0/33", "10.0.0.1:80", "[::1]", "*"] {
            assert!(text.parse::<TrustedProxy>().is_err(), "{text}");
        }
    }
}
