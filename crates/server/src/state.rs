//! The state that all connections share.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use websocket::ServerConfig;

use crate::{
    access::AccessPolicy,
    chat::{self, Room},
    config::with_max_message,
    proxies::TrustedProxies,
    route::Route,
    stats::Stats,
    wire::{self, TapRegistry},
};

/// The state that all connections share. The state contains no reference to a connection or a
/// handler.
#[derive(Debug)]
pub(crate) struct ServerState {
    pub(crate) config: ServerConfig,
    /// The configuration of the members of the chat.
    chat_config: ServerConfig,
    /// The configuration of the viewers of `/wire`.
    pub(crate) viewer_config: ServerConfig,
    pub(crate) access: AccessPolicy,
    pub(crate) trusted_proxies: TrustedProxies,
    /// Whether each connection begins with a header of the PROXY protocol.
    pub(crate) proxy_protocol: bool,
    pub(crate) stats: Stats,
    pub(crate) room: Room,
    pub(crate) taps: TapRegistry,
    /// The maximum time that a client may take to accept what a handler sends, before the client is
    /// disconnected.
    pub(crate) write_timeout: Duration,
    /// Cancelled when the server stops.
    pub(crate) shutdown: CancellationToken,
}

impl ServerState {
    pub(crate) fn new(
        config: ServerConfig,
        access: AccessPolicy,
        write_timeout: Duration,
        shutdown: CancellationToken,
    ) -> Self {
        Self {
            chat_config: with_max_message(&config, chat::MAX_TEXT),
            viewer_config: with_max_message(&config, wire::MAX_VIEWER_MESSAGE),
            config,
            access,
            trusted_proxies: TrustedProxies::default(),
            proxy_protocol: false,
            stats: Stats::new(),
            room: Room::new(),
            taps: TapRegistry::new(),
            write_timeout,
            shutdown,
        }
    }

    /// Sets which proxies in front of the server may tell the addresses of clients, and whether they
    /// use the PROXY protocol.
    pub(crate) fn with_proxies(self, trusted_proxies: TrustedProxies, proxy_protocol: bool) -> Self {
        Self { trusted_proxies, proxy_protocol, ..self }
    }

    /// Returns the configuration of the connections on a route.
    pub(crate) const fn config_for(&self, route: Route) -> &ServerConfig {
        match route {
            Route::Stats | Route::Echo => &self.config,
            Route::Chat => &self.chat_config,
        }
    }
}
