//! How the client reaches the server: directly, through a proxy, or over a Unix socket.

use std::fmt;

use websocket::{Proxy, TransportOptions, protocol::Uri};

use crate::args::ClientArgs;

/// How the client reaches the server, as chosen on the command line or, failing that, by the
/// environment.
#[derive(Debug, Clone)]
pub(crate) enum Way {
    Direct,
    /// The proxy of the command line.
    Proxy(Proxy),
    /// The proxy that the environment variables name for each URI.
    Environment,
    #[cfg(unix)]
    UnixSocket(std::path::PathBuf),
}

impl Way {
    /// Determines from the command line how the client reaches the server.
    ///
    /// # Errors
    /// Returns a sentence if the value of `--proxy` is not the URL of a proxy. The sentence does
    /// not quote the value, because it may contain a password.
    pub(crate) fn of(args: &ClientArgs) -> Result<Self, String> {
        #[cfg(unix)]
        if let Some(path) = &args.unix {
            return Ok(Self::UnixSocket(path.clone()));
        }
        match &args.proxy {
            Some(url) => url.parse().map(Self::Proxy).map_err(|error| format!("--proxy is invalid: {error}")),
            None if args.no_proxy => Ok(Self::Direct),
            None => Ok(Self::Environment),
        }
    }

    /// Adds this way of reaching the server to the options for a connection.
    pub(crate) fn apply(self, options: TransportOptions) -> TransportOptions {
        match self {
            Self::Direct => options,
            Self::Proxy(proxy) => options.proxy(proxy),
            Self::Environment => options.proxy_from_env(),
            #[cfg(unix)]
            Self::UnixSocket(path) => options.unix_socket(path),
        }
    }

    /// Returns `true` if the connection to the server that `uri` names goes through a proxy that
    /// the client reaches over TLS.
    pub(crate) fn is_over_tls(&self, uri: &Uri) -> bool {
        match self {
            Self::Proxy(proxy) => proxy.is_over_tls(),
            Self::Environment => Proxy::from_env(uri).is_ok_and(|proxy| proxy.is_some_and(|proxy| proxy.is_over_tls())),
            Self::Direct => false,
            #[cfg(unix)]
            Self::UnixSocket(_) => false,
        }
    }

    /// Describes, for display to the user, what lies between the client and the server that `uri`
    /// names: ` through the proxy http://proxy.example:3128`, ` over the Unix socket
    /// /run/feed.sock`, or nothing for a direct connection.
    pub(crate) fn describe(&self, uri: &Uri) -> String {
        let through = |proxy: &dyn fmt::Display| format!(" through the proxy {proxy}");
        match self {
            Self::Direct => String::new(),
            Self::Proxy(proxy) => through(proxy),
            // If an environment variable is invalid, no connection was opened, so there is nothing
            // to describe.
            Self::Environment => match Proxy::from_env(uri) {
                Ok(Some(proxy)) => through(&proxy),
                Ok(None) | Err(_) => String::new(),
            },
            #[cfg(unix)]
            Self::UnixSocket(path) => format!(" over the Unix socket {}", path.display()),
        }
    }
}
