//! Decides which hosts a request may be addressed to.
//!
//! ```text
//!   browser                      DNS of evil.example             this server
//!     │── where is evil.example? ──▶│                                │
//!     │◀────────── 203.0.113.5 ─────│  the page comes from there     │
//!     │── where is evil.example? ──▶│                                │
//!     │◀──────────── 127.0.0.1 ─────│  the name is bound again       │
//!     │── GET / HTTP/1.1, Host: evil.example, Origin: http://evil.example ──▶│
//! ```
//!
//! This is *DNS rebinding*. To the browser, the answer comes from the page's own origin, so the
//! page may read the answer and may send whatever it likes. `Origin` and `Host` agree, so comparing
//! them does not help. But the attack needs a name whose addresses the attacker controls. The
//! server therefore accepts a name only if an attacker cannot control its addresses, or if
//! `--allow-host` lists it:
//!
//! | host | server on a loopback address | server on any other address |
//! |---|---|---|
//! | `localhost`, and names that end in `.localhost` | accepted | accepted |
//! | a loopback address | accepted | accepted |
//! | another IP address | 421 | accepted, because an address needs no DNS |
//! | another name | 421 | 421 |
//!
//! The port is not checked, because a tunnel or a container may change it.

use std::{net::IpAddr, str::FromStr};

use protocol::{Authority, handshake::ReceivedRequest};

/// The hosts to which a request may be addressed.
#[derive(Debug)]
pub(super) struct HostPolicy {
    /// Whether only this machine can connect.
    on_loopback: bool,
    allowed: Vec<AllowedHost>,
}

/// A value of `--allow-host`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AllowedHost {
    Any,
    /// A name without a trailing dot, or an IP address without brackets.
    Host(String),
}

impl HostPolicy {
    /// Creates the policy of a server that listens on `address`.
    pub(super) fn new(address: IpAddr, allowed: Vec<AllowedHost>) -> Self {
        Self { on_loopback: is_loopback(address), allowed }
    }

    /// Accepts a request that is addressed to this server.
    ///
    /// # Errors
    /// Returns a sentence that explains the rejection.
    pub(super) fn check(&self, request: &ReceivedRequest) -> Result<(), String> {
        match request.authority() {
            Ok(Some(authority)) => self.check_authority(&authority),
            // Only an HTTP/1.0 request may lack a host. No browser sends HTTP/1.0, so this request
            // does not come from a web page.
            Ok(None) => Ok(()),
            Err(violation) => Err(violation.to_string()),
        }
    }

    fn check_authority(&self, authority: &Authority) -> Result<(), String> {
        let host = without_root_dot(authority.host());
        let is_own = match host.parse() {
            Ok(address) => !self.on_loopback || is_loopback(address),
            Err(_) => host == "localhost" || host.ends_with(".localhost"),
        };
        let is_allowed = |allowed: &AllowedHost| match allowed {
            AllowedHost::Any => true,
            AllowedHost::Host(allowed) => allowed == host,
        };
        if is_own || self.allowed.iter().any(is_allowed) {
            return Ok(());
        }
        Err(format!("this server does not serve the host '{host}'; start it with --allow-host {host} to allow it"))
    }
}

impl FromStr for AllowedHost {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        if text == "*" {
            return Ok(Self::Any);
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self::Host(address.to_string()));
        }
        match text.parse::<Authority>() {
            Ok(authority) if authority.port().is_none() => {
                Ok(Self::Host(without_root_dot(authority.host()).to_owned()))
            }
            _ => Err("a host is a name or an IP address without a scheme or a port, such as example.org"),
        }
    }
}

/// Removes the trailing dot from an absolute domain name. The name has the same addresses with and
/// without the dot.
fn without_root_dot(host: &str) -> &str {
    host.strip_suffix('.').unwrap_or(host)
}

/// Returns `true` if only this machine can reach the address. `::ffff:127.0.0.1` is 127.0.0.1 in
/// IPv6 notation.
fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(listen: &str, allowed: &[&str], host: &str) -> bool {
        let allowed = allowed.iter().map(|host| host.parse().expect("a host")).collect();
        let policy = HostPolicy::new(listen.parse().expect("an address"), allowed);
        policy.check_authority(&host.parse().expect("an authority")).is_ok()
    }

    const LOOPBACK: [&str; 4] = ["127.0.0.1", "127.0.0.53", "::1", "::ffff:127.0.0.1"];
    const OTHERS: [&str; 4] = ["0.0.0.0", "::", "192.168.1.2", "2001:db8::1"];

    #[test]
    fn every_server_serves_loopback_addresses_and_localhost() {
        for listen in LOOPBACK.iter().chain(&OTHERS) {
            for host in [
                "localhost",
                "LocalHost:8080",
                "localhost.",
                "app.localhost:80",
                "127.0.0.1",
                "127.1.2.3:9",
                "[::1]:8080",
                "[::ffff:127.0.0.1]",
            ] {
                assert!(accepts(listen, &[], host), "{host} at {listen}");
            }
        }
    }

    #[test]
    fn no_server_serves_a_name_that_is_not_allowed() {
        for listen in LOOPBACK.iter().chain(&OTHERS) {
            for host in [
                "evil.example",
                "evil.example:8080",
                "localhost.evil.example",
                "127.0.0.1.evil.example",
                "notlocalhost",
                "localhost-evil",
                "0x7f.0.0.1",
                "localhost..",
            ] {
                assert!(!accepts(listen, &[], host), "{host} at {listen}");
            }
        }
    }

    #[test]
    fn other_addresses_are_served_unless_the_server_is_on_loopback() {
        for host in ["192.168.1.2:8080", "0.0.0.0", "[2001:db8::1]", "[::]:80"] {
            assert!(LOOPBACK.iter().all(|listen| !accepts(listen, &[], host)), "{host}");
            assert!(OTHERS.iter().all(|listen| accepts(listen, &[], host)), "{host}");
        }
    }

    #[test]
    fn an_allowed_host_is_served_on_any_port() {
        let allowed = ["Example.org", "192.168.1.2", "2001:DB8::1", "[2001:db8::2]", "dot.example."];
        for host in
            ["example.org", "EXAMPLE.org.:8443", "192.168.1.2:1", "[2001:db8:0::1]", "[2001:db8::2]:80", "dot.example"]
        {
            assert!(accepts("127.0.0.1", &allowed, host), "{host}");
        }
        for host in ["sub.example.org", "example.or", "192.168.1.3"] {
            assert!(!accepts("127.0.0.1", &allowed, host), "{host}");
        }
        assert!(accepts("127.0.0.1", &["*"], "any.example"));
    }

    #[test]
    fn an_allowed_host_has_neither_scheme_nor_port() {
        for text in ["http://example.org", "example.org:80", "", "*.example.org", "a b", "[::1]:80"] {
            assert!(text.parse::<AllowedHost>().is_err(), "{text}");
        }
    }
}
