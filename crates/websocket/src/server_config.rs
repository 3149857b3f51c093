//! The configuration of a server.

use std::{sync::Arc, time::Duration};

use protocol::{Config, DeflateOptions};

use crate::memory_budget::MemoryBudget;

/// The configuration of a server.
///
/// ```
/// use std::time::Duration;
/// use websocket::{Config, KeepAlive, ServerConfig};
///
/// let keep_alive = KeepAlive { interval: Duration::from_secs(30), timeout: Duration::from_secs(10) };
/// let config = ServerConfig::default().config(Config::default().keep_alive(keep_alive));
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ServerConfig {
    /// The configuration that all connections share.
    pub config: Arc<Config>,
    /// The maximum time for a client to send its request. The client has the same time again to
    /// receive the response. The default is 10 seconds. Without a deadline, a client that sends a
    /// byte now and then would occupy a connection forever.
    pub handshake_timeout: Duration,
    /// The options for compressing messages (permessage-deflate, RFC 7692), for clients that offer
    /// compression. With `None`, the default, messages are not compressed. [`DeflateOptions`]
    /// describes the memory that compression needs.
    /// [`UpgradeOptions::deflate`](crate::UpgradeOptions::deflate) takes precedence.
    pub deflate: Option<DeflateOptions>,
    /// The memory budget that all connections share. With `None`, the default, a connection's
    /// memory is bounded only by its own [`Limits`](crate::Limits). A server on the open internet
    /// should set a budget.
    pub memory_budget: Option<MemoryBudget>,
}

impl ServerConfig {
    /// Sets [`config`](Self::config).
    #[must_use]
    pub fn config(mut self, config: impl Into<Arc<Config>>) -> Self {
        self.config = config.into();
        self
    }

    /// Sets [`handshake_timeout`](Self::handshake_timeout).
    #[must_use]
    pub const fn handshake_timeout(mut self, timeout: Duration) -> Self {
        self.handshake_timeout = timeout;
        self
    }

    /// Sets [`deflate`](Self::deflate).
    #[cfg(feature = "deflate")]
    #[must_use]
    pub const fn deflate(mut self, options: DeflateOptions) -> Self {
        self.deflate = Some(options);
        self
    }

    /// Sets [`memory_budget`](Self::memory_budget).
    #[must_use]
    pub fn memory_budget(mut self, budget: MemoryBudget) -> Self {
        self.memory_budget = Some(budget);
        self
    }
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self { config: Arc::default(), handshake_timeout: Duration::from_secs(10), deflate: None, memory_budget: None }
    }
}
