//! The hosts that need no proxy, in the notation of `NO_PROXY`.

use std::net::IpAddr;

use ipnet::IpNet;

/// A list of hosts that need no proxy.
///
/// Entries are separated by commas or white space, as in curl:
///
/// | entry | hosts |
/// |---|---|
/// | `*` | all |
/// | `example.org`, `.example.org` | this name, and names that end in `.example.org` |
/// | `192.0.2.1`, `::1`, `[::1]` | this address |
/// | `192.0.2.0/24`, `2001:db8::/32` | the addresses of this network |
pub(super) struct NoProxy<'a>(pub(super) &'a str);

impl NoProxy<'_> {
    /// Returns whether `host`, a name in lower case or an IP address without brackets, needs no
    /// proxy.
    pub(super) fn contains(&self, host: &str) -> bool {
        let mut entries = self.0.split(|c: char| c == ',' || c.is_whitespace()).filter(|entry| !entry.is_empty());
        match host.parse() {
            Ok(address) => entries.any(|entry| has_address(entry, address)),
            Err(_) => entries.any(|entry| has_name(entry, host)),
        }
    }
}

fn has_address(entry: &str, address: IpAddr) -> bool {
    let entry = entry.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(entry);
    match (entry.parse::<IpAddr>(), entry.parse::<IpNet>()) {
        (Ok(listed), _) => listed.to_canonical() == address.to_canonical(),
        (_, Ok(network)) => network.contains(&address.to_canonical()),
        _ => entry == "*",
    }
}

fn has_name(entry: &str, name: &str) -> bool {
    // A trailing dot makes a name absolute but does not change its addresses.
    let name = name.strip_suffix('.').unwrap_or(name);
    let entry = entry.strip_suffix('.').unwrap_or(entry).to_ascii_lowercase();
    let domain = entry.strip_prefix('.').unwrap_or(&entry);
    let is_below = |parent: &str| name.strip_suffix(parent).is_some_and(|rest| rest.ends_with('.'));
    entry == "*" || (!domain.is_empty() && (name == domain || is_below(domain)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_compared_as_curl_compares_them() {
        for (list, host, listed) in [
            ("", "example.org", false),
            (",, ", "example.org", false),
            (".", "example.org", false),
            ("*", "example.org", true),
            ("*", "192.0.2.1", true),
            ("*", "::1", true),
            ("*.example.org", "www.example.org", false), // no pattern but `*` alone
            ("example.org", "example.org", true),
            ("Example.ORG", "example.org", true),
            ("example.org", "www.example.org", true),
            (".example.org", "example.org", true),
            (".example.org", "www.example.org", true),
            ("example.org.", "example.org", true),
            ("example.org", "example.org.", true),
            ("example.org", "notexample.org", false),
            ("example.org", "example.org.evil.example", false),
            ("www.example.org", "example.org", false),
            ("example.org:8080", "example.org", false), // an entry has no port
            ("a.example, b.example", "b.example", true),
            ("a.example b.example", "b.example", true),
            ("localhost", "localhost", true),
            ("localhost", "127.0.0.1", false), // names are not resolved
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.11", false),
            ("0.2.1", "192.0.2.1", false), // the end of an address is no domain
            ("192.0.2.0/24", "192.0.2.255", true),
            ("192.0.2.0/24", "192.0.3.0", false),
            ("192.0.2.7/24", "192.0.2.1", true),
            ("0.0.0.0/0", "203.0.113.1", true),
            ("192.0.2.0/33", "192.0.2.0", false),
            ("::1", "::1", true),
            ("[::1]", "::1", true),
            ("0:0::1", "::1", true),
            ("2001:db8::/32", "2001:db8:1::", true),
            ("2001:db8::/32", "2001:db9::", false),
            ("192.0.2.1", "::ffff:192.0.2.1", true),
            ("192.0.2.0/24", "::ffff:192.0.2.1", true),
        ] {
            assert_eq!(NoProxy(list).contains(host), listed, "{host:?} in {list:?}");
        }
    }
}
