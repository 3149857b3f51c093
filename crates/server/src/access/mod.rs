//! Decides whether a request is allowed: to which hosts it may be addressed, and which web pages
//! may connect.
//!
//! Both checks protect browser users from the pages of other sites. They do not stop other
//! programs, which can send any header.
//!
//! | file | question | rejection |
//! |---|---|---|
//! | `host` | Is the request addressed to a host that this server serves? | 421 |
//! | `origin` | Does a WebSocket request come from a page that may connect? | 403 |

mod host;
mod origin;

use std::net::IpAddr;

use protocol::handshake::ReceivedRequest;

pub(crate) use self::{host::AllowedHost, origin::AllowedOrigin};
use self::{host::HostPolicy, origin::OriginPolicy};

/// The hosts that this server serves, and the origins whose pages may connect.
#[derive(Debug)]
pub(crate) struct AccessPolicy {
    hosts: HostPolicy,
    origins: OriginPolicy,
}

impl AccessPolicy {
    /// Creates the policy for a server that listens on `address`, with or without TLS, and that
    /// also accepts the hosts and origins allowed on the command line.
    pub(crate) fn new(address: IpAddr, hosts: Vec<AllowedHost>, origins: Vec<AllowedOrigin>, tls: bool) -> Self {
        Self { hosts: HostPolicy::new(address, hosts), origins: OriginPolicy::new(origins, tls) }
    }

    /// Checks the host to which the request is addressed. Every request needs this check, because
    /// without it, another site's page could read the answer to any request.
    ///
    /// # Errors
    /// Returns a sentence that explains the rejection.
    pub(crate) fn check_host(&self, request: &ReceivedRequest) -> Result<(), String> {
        self.hosts.check(request)
    }

    /// Checks the page that makes the request. Every request for a WebSocket needs this check.
    ///
    /// # Errors
    /// Returns a sentence that explains the rejection.
    pub(crate) fn check_origin(&self, request: &ReceivedRequest) -> Result<(), String> {
        self.origins.check(request)
    }
}
